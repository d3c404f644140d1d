"""Alerts are raised, cleared once, and told in order."""

import asyncio
import contextlib

from sipbot.alerts import Alerts
from sipbot.topics import AlertPayload


class Heard(list[tuple[str, str | None]]):
    """What the bus was told; a real one is in test_mqtt."""

    async def alert(self, alert: str, payload: AlertPayload | None) -> None:
        self.append((alert, payload.problem if payload else None))


async def told(alerts: Alerts) -> None:
    """Let everything that waits be told."""
    running = asyncio.create_task(alerts.run())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_alert_is_raised_and_cleared_in_order() -> None:
    bus = Heard()
    alerts = Alerts(bus)

    alerts.tell("disk", "full")
    alerts.tell("disk", None)
    await told(alerts)

    assert [("disk", "full"), ("disk", None)] == bus


async def test_alert_that_was_not_raised_is_not_cleared() -> None:
    bus = Heard()
    alerts = Alerts(bus)

    alerts.tell("disk", None)
    await told(alerts)

    assert [] == bus


async def test_alert_left_by_an_earlier_run_is_cleared_at_the_start() -> None:
    bus = Heard()

    await told(Alerts(bus, left=["disk"]))

    assert [("disk", None)] == bus
