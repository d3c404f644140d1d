"""What the next parent of an agent must hear, because this one may never have written it down.

Every INVITE gets a row in the ledger and every call its end.  An agent therefore keeps what it
tells of both until its parent has lived on for a while, and what happens while no parent is there
until one comes; to an agent that ends before, a file is left.  A parent may hear a thing twice.
"""

import os
import sys
from collections import deque
from pathlib import Path

from sipbot.lines import encode
from sipbot.sip import wire

UNTOLD_MAX = 10_000
"""Events remembered at most, at about 1 kB each; a flood must not eat the memory."""

Kept = wire.Refused | wire.Ended


class Untold:
    """Events that must not be lost with the parent they were told to.

    Args:
        file: where they are left when the agent ends alone.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._events: list[Kept] = []
        """Told to nobody yet."""
        self._told: deque[Kept] = deque(maxlen=UNTOLD_MAX)
        """Told since the last ping: perhaps not even read."""
        self._told_before: deque[Kept] = deque()
        """Told between the last two pings: perhaps not yet written down."""
        self._dropped = 0

    @property
    def ended(self) -> tuple[str, ...]:
        """Calls whose end nobody has been told."""
        return tuple(event.call for event in self._events if isinstance(event, wire.Ended))

    def add(self, event: Kept) -> None:
        """Keep an event for which no parent is there."""
        if len(self._events) < UNTOLD_MAX:
            self._events.append(event)
        else:
            self._dropped += 1

    def told(self, event: Kept) -> None:
        """Keep an event that a parent is being told."""
        self._told.append(event)

    def parent_lives(self) -> None:
        """A ping came: the parent, which reads before it pings, has what it was told before."""
        self._told_before, self._told = self._told, deque(maxlen=UNTOLD_MAX)

    def parent_died(self) -> None:
        """Nobody knows what the parent still wrote down of what it was told at last."""
        for event in (*self._told_before, *self._told):
            self.add(event)
        self._told_before.clear()
        self._told.clear()

    def take(self) -> list[wire.Event]:
        """Return everything for a new parent, which may die as well."""
        events: list[wire.Event] = [*self._events, *_overflow(self._dropped)]
        self._told.extend(self._events)
        self._events, self._dropped = [], 0
        return events

    def leave(self) -> None:
        """Write everything down for the next start; say so when the disk refuses."""
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
            sys.stderr.write(
                f"{self._file}: {len(events)} events of calls cannot be left for the next start: "
                f"{error.strerror}. Their calls are missing in the ledger, or end there as cut "
                "off; make room on the disk\n"
            )


def _overflow(dropped: int) -> list[wire.Fault]:
    if not dropped:
        return []
    problem = f"{dropped} calls are missing in the ledger: more than {UNTOLD_MAX} were refused"
    return [wire.Fault(problem=f"{problem} while sipbot did not run")]
