"""A client's own words put right in what an ear wrote: names, companies, products.  Pure.

Data path: ear → [vocabulary] → values said → readable text → memo

An ear writes what it has learnt: やまと工業 comes back as 山と工業.  A term says how it is written
and read; a piece of the text that sounds like it, or that is one of its known mishearings, is
replaced by it.  What was heard stays beside every correction, so each can be taken back
(`as_heard`).

Digits and spoken numbers are never touched, a short reading must be met exactly
(`sipbot.term_fit`), and a text that is right already stays as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from sipbot import sounds, term_fit
from sipbot.records import Transcript, Word
from sipbot.term_fit import Language, Reading, Span, Wanted
from sipbot.word_times import Placed, located, times_in

HINTS_MAX = 40
"""Words that an ear is told beforehand: whisper's prompt has room for 223 tokens, and a name takes
three to five."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One word of a client."""

    write: str
    """As people write it."""
    read: str
    """How it is said: kana, Hangul, or an English respelling."""
    heard: tuple[str, ...] = ()
    """Known mishearings, as an ear wrote them."""
    kind: str = "other"
    """person, company, product or other."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One piece of a text that was replaced by a term."""

    heard: str
    """As the ear wrote it."""
    written: str
    start: int
    """Where `written` begins in the corrected text, in characters."""
    end: int
    audio_from_s: float | None = None
    """Where it was said; None when the ear gave no times."""
    audio_to_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A piece of the text as heard, and the term it might be."""

    start: int
    end: int
    written: str
    gain: float
    """How much speaks for it: the sounds that agree; a known mishearing comes first."""


def correct(
    transcript: Transcript,
    terms: Sequence[Term],
    language: str,
    reading: Reading | None = None,
) -> tuple[Transcript, tuple[Correction, ...]]:
    """Put a client's words right in what an ear wrote.

    Correcting a corrected transcript changes nothing; without a correction the transcript is
    returned as it is.

    Args:
        transcript: of one ear.
        terms: of the client.
        language: of the client; only ja, ko and en are corrected.
        reading: how Japanese is read; without it, only kana and known mishearings are corrected.

    Returns:
        The transcript, its words in step with its text, and what was corrected, in its order.
    """
    changes = _settled(transcript.text, terms, language, reading)
    if not changes:
        return transcript, ()
    placed = list(located(transcript.text, transcript.words))
    text, corrections, place = "", [], 0
    for one in changes:
        text += transcript.text[place : one.start]
        times = times_in(placed, one.start, one.end)
        corrections.append(
            Correction(
                heard=transcript.text[one.start : one.end],
                written=one.written,
                start=len(text),
                end=len(text) + len(one.written),
                audio_from_s=times[0] if times else None,
                audio_to_s=times[1] if times else None,
            )
        )
        text, place = text + one.written, one.end
    text += transcript.text[place:]
    words = _words(transcript, placed, changes)
    return msgspec.structs.replace(transcript, text=text, words=words), tuple(corrections)


def hints(terms: Sequence[Term]) -> tuple[str, ...]:
    """Return the words that an ear may be told beforehand: companies, products, then persons.

    Never a digit among them: a prompt with a number comes back as a caller's number (measured).
    """
    order = {"company": 0, "product": 1, "other": 2, "person": 3}
    ranked = sorted(terms, key=lambda term: order.get(term.kind, 2))
    written = dict.fromkeys(term.write for term in ranked)
    return tuple(word for word in written if not re.search(r"\d", word))[:HINTS_MAX]


def _settled(
    text: str, terms: Sequence[Term], language: str, reading: Reading | None
) -> list[_Change]:
    """The changes to make; none at all where a second look at the result would make others.

    A correction puts new characters beside old ones; where these invite another one, the terms
    contradict each other, and the text is rather left as it was heard.
    """
    finder = term_fit.language_of(language, reading)
    if finder is None or not terms:
        return []
    changes = _changes(text, terms, finder)
    if changes and _changes(_applied(text, changes), terms, finder):
        return []
    return changes


def _applied(text: str, changes: Sequence[_Change]) -> str:
    for one in sorted(changes, key=lambda each: each.start, reverse=True):
        text = text[: one.start] + one.written + text[one.end :]
    return text


def _changes(text: str, terms: Sequence[Term], finder: Language) -> list[_Change]:
    """The best changes that do not overlap, in the order of the text."""
    right = _right(text, terms)
    stretches = finder.stretches(text)
    found = [*_known(text, terms, stretches), *_near(text, terms, stretches, finder)]
    found = [one for one in found if _may_replace(text, one, right)]
    chosen: list[_Change] = []
    for one in sorted(found, key=lambda each: (-each.gain, each.end - each.start, each.start)):
        rivals = [each for each in found if each.gain == one.gain and _overlap(each, one)]
        if any(each.written != one.written for each in rivals):
            continue  # two terms sound alike here: nobody can tell which was said
        if not any(_overlap(each, one) for each in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda each: each.start)


def _overlap(one: _Change, other: _Change) -> bool:
    return one.start < other.end and other.start < one.end


def _right(text: str, terms: Sequence[Term]) -> list[Span]:
    """Every place, overlapping ones too, where a term stands as it is written."""
    return [
        (place, place + len(term.write))
        for term in terms
        for place in range(len(text) - len(term.write) + 1)
        if text.startswith(term.write, place)
    ]


def _may_replace(text: str, one: _Change, right: Sequence[Span]) -> bool:
    """Whether no term that is written right is lost by a change, but into a longer one."""
    if text[one.start : one.end] == one.written:
        return False
    touched = [(start, end) for start, end in right if start < one.end and one.start < end]
    covered = {place for start, end in touched for place in range(start, end)}
    return all(
        one.start <= start and end <= one.end and end - start < len(one.written)
        for start, end in touched
    ) and not covered.issuperset(range(one.start, one.end))


def _known(text: str, terms: Sequence[Term], stretches: Sequence[Span]) -> list[_Change]:
    """Where known mishearings stand; spaces do not matter, words of letters count whole."""
    found = []
    for term in terms:
        for alias in term.heard:
            letters = [re.escape(one) for one in alias if not one.isspace()]
            pattern = r"\s*".join(letters)
            if sounds.letters(alias[:1]):
                pattern = rf"\b{pattern}\b"
            for each in re.finditer(pattern, text, re.IGNORECASE):
                if any(start <= each.start() and each.end() <= end for start, end in stretches):
                    gain = 1000.0 + len(letters)
                    change = _Change(
                        start=each.start(), end=each.end(), written=term.write, gain=gain
                    )
                    found.append(change)
    return found


def _near(
    text: str, terms: Sequence[Term], stretches: Sequence[Span], finder: Language
) -> list[_Change]:
    """Where a piece of the text sounds like a term."""
    wanted = [finder.wanted(term.write, term.read, person=term.kind == "person") for term in terms]
    found = []
    for stretch in stretches:
        whole = finder.sounds(text[slice(*stretch)])
        for term in wanted:
            # context may read a character otherwise than a piece alone: hence twice the limit
            slack = 2 * term.limit + 1
            if whole is None or sounds.nearest(whole, term.sounds, finder.costs) <= slack:
                found += _pieces(text, stretch, term, finder)
    return found


def _pieces(text: str, stretch: Span, term: Wanted, finder: Language) -> list[_Change]:
    found = []
    for first, last in finder.pieces(text, stretch, term):
        heard = finder.sounds(text[first:last])
        if heard is None:
            continue
        cost = sounds.distance(heard, term.sounds, finder.costs)
        if cost <= term.limit and not (term.named and not finder.names(text, (first, last))):
            gain = len(term.sounds) - 3 * cost
            found.append(_Change(start=first, end=last, written=term.write, gain=gain))
    return found


# -- words and their times ------------------------------------------------------------------------


def _words(
    transcript: Transcript, placed: Sequence[Placed], changes: Sequence[_Change]
) -> tuple[Word, ...]:
    """The words, those of each change joined to one that says what the text says now.

    Changes that share a word are in one word.
    """
    groups: list[tuple[list[Word], list[_Change], Span]] = []
    for one in changes:
        touched = [each for each in placed if each[0] < one.end and one.start < each[1]]
        if not touched:
            continue
        start, end = min(touched[0][0], one.start), max(touched[-1][1], one.end)
        words, made = [word for _, _, word in touched], [one]
        if groups and groups[-1][0][-1] is words[0]:
            shared, before, span = groups.pop()
            words, made, start = shared + words[1:], before + made, span[0]
        groups.append((words, made, (start, end)))
    joined = {id(group[0][0]): _joined(transcript.text, *group) for group in groups}
    gone = {id(word) for words, _, _ in groups for word in words[1:]}
    return tuple(joined.get(id(word), word) for word in transcript.words if id(word) not in gone)


def _joined(text: str, words: Sequence[Word], changes: Sequence[_Change], span: Span) -> Word:
    start, end = span
    moved = [replace(one, start=one.start - start, end=one.end - start) for one in changes]
    return Word(
        text=_applied(text[start:end], moved),
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        confidence=min(word.confidence for word in words),
    )
