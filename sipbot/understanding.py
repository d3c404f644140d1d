"""From what an ear wrote to what a memo says: every step between the two, in one place.  Pure.

Data path: ear → Transcript → [vocabulary → values said → readable text → gist → categories] → memo

Whatever is found keeps its place in the text and in the recording.  What is known of the client
comes as `ClientFacts`; a client that is gone has none, and its texts stay as the ear wrote them.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import msgspec

from sipbot import gleaned, kana, masking_digits, said_all
from sipbot.callback import Spoken
from sipbot.categories import Category, Sorted, sort_out
from sipbot.gist import gist
from sipbot.memo_answers import Asked, MemoWord, Span, joined, within
from sipbot.memo_found import Corrected, Found, Gleaned, heard
from sipbot.readable import Readable, readable
from sipbot.records import Transcript, Word
from sipbot.said import Kind, Said
from sipbot.said_negation import is_doubted
from sipbot.said_tokens import fold
from sipbot.vocabulary import Correction, Term, correct
from sipbot.word_times import Placed, located, times_in

PHONE_DIGITS = range(9, 13)
"""Of a telephone number with its leading zero, one digit lost or doubled included."""
UNREAD_MIN = 7
"""Figures in a row that no finder understood, from which they may be a telephone number whose
beginning was lost.  More than a number has count too: one that is said twice in one breath."""
UNREAD_PART_MIN = 3
"""Figures in a row that may be a part of such a number: the shortest group that people write."""
UNREAD_APART_MAX = 40
"""Characters between two parts of it: "seven … where are my glasses … two".  Longest of those of
1,173 generated messages with a lost digit."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")


@dataclass(frozen=True, kw_only=True)
class ClientFacts:
    """What the client's dialplan says about reading its texts."""

    region: str = ""
    """ISO 3166-1 alpha-2, whose national numbers callers say; empty: nothing is looked for."""
    zone: tzinfo = UTC
    """In which callers say times."""
    terms: tuple[Term, ...] = ()
    """Words of the client that ears do not know."""
    hidden: tuple[Term, ...] = ()
    """Words of the client among which are those to be masked; also those that correct no text."""
    known: bool = True
    """Whether the client has a dialplan; else nobody knows whom its messages may name."""
    categories: tuple[Category, ...] = ()
    second: bool = True
    """Whether the second ear reads its messages too, where the live ear has the language."""


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What one ear's text says."""

    text: str
    """As people write it."""
    words: tuple[MemoWord, ...] = ()
    found: tuple[Found, ...] = ()
    gleaned: tuple[Gleaned, ...] = ()
    corrections: tuple[Corrected, ...] = ()
    numbers: tuple[Spoken, ...] = ()
    """What speaks for a number to call back."""
    answers: dict[str, str] = field(default_factory=dict)
    """To questions that were asked aloud: item → words."""
    about: Sorted = field(default_factory=Sorted)
    """By the client's words alone."""
    facts: ClientFacts = ClientFacts()
    """By which it was understood."""
    failed: bool = False
    """Nothing but the text is known, by a mistake of ours."""


def understand(
    transcript: Transcript,
    facts: ClientFacts,
    *,
    at: datetime,
    asked: Sequence[Asked] = (),
    discarded: Sequence[Span] = (),
) -> Understood:
    """Return what a text says.

    Args:
        transcript: of one ear.
        facts: of the client.
        at: when the call came, aware; what "tomorrow" is relative to.
        asked: what the caller was asked for, with the places of the answers.
        discarded: what the caller took back; it is not in the text.
    """
    language = transcript.language.split("-", 1)[0].lower()
    kept, corrections = _corrected(without(transcript, discarded), facts, language)
    said = _values(kept.text, facts, language, at)
    page = readable(kept.text, said, language)
    placed = [
        (*page.moved(start, end), word) for start, end, word in located(kept.text, kept.words)
    ]
    return Understood(
        text=page.text,
        words=_words(kept.words, placed),
        found=tuple(
            Found.of(one, kept.engine, times_in(placed, one.start, one.end)) for one in page.said
        ),
        gleaned=tuple(
            _gleaned(one, placed, language)
            for one in gist(page.text, page.said, language).found
            if not _in_a_number(one, page.said)
        ),
        corrections=tuple(
            _mended(one, page.moved(one.start, one.end), placed) for one in corrections
        ),
        numbers=tuple(_numbers(page, placed, language)) if facts.region else (),
        answers=dict(_answers(page.text, kept, placed, asked)),
        about=sort_out(page.text, facts.categories, transcript.language),
        facts=facts,
    )


def without(transcript: Transcript, discarded: Sequence[Span]) -> Transcript:
    """Return a text without what the caller took back."""
    words = tuple(
        word for word in transcript.words if not any(within(word, span) for span in discarded)
    )
    if len(words) == len(transcript.words):
        return transcript
    text = joined([word.text for word in words], transcript.language)
    return msgspec.structs.replace(transcript, words=words, text=text)


def _corrected(
    kept: Transcript, facts: ClientFacts, language: str
) -> tuple[Transcript, tuple[Correction, ...]]:
    reads = kana.reading if language == "ja" else None
    return correct(kept, facts.terms, language, reads)


def _values(text: str, facts: ClientFacts, language: str, at: datetime) -> tuple[Said, ...]:
    if not facts.region:
        return ()
    return said_all.find(text, language, facts.region, at.astimezone(facts.zone))


def _mended(one: Correction, place: tuple[int, int], placed: Sequence[Placed]) -> Corrected:
    start, end = place
    times = times_in(placed, start, end)
    if one.audio_from_s is not None and one.audio_to_s is not None:
        times = (one.audio_from_s, one.audio_to_s)
    return Corrected(
        heard=one.heard, written=one.written, text_from=start, text_to=end, **heard(times)
    )


def _words(words: Sequence[Word], placed: Sequence[Placed]) -> tuple[MemoWord, ...]:
    """The words as the ear wrote them, each with its place in the text that is shown."""
    places = {id(word): (start, end) for start, end, word in placed}
    return tuple(
        MemoWord(
            text=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
            confidence=word.confidence,
            text_from=places[id(word)][0] if id(word) in places else None,
            text_to=places[id(word)][1] if id(word) in places else None,
        )
        for word in words
    )


def _gleaned(one: gleaned.Gleaned, placed: Sequence[Placed], language: str) -> Gleaned:
    """An item as the memo says it; names with their reading, for one kanji has many."""
    named = language == "ja" and one.item in (gleaned.NAME, gleaned.COMPANY)
    return Gleaned(
        item=one.item,
        text=one.text,
        reading=kana.reading(one.text) if named else None,
        rule=one.rule,
        **heard(times_in(placed, one.start, one.end)),
    )


def _in_a_number(one: gleaned.Gleaned, said: Sequence[Said]) -> bool:
    """Whether it is made of digits of a telephone number: "call at two oh two…" names no time."""
    return one.item != gleaned.WISH and any(
        each.kind is Kind.PHONE and one.start < each.end and each.start < one.end for each in said
    )


def _numbers(page: Readable, placed: Sequence[Placed], language: str) -> list[Spoken]:
    """The telephone numbers, and the digits that may be one which was misheard, in their order."""
    out: list[tuple[int, Spoken]] = []
    for one in page.said:
        maybe = one.kind is Kind.ORDER and one.value.startswith("0")
        if one.kind is Kind.PHONE or (maybe and len(one.value) in PHONE_DIGITS):
            place = heard(times_in(placed, one.start, one.end))
            valid = one.valid and one.kind is Kind.PHONE and not one.rejected
            doubted = one.doubted or (one.rejected and not one.valid)
            spoken = Spoken(number=one.value, valid=valid, doubted=doubted, **place)
            out.append((one.start, spoken))
    folded = fold(page.text)
    for start, end, digits in _unread(page.text, page.said):
        place = heard(times_in(placed, start, end))
        begin, stop = bisect_left(folded.starts, start), bisect_left(folded.starts, end)
        doubted = is_doubted(folded.text, begin, stop, language)
        out.append((start, Spoken(number=digits, valid=False, doubted=doubted, **place)))
    return [one for _, one in sorted(out, key=lambda each: each[0])]


def _unread(text: str, said: Sequence[Said]) -> Iterator[tuple[int, int, str]]:
    """Long rows of figures in which nothing was found: places in the text, and the digits.

    Short rows near each other are one, for callers hesitate inside a number; and after "call me at"
    a short one is what is left of a number.  A part of a number that was found is that number said
    again.
    """
    known = [one.value for one in said if one.kind is Kind.PHONE and one.valid]
    for near in _near(_unclaimed(text, said)):
        rest = [row for row in near if not row.surely_again(known)]
        figures = sum(len(row.digits) for row in rest)
        many = figures >= UNREAD_MIN or any(row.phone for row in rest)
        if many and not all(row.again(known) for row in rest):
            yield rest[0].start, rest[-1].end, "".join(row.sure for row in rest)


@dataclass(frozen=True, slots=True)
class _Row:
    """Figures that no finder understood."""

    start: int
    end: int
    digits: str
    sure: str
    """Without those that may be another word."""
    phone: bool
    """The word before them, or a zero, says that they are of a telephone number."""

    def again(self, known: Sequence[str]) -> bool:
        return any(self.sure in number for number in known)

    def surely_again(self, known: Sequence[str]) -> bool:
        """Whether it is no beginning of another number: those of all mobile phones are alike."""
        tail = len(self.sure) > UNREAD_PART_MIN and any(one.endswith(self.sure) for one in known)
        return tail or (len(self.sure) >= UNREAD_MIN and self.again(known))


def _unclaimed(text: str, said: Sequence[Said]) -> Iterator[_Row]:
    """The rows that are in no value and may be a part of a number."""
    ends = [0, *(one.end for one in said)]
    begins = [*(one.start for one in said), len(text)]
    for begin, end in zip(ends, begins, strict=True):
        for row in masking_digits.rows(fold(text[begin:end])):
            start, stop = begin + row.start, begin + row.end
            how_many = _is_quantity(text[start:stop], counted=row.counted)
            if len(row.digits) >= UNREAD_PART_MIN and not how_many:
                yield _Row(start, stop, row.digits, row.core or row.digits, row.phone)


def _near(rows: Iterable[_Row]) -> list[list[_Row]]:
    """Rows with a hesitation between them, together."""
    out: list[list[_Row]] = []
    for row in rows:
        if out and row.start - out[-1][-1].end <= UNREAD_APART_MAX:
            out[-1].append(row)
        else:
            out.append([row])
    return out


def _is_quantity(figures: str, *, counted: bool) -> bool:
    """Tell whether long figures say how much, by two signs of three: 1,250,000 pounds of flour.

    The signs are commas between thousands, a round number, and a word for what is counted.
    """
    thousands = _THOUSANDS.fullmatch(figures) is not None
    if not (thousands or (figures.isdigit() and figures[0] != "0")):
        return False
    return thousands + counted + figures.endswith("000") > 1


def _answers(
    text: str, kept: Transcript, placed: Sequence[Placed], asked: Sequence[Asked]
) -> Iterator[tuple[str, str]]:
    """The words of each answer that has some: as they are shown, where all their places are known.

    An answer is a stretch of the recording; its words are those whose middle is in it.
    """
    places = {id(word): (start, end) for start, end, word in placed}
    for one in asked:
        if one.audio_from_s is None or one.audio_to_s is None:
            continue
        span = Span(audio_from_s=one.audio_from_s, audio_to_s=one.audio_to_s)
        words = [word for word in kept.words if within(word, span)]
        known = [places[id(word)] for word in words if id(word) in places]
        if words and len(known) == len(words):
            yield one.item, text[min(a for a, _ in known) : max(b for _, b in known)]
        elif words:
            yield one.item, joined([word.text for word in words], kept.language)
