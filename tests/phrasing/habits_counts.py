"""Plain numbers as words, digits as words."""

import random
import re
from collections.abc import Callable


def listed(text: str) -> list[str]:
    """The words of the text."""
    return text.split()


EN_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)


EN_TENS = listed("- - twenty thirty forty fifty sixty seventy eighty ninety")


EN_MONTHS = listed(
    "January February March April May June July August September October November December"
)


EN_ORDINALS = listed(
    "- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)


KO_HOURS = listed("- 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두")


KO_UNITS = listed("- 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉")


KO_TENS = listed("- 열 스물 서른 마흔 쉰 예순 일흔 여든 아흔")


def en_int(value: int) -> str:
    """A number below a million in English words."""
    if value < 20:
        return EN_ONES[value]
    if value < 100:
        return EN_TENS[value // 10] + (f"-{EN_ONES[value % 10]}" if value % 10 else "")
    if value < 1000:
        rest = f" and {en_int(value % 100)}" if value % 100 else ""
        return f"{EN_ONES[value // 100]} hundred{rest}"
    rest = f" {en_int(value % 1000)}" if value % 1000 else ""
    return f"{en_int(value // 1000)} thousand{rest}"


def east_int(value: int, digits: str, units: str) -> str:
    """A number below a hundred million in the Chinese manner; `units` are 10, 100, 1000, 10000."""
    if value >= 10000:
        high = east_int(value // 10000, digits, units)
        if high == digits[1] and digits[1] == "일":
            high = ""
        rest = east_int(value % 10000, digits, units) if value % 10000 else ""
        return f"{high}{units[3]}{rest}"
    if value == 0:
        return digits[0]
    out = ""
    for power in (3, 2, 1, 0):
        figure = value // 10**power % 10
        if figure:
            word = "" if power and figure == 1 else digits[figure]
            out += word + (units[power - 1] if power else "")
    return out


def en_group(rng: random.Random, zero: str, habits: str, group: str) -> str:
    """A group of figures in English words; habits: d for double and triple, p for pairs."""
    if len(group) > 1 and set(group[1:]) == {"0"} and len(group) in (3, 4) and group[0] != "0":
        if rng.random() < 0.7:
            return f"{EN_ONES[int(group[0])]} {'hundred' if len(group) == 3 else 'thousand'}"
    elif group in ("0800", "0808") and rng.random() < 0.6:
        return f"{zero} eight hundred" if group == "0800" else f"{zero} eight {zero} eight"
    if "p" in habits and len(group) in (2, 4, 6) and group[0] != "0":
        pairs = [group[i : i + 2] for i in range(0, len(group), 2)]
        if "00" not in pairs:
            return " ".join(
                f"oh {EN_ONES[int(pair[1])]}" if pair[0] == "0" else en_int(int(pair))
                for pair in pairs
            )
    if "p" in habits and len(group) == 3 and group[0] != "0" and group[1] != "0":
        return f"{EN_ONES[int(group[0])]} {en_int(int(group[1:]))}"
    words = []
    for run in re.findall(r"((.)\2{0,2})", group):
        word = zero if run[1] == "0" else EN_ONES[int(run[1])]
        size = len(run[0])
        if "d" in habits and size > 1:
            words.append(f"{'double' if size == 2 else 'triple'} {word}")
        else:
            words += [word] * size
    return " ".join(words)


JA_WORDS = {
    "kata": ("ゼロ", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュウ"),
    "long": ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"),
    "hira": ("ぜろ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"),
    "slow": ("まる", "いち", "にい", "さん", "よん", "ごお", "ろく", "なな", "はち", "きゅう"),
    "old": ("れい", "いち", "に", "さん", "よん", "ご", "ろく", "しち", "はち", "きゅう"),
    "kanji": ("〇", *"一二三四五六七八九"),
    "rei": ("零", *"一二三四五六七八九"),
    "mixed": ("ゼロ", *"一二三四五六七八九"),
    "maru": ("まる", *"一二三四五六七八九"),
}


WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def mapped(words: tuple[str, ...], joint: str) -> Callable[[str], str]:
    """Each figure as its word."""
    return lambda group: joint.join(words[int(figure)] for figure in group)


def spaced_by(joint: str) -> Callable[[str], str]:
    """Each figure by itself."""
    return joint.join
