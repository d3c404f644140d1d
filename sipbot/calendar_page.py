"""A client's calendar as one HTML file: light and dark, on screen and on paper.

One file without scripts, fonts or pictures from elsewhere, so that it can be mailed to the client
and printed.  Colours never stand alone: every special day carries its name or a mark.
"""

from html import escape

from sipbot.calendar_on_call import GAPS_SHOWN, gaps_words
from sipbot.calendar_view import (
    KIND_WORDS,
    PRECEDENCE_WORDS,
    CalendarView,
    DayView,
    MonthView,
    stretches,
    summary,
)
from sipbot.hours_diff import WEEKDAY_NAMES

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #66727f; --line: #d9dfe5; --page: #f5f7f9;
  --card: #fff; --open: #fff; --open-ink: #17643c; --season: #e3f3fa; --season-ink: #0c5a7a;
  --day: #fff1c9; --day-ink: #7a5200; --holiday: #fde4e1; --holiday-ink: #a3231a;
  --closure: #efe5f9; --closure-ink: #5f2d93; --closed: #edf0f3; --closed-ink: #66727f;
  --call-ink: #1f4e9c; --gap: #ffd9d5; --gap-ink: #a00f0f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5eaef; --soft: #98a4b0; --line: #37414c;
  --page: #14191f; --card: #1c232b; --open: #1c232b; --open-ink: #79d3a2; --season: #123441;
  --season-ink: #8fd4f0; --day: #42340c; --day-ink: #f5d27a; --holiday: #4a201d;
  --holiday-ink: #ffaca4; --closure: #36234b; --closure-ink: #d5b4f7; --closed: #252d36;
  --closed-ink: #98a4b0; --call-ink: #9dc1ff; --gap: #5a1512; --gap-ink: #ffc4be; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem; max-width: 76rem; background: var(--page);
  color: var(--ink); font: 15px/1.45 system-ui, "Hiragino Sans", "Noto Sans CJK JP", sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.25rem; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 0 0 .5rem; font-size: 1rem; }
header p, footer { color: var(--soft); margin: 0; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; padding: 0;
  margin: 1rem 0 1.25rem; }
.legend li { padding: .1rem .65rem; border-radius: 1rem; border: 1px solid var(--line); }
.months { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); }
.one .months { grid-template-columns: 1fr; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem; }
table { border-collapse: separate; border-spacing: 2px; width: 100%; table-layout: fixed; }
th { font-weight: 500; font-size: .75rem; color: var(--soft); padding: 0; }
td { vertical-align: top; border-radius: .3rem; padding: .15rem .1rem; height: 3.1rem;
  text-align: center; font-size: .62rem; line-height: 1.25; overflow: hidden; }
.year td i { font-size: .52rem; } .year td span { white-space: normal; }
td b { display: block; font-size: .85rem; font-variant-numeric: tabular-nums; }
td span { display: block; font-variant-numeric: tabular-nums; white-space: nowrap; }
td i { display: block; font-style: normal; overflow-wrap: anywhere; }
.one td { height: 6.4rem; font-size: .9rem; padding: .4rem; text-align: left; }
.one td b { font-size: 1.15rem; } .one th { font-size: .9rem; text-align: left; padding: 0 .4rem; }
.open { background: var(--open); color: var(--open-ink); } .open b { color: var(--ink); }
td.open { box-shadow: inset 0 0 0 1px var(--line); }
.season { background: var(--season); color: var(--season-ink); }
.day { background: var(--day); color: var(--day-ink); }
.holiday { background: var(--holiday); color: var(--holiday-ink); }
.closure { background: var(--closure); color: var(--closure-ink); }
.closed { background: var(--closed); color: var(--closed-ink); }
em { display: block; font-style: normal; overflow-wrap: anywhere; }
em.call, li.call { color: var(--call-ink); } .year em.call { font-size: .52rem; }
em.gap, li.gap, .lost { color: var(--gap-ink); font-weight: 700; }
em.gap { background: var(--gap); border-radius: .2rem; margin-top: .1rem;
  box-shadow: inset 0 0 0 1px var(--gap-ink); }
.special h2.lost { margin: .8rem 0 .3rem; } .special ul { margin: 0; columns: 3 18rem; }
.special { margin-top: 1.25rem; } .special table { table-layout: auto; }
.special td { height: auto; text-align: left; font-size: .9rem; padding: .2rem .6rem;
  background: none; border-radius: 0; border-bottom: 1px solid var(--line); }
.special mark { color: inherit; padding: .05rem .5rem; border-radius: 1rem; }
footer { margin-top: 1.25rem; font-size: .9rem; } footer p { margin: .15rem 0; }
@media print { @page { size: A4 landscape; margin: 9mm; }
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --open: #fff;
  --open-ink: #17643c; --season: #e3f3fa; --season-ink: #0c5a7a; --day: #fff1c9; --day-ink: #7a5200;
  --holiday: #fde4e1; --holiday-ink: #a3231a; --closure: #efe5f9; --closure-ink: #5f2d93;
  --closed: #edf0f3; --closed-ink: #555; --call-ink: #1f4e9c; --gap: #ffd9d5; --gap-ink: #a00f0f;
  color-scheme: light; font-size: 9px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { padding: 0; max-width: none; font-size: 10px; } .months { gap: 2mm;
  grid-template-columns: repeat(4, 1fr); } .one .months { grid-template-columns: 1fr; }
  section { padding: 1.5mm; break-inside: avoid; } h2 { margin: 0; } .legend { margin: 2mm 0; }
  .months td { height: 7.2mm; font-size: 5.5px; line-height: 1.1; padding: .2mm; }
  .months td b { font-size: 8px; } .year td i, .year em.call { font-size: 5px; }
  header { margin: 0; }
  .one .months td { height: 23mm; font-size: 11px; } .one .months td b { font-size: 14px; } }
"""


def html_calendar(view: CalendarView) -> str:
    """The whole page, UTF-8."""
    title = escape(f"{view.name} {view.title}")
    body = "one" if len(view.months) == 1 else "year"
    legend = "".join(f'<li class="{kind}">{KIND_WORDS[kind]}</li>' for kind in view.kinds)
    legend += '<li class="call">on call, (last resort)</li>' if view.rota else ""
    legend += '<li class="gap">! nobody on call</li>' if view.gaps else ""
    months = "\n".join(_month(view, month) for month in view.months)
    provisional = "<p>? = not announced yet: the day may still change.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body class="{body}">
<header><h1>{escape(view.name)}</h1><h1>{view.title}</h1>
<p>{escape(view.tz)} &middot; {summary(view)}</p></header>
<ul class="legend">{legend}</ul>
<main class="months">
{months}
</main>
{_special(view)}{_people(view)}<footer><p>What counts for a day: {escape(PRECEDENCE_WORDS)}.</p>
<p>Hours after 24:00 are those of the following night.</p>
{provisional if view.provisional else ""}</footer>
</body>
</html>
"""


def _short(band: str) -> str:
    """A band as narrow as it can be read: ``9-12:30`` for ``09:00-12:30``."""
    return "–<wbr>".join(edge.removesuffix(":00").removeprefix("0") for edge in band.split("-"))


def _month(view: CalendarView, month: MonthView) -> str:
    names = "".join(f'<th scope="col">{WEEKDAY_NAMES[day]}</th>' for day in view.weekdays)
    year = len(view.months) > 1
    weeks = "\n".join(
        f"<tr>{''.join(_day(day, short=year) if day else '<td></td>' for day in week)}</tr>"
        for week in month.weeks
    )
    heading = f"<h2>{month.title}</h2>\n" if year else ""
    return f"<section>{heading}<table>\n<tr>{names}</tr>\n{weeks}\n</table></section>"


def _day(day: DayView, *, short: bool) -> str:
    doubt = "?" if day.provisional else ""
    name = escape(day.name) if day.because != "day" else ""
    said = ", ".join(filter(None, [f"{KIND_WORDS[day.kind]}{doubt}", name, *day.bands]))
    bands = "".join(f"<span>{_short(band) if short else band}</span>" for band in day.bands)
    shown = f"<i>{name}{doubt}</i>" if name else ""
    inner = f"<b>{day.date.day}</b>{bands}{shown}{_on_call(day, short=short)}"
    people = "".join(f"; on call {one.band}: {escape(one.who)}" for one in day.on_call)
    return f'<td class="{day.kind}" title="{day.date}: {said}{people}">{inner}</td>'


def _on_call(day: DayView, *, short: bool) -> str:
    """Who is on call: each with the time, or in a year the names once and the gaps."""
    if not short:
        return "".join(
            f'<em class="{"gap" if one.gap else "call"}">{one.band} {escape(one.who)}</em>'
            for one in day.on_call
        )
    names = dict.fromkeys(name for one in day.on_call for name in one.names)
    shown = f'<em class="call">{escape(", ".join(names))}</em>' if names else ""
    lost = "".join(f"<span>{_short(one.band)}</span>" for one in day.on_call if one.gap)
    return f'{shown}<em class="gap">!{lost}</em>' if lost else shown


def _people(view: CalendarView) -> str:
    if not view.rota:
        return ""
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td><td>{escape(words)}</td></tr>" for name, words in view.rota
    )
    found = f'<section class="special"><h2>On call</h2><table>\n{rows}\n</table>'
    if view.gaps:
        shown = "".join(f"<li>{one.words}</li>" for one in view.gaps[:GAPS_SHOWN])
        more = len(view.gaps) - GAPS_SHOWN
        others = f"<li>and {more} more</li>" if more > 0 else ""
        found += f'<h2 class="lost">! {gaps_words(view.gaps)}</h2><ul>{shown}{others}</ul>'
    return f"{found}</section>\n"


def _special(view: CalendarView) -> str:
    rows = "\n".join(
        f'<tr><td>{stretch.dates}</td><td><mark class="{day.kind}">{KIND_WORDS[day.kind]}</mark>'
        f"</td><td>{'' if day.because == 'day' else escape(day.name)}"
        f"{'?' if day.provisional else ''}</td><td>{', '.join(day.bands) or 'closed'}</td></tr>"
        for stretch in stretches(view)
        for day in (stretch.first,)
    )
    if not rows:
        return ""
    return f'<section class="special"><h2>Special days</h2><table>\n{rows}\n</table></section>\n'
