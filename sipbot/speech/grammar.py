"""What a caller may say at a menu, as a recogniser's grammar, and which of it was said.  Pure.

A recogniser that may hear nothing but a few phrases finds them far more often than one that may
hear the whole language, and it finds them in everything: with vosk's name for "something else"
alone, every other Korean sentence became a menu word.  So the grammar also holds *fillers*, the
syllables of the language, of which any other sentence can be made (figures: docs/decisions/0011).
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import msgspec

UNKNOWN = ("<UNK>", "[unk]", "<unk>")
"""What models call a word they do not know: the Korean one the first, most others the second.  A
name that a model does not know is ignored, and then every sound is forced into the grammar
(measured)."""

SURE = 0.7
"""Least confidence of every word of a phrase, 0 to 1 (figures: docs/decisions/0011)."""

_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_FINALS = 28
"""Unicode 15, section 3.12: a syllable is 28 * (its beginning and vowel) + its final consonant."""

_COMMON_FINALS = frozenset({0, 1, 4, 8, 16, 21})
"""None, and the consonants that close most syllables: k, n, l, m, ng."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One word that the recogniser heard."""

    word: str
    confidence: float


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """The phrases of a menu that a model can hear."""

    phrases: dict[tuple[str, ...], str]
    """A phrase in the model's words → the phrase as the menu writes it."""
    others: tuple[str, ...]
    """What everything else is heard as."""
    left_out: tuple[str, ...]
    """Phrases with a word that is not in the model's vocabulary, or that are no longer than a
    filler; only free text finds them."""

    @property
    def as_json(self) -> str:
        """The grammar as vosk takes it."""
        spoken = [" ".join(words) for words in self.phrases]
        return json.dumps([*spoken, *self.others], ensure_ascii=False)

    def choice(self, heard: Sequence[Heard]) -> str | None:
        """Return the phrase that was said; None when none, several, or one was said unclearly."""
        said = {phrase for phrase, sure in self._found(heard) if sure}
        return said.pop() if len(said) == 1 else None

    def _found(self, heard: Sequence[Heard]) -> Iterable[tuple[str, bool]]:
        at = 0
        while at < len(heard):
            longest = max(
                (words for words in self.phrases if _begins(heard[at:], words)),
                key=len,
                default=None,
            )
            if longest is None:
                at += 1
                continue
            sure = all(one.confidence >= SURE for one in heard[at : at + len(longest)])
            yield self.phrases[longest], sure
            at += len(longest)


def fillers(language: str, knows: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the syllables of a language that a model knows; none where none were measured.

    Args:
        language: a BCP 47 tag.
        knows: whether a word is in the model's vocabulary.
    """
    if language.split("-", 1)[0].lower() != "ko":
        return ()
    codes = (code for code in _HANGUL_SYLLABLES if (code - 0xAC00) % _FINALS in _COMMON_FINALS)
    return tuple(filter(knows, map(chr, codes)))


def grammar(
    phrases: Iterable[str], others: Sequence[str], knows: Callable[[str], bool]
) -> Grammar | None:
    """Return the grammar of a menu; None when everything would be heard as one of its phrases.

    Args:
        phrases: words and phrases of the menu.
        others: the fillers of the language.
        knows: whether a word is in the model's vocabulary.
    """
    unknown = next((name for name in UNKNOWN if knows(name)), None)
    if unknown is None or not others:
        return None
    can: dict[tuple[str, ...], str] = {}
    cannot: list[str] = []
    for phrase in phrases:
        words = tuple(unicodedata.normalize("NFC", phrase).casefold().split())
        if words and all(map(knows, words)) and not set(words).issubset(others):
            can.setdefault(words, phrase)
        else:
            cannot.append(phrase)
    return Grammar(phrases=can, others=(*others, unknown), left_out=tuple(cannot))


def _begins(heard: Sequence[Heard], words: tuple[str, ...]) -> bool:
    return words == tuple(one.word for one in heard[: len(words)])
