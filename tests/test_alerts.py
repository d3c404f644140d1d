"""Alerts are raised, cleared once, and told in order."""

import ast
import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import sipbot
from sipbot.alerts import Alerts, every_alert
from sipbot.reload import FOLDER_ALERT
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


async def test_alerts_that_are_up_are_known_with_their_last_words_since_their_first() -> None:
    alerts = Alerts(Heard())

    alerts.tell("disk", "nearly full", "Make room")
    (first,) = alerts.up
    alerts.tell("disk", "full", "Make room")
    alerts.tell("ledger", "locked")
    alerts.tell("ledger", None)

    found = [(one.id, one.problem, one.since) for one in alerts.up]
    assert [("disk", "full", first.since)] == found


async def test_alert_that_is_raised_again_with_the_same_words_is_told_once() -> None:
    bus = Heard()
    alerts = Alerts(bus)

    for problem in ("nearly full", "nearly full", "full", "full", "nearly full"):
        alerts.tell("disk", problem)
    await told(alerts)

    assert [("disk", problem) for problem in ("nearly full", "full", "nearly full")] == bus


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


def _ids_of(source: str) -> Iterator[str]:
    """The alerts whose ids are written where they are raised or cleared."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in ("trouble", "_trouble") or ast.unparse(node.func).endswith(
            "alerts.tell"
        ):
            match node.args:
                case [ast.Constant(value=str(alert)), _, *_]:
                    yield alert


def test_every_id_in_the_source_is_cleared_after_a_restart() -> None:
    sources = Path(sipbot.__file__).parent.rglob("*.py")
    used = {alert for path in sources for alert in _ids_of(path.read_text("utf-8"))}

    assert {"dialplans-kept", "disk", "ledger", "metrics"} <= used
    assert set() == (used | {FOLDER_ALERT}) - set(every_alert(1, ["trunk"]))
