"""Reads a client's month of the ledger for its statement.

Data path: ledger_reader -> [months] -> statement
"""

from datetime import datetime

import msgspec

from sipbot.kpi import Terms
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.plan import Dialplan
from sipbot.price_form import PriceForm
from sipbot.quota import Ask, Month, ask
from sipbot.report.statement import Statement, statement


def asked_of(plan: Dialplan, month: Month, agreed: Terms) -> Ask:
    """Return which calls of a month count by what was agreed on then, not by today's file."""
    return msgspec.structs.replace(ask(plan, month), counts=agreed.counts, exclude=agreed.exclude)


def price_of(plan: Dialplan, agreed: Terms) -> tuple[PriceForm | None, str]:
    """Return what calls cost by what was agreed on, and the SHA-256 of the file that says so.

    Where no price was recorded these are today's: a client whose price is written down later can
    have statements of months before.  The hash is empty without any price.
    """
    if isinstance(agreed.price, dict):
        return PriceForm.model_validate(agreed.price), agreed.dialplan or plan.sha256
    return plan.form.price, plan.sha256 if plan.form.price else ""


def statement_of(
    ledger: ReadOnlyLedger, plan: Dialplan, month: Month, made_at: datetime
) -> Statement:
    """Return the statement of a month; a call belongs to the month in which it came.

    Args:
        ledger: where the calls are.
        plan: the client's; its quota and price count where none are recorded for that month.
        month: of the client's time zone.
        made_at: UTC-aware.

    Raises:
        LedgerError: the ledger refuses.
    """
    span = Span(since=month.begins(plan.hours.tz), until=month.following.begins(plan.hours.tz))
    agreed = ledger.facts(plan, span).terms
    price, priced_by = price_of(plan, agreed)
    return statement(
        say_name=plan.say_name,
        language=plan.language,
        month=month,
        tz=plan.hours.tz.key,
        made_at=made_at,
        dialplan="" if agreed.since is None else agreed.dialplan or "",
        priced_by=priced_by,
        included=agreed.calls_per_month,
        price=price,
        ask=asked_of(plan, month, agreed),
        taken=ledger.taken(plan.client, span),
    )
