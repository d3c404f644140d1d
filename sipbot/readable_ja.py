"""How Japanese people write what an ear heard: no spaces, and digits for numbers.  Pure.

Kanji numerals are parts of names and words (三浦, 一番, 六本木, 四日市, 十分, 七五三), so one
becomes digits only before a counter that makes it a number, and only where that does not begin
such a name; 一 alone stays with most counters (一度, 一回, 一人), and 二三日, two or three days.
Digits said one by one become digits from three on.
"""

from collections.abc import Iterator

from sipbot import late
from sipbot.numerals_ja import SPOKEN_DIGITS, hiragana, value
from sipbot.readable_rules import Change, Rule

_JAPANESE = r"ぁ-ゖァ-ヺー一-鿿々〆〇、。，．！？「」『』（）【】・〜～…"
_SPACE = late.compile(rf"(?<=[{_JAPANESE}])\s+|\s+(?=[{_JAPANESE}])")

_COUNTERS = (
    r"円(?![山谷寺])|ドル|ユーロ|パーセント|キロ|グラム|メートル|センチ|リットル|号室|号車|号|階(?!堂|級|段|層)"
    r"|丁目|番地|番(?!頭|組|人|犬)|時間|分(?!野|析|類|身|別|裂|配)|秒|週間|か月|ヶ月|ヵ月|カ月|ケ月|箇月"
    r"|年(?!寄)|月(?![雨蝿病謡見])|日(?![市町月])|個|名(?![古字])|件|台(?!場|所|風|北|本)|枚(?!方)|冊|箱"
    r"|本(?![木松柳人部州])|歳|才(?!能)|泊|通(?![りう知信])|点(?!滴|検)|割(?![りる引合])|倍|世帯|部屋|店舗|人(?!形|参|間)"
)
_ALONE = (
    r"円|ドル|パーセント|号室|丁目|番地|時間|週間|か月|ヶ月|ヵ月|カ月|ケ月|箇月|年間|名様|個|枚"
    r"|冊|箱|階|泊"
)
"""Counters with which even 一 is a number."""
_KANJI = "〇零一二三四五六七八九"
_COUNTED = late.compile(
    rf"(?<![0-9{_KANJI}十百千万億兆])(?P<number>[0-9]*[{_KANJI}十百千万億][0-9{_KANJI}十百千万億]*)"
    rf"(?=(?P<counter>{_COUNTERS}))"
)
_ONE_COUNTED = late.compile(rf"(?:{_ALONE})")
_ABOUT = late.compile(r"一二|二三|三四|四五|五六|六七|七八|八九")
"""二三日: two or three days."""
_OPEN = late.compile(rf"[0-9{_KANJI}][、,・]$")
"""2、3千円: two or three thousand."""
_ENOUGH = late.compile(
    r"[一十]分|[一二三]度|[一二]人|[二三四五六七八]分(?:目|咲)|五分五分|千[葉代]|百貨"
)
_RUN = late.compile(
    rf"(?<![一-鿿0-9])(?:[{_KANJI}]{{4,}}|(?=[{_KANJI}]*[〇零])[{_KANJI}]{{3,}}|(?!七五三|三三七)[{_KANJI}]{{3}})(?![十百千万億])"
)
_LONG = [kana for kana in SPOKEN_DIGITS if len(kana) > 1 and not kana.endswith("っ")]
_KATAKANA = {
    "".join(chr(ord(c) + 0x60) if c != "ー" else c for c in kana): SPOKEN_DIGITS[kana]
    for kana in _LONG
}
_SHORT = {kana: SPOKEN_DIGITS[hiragana(kana)] for kana in ("ニ", "ヨ", "ゴ", "ク")}
_DIGIT = "|".join(sorted({**_KATAKANA, **_SHORT}, key=len, reverse=True))
_SPOKEN = late.compile(rf"(?<![ァ-ヺー0-9])(?:{_DIGIT}){{3,}}(?![ァ-ヺー])")
_LONG_DIGIT = late.compile("|".join(sorted(_KATAKANA, key=len, reverse=True)))
_ONE_DIGIT = late.compile(_DIGIT)


def _no_spaces(text: str) -> Iterator[Change]:
    for found in _SPACE.finditer(text):
        yield Change(*found.span(), "")


def _counted(text: str) -> Iterator[Change]:
    for found in _COUNTED.finditer(text):
        said = found["number"]
        number = value(said)
        if number is None or _ABOUT.fullmatch(said) or _ENOUGH.match(text, found.start()):
            continue
        if _OPEN.search(text, max(0, found.start() - 2), found.start()):
            continue
        if said == "一" and not _ONE_COUNTED.match(text, found.end()):
            continue
        yield Change(*found.span(), f"{number:,}" if number >= 10_000 else str(number))


def _runs(text: str) -> Iterator[Change]:
    for found in _RUN.finditer(text):
        yield Change(*found.span(), "".join(str(_KANJI_VALUES[digit]) for digit in found[0]))


def _spoken(text: str) -> Iterator[Change]:
    for found in _SPOKEN.finditer(text):
        digits = _ONE_DIGIT.findall(found[0])
        # ニゴ and the like are also words; two digits in full are not.
        if len(_LONG_DIGIT.findall(found[0])) >= 2:
            values = {**_KATAKANA, **_SHORT}
            yield Change(*found.span(), "".join(str(values[digit]) for digit in digits))


_KANJI_VALUES = {digit: max(0, index - 1) for index, digit in enumerate(_KANJI)}

RULES: tuple[Rule, ...] = (_no_spaces, _counted, _runs, _spoken)
