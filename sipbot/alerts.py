"""What a person should look at: raised once, cleared once, told to the bus in order.

Raising never blocks and never fails: an alert is told as soon as the broker is there.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from sipbot.status import AlertStatus
from sipbot.topics import AlertPayload


class Bus(Protocol):
    """Where alerts are told."""

    async def alert(self, alert: str, payload: AlertPayload | None) -> None:
        """Raise an alert, or clear it (None), now or as soon as the broker is there."""


class Alerts:
    """The alerts of this site.

    Args:
        bus: where they are told.
        left: alerts that an earlier run may have left on the broker; they are cleared.
    """

    def __init__(self, bus: Bus, left: Iterable[str] = ()) -> None:
        self._bus = bus
        self._raised = set(left)
        self._up: dict[str, AlertStatus] = {}
        """Raised in this run."""
        self._waiting: asyncio.Queue[tuple[str, AlertPayload | None]] = asyncio.Queue()
        for alert in sorted(self._raised):
            self.tell(alert, None)

    @property
    def up(self) -> tuple[AlertStatus, ...]:
        """What is raised now, the oldest first; what an earlier run has left has no words here."""
        return tuple(self._up.values())

    def adopt(self, alerts: Iterable[str]) -> None:
        """Take alerts that an earlier run has left for raised: they stay until they are cleared."""
        self._raised.update(alerts)

    def tell(self, alert: str, problem: str | None, remedy: str = "") -> None:
        """Raise an alert, or clear it (None): one that was not raised needs no clearing."""
        if problem is None:
            if alert not in self._raised:
                return
            self._raised.discard(alert)
            self._up.pop(alert, None)
            self._waiting.put_nowait((alert, None))
            return
        before = self._up.get(alert)
        if before is not None and (before.problem, before.remedy) == (problem, remedy):
            return  # told already, and readers would take another time for another event
        self._raised.add(alert)
        payload = AlertPayload(ts=datetime.now(UTC), problem=problem, remedy=remedy)
        since = before.since if before is not None else payload.ts
        self._up[alert] = AlertStatus(id=alert, since=since, problem=problem, remedy=remedy)
        self._waiting.put_nowait((alert, payload))

    async def run(self) -> None:
        """Tell what is raised and cleared until cancelled."""
        while True:
            await self._bus.alert(*await self._waiting.get())


def every_alert(agents: int, accounts: Iterable[str]) -> list[str]:
    """Return every alert that this program can raise, but those about a client or its file.

    Those are remembered one by one: by the ledger, and beside the last good forms.

    Args:
        agents: how many there are.
        accounts: names of the registrations.
    """
    children = ["live-recogniser", "second-recogniser", "embedded-broker", "console", "edge"]
    children += [f"agent-{n}" for n in range(agents)]
    return [
        *(
            "audio-missing",
            "audio-unreadable",
            "call-dropped",
            "call-failed",
            "dead-letter",
            "dialplans-folder",
            "dialplans-kept",
        ),
        *("answers-unreadable", "commands-refused", "disk", "ledger", "metrics", "orphan-audio"),
        *("accounts-file", "command-failed", "escalation", "escalation-channel", "on-call-voice"),
        *("audio-encryption", "audio-locked", "on-call-unreachable"),
        *("broker-full", "recording-stalled", "recording-unreadable", "recording-unsafe"),
        *("masked-audio-failed", "masking-failed", "memo-unreadable", "retention"),
        "retention-rests",
        "speech-models",
        *("archive", "audio-store"),
        *(f"crash-loop-{child}" for child in children),
        *(f"account-{account}" for account in accounts),
    ]
