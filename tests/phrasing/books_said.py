"""Numbers that exist, and how a speaker says one."""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import phonenumbers

JOINT = "|"  # where a pause is heard: a comma in punctuated text, a space otherwise


FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")


@dataclass(frozen=True)
class Number:
    """A valid telephone number in the groups in which it is spoken."""

    groups: tuple[str, ...]
    region: str
    e164: str

    @property
    def abroad(self) -> tuple[str, ...]:
        """Return the groups with the country code in place of the trunk prefix."""
        code = f"+{phonenumbers.country_code_for_region(self.region)}"
        first = self.groups[0].removeprefix("0") if self.region != "US" else self.groups[0]
        return (code, *((first,) if first else ()), *self.groups[1:])


class Dice(random.Random):
    """Repeatable chance."""

    def chance(self, share: float) -> bool:
        """Return True in `share` of the throws."""
        return self.random() < share

    def weighted(self, table: dict[str, int]) -> str:
        """Return a key, as often as its weight says."""
        return self.choices(list(table), list(table.values()))[0]


# Groups: digits are literal, "x" any digit, "n" 2-9, "m" 1-9.
PATTERNS: dict[str, dict[str, int]] = {
    "JP": {
        "090 mxxx xxxx": 12,
        "080 mxxx xxxx": 12,
        "070 mxxx xxxx": 8,
        "050 3xxx xxxx": 4,
        "050 5xxx xxxx": 4,
        "0120 xxx xxx": 5,
        "0120 xx xxxx": 2,
        "0800 xxx xxxx": 4,
        "0570 0xx xxx": 3,
        "03 3xxx xxxx": 6,
        "03 5xxx xxxx": 5,
        "03 6xxx x000": 1,
        "06 6xxx xxxx": 5,
        "011 2xx xxxx": 2,
        "045 6xx xxxx": 3,
        "052 2xx xxxx": 3,
        "075 3xx xxxx": 2,
        "092 4xx xxxx": 3,
        "082 2xx x000": 1,
        "022 2xx xxxx": 2,
        "0422 2x xxxx": 2,
        "0268 2x xxxx": 2,
        "0980 8x xxxx": 2,
        "0463 8x xxxx": 2,
        "0776 2x xxxx": 2,
        "0966 2x xxxx": 1,
        "0138 5x xxxx": 1,
        "01267 2 xxxx": 1,
        "04992 2 xxxx": 1,
        "09969 2 xxxx": 1,
    },
    "US": {
        **{
            f"{a} nxx xxxx": 3
            for a in (
                "212",
                "415",
                "312",
                "617",
                "206",
                "303",
                "512",
                "305",
                "702",
                "808",
                "907",
                "919",
                "646",
                "770",
                "503",
                "215",
                "404",
                "701",
                "802",
                "917",
            )
        },
        "800 nxx xxxx": 4,
        "888 nxx xxxx": 3,
        "877 nxx xxxx": 2,
        "866 nxx xxxx": 2,
        "855 nxx xxxx": 1,
        "844 nxx xxxx": 1,
        "833 nxx xxxx": 1,
        "213 nxx m000": 1,
        "414 nxx mx00": 1,
    },
    "GB": {
        "07911 xxxxxx": 4,
        "07700 1xx xxx": 2,
        "074xx xxxxxx": 3,
        "075xx xxxxxx": 3,
        "077xx xxx xxx": 4,
        "078xx xxx xxx": 4,
        "079x xxxx xxx": 2,
        "020 7xxx xxxx": 5,
        "020 8xxx xxxx": 4,
        "0161 4xx xxxx": 3,
        "0121 4xx xxxx": 3,
        "0117 9xx xxxx": 2,
        "0131 5xx xxxx": 2,
        "029 20xx xxxx": 1,
        "028 90xx xxxx": 1,
        "01604 xxxxxx": 2,
        "01865 xxx xxx": 2,
        "01223 xxxxxx": 2,
        "01736 xxx xxx": 1,
        "016977 3xxx": 1,
        "0800 xxx xxxx": 4,
        "0808 xxx xxxx": 2,
        "0345 xxx xxxx": 2,
        "0300 xxx xxxx": 2,
        "0333 xxx xxxx": 1,
        "056 xxxx xxxx": 2,
    },
    "KR": {
        "010 nxxx xxxx": 34,
        "02 7xx xxxx": 5,
        "02 3xxx xxxx": 4,
        "031 nxx xxxx": 4,
        "032 nxx xxxx": 2,
        "051 nxx xxxx": 4,
        "053 nxx xxxx": 2,
        "064 7xx xxxx": 2,
        "033 nxx xxxx": 1,
        "042 8xx xxxx": 2,
        "062 nxx xxxx": 1,
        "044 8xx xxxx": 1,
        "070 7xxx xxxx": 4,
        "070 4xxx xxxx": 3,
        "080 nxx xxxx": 5,
        "1588 xxxx": 4,
        "1544 xxxx": 2,
        "1577 xxxx": 2,
        "1670 xxxx": 1,
        "1899 xxxx": 2,
        "1566 mx00": 1,
        "0502 nxxx xxxx": 1,
        "0505 nxx xxxx": 1,
    },
}


def a_number(d: Dice, region: str) -> Number:
    pools = {"x": "0123456789", "n": "23456789", "m": "123456789"}
    while True:
        pattern = d.weighted(PATTERNS[region])
        groups = "".join(d.choice(pools.get(c, c)) for c in pattern).split()
        if d.chance(0.12):  # doubled digits are frequent in numbers that people chose
            digit = d.choice("0123456789")
            groups[-1] = (
                groups[-1][:-3] + digit * 3 if d.chance(0.4) else groups[-1][:-2] + 2 * digit
            )
        parsed = phonenumbers.parse("".join(groups), region)
        if phonenumbers.is_valid_number(parsed) and (
            phonenumbers.region_code_for_number(parsed) == region
        ):
            e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            return Number(tuple(groups), region, e164)


def fitting(phrases: Sequence[str], group: str) -> list[str]:
    """Return the phrases that are true of the length of the group."""
    return [p for p in phrases if len(group) == 4 or not re.search("[四4]桁", p)]


def another(d: Dice, group: str) -> str:
    """Return the group misremembered: one of its last digits changed, or two exchanged."""
    if len(group) > 2 and group[-1] != group[-2] and d.chance(0.4):
        return group[:-2] + group[-1] + group[-2]
    at = len(group) - 1 - d.randrange(min(3, len(group)))
    return group[:at] + d.choice([c for c in "0123456789" if c != group[at]]) + group[at + 1 :]


@dataclass(frozen=True)
class Words:
    """What a language says around the groups of a number."""

    pause: Sequence[str]
    wrong: Sequence[str]
    restart: Sequence[str]
    last: Sequence[str]
    not_that: Sequence[str]
    again: Sequence[str]
    tail_again: Sequence[str]


class Speaker(ABC):
    """One caller: a way to say digits, and what happens to the number while it is said."""

    words: Words
    sep: str
    inner: str

    def __init__(self, d: Dice, region: str, *, punctuated: bool) -> None:
        self.d = d
        self.region = region
        self.punctuated = punctuated
        self.spelled = d.chance(0.5)
        self.choose()

    @abstractmethod
    def choose(self) -> None:
        """Decide on a style of digits for the whole utterance."""

    def group_visibly(self) -> None:
        """Let gaps show where a group ends, so that it is clear which one is replaced."""
        if self.sep in {"", self.inner}:
            self.inner, self.sep = (self.inner if self.inner == " " else ""), " "

    @abstractmethod
    def say(self, groups: Sequence[str]) -> str:
        """Return the groups as the recogniser writes them."""

    def bare(self, digits: str) -> str:
        """Return a reference number that is no telephone number."""
        return self.say((digits,))

    def phrase(self, number: Number, *, foreign: bool) -> str:
        """Return the number with whatever happens to it on the way."""
        d, w, groups = self.d, self.words, number.groups
        short = not number.groups[0].startswith("0") and number.region == "KR"
        dear = groups[0] in {"0120", "0570", "0800", "080"} and number.region in {"JP", "KR"}
        if foreign or (not short and not (dear and len(groups[0]) == 4) and d.chance(0.08)):
            groups = number.abroad
        elif number.region == "US" and groups[0][0] == "8" and d.chance(0.4):
            groups = ("1", *groups)
        happening = d.weighted(
            {
                "plain": 42,
                "pause": 15,
                "wrong": 8,
                "restart": 6,
                "last": 5,
                "not_that": 3,
                "again": 9,
                "tail_again": 9,
                "broken": 3,
            }
        )
        at = d.randrange(1, len(groups)) if len(groups) > 1 else 1
        head, rest, final = groups[:at], groups[at:], groups[-1]
        bad = another(d, final)
        text = self.say(groups)
        match happening:
            case "pause":
                text = f"{self.say(head)}{JOINT}{d.choice(w.pause)}{JOINT}{self.say(rest)}"
            case "wrong":
                self.group_visibly()
                slip = self.say((*head, another(d, rest[0])))
                text = f"{slip}{JOINT}{d.choice(w.wrong)}{JOINT}{self.say(rest)}"
            case "restart":
                slip = self.say((*groups[:-1], bad))
                text = f"{slip}{JOINT}{d.choice(w.restart)}{JOINT}{text}"
            case "last" if len(final) == 4:
                slip = self.say((*groups[:-1], bad))
                text = f"{slip}{JOINT}{d.choice(w.last)}{JOINT}{self.say((final,))}"
            case "not_that":
                pattern = d.choice(w.not_that)
                text += JOINT + pattern.format(good=self.say((final,)), bad=self.say((bad,)))
            case "again":
                text = self.twice(groups)
            case "tail_again":
                text += f"{JOINT}{d.choice(fitting(w.tail_again, final))}{self.say((final,))}"
            case "broken":
                text = f"{self.say(head)}{JOINT}{d.choice(w.restart)}{JOINT}{text}"
        return text

    def twice(self, groups: Sequence[str]) -> str:
        """Return the number said twice, the second time perhaps written in another way."""
        first = self.say(groups)
        if self.d.chance(0.4):
            self.spelled = not self.spelled
            self.choose()
        return f"{first}{JOINT}{self.d.choice(self.words.again)}{JOINT}{self.say(groups)}"


@dataclass(frozen=True)
class Book:
    """The sentences of one language."""

    speaker: type[Speaker]
    makers: Callable[[Dice, Speaker], dict[str, Callable[[], str]]]
    regions: Sequence[str]
    opening: Sequence[str]
    story: Sequence[str]
    number: Sequence[str]
    inline: Sequence[str]
    tail: Sequence[str]
    close: Sequence[str]
    none: Sequence[str]
