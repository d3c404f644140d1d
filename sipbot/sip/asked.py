"""Who is about to be told that all lines are busy, written down before the library says so.

The library answers 486 by itself and tells afterwards; an agent that is killed in between would
leave an INVITE of which nobody knows.  So what waits at the SIP socket is looked at first, and the
INVITEs for which there may be no line are noted in a file.  A process is what may end here, not the
machine, so the file is not brought to the disk.

What a next agent finds in it is held for as long as the caller would send copies (`COPIES_S`): one
who was told is silent, and is a refused call then; one who was not calls again, and is a call.
"""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sipbot.errors import WireError
from sipbot.lines import Decoder, encode
from sipbot.records import COPIES_S
from sipbot.sip import stderr, wire
from sipbot.sip.gate import Gate
from sipbot.sip.headers import is_initial_invite, transaction_of

ASKED_MAX = 200
"""INVITEs noted at most, each of some kB (`sipbot.sip.headers.MAX_ENTRIES`): more than Linux queues
for a UDP socket by default (212,992 bytes, some 160 INVITEs with what the kernel adds)."""

BUSY = 486
"""What the library answers when it has no place (RFC 3261 section 21.4.24)."""


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """An INVITE that the library has not answered yet, as far as the file knows."""

    key: str
    """Its transaction: what its copies have in common."""
    at_s: float
    """When it was seen, by CLOCK_MONOTONIC, which is the same for all processes of a machine."""
    refused: wire.Refused
    """What is to be told of it if it was refused."""


_noted = Decoder(Noted)


class Asked:
    """The INVITEs of one agent that may be refused before its code sees them.

    Args:
        file: where they are noted.
        gate: knows who may call, and which INVITE was refused before.
        now_s: monotonic.
    """

    def __init__(self, file: Path, gate: Gate, now_s: float) -> None:
        self._file, self._gate = file, gate
        self._noted = {one.key: one for one in _read(file)}
        # A clock that began again: the machine did, and no caller sends copies for so long.
        self._held = {
            key: one.at_s + COPIES_S if one.at_s <= now_s else now_s
            for key, one in self._noted.items()
        }
        """Left by an agent before this one → until when copies may come."""
        self._offered = deque[str](maxlen=ASKED_MAX)
        """Transactions that are calls, the latest: the library may refuse one even then."""

    def queued(self, invites: Sequence[tuple[str, str]], free: int) -> None:
        """Note what waits to be answered, unless there is a line for each.

        Args:
            invites: raw text and ``address:port`` of the sender, as they came.
            free: how many calls the library has a place for.
        """
        initial = [(raw, source) for raw, source in invites if is_initial_invite(raw)]
        if len(initial) <= free:
            return
        now_s, new = time.monotonic(), dict[str, Noted]()
        for raw, source in initial:
            key = transaction_of(raw)
            if key in self._noted or self._gate.has_refused(key, now_s):
                continue
            offer, why = self._gate.rejected(raw, source, BUSY)
            refused = wire.Refused(offer=offer, code=BUSY, why=why)
            new[key] = Noted(key=key, at_s=now_s, refused=refused)
        room = ASKED_MAX - len(self._noted)
        if room > 0 and new:
            self._noted.update(list(new.items())[:room])
            self._save()

    def offered(self, raw: str) -> None:
        """Forget an INVITE that is a call."""
        key = transaction_of(raw)
        self._offered.append(key)
        if self._noted.pop(key, None) is not None:
            self._held.pop(key, None)
            self._save()

    def was_refused(self, raw: str) -> bool:
        """Return whether this is a copy of an INVITE that the library has refused."""
        return self._gate.has_refused(transaction_of(raw), time.monotonic())

    def refused(self, raw: str, source: str, code: int) -> wire.Refused | None:
        """Return what is to be told of an INVITE that the library refused; None: told before.

        A session interval that is too short is refused (422, RFC 4028 section 6) only when the
        call has been offered: its end is told as that of every call.
        """
        key = transaction_of(raw)
        if key in self._offered or self._gate.is_left_to_edge(code):
            return None
        if self._gate.is_again(raw, time.monotonic()):
            return None
        offer, why = self._gate.rejected(raw, source, code)
        if key in self._noted:  # told under one name, if it is told twice
            self._held.pop(key, None)
            offer = self._noted[key].refused.offer
        return wire.Refused(offer=offer, code=code, why=why)

    def due(self, now_s: float) -> list[wire.Refused]:
        """Return the calls of an earlier agent whose callers are silent: they were refused."""
        over = [key for key, until_s in self._held.items() if until_s <= now_s]
        for key in over:
            del self._held[key]
        return [self._noted[key].refused for key in over]

    def told(self) -> None:
        """Forget all that is not held: the library has answered, and the parent was told."""
        if len(self._noted) > len(self._held):
            self._noted = {key: self._noted[key] for key in self._held}
            self._save()

    def _save(self) -> None:
        draft = self._file.with_name(f".{self._file.name}.part")
        try:
            if not self._noted:
                self._file.unlink(missing_ok=True)
                return
            draft.write_bytes(b"".join(map(encode, self._noted.values())))
            draft.replace(self._file)
        except OSError as error:  # a full disk must not keep the agent from answering
            stderr.say(
                f"{self._file}: {error.strerror}; if this agent is killed now, a caller who finds "
                "all lines busy may be missing in the ledger. Make room on the disk"
            )


def left_behind(file: Path) -> list[wire.Refused]:
    """Return what an agent has noted that will not be followed by another; blocks."""
    return [one.refused for one in _read(file)]


def _read(file: Path) -> list[Noted]:
    """Return what an earlier agent has noted; what cannot be read is said and left out."""
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        stderr.say(f"{file}: {error.strerror}; refused calls in it may be missing in the ledger")
        return []
    noted = []
    for number, line in enumerate(lines, start=1):
        try:
            noted.append(_noted.decode(line))
        except WireError:  # a power cut; the line itself may say who called
            stderr.say(f"{file}, line {number}: damaged; a refused call may be missing")
    return noted
