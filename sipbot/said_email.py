"""E-mail addresses: written, spelled, and half of each.  Pure.

A spelled address is found from its middle: the word for @ with a domain of two parts or more after
it and something that can be a mailbox before it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sipbot.said_email_words import ANNOUNCES, LONGEST, NEVER, TENS, WORDS, U
from sipbot.said_tokens import Folded


@dataclass(frozen=True, slots=True)
class _Unit:
    kind: U
    text: str
    start: int
    end: int
    literal: bool = False


_PARTS_MAX = 40
"""Units on each side of the @; RFC 5321 section 4.5.3.1 allows 64 characters before it."""
_WORDS_MAX = 3
"""Words that are read as one mailbox; more are a sentence."""
_LABELS_MAX = 6
_LITERAL = {"@": U.AT, ".": U.DOT, "_": U.JOIN, "-": U.JOIN, "+": U.JOIN, ",": U.FILL}
_ONE_WORD = re.compile(
    r"(?:all\s+)?(?:in\s+)?(?:one|a\s+single)\s+word\b|no\s+spaces?\b|all\s+together\b"
)
"""The words before it are one mailbox."""
_LOWER_CASE = re.compile(r"(?:all\s+)?(?:in\s+)?lower\s?case\b")
_LATIN = re.compile(r"[a-z]+(?:'[a-z]+)?")
_FIGURES = re.compile(r"[0-9]+")


def find_email(folded: Folded, language: str) -> list[tuple[int, int, str]]:
    """Return where addresses are in the folded text, and what they are."""
    words = WORDS.get(language, WORDS["en"])
    if "@" not in folded.text and not any(
        word in folded.text for word, (kind, _) in words.items() if kind is U.AT
    ):
        return []
    units = _units(folded.text, words)
    said: list[tuple[int, int, str]] = []
    for at, one in enumerate(units):
        if one.kind is not U.AT or (said and one.start < said[-1][1]):
            continue
        domain, last = _domain(units, at + 1)
        box, first = _box(units, at, after=said[-1][1] if said else 0) if domain else ("", at)
        if box and domain:
            said.append((units[first].start, units[last].end, f"{box}@{domain}"))
    return said


def _units(text: str, words: dict[str, tuple[U, str]]) -> list[_Unit]:
    out: list[_Unit] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        one = _unit(text, at, words)
        out.append(one)
        at = one.end
    return _with_tens(text, out)


def _with_tens(text: str, units: list[_Unit]) -> list[_Unit]:
    """Put together what is said as one number: ninety nine, ninety-nine."""
    out: list[_Unit] = []
    for one in units:
        tens = out[-1] if out else None
        hyphen = tens is not None and tens.text == "-" and tens.literal and len(out) > 1
        if hyphen:
            tens = out[-2]
        said = tens is not None and _is_spoken(tens, TENS.values()) and _is_spoken(one, "123456789")
        if said and tens is not None and text[tens.end : one.start].strip(" ") in ("", "-"):
            del out[-2 if hyphen else -1 :]
            out.append(_Unit(U.CHAR, tens.text[0] + one.text, tens.start, one.end))
        else:
            out.append(one)
    return out


def _is_spoken(one: _Unit, values: Collection[str]) -> bool:
    return one.kind is U.CHAR and not one.literal and one.text in values


def _unit(text: str, at: int, words: dict[str, tuple[U, str]]) -> _Unit:
    for phrase in (_ONE_WORD, _LOWER_CASE) if "at" in words else ():
        if told := phrase.match(text, at):
            return _Unit(U.FILL, "one word" if phrase is _ONE_WORD else "", at, told.end())
    if latin := _LATIN.match(text, at):
        return _latin(latin.group(), at, latin.end(), words)
    if figures := _FIGURES.match(text, at):
        return _Unit(U.CHAR, figures.group()[:64], at, figures.end(), literal=True)
    for end in range(min(len(text), at + LONGEST), at, -1):
        if known := words.get(text[at:end]):
            return _Unit(known[0], known[1], at, end)
    kind = _LITERAL.get(text[at], U.OTHER)
    return _Unit(kind, text[at], at, at + 1, literal=True)


def _latin(word: str, at: int, end: int, words: dict[str, tuple[U, str]]) -> _Unit:
    if known := words.get(word):
        return _Unit(known[0], known[1], at, end)
    if word in TENS and "at" in words:
        return _Unit(U.CHAR, TENS[word], at, end)
    return _Unit(U.CHAR if len(word) == 1 else U.WORD, word, at, end, literal=True)


def _domain(units: list[_Unit], at: int) -> tuple[str, int]:
    """Read a domain from a unit on; return it and its last unit, or an empty one."""
    labels: list[str] = []
    last = at
    while at < len(units) and len(labels) < _LABELS_MAX:
        label, upto = _label(units, at, first=not labels)
        if not label:
            break
        labels.append(label)
        last = upto - 1
        if upto >= len(units) or units[upto].kind is not U.DOT:
            break
        if units[upto].literal and not _touches(units, upto):
            break
        at = upto + 1
    top = labels[-1] if labels else ""
    if len(labels) < 2 or not top.isalpha() or len(top) < 2:
        return "", at
    return ".".join(labels), last


def _touches(units: list[_Unit], at: int) -> bool:
    """Tell a point inside a written address from a full stop."""
    return at + 1 < len(units) and units[at].end == units[at + 1].start


def _label(units: list[_Unit], at: int, *, first: bool) -> tuple[str, int]:
    """Read one part of a domain: letters, one word, or before the first dot all that is said."""
    parts: list[str] = []
    begin = at
    words = 0
    while at < len(units) and at - begin < _PARTS_MAX:
        one = units[at]
        if one.kind is U.WORD:
            if words and not first:
                break
            if parts and not first and words == 0 and units[at - 1].end != one.start:
                break
            words += 1
        elif one.kind is U.JOIN:
            if not parts or one.text != "-" or at + 1 >= len(units):
                break
            if units[at + 1].kind not in (U.WORD, U.CHAR):
                break
        elif one.kind is U.CHAR:
            if words and not (first or (one.literal and units[at - 1].end == one.start)):
                break
        elif one.kind is U.FILL and (first or not parts):
            at += 1
            continue
        else:
            break
        parts.append(one.text)
        at += 1
    if first and (at >= len(units) or units[at].kind is not U.DOT or words > 4):
        return "", begin
    return "".join(parts), at


def _box(units: list[_Unit], at: int, *, after: int) -> tuple[str, int]:
    """Read the mailbox that ends before the @; return it and its first unit."""
    parts: list[str] = []
    first = at
    place = at - 1
    words = letters = 0
    while place >= 0 and at - place < _PARTS_MAX and units[place].start >= after:
        one = units[place]
        touching = one.end == units[place + 1].start and units[place + 1].text != ","
        if one.kind is U.WORD:
            if one.text in NEVER and not touching:
                break
            if (words or letters >= 3) and not touching and not _all_words(units, place, at):
                break
            words += 1
        elif one.kind is U.CHAR:
            if one.text in ("a", "i") and words and not letters and not touching:
                break
            letters += one.text.isalpha()
        elif one.kind in (U.DOT, U.JOIN):
            if not parts or (one.literal and not touching):
                break
            words = letters = 0
        elif one.kind is U.TWICE and parts and len(parts[-1]) == 1:
            parts.append(parts[-1])
            first = place
            place -= 1
            continue
        elif (one.kind is U.FILL and one.text != "@" and parts and not touching) or (
            one.kind is U.FILL and not parts
        ):
            place -= 1
            continue
        else:
            break
        if place - 3 >= 0 and one.kind is U.WORD and _explains(units, place):
            place = _explained(units, place)
            words -= 1
            continue
        parts.append(one.text)
        first = place
        place -= 1
    box = "".join(reversed(parts)).strip("._-+")
    return (box, first) if box else ("", at)


def _all_words(units: list[_Unit], place: int, at: int) -> bool:
    """Whether this word is of a mailbox of some words: "it's mary smith at …" is marysmith.

    All between the word that announces an address and the @ are words.
    """
    said = [one for one in units[place:at] if one.kind is not U.FILL or one.text == ","]
    if any(one.kind is not U.WORD or one.text in NEVER for one in said):
        return False
    if any(one.text == "one word" for one in units[place:at]):
        return len(said) <= _WORDS_MAX
    first = place
    while first > 0 and units[first - 1].kind is U.WORD and units[first - 1].text not in NEVER:
        first -= 1
    return at - first <= _WORDS_MAX and first > 0 and units[first - 1].text in ANNOUNCES


def _explains(units: list[_Unit], place: int) -> bool:
    """Tell whether this word only says which letter was meant: ``b as in bravo``."""
    letter = units[_explained(units, place)]
    said = units[place - 1].text
    return (
        letter.kind is U.CHAR
        and letter.text == units[place].text[0]
        and (said == "for" or (said == "in" and units[place - 2].text == "as"))
    )


def _explained(units: list[_Unit], place: int) -> int:
    return place - (2 if units[place - 1].text == "for" else 3)
