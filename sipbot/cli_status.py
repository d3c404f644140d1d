"""``sipbot status``: how the running sipbot is; exit code 0 when nothing is wrong, else 1."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sipbot import config, control, log
from sipbot import control_wire as wire
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.errors import ControlError, NotRunningError
from sipbot.quota import Figures as QuotaFigures
from sipbot.records import EndState
from sipbot.status import AlertStatus, DialplanStatus, Status

NOT_MEASURED = "not measured"


def status(
    *,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how the running sipbot is: state, lines, what waits, processes, calls.

    Exit code 0: it takes calls and nothing is wrong; 1: it does not run, or something is wrong.

    Example: sipbot status --config config.toml --json
    """
    log.configure("error", "auto")
    settings = config.load(config_path)
    try:
        found = asyncio.run(ask(control.socket_path(settings.var)))
    except NotRunningError:
        if as_json:
            typer.echo('{"state": "not_running"}')
            raise typer.Exit(1) from None
        raise
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        Console(highlight=False).print(render(found))
    if not works(found):
        raise typer.Exit(1)


def works(found: Status) -> bool:
    """Return whether nothing is wrong; that every line is busy is what the lines are there for."""
    busy = found.numbers.lines_in_use >= found.numbers.lines
    return found.state == "ready" or (found.state == "full" and busy and len(found.reasons) == 1)


async def ask(path: Path) -> Status:
    """Ask the sipbot that answers at this socket.

    Raises:
        NotRunningError: nobody does.
        ControlError: it refused, hangs, or is of another release.
    """
    reply = await control.ask(path, wire.GetStatus())
    if not isinstance(reply, wire.StatusReply):
        raise ControlError(f"{path}: sipbot answered {type(reply).__name__} to a status request")
    try:
        return msgspec.json.decode(reply.status, type=Status)
    except msgspec.DecodeError as error:
        raise ControlError(
            f"{path}: sipbot is of another release: {error}; use the command of that release"
        ) from error


def render(found: Status) -> RenderableType:
    """Return a status as something a terminal can show."""
    head = Text(f"sipbot {found.site}  {found.state}", style="bold")
    head.append(f"  since {_local(found.since)}", style="default")
    parts: list[RenderableType] = [head]
    parts += [Text(f"  {reason}", style="yellow") for reason in found.reasons]
    parts += [Text(f"  {_behind(one)}") for one in found.dialplans]
    parts += [_alert_words(found, one) for one in found.alerts.some]
    if found.alerts.others:
        parts.append(Text(f"  and {found.alerts.others} more alerts: the bus has them all"))
    figures = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _figures(found):
        figures.add_row(name, value)
    told = [_quota_table(found.quotas)] if found.quotas and _told(found.quotas) else []
    return Group(*parts, figures, *told, _children(found))


def _alert_words(found: Status, one: AlertStatus) -> Text:
    is_old = one.since.astimezone().date() != found.at.astimezone().date()
    since = _local(one.since, "%Y-%m-%d %H:%M %Z" if is_old else "%H:%M %Z")
    words = Text("  alert ", style="yellow")
    words.append(one.id, style="bold").append(f", since {since}: ")
    remedy = f". {one.remedy}" if one.remedy else ""
    return words.append(f"{one.problem}{remedy}", style="default")


def _local(at: datetime, form: str = "%Y-%m-%d %H:%M:%S %Z") -> str:
    """Return a time in the site's zone, which is named."""
    return at.astimezone().strftime(form)


def _told(figures: QuotaFigures) -> bool:
    return figures.warned > 0 or figures.used_up > 0


def _behind(one: DialplanStatus) -> str:
    others = f" (and {one.mistakes - 1} more)" if one.mistakes > 1 else ""
    return f"{one.problem}{others}"


def _figures(found: Status) -> Iterator[tuple[str, str]]:
    numbers = found.numbers
    yield "lines in use", f"{numbers.lines_in_use} of {numbers.lines}"
    yield "audio still to be read", _of(numbers.recognition_backlog_s, "{:.1f} s")
    waiting = _of(numbers.deliveries_waiting, "{}")
    if numbers.deliveries_waiting and numbers.oldest_undelivered_s is not None:
        waiting += f", the oldest for {numbers.oldest_undelivered_s:.0f} s"
    if numbers.dead_letters:
        waiting += f"; {numbers.dead_letters} dead letters: sipbot outbox list --dead"
    yield "deliveries waiting", waiting
    away = "not connected: memos wait until it is; sipbot doctor says why"
    yield "broker", "connected" if found.broker_connected else away
    yield "disk free", _of(numbers.disk_free_bytes and numbers.disk_free_bytes / 1e9, "{:.1f} GB")
    yield "disk, every line busy", _of(numbers.disk_days_left, "{:.1f} days")
    if found.counts is None:
        yield "calls and memos", NOT_MEASURED
    else:
        yield "memos", ", ".join(f"{n} {name.value}" for name, n in found.counts.memos.items())
        yield "calls today", _calls(found.counts.calls_today)
        yield "calls, all", _calls(found.counts.calls)
    yield "quotas", _quotas(found.quotas)
    yield "release", f"{found.version}, started {_local(found.started_at)}"


def _quotas(figures: QuotaFigures | None) -> str:
    if figures is None:
        return NOT_MEASURED
    if not figures.clients:
        return "none"
    clients = "client" if figures.clients == 1 else "clients"
    return f"{figures.clients} {clients}, {figures.warned} warned, {figures.used_up} used up"


def _quota_table(figures: QuotaFigures) -> Table:
    """The clients of whom somebody was told; `sipbot quota` has the others."""
    shown = Table("quota", "month", "used", "limit", "%", box=box.SIMPLE)
    for one in figures.most:
        if one.level != "below":
            style = "red" if one.level == "used_up" else "yellow"
            cells = (one.client, one.month, str(one.used), str(one.limit), str(one.percent))
            shown.add_row(*cells, style=style)
    return shown


def _calls(by_state: Mapping[EndState, int]) -> str:
    named = ", ".join(f"{n} {state.value}" for state, n in by_state.items() if n)
    return f"{sum(by_state.values())}: {named}" if named else "none"


def _children(found: Status) -> Table:
    shown = Table("process", "pid", "memory", "restarts", box=box.SIMPLE)
    for child in found.children:
        memory = _of(child.rss_bytes and child.rss_bytes / 1e6, "{:.0f} MB")
        restarts = "" if child.restarts is None else str(child.restarts)
        shown.add_row(child.name, str(child.pid or "-"), memory, restarts)
    return shown


def _of(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else form.format(value)
