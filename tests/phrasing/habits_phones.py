"""Telephone numbers that somebody may have, in the groups in which they are said."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import phonenumbers

GAP = "\x01"


STYLES = "behd"  # business, elderly, hurried, dialect or informal


@dataclass(frozen=True)
class Phone:
    """A telephone number, in the groups in which it is said."""

    e164: str
    groups: tuple[str, ...]
    kind: str
    region: str


@dataclass(frozen=True)
class Form:
    """How one caller's number is written: the groups, what stands between them, and a whole one."""

    group: Callable[[str], str]
    sep: str
    pause: str
    whole: Callable[[tuple[str, ...]], str] | None = None
    open: bool = True  # a group can be told from the next one


_KINDS: dict[str, list[tuple[int, str, str, int]]] = {
    "JP": [
        (40, "mobile", "090 080 070", 11),
        (16, "land", "03 06", 10),
        (
            18,
            "land",
            (
                "011 022 025 045 048 052 054 072 075 076 077 078 082 086 092 096 098 099 0422 0426"
                " 0428 0463 0466 0467 0263 0742 0797 0545 0577 0852 0942 0985 04"
            ),
            10,
        ),
        (4, "land", "01267 04992 04998 09912 01558 09802 08396 01372", 10),
        (7, "free", "0120", 10),
        (4, "free", "0800", 11),
        (9, "ip", "050", 11),
        (2, "navi", "0570", 10),
    ],
    "US": [
        (
            80,
            "land",
            "212 415 310 617 312 206 503 702 904 919 202 305 214 713 847 718 646 909 801 512 720",
            10,
        ),
        (20, "free", "800 888 877 866 855 844", 10),
    ],
    "GB": [
        (40, "mobile", "0770 0791 0774 0785 0752 0798 0740 0733", 11),
        (16, "land", "0203 0207 0208", 11),
        (14, "land", "0121 0161 0131 0141 0113 0117 0151 0191 02920 02890", 11),
        (16, "land", "01865 01223 01273 01603 01904 01225 01382 01463 01792 01539", 11),
        (8, "free", "0800 0808", 11),
        (6, "land", "0333 0345 0330", 11),
    ],
    "KR": [
        (48, "mobile", "010", 11),
        (16, "land", "02", 10),
        (5, "land", "02", 9),
        (16, "land", "031 032 033 041 042 043 044 051 052 053 054 055 061 062 063 064", 10),
        (5, "ip", "070", 11),
        (4, "free", "080", 10),
        (8, "service", "1588 1577 1544 1599 1666 1644 1670 1899", 8),
        (3, "safe", "0507 0504", 12),
    ],
}


def a_phone(rng: random.Random, region: str) -> Phone:
    """A valid number of the region, in the groups in which it is usually written."""
    kinds = _KINDS[region]
    _, kind, prefixes, length = rng.choices(kinds, [row[0] for row in kinds])[0]
    while True:
        digits = rng.choice(prefixes.split())
        while len(digits) < length:
            again = rng.random() < 0.17
            digits += digits[-1] if again else rng.choice("0123456789")
        number = phonenumbers.parse(digits, region)
        if phonenumbers.is_valid_number(number) and _likely(region, kind, digits):
            break
    national = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    groups = tuple(part for part in re.split(r"[^0-9]+", national) if part)
    e164 = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return Phone(e164, regrouped(rng, groups, region, kind), kind, region)


def _likely(region: str, kind: str, digits: str) -> bool:
    """Whether somebody can have the number: local numbers do not begin with 0 or 1."""
    if region == "KR" and kind in ("mobile", "land", "ip", "free", "safe"):
        at = 4 if kind == "safe" else 3
        return digits[2 if digits.startswith("02") else at] not in "01"
    if region == "GB" and kind == "land" and digits[:2] in ("01", "02"):
        if digits.startswith("020"):
            return True
        return digits[4 if "1" in digits[2:4] and digits[1] == "1" else 5] not in "01"
    if region == "JP" and kind == "land":
        number = phonenumbers.parse(digits, region)
        shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        return str(shown).split("-")[1][0] not in "01"
    return True


def regrouped(
    rng: random.Random, groups: tuple[str, ...], region: str, kind: str
) -> tuple[str, ...]:
    """The groups as some people say them."""
    sizes = tuple(len(group) for group in groups)
    whole = "".join(groups)
    cuts: tuple[int, ...] = sizes
    if region == "JP" and whole.startswith("0120") and rng.random() < 0.4:
        cuts = (4, 2, 2, 2) if rng.random() < 0.4 else (4, 2, 4)
    elif region == "JP" and kind == "mobile" and rng.random() < 0.06:
        cuts = (3, 2, 2, 2, 2)
    elif kind == "safe":
        cuts = (4, 4, 4)
    elif region == "US":
        cuts = (3, 3, 2, 2) if rng.random() < 0.08 else sizes
    elif region == "GB" and sizes == (5, 6):
        cuts = rng.choice([(5, 6), (5, 3, 3), (5, 3, 3), (5, 2, 2, 2), (3, 4, 4)])
    elif region == "GB" and sizes == (3, 4, 4) and rng.random() < 0.45:
        cuts = (4, 3, 4)
    out, start = [], 0
    for size in cuts:
        out.append(whole[start : start + size])
        start += size
    return tuple(out)


def slip(rng: random.Random, group: str) -> str:
    """The group, said wrongly: two figures changed places, or one of them is another."""
    swaps = [i for i in range(len(group) - 1) if group[i] != group[i + 1]]
    if swaps and rng.random() < 0.5:
        i = rng.choice(swaps)
        return group[:i] + group[i + 1] + group[i] + group[i + 2 :]
    i = rng.randrange(len(group))
    return group[:i] + rng.choice([d for d in "123456789" if d != group[i]]) + group[i + 1 :]


def fits(template: str, phone: Phone) -> bool:
    """Whether a caller would say so of this sort of number."""
    pocket = re.search("携帯|mobile|핸드폰|Text", template)
    if pocket and phone.kind != "mobile" and phone.region != "US":
        return False
    if phone.kind in ("free", "navi", "service", "safe"):
        return not re.search(
            "うち|娘|home|daughter|우리|携帯|mobile|Text|直通|direct|직통", template
        )
    if phone.kind == "mobile":
        return not re.search("代表|main number|대표|at home|직통|우리 집|直通", template)
    return True
