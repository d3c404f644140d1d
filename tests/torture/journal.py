"""What the callers wrote down: every INVITE, what came of it, and which of them are promises.

The journal is the callers' own.  Nothing in it comes from the bot, so that a memo the bot has
forgotten is still missed.  One JSON line an event, written as it happens; `Journal.calls` is the
same by call.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

SPEECH_S = 2.0
"""Who hangs up after so much speech has left a message."""

What = Literal[
    "invite", "response", "answered", "speaking", "key", "thanked", "bye", "over", "killed"
]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the journal."""

    at: float
    """Unix time, s."""
    what: What
    call: str = ""
    """User part of From, unique for each INVITE; empty for ``killed``."""
    port: int = 0
    """SIP port that was called; of ``killed`` the agent's, 0 for a process without one."""
    code: int = 0
    """Of a ``response``."""
    said: str = ""
    """Which message, of ``speaking``; who died, of ``killed``."""


@dataclass(kw_only=True)
class Called:
    """One INVITE and what its caller saw of it.  Times are Unix times in s."""

    call: str
    port: int
    invited_at: float
    codes: list[int] = field(default_factory=list)
    answered_at: float | None = None
    speaking_at: float | None = None
    said: str = ""
    thanked: bool = False
    bye_at: float | None = None
    over_at: float | None = None
    killed_at: float | None = None
    """When its agent was killed under it."""
    beside: bool = False
    """Whether a process that is no agent was killed while it was up."""

    @property
    def final(self) -> bool:
        """Whether an agent answered the INVITE for good, or let it ring: the bot must know of it.

        100 is sent before anybody is asked; 180 only when the call has its row.
        """
        return any(code > 100 for code in self.codes)

    def is_up(self, at: float) -> bool:
        """Whether the call was answered by then and its caller had not left."""
        if self.answered_at is None or self.answered_at > at:
            return False
        return all(left is None or left > at for left in (self.bye_at, self.over_at))

    def is_live(self, now: float, longest_s: float) -> bool:
        """Whether the call is up and its agent lives; nobody speaks longer than `longest_s`."""
        if self.answered_at is None or now - self.answered_at > longest_s:
            return False
        return self.killed_at is None and self.is_up(now)

    def spoken_s(self, length_s: float) -> float:
        """Return how much of a message of this length was said while somebody was there."""
        ends = [at for at in (self.bye_at, self.over_at, self.killed_at) if at is not None]
        if self.speaking_at is None or not ends:
            return 0.0
        return max(0.0, min(length_s, min(ends) - self.speaking_at))

    def is_accepted(self, length_s: float) -> bool:
        """Whether the caller may trust in a call back.

        He heard the closing prompt begin, or hung up after `SPEECH_S` of speech; what is said to a
        dead line does not count as speech.
        """
        return self.thanked or (self.bye_at is not None and self.spoken_s(length_s) >= SPEECH_S)


class Journal:
    """Keeps every event, in a file and by call.

    Args:
        path: the file, JSON lines.
    """

    def __init__(self, path: Path) -> None:
        self.calls: dict[str, Called] = {}
        self.kills: list[Event] = []
        self.heed: Callable[[Event], None] = lambda _: None
        """Called with every event; for harm that is aimed at what callers do."""
        self._file = path.open("ab")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def write(self, event: Event) -> None:
        """Write one event down."""
        self._file.write(msgspec.json.encode(event) + b"\n")
        self._file.flush()
        if event.what == "killed":
            self._killed(event)
        else:
            self._called(event)
        self.heed(event)

    def live(self, longest_s: float) -> int:
        """Count the calls that are up now."""
        now = time.time()
        recent = list(self.calls.values())[-1000:]
        return sum(call.is_live(now, longest_s) for call in recent)

    def settle(self) -> None:
        """Find again which calls were killed: some events were written down later than a kill."""
        for call in self.calls.values():
            call.killed_at, call.beside = None, False
        for kill in self.kills:
            self._mark(kill)

    def _killed(self, event: Event) -> None:
        self.kills.append(event)
        self._mark(event)

    def _mark(self, kill: Event) -> None:
        for call in self.calls.values():
            if kill.port == call.port and call.killed_at is None and call.is_up(kill.at):
                call.killed_at = kill.at
            call.beside |= not kill.port and call.is_up(kill.at)

    def _called(self, event: Event) -> None:
        if event.what == "invite":
            new = Called(call=event.call, port=event.port, invited_at=event.at)
            assert self.calls.setdefault(event.call, new) is new, f"{event.call} called twice"
            return
        call = self.calls[event.call]
        match event.what:
            case "response":
                call.codes.append(event.code)
            case "answered":
                call.codes.append(200)
                call.answered_at = event.at
            case "speaking":
                call.speaking_at, call.said = event.at, event.said
            case "thanked":
                call.thanked = True
            case "bye":
                call.bye_at = event.at
            case "over":
                call.over_at = event.at


def answered_after(journal: Journal, killed: Event) -> float | None:
    """Return how long after a kill the first call placed since was answered, in s; None for never.

    On the killed agent's own port; on any, when no agent was killed.
    """
    delays = [
        call.answered_at - killed.at
        for call in journal.calls.values()
        if call.invited_at > killed.at
        and call.answered_at is not None
        and killed.port in {0, call.port}
    ]
    return min(delays, default=None)
