"""Which ear's text a memo shows."""

import msgspec
import pytest

from sipbot.memo import LIVE_EAR, SECOND_EAR, with_transcript
from sipbot.text_rule import Rule, judge
from tests.memo_samples import AT, a_memo, a_transcript

LIVE = "안녕하세요 한빛전자의 김민수입니다"
SECOND = "안녕하세요. 한빛전자 김민수입니다."


@pytest.mark.parametrize(
    ("shown", "new", "expected"),
    [
        (None, SECOND, (True, Rule.FIRST)),
        (None, "", (True, Rule.FIRST)),
        (LIVE, SECOND, (True, Rule.SECOND_EAR)),
        (LIVE, "", (False, Rule.EMPTY)),
        (LIVE, "…", (False, Rule.EMPTY)),
        ("", SECOND, (True, Rule.EMPTY)),
        (LIVE, "안녕", (False, Rule.TOO_FEW)),
        ("으 음", "네", (True, Rule.SECOND_EAR)),
    ],
)
def test_second_ear_wins_unless_it_has_lost_the_words(
    shown: str | None, new: str, expected: tuple[bool, Rule]
) -> None:
    verdict = judge(shown, new, shown_is_second=False, new_is_second=True)

    assert expected == (verdict.replaces, verdict.rule)


@pytest.mark.parametrize("second_is_first", [False, True])
def test_live_text_beside_a_second_one_that_only_repeated_itself_is_said_to_be_in_doubt(
    second_is_first: bool,
) -> None:
    """Music with singing; or a message that the second ear has lost, so it is not thrown away."""
    live = a_transcript(LIVE)
    loop = msgspec.structs.replace(a_transcript("", SECOND_EAR), looped=True)
    memo = a_memo(ears=(LIVE_EAR, SECOND_EAR))
    for text in (loop, live) if second_is_first else (live, loop):
        memo = with_transcript(memo, text, AT) or memo

    assert (LIVE, LIVE_EAR) == (memo.text, memo.recognition.engine)
    assert Rule.LOOP == memo.recognition.rule


@pytest.mark.parametrize("live", [LIVE, "", None])
@pytest.mark.parametrize("second_is_first", [False, True])
def test_second_text_of_which_a_part_was_left_out_is_shown_and_said_to_be_in_doubt(
    live: str | None, second_is_first: bool
) -> None:
    part = msgspec.structs.replace(a_transcript(SECOND, SECOND_EAR), looped=True)
    texts = [part] if live is None else [a_transcript(live), part]
    memo = a_memo(ears=(LIVE_EAR, SECOND_EAR))
    for text in reversed(texts) if second_is_first else texts:
        memo = with_transcript(memo, text, AT) or memo

    assert SECOND_EAR == memo.recognition.engine
    assert Rule.PARTLY == memo.recognition.rule


@pytest.mark.parametrize(
    ("new_is_second", "rule"), [(False, Rule.SECOND_FIRST), (True, Rule.SAME_EAR)]
)
def test_second_ears_words_are_never_replaced(new_is_second: bool, rule: Rule) -> None:
    verdict = judge(SECOND, LIVE, shown_is_second=True, new_is_second=new_is_second)

    assert (False, rule) == (verdict.replaces, verdict.rule)
