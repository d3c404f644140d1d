"""The live view of ``sipbot run`` on a terminal: state, lines, calls, last memos.

Data path: app -> [view] -> terminal

A view is looked at, never relied on: everything in it is also in the ledger, on the bus and in the
log.  It shows what callers say, so it belongs on a terminal and is never written to a file.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sipbot.app import App
from sipbot.calls import LiveCall
from sipbot.errors import LedgerError, SpoolError
from sipbot.memo import Memo, Stage
from sipbot.terminal import printable
from sipbot.topics import SiteState

FRAME_S = 0.25
"""Between two looks: partial text comes every 300 ms.  Measured with 4 calls and 5 memos: 9 ms a
frame, 4 % of a core."""

FRAMES_PER_LOOK = 4
"""Frames between two questions to the ledger: one question a second."""

HEARD_CHARS = 120
"""End of the text that is shown while a caller speaks: the last words are the news."""

MEMOS = 5
"""Last memos shown: with 4 calls and the heads they fit into 24 lines."""

STATE_STYLE: dict[SiteState, str] = {
    "ready": "bold green",
    "degraded": "bold yellow",
    "full": "bold yellow",
    "stopping": "bold cyan",
    "lost": "bold red",
}


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call on the line."""

    client: str
    caller: str | None
    phase: str
    seconds: float
    """Since the INVITE."""
    partial: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown: everything about one moment."""

    site: str
    at: datetime
    state: SiteState
    reasons: tuple[str, ...]
    lines_in_use: int
    lines: int
    broker: str
    connected: bool
    calls: tuple[CallRow, ...]
    memos: tuple[Memo, ...]


def snapshot(bot: App, memos: tuple[Memo, ...], at: datetime) -> Snapshot:
    """Return what the running sipbot looks like now; called in its event loop.

    Args:
        bot: the running sipbot.
        memos: the latest memos, newest first.
        at: now, UTC-aware.
    """
    state, reasons = bot.gauges.state()
    return Snapshot(
        site=bot.settings.site,
        at=at,
        state=state,
        reasons=reasons,
        lines_in_use=bot.gauges.lines_in_use,
        lines=bot.gauges.lines,
        broker=f"{bot.broker.host}:{bot.broker.port}",
        connected=bot.feed.connected.is_set(),
        calls=tuple(_row(call, at) for call in list(bot.switchboard.calls.values())),
        memos=memos,
    )


def render(seen: Snapshot) -> RenderableType:
    """Return a moment as something a terminal can show."""
    parts: list[RenderableType] = [_head(seen)]
    parts += [Text(f"  {reason}", style="yellow") for reason in map(printable, seen.reasons)]
    parts += [_calls(seen), _memos(seen)]
    return Group(*parts)


async def show(bot: App, console: Console) -> None:
    """Show the running sipbot until cancelled, or until the terminal is gone.

    Args:
        bot: the running sipbot; whatever happens here, it goes on.
        console: a terminal.
    """
    log = structlog.get_logger()
    try:
        with Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="ellipsis",
        ) as live:
            memos: tuple[Memo, ...] = ()
            while True:
                try:
                    memos = tuple(await bot.ledger.memos(MEMOS))
                except LedgerError as error:
                    log.warning("the view shows old memos", problem=str(error))
                for _ in range(FRAMES_PER_LOOK):
                    live.update(render(snapshot(bot, memos, datetime.now(UTC))), refresh=True)
                    await asyncio.sleep(FRAME_S)
    except OSError as error:
        log.warning("the terminal is gone, and the view with it", problem=str(error))


@contextlib.contextmanager
def stderr_to(path: Path) -> Iterator[None]:
    """Send everything on standard error to the end of a file, that of children and C code too.

    A log line in the middle of a view would tear it; so the descriptor itself is moved, and moved
    back at the end, so that a last error message reaches the terminal.

    Raises:
        SpoolError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise SpoolError(
            f"{path}: the log cannot be written: {error.strerror}. Mend `var` in config.toml, or "
            'set log.format = "json" to have the log on standard error'
        ) from error
    sys.stderr.flush()
    terminal = os.dup(2)
    os.dup2(log, 2)
    os.close(log)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)


def _row(call: LiveCall, at: datetime) -> CallRow:
    return CallRow(
        client=call.client,
        caller=call.caller.number,
        phase=call.script.phase.value,
        seconds=max(0.0, (at - call.offer.received_at).total_seconds()),
        partial=call.partial[-HEARD_CHARS:],
    )


def _head(seen: Snapshot) -> Text:
    head = Text(f"sipbot {seen.site}  ", style="bold")
    head.append(seen.state, style=STATE_STYLE[seen.state])
    head.append(f"   lines {seen.lines_in_use} of {seen.lines}", style="default")
    broker = "connected" if seen.connected else "NOT REACHED, memos wait in the ledger"
    head.append(f"   broker {seen.broker} {broker}", style="default" if seen.connected else "red")
    head.append(f"   {_local(seen.at)}", style="dim")
    return head


def _calls(seen: Snapshot) -> Table:
    table = _table("Calls", "client", "caller", "phase", "s", "heard so far")
    table.columns[3].justify = "right"
    for call in seen.calls:
        caller = call.caller if call.caller is not None else "withheld"
        cells = (call.client, caller, call.phase, f"{call.seconds:.0f}", call.partial)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    if not seen.calls:
        table.add_row(Text("none", style="dim"))
    return table


def _memos(seen: Snapshot) -> Table:
    table = _table("Last memos", "at", "client", "caller", "stage", "text")
    for memo in seen.memos:
        cells = (
            _local(memo.call.started_at),
            memo.client,
            memo.caller.number or "withheld",
            memo.stage.value,
            _first_line(memo),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    if not seen.memos:
        table.add_row(Text("none yet", style="dim"))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, expand=True
    )
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], ratio=1, overflow="fold")
    return table


def _first_line(memo: Memo) -> str:
    if memo.text is None:
        return "(no text: recognition failed)" if memo.stage is Stage.RECOGNITION_FAILED else "…"
    return memo.text.partition("\n")[0] if memo.text else "(no words were heard)"


def _local(at: datetime) -> str:
    """The time on the wall of whoever looks."""
    return f"{at.astimezone():%H:%M:%S}"
