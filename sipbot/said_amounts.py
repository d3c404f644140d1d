"""Numerals as values, amounts of money, and numbers that count something.  Pure."""

from dataclasses import dataclass
from decimal import Decimal

from sipbot.said import Kind, Said
from sipbot.said_tokens import NUMERAL, Folded, T, Token, Tongue

_BETWEEN = frozenset(
    ("、", ",", "・", "~", "〜", "-", "–", "or", "to", "か", "から", "이나", "에서")
)
"""What stands between the two ends of a range."""
_TOKENS_MAX = 24
"""No amount is said in more words."""
_COUNT_DIGITS_MAX = 6
"""A number of more figures in a row is no count, whatever stands after it."""
_FIGURES_MAX = 15
"""No amount has more figures."""
_AMOUNT_MAX = Decimal(10) ** 15
_DOLLARS = {
    "US": "USD",
    "CA": "CAD",
    "AU": "AUD",
    "NZ": "NZD",
    "SG": "SGD",
    "HK": "HKD",
    "TW": "TWD",
}
_SIGNS = {"USD": "$", "JPY": "¥", "GBP": "£", "EUR": "€", "KRW": "₩"}
_NAMES = {
    "ja": {"JPY": "円", "USD": "ドル", "EUR": "ユーロ", "KRW": "ウォン", "GBP": "ポンド"},
    "ko": {"JPY": "엔", "USD": "달러", "EUR": "유로", "KRW": "원", "GBP": "파운드"},
}
_ROOMS = {"ごうしつ": "号室", "ゴウシツ": "号室"}
_WHOLE_MIN = 4
"""Figures of a myriad are fewer: 30 万."""
_RANGE_MAX = 2
"""Figures of either end of a count that is said as a range: two or three days, 20 to 30."""
_VAGUE = ("数", "何", "몇", "수")
"""Before a numeral they make it unknown: 数万円."""


@dataclass(frozen=True)
class Counted:
    """What the numbers with a unit are, and which tokens are theirs."""

    said: tuple[Said, ...]
    tokens: frozenset[int]


def value_of(numerals: list[Token], tongue: Tongue) -> Decimal:
    """Return what a numeral of words, figures or both is worth."""
    total = section = Decimal(0)
    current: Decimal | None = None
    decimals: str | None = None
    for one in numerals:
        if one.kind is T.POINT:
            decimals = ""
        elif one.kind is T.DIGIT and decimals is not None:
            decimals += one.value
        elif one.kind is T.DIGIT:
            current = _appended(current, one, together=tongue.together)
        elif one.kind is T.SCALE:
            scale = Decimal(one.value)
            if decimals:
                current = (current or 0) + Decimal(f"0.{decimals}")
            decimals = None
            if scale >= tongue.big:
                whole = section + (current or 0)
                total += (whole or 1) * scale
                section = Decimal(0)
            else:
                section += (1 if current is None else current) * scale
            current = None
    fraction = Decimal(f"0.{decimals}") if decimals else Decimal(0)
    return total + section + (current or 0) + fraction


def _appended(current: Decimal | None, one: Token, *, together: bool) -> Decimal:
    if one.literal and current is None:
        return Decimal(one.raw.replace(",", ""))
    value = Decimal(one.value)
    if current is None:
        return value
    if together and value < 10 and current % 10 == 0 and current % 100 >= 20:
        return current + value
    return current * Decimal(10) ** len(one.value) + value


def numeral_before(found: list[Token], at: int, tongue: Tongue) -> int:
    """Return the index where the numeral begins that ends before token `at`; `at` for none."""
    begin = at
    while begin > 0 and at - begin < _TOKENS_MAX:
        one, after = found[begin - 1], found[begin] if begin < at else None
        if one.kind in (T.DIGIT, T.SCALE):
            if len(one.value) > _FIGURES_MAX:
                break
            if after is not None and not _one_numeral(one, after):
                break
            if after is not None and not tongue.together and _parted(found, begin, found[at]):
                break
        elif not _inside(found, begin - 1, at, tongue):
            break
        begin -= 1
    while begin < at and found[begin].kind not in (T.DIGIT, T.SCALE):
        begin += 1
    return begin


def _one_numeral(one: Token, after: Token) -> bool:
    """Tell whether two neighbours are of one numeral: two numbers in figures never are."""
    return not (one.literal and after.literal) and not (
        after.literal and one.kind is T.DIGIT and not one.literal
    )


def _parted(found: list[Token], at: int, unit: Token) -> bool:
    """Tell whether the space before a token parts two numerals, and not words of one.

    ``九 二 七 三 時`` is no 9273 o'clock, and ``七四九一 万代`` a name after a number.
    """
    one, after = found[at - 1], found[at]
    if one.end == after.start or after.literal:
        return False
    if one.literal:
        return after.kind is T.SCALE and len(one.value) >= _WHOLE_MIN
    before = found[at - 2] if at > 1 else None
    digits = before is not None and before.kind is T.DIGIT is one.kind
    written = digits and before is not None and before.end == one.start
    return written or (one.kind is T.DIGIT is after.kind and unit.kind is T.UNIT)


def _inside(found: list[Token], at: int, upto: int, tongue: Tongue) -> bool:
    one = found[at]
    if at == 0 or at + 1 >= upto:
        return False
    before, after = found[at - 1], found[at + 1]
    if one.kind is T.POINT:
        return before.kind is T.DIGIT and after.kind is T.DIGIT
    if not tongue.together:
        return False
    if one.kind is T.AND:
        return before.kind is T.SCALE and after.kind is T.DIGIT
    touching = before.end == one.start and one.end == after.start and one.end - one.start == 1
    return one.kind is T.SEP and touching and not before.literal and before.kind in NUMERAL


def counted(
    found: list[Token], folded: Folded, tongue: Tongue, language: str, region: str
) -> Counted:
    """Find amounts, rooms and what is counted among the tokens of a text."""
    said: list[Said] = []
    taken: set[int] = set()
    at = 0
    while at < len(found):
        one = found[at]
        upto = at + 1
        if one.kind is T.MONEY:
            amount = _before(found, folded, at, tongue, taken) or _after(found, at, tongue)
            open_at = None if amount is None else _open_from(found, folded, amount[0], at, tongue)
            if open_at is not None:
                taken |= set(range(open_at, upto))
            elif amount is not None and amount[2] < _AMOUNT_MAX:
                begin, upto, value = amount
                taken |= set(range(begin, upto))
                code = _code(one.value, region)
                said.append(_said(folded, found, begin, upto, value, code, language))
        elif one.kind in (T.UNIT, T.ROOM):
            begin = numeral_before(found, at, tongue)
            length = sum(len(token.value) for token in found[begin:at] if token.kind is T.DIGIT)
            if begin < at and length <= _COUNT_DIGITS_MAX:
                open_at = _open_from(found, folded, begin, at, tongue)
                taken |= set(range(begin if open_at is None else open_at, upto))
                if one.kind is T.ROOM:
                    said.append(_room(folded, found, begin, upto, tongue))
        at = upto
    return Counted(tuple(said), frozenset(taken))


def _open_from(
    found: list[Token], folded: Folded, begin: int, upto: int, tongue: Tongue
) -> int | None:
    """Return where a numeral begins that leaves open how many it means; None when it does not.

    ``二三千円`` and ``two or three hundred`` are 2,000 to 3,000 and 200 to 300; ``nineteen ninety
    nine dollars`` are 19.99 or 1,999.

    Args:
        begin, upto: the tokens of the numeral, without what is counted.
    """
    if begin >= upto:
        return None
    row = found[begin:upto]
    if _is_neighbours(row):
        return begin
    pair = tongue.together and _is_pair(row)
    return begin if pair else _range_from(found, folded, begin)


def _is_neighbours(row: list[Token]) -> bool:
    """Tell whether it begins with two figures of which the second is one more: 二三."""
    plain = [one.kind is T.DIGIT and not one.literal and len(one.value) == 1 for one in row]
    if plain[:2] != [True, True] or any(plain[2:]) or row[0].end != row[1].start:
        return False
    return row[0].value > "0" and int(row[1].value) == int(row[0].value) + 1


def _is_pair(row: list[Token]) -> bool:
    """Tell whether two numbers stand side by side, without hundred or thousand between."""
    if any(one.kind is not T.DIGIT or one.literal for one in row) or len(row) < 2:
        return False
    tens_first = len(row[0].value) == 2 and row[0].value[1] == "0" and row[0].value > "1"
    return not (len(row) == 2 and tens_first and len(row[1].value) == 1)


def _range_from(found: list[Token], folded: Folded, begin: int) -> int | None:
    """Return where the smaller number before a numeral is: ``二、三分``, ``two or three days``."""
    if begin < 2:
        return None
    low, between, high = found[begin - 2 : begin + 1]
    if not low.kind is T.DIGIT is high.kind or between.kind not in (T.SEP, T.BREAK, T.GLUE):
        return None
    words = folded.text[low.end : high.start].strip(" ")
    if words not in _BETWEEN or max(len(low.value), len(high.value)) > _RANGE_MAX:
        return None
    goes_on = begin > 2 and found[begin - 3].kind in (*NUMERAL, T.SEP)
    if begin > 3 and found[begin - 3].kind is T.SEP:
        goes_on = found[begin - 4].kind in NUMERAL
    return None if goes_on or int(low.value) >= int(high.value) else begin - 2


def _before(
    found: list[Token], folded: Folded, at: int, tongue: Tongue, taken: set[int]
) -> tuple[int, int, Decimal] | None:
    begin = numeral_before(found, at, tongue)
    if begin == at or begin in taken or found[begin].start >= found[at].start:
        return None
    if begin > 0 and found[begin - 1].kind is T.OTHER:
        before = found[begin - 1]
        if folded.text[before.start : before.end].endswith(_VAGUE):
            return None
    upto, cents = _cents(found, at + 1, tongue)
    return begin, upto, value_of(found[begin:at], tongue) + cents


def _cents(found: list[Token], at: int, tongue: Tongue) -> tuple[int, Decimal]:
    """Read the hundredths after a currency: ``twelve dollars and fifty cents``, ``… fifty``."""
    begin = at + 1 if at < len(found) and found[at].kind is T.AND else at
    upto = begin
    while upto < len(found) and upto - begin < 3 and _is_of_cents(found, upto, begin):
        upto += 1
    if upto == begin:
        return at, Decimal(0)
    value = value_of(found[begin:upto], tongue)
    follows = found[upto].kind if upto < len(found) else T.BREAK
    if value >= 100 or value != int(value):
        return at, Decimal(0)
    if follows is T.CENTS:
        return upto + 1, value / 100
    plain = begin == at and value >= 10 and tongue.together and follows in (T.BREAK, T.SEP, T.OTHER)
    return (upto, value / 100) if plain else (at, Decimal(0))


def _is_of_cents(found: list[Token], at: int, begin: int) -> bool:
    """Tell whether a token is of the hundredths; ``ninety-nine`` has a hyphen in it."""
    one = found[at]
    if one.kind is T.DIGIT:
        return True
    hyphen = one.kind is T.SEP and one.end - one.start == 1 and at > begin
    return (
        hyphen
        and at + 1 < len(found)
        and found[at - 1].end == one.start
        and (found[at + 1].start == one.end and found[at + 1].kind is T.DIGIT)
    )


def _after(found: list[Token], at: int, tongue: Tongue) -> tuple[int, int, Decimal] | None:
    """Read the amount after a sign: ``$12.50``, ``$1.2 million``."""
    upto = at + 1
    if upto >= len(found) or not found[upto].literal or len(found[upto].value) > _FIGURES_MAX:
        return None
    upto += 1
    while upto < len(found) and upto - at < 5 and found[upto].kind is T.SCALE:
        upto += 1
    value = value_of(found[at + 1 : upto], tongue)
    if upto < len(found) and found[upto].kind is T.MONEY:
        upto += 1
    return at, upto, value


def _code(currency: str, region: str) -> str:
    if currency == "$":
        return _DOLLARS.get(region, "USD")
    if currency == "¥":
        return "CNY" if region == "CN" else "JPY"
    return currency


def _said(
    folded: Folded,
    found: list[Token],
    begin: int,
    upto: int,
    value: Decimal,
    code: str,
    language: str,
) -> Said:
    start, end = folded.span(found[begin].start, found[upto - 1].end)
    whole = value == int(value)
    plain = f"{int(value)}" if whole else _decimal(value)
    grouped = f"{int(value):,}" if whole else f"{int(value):,}{plain[plain.index('.') :]}"
    name = _NAMES.get(language, {}).get(code)
    if name is not None:
        shown = f"{grouped}{name}"
    else:
        shown = f"{_SIGNS[code]}{grouped}" if code in _SIGNS else f"{grouped} {code}"
    return Said(kind=Kind.AMOUNT, value=f"{plain} {code}", shown=shown, start=start, end=end)


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    point = text.index(".")
    return text.rstrip("0") if len(text.rstrip("0")) > point + 3 else f"{value:.2f}"


def _room(folded: Folded, found: list[Token], begin: int, upto: int, tongue: Tongue) -> Said:
    numerals = found[begin : upto - 1]
    plain = "".join(one.value for one in numerals)
    if any(one.kind is T.SCALE for one in numerals):
        plain = str(int(value_of(numerals, tongue)))
    unit = folded.text[found[upto - 1].start : found[upto - 1].end]
    start, end = folded.span(found[begin].start, found[upto - 1].end)
    shown = f"{plain}{_ROOMS.get(unit, unit)}"
    return Said(kind=Kind.ORDER, value=plain, shown=shown, start=start, end=end)
