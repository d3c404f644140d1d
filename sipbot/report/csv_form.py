"""Reports as CSV (RFC 4180), every figure of the page in it.  Pure.

A weekly pack is one table of name, item and value, because its parts have different columns; a
statement is a table of its calls followed by its sums.  Empty means "not measured".  A byte order
mark stands first: Excel takes Japanese for another encoding without it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum

import msgspec

from sipbot.report.pack import Pack
from sipbot.report.statement import Statement

BOM = "\ufeff"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""

Cell = str | int | float | Decimal | datetime | None


def weekly(pack: Pack) -> str:
    """Return a week: part, item, name and value in each row."""
    head: list[Sequence[Cell]] = [("part", "item", "name", "value")]
    return _table([*head, *_pack_rows(pack)])


def monthly(statement: Statement) -> str:
    """Return a month: its calls, then its sums."""
    head = ("at", "caller", "number", "end", "seconds", "counts as", "over", "amount", "call")
    rows: list[Sequence[Cell]] = [head]
    for item in statement.items:
        call = item.call
        state = "going" if call.state is None else call.state.value
        over = "yes" if item.over else "no"
        price = item.price
        begun = (call.at, call.caller, call.number, state, call.lasted_s)
        rows.append((*begun, item.counted, over, price, call.call))
    rows.append(())
    named = msgspec.structs.asdict(statement)
    rows += [(name, _plain(named[name])) for name in _SUMS]
    if statement.cost is not None:
        rows += [(name, value) for name, value in msgspec.structs.asdict(statement.cost).items()]
    return _table(rows)


_SUMS = (
    "client",
    "month",
    "tz",
    "made_at",
    "complete",
    "dialplan",
    "priced_by",
    "included",
    "counted",
    "over",
)

_HEAD = (
    "client",
    "week",
    "tz",
    "since",
    "until",
    "made_at",
    "complete",
    "dialplan",
    "within_s",
    "resolved_from",
    "received",
    "benchmark_clients",
)


_FIGURE = ("value", "n", "previous", "target", "benchmark", "met", "unit", "definition")


def _pack_rows(pack: Pack) -> Iterator[Sequence[Cell]]:
    for name in _HEAD:
        yield "pack", "", name, _plain(getattr(pack, name))
    for figure in pack.figures:
        for name in _FIGURE:
            yield "figure", figure.key, name, _plain(getattr(figure, name))
        for week, value in zip(pack.weeks, figure.trend, strict=True):
            yield "figure", figure.key, week, value
    for end, number in pack.ends.items():
        yield "ends", end, "calls", number
    for day, hours in enumerate(pack.heat, start=1):
        for hour, number in enumerate(hours):
            yield "heat", f"day {day}", f"{hour:02}:00", number
    yield from _lists(pack)
    for place, problem in enumerate(pack.problems, start=1):
        yield "problem", place, problem.word, ", ".join(problem.values.values())
    for name in ("month", "used", "limit", "over"):
        yield "plan", "", name, getattr(pack.plan, name)


def _lists(pack: Pack) -> Iterator[Sequence[Cell]]:
    """Return the rows of what has any number of items, each with all of its fields."""
    parts: tuple[tuple[str, Iterable[msgspec.Struct]], ...] = (
        ("missed", pack.missed),
        ("complaint", pack.complaints),
        ("action", pack.actions),
        ("reviewed", pack.reviewed),
    )
    for part, some in parts:
        for place, one in enumerate(some, start=1):
            for name, value in msgspec.structs.asdict(one).items():
                yield part, place, name, _plain(value)


def _plain(value: object) -> Cell:
    """Return a value as a cell has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, int | float | Decimal | datetime):
        return value
    return str(value)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = str(value)
    # A number of a telephone begins with + and is wanted as text; other text is never a formula.
    formula = isinstance(value, str) and text.startswith(_FORMULA)
    return f"'{text}" if formula and not text[1:].isdecimal() else text


def _table(rows: Iterable[Sequence[Cell]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([_cell(one) for one in row] for row in rows)
    return BOM + written.getvalue()
