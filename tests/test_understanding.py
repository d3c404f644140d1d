"""From an ear's text to what a memo says: every piece keeps its place in text and recording."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.categories import Category
from sipbot.memo import LIVE_EAR, SECOND_EAR, Memo, with_failure, with_transcript
from sipbot.memo_answers import Asked, Span
from sipbot.memo_parts import clock_span, listenable, number_of
from sipbot.records import Transcript, Word
from sipbot.understanding import ClientFacts, Understood, understand
from sipbot.vocabulary import Term
from tests.memo_samples import a_memo

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
FACTS = ClientFacts(
    region="JP",
    zone=ZoneInfo("Asia/Tokyo"),
    terms=(Term(write="やまと工業", read="ヤマトコウギョウ", heard=("山と工業",)),),
    categories=(
        Category(name="repair", words=("故障",)),
        Category(name="hurry", words=("至急",), urgent=True),
    ),
)
SAID = (
    "山と 工業の 山田と 申します 故障 です 至急 ゼロ キュー ゼロ の ハチ ロク サン ナナ の "
    "ゴー ニー イチ ヨン まで お願い します"
)


SHORT = "お世話に なります また お電話 します"


def a_transcript(words: str, engine: str = SECOND_EAR, language: str = "ja") -> Transcript:
    texts = words.split()
    return Transcript(
        text="".join(texts),
        words=tuple(
            Word(text=text, start_s=float(at), end_s=at + 0.5, confidence=0.9)
            for at, text in enumerate(texts)
        ),
        language=language,
        engine=engine,
        model="some-model",
    )


def understood(words: str, engine: str = SECOND_EAR) -> Understood:
    return understand(a_transcript(words, engine), FACTS, at=AT)


def read(memo: Memo, words: str, engine: str) -> Memo:
    later = with_transcript(memo, a_transcript(words, engine), AT, understood(words, engine))
    assert later is not None
    return later


def test_number_that_was_said_is_written_in_digits_and_keeps_its_seconds() -> None:
    """The operator reads the number and can listen to it."""
    text = understood(SAID)
    (phone,) = text.found

    assert "090-8637-5214" == phone.shown == text.text[phone.text_from : phone.text_to]
    assert ("+819086375214", 7.0, 19.5) == (phone.value, phone.audio_from_s, phone.audio_to_s)


def test_word_that_was_mended_says_what_was_heard_and_when() -> None:
    """Every correction can be taken back."""
    (mended,) = understood(SAID).corrections

    assert ("山と工業", "やまと工業", 0.0, 1.5) == (
        mended.heard,
        mended.written,
        mended.audio_from_s,
        mended.audio_to_s,
    )


def test_category_and_urgency_come_with_the_word_that_is_their_reason() -> None:
    """The operator sees why."""
    memo = read(a_memo(), SAID, SECOND_EAR)

    assert ("repair", "urgent") == (memo.category, memo.urgency.value)
    assert ("said 故障", "said 至急") == (memo.reasons.category, memo.reasons.urgency)


def test_better_text_takes_back_what_the_first_one_said_of_urgency_and_names() -> None:
    """A misheard word must not leave its mark for ever."""
    memo = read(a_memo(ears=(LIVE_EAR, SECOND_EAR)), SAID, LIVE_EAR)
    memo = read(memo, SHORT, SECOND_EAR)

    assert (None, "normal", {}) == (memo.category, memo.urgency.value, memo.answers)
    assert (None, None) == (memo.reasons.category, memo.reasons.urgency)


def test_number_of_the_ear_whose_text_is_not_shown_is_evidence_all_the_same() -> None:
    """The two ears disagree, and the operator sees it."""
    memo = read(a_memo(number=None, ears=(LIVE_EAR, SECOND_EAR)), SAID, SECOND_EAR)
    memo = read(memo, SAID.replace("ヨン", "ゴー"), LIVE_EAR)

    assert {("faster-whisper", "+819086375214"), ("vosk", "+819086375215")} == {
        (one.engine, one.number) for one in memo.callback.evidence
    }
    assert SECOND_EAR == memo.recognition.engine
    assert not memo.callback.confirmed


def test_number_that_was_said_confirms_the_one_that_the_network_gave() -> None:
    """Two kinds of evidence."""
    memo = read(a_memo(number="+819086375214", ears=(SECOND_EAR,)), SAID, SECOND_EAR)

    assert ("+819086375214", True) == (memo.callback.number, memo.callback.confirmed)


def test_number_of_the_live_ear_is_confirmed_when_no_ear_is_awaited_any_more() -> None:
    """The second one hears more: until it has spoken, or failed, another number may come."""
    both = a_memo(number="+819086375214", ears=(LIVE_EAR, SECOND_EAR))

    heard = read(both, SAID, LIVE_EAR)
    agreed = read(heard, SAID, SECOND_EAR)
    alone = with_failure(heard, "ended", AT, engine=SECOND_EAR)

    assert alone is not None
    assert [False, True, True] == [one.callback.confirmed for one in (heard, agreed, alone)]


@pytest.mark.parametrize("ears", [(LIVE_EAR, SECOND_EAR), (SECOND_EAR, LIVE_EAR)])
def test_text_that_nobody_understood_leaves_no_number_confirmed(ears: tuple[str, str]) -> None:
    """What the other ear said of a number is no word on the text that is shown."""
    memo = a_memo(number="+819086375214", ears=ears)
    for ear in ears:
        text = understood(SAID, ear)
        if ear == SECOND_EAR:
            text = Understood(text="山田と申します折り返しは別の番号にお願いします", failed=True)
        later = with_transcript(memo, a_transcript(SAID, ear), AT, text)
        assert later is not None
        memo = later

    assert (SECOND_EAR, (SECOND_EAR,)) == (
        memo.recognition.engine,
        memo.recognition.not_understood,
    )
    assert not memo.callback.confirmed


def test_spoken_answer_of_the_replaced_text_goes_with_it() -> None:
    """No text that is shown has those words; keys stay, for no ear has heard them."""
    asked = (
        Asked(item="number", source="speech", audio_from_s=7.0, audio_to_s=19.6),
        Asked(item="order", source="keys"),
    )
    memo = a_memo(ears=(LIVE_EAR, SECOND_EAR)).model_copy(
        update={"asked": asked, "answers": {"order": "123"}}
    )
    texts = {
        SAID: understand(a_transcript(SAID, LIVE_EAR), FACTS, at=AT, asked=asked),
        SHORT: understand(a_transcript(SHORT), FACTS, at=AT, asked=asked),
    }
    found = []
    for ear, (words, text) in zip((LIVE_EAR, SECOND_EAR), texts.items(), strict=True):
        later = with_transcript(memo, a_transcript(words, ear), AT, text)
        assert later is not None
        memo = later
        found.append((memo.answers.get("number"), memo.answers.get("order"), memo.missing))

    assert [("090-8637-5214", "123", ()), (None, "123", ("number",))] == found


def test_number_that_was_taken_back_is_neither_in_the_text_nor_evidence() -> None:
    """The caller recorded the message again."""
    text = understand(
        a_transcript(SAID), FACTS, at=AT, discarded=(Span(audio_from_s=0.0, audio_to_s=99.0),)
    )

    assert ("", (), ()) == (text.text, text.numbers, text.found)


def test_spoken_answer_is_written_as_the_text_is() -> None:
    """An answer is a stretch of the recording."""
    asked = Asked(item="number", source="speech", audio_from_s=7.0, audio_to_s=19.6)

    text = understand(a_transcript(SAID), FACTS, at=AT, asked=(asked,))

    assert {"number": "090-8637-5214"} == text.answers


def test_text_of_a_client_that_is_gone_has_no_values_and_no_category() -> None:
    """Without a region no number can be judged."""
    text = understand(a_transcript(SAID), ClientFacts(), at=AT)

    assert ((), ()) == (text.found, text.numbers)


PIECES = [
    "山田です",
    "ゼロキュー",
    "ハチロク",
    "明日の",
    "三時",
    "はい",
    "、",
    "a",
    "two",
    "12",
    "山と工業",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.sampled_from(["ja", "en", "ko", "fr"]))
def test_every_piece_of_any_text_is_where_it_says(pieces: list[str], language: str) -> None:
    """Consoles mark text by these places, and play audio by those."""
    text = understand(a_transcript(" ".join(pieces), language=language), FACTS, at=AT)

    assert [one.shown for one in text.found] == [
        text.text[one.text_from : one.text_to] for one in text.found
    ]
    for one in text.words:
        if one.text_from is not None and one.text_to is not None:
            assert 0 <= one.text_from <= one.text_to <= len(text.text)
    for part in (*text.found, *text.gleaned, *text.corrections):
        assert (part.audio_from_s is None) == (part.audio_to_s is None)
        assert (part.audio_from_s or 0) <= (part.audio_to_s or 0)


def test_parts_to_listen_to_are_numbered_once_a_place() -> None:
    """The number in the evidence and in the values is one piece of the recording."""
    memo = read(a_memo(), SAID, SECOND_EAR)
    spoken = next(one for one in memo.callback.evidence if one.source == "speech")

    assert 1 == number_of(spoken, memo) == number_of(memo.found[0], memo)
    assert len(listenable(memo)) == len({(p.audio_from_s, p.audio_to_s) for p in listenable(memo)})


def test_span_on_the_clock_holds_all_of_the_piece() -> None:
    """Whole seconds, rather one too many."""
    assert ["0:07-0:20", "1:00-1:01"] == [clock_span(7.2, 19.5), clock_span(60.0, 60.0)]
