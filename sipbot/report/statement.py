"""The monthly statement: every call that was taken, the quota, and what it costs.  Pure.

Data path: ledger_report -> gather -> [statement] -> render, csv_form

Money is decimal from the dialplan to the paper; nothing here is a float.  What the client's file
names no price for is None, "not set", and never 0.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

import msgspec

from sipbot.price_form import PriceForm
from sipbot.quota import Ask, Month, counts
from sipbot.records import EndState

WITHOUT_MINOR = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}
    | {"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Currencies without a smaller unit (ISO 4217, exponent 0)."""

WITH_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies whose smaller unit is a thousandth (ISO 4217, exponent 3)."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A call as the ledger has it."""

    call: str
    at: datetime
    """When its INVITE came, UTC-aware."""
    caller: str | None
    """None: withheld or unknown."""
    number: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    state: EndState | None
    """None: it still lasts."""
    memo: str | None
    category: str | None
    status: str | None
    """Of the memo."""

    @property
    def lasted_s(self) -> float | None:
        """From answer to end in seconds; None when nobody answered, or it still lasts."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.answered_at).total_seconds()


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the statement."""

    call: Taken
    counted: int | None
    """Which of the month's counted calls it is, from 1; None: it does not count."""
    over: bool = False
    """Whether it is beyond the quota."""
    price: Decimal | None = None
    """None: it does not count, or no price is set."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What the month costs."""

    currency: str
    monthly_fee: Decimal
    calls: Decimal
    """Counted calls within the quota."""
    over: Decimal
    """Call-over charge (コールオーバー)."""
    net: Decimal
    tax_percent: Decimal
    tax: Decimal
    """Rounded down to the currency's smallest unit, once for the whole statement."""
    total: Decimal
    """Net and tax, rounded down to the currency's smallest unit: nobody can pay half a yen."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one client in one month."""

    client: str
    say_name: str
    language: str
    month: str
    tz: str
    made_at: datetime
    complete: bool
    """False: the month is not over."""
    dialplan: str
    """SHA-256 of the file whose quota this is; empty: not recorded, it is today's."""
    priced_by: str
    """SHA-256 of the file whose prices these are, another where none was recorded for that month;
    empty: no price is set."""
    included: int | None
    """Calls of the quota; None: the client has none."""
    counted: int
    over: int | None
    """Counted calls beyond the quota; None: there is no quota."""
    over_call: Decimal | None
    """What one of them costs; None: no price is set."""
    cost: Sum | None
    """None: no price is set."""
    items: tuple[Item, ...]


def itemised(
    taken: Sequence[Taken], ask: Ask, included: int | None, price: PriceForm | None
) -> tuple[Item, ...]:
    """Return every call with what it counts for, the first that came first.

    Args:
        taken: the month's calls.
        ask: which of them count.
        included: calls of the quota; None: there is none, so none is over.
        price: what they cost; None: not set.
    """
    found, place = [], 0
    for call in sorted(taken, key=lambda one: (one.at, one.call)):
        if not counts(ask, ask.client, call.at, call.state, call.category):
            found.append(Item(call=call, counted=None))
            continue
        place += 1
        over = included is not None and place > included
        each = None if price is None else price.over_call if over else price.per_call
        found.append(Item(call=call, counted=place, over=over, price=each))
    return tuple(found)


def sum_of(items: Sequence[Item], price: PriceForm) -> Sum:
    """Return what the items cost together."""
    within = sum((one.price for one in items if one.price and not one.over), Decimal())
    beyond = sum((one.price for one in items if one.price and one.over), Decimal())
    return cost_of(price, within, beyond)


def cost_of(price: PriceForm, within: Decimal, beyond: Decimal) -> Sum:
    """Return what a month costs.

    Args:
        price: what was agreed.
        within: of all counted calls within the quota together, before tax.
        beyond: of those beyond it.
    """
    net = price.monthly_fee + within + beyond
    smallest = unit(price.currency)
    tax = (net * price.tax_percent / 100).quantize(smallest, ROUND_DOWN)
    return Sum(
        currency=price.currency,
        monthly_fee=price.monthly_fee,
        calls=within,
        over=beyond,
        net=net,
        tax_percent=price.tax_percent,
        tax=tax,
        total=(net + tax).quantize(smallest, ROUND_DOWN),
    )


def unit(currency: str) -> Decimal:
    """Return the smallest unit of a currency (ISO 4217)."""
    if currency in WITHOUT_MINOR:
        return Decimal(1)
    return Decimal("0.001") if currency in WITH_THREE else Decimal("0.01")


def statement(
    *,
    say_name: str,
    language: str,
    month: Month,
    tz: str,
    made_at: datetime,
    dialplan: str,
    priced_by: str,
    included: int | None,
    price: PriceForm | None,
    ask: Ask,
    taken: Sequence[Taken],
) -> Statement:
    """Return the statement of a month.

    Args:
        say_name: the client's name.
        language: of the client's callers; the reader may choose another.
        month: which one.
        tz: the client's time zone.
        made_at: UTC-aware.
        dialplan: SHA-256 of the file whose quota it is; empty: not recorded.
        priced_by: SHA-256 of the file whose prices these are; empty: no price is set.
        included: calls of the quota; None: there is none.
        price: None: not set.
        ask: which calls count, and from when to when.
        taken: the month's calls.
    """
    items = itemised(taken, ask, included, price)
    return Statement(
        client=ask.client,
        say_name=say_name,
        language=language,
        month=str(month),
        tz=tz,
        made_at=made_at,
        complete=ask.until <= made_at,
        dialplan=dialplan,
        priced_by=priced_by,
        included=included,
        counted=sum(one.counted is not None for one in items),
        over=None if included is None else sum(one.over for one in items),
        over_call=None if price is None else price.over_call,
        cost=None if price is None else sum_of(items, price),
        items=items,
    )
