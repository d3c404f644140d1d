"""A call's times are in order and its duration is what passed, whatever the wall clock does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sipbot.call_times import CallTimes

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
seconds = st.floats(0, 100_000)
jumps = st.floats(-200_000, 200_000)


class Clocks:
    """A wall clock that jumps and one that only rises."""

    def __init__(self) -> None:
        self.wall, self.rising_s = NOON, 1000.0

    def times(self) -> CallTimes:
        return CallTimes(self.wall, now=lambda: self.wall, monotonic=lambda: self.rising_s)

    def go(self, passed_s: float, jump_s: float = 0.0) -> None:
        self.rising_s += passed_s
        self.wall += timedelta(seconds=passed_s + jump_s)


@given(rang_s=seconds, up_s=seconds, first=jumps, second=jumps)
def test_times_of_a_call_are_in_order_and_measure_what_passed(rang_s, up_s, first, second):
    clocks = Clocks()
    times = clocks.times()
    clocks.go(rang_s, first)
    answered = times.answer()
    clocks.go(up_s, second)
    ended = times.end()
    assert NOON <= answered <= ended
    assert abs((ended - answered).total_seconds() - up_s) < 0.001


@given(rang_s=seconds, jump=jumps)
def test_call_that_nobody_answered_does_not_end_before_it_began(rang_s, jump):
    clocks = Clocks()
    times = clocks.times()
    clocks.go(rang_s, jump)
    assert times.end() >= NOON


def test_call_without_a_jump_has_the_times_of_the_wall_clock():
    clocks = Clocks()
    times = clocks.times()
    clocks.go(3.0)
    answered = times.answer()
    clocks.go(20.0)
    assert (NOON + timedelta(seconds=3), NOON + timedelta(seconds=23)) == (answered, times.end())


def test_answer_that_is_heard_of_later_counts_from_when_it_was():
    clocks = Clocks()
    times = clocks.times()
    clocks.go(63.0)
    answered = times.answer(at_s=1003.0)
    clocks.go(20.0)
    assert (NOON + timedelta(seconds=3), NOON + timedelta(seconds=83)) == (answered, times.end())


def test_end_of_a_call_stays_what_it_was_when_asked_again():
    clocks = Clocks()
    times = clocks.times()
    times.answer()
    clocks.go(20.0)
    ended = times.end()
    clocks.go(10.0)
    assert ended == times.end()


def test_call_of_an_earlier_run_ended_when_its_recording_last_grew():
    times = Clocks().times()
    times.resume(NOON + timedelta(seconds=2))
    times.leave(NOON + timedelta(seconds=30), audio_s=20.0)
    assert NOON + timedelta(seconds=30) == times.end()


@given(jump=jumps)
def test_call_of_an_earlier_run_lasted_as_long_as_its_recording_at_least(jump):
    times = Clocks().times()
    answered = NOON + timedelta(seconds=2)
    times.resume(answered)
    times.leave(NOON + timedelta(seconds=jump), audio_s=20.0)
    assert times.end() >= answered + timedelta(seconds=20)


def test_call_of_an_earlier_run_without_a_recording_ends_now_but_not_before_its_answer():
    clocks = Clocks()
    times = clocks.times()
    times.resume(NOON + timedelta(seconds=2))
    clocks.go(10.0, jump_s=-3600.0)
    assert NOON + timedelta(seconds=2) == times.end()
