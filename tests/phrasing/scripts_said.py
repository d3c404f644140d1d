"""Numbers that exist, and how a caller says one: hesitant, corrected on the way, said again."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import phonenumbers

Say = Callable[[str], str]


class Dice(Random):
    """The source of all variety."""

    def chance(self, share: float) -> bool:
        """True in this share of throws."""
        return self.random() < share

    def digits(self, count: int, first: str = "123456789") -> str:
        """So many digits, the first of them one of `first`."""
        return self.choice(first) + "".join(self.choice("0123456789") for _ in range(count - 1))


@dataclass(frozen=True)
class Number:
    """A telephone number in the groups in which it is said."""

    groups: tuple[str, ...]
    e164: str
    kind: str
    country: str = ""


@dataclass(frozen=True)
class Voice:
    """How one caller says digits, or how one recogniser writes them."""

    say: Say
    join: str
    pause: str
    digits: bool
    first: Say | None = None
    brackets: str = ""
    plain: bool = True


@dataclass(frozen=True)
class Tongue:
    """The phrases of a language that are not whole sentences."""

    fillers: Sequence[str]
    sorry: Sequence[str]
    restart: Sequence[str]
    again: Sequence[str]
    after: Sequence[str]
    plus: Sequence[str]
    area: Sequence[str]
    free: Sequence[str]


def listed(text: str) -> list[str]:
    return text.split()


PLAN: dict[str, list[tuple[str, int, int, str]]] = {
    # prefix, length of the whole national number, weight, kind
    "JP": [
        ("090", 11, 9, "mobile"), ("080", 11, 7, "mobile"), ("070", 11, 4, "mobile"),
        ("03", 10, 6, "fixed"), ("06", 10, 4, "fixed"), ("011", 10, 1, "fixed"),
        ("022", 10, 1, "fixed"), ("045", 10, 2, "fixed"), ("052", 10, 2, "fixed"),
        ("075", 10, 1, "fixed"), ("082", 10, 1, "fixed"), ("092", 10, 1, "fixed"),
        ("098", 10, 1, "fixed"), ("0422", 10, 2, "fixed"), ("0467", 10, 1, "fixed"),
        ("0797", 10, 1, "fixed"), ("0742", 10, 1, "fixed"), ("0285", 10, 1, "fixed"),
        ("0429", 10, 1, "fixed"), ("01267", 10, 1, "fixed"), ("09969", 10, 1, "fixed"),
        ("0120", 10, 4, "free"), ("0800", 11, 2, "free"), ("050", 11, 3, "ip"),
    ],
    "US": [
        ("212", 10, 3, "fixed"), ("312", 10, 4, "fixed"), ("773", 10, 2, "fixed"),
        ("646", 10, 1, "fixed"), ("415", 10, 2, "fixed"), ("617", 10, 1, "fixed"),
        ("206", 10, 1, "fixed"), ("404", 10, 2, "fixed"), ("708", 10, 1, "fixed"),
        ("630", 10, 1, "fixed"), ("305", 10, 1, "fixed"), ("800", 10, 2, "free"),
        ("888", 10, 1, "free"), ("877", 10, 1, "free"),
    ],
    "GB": [
        ("07", 11, 9, "mobile"), ("0207", 11, 3, "fixed"), ("0208", 11, 3, "fixed"),
        ("0121", 11, 1, "fixed"), ("0161", 11, 1, "fixed"), ("0131", 11, 1, "fixed"),
        ("0117", 11, 1, "fixed"), ("01223", 11, 1, "fixed"), ("01865", 11, 1, "fixed"),
        ("01273", 11, 1, "fixed"), ("01483", 11, 1, "fixed"), ("015394", 11, 1, "fixed"),
        ("0800", 11, 2, "free"), ("0345", 11, 1, "ip"), ("0333", 11, 1, "ip"),
    ],
    "KR": [
        ("010", 11, 14, "mobile"), ("02", 10, 5, "fixed"), ("02", 9, 3, "fixed"),
        ("031", 10, 3, "fixed"), ("032", 10, 1, "fixed"), ("051", 10, 2, "fixed"),
        ("053", 10, 1, "fixed"), ("042", 10, 1, "fixed"), ("062", 10, 1, "fixed"),
        ("064", 10, 1, "fixed"), ("033", 10, 1, "fixed"), ("070", 11, 3, "ip"),
        ("080", 10, 2, "free"), ("1588", 8, 1, "service"), ("1544", 8, 1, "service"),
        ("1666", 8, 1, "service"), ("1899", 8, 1, "service"),
    ],
}  # fmt: skip


COUNTRY = {"JP": "81", "US": "1", "GB": "44", "KR": "82"}


def _candidate(dice: Dice, prefix: str, length: int) -> str:
    rest = dice.digits(length - len(prefix), "23456789")
    if dice.chance(0.2):  # numbers that companies like: 5000, 4400, 7777
        rest = rest[:-4] + dice.choice(("{0}000", "{0}{0}00", "{0}{0}{0}{0}", "{0}{1}{0}{1}"))
        rest = rest.format(dice.choice("23456789"), dice.choice("123456789"))
    elif dice.chance(0.35):  # doubled digits
        at = dice.randrange(len(rest) - 1)
        rest = rest[:at] + rest[at] + rest[at] + rest[at + 2 :]
    return prefix + rest


def _regroup(dice: Dice, region: str, groups: list[str]) -> list[str]:
    whole = "".join(groups)
    if region == "GB" and whole.startswith("020") and dice.chance(0.35):
        return [whole[:4], whole[4:7], whole[7:]]
    if region == "GB" and len(groups) == 2 and len(groups[0]) == 5:
        pattern = dice.choice(((5, 6), (5, 3, 3), (5, 3, 3), (5, 2, 2, 2)))
        return _cut(whole, pattern)
    if whole.startswith("0120") and dice.chance(0.3):
        return _cut(whole, (4, 2, 4))
    return groups


def _cut(whole: str, lengths: Sequence[int]) -> list[str]:
    parts, at = [], 0
    for length in lengths:
        parts.append(whole[at : at + length])
        at += length
    return parts


def a_number(dice: Dice, region: str, *, abroad: float = 0.06) -> Number:
    rows = PLAN[region]
    while True:
        prefix, length, _, kind = dice.choices(rows, [row[2] for row in rows])[0]
        parsed = phonenumbers.parse(_candidate(dice, prefix, length), region)
        if phonenumbers.is_valid_number_for_region(parsed, region):
            break
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = re.findall(r"\d+", national)
    if kind not in {"free", "service"} and dice.chance(abroad):
        shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        country, *inner = re.findall(r"\d+", shown)
        return Number(tuple(inner), e164, "abroad", country)
    return Number(tuple(_regroup(dice, region, groups)), e164, kind)


def slip(dice: Dice, digits: str) -> str:
    """The same digits with a slip of the tongue."""
    swaps = [at for at, (one, two) in enumerate(pairwise(digits)) if one != two]
    if swaps and dice.chance(0.5):
        at = dice.choice(swaps)
        return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    at = dice.randrange(len(digits))
    other = dice.choice([digit for digit in "0123456789" if digit != digits[at]])
    return digits[:at] + other + digits[at + 1 :]


def spelled(table: Sequence[str], inner: str = "") -> Say:
    return lambda digits: inner.join(table[int(digit)] for digit in digits)


def code_of(voice: Voice, digits: str) -> str:
    """The digits of a number that is no telephone number; in digits, they are not parted."""
    said = voice.say(digits)
    return said.replace(" ", "").replace("-", "") if voice.digits else said


def _joined(voice: Voice, groups: Sequence[str], *, start: bool = True) -> str:
    said = [voice.say(group) for group in groups]
    if start and voice.first:
        said[0] = voice.first(groups[0])
    if start and voice.brackets == "first" and len(said) > 1:
        return f"({said[0]}){voice.pause[-1:].strip('、')}{voice.join.join(said[1:])}"
    if start and voice.brackets == "middle" and len(said) == 3:
        return f"{said[0]}({said[1]}){said[2]}"
    return voice.join.join(said)


def _whole(voice: Voice, number: Number, lead: str) -> str:
    if number.country:
        if voice.digits:
            tight = voice.join if voice.join.strip("(") in {"", "-", "."} else " "
            return f"+{code_of(voice, number.country)}{tight}{_joined(voice, number.groups)}"
        return f"{lead}{voice.say(number.country)}{voice.join}{_joined(voice, number.groups)}"
    if lead == "one " and voice.digits:
        lead = f"1{voice.join}" if voice.join in {"-", "."} and not voice.brackets else "1 "
    return lead + _joined(voice, number.groups)


def _hesitant(dice: Dice, voice: Voice, number: Number, lead: str, tongue: Tongue) -> str:
    at = dice.randrange(1, len(number.groups))
    head = _whole(voice, replace(number, groups=number.groups[:at]), lead)
    filler = dice.choice(tongue.fillers)
    tail = _joined(voice, number.groups[at:], start=False)
    link = voice.join.rstrip() if voice.join.strip() in {"の", "에", "의", "다시"} else ""
    return f"{head}{link}{voice.pause}{filler}{voice.pause}{tail}"


def _corrected(dice: Dice, voice: Voice, number: Number, lead: str, tongue: Tongue) -> str:
    groups = number.groups
    sorry = f"{voice.pause}{dice.choice(tongue.sorry)}{voice.pause}"
    kind = dice.choice(("group", "group", "middle", "whole", "start", "tail"))
    wrong = slip(dice, groups[-1])
    if kind == "middle" and len(groups) > 2 and len(groups[1]) > 1:
        slipped = (groups[0], slip(dice, groups[1]))
        head = _whole(voice, replace(number, groups=slipped), lead)
        return f"{head}{sorry}{_joined(voice, groups[1:], start=False)}"
    if kind == "whole":
        at = dice.randrange(1, len(groups))
        mistaken = (*groups[:at], slip(dice, groups[at]), *groups[at + 1 :])
        head = _whole(voice, replace(number, groups=mistaken), lead)
        return f"{head}{sorry}{_whole(voice, number, lead)}"
    if kind == "start" and len(groups[1]) > 2:
        head = _whole(voice, replace(number, groups=(groups[0], groups[1][:2])), lead)
        restart = f"{voice.pause}{dice.choice(tongue.restart)}{voice.pause}"
        return f"{head}{restart}{_whole(voice, number, lead)}"
    if kind == "tail" and voice.plain and len(groups[-1]) > 2:
        wrong = groups[-1][:-2] + slip(dice, groups[-1][-2:])
        head = _whole(voice, replace(number, groups=(*groups[:-1], wrong)), lead)
        return f"{head}{sorry}{voice.say(groups[-1][-2:])}"
    head = _whole(voice, replace(number, groups=(*groups[:-1], wrong)), lead)
    return f"{head}{sorry}{voice.say(groups[-1])}"


def _lead(dice: Dice, number: Number, tongue: Tongue) -> str:
    if number.country:
        return dice.choice(tongue.plus)
    if number.kind == "fixed" and dice.chance(0.12):
        return dice.choice(tongue.area)
    if number.kind == "free" and dice.chance(0.5):
        return dice.choice(tongue.free)
    return ""


def spoken_form(dice: Dice, voice: Voice, number: Number, tongue: Tongue) -> tuple[str, str]:
    """The number in its sentence, and what the caller adds to it afterwards."""
    lead = _lead(dice, number, tongue)
    again = lead if number.country else ""
    said = _whole(voice, number, lead)
    throw = dice.random()
    if throw < 0.38:
        return said, ""
    if throw < 0.42:
        return f"{said}{voice.pause}{_whole(voice, number, again)}", ""
    if throw < 0.57:
        return _hesitant(dice, voice, number, lead, tongue), ""
    if throw < 0.75:
        return said, dice.choice(tongue.again).replace("{tel}", _whole(voice, number, again))
    if throw < 0.94:
        added = ""
        if dice.chance(0.2):
            added = dice.choice(tongue.again).replace("{tel}", _whole(voice, number, again))
        return _corrected(dice, voice, number, lead, tongue), added
    wrong = slip(dice, number.groups[-1])
    shown = _whole(voice, replace(number, groups=(*number.groups[:-1], wrong)), lead)
    after = dice.choice(tongue.after).replace("{wrong}", voice.say(wrong))
    after = after.replace("{right}", voice.say(number.groups[-1]))
    length = len(number.groups[-1])
    return shown, after.replace("{n}", str(length) if voice.digits else KANJI[length])


KATAKANA = listed("ゼロ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュウ")


KATAKANA_LONG = listed("ゼロ イチ ニー サン ヨン ゴー ロク ナナ ハチ キュー")


KATAKANA_OLD = listed("レイ イチ ニ サン ヨン ゴ ロク シチ ハチ キュウ")


HIRAGANA = listed("ぜろ いち に さん よん ご ろく なな はち きゅう")


HIRAGANA_LONG = listed("ぜろ いち にー さん よん ごー ろく なな はち きゅー")


KANJI = list("〇一二三四五六七八九")


KANJI_REI = list("零一二三四五六七八九")


FULL_WIDTH = list("0123456789")
