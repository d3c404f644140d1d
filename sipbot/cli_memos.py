"""``sipbot memos``: what callers left, from the ledger (list, show, clip) or as it
happens (watch).

Only this command prints what callers said; it goes to standard output and never to a log.
"""

import asyncio
import difflib
import io
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from sipbot import config
from sipbot.as_heard import as_heard
from sipbot.backoff import backoff_s
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_memos_commands import commands_app
from sipbot.errors import FeedError, SipbotError, UsageError
from sipbot.from_settings import broker_of, ledger_path
from sipbot.labels import labels_of
from sipbot.ledger import ReadOnlyLedger
from sipbot.memo import Memo, Status
from sipbot.memo_clip import clip, write_new
from sipbot.memo_page import caller, memo_page, text
from sipbot.memo_parts import clock_span
from sipbot.mqtt import RECONNECT_BASE_S, RECONNECT_CAP_S, Broker
from sipbot.terminal import printable, printable_json
from sipbot.topics import LivePayload
from sipbot.watch import Watched, watch

memos_app = typer.Typer(
    no_args_is_help=True, help="What callers left: list it, read it, watch it arrive."
)

memos_app.add_typer(commands_app)

_Var = Annotated[
    Path | None, typer.Option("--var", help="Folder of the ledger; without it, the settings say.")
]
_Lang = Annotated[str, typer.Option("--lang", help="Labels: en, ja, or auto (from $LANG).")]
_Client = Annotated[str | None, typer.Option("--client", help="Only this client's memos.")]

_UNLIMITED = 1_000_000
"""Columns for a reader that is no terminal; a message of 30 minutes has some 10 000 characters."""
_LOOKED_AT = 1000
"""Latest memos whose clients are thought of when a client's name was mistyped."""

SHORT = 8
"""Characters of an id that people type: the last ones, for UUIDv7 ids of one day begin alike."""


@memos_app.command(
    "list", epilog="Example: sipbot memos list --status open --client yamato", no_args_is_help=False
)
def list_command(
    config_file: ConfigOption = None,
    var: _Var = None,
    client: _Client = None,
    status: Annotated[
        Status | None, typer.Option("--status", help="Only memos of this status.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
    *,
    every: Annotated[bool, typer.Option("--all", help="The closed ones, too.")] = False,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """List the memos that are not closed, newest first."""
    with _errors():
        labels = labels_of(lang)
        with ReadOnlyLedger.open(_ledger(config_file, var)) as ledger:
            memos = ledger.memos(limit, client, status, not_done=not every and status is None)
            if client is not None and not memos:
                _check_client(client, ledger, _dialplan_clients(config_file, var))
    if as_json:
        _print_json([memo.model_dump(mode="json") for memo in memos])
    elif memos:
        _print_table(_list_table(memos, labels))
    else:
        typer.echo(labels["none"])


@memos_app.command("show", epilog="Example: sipbot memos show 3fa85f64")
def show_command(
    memo_id: Annotated[str, typer.Argument(help="The id, or its first or last characters.")],
    config_file: ConfigOption = None,
    var: _Var = None,
    *,
    heard: Annotated[
        bool, typer.Option("--as-heard", help="The text as the ear wrote it, not mended by terms.")
    ] = False,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Show one memo in full."""
    with _errors():
        labels = labels_of(lang)
        memo = _memo(_ledger(config_file, var), memo_id)
        memo = as_heard(memo) if heard else memo
    if as_json:
        _print_json(memo.model_dump(mode="json"))
        return
    _print(memo_page(memo, labels))


@memos_app.command("clip", epilog="Example: sipbot memos clip 3fa85f64 --part 2 --out number.wav")
def clip_command(
    memo_id: Annotated[str, typer.Argument(help="The id, or its first or last characters.")],
    config_file: ConfigOption = None,
    var: _Var = None,
    *,
    part: Annotated[
        int, typer.Option("--part", min=0, help="Number after # in `memos show`; 0: the whole.")
    ] = 1,
    out: Annotated[
        Path | None, typer.Option("--out", help="The WAV file; without it, memo-ID-PART.wav.")
    ] = None,
) -> None:
    """Cut the seconds of a number or a word out of a recording, to listen to them."""
    with _errors():
        memo = _memo(_ledger(config_file, var), memo_id)
        piece, from_s, to_s = clip(memo, part)
        file = out or Path(f"memo-{memo.id[-SHORT:]}-{part}.wav")
        write_new(file, piece)
        typer.echo(f"{file}: {clock_span(from_s, to_s)} of {memo.audio.duration_s:.1f} s")


@memos_app.command("watch", epilog="Example: sipbot memos watch --client yamato")
def watch_command(
    config_file: ConfigOption = None,
    client: _Client = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Print memos and calls as they happen, the open ones first; end with Ctrl-C."""
    with _errors():
        labels = labels_of(lang)
        settings = config.load(config_file)
        try:
            asyncio.run(
                _watch(broker_of(settings), settings.site, client, None if as_json else labels)
            )
        except KeyboardInterrupt:
            return


async def _watch(
    broker: Broker, site: str, client: str | None, labels: dict[str, str] | None
) -> None:
    """Print what comes, through restarts of the broker; no revision of a memo twice.

    Raises:
        FeedError: the broker was not there in the first place.
    """
    shown: dict[str, int] = {}
    ever = False
    failures = 0
    while True:
        subscribed = asyncio.Event()
        try:
            async with aclosing(watch(broker, site, client, subscribed)) as messages:
                async for seen in messages:
                    _print_seen(seen, labels, shown)
        except FeedError:
            ever = ever or subscribed.is_set()
            if not ever:
                raise
            failures = 1 if subscribed.is_set() else failures + 1
        if failures == 1:
            typer.echo("broker away, trying again", err=True)
        die = random.random()  # noqa: S311 - jitter, no secret
        await asyncio.sleep(
            backoff_s(failures, base_s=RECONNECT_BASE_S, cap_s=RECONNECT_CAP_S, die=die)
        )


class _Revision(msgspec.Struct):
    """What tells a memo that is sent again from one that is new."""

    rev: int


def _print_seen(seen: Watched, labels: dict[str, str] | None, shown: dict[str, int]) -> None:
    """Print one message, unless this revision of the memo was shown."""
    try:
        is_memo = seen.place.kind == "memo" and seen.payload
        rev = msgspec.json.decode(seen.payload, type=_Revision).rev if is_memo else 0
        line = _json_line(seen) if labels is None else _line(seen, labels)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        # Anybody whom the broker lets publish there; its words are not repeated.
        place = printable(f"{seen.place.kind} {seen.place.id} of {seen.place.client}")
        typer.echo(f"{place}: the payload is not one of sipbot's: left out", err=True)
        return
    if is_memo:
        if rev <= shown.get(seen.place.id, 0):
            return
        shown[seen.place.id] = rev
    if line:
        # Flushed line by line: the reader may be a pipe.
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _line(seen: Watched, labels: dict[str, str]) -> str:
    """Return one message as a line for people; the feed repeats the memos and is left out."""
    if seen.place.kind == "memo" and seen.payload:
        memo = Memo.model_validate_json(seen.payload)
        head = (memo.id[-SHORT:], _short(memo.call.started_at), memo.client, caller(memo, labels))
        state = f"{_value(memo.stage, labels)}/{_value(memo.status, labels)}"
        return printable("  ".join((*head, state, text(memo, labels))))
    if seen.place.kind == "live":
        event = msgspec.json.decode(seen.payload, type=LivePayload)
        what = f"{labels['call']} {_value(event.type, labels)}"
        parts = [seen.place.id[-SHORT:], _short(event.ts), seen.place.client, what]
        if event.type in ("ringing", "answered"):
            parts.insert(3, event.caller or "-")
        return printable("  ".join(filter(None, [*parts, event.text])))
    return ""


def _json_line(seen: Watched) -> str:
    payload = json.loads(seen.payload) if seen.payload else None
    place = {"kind": seen.place.kind, "client": seen.place.client, "id": seen.place.id}
    line = {**place, "retained": seen.retained, "payload": payload}
    return printable_json(json.dumps(line, ensure_ascii=False))


def _ledger(config_file: Path | None, var: Path | None) -> Path:
    return ledger_path(config.load(config_file)) if var is None else var / "sipbot.sqlite3"


def _memo(path: Path, memo_id: str) -> Memo:
    with ReadOnlyLedger.open(path) as ledger:
        memo = ledger.memo(memo_id)
    if memo is None:
        raise UsageError(f"memo {memo_id!r} is not in {path}: sipbot memos list names them")
    return memo


def _dialplan_clients(config_file: Path | None, var: Path | None) -> set[str]:
    """Return the clients that have a dialplan; a folder given by --var needs no settings."""
    default = Path(os.environ.get("SIPBOT_CONFIG") or config.DEFAULT_FILE)
    if var is not None and config_file is None and not default.exists():
        return set()
    return {path.stem for path in config.load(config_file).dialplans.glob("*.toml")}


def _check_client(client: str, ledger: ReadOnlyLedger, known: set[str]) -> None:
    """Tell a client without memos from a mistyped one.

    Raises:
        UsageError: no dialplan and no memo has this client.
    """
    if client in known or ledger.memos(1, client):
        return
    known = known | {memo.client for memo in ledger.memos(_LOOKED_AT)}
    nearest = difflib.get_close_matches(client.lower(), sorted(known), n=1)
    remedy = f"Did you mean {nearest[0]}?" if nearest else f"Known are: {', '.join(sorted(known))}"
    if not known:
        remedy = "There is no memo of any client yet"
    raise UsageError(f"--client {client}: no dialplan and no memo has this client. {remedy}")


def _list_table(memos: list[Memo], labels: dict[str, str]) -> Table:
    """Return one row a memo; the message takes what room the rest leaves."""
    # The order of the columns is that of the cells below.
    table = Table(box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(labels["id"], no_wrap=True)
    table.add_column(labels["at"], no_wrap=True)
    table.add_column(labels["client"], overflow="fold", max_width=12)
    table.add_column(labels["caller"], overflow="fold", max_width=13)
    table.add_column(labels["status"], no_wrap=True)
    table.add_column(labels["text"], overflow="fold", ratio=1)
    for memo in memos:
        cells = (
            memo.id[-SHORT:],
            _short(memo.call.started_at),
            memo.client,
            caller(memo, labels),
            _value(memo.status, labels),
            text(memo, labels),
        )
        table.add_row(*map(_cell, cells))
    return table


def _print_table(table: Table) -> None:
    """Print for the terminal's width; whoever reads a pipe gets every row whole."""
    if not sys.stdout.isatty():
        table.expand = False
        for column in table.columns:
            column.max_width = None
    _print(table)


def _print(page: RenderableType) -> None:
    """Print for the terminal's width; for a pipe every line whole and without colour."""
    if sys.stdout.isatty():
        Console().print(page, markup=False, highlight=False)
        return
    buffer = io.StringIO()
    Console(file=buffer, width=_UNLIMITED).print(page, markup=False)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _short(at: datetime) -> str:
    """Return a time as people at this machine say it; the year is in `show`."""
    return at.astimezone().strftime("%m-%d %H:%M")


def _value(value: str, labels: dict[str, str]) -> str:
    """Return a stage, a status or an event in the reader's language."""
    return labels.get(str(value), str(value))


def _cell(text: str) -> str:
    """Return what a table may show: on a terminal a long message keeps its lines."""
    return ("\n" if sys.stdout.isatty() else " ").join(map(printable, text.split("\n")))


def _print_json(value: object) -> None:
    typer.echo(printable_json(json.dumps(value, ensure_ascii=False, indent=2)))


@contextmanager
def _errors() -> Iterator[None]:
    """Turn an error into one sentence and its exit code."""
    try:
        yield
    except SipbotError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
