"""Where in the recording a piece of the text was said."""

from hypothesis import given
from hypothesis import strategies as st

from sipbot.records import Word
from sipbot.word_times import STRAY_CHARS, located, times_in


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start_s=float(at), end_s=at + 0.5, confidence=1.0)
        for at, text in enumerate(texts)
    )


def times(text: str, said: tuple[Word, ...], start: int, end: int) -> tuple[float, float] | None:
    return times_in(located(text, said), start, end)


def test_time_of_a_piece_is_from_its_first_word_to_its_last() -> None:
    """Four seconds to listen to."""
    text = "call me at 090 1234"

    assert (3.0, 4.5) == times(text, words("call", "me", "at", "090", "1234"), 11, 19)


def test_time_of_half_a_word_is_that_of_the_word() -> None:
    """Rather a syllable too much."""
    assert (1.0, 1.5) == times("おはよう", words("お", "はよう"), 2, 3)


def test_words_are_found_between_punctuation_and_spaces_of_their_own() -> None:
    """Whisper's words bring their spaces; the text has commas that no word has."""
    text = "はい、山田です。"

    assert (1.0, 1.5) == times(text, words("はい", " 山田", "です"), 3, 5)


def test_time_of_punctuation_alone_is_not_known() -> None:
    """Nothing was said there."""
    assert None is times("はい、山田", words("はい", "山田"), 2, 3)


def test_word_that_is_not_in_the_text_costs_no_other_its_time() -> None:
    """An ear's text may leave out what its words have."""
    assert (2.0, 2.5) == times("one three", words("one", "two", "three"), 4, 9)


def test_word_far_from_its_place_is_another_one() -> None:
    """A word that is missing must not be found in the next sentence and take the rest with it."""
    text = f"one {'x' * STRAY_CHARS} two three"

    assert ["one"] == [word.text for _, _, word in located(text, words("one", "three"))]


@given(st.lists(st.text("ab あ", min_size=1, max_size=4).filter(str.strip), max_size=8))
def test_words_of_a_text_that_is_joined_of_them_are_all_found_in_order(texts: list[str]) -> None:
    """Every character belongs to the word that brought it."""
    text = " ".join(texts)

    found = list(located(text, words(*texts)))

    assert [one.strip() for one in texts] == [text[start:end] for start, end, _ in found]
    assert sorted(found, key=lambda one: one[0]) == found
