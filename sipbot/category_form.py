"""``[[category]]`` of a client's file: which words of a message say what it is about.

What becomes of them is in `sipbot.categories`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from sipbot.categories import Category, letters_of, words_said
from sipbot.form_parts import FROZEN, CategoryName, Line
from sipbot.toml_places import Path as KeyPath

CATEGORIES_MAX = 100

Flaw = tuple[KeyPath, str, str]
"""Key, problem, remedy; as `TomlFile.mistake` takes them."""


class CategoryForm(BaseModel):
    """What some messages are about, by the words in them; the first that fits counts."""

    model_config = FROZEN

    name: CategoryName
    """The category in the memo."""
    words: tuple[Annotated[Line, Field(examples=["故障"])], ...] = Field(
        min_length=1, max_length=200, strict=False, examples=[["故障", "動かない"]]
    )
    """Words and phrases; a message that says one of them, and does not deny it, is of this
    category."""
    urgent: bool = False
    """Messages that say one of these words are urgent."""


def categories_of(forms: Sequence[CategoryForm]) -> tuple[Category, ...]:
    """The categories as messages are sorted by them."""
    return tuple(Category(name=form.name, words=form.words, urgent=form.urgent) for form in forms)


def flaws(forms: Sequence[CategoryForm], language: str) -> Iterator[Flaw]:
    """What is wrong with the list as a whole."""
    names: set[str] = set()
    for place, form in enumerate(forms):
        if form.name in names:
            key: KeyPath = ("category", place, "name")
            yield key, "is used twice", "Put the words of both into one table"
        names.add(form.name)
        for at, word in enumerate(form.words):
            if not words_said((word,), word, language):
                key = ("category", place, "words", at)
                yield key, "has no letters", "Write a word that callers say"


def in_vain(forms: Sequence[CategoryForm], language: str) -> Iterator[Flaw]:
    """Words that never count: who says them says a word of an earlier category."""
    earlier = _Words(language)
    for place, form in enumerate(forms):
        for at, word in enumerate(form.words):
            known = None if form.urgent else earlier.said_by(word)
            if known is not None:
                key: KeyPath = ("category", place, "words", at)
                problem = f'never counts: who says it says "{known.word}", which is {known.of}'
                yield key, problem, f"Remove it, or put {form.name} before {known.of}"
        earlier.add(form)


@dataclass(frozen=True, kw_only=True)
class _Word:
    """One of a client's words."""

    place: int
    """In the client's list."""
    word: str
    of: str
    """Its category."""


class _Words:
    """Words of a client by their letters: a word is compared with those only that are a part of it,
    or a list of 20,000 words would have to be searched 20,000 times.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._known: dict[str, _Word] = {}
        self._lengths: set[int] = set()

    def add(self, form: CategoryForm) -> None:
        for word in form.words:
            letters = letters_of(word, self._language)
            if letters:
                one = _Word(place=len(self._known), word=word, of=form.name)
                self._known.setdefault(letters, one)
                self._lengths.add(len(letters))

    def said_by(self, text: str) -> _Word | None:
        """Return the first of the words that this text says, and does not deny."""
        letters = letters_of(text, self._language)
        parts = {
            letters[start : start + length]
            for length in self._lengths
            for start in range(len(letters) - length + 1)
        }
        known = sorted((self._known[one] for one in parts & self._known.keys()), key=_place)
        said = words_said([one.word for one in known], text, self._language)
        return next((one for one in known if one.word in said), None)


def _place(word: _Word) -> int:
    return word.place
