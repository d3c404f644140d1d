"""The value of Korean numerals, Chinese (삼백이십) and native (세, 다섯, 스물한).  Pure.

One text is one number here.  Vosk's model writes some numbers as bracketed tokens ("[23] 일");
`value` takes these as well.  Spaces between the parts do not count: people set them freely.
"""

import re

from sipbot.numerals_sum import by_ten_thousands

DIGITS = {
    "공": 0, "영": 0, "제로": 0, "일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "륙": 6,
    "칠": 7, "팔": 8, "구": 9, "하나": 1, "둘": 2,
}  # fmt: skip
"""How one digit is said on the telephone; 하나 and 둘 because 일 and 이 sound alike there."""

NATIVE_ONES = {
    "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다섯": 5,
    "여섯": 6, "일곱": 7, "여덟": 8, "여덜": 8, "아홉": 9,
}  # fmt: skip
NATIVE_TENS = {
    "열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70,
    "여든": 80, "아흔": 90,
}  # fmt: skip
_UNITS = {"십": 10, "백": 100, "천": 1000, "만": 10**4, "억": 10**8}

NATIVE = rf"(?:(?:{'|'.join(NATIVE_TENS)})\s*(?:{'|'.join(NATIVE_ONES)})?|{'|'.join(NATIVE_ONES)})"
"""Pattern of a native numeral; many are parts of other words, so look at what follows."""
SINO = r"[공영일이삼사오육륙칠팔구십백천만억](?:\s?[공영일이삼사오육륙칠팔구십백천만억]){0,22}"
"""Pattern of a Chinese numeral; the same warning.  An ear that is stuck writes 이 이 이 … for ever,
so it ends somewhere: 구천구백구십구억 … with all its digits has 23 syllables."""

OPEN = re.compile("일이|이삼|삼사|사오|오륙|오육|육칠|칠팔|팔구")
"""이삼일: two or three days; before a unit such as 만 they are no number either."""

_SINO_DIGITS = {word: digit for word, digit in DIGITS.items() if len(word) == 1}
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_TOKEN = re.compile(r"[0-9]+|[십백천만억]")


def value(text: str) -> int | None:
    """Return the number that all of this text writes, or None when it does not write one."""
    text = "".join(re.sub(r"[\[\]]", "", text).split())
    text = _GROUPED.sub(lambda found: found[0].replace(",", ""), text)
    if (about := OPEN.match(text)) and text[about.end() : about.end() + 1] in _UNITS:
        return None
    found = re.fullmatch(NATIVE, text)
    if found:
        return _native(text)
    text = "".join(str(_SINO_DIGITS.get(c, c)) for c in text)
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        return None
    # 만 원 is ten thousand; Japanese says 一万.
    return by_ten_thousands([_UNITS.get(one, one) for one in tokens], bare_myriad=True)


def _native(text: str) -> int:
    for word, tens in NATIVE_TENS.items():
        if text.startswith(word):
            return tens + NATIVE_ONES.get(text.removeprefix(word), 0)
    return NATIVE_ONES[text]
