"""The alert about an embedded broker that has no room."""

from sipbot.broker_child import CALM_PONGS, FullHouse
from sipbot.broker_wire import Pong, Ready
from sipbot.troubles import Troubles


def words(*turned_away: tuple[int, int]) -> list[tuple[str, str | None]]:
    """Return the alerts and what they say when so many clients, and silent ones, had to go."""
    alerts: list[tuple[str, str | None]] = []
    house = FullHouse(50, Troubles(lambda alert, problem, _: alerts.append((alert, problem))))
    house.hear(Ready(pid=1, port=1883))
    for n, (away, silent) in enumerate(turned_away):
        house.hear(Pong(n=n, connections=50, turned_away=away, made_room=silent))
    return alerts


def told(*turned_away: int) -> list[tuple[str, bool]]:
    """Return the alerts, raised or cleared, that such signs of life lead to."""
    return [
        (alert, problem is not None) for alert, problem in words(*((n, 0) for n in turned_away))
    ]


def test_connections_that_say_nothing_are_not_told_as_too_many_programs() -> None:
    ((_, problem), over) = words((0, 1), *[(0, 5)] * (CALM_PONGS + 1))
    assert problem is not None
    assert ("not say who they are" in problem, "50" in problem) == (True, False)
    assert ("broker-full", None) == over


def test_broker_that_is_full_is_told_so_though_others_say_nothing() -> None:
    problems = [problem or "" for _, problem in words((0, 1), (1, 1), (1, 2), (2, 3))]
    assert [False, True] == ["it takes 50" in problem for problem in problems]


def test_full_broker_is_told_once_however_many_are_turned_away() -> None:
    assert [("broker-full", True)] == told(0, 1, 1, 5, 9)


def test_full_broker_is_over_when_nobody_was_turned_away_for_a_while() -> None:
    assert [("broker-full", True), ("broker-full", False)] == told(1, *[1] * CALM_PONGS)


def test_full_broker_is_not_over_while_some_are_turned_away_now_and_then() -> None:
    now_and_then = [n for n in range(1, 4) for _ in range(CALM_PONGS - 1)]

    assert [("broker-full", True)] == told(*now_and_then)


def test_broker_with_room_is_no_trouble() -> None:
    assert [] == told(0, 0, 0)
