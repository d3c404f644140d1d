"""The words of the console, in English and Japanese.  Pure.

What `sipbot memos` says too is taken from `sipbot.labels`, so that an operator reads the same word
in both places.  A test compares the two languages key by key.
"""

from collections.abc import Iterator

from sipbot.console import words_elsewhere, words_en, words_figures, words_ja
from sipbot.labels import LABELS

LANGUAGES = {"en": "English", "ja": "日本語"}
"""Code to the language's own name."""

_OWN = {
    "en": {**words_en.WORDS, **words_figures.EN, **words_elsewhere.EN},
    "ja": {**words_ja.WORDS, **words_figures.JA, **words_elsewhere.JA},
}

_SPOKEN = (
    "lang",
    "due_in",
    "overdue",
    "waits",
    "just_now",
    "unit_s",
    "unit_min",
    "unit_h",
    "unit_d",
    "new_urgent",
)


class Words:
    """The words of one language.

    Args:
        language: a key of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = {**LABELS[language], **_OWN[language]}

    def __getitem__(self, key: str) -> str:
        """Return a word; KeyError for one that nobody wrote."""
        return self._words[key]

    def __iter__(self) -> Iterator[str]:
        """Every key."""
        return iter(self._words)

    def spoken(self) -> dict[str, str]:
        """Return the words that scripts say: how much time is left, and what has become urgent."""
        return {key: self._words[key] for key in _SPOKEN}

    def of(self, value: str, prefix: str = "") -> str:
        """Return what a value of the memo is called; the value itself when it has no name."""
        return self._words.get(f"{prefix}{value}", value)


ALL = {language: Words(language) for language in LANGUAGES}
"""Made once: nothing in them changes."""
