"""Answers find their place in the recording, and their words find them."""

from sipbot.memo import with_transcript
from sipbot.memo_answers import Asked, Left, Span
from sipbot.script_state import Script
from sipbot.spans import Spans, left_of
from sipbot.spool import Kept
from sipbot.steps import Answer
from tests.courses import course
from tests.memo_samples import AT, a_memo, a_transcript

NAME = Answer(item="name", source="speech", span=1)
NUMBER = Answer(item="number", source="keys", value="0355501234", confirmed=True)


def test_span_is_measured_from_the_opening_of_the_recorder() -> None:
    spans = Spans()
    spans.open(100.0)
    spans.begin(1, 102.5)
    spans.end(1, 104.0)

    (answer,) = spans.kept(Script(course=course(), answers=(NAME,))).answers

    assert (2.5, 4.0) == (answer.from_s, answer.to_s)


def test_answer_that_was_cut_off_reaches_to_the_end_of_the_recording() -> None:
    spans = Spans()
    spans.open(100.0)
    spans.begin(1, 102.5)
    kept = spans.kept(Script(course=course(), answers=(NAME,), asked=("name",)))

    left = left_of(kept, until_s=9.0, urgent=False, category=None, region="JP")

    asked = Asked(item="name", source="speech", audio_from_s=2.5, audio_to_s=9.0)
    assert (asked,) == left.asked


def test_keyed_number_is_canonical_and_confirmed_by_its_read_back() -> None:
    kept = Kept(asked=("number", "wish"), answers=(NUMBER,))

    left = left_of(kept, until_s=9.0, urgent=True, category="emergency", region="JP")

    assert ("+81355501234", True) == (left.number, left.confirmed)
    assert {"number": "0355501234"} == left.answers
    assert (True, "emergency") == (left.urgent, left.category)


def test_last_answer_to_an_item_counts() -> None:
    earlier = Answer(item="number", source="keys", value="0")

    left = left_of(
        Kept(answers=(earlier, NUMBER)), until_s=9.0, urgent=False, category=None, region="JP"
    )

    assert {"number": "0355501234"} == left.answers


def test_words_go_to_the_answer_they_were_spoken_in_and_discarded_ones_nowhere() -> None:
    left = Left(
        asked=(
            Asked(item="name", source="speech", audio_from_s=0.0, audio_to_s=2.0),
            Asked(item="wish", source="speech", audio_from_s=8.0, audio_to_s=9.0),
        ),
        discarded=(Span(audio_from_s=3.0, audio_to_s=4.0),),
    )
    memo = a_memo().model_copy(update={"asked": left.asked, "discarded": left.discarded})

    after = with_transcript(memo, a_transcript("a b c d e"), AT)

    assert after is not None
    assert {"name": "ab"} == after.answers
    assert ("wish",) == after.missing
    assert ("abce", ["a", "b", "c", "e"]) == (after.text, [word.text for word in after.words])
