"""How many calls the library is let have room for."""

from hypothesis import given
from hypothesis import strategies as st

from sipbot.sip.crowd import IN_ONE_STEP, KEPT_S, PLACES, Crowd


def test_nobody_waits_while_few_have_left() -> None:
    crowd = Crowd()
    for n in range(10):
        crowd.left(n / 1000)
    assert not crowd.is_full(4, 0.01)


def test_places_of_who_has_left_are_free_again_after_their_time() -> None:
    crowd = Crowd()
    for _ in range(PLACES):
        crowd.left(0.0)
    assert [True, False] == [crowd.is_full(0, KEPT_S - 0.001), crowd.is_full(0, KEPT_S)]


def test_agent_with_many_calls_still_hears_that_they_end() -> None:
    assert not Crowd().is_full(PLACES, 0.0)


@given(st.lists(st.tuples(st.floats(0, 0.1), st.integers(0, 4), st.integers(0, IN_ONE_STEP))))
def test_set_never_overflows_whoever_comes_and_goes(steps: list[tuple[float, int, int]]) -> None:
    crowd, now_s, closed = Crowd(), 0.0, list[float]()
    for pause_s, inside, come in steps:
        now_s += pause_s
        closed = [at for at in closed if now_s - at < KEPT_S]
        if crowd.is_full(inside, now_s):
            continue
        assert inside + len(closed) + come <= PLACES
        for _ in range(come):  # the worst: all of them leave at once
            closed.append(now_s)
            crowd.left(now_s)
