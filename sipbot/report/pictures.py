"""The plots of a week with their words.  Pure.

Data path: pack -> [pictures] -> plots -> render, console
"""

from sipbot.report.pack import Figure, Pack
from sipbot.report.plots import Bar, Frame, columns, heat_map, rows
from sipbot.report.words import Say

_LONG_S = 600
"""From here on a time has more digits in seconds than anybody reads at a glance."""


def heat_plot(pack: Pack, say: Say) -> str:
    """Return calls by day and hour."""
    total = sum(map(sum, pack.heat))
    if total:
        peak, day, hour = max(
            (number, -day, -hour)
            for day, hours in enumerate(pack.heat)
            for hour, number in enumerate(hours)
        )
        desc = say.say("heat_desc", total=total, peak=peak, day=say.days[-day], hour=-hour)
    else:
        desc = say["heat_none"]
    return heat_map(Frame(name="heat", title=say["heat_title"], desc=desc), pack.heat, say.days)


def ends_plot(pack: Pack, say: Say) -> str:
    """Return how many calls ended in each way; those of none too, which is said as 0."""
    bars = [
        Bar(label=say.end(state), value=number, shown=say.number(number, "calls"))
        for state, number in pack.ends.items()
        if number or state != "going"
    ]
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    frame = Frame(name="ends", title=say["ends_title"], desc=say.say("ends_desc", values=told))
    return rows(frame, bars)


def trend_plots(pack: Pack, say: Say) -> list[tuple[str, str]]:
    """Return name and plot of each figure that was measured in any of the weeks."""
    return [
        (_caption(one, say), _trend(one, pack, say))
        for one in pack.figures
        if any(value is not None for value in one.trend)
    ]


def _plotted(figure: Figure) -> str:
    """Return the unit of a figure's plot: long times are in minutes, short ones in seconds."""
    values = [one for one in (*figure.trend, figure.target) if one is not None]
    return "min" if figure.unit == "s" and max(values) >= _LONG_S else figure.unit


def _caption(figure: Figure, say: Say) -> str:
    unit = say.say(f"unit_{_plotted(figure)}", n="").strip()
    name = f"{figure.name} ({unit})" if unit else figure.name
    if figure.target is None:
        return name
    return f"{name} {say.say('target_line', value=say.number(figure.target, figure.unit))}"


def _trend(figure: Figure, pack: Pack, say: Say) -> str:
    last, unit = len(figure.trend) - 1, _plotted(figure)
    bars = [
        Bar(
            label=week.partition("-")[2],
            value=value,
            shown=say.bare(value / 60 if value and unit == "min" else value, unit),
            past=place != last,
        )
        for place, (week, value) in enumerate(zip(pack.weeks, figure.trend, strict=True))
    ]
    told = ", ".join(
        f"{week} {say.number(value, figure.unit)}"
        for week, value in zip(pack.weeks, figure.trend, strict=True)
    )
    frame = Frame(
        name=f"trend-{figure.key}",
        title=figure.name,
        desc=say.say("trend_desc", name=figure.name, values=told),
    )
    return columns(frame, bars, target=figure.target)
