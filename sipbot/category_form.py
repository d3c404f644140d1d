"""``[[category]]`` of a client's file: which words of a message say what it is about.

What becomes of them is in `sipbot.categories`.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from sipbot.categories import Category, words_said
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
    earlier: dict[str, str] = {}
    for place, form in enumerate(forms):
        for at, word in enumerate(form.words):
            known = next(iter(words_said((*earlier,), word, language)), None)
            if known is not None and not form.urgent:
                key: KeyPath = ("category", place, "words", at)
                problem = f'never counts: who says it says "{known}", which is {earlier[known]}'
                yield key, problem, f"Remove it, or put {form.name} before {earlier[known]}"
        earlier |= dict.fromkeys(form.words, form.name)
