"""How near two readings sound: letters of Japanese, Korean and English as sounds, and what it costs
to take one for another.  Pure.

Ears write another spelling of the right sound far more often than another sound (Japanese company
names by their characters 0 of 20 right, by their reading 19 of 20: research measurement), and where
the sound differs it does so in a few ways: voicing, length, a nasal.  Those cost little here;
any other difference costs 1.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Sounds = tuple[str, ...]
"""One entry a sound."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What differences between two sounds of a language cost; what is not named costs 1."""

    swap: Mapping[tuple[str, str], float]
    """One sound for another, in both orders."""
    drop: Mapping[str, float]
    """A sound too many or too few."""


def _both_ways(*groups: tuple[str, float]) -> dict[tuple[str, str], float]:
    """Every pair of sounds of each group, such as ``("k g", 0.4)``."""
    return {
        (one, other): cost
        for sounds, cost in groups
        for one in sounds.split()
        for other in sounds.split()
        if one != other
    }


# -- Japanese -------------------------------------------------------------------------------------

_KANA_ROWS = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "g": "ガギグゲゴ",
    "s": "サシスセソ",
    "z": "ザジズゼゾ",
    "t": "タチツテト",
    "d": "ダヂヅデド",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "m": "マミムメモ",
    "y": "ヤ ユ ヨ",
    "r": "ラリルレロ",
    "w": "ワヰ ヱヲ",
    "v": "  ヴ  ",
}
_KANA: dict[str, Sounds] = {
    kana: tuple(filter(None, (consonant, vowel)))
    for consonant, row in _KANA_ROWS.items()
    for kana, vowel in zip(row, "aiueo", strict=False)
    if kana != " "
}
_KANA |= {"チ": ("ch", "i"), "ツ": ("ts", "u"), "シ": ("sh", "i"), "ヂ": ("j", "i")}
_KANA |= {"ジ": ("j", "i"), "ヅ": ("z", "u"), "ヲ": ("o",), "ヰ": ("i",), "ヱ": ("e",)}
_KANA |= {"ン": ("N",), "ッ": ("Q",), "ー": (":",), "フ": ("f", "u")}
_GLIDES = dict(zip("ャュョヮ", "auoa", strict=True))
_SMALL = dict(zip("ァィゥェォ", "aiueo", strict=True))
_PALATAL = {"sh", "ch", "j"}
KANA_SMALL = frozenset("ャュョヮァィゥェォゃゅょゎぁぃぅぇぉ")
"""Kana that belong to the one before them; ``ー`` does too, and is a mora of its own."""

JAPANESE = Costs(
    swap=_both_ways(
        ("k g", 0.4),
        ("s z", 0.4),
        ("t d", 0.4),
        ("h b", 0.6),
        ("b p", 0.4),
        ("b v", 0.2),
        ("h f", 0.3),
        ("sh j", 0.4),
        ("ch j", 0.4),
        ("s sh", 0.5),
        ("t ts ch", 0.6),
        ("r d", 0.6),
        ("N n m", 0.4),
        ("n m", 0.6),
        ("i e", 0.7),
        ("u o", 0.7),
        ("Q :", 0.5),
    ),
    drop={":": 0.3, "Q": 0.4, "N": 0.7, "y": 0.5, "w": 0.6, "h": 0.7},
)
"""Length, gemination and voicing are what a telephone and an ear lose first."""


def katakana(text: str) -> str:
    """Hiragana as katakana, width normalised (NFKC); everything else stays."""
    return "".join(
        chr(ord(one) + 0x60) if "ぁ" <= one <= "ゖ" else one
        for one in unicodedata.normalize("NFKC", text)
    )


def is_kana(text: str) -> bool:
    """Whether a text is nothing but kana and ``ー``."""
    return bool(text) and all(one in _KANA or one in _GLIDES or one in _SMALL for one in text)


def morae(reading: str) -> int:
    """How many beats a reading in kana has; what is not kana counts nothing."""
    return sum(one in _KANA for one in katakana(reading))


def of_kana(reading: str) -> Sounds:
    """The sounds of a reading; what is not kana is left out."""
    found: list[str] = []
    for kana in katakana(reading):
        if kana in _GLIDES or kana in _SMALL:
            _join(found, kana)
        else:
            for sound in _KANA.get(kana, ()):
                found.append(_long(found, sound))
    return tuple(found)


def _join(found: list[str], small: str) -> None:
    """A small kana takes the place of the vowel before it: キ + ャ, フ + ァ."""
    if found and found[-1] in "iueo":
        found.pop()
    if small in _GLIDES and not (found and found[-1] in _PALATAL):
        found.append("y")
    found.append(_GLIDES.get(small) or _SMALL[small])


def _long(found: Sequence[str], sound: str) -> str:
    """A vowel that only lengthens the one before it, as in オウ, エイ and アア, is ``:``."""
    pair = (found[-1] if found else "") + sound
    return ":" if pair in {"aa", "ii", "uu", "ee", "oo", "ou", "ei"} else sound


# -- Korean ---------------------------------------------------------------------------------------

_INITIALS = tuple("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")
_VOWELS = tuple("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_CLUSTERS = {"ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ"}
_CLUSTERS |= {"ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹ", "ㅄ": "ㅂㅅ"}
_SAME_VOWEL = {"ㅔ": "ㅐ", "ㅖ": "ㅒ", "ㅞ": "ㅙ", "ㅚ": "ㅙ"}
"""Vowels that today's speakers of Seoul say alike."""
_SYLLABLES = ("가", "힣")

KOREAN = Costs(
    swap=_both_ways(
        ("ㄱ ㄲ ㅋ", 0.3),
        ("ㄷ ㄸ ㅌ", 0.3),
        ("ㅂ ㅃ ㅍ", 0.3),
        ("ㅈ ㅉ ㅊ", 0.3),
        ("ㅅ ㅆ", 0.3),
        ("ㅁ ㅂ", 0.6),
        ("ㄴ ㄹ", 0.5),
        ("ㄴ ŋ ㅁ", 0.5),
        ("ㅓ ㅗ", 0.5),
        ("ㅗ ㅜ", 0.5),
        ("ㅡ ㅜ", 0.5),
        ("ㅓ ㅡ", 0.6),
        ("ㅏ ㅓ", 0.7),
        ("ㅐ ㅣ", 0.7),
        ("ㅑ ㅏ", 0.5),
        ("ㅕ ㅓ", 0.5),
        ("ㅛ ㅗ", 0.5),
        ("ㅠ ㅜ", 0.5),
        ("ㅙ ㅗ", 0.6),
        ("ㅙ ㅐ", 0.4),
        ("ㅘ ㅏ", 0.5),
        ("ㅝ ㅓ", 0.5),
        ("ㅢ ㅣ ㅡ", 0.4),
    ),
    drop={"ㅎ": 0.4, "ŋ": 0.7},
)


def is_hangul(text: str) -> bool:
    """Whether a text is nothing but syllables of Hangul."""
    first, last = _SYLLABLES
    return bool(text) and all(first <= one <= last for one in text)


def of_hangul(text: str) -> Sounds:
    """The sounds of Hangul, in order, without the silent ㅇ: 한국어 and 한구거 are the same."""
    found: list[str] = []
    for one in unicodedata.normalize("NFC", text):
        if not is_hangul(one):
            continue
        rest, final = divmod(ord(one) - ord("가"), len(_FINALS))
        initial, vowel = divmod(rest, len(_VOWELS))
        if _INITIALS[initial] != "ㅇ":
            found.append(_INITIALS[initial])
        found.append(_SAME_VOWEL.get(_VOWELS[vowel], _VOWELS[vowel]))
        last = _FINALS[final]
        found += ("ŋ",) if last == "ㅇ" else tuple(_CLUSTERS.get(last, last))
    return tuple(found)


# -- English --------------------------------------------------------------------------------------

ENGLISH = Costs(
    swap=_both_ways(
        ("a e i o u y", 0.4),
        ("b p", 0.4),
        ("d t", 0.4),
        ("g k", 0.4),
        ("c k", 0.1),
        ("c s", 0.3),
        ("s z", 0.2),
        ("f v", 0.3),
        ("m n", 0.5),
        ("l r", 0.6),
        ("v w", 0.5),
        ("j g", 0.4),
        ("q k", 0.1),
        ("f θ", 0.4),
        ("i y", 0.1),
        ("ʃ s", 0.5),
        ("ʃ c", 0.5),
        ("r w", 0.7),
        ("r v", 0.8),
    ),
    drop={"a": 0.4, "e": 0.3, "i": 0.4, "o": 0.4, "u": 0.4, "y": 0.4, "h": 0.4, "r": 0.7, "w": 0.6},
)
"""Spelling says little about vowels; consonants carry a name over a telephone."""

_SPELLINGS = (
    ("tion", "ʃn"),
    ("sion", "ʃn"),
    ("eigh", "ei"),
    ("ough", "o"),
    ("igh", "i"),
    ("tch", "ʃ"),
    ("sch", "ʃ"),
    ("ph", "f"),
    ("gh", "g"),
    ("th", "θ"),
    ("sh", "ʃ"),
    ("ch", "ʃ"),
    ("ck", "k"),
    ("qu", "kw"),
    ("wh", "w"),
    ("wr", "r"),
    ("kn", "n"),
    ("dg", "j"),
    ("x", "ks"),
)
"""Letters that make one sound, the longest first."""


def letters(text: str) -> str:
    """The letters of a text in small type, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if "a" <= one <= "z")


def of_english(text: str) -> Sounds:
    """The sounds of English spelling, roughly: joined words, one entry for doubled letters."""
    spelt = letters(text)
    found: list[str] = []
    place = 0
    while place < len(spelt):
        here = (pair for pair in _SPELLINGS if spelt.startswith(pair[0], place))
        written, said = next(here, (spelt[place], spelt[place]))
        for sound in said:
            if not found or found[-1] != sound:
                found.append(sound)
        place += len(written)
    if len(found) > 3 and found[-1] == "e":
        found.pop()  # silent
    return tuple(found)


# -- distance -------------------------------------------------------------------------------------


def distance(heard: Sounds, wanted: Sounds, costs: Costs) -> float:
    """What it costs to take one reading for the other; 0 when they sound alike."""
    return _rows(heard, wanted, costs, anywhere=False)[-1]


def nearest(heard: Sounds, wanted: Sounds, costs: Costs) -> float:
    """The distance of the part of `heard` that is nearest to `wanted` (Sellers' search)."""
    return min(_rows(heard, wanted, costs, anywhere=True))


def _rows(heard: Sounds, wanted: Sounds, costs: Costs, *, anywhere: bool) -> list[float]:
    """The last row of the table of Wagner and Fischer: costs up to each sound that was heard."""
    row = [0.0]
    for sound in heard:
        row.append(0.0 if anywhere else row[-1] + costs.drop.get(sound, 1.0))
    for sound in wanted:
        missing = costs.drop.get(sound, 1.0)
        above, row = row, [row[0] + missing]
        for place, other in enumerate(heard):
            swap = 0.0 if sound == other else costs.swap.get((sound, other), 1.0)
            row.append(
                min(
                    above[place] + swap,
                    above[place + 1] + missing,
                    row[place] + costs.drop.get(other, 1.0),
                )
            )
    return row
