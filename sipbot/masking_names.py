"""Names in a text that nobody may see: wherever they stand, in whatever spelling.  Pure.

They come from the memo and the client's terms; names that nobody knows are found by the titles with
which they are said (`masking_persons`).
"""

import re
from collections.abc import Callable, Iterable, Iterator

from sipbot import late
from sipbot.gist_text import words
from sipbot.said_tokens import Folded, fold

Place = tuple[int, int]
Reading = Callable[[str], str | None]
"""Japanese text → katakana; None when nobody can tell."""

HIRAGANA_LEAST = 3
"""Kana of a reading that is looked for in hiragana: shorter ones are parts of other words (もり in
つもり).  In katakana two are enough."""
LATIN_LEAST = 2
"""Letters of a part of a name; an initial is no name."""

PARTS_MOST = 3
"""Parts of a name that are looked for by themselves; what has more is a phrase: hidden whole."""
_COMMON = words(
    "the and of from with for in at to on is it's my mr mrs ms dr team sales office service center "
    "company support department group 株式会社 有限会社 센터 서비스 회사 주식회사 팀 과장 부장 "
    "팀장 대리 사장 님"
)
"""Parts of many names, which tell none."""

_KANJI = late.compile("[一-鿿々]")
_LATIN = late.compile(r"[a-zà-öø-ÿ]", re.IGNORECASE)
_KATAKANA = late.compile("[ァ-ヺー]+")
_PARTS = late.compile(r"[\s,.、。・/()「」]+")
_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヷ"))}


class Names:
    """Names to be found in many texts; what is looked for is made ready once.

    Args:
        names: as written by whoever knows them.
        reading: of Japanese names; None: their readings are not looked for.
    """

    def __init__(self, names: Iterable[str], reading: Reading | None) -> None:
        wanted = forms(names, reading)
        latin = [name for name in wanted if _LATIN.fullmatch(name[0])]
        kana = [name for name in wanted if _KATAKANA.fullmatch(name)]
        self._known = (
            *_any_of(wanted.difference(latin), ""),
            *_any_of(latin, "[a-z]"),
        )
        self._hiragana = _any_of(
            (name.translate(_TO_HIRAGANA) for name in kana if len(name) >= HIRAGANA_LEAST), ""
        )

    def places(self, folded: Folded) -> Iterator[Place]:
        """Yield where these names are, in characters of the text before folding."""
        text = folded.text
        for rule in self._known:
            for found in rule.finditer(text):
                yield folded.span(*found.span("name"))
        for rule in self._hiragana:
            for found in rule.finditer(text.translate(_TO_HIRAGANA)):
                yield folded.span(*found.span("name"))


def forms(names: Iterable[str], reading: Reading | None) -> frozenset[str]:
    """Return what to look for: names and their parts, folded, Japanese ones also as read.

    Args:
        names: as written by whoever knows them.
        reading: of Japanese names.
    """
    out: set[str] = set()
    for name in names:
        whole = fold(name).text.strip(" \t\n,.、。・")
        parts = _PARTS.split(whole)
        few = parts if len(parts) <= PARTS_MOST else []
        for part in {whole, *(one for one in few if one not in _COMMON)}:
            if _is_name(part):
                out.add(part)
            read = reading(part) if reading is not None and _KANJI.search(part) else None
            if read and len(read) > 1:
                out.add(read)
    return frozenset(out)


def _any_of(names: Iterable[str], letter: str) -> tuple[re.Pattern[str], ...]:
    """Return what finds, wherever one of the names begins, the longest that begins there.

    A name may begin within another one: hence a look ahead, which takes no characters.

    Args:
        names: folded; spaces do not matter.
        letter: what may stand neither before nor after a name; empty: anything may.
    """
    tight = {"".join(name.split()) for name in names}
    longest_first = sorted(tight, key=lambda name: (-len(name), name))
    if not longest_first:
        return ()
    each = "|".join(r"\s*".join(map(re.escape, name)) for name in longest_first)
    before, after = (f"(?<!{letter})", f"(?!{letter})") if letter else ("", "")
    return (re.compile(f"{before}(?=(?P<name>(?:{each}){after}))"),)


def _is_name(part: str) -> bool:
    if not part or "●" in part:
        return False
    return len(part) >= LATIN_LEAST or _KANJI.match(part) is not None
