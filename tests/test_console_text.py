"""A message in pieces, its picture, and the words of the console in both languages."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.console import words_en, words_ja
from sipbot.console.text_marks import groups
from sipbot.console.waveform import BARS, HEIGHT, marks_of, peaks, wave, wave_of
from sipbot.console.words import ALL
from sipbot.memo_answers import MemoWord
from sipbot.memo_found import Corrected, Found
from sipbot.said import Kind
from tests.consoles import a_morning, memo_for, recorded, said

TEMPLATES = Path(__file__).parent.parent / "sipbot" / "console" / "templates"

PLACES = st.tuples(st.integers(0, 12), st.integers(0, 12))


def test_pieces_of_a_text_follow_its_words_and_hold_its_values_together() -> None:
    tanaka = a_morning()[0]
    number = next(one for one in groups(tanaka) if one.value == 0)
    assert [("03-5550-1234", True)] == [
        (one.text, one.start_s is not None) for one in number.pieces
    ]


def test_word_that_the_ear_doubts_is_marked_unless_it_was_mended() -> None:
    memo = said(memo_for(), ["お湯が", "出ません"], unsure=["お湯が", "出ません"])
    mended = Corrected(heard="おゆが", written="お湯が", text_from=0, text_to=3)
    pieces = groups(memo.model_copy(update={"corrections": (mended,)}))[0].pieces
    assert [("お湯が", False, "おゆが"), ("出ません", True, "")] == [
        (one.text, one.unsure, one.heard) for one in pieces
    ]


@given(
    st.text(max_size=12),
    st.lists(PLACES, max_size=4),
    st.lists(PLACES, max_size=3),
    st.lists(PLACES, max_size=3),
)
def test_pieces_are_the_whole_text_wherever_words_and_values_are_said_to_be(
    text: str,
    words: list[tuple[int, int]],
    values: list[tuple[int, int]],
    mended: list[tuple[int, int]],
) -> None:
    memo = memo_for().model_copy(
        update={
            "text": text,
            "words": tuple(
                MemoWord(text="x", start_s=0, end_s=1, confidence=0.5, text_from=start, text_to=end)
                for start, end in words
            ),
            "found": tuple(
                Found(
                    kind=Kind.DATE, value="x", shown="x", source="x", text_from=start, text_to=end
                )
                for start, end in sorted(values)
            ),
            "corrections": tuple(
                Corrected(heard="y", written="x", text_from=start, text_to=end)
                for start, end in mended
            ),
        }
    )
    assert text == "".join(piece.text for group in groups(memo) for piece in group.pieces)


def test_picture_has_a_bar_for_each_part_of_a_recording(tmp_path: Path) -> None:
    recorded(tmp_path / "audio.wav", 3.0)
    with (tmp_path / "audio.wav").open("rb") as audio:
        picture = wave_of(audio, "audio.wav")
    assert (BARS, BARS * 4) == (picture.path.count("M"), picture.width)


def test_picture_of_a_silent_recording_is_a_thin_line() -> None:
    assert f"M2 {HEIGHT / 2 - 1:.1f}V{HEIGHT / 2 + 1:.1f}" == wave(np.zeros(1)).path


@given(st.lists(st.integers(-32768, 32767), max_size=900))
def test_peaks_are_between_silence_and_full_scale(samples: list[int]) -> None:
    found = peaks(np.array(samples, dtype=np.int16), BARS)
    assert len(found) == min(BARS, len(samples))
    assert all(0.0 <= one <= 1.0 for one in found.tolist())


def test_part_of_a_recording_is_marked_where_it_is_in_the_picture() -> None:
    picture = wave(np.zeros(100))
    marks = marks_of([(5.0, 7.5, "number"), (99.0, 100.0, "value")], picture, 10.0)
    assert [(200.0, 100.0, "number")] == [(one.x, one.width, one.kind) for one in marks]


def test_both_languages_have_the_same_words() -> None:
    shared = {key for key in words_en.WORDS if key in set(ALL["ja"])}
    assert set(words_en.WORDS) == shared
    assert set() == set(words_ja.WORDS) - set(words_en.WORDS)


@pytest.mark.parametrize("key", list(words_ja.WORDS))
def test_both_languages_fill_in_the_same_values(key: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    assert names(ALL["en"][key]) == names(ALL["ja"][key])


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_word_of_a_template_exists(template: str, language: str) -> None:
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    known = set(ALL[language])
    assert [] == [key for key in re.findall(r"w\['(\w+)'\]", text) if key not in known]
