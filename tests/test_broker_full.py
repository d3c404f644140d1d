"""The alert about an embedded broker that has no room."""

from sipbot.broker_child import CALM_PONGS, FullHouse
from sipbot.broker_wire import Pong, Ready
from sipbot.troubles import Troubles


def told(*turned_away: int) -> list[tuple[str, bool]]:
    """Return the alerts, raised or cleared, that such signs of life lead to."""
    alerts: list[tuple[str, bool]] = []
    troubles = Troubles(lambda alert, problem, _: alerts.append((alert, problem is not None)))
    house = FullHouse(50, troubles)
    house.hear(Ready(pid=1, port=1883))
    for n, away in enumerate(turned_away):
        house.hear(Pong(n=n, connections=50, turned_away=away))
    return alerts


def test_full_broker_is_told_once_however_many_are_turned_away() -> None:
    assert [("broker-full", True)] == told(0, 1, 1, 5, 9)


def test_full_broker_is_over_when_nobody_was_turned_away_for_a_while() -> None:
    assert [("broker-full", True), ("broker-full", False)] == told(1, *[1] * CALM_PONGS)


def test_full_broker_is_not_over_while_some_are_turned_away_now_and_then() -> None:
    now_and_then = [n for n in range(1, 4) for _ in range(CALM_PONGS - 1)]

    assert [("broker-full", True)] == told(*now_and_then)


def test_broker_with_room_is_no_trouble() -> None:
    assert [] == told(0, 0, 0)
