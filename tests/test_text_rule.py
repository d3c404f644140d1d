"""Which ear's text a memo shows."""

import pytest

from sipbot.text_rule import Rule, judge

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


@pytest.mark.parametrize(
    ("new_is_second", "rule"), [(False, Rule.SECOND_FIRST), (True, Rule.SAME_EAR)]
)
def test_second_ears_words_are_never_replaced(new_is_second: bool, rule: Rule) -> None:
    verdict = judge(SECOND, LIVE, shown_is_second=True, new_is_second=new_is_second)

    assert (False, rule) == (verdict.replaces, verdict.rule)
