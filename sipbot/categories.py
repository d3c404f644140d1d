"""What a message is about, and whether it is urgent, by the client's own words.  Pure.

Data path: ear → Transcript → vocabulary → said → readable → gist → [categories] → memo

The first category of the client's list one of whose words was said counts, as the first route that
fits counts; each category that is marked as urgent makes the message urgent, whichever counts.
A word that is denied was not said: 「急ぎではありません」, "not urgent", "급한 건 아니고".

What the route or a menu said about the call is stronger than words: the caller chose it by the
number dialled or the key pressed, while a word may have been meant otherwise or misheard.  Urgency
only adds up: words never take it back.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sipbot import late
from sipbot.menu_words import UNSPACED

BY_ROUTE = "route"
"""The reason of a category that the route or a menu gave."""

BY_ROUTE_OR_KEY = "route or key"
"""The reason of an urgency that the route gave, or the caller by the urgent key."""

_BETWEEN = late.compile(r"[\W_]+")

_DENIED_AFTER = {
    "ja": late.compile(
        r"^(?:の(?:件|用件|話|もの|こと|用事|電話)?)?(?:と(?:いう|言う|いった)?(?:わけ|ほど|こと)?|ほど)?"
        r"(?:では|じゃ|で(?=は?な[いく])|には|は)?"
        r"(?:あり?ません|ございません|ない(?!と)|無い|なく(?!し|な)|ません(?!か)|なければ)"
    ),
    "ko": late.compile(
        r"^[가-힣]{0,2}\s?(?:(?:건|것|거|일|문제|상황|연락|전화|용건)(?:은|는|이|가|도)?\s?)?(?:까지는\s?)?"
        r"(?:전혀\s|절대\s|그렇게\s)?(?:아니(?!면)|아닙|아닌|아녜|안\s?(?:급|해)|않|없)"
    ),
}
_DENIED_BEFORE = {
    "en": late.compile(
        r"(?:\b(?:not|never|nothing|neither|hardly|without|isn['’]?t|wasn['’]?t|aren['’]?t|ain['’]?t"
        r"|don['’]?t (?:have|need|want)|doesn['’]?t (?:have|need))"
        r"(?:\s+(?:a|an|the|that|this|very|really|so|too|all|at|terribly|particularly|especially"
        r"|super|exactly|any|of|longer|yet|even|be|being|considered|about|for|in|because|quite|it))*"
        r"|\b(?:no|non)(?:\s+(?:longer|real|particular|great|such))?)[\s-]+$"
    ),
    "ko": late.compile(r"(?:^|\s)(?:안|별로)\s?$"),
}


@dataclass(frozen=True, kw_only=True)
class Category:
    """What a client calls some of its messages."""

    name: str
    words: tuple[str, ...]
    """Words and phrases; a message that says one of them is of this category."""
    urgent: bool = False
    """Such a message is urgent."""


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """What a message is about, and why."""

    category: str | None = None
    category_reason: str = ""
    """``said 故障``, or `BY_ROUTE`; empty without a category."""
    urgent: bool = False
    urgency_reason: str = ""
    """``said 至急``, or `BY_ROUTE_OR_KEY`; empty where it is not urgent."""


def sort_out(
    text: str,
    categories: Sequence[Category],
    language: str,
    *,
    category: str | None = None,
    urgent: bool = False,
) -> Sorted:
    """Return what a message is about.

    Args:
        text: what the caller said, as an ear wrote it.
        categories: the client's, in its order.
        language: of text and words, a BCP 47 tag.
        category: what the route or a menu says of the call; it stays.
        urgent: the route or the caller's key says so; it stays.
    """
    heard = _Heard(text, language) if categories else None
    found = [(one, heard.said(one.words)) for one in categories] if heard else []
    name, word = next(((one.name, said[0]) for one, said in found if said), (None, ""))
    urgent_word = next((said[0] for one, said in found if said and one.urgent), "")
    by_words = Sorted(
        category=name,
        category_reason=f"said {word}" if word else "",
        urgent=bool(urgent_word),
        urgency_reason=f"said {urgent_word}" if urgent_word else "",
    )
    return beside(by_words, category=category, urgent=urgent)


def beside(by_words: Sorted, *, category: str | None, urgent: bool) -> Sorted:
    """Return what a message is about by its words and by its call, which is the stronger one.

    Args:
        by_words: what the words alone say.
        category: what the route or a menu says of the call; None: nothing.
        urgent: the route or the caller's key says so.
    """
    if category is not None:
        by_words = replace(by_words, category=category, category_reason=BY_ROUTE)
    if urgent:
        by_words = replace(by_words, urgent=True, urgency_reason=BY_ROUTE_OR_KEY)
    return by_words


def letters_of(word: str, language: str) -> str:
    """Return a word as it is looked for in a text: the text that says it has these letters too.

    Args:
        word: of a client's list.
        language: a BCP 47 tag.
    """
    return _flat(word, tight=_is_tight(language.split("-", 1)[0]))[0].strip()


def words_said(words: Sequence[str], text: str, language: str) -> tuple[str, ...]:
    """Return those of the words that were said and not denied, in the order of the client's list.

    A word is found as a menu finds it (`menu_words.chosen`): whole words where a language writes
    spaces, the beginning of a word in Korean, anywhere in Japanese.
    """
    return _Heard(text, language).said(words)


class _Heard:
    """A text made ready to be searched for many words."""

    def __init__(self, text: str, language: str) -> None:
        self._text = text
        self._tag = language.split("-", 1)[0]
        self._tight = _is_tight(self._tag)
        self._flat, self._at = _flat(text, tight=self._tight)

    def said(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return those of the words that were said and not denied, in their order."""
        text = self._text
        return tuple(
            word
            for word in words
            if any(
                not _denied(text[:start], text[end:], self._tag)
                for start, end in self._places(word)
            )
        )

    def _places(self, word: str) -> Iterator[tuple[int, int]]:
        """Every place of the text at which a word is, begin and end."""
        wanted, _ = _flat(word, tight=self._tight)
        if not wanted.strip():
            return
        start = self._flat.find(wanted)
        while start >= 0:
            end = start + len(wanted)
            if self._tag != "ko" or _begins_a_word(self._text, self._at[start]):
                inside = [place for place in self._at[start:end] if place >= 0]
                yield inside[0], inside[-1] + 1
            start = self._flat.find(wanted, start + 1)


def _is_tight(tag: str) -> bool:
    """Whether spaces between words tell nothing in a language."""
    return tag in UNSPACED or tag == "ko"


def _denied(before: str, after: str, tag: str) -> bool:
    pattern, other = _DENIED_BEFORE.get(tag), _DENIED_AFTER.get(tag)
    if pattern is not None and pattern.search(before.casefold()):
        return True
    if other is None:
        return False
    if tag in UNSPACED:
        after = re.sub(r"\s", "", after)
    return bool(other.search(after))


def _begins_a_word(text: str, place: int) -> bool:
    return place == 0 or bool(_BETWEEN.match(text[place - 1]))


def _flat(text: str, *, tight: bool) -> tuple[str, list[int]]:
    """Return the letters and digits of a text in small letters, and where each of them is.

    Between words, and before and after them, is one space (place -1), unless `tight`.
    """
    letters: list[str] = [] if tight else [" "]
    places: list[int] = [] if tight else [-1]
    for place, char in enumerate(text):
        for one in unicodedata.normalize("NFKC", char).casefold():
            if not _BETWEEN.fullmatch(one):
                letters.append(one)
                places.append(place)
            elif not tight and letters[-1] != " ":
                letters.append(" ")
                places.append(-1)
    if not tight and letters[-1] != " ":
        letters.append(" ")
        places.append(-1)
    return "".join(letters), places
