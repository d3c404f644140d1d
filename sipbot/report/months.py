"""Reads a client's month of the ledger for its statement.

Data path: ledger_reader -> [months] -> statement
"""

from datetime import datetime

import msgspec

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
        plan: the client's; its quota counts where no other is recorded for that month.
        month: of the client's time zone.
        made_at: UTC-aware.

    Raises:
        LedgerError: the ledger refuses.
    """
    asked = ask(plan, month)
    span = Span(since=asked.since, until=asked.until)
    # What was agreed on in that month counts, whatever the file says today; prices are today's.
    agreed = ledger.figures(plan, span, made_at).terms
    asked = msgspec.structs.replace(asked, counts=agreed.counts, exclude=agreed.exclude)
    return statement(
        say_name=plan.say_name,
        language=plan.language,
        month=month,
        tz=plan.hours.tz.key,
        made_at=made_at,
        dialplan=agreed.dialplan or plan.sha256,
        included=agreed.calls_per_month,
        price=plan.form.price,
        ask=asked,
        taken=ledger.taken(plan.client, span),
    )
