"""Texts that say the same again and again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.speech.repeats import REPEATED, repeats


@pytest.mark.parametrize(
    "text",
    [
        "번호는 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2",
        "University of New York, University of New York, university of New York.",
        "090-1111-1111-1",
        "お電話をお電話をお電話をお電話を",
    ],
)
def test_the_same_three_times_in_a_row_is_a_repetition(text: str) -> None:
    assert repeats(text)


@pytest.mark.parametrize(
    "text",
    [
        "My number is 202-555-0143, that is 202-555-0143.",
        "はい、はい、はい、もしもし、もしもし。",
        "No, no, no!",
        "0120-000-000",
        "",
    ],
)
def test_what_callers_say_twice_or_in_short_words_is_no_repetition(text: str) -> None:
    assert not repeats(text)


@given(
    before=st.text("abcdefgh ", max_size=20),
    loop=st.text("123", min_size=1, max_size=9),
    after=st.text("vwxyz,", max_size=20),
)
def test_a_loop_is_found_wherever_it_is(before: str, loop: str, after: str) -> None:
    copies = 1 + max(2, -(-REPEATED // len(loop)))

    assert repeats(before + ", ".join([loop] * copies) + after)
