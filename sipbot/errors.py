"""Every error sipbot raises on purpose, in one tree.

::

    SipbotError
    ├── UsageError            exit code 2: the command line itself is wrong
    ├── ConfigError           config.toml or an environment setting
    ├── AccountsError         one or more mistakes in accounts.toml
    ├── DialplanError         one or more mistakes in dialplans/*.toml
    ├── HoursError            opening hours that contradict themselves or lack something
    ├── PromptError           a prompt that cannot be played on a telephone line
    ├── ModelError            a speech model is missing, damaged or cannot be fetched
    ├── ChildError            a child program (agent, recogniser, broker)
    │   ├── ChildStartError   did not say READY in time
    │   └── ChildGoneError    went away while it was being spoken to
    ├── WireError             a line on a process border that is not a known message
    ├── SpoolError            audio on disk: no space, damaged, missing
    │   └── DamagedError      a file that was read and makes no sense: reading again will not help
    ├── LedgerError           the database refused, or is of a newer release
    │   └── UnreadableError   a memo that was read and makes no sense: reading again will not help
    ├── ArchiveError          the PostgreSQL archive cannot be reached or refused us
    │   └── ArchiveRefusedError  it is there, and does not take this content
    ├── AudioStoreError       the store of recordings cannot be reached or refused us
    │   └── AudioStoreRefusedError  it is there, and does not take this file
    ├── FeedError             the MQTT broker cannot be reached or refused us
    │   └── DeafError         the broker is there, and does not let us read a topic
    ├── ControlError          the running sipbot cannot do what a command asked of it
    │   └── NotRunningError   there is no running sipbot to ask
    ├── ConsoleError          the web console cannot do what a browser asked of it
    ├── HandoverError         a hand-over bundle cannot be made, read or taken in
    ├── ReportError           a report cannot be made or written
    └── CallError             the test caller could not place its call

Messages name what is wrong, where, and what to do: they are read at 3 a.m.
"""

import traceback
from collections.abc import Sequence
from pathlib import Path

import msgspec


class SipbotError(Exception):
    """Raised when sipbot cannot go on and a person should know why."""

    exit_code = 1


class UsageError(SipbotError):
    """Raised when a command line asks for something that does not exist."""

    exit_code = 2


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in a file that a person edits."""

    file: Path
    line: int = 0
    """1-based; 0 when the mistake has no place in the file (a missing file, say)."""
    column: int = 0
    key: str
    """Dotted path of the setting, such as ``record.max_s``."""
    value: str = ""
    """The offending value as written, shortened."""
    problem: str
    remedy: str
    rival: str = ""
    """Client whose file the problem names beside this one: not everybody may hear of it."""

    def __str__(self) -> str:
        """One line, in the form of ``file:line:column: message`` that editors can jump to."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        shown = f"{self.key} = {self.value}" if self.value else self.key
        return f"{place}: {shown}: {self.problem}. {self.remedy}"


class MistakesError(SipbotError):
    """Raised with every mistake found in a file at once, so that one edit mends them all."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class ConfigError(MistakesError):
    """Raised when config.toml or a ``SIPBOT_*`` variable cannot be used."""


class AccountsError(MistakesError):
    """Raised when accounts.toml cannot be used."""


class DialplanError(MistakesError):
    """Raised when a client's dialplan file cannot be used."""


class HoursProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one entry of a client's hours; whoever knows the file adds the place."""

    key: tuple[str | int, ...]
    """Path of the setting from the top of the file, such as ``("closure", 1, "name")``."""
    problem: str
    """Continues the sentence "the key …"."""
    remedy: str
    """An instruction, without its full stop."""


class HoursError(SipbotError):
    """Raised with every problem of a client's hours that a single table cannot show."""

    def __init__(self, problems: Sequence[HoursProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(f"{one.key}: {one.problem}. {one.remedy}" for one in self.problems)
        )


class PromptError(SipbotError):
    """Raised when a prompt is missing or is not 16-bit mono PCM at 8 or 16 kHz."""


class ModelError(SipbotError):
    """Raised when a speech model is missing, does not match its hash, or cannot be fetched."""


class ChildError(SipbotError):
    """Raised when a child program misbehaves."""


class ChildStartError(ChildError):
    """Raised when a child program exits or stays silent instead of saying READY."""


class ChildGoneError(ChildError):
    """Raised when a child program goes away while it is being spoken to."""


class WireError(SipbotError):
    """Raised when a line on a process border is not a known message; the sender is then ended."""


class SpoolError(SipbotError):
    """Raised when recorded audio cannot be written, read or repaired."""


class SweepError(SipbotError):
    """Something that has been kept long enough cannot be deleted; everything else is gone."""


class DamagedError(SpoolError):
    """Raised when a file beside a recording was read and is not what sipbot writes there."""


class LockedError(SpoolError):
    """Raised when an encrypted recording cannot be opened: its key is missing or another one."""


class LedgerError(SipbotError):
    """Raised when the ledger cannot be opened or refuses a change."""


class UnreadableError(LedgerError):
    """Raised when a memo in the ledger is not one that this release can read."""


class ArchiveError(SipbotError):
    """Raised when the archive cannot be reached, lacks its tables, or refuses us."""


class ArchiveRefusedError(ArchiveError):
    """Raised when the archive is there and does not take what it was given."""


class AudioStoreError(SipbotError):
    """Raised when the store of recordings cannot be reached, or refuses us."""


class AudioStoreRefusedError(AudioStoreError):
    """Raised when the store of recordings is there and does not take what it was given."""


class FeedError(SipbotError):
    """Raised when the MQTT broker cannot be reached or refuses us."""


class DeafError(FeedError):
    """Raised when a connection stands, but the broker's ACL keeps us from reading a topic."""


class ControlError(SipbotError):
    """Raised when the running sipbot cannot do, or does not understand, what a command asks."""


class NotRunningError(ControlError):
    """Raised when no sipbot runs in the folder that a command names."""


class ConsoleError(SipbotError):
    """Raised when the web console cannot do what a browser asked of it, or cannot listen."""


class HandoverError(SipbotError):
    """Raised when a hand-over bundle cannot be made, is not what it says, or may not come in."""


class ReportError(SipbotError):
    """Raised when a report cannot be made or written."""


class CallError(SipbotError):
    """Raised when a call could not be placed."""


class TransferError(SipbotError):
    """Raised when a person cannot be called; `code` is the SIP response that says so."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


def without_words(error: Exception) -> str:
    """Say what a mistake of ours was and where, and no more: its words may be those of a caller."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}"
