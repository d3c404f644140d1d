"""A report as the files in which it is handed over.

Data path: pack, statement -> [files] -> cli_report, made
"""

import msgspec

from sipbot.plan import Dialplan
from sipbot.report import csv_form
from sipbot.report.pack import Pack
from sipbot.report.statement import Statement
from sipbot.report.words import Say
from sipbot.report_form import ReportFileForm


def reader_of(plan: Dialplan) -> str:
    """Return the language of who reads a client's reports."""
    return (plan.form.report.language if plan.form.report else "") or plan.language


def pack_as(form: ReportFileForm, made: Pack, say: Say) -> bytes:
    """Return a week's pack in a form.

    Raises:
        ReportError: what a PDF needs is not installed.
    """
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(made))
    if form == "csv":
        return csv_form.weekly(made).encode()
    # The web's libraries are for pages alone: `sipbot run` must not load them.
    from sipbot.report import render  # noqa: PLC0415

    return _printed(render.weekly(made, say), form)


def statement_as(form: ReportFileForm, made: Statement, say: Say) -> bytes:
    """Return a month's statement in a form; raises as `pack_as`."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(made))
    if form == "csv":
        return csv_form.monthly(made).encode()
    from sipbot.report import render  # noqa: PLC0415 - as above

    return _printed(render.monthly(made, say), form)


def _printed(page: str, form: ReportFileForm) -> bytes:
    """Return a page as HTML or PDF."""
    if form != "pdf":
        return page.encode()
    from sipbot.report.pdf import pdf  # noqa: PLC0415 - an extra, and slow to load

    return pdf(page)
