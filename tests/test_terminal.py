"""What callers send must not steer the terminal of whoever reads it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.terminal import printable, printable_json


@given(st.text())
def test_printable_text_has_no_control_character_and_the_same_length(text: str) -> None:
    """Escape sequences, line ends and marks of direction are shown as dots."""
    shown = printable(text)

    assert len(text) == len(shown)
    assert set() == {"Cc", "Cf", "Zl", "Zp"} & {unicodedata.category(char) for char in shown}


@pytest.mark.parametrize("text", ["お電話　ください", "Müller & Co. [b]", "전화 주세요"])
def test_printable_leaves_ordinary_text_alone(text: str) -> None:
    """The Japanese space is wide and a space."""
    assert text == printable(text)


@given(st.text())
def test_printable_json_means_the_same_and_has_no_control_character(text: str) -> None:
    """A program reads what was said; a terminal is not steered by it."""
    shown = printable_json(json.dumps({"text": text}, ensure_ascii=False))

    assert {"text": text} == json.loads(shown)
    assert set() == {"Cc", "Zl", "Zp"} & {unicodedata.category(char) for char in shown}
