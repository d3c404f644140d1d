"""Reads a client's month of the ledger for its statement.

Data path: ledger_reader -> [months] -> statement
"""

from datetime import datetime

from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.plan import Dialplan
from sipbot.quota import Month, ask
from sipbot.report.statement import Statement, statement


def statement_of(
    ledger: ReadOnlyLedger, plan: Dialplan, month: Month, made_at: datetime
) -> Statement:
    """Return the statement of a month; a call belongs to the month in which it came.

    Args:
        ledger: where the calls are.
        plan: the client's, whose quota and prices are reckoned with.
        month: of the client's time zone.
        made_at: UTC-aware.

    Raises:
        LedgerError: the ledger refuses.
    """
    asked = ask(plan, month)
    return statement(
        say_name=plan.say_name,
        language=plan.language,
        month=month,
        tz=plan.hours.tz.key,
        made_at=made_at,
        dialplan=plan.sha256,
        included=plan.quota.calls_per_month if plan.quota else None,
        price=plan.form.price,
        ask=asked,
        taken=ledger.taken(plan.client, Span(since=asked.since, until=asked.until)),
    )
