"""The value of Japanese numerals, as ears write them: 三百二十, 二〇三, 3千, 1,200.  Pure.

Kanji, digits of both widths and kana, also mixed.  One text is one number here; where a number
begins and ends in a sentence, and whether it is one at all (一番, 三浦さん), is for the finders to
decide.  Whoever reads digit by digit, as in telephone numbers, takes `SPOKEN_DIGITS`.
"""

import re

from sipbot.numerals_sum import by_ten_thousands

KANJI_DIGITS = dict(zip("〇零一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "億": 10**8, "兆": 10**12}

SPOKEN_DIGITS = {
    **dict.fromkeys(("ぜろ", "れい", "れー", "まる", "おー"), 0),
    **dict.fromkeys(("いち", "いちい", "いちー", "いっ", "わん"), 1),
    **dict.fromkeys(("に", "にい", "にー", "つー"), 2),
    **dict.fromkeys(("さん", "さーん"), 3),
    **dict.fromkeys(("し", "しい", "しー", "よん", "よーん", "よ"), 4),
    **dict.fromkeys(("ご", "ごお", "ごう", "ごー"), 5),
    **dict.fromkeys(("ろく", "ろっ", "ろーく"), 6),
    **dict.fromkeys(("なな", "なーな", "しち", "ひち"), 7),
    **dict.fromkeys(("はち", "はっ", "はーち"), 8),
    **dict.fromkeys(("きゅう", "きゅー", "きゅ", "く", "くー"), 9),
}
"""How one digit is said, in hiragana (see `hiragana`), stretched as on the telephone."""

_KANA_UNITS = {
    "じゅう": "十", "じゅー": "十", "じゅっ": "十", "じっ": "十",
    "ひゃく": "百", "びゃく": "百", "ぴゃく": "百", "ひゃっ": "百",
    "せん": "千", "ぜん": "千", "まん": "万", "おく": "億",
}  # fmt: skip
_KANA = {**{kana: str(digit) for kana, digit in SPOKEN_DIGITS.items()}, **_KANA_UNITS}
_KANA_PIECE = re.compile("|".join(sorted(_KANA, key=len, reverse=True)))

NUMERAL = r"(?:[0-9〇零一二三四五六七八九十百千万億]|(?<=[0-9]),(?=[0-9]{3}))+"
"""Pattern of a run of kanji and ASCII digits; not every such run has a value."""

_WIDE = {ord("０") + n: ord("0") + n for n in range(10)} | {ord("，"): ord(",")}
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_TOKEN = re.compile(r"[0-9]+|[十百千万億兆]")


def hiragana(text: str) -> str:
    """Return the text with katakana as hiragana; its length stays."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)


def narrow(text: str) -> str:
    """Return the text with full-width digits as ASCII; its length stays."""
    return text.translate(_WIDE)


def value(text: str) -> int | None:
    """Return the number that all of this text writes, or None when it does not write one.

    Spaces between its parts do not count.  A run of single digits is read as written: 二〇三 and
    203 are both 203, 〇三 is 3.
    """
    text = "".join(hiragana(narrow(text)).split())
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text)
    text = "".join(str(KANJI_DIGITS.get(c, c)) for c in text)
    if re.search("[ぁ-ん]", text):
        read = _of_kana(text)
        if read is None:
            return None
        text = read
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        return None
    # Ten thousand is 一万, never 万.
    return by_ten_thousands([_UNITS.get(one, one) for one in tokens], bare_myriad=False)


def _of_kana(text: str) -> str | None:
    pieces: list[str] = []
    at = 0
    while at < len(text):
        found = _KANA_PIECE.match(text, at)
        if found:
            pieces.append(_KANA[found[0]])
            at = found.end()
        elif text[at] in "0123456789十百千万億兆":
            pieces.append(text[at])
            at += 1
        else:
            return None
    return "".join(pieces)
