"""A client's calendar in a terminal.

A month is a grid with the hours of each day; a year is twelve small grids in colour, and a mark for
each kind of day, since not every terminal and not every eye has colours.
"""

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sipbot.calendar_on_call import GAPS_SHOWN, gaps_words
from sipbot.calendar_view import (
    KIND_WORDS,
    PRECEDENCE_WORDS,
    CalendarView,
    DayView,
    Kind,
    MonthView,
    stretches,
    summary,
)
from sipbot.hours_diff import WEEKDAY_NAMES
from sipbot.terminal import printable

_STYLES: dict[Kind, str] = {
    "open": "",
    "season": "cyan",
    "day": "bold yellow",
    "holiday": "bold red",
    "closure": "bold magenta",
    "closed": "dim",
}
_MARKS: dict[Kind, str] = {
    "open": " ",
    "season": "~",
    "day": "*",
    "holiday": "h",
    "closure": "x",
    "closed": "·",
}
_GAP, _ON_CALL = "!", "@"
_GAP_STYLE = "bold red"

_WIDE_CELLS = 7 * 16 + 1
"""A month needs this for 13 characters a day; below it, hours are written in short."""


def terminal_calendar(view: CalendarView) -> RenderableType:
    """A month with its hours, or a year in twelve small grids, with what is exceptional below."""
    heading = Text.assemble(
        (f"{printable(view.name)}  {view.title}", "bold"), (f"  {view.tz}", "dim")
    )
    if len(view.months) == 1:
        grid: RenderableType = _Large(view, view.months[0])
    else:
        grid = Columns([_small(view, month) for month in view.months], padding=(1, 1))
    parts: list[RenderableType] = [heading, grid, _legend(view)]
    if stretches(view):
        parts.append(_list(view))
    parts += _people(view)
    parts.append(Text(f"{summary(view)}. What counts: {PRECEDENCE_WORDS}.", style="dim"))
    if view.provisional:
        parts.append(Text("? not announced yet: the day may still change", style="dim"))
    return Group(*parts)


class _Large:
    """A month with its hours, as wide as the terminal lets it be."""

    def __init__(self, view: CalendarView, month: MonthView) -> None:
        self._view, self._month = view, month

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE_CELLS
        table = Table(show_lines=True, expand=False, padding=(0, 1 if wide else 0))
        for day in self._view.weekdays:
            style = "red" if day == 6 else ""
            table.add_column(WEEKDAY_NAMES[day], width=13 if wide else 10, style=style)
        for week in self._month.weeks:
            cells = (_cell(day, short=not wide) if day else Text() for day in week)
            table.add_row(*cells)
        yield table


def _short(band: str) -> str:
    """``9-12:30`` for ``09:00-12:30``: what fits into a tenth of a narrow terminal."""
    return "-".join(edge.removesuffix(":00").removeprefix("0") for edge in band.split("-"))


def _cell(day: DayView, *, short: bool) -> Text:
    style = _STYLES[day.kind]
    text = Text(style="default")
    text.append(f"{day.date.day:2}", style=f"bold {style}".strip())
    if day.name and day.because != "day":
        text.append(f" {printable(day.name)}{'?' if day.provisional else ''}", style=style)
    for band in day.bands or ("closed",):
        text.append(f"\n{_short(band) if short else band}", style=style or "green")
    for one in day.on_call:
        mark, colour = (_GAP, _GAP_STYLE) if one.gap else (_ON_CALL, "blue")
        text.append(f"\n{mark}{_short(one.band)} {printable(one.who)}", style=colour)
    return text


def _small(view: CalendarView, month: MonthView) -> Panel:
    table = Table.grid(padding=(0, 0))
    for _ in view.weekdays:
        table.add_column(width=4, justify="right")
    table.add_row(*(Text(f"{WEEKDAY_NAMES[day][:2]} ", style="dim") for day in view.weekdays))
    for week in month.weeks:
        table.add_row(*(_number(day) if day else Text() for day in week))
    for _ in range(6 - len(month.weeks)):
        table.add_row()
    return Panel(table, title=month.title, title_align="left", border_style="dim", padding=(0, 1))


def _number(day: DayView) -> Text:
    if day.gap:
        return Text.assemble((str(day.date.day), _STYLES[day.kind]), (_GAP, _GAP_STYLE))
    mark = "?" if day.provisional else _MARKS[day.kind]
    return Text(f"{day.date.day}{mark}", style=_STYLES[day.kind])


def _legend(view: CalendarView) -> Text:
    legend = Text()
    for kind in view.kinds:
        mark = _MARKS[kind].strip()
        legend.append(f"{mark} {KIND_WORDS[kind]}".strip(), style=_STYLES[kind])
        legend.append("   ")
    if view.rota and len(view.months) == 1:
        legend.append(f"{_ON_CALL} on call, (last resort)   ", style="blue")
    if view.gaps:
        legend.append(f"{_GAP} nobody on call", style=_GAP_STYLE)
    return legend


def _people(view: CalendarView) -> list[RenderableType]:
    """Who is on call when, and when nobody is."""
    if not view.rota:
        return []
    table = Table.grid(padding=(0, 2))
    for place, (name, words) in enumerate(view.rota):
        about = Text("" if place else "on call", style="blue")
        table.add_row(about, Text(printable(name)), Text(printable(words)))
    parts: list[RenderableType] = [table]
    if view.gaps:
        shown = "\n".join(f"  {one.words}" for one in view.gaps[:GAPS_SHOWN])
        more = len(view.gaps) - GAPS_SHOWN
        others = f"\n  and {more} more" if more > 0 else ""
        parts.append(Text(f"{_GAP} {gaps_words(view.gaps)}\n{shown}{others}", style=_GAP_STYLE))
    return parts


def _list(view: CalendarView) -> Table:
    table = Table.grid(padding=(0, 2))
    for stretch in stretches(view):
        day = stretch.first
        name = "" if day.because == "day" else printable(day.name)
        table.add_row(
            stretch.dates,
            Text(KIND_WORDS[day.kind], style=_STYLES[day.kind]),
            f"{name}{'?' if day.provisional else ''}",
            ", ".join(day.bands) or "closed",
        )
    return table
