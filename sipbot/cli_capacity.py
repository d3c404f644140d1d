"""``sipbot capacity``: how many lines do I need, and how many does this machine carry?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config
from sipbot.capacity import BLOCKINGS, Load, Need, expected, loads
from sipbot.carried import Carried, Measured, carried, decode
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.errors import LedgerError, UsageError
from sipbot.from_settings import ledger_path
from sipbot.ledger import ReadOnlyLedger
from sipbot.terminal import printable

CLIENTS_SHOWN = 20
"""The busiest; ``--json`` has all of them."""

FEW_CALLS = 20
"""Below so many calls in the busiest hour, chance moves its traffic by two fifths and more."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed with ``--json``."""

    lines: int
    """That there are, or that ``--lines`` names."""
    since: datetime | None
    """From when on calls were looked at; None when they are only expected."""
    until: datetime
    loads: list[Load]
    """All callers together, then each client's."""


class Carrying(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed with ``--measured`` and ``--json``."""

    lines: int
    """That there are, or that ``--lines`` names."""
    measured_at: datetime
    carried: list[Carried]


def capacity(
    *,
    days: Annotated[int, typer.Option(min=1, help="Look at the calls of so many days.")] = 91,
    lines: Annotated[
        int | None,
        typer.Option(min=1, help="As if there were so many lines; else those there are."),
    ] = None,
    calls_per_hour: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Expected in the busiest hour, instead of history."),
    ] = None,
    held_s: Annotated[
        float | None,
        typer.Option(min=1, max=7_200, help="With --calls-per-hour: seconds that a call lasts."),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="What make bench-lines wrote: what is carried?"
        ),
    ] = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many lines your own calls need, from the ledger, whether sipbot runs or not.

    The busiest hour of each client and of all together decides; Erlang's formula gives the lines
    with which one caller in a hundred, or in a thousand, finds all of them busy.

    Example: sipbot capacity --days 30

    Example: sipbot capacity --calls-per-hour 60 --held-s 90

    Example: sipbot capacity --measured benchmarks/results/lines-20260102-030405.json
    """
    if (calls_per_hour is None) != (held_s is None):
        raise UsageError(
            "--calls-per-hour and --held-s go together: how many calls, and how long each"
        )
    settings = config.load(config_path)
    now = datetime.now(UTC)
    there = lines or settings.sip.lines
    if measured is not None:
        show_carried(decode(measured.read_bytes(), str(measured)), there, as_json=as_json)
        return
    if calls_per_hour is not None and held_s is not None:
        found = [expected(calls_per_hour, held_s, there, now)]
        answer = Answer(lines=there, since=None, until=now, loads=found)
    else:
        answer = by_history(ledger_path(settings), days, there, now)
    if as_json:
        typer.echo(msgspec.json.encode(answer))
    else:
        show(answer, Console())


def show_carried(measured: Measured, lines: int, *, as_json: bool) -> None:
    """Print how many lines a measured machine carried, and whether `lines` are too many."""
    found = carried(measured.levels)
    if as_json:
        answer = Carrying(lines=lines, measured_at=measured.began_at, carried=found)
        typer.echo(msgspec.json.encode(answer))
        return
    machine = measured.machine
    typer.echo(f"measured {_when(measured.began_at)} on {machine.cores} cores, {machine.processor}")
    for one in found:
        most = "no number that was tried" if one.lines is None else f"{one.lines} lines"
        upper = "all that was tried" if one.failed is None else f"{one.failed} were too many"
        typer.echo(f"{one.who}: {most}, {upper}; load before up to {one.load:g}")
        if lines > (one.lines or 0):
            typer.echo(f"{one.who}: {lines} lines are more than was seen to work")


def by_history(ledger: Path, days: int, lines: int, now: datetime) -> Answer:
    """Return what the calls of the last days asked of the lines.

    Args:
        ledger: the file.
        days: how far to look back.
        lines: that there are.
        now: UTC-aware.

    Raises:
        LedgerError: there is no ledger, it cannot be read, or nobody has called.
    """
    since = now - timedelta(days=days)
    with ReadOnlyLedger.open(ledger) as reader:
        uses = list(reader.line_uses(since))
    found = loads(uses, lines, now)
    if not found:
        raise LedgerError(
            f"{ledger}: no call had a line in the last {days} days. Look further back with --days, "
            "or say what you expect with --calls-per-hour and --held-s"
        )
    return Answer(lines=lines, since=since, until=now, loads=found)


def show(answer: Answer, console: Console) -> None:
    """Print the answer for a person; times are those of this machine's zone."""
    everybody, clients = answer.loads[0], answer.loads[1:]
    for line in _sentences(answer, everybody):
        console.print(line, markup=False, highlight=False)
    if answer.since is not None:
        console.print(table(everybody, clients[:CLIENTS_SHOWN]), markup=False)
    if len(clients) > CLIENTS_SHOWN:
        console.print(f"{len(clients) - CLIENTS_SHOWN} more clients with --json", markup=False)


def _sentences(answer: Answer, load: Load) -> list[str]:
    told = _history(answer.since, load) if answer.since else [_expectation(load)]
    told += [_sentence(need) for need in load.needs]
    told.append(
        f"with {answer.lines} lines {load.refused_share:.2%} of that hour's callers find them busy"
    )
    if answer.since and load.hour.calls + load.hour.refused < FEW_CALLS:
        told.append(
            f"fewer than {FEW_CALLS} calls in the busiest hour: take the upper figure or most "
            "lines at once, whichever is larger"
        )
    return told


def _history(since: datetime, load: Load) -> list[str]:
    hour = load.hour
    came = f"{load.calls} calls since {since.astimezone():%Y-%m-%d}, {load.held_s:.0f} s each"
    traffic = f"{hour.calls + hour.refused} calls, {hour.offered_erlang:.2f} erlang"
    chance = f"by chance {hour.least_erlang:.2f} to {hour.most_erlang:.2f}"
    return [
        f"{came} on average; {load.refused} found all lines busy",
        f"busiest hour: {_when(hour.begins_at)}, {traffic} ({chance})",
        f"most lines at once: {load.peak}{_at(load.peak_at)}",
    ]


def _expectation(load: Load) -> str:
    offered = f"{load.hour.offered_erlang:.2f} erlang"
    return f"{load.calls} calls an hour of {load.held_s:g} s: {offered}"


def _sentence(need: Need) -> str:
    share = f"1 caller in {round(1 / need.blocking)}"
    return (
        f"lines for {share} finding them busy: {need.lines} (by chance {need.least} to {need.most})"
    )


def table(everybody: Load, clients: list[Load]) -> Table:
    """Return the clients with what each would need for itself; the last row is all of them."""
    shown = Table(box=box.SIMPLE)
    for name in ("client", "busiest hour"):
        shown.add_column(name, no_wrap=True)
    for name in ("calls", "erlang", "peak", *(f"{share:.1%}" for share in BLOCKINGS)):
        shown.add_column(name, justify="right")
    for load in (*clients, everybody):
        shown.add_row(
            printable(load.client or "all together"),
            _when(load.hour.begins_at),
            str(load.hour.calls + load.hour.refused),
            f"{load.hour.offered_erlang:.2f}",
            str(load.peak),
            *(f"{need.lines} ({need.least}-{need.most})" for need in load.needs),
        )
    return shown


def _when(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def _at(when: datetime | None) -> str:
    return "" if when is None else f", first at {_when(when)}"
