"""A dialplan as a diagram: one SVG, light and dark, without fonts or scripts from elsewhere.  Pure.

Each step is a card with a row for each way out of it; a line leads from the row to the next card.
What leads back to an earlier step is named in its row and has no line: circles of lines are hard to
follow, a name is not.  Widths of texts are counted in cells of half a Chinese character, since the
font of whoever looks at it is not known here.
"""

import itertools
from html import escape
from typing import NamedTuple

from rich.cells import cell_len

from sipbot.dialplan_layout import Layout, Shape, layered
from sipbot.dialplan_outline import Node, Outline, prompt_words

_CELL = 7.4
"""Pixels of half a Chinese character at 13 px, with room for wide Latin letters."""
_TEXT_CELLS = 34
_TEXT_LINES = 3
_ROW = 22.0
_LINE = 18.0
_PAD = 12.0
_HEAD = 30.0
_MARGIN = 24.0
_TITLE = 44.0
_CALL = " call"
"""Name of the first card; no step begins with a blank."""

_STYLE = """
svg { color-scheme: light dark; }
text { font: 13px system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans CJK JP",
  "Noto Sans", sans-serif; }
.title { font-size: 18px; font-weight: 600; } .name { font-weight: 600; }
.small { font-size: 12px; } .wire { fill: none; stroke-width: 1.4; }
"""
_INKS = (
    (".page", "fill", "#f6f8fa", "#12171d"),
    ("text", "fill", "#1d2733", "#e5eaef"),
    (".soft", "fill", "#5f6b78", "#9aa6b2"),
    (".card", "fill", "#fff", "#1b222a"),
    (".card, .rule", "stroke", "#ccd4dc", "#36414c"),
    (".wire", "stroke", "#8a97a5", "#66737f"),
    (".tip", "fill", "#8a97a5", "#66737f"),
    (".no", "fill", "#b3261e", "#ff9d94"),
)
"""What is painted, how, and its colour by day and by night; no CSS variables, which many viewers of
SVG do not know (librsvg, Inkscape): they would paint everything black."""
_KINDS = {
    "say": ("#5b6b7a", "#a3b1bf"),
    "menu": ("#8250df", "#c297ff"),
    "ask": ("#0a6e8f", "#6cc7e6"),
    "digits": ("#0a6e8f", "#6cc7e6"),
    "record": ("#1a7f4b", "#74d6a1"),
    "transfer": ("#b35900", "#ffb169"),
    "survey": ("#6e6a00", "#d8d36a"),
    "end": ("#5f6b78", "#9aa6b2"),
    "call": ("#1f4fa3", "#8db4ff"),
    "no": ("#b3261e", "#ff9d94"),
}
"""Colour of a card by day and by night."""


class _Row(NamedTuple):
    """A way out."""

    label: str
    """What the caller does, or which calls these are."""
    details: tuple[str, ...]
    """Lines below it."""
    to: str
    """Empty: the call is refused."""

    @property
    def height(self) -> float:
        """Pixels."""
        return _ROW + len(self.details) * _LINE

    @property
    def cells(self) -> int:
        """Width in halves of a Chinese character."""
        first = cell_len(self.label) + cell_len(_arrow(self.to)) + 3
        return max(first, *map(cell_len, self.details), 0)


class _Card:
    """What stands on a card, line by line, and how large it is."""

    def __init__(self, name: str, head: str, kind: str, colour: str) -> None:
        self.name, self.head, self.kind, self.colour = name, head, kind, colour
        self.texts: list[tuple[str, str]] = []
        """Class and text."""
        self.rows: list[_Row] = []

    @property
    def width(self) -> float:
        head = cell_len(self.head) + (cell_len(self.kind) + 2 if self.kind else 0)
        cells = [head + 1, *(cell_len(text) for _, text in self.texts)]
        cells += [row.cells for row in self.rows]
        return max(cells) * _CELL + 2 * _PAD

    @property
    def rows_from(self) -> float:
        return _HEAD + len(self.texts) * _LINE + (8 if self.texts else 0)

    @property
    def height(self) -> float:
        return self.top(len(self.rows)) + (4 if self.rows else 0)

    def top(self, place: int) -> float:
        """Where a row begins, from the card's top."""
        return self.rows_from + sum(row.height for row in self.rows[:place])

    def shape(self) -> Shape:
        ports = tuple(
            (self.top(place) + _ROW / 2, row.to) for place, row in enumerate(self.rows) if row.to
        )
        return Shape(width=self.width, height=self.height, entry=_HEAD / 2, ports=ports)


def _colours() -> str:
    """The colours of the day, and those of the night for viewers that ask for it."""
    inks = [(where, how, (day, night)) for where, how, day, night in _INKS]
    inks += [(f".{kind} .bar, .{kind} .kind", "fill", ink) for kind, ink in _KINDS.items()]
    day, night = (
        "\n".join(f"{where} {{ {how}: {ink[which]}; }}" for where, how, ink in inks)
        for which in (0, 1)
    )
    return f"{day}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}\n"


def svg(outline: Outline, title: str, *, styled: bool = True) -> str:
    """The diagram, UTF-8.

    Args:
        outline: the client's calls.
        title: above the diagram, such as the client's name.
        styled: with its own colours; False where a page has its own for its classes.
    """
    cards = {card.name: card for card in (_call(outline), *map(_card, outline.nodes))}
    layout = layered({name: card.shape() for name, card in cards.items()}, [_CALL])
    width = max(layout.width, cell_len(title) * 10) + 2 * _MARGIN
    height = layout.height + 2 * _MARGIN + _TITLE
    body = "\n".join(
        [*_wires(layout), *(_drawn(card, *layout.at[name]) for name, card in cards.items())]
    )
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<title>{escape(title)}</title>
{f"<style>{_STYLE}{_colours()}</style>" if styled else ""}
<rect class="page" width="100%" height="100%"/>
<text class="title" x="{_MARGIN:g}" y="{_MARGIN + 14:g}">{escape(title)}</text>
<g transform="translate({_MARGIN:g} {_MARGIN + _TITLE:g})">
{body}
</g>
</svg>
"""


def wrapped(text: str, cells: int, lines: int) -> list[str]:
    """Break a text at the width of `cells`, between any two wide characters or at blanks.

    Args:
        text: on one line.
        cells: halves of a Chinese character.
        lines: most lines; what is left out shows as an ellipsis.
    """
    found = [""]
    for word in _words(text):
        if cell_len(found[-1] + word.rstrip()) > cells and found[-1]:
            found[-1] = found[-1].rstrip()
            found.append("")
        found[-1] += word
    if len(found) > lines:
        found = [*found[: lines - 1], f"{found[lines - 1].rstrip()}…"]
    return [line.rstrip() for line in found]


def _words(text: str) -> list[str]:
    """Pieces that stay together: Latin words with the blank behind them, wide characters alone.

    A closing mark stays with what it closes (禁則処理).
    """
    pieces: list[str] = []
    for char in text:
        glued = char in "。、」』）！？・ー" or (
            pieces and cell_len(char) == 1 and pieces[-1][-1] != " " and cell_len(pieces[-1]) < 20
        )
        if pieces and glued and (cell_len(pieces[-1][-1]) == 1 or char in "。、」』）！？・ー"):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _call(outline: Outline) -> _Card:
    card = _Card(_CALL, "Call", "the first that fits", "call")
    for entry in outline.entries:
        details = [
            line
            for text in (entry.when, ", ".join(entry.marks))
            if text
            for line in wrapped(text, _TEXT_CELLS, _TEXT_LINES)
        ]
        card.rows.append(_Row(entry.name, tuple(details), entry.to))
    return card


def _card(node: Node) -> _Card:
    if node.kind == "end":
        return _Card(node.name, "end", "thanks and hangs up", "end")
    colour = {"hang_up": "end", "follow_up": "ask"}.get(node.kind, node.kind)
    card = _Card(node.name, node.name, "" if node.kind == node.name else node.kind, colour)
    for prompt in node.heard:
        card.texts += [
            ("small", line) for line in wrapped(prompt_words(prompt), _TEXT_CELLS, _TEXT_LINES)
        ]
    for fact in node.facts:
        card.texts += [("small soft", line) for line in wrapped(fact, _TEXT_CELLS, 2)]
    for one in node.exits:
        (label,) = wrapped(one.label, _TEXT_CELLS - 8, 1)
        card.rows.append(_Row(label, (), one.to))
    return card


def _arrow(to: str) -> str:
    return f"→ {to}" if to else "refused"


def _drawn(card: _Card, x: float, y: float) -> str:
    width, height = card.width, card.height
    parts = [
        f'<g class="{card.colour}" transform="translate({x:.1f} {y:.1f})">',
        f'<rect class="card" width="{width:.1f}" height="{height:.1f}" rx="7"/>',
        f'<rect class="bar" width="4" height="{height - 12:.1f}" y="6" rx="2"/>',
        f'<text class="name" x="{_PAD:g}" y="20">{escape(card.head)}</text>',
        (
            f'<text class="kind small" x="{width - _PAD:.1f}" y="20" text-anchor="end">'
            f"{escape(card.kind)}</text>"
        ),
    ]
    for place, (style, text) in enumerate(card.texts):
        line_y = _HEAD + 12 + place * _LINE
        parts.append(f'<text class="{style}" x="{_PAD:g}" y="{line_y:.1f}">{escape(text)}</text>')
    for place, row in enumerate(card.rows):
        parts += _row(row, card.top(place), width)
    return "\n".join([*parts, "</g>"])


def _row(row: _Row, top: float, width: float) -> list[str]:
    style = "soft" if row.to else "no"
    right = width - _PAD
    return [
        f'<path class="rule" d="M{_PAD:g} {top:.1f}H{right:.1f}"/>',
        f'<text x="{_PAD:g}" y="{top + 15.5:.1f}">{escape(row.label)}</text>',
        (
            f'<text class="{style} small" x="{right:.1f}" y="{top + 15.5:.1f}" text-anchor="end">'
            f"{escape(_arrow(row.to))}</text>"
        ),
        *(
            f'<text class="small soft" x="{_PAD:g}" y="{top + 15.5 + place * _LINE:.1f}">'
            f"{escape(line)}</text>"
            for place, line in enumerate(row.details, 1)
        ),
    ]


def _wires(layout: Layout) -> list[str]:
    drawn = []
    for line in layout.lines:
        points = line.points
        path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for place, ((x, y), (next_x, next_y)) in enumerate(itertools.pairwise(points)):
            if place % 2:  # across a column
                path += f"H{next_x:.1f}"
            else:
                bend = (next_x - x) / 2
                path += f"C{x + bend:.1f} {y:.1f} {next_x - bend:.1f} {next_y:.1f} "
                path += f"{next_x:.1f} {next_y:.1f}"
        x, y = points[-1]
        drawn.append(f'<path class="wire" d="{path}"/>')
        drawn.append(f'<path class="tip" d="M{x:.1f} {y:.1f}l-7 -4v8z"/>')
    return drawn
