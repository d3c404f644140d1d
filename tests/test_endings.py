"""End of speech on a noisy line: nobody is cut off, and the end is noticed in time."""

import pytest

from benchmarks.endings import Message, Verdict, judge, messages

FEW = 12


@pytest.fixture(scope="module")
def few() -> list[Message]:
    return list(messages(count=FEW))


def test_messages_are_the_same_each_time_they_are_made(few: list[Message]) -> None:
    assert few == list(messages(count=FEW))


@pytest.mark.asr
def test_no_message_is_cut_off_and_every_end_is_noticed_within_half_a_second(
    few: list[Message],
) -> None:
    verdicts = [judge(message) for message in few]
    assert [] == [verdict for verdict in verdicts if not verdict.in_time]


@pytest.mark.parametrize(
    ("expected", "cut_off", "late_s"),
    [(True, False, 0.5), (True, False, -0.5), (False, True, 0.0), (False, False, float("inf"))],
)
def test_end_is_in_time_near_the_limit_only(expected: bool, cut_off: bool, late_s: float) -> None:
    assert expected == Verdict(name="", cut_off=cut_off, late_s=late_s).in_time
