"""What it means that a memo holds the words that somebody looks for.  Pure.

Data path: memo -> [search_words] -> search_file, ledger_search, console/hits

A word is found wherever it stands, also as a part of a longer one: nobody has to know where a
Japanese word ends, and the last four digits of a number find the number.  What looks different and
is the same is folded first: wide and narrow characters, capitals, accents, hiragana and katakana,
blanks between Japanese words, and whatever stands between the digits of a number.  Everything that
is typed is a word or nothing; there is no language of queries.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import msgspec

from sipbot import numbers

QUERY_CHARS = 200
"""Of what somebody types; a name, a company and a number are 60."""

WORDS_MAX = 10
"""That are looked for together: each is one more look at every memo."""

_CLUSTER = re.compile("(?s).[\u0300-\u036f\u1160-\u11ff\u3099\u309a\uff9e\uff9f]*")
"""A character and what belongs to it: accents, Hangul vowels and finals, marks of kana."""

LONG_MARK = re.compile(r"(?<=\d)[ーｰ](?=\d)")
"""As people with a Japanese keyboard write the hyphen of a number."""

_NUMBER = re.compile(r"\+?[\d\s().\-‐‑‒–—−/]{3,}")
_LEFT_OUT = "(0)"
"""In +81 (0)90…: dialled at home, not from abroad."""

_LATIN_END = "\u0250"
_SPACED_END = "\u1100"
"""Before it scripts that part their words with blanks; from there Hangul, which does so now and
then, kana and Han, which do not."""

_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}

_LINE = "\n"
"""Between two fields: no word reaches from one into the next."""


class Word(msgspec.Struct, frozen=True):
    """One thing that is looked for."""

    forms: tuple[str, ...]
    """Folded; one of them is enough.  A number has several."""


class Piece(msgspec.Struct, frozen=True):
    """Some characters of a text."""

    text: str
    marked: bool
    """Whether they were looked for."""


class _Call(msgspec.Struct, frozen=True):
    started_at: datetime


class _Caller(msgspec.Struct, frozen=True):
    number: str | None = None
    name: str | None = None


class _Evidence(msgspec.Struct, frozen=True):
    number: str


class _ToCall(msgspec.Struct, frozen=True):
    number: str | None = None
    evidence: tuple[_Evidence, ...] = ()


class _Found(msgspec.Struct, frozen=True):
    value: str
    shown: str


class _Gleaned(msgspec.Struct, frozen=True):
    text: str
    reading: str | None = None


class _CallBack(msgspec.Struct, frozen=True):
    number: str


class _Entry(msgspec.Struct, frozen=True):
    text: str | None = None
    call_back: _CallBack | None = None


class Searched(msgspec.Struct, frozen=True):
    """The fields of a memo in which words are looked for; the others are skipped while reading."""

    call: _Call
    caller: _Caller
    callback: _ToCall
    answers: dict[str, str] = {}
    category: str | None = None
    text: str | None = None
    found: tuple[_Found, ...] = ()
    gleaned: tuple[_Gleaned, ...] = ()
    history: tuple[_Entry, ...] = ()

    def document(self, region: str) -> str:
        """Return all that can be looked for, folded.

        Args:
            region: of the site; its people write numbers in its form.
        """
        lines = {fold(text): None for text in self.texts}
        lines |= {form: None for one in self.numbers for form in _spellings(one, region)}
        return _LINE.join(line for line in lines if line)

    @property
    def texts(self) -> list[str]:
        """Everything that is words."""
        texts = [self.caller.name, *self.answers.values(), self.category, self.text]
        texts += [one.shown for one in self.found]
        texts += [text for one in self.gleaned for text in (one.text, one.reading)]
        return [text for text in (*texts, *self.notes) if text]

    @property
    def numbers(self) -> list[str]:
        """Everything that may be a telephone number by itself."""
        said = [self.caller.number, self.callback.number, *self.answers.values()]
        said += [one.number for one in self.callback.evidence]
        said += [one.value for one in self.found]
        said += [one.call_back.number for one in self.history if one.call_back]
        return [one for one in said if one]

    @property
    def notes(self) -> list[str]:
        """What operators wrote, the latest first."""
        return [one.text for one in reversed(self.history) if one.text]


def searched(body: str) -> Searched | None:
    """Return what can be looked for in a memo; None when this release cannot read the memo.

    Args:
        body: the memo as it lies in the ledger.
    """
    try:
        return msgspec.json.decode(body, type=Searched)
    except (msgspec.DecodeError, ValueError):
        return None


def words_of(query: str, region: str) -> tuple[Word, ...]:
    """Return what somebody looks for; nothing when no letter and no digit was typed.

    Args:
        query: as it was typed; what is beyond `QUERY_CHARS` is not looked for.
        region: of the site, whose national numbers are meant.
    """
    typed = query[:QUERY_CHARS]
    number = _number(typed, region)
    words = (number,) if number else (_number(one, region) or _plain(one) for one in typed.split())
    return tuple(dict.fromkeys(word for word in words if word.forms))[:WORDS_MAX]


def holds(document: str, words: tuple[Word, ...]) -> bool:
    """Tell whether a memo has every one of these words; see `Searched.document`."""
    return all(any(form in document for form in word.forms) for word in words)


def pieces(text: str, words: tuple[Word, ...]) -> list[Piece]:
    """Return a text in pieces, those that were looked for marked."""
    found, at = list[Piece](), 0
    for start, end in _places(text, words):
        if at < start:
            found.append(Piece(text[at:start], marked=False))
        found.append(Piece(text[start:end], marked=True))
        at = end
    if at < len(text):
        found.append(Piece(text[at:], marked=False))
    return found


def fold(text: str) -> str:
    """Return a text in the one form in which texts are compared."""
    return "".join(char for char, _, _ in _kept(text))


def _places(text: str, words: tuple[Word, ...]) -> list[tuple[int, int]]:
    """Return where the words stand, in order; places that touch are one."""
    kept = list(_kept(text))
    folded = "".join(char for char, _, _ in kept)
    places = list[tuple[int, int]]()
    for form in {form for word in words for form in word.forms}:
        at = folded.find(form)
        while at >= 0:
            places.append((kept[at][1], kept[at + len(form) - 1][2]))
            at = folded.find(form, at + len(form))
    merged = list[tuple[int, int]]()
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _kept(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each folded character with the place that it comes from."""
    before, gap = "", False
    for cluster in _CLUSTER.finditer(LONG_MARK.sub("-", text)):
        start, end = cluster.span()
        for char in _folded(cluster[0]):
            if char == " ":
                gap = True
                continue
            if gap and _is_apart(before, char):
                yield " ", start, start
            yield char, start, end
            before, gap = char, False


def _is_apart(before: str, char: str) -> bool:
    """Tell whether a blank between two characters means something."""
    if not before or (before.isdigit() and char.isdigit()):
        return False
    return before < _SPACED_END and char < _SPACED_END


@lru_cache(16_384)
def _folded(cluster: str) -> str:
    """Return a character folded; a blank for what is neither letter nor digit."""
    taken_apart = unicodedata.normalize("NFKD", cluster)
    if taken_apart[0] < _LATIN_END:
        whole = "".join(char for char in taken_apart if not unicodedata.combining(char))
    else:
        whole = unicodedata.normalize("NFKC", cluster)
    plain = whole.casefold().translate(_KATAKANA)
    return "".join(char if char.isalnum() else " " for char in plain)


def _plain(typed: str) -> Word:
    form = fold(typed)
    return Word((form,) if form else ())


def _number(typed: str, region: str) -> Word | None:
    """Return a whole number in its spellings; None for what is none, or a part of one."""
    narrow = unicodedata.normalize("NFKC", LONG_MARK.sub("-", typed)).strip()
    if narrow.startswith("+"):
        narrow = narrow.replace(_LEFT_OUT, "", 1)
    if not _NUMBER.fullmatch(narrow):
        return None
    whole = numbers.canonical(narrow, region)
    if not numbers.is_e164(whole):
        return None
    return Word(tuple(dict.fromkeys((fold(narrow), *_spellings(whole, region)))))


def _spellings(number: str, region: str) -> tuple[str, ...]:
    """Return a number's digits as they are written at home and from abroad."""
    whole = numbers.canonical(number, region)
    written = (number, whole, numbers.display(whole, region))
    return tuple(form for form in dict.fromkeys(map(fold, written)) if form)
