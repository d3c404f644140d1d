"""How many calls the library is let have room for."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from sipbot.sip.crowd import COMFORTABLE, KEPT_FREE, KEPT_S, PLACES, Crowd


class Sockets:
    """Closes those of the calls that were `inside` or came, when told to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> int:
        return self.calls


def crowd_of(left: int, still_open: int = 0) -> tuple[Crowd, Sockets]:
    sockets = Sockets()
    sockets.calls = still_open
    crowd = Crowd(sockets)
    for _ in range(left):
        crowd.left()
    return crowd, sockets


def test_nobody_waits_while_few_have_left() -> None:
    crowd, _ = crowd_of(10)
    assert not crowd.is_full(4, 0.01)


def test_places_of_who_has_left_are_free_again_after_their_time() -> None:
    crowd, _ = crowd_of(PLACES)
    assert [True, True, False] == [crowd.is_full(0, at) for at in (0.0, KEPT_S - 0.001, KEPT_S)]


def test_time_begins_when_the_sockets_are_closed() -> None:
    crowd, sockets = crowd_of(PLACES, still_open=PLACES)
    before = crowd.is_full(0, 0.0), crowd.is_full(0, 10 * KEPT_S)
    sockets.calls = 0
    assert (True, True, True, False) == (*before, crowd.is_full(0, 20.0), crowd.is_full(0, 21.0))


def test_agent_with_many_calls_still_hears_that_they_end() -> None:
    assert not crowd_of(0, still_open=PLACES)[0].is_full(PLACES, 0.0)


def test_sip_waits_before_calls_have_to_be_dropped() -> None:
    crowd, _ = crowd_of(COMFORTABLE)
    assert (True, False) == (crowd.is_full(1, 0.0), crowd.has_no_room(1, 0.0))


class Come(NamedTuple):
    pause_s: float
    ended: int
    """Of the calls that are there."""
    closed: int
    """Of the calls that have ended: their sockets."""


@given(
    st.lists(
        st.builds(Come, st.floats(0, 0.3), st.integers(0, 4), st.integers(0, 40)), max_size=200
    )
)
def test_set_never_overflows_however_late_the_sockets_are_closed(calls: list[Come]) -> None:
    sockets = Sockets()
    crowd, now_s, inside, leaving, closed_at_s = Crowd(sockets), 0.0, 0, 0, list[float]()
    for call in calls:
        now_s += call.pause_s
        for _ in range(min(call.ended, inside)):
            inside, leaving = inside - 1, leaving + 1
            crowd.left()
        closed = min(call.closed, leaving)
        leaving -= closed
        closed_at_s = [at for at in closed_at_s if now_s - at < KEPT_S] + [now_s] * closed
        sockets.calls = inside + leaving
        if not crowd.has_no_room(inside, now_s):
            inside += 1
        assert inside + leaving + len(closed_at_s) <= PLACES - KEPT_FREE
