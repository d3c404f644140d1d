"""``[[term]]`` of a client's file: a word of the client, how it is read, how ears mishear it.

One table is judged here by itself; what needs the client's language or the other terms is judged by
`flaws`.  What becomes of the terms is in `sipbot.vocabulary`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from sipbot import sounds
from sipbot.form_parts import FROZEN, Line
from sipbot.term_fit import size_of
from sipbot.toml_places import Path as KeyPath
from sipbot.vocabulary import Term

TERMS_MAX = 200
"""A text of 70 characters is corrected by nine terms in 0.02 to 0.1 s of a core (measured), which
grows with the terms that nearly fit."""

Flaw = tuple[KeyPath, str, str]
"""Key, problem, remedy; as `TomlFile.mistake` takes them."""

_SCRIPTS = {
    "ja": (re.compile(r"[ぁ-ゖァ-ヺー\s・]+"), "kana", "ヤマトコウギョウ"),
    "ko": (re.compile(r"[가-힣\s]+"), "Hangul", "한빛전자"),
    "en": (re.compile(r"[A-Za-z\s'’.-]+"), "Latin letters", "Blue River"),
}
_LEAST = {"ja": 2, "ko": 2, "en": 3}
_UNITS = {"ja": "beats", "ko": "syllables", "en": "sounds"}
_LEAST_HEARD = {"ja": 2, "ko": 2, "en": 3}
"""Characters of a known mishearing: a shorter one is part of too many other words."""


class TermForm(BaseModel):
    """A word of the client that ears do not know."""

    model_config = FROZEN

    write: Annotated[Line, Field(examples=["やまと工業"])]
    """The word as it is written; without digits."""
    read: str = Field(default="", max_length=64, examples=["ヤマトコウギョウ"])
    """How it is said: kana, Hangul, or an English respelling; may be left out where `write` is in
    that script already."""
    heard: tuple[Line, ...] = Field(
        default=(), max_length=20, strict=False, examples=[["山と工業"]]
    )
    """Mishearings that have been seen, as the ear wrote them."""
    kind: Literal["person", "company", "product", "other"] = "other"
    """person, company, product, or other; a short person's name is only written where somebody is
    named."""


def terms_of(forms: Sequence[TermForm]) -> tuple[Term, ...]:
    """The terms as texts are corrected by them."""
    return tuple(
        Term(write=form.write, read=form.read or form.write, heard=form.heard, kind=form.kind)
        for form in forms
    )


def flaws(forms: Sequence[TermForm], language: str) -> Iterator[Flaw]:
    """What is wrong with a client's terms, in the order of the file."""
    written: dict[str, int] = {}
    said: dict[sounds.Sounds, int] = {}
    heard: dict[str, int] = {}
    spelt = {_bare(form.write) for form in forms}
    for place, form in enumerate(forms):
        key: KeyPath = ("term", place)
        if _bare(form.write) in written:
            yield _twice((*key, "write"), "is written", forms, written[_bare(form.write)])
        written.setdefault(_bare(form.write), place)
        yield from _digits(form, key)
        unread = list(_unread(form, language, key))
        yield from unread
        sound = _sounds(form.read or form.write, language)
        if not unread and sound in said and _bare(form.write) != _bare(forms[said[sound]].write):
            yield _twice((*key, "read"), "is read", forms, said[sound])
        said.setdefault(sound, place)
        for at, alias in enumerate(form.heard):
            where = (*key, "heard", at)
            yield from _misheard(alias, language, where, spelt)
            if _bare(alias) in heard:
                yield _twice(where, "is heard", forms, heard[_bare(alias)])
            heard.setdefault(_bare(alias), place)


def _twice(key: KeyPath, what: str, forms: Sequence[TermForm], place: int) -> Flaw:
    problem = f"{what} like that of {forms[place].write} ([[term]] {place + 1}) already"
    return key, problem, "Nobody could tell which was said: keep one of them"


def _digits(form: TermForm, key: KeyPath) -> Iterator[Flaw]:
    texts: list[tuple[KeyPath, str]] = [((*key, "write"), form.write)]
    texts += [((*key, "heard", at), alias) for at, alias in enumerate(form.heard)]
    for where, text in texts:
        if re.search(r"\d", text):
            remedy = "Write the part without digits: numbers are never corrected"
            yield where, "holds a digit", remedy


def _unread(form: TermForm, language: str, key: KeyPath) -> Iterator[Flaw]:
    script, name, example = _SCRIPTS[language]
    where: KeyPath = (*key, "read")
    if not form.read and not script.fullmatch(form.write):
        yield where, "is missing", f'Add how it is said, in {name}, such as read = "{example}"'
        return
    reading = form.read or form.write
    if not script.fullmatch(reading):
        remedy = f'Write how it is said in {name}, such as "{example}"'
        yield where, f"is not all {name}", remedy
        return
    size = size_of(reading, language)
    if size < _LEAST[language]:
        counted = f"{size} of {_LEAST[language]} {_UNITS[language]}"
        problem = f"is too short to be corrected safely ({counted})"
        yield (
            (where if form.read else (*key, "write")),
            problem,
            "Write the full name, or remove it",
        )


def _misheard(alias: str, language: str, key: KeyPath, spelt: set[str]) -> Iterator[Flaw]:
    if _bare(alias) in spelt:
        problem = "is a word of the vocabulary as it is written"
        yield key, problem, "Remove it: what is right is never replaced"
    kana = language == "ja" and sounds.is_kana(sounds.katakana(_bare(alias)))
    least = _LEAST_HEARD[language] + (1 if kana else 0)
    if len(_bare(alias)) < least:
        problem = f"is too short to be replaced safely ({len(_bare(alias))} of {least} characters)"
        yield key, problem, "Write more of what was heard around it, or remove it"


def _bare(text: str) -> str:
    """A text without what makes no other word of it."""
    return re.sub(r"\s+", "", text).casefold()


def _sounds(reading: str, language: str) -> sounds.Sounds:
    match language:
        case "ja":
            return sounds.of_kana(reading)
        case "ko":
            return sounds.of_hangul(reading)
        case _:
            return sounds.of_english(reading)
