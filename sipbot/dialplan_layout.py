"""Boxes in columns, and lines between them: the layered drawing of a flow.  Pure.

The usual method for directed graphs (Sugiyama, Tagawa and Toda 1981) in its plainest form: lines
that lead back are left out, each box stands one column behind the last that leads to it, the order
within a column follows the barycentres of its neighbours, and a line that passes a column gets a
place of its own there, shared by all lines to the same box.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_SWEEPS = 12
"""Measured on the sample files: the order does not change any more after six."""
COLUMN_GAP = 64.0
ROW_GAP = 26.0
_LANE = 14.0
"""Height of the place of a line that passes a column."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A box to be placed; pixels."""

    width: float
    height: float
    entry: float
    """Where lines come in on the left side, from the top."""
    ports: tuple[tuple[float, str], ...] = ()
    """Where lines go out on the right side, from the top, and to which box."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """From a box's right side to another's left; pixels."""

    source: str
    port: int
    target: str
    points: tuple[tuple[float, float], ...]
    """Start, both ends of each passed column, end; curves go between, straight lines across."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where everything is; pixels."""

    at: dict[str, tuple[float, float]]
    """Left upper corners."""
    lines: tuple[Line, ...]
    back: frozenset[tuple[str, int]]
    """Box and port of what leads back to an earlier box and is not drawn as a line."""
    width: float
    height: float


@dataclass
class _Cell:
    """A box, or the lane of the lines to one box through one column."""

    column: int
    height: float
    entry: float
    follows: list[tuple["_Cell", float]] = field(default_factory=list)
    """What leads here, and from which height of it."""
    leads: list[tuple["_Cell", float]] = field(default_factory=list)
    """Where it leads, and from which own height."""
    y: float = 0.0


def layered(shapes: Mapping[str, Shape], roots: Sequence[str]) -> Layout:
    """Place the boxes.

    Args:
        shapes: every box that can be reached, by its name.
        roots: where the flow begins.
    """
    back = _back(shapes, roots)
    column = _columns(shapes, back)
    cells = {name: _Cell(column[name], shape.height, shape.entry) for name, shape in shapes.items()}
    lanes: dict[tuple[str, int], _Cell] = {}
    ways: dict[tuple[str, int], list[_Cell]] = {}
    for name, shape in shapes.items():
        for port, (height, to) in enumerate(shape.ports):
            if (name, port) not in back:
                ways[name, port] = _way(cells, lanes, name, to, height)
    columns: list[list[_Cell]] = [[] for _ in range(max(column.values()) + 1)]
    for cell in (*cells.values(), *lanes.values()):
        columns[cell.column].append(cell)
    _order(columns)
    _settle(columns)
    return _drawn(shapes, cells, columns, ways, back)


def _back(shapes: Mapping[str, Shape], roots: Sequence[str]) -> frozenset[tuple[str, int]]:
    """The ports whose lines would close a circle."""
    found: set[tuple[str, int]] = set()
    open_, done = set[str](), set[str]()

    def visit(name: str) -> None:
        open_.add(name)
        for port, (_, to) in enumerate(shapes[name].ports):
            if to in open_:
                found.add((name, port))
            elif to not in done:
                visit(to)
        open_.discard(name)
        done.add(name)

    for root in roots:
        if root not in done:
            visit(root)
    return frozenset(found)


def _columns(shapes: Mapping[str, Shape], back: frozenset[tuple[str, int]]) -> dict[str, int]:
    """Each box one column behind the last that leads to it."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    for name, shape in shapes.items():
        for port, (_, to) in enumerate(shape.ports):
            if (name, port) not in back:
                before[to].append(name)
    found: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in found:
            found[name] = max((place(one) + 1 for one in before[name]), default=0)
        return found[name]

    for name in shapes:
        place(name)
    return found


def _way(
    cells: Mapping[str, _Cell],
    lanes: dict[tuple[str, int], _Cell],
    name: str,
    to: str,
    height: float,
) -> list[_Cell]:
    """The cells from a port to its target, lanes made where needed; links them all."""
    way = [cells[name]]
    for column in range(cells[name].column + 1, cells[to].column):
        if (to, column) not in lanes:
            lanes[to, column] = _Cell(column, _LANE, _LANE / 2)
        way.append(lanes[to, column])
    way.append(cells[to])
    for place, (one, other) in enumerate(itertools.pairwise(way)):
        start = height if place == 0 else one.entry
        one.leads.append((other, start))
        other.follows.append((one, start))
    return way


def _order(columns: list[list[_Cell]]) -> None:
    for column in columns:
        _stack(column)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            column.sort(key=lambda cell: _wish(cell, before=forward, after=not forward))
            _stack(column)


def _settle(columns: list[list[_Cell]]) -> None:
    """Move the boxes towards those they are joined to, as far as the others leave room."""
    for sweep in range(_SWEEPS * 2):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            wishes = [_wish(cell, before=True, after=not forward) for cell in column]
            for cell, wish in zip(column, wishes, strict=True):
                cell.y = wish
            _apart(column)
    top = min(cell.y for column in columns for cell in column)
    for column in columns:
        for cell in column:
            cell.y -= top


def _wish(cell: _Cell, *, before: bool, after: bool) -> float:
    """Where the cell's lines would be level."""
    levels = [other.y + height - cell.entry for other, height in cell.follows if before]
    levels += [other.y + other.entry - height for other, height in cell.leads if after]
    return sum(levels) / len(levels) if levels else cell.y


def _stack(column: list[_Cell]) -> None:
    y = 0.0
    for cell in column:
        cell.y = y
        y += cell.height + ROW_GAP
    for cell in column:
        cell.y -= y / 2


def _apart(column: list[_Cell]) -> None:
    """Keep the order and the gaps: groups that touch share the mean of their wishes."""
    groups: list[tuple[list[_Cell], float]] = []
    for cell in column:
        group, wish = [cell], cell.y
        while groups and groups[-1][1] + _tall(groups[-1][0]) > wish:
            upper, upper_wish = groups.pop()
            lower_wish = wish - _tall(upper)
            wish = (upper_wish * len(upper) + lower_wish * len(group)) / (len(upper) + len(group))
            group = upper + group
        groups.append((group, wish))
    for group, wish in groups:
        y = wish
        for cell in group:
            cell.y = y
            y += cell.height + ROW_GAP


def _tall(group: list[_Cell]) -> float:
    return sum(cell.height + ROW_GAP for cell in group)


def _drawn(
    shapes: Mapping[str, Shape],
    cells: Mapping[str, _Cell],
    columns: list[list[_Cell]],
    ways: Mapping[tuple[str, int], list[_Cell]],
    back: frozenset[tuple[str, int]],
) -> Layout:
    widths = [
        max((shapes[name].width for name, cell in cells.items() if cell.column == place), default=0)
        for place in range(len(columns))
    ]
    lefts = [sum(widths[:place]) + COLUMN_GAP * place for place in range(len(columns))]
    at = {name: (lefts[cell.column], cell.y) for name, cell in cells.items()}
    lines = []
    for (name, port), way in ways.items():
        height, to = shapes[name].ports[port]
        points = [(at[name][0] + shapes[name].width, at[name][1] + height)]
        for lane in way[1:-1]:
            y = lane.y + lane.entry
            points += [(lefts[lane.column], y), (lefts[lane.column] + widths[lane.column], y)]
        points.append((at[to][0], at[to][1] + shapes[to].entry))
        lines.append(Line(source=name, port=port, target=to, points=tuple(points)))
    height = max(cell.y + cell.height for column in columns for cell in column)
    width = lefts[-1] + widths[-1]
    return Layout(at=at, lines=tuple(lines), back=back, width=width, height=height)
