"""Plots as SVG: bars of a series, parts of a whole, calls by hour and day.  Pure.

Made for three readers at once: a browser in light and dark (everything is drawn in the text's own
colour), a grey printer (no meaning is in a colour, every value stands there as a number), and who
cannot see it (title and description say the same).  No style attribute and no script: the console's
content security policy would refuse both.
"""

from collections.abc import Sequence
from html import escape

import msgspec

WIDTH = 640
"""User units; the SVG scales with its place."""

NARROW = 340
"""Likewise, of plots that stand two in a row."""

FAINT = 0.3
"""How dark what is past is drawn, beside the present."""

DARKEST = 0.4
"""How dark a cell of the heat map becomes: its number stays readable on it (6.9 to 1 black on white
paper, 4.6 to 1 white on the console's dark ground, by the formula of WCAG 2.2)."""


SIZE, SMALLEST = 13, 7
"""Of letters, in user units."""

ASCENT = 10
"""How high figures of the usual size are."""

DIGIT = 0.66
"""How wide a bold figure is, of its size (0.70 in DejaVu Sans, 0.56 in Noto Sans; commas less)."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of a plot."""

    label: str
    value: float | None
    """None: not measured."""
    shown: str
    """The value as people read it."""
    past: bool = False


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every plot has."""

    name: str
    """Unique in its page: part of ids."""
    title: str
    desc: str


def columns(frame: Frame, bars: Sequence[Bar], *, target: float | None) -> str:
    """Return upright bars side by side, such as eight weeks, with a target as dashed line.

    Args:
        frame: name and words; these say what the target is.
        bars: from left to right.
        target: where the dashed line is; None for none.
    """
    height, top, floor = 150, 26, 122
    values = [bar.value for bar in bars if bar.value is not None]
    peak, least = max([*values, target or 0.0, 0.0]), min([*values, target or 0.0, 0.0])
    scale = (floor - top) / max(peak - least, 1e-9)
    zero = floor + scale * least
    step = NARROW / max(1, len(bars))
    parts = [_line(0, zero, NARROW, zero, 0.5)]
    at = None if target is None else zero - scale * target
    size = _fitting(step, [bar.shown for bar in bars])
    for place, bar in enumerate(bars):
        middle = step * (place + 0.5)
        end = zero - scale * (bar.value or 0.0)
        highest = min(zero, end)
        if bar.value:
            shade = FAINT if bar.past else 0.75
            parts.append(_box(middle - step * 0.3, highest, step * 0.6, abs(end - zero), shade))
        y = _beside(highest - 6, at)
        parts.append(_text(middle, y, bar.shown, "middle", bold=not bar.past, size=size))
        parts.append(_text(middle, floor + 18, bar.label, "middle"))
    if at is not None:
        parts.append(_line(0, at, NARROW, at, 0.9, dash="6 4"))
    return _svg(frame, height, parts, NARROW)


def _beside(y: float, line: float | None) -> float:
    """Return where a number stands that no line may run through: above it, where it would."""
    crossed = line is not None and y - ASCENT - 2 < line < y + 3
    return y if not crossed or line is None else line - 5


def _fitting(step: float, words: Sequence[str]) -> int:
    """Return the size of letters at which the longest of some numbers fits into its column."""
    longest = max((len(one) for one in words), default=1)
    return max(SMALLEST, min(SIZE, int(step / (DIGIT * longest))))


def rows(frame: Frame, bars: Sequence[Bar]) -> str:
    """Return lying bars below each other with their names at the left, such as ends of calls."""
    step, left, right = 26, 230, 60
    values = [bar.value for bar in bars if bar.value is not None]
    peak = max([*values, 1e-9])
    parts = []
    for place, bar in enumerate(bars):
        top = step * place
        wide = 0.0 if bar.value is None else (WIDTH - left - right) * bar.value / peak
        parts.append(_text(left - 10, top + 17, bar.label, "end"))
        if wide > 0:
            parts.append(_box(left, top + 4, wide, step - 8, FAINT if bar.past else 0.75))
        parts.append(_text(left + wide + 6, top + 17, bar.shown, "start", bold=True))
    return _svg(frame, step * len(bars) + 4, parts)


def heat_map(frame: Frame, counts: Sequence[Sequence[int]], days: Sequence[str]) -> str:
    """Return a table of hours by days whose cells are the darker the more calls they hold.

    Args:
        frame: name and words.
        counts: seven days of 24 hours.
        days: their names, in the same order.
    """
    left, top, step, tall = 40, 20, (WIDTH - 40) / 24, 24
    peak = max((number for day in counts for number in day), default=0)
    parts = [
        _text(left + step * (hour + 0.5), 14, str(hour), "middle", size=11) for hour in range(24)
    ]
    for row, (day, name) in enumerate(zip(counts, days, strict=True)):
        y = top + tall * row
        parts.append(_text(left - 8, y + 16, name, "end"))
        for hour, number in enumerate(day):
            x = left + step * hour
            shade = DARKEST * number / peak if peak else 0.0
            parts.append(_cell(x, y, step, tall, shade))
            if number:
                parts.append(_text(x + step / 2, y + 16, str(number), "middle", size=11))
    return _svg(frame, top + tall * len(counts) + 4, parts)


def _svg(frame: Frame, height: float, parts: Sequence[str], wide: int = WIDTH) -> str:
    title, desc = f"{frame.name}-title", f"{frame.name}-desc"
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {height:g}" '
        f'role="img" aria-labelledby="{escape(title)} {escape(desc)}">'
        f'<title id="{escape(title)}">{escape(frame.title)}</title>'
        f'<desc id="{escape(desc)}">{escape(frame.desc)}</desc>{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, words: str, anchor: str, *, bold: bool = False, size: int = SIZE
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{weight} '
        f'fill="currentColor">{escape(words)}</text>'
    )


def _box(x: float, y: float, wide: float, tall: float, shade: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        f'fill="currentColor" fill-opacity="{shade:.3f}"/>'
    )


def _cell(x: float, y: float, wide: float, tall: float, shade: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="currentColor" '
        f'fill-opacity="{shade:.3f}" stroke="currentColor" stroke-opacity="0.15"/>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, shade: float, *, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="currentColor" stroke-opacity="{shade:g}"{dashed}/>'
    )
