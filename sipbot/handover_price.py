"""What a client pays at one site and would pay at another, for the calls it had.  Pure.

Data path: handover_coverage -> [handover_price] -> handover_parity

Both sides are reckoned by the monthly statement's rules, from the calls that counted at the giving
site: nobody has counted them by the other's.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from sipbot.handover_coverage import Coverage
from sipbot.price_form import PriceForm
from sipbot.quota import month_of
from sipbot.report.statement import Sum, cost_of

NOT_SET = "no price is set"
NO_FILE = "not known before the client's file is right here"


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """One month's calls, at both sites."""

    month: str
    """In words."""
    there: str
    here: str
    equal: bool
    measured: bool
    """False: a side has no price, or its file is wrong."""


def promise(one: Coverage) -> str:
    """Return in words which calls are paid for."""
    return f"{one.calls_per_month} calls a month" if one.calls_per_month else "no quota"


def terms(one: Coverage) -> str:
    """Return in words what they cost."""
    price = _form(one)
    if price is None:
        return NOT_SET
    each = f"{price.call} a call, {price.over} a call beyond the quota, tax {price.tax} %"
    return f"{price.currency}: {price.monthly} a month, {each}"


def bills(there: Coverage, here: Coverage | None) -> Iterator[Bill]:
    """Yield what the months of the bundle cost there, and would have cost here."""
    now = datetime.fromisoformat(there.first_probe)
    current = str(month_of(now, ZoneInfo(there.tz)))
    for month, count in there.used.items():
        was, now_is = _cost(there, count), None if here is None else _cost(here, count)
        yield Bill(
            month=f"{month} so far" if month == current else month,
            there=_said(there, was, count),
            here=NO_FILE if here is None else _said(here, now_is, count),
            equal=was == now_is,
            measured=was is not None and now_is is not None,
        )


def _form(one: Coverage) -> PriceForm | None:
    return None if one.price is None else PriceForm.model_validate(one.price)


def _over(one: Coverage, count: int) -> int:
    return 0 if one.calls_per_month is None else max(0, count - one.calls_per_month)


def _cost(one: Coverage, count: int) -> Sum | None:
    price, over = _form(one), _over(one, count)
    if price is None:
        return None
    return cost_of(price, (count - over) * price.per_call, over * price.over_call)


def _said(one: Coverage, cost: Sum | None, count: int) -> str:
    beyond = "" if one.calls_per_month is None else f", {_over(one, count)} beyond the quota"
    calls = f"{count} calls{beyond}"
    if cost is None:
        return f"{calls}: {NOT_SET}"
    over = "" if one.calls_per_month is None else f", {_amount(cost.over)} of it for those beyond"
    return f"{calls}: {_amount(cost.total)} {cost.currency} with tax{over}"


def _amount(value: Decimal) -> str:
    return f"{value:,f}"
