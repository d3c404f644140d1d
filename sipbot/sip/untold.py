"""What the next parent of an agent must hear, because this one may never have written it down.

Every INVITE gets a row in the ledger and every call its end.  An agent therefore keeps what it
tells of both until its parent says that it is written down, however long a busy disk takes for
that, and what happens while no parent is there until one comes; when an agent ends before, in order
or alone, a file is left.  A parent may hear a thing twice.
"""

import os
from pathlib import Path

from sipbot.lines import encode
from sipbot.sip import stderr, wire
from sipbot.sip.on_call_wire import OnCallEnded

UNTOLD_MAX = 10_000
"""Events remembered at most, at about 1 kB each; a flood must not eat the memory."""

Kept = wire.Refused | wire.Ended | wire.CallBackEnded | OnCallEnded


class Untold:
    """Events that must not be lost with the parent they were told to.

    Args:
        file: where they are left when the agent ends alone.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: list[Kept] = []
        """Told to nobody yet."""
        self._told: dict[str, Kept] = {}
        """Told to this parent, by call, and not yet written down."""
        self._dropped = 0

    @property
    def ended(self) -> tuple[str, ...]:
        """Calls whose end nobody has been told."""
        return tuple(event.call for event in self._events if isinstance(event, wire.Ended))

    @property
    def calls_back(self) -> tuple[str, ...]:
        """Calls back, and calls to people on call, whose end nobody has been told."""
        kinds = wire.CallBackEnded | OnCallEnded
        return tuple(one.call for one in self._events if isinstance(one, kinds))

    def add(self, event: Kept) -> None:
        """Keep an event for which no parent is there."""
        if len(self._events) < UNTOLD_MAX:
            self._events.append(event)
        else:
            self._dropped += 1

    def told(self, event: Kept) -> None:
        """Keep an event that a parent is being told."""
        self._told[call_of(event)] = event
        if len(self._told) > UNTOLD_MAX:  # its parent writes nothing down; the latest matter most
            del self._told[next(iter(self._told))]
            self._dropped += 1

    def written(self, call: str) -> None:
        """What became of this call is in the ledger."""
        self._told.pop(call, None)

    def parent_died(self) -> None:
        """Nobody will write down any more what the parent was told at last."""
        for event in self._told.values():
            self.add(event)
        self._told.clear()

    def take(self) -> list[wire.Event]:
        """Return everything for a new parent, which may die as well."""
        events: list[wire.Event] = [*self._events, *_overflow(self._dropped)]
        for event in self._events:
            self.told(event)
        self._events, self._dropped = [], 0
        return events

    def leave(self) -> None:
        """Write everything down for the next start; say so when the disk refuses.

        What a living parent was told is left too: one that stops in order, like this agent, may
        stop before a slow ledger has taken it.
        """
        self.parent_died()
        events = [*self._events, *_overflow(self._dropped)]
        if not events:
            return
        try:
            with self._file.open("ab") as file:
                file.write(b"\n")  # an earlier agent may have been cut off within a line
                file.writelines(encode(event) for event in events)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            stderr.say(
                f"{self._file}: {len(events)} events of calls cannot be left for the next start: "
                f"{error.strerror}. Their calls are missing in the ledger, or end there as cut "
                "off; make room on the disk"
            )


def call_of(event: Kept) -> str:
    """Return the id of the call that an event is about."""
    return event.offer.call if isinstance(event, wire.Refused) else event.call


def _overflow(dropped: int) -> list[wire.Fault]:
    if not dropped:
        return []
    problem = f"{dropped} calls may be missing in the ledger: more than {UNTOLD_MAX} waited"
    return [wire.Fault(problem=f"{problem} to be written down")]
