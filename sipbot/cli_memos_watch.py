"""``sipbot memos watch``: memos, what operators do with them, and calls, as it happens.

On a terminal a live table, through a pipe lines or JSON.  It goes on through restarts of the
broker.  Only standard output has what callers said.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.live import Live

from sipbot import config
from sipbot.backoff import backoff_s
from sipbot.cli_config import ConfigOption, JsonOption, exit_code
from sipbot.errors import FeedError
from sipbot.from_settings import broker_of
from sipbot.labels import labels_of
from sipbot.memo_state import Labels
from sipbot.mqtt import RECONNECT_BASE_S, RECONNECT_CAP_S, Broker
from sipbot.terminal import printable, printable_json
from sipbot.watch import watch
from sipbot.watch_board import Board
from sipbot.watch_lines import Lines
from sipbot.watched import Watched

DRAW_EVERY_S = 1.0
"""The table shows how old memos are, in minutes, and the time, in seconds."""

watch_app = typer.Typer()


@watch_app.command("watch", epilog="Example: sipbot memos watch --client yamato")
def watch_command(
    config_file: ConfigOption = None,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's.")] = None,
    *,
    lines: Annotated[
        bool, typer.Option("--lines", help="A line an event, on a terminal as well.")
    ] = False,
    as_json: JsonOption = False,
    lang: Annotated[
        str, typer.Option("--lang", help="Labels: en, ja, or auto (from $LANG).")
    ] = "auto",
) -> None:
    """Show the open memos and what happens to them, and the calls; end with Ctrl-C."""
    with exit_code(as_json=as_json):
        labels = labels_of(lang)
        settings = config.load(config_file)
        where = (broker_of(settings), settings.site, client)
        if as_json:
            watching = watch_json(*where)
        elif lines or not sys.stdout.isatty():
            watching = watch_lines(*where, labels)
        else:
            watching = _watch_live(*where, labels)
        try:
            asyncio.run(watching)
        except KeyboardInterrupt:
            return


async def watch_lines(broker: Broker, site: str, client: str | None, labels: Labels) -> None:
    """Print a line for each event, the open memos first.

    Raises:
        FeedError: the broker was not there in the first place.
    """
    lines, answers = Lines(labels, _now), asyncio.Event()

    # Event loop, for each message.
    def take(seen: Watched) -> None:
        lines.names_closers = answers.is_set()
        for line in lines.take(seen):
            _print(line)

    def away() -> None:
        lines.away()
        typer.echo(labels["broker_away"], err=True)

    await _follow(broker, site, client, take=take, away=away, refuse=_refuse, answers=answers)


async def watch_json(broker: Broker, site: str, client: str | None) -> None:
    """Print each message as a line of JSON, each revision of a memo once.

    Raises:
        FeedError: the broker was not there in the first place.
    """
    shown: dict[str, int] = {}

    # Event loop, for each message.
    def take(seen: Watched) -> None:
        line = _json_line(seen)
        if seen.place.kind == "memo" and seen.payload:
            rev = msgspec.json.decode(seen.payload, type=_Revision).rev
            if rev <= shown.get(seen.place.id, 0):
                return
            shown[seen.place.id] = rev
        _print(line)

    def away() -> None:
        typer.echo("broker away, trying again", err=True)

    await _follow(broker, site, client, take=take, away=away, refuse=_refuse)


async def _watch_live(broker: Broker, site: str, client: str | None, labels: Labels) -> None:
    """Show the table until cancelled.

    Raises:
        FeedError: the broker was not there in the first place.
    """
    console, loop, answers = Console(), asyncio.get_running_loop(), asyncio.Event()
    lines = Lines(labels, _now)
    board = Board(lines, labels)
    drawing: asyncio.Handle | None = None

    # Event loop, for each message.
    def take(seen: Watched) -> None:
        lines.names_closers, board.away = answers.is_set(), False
        board.take(seen)

    def away() -> None:
        lines.away()
        board.away = True

    with Live(console=console, screen=True, auto_refresh=False) as live:
        # Event loop, again and again.
        def draw() -> None:
            nonlocal drawing
            live.update(board.page(_now(), console.size.height), refresh=True)
            drawing = loop.call_later(DRAW_EVERY_S, draw)

        draw()
        try:
            await _follow(
                broker, site, client, take=take, away=away, refuse=board.note, answers=answers
            )
        finally:
            if drawing is not None:
                drawing.cancel()


async def _follow(
    broker: Broker,
    site: str,
    client: str | None,
    *,
    take: Callable[[Watched], None],
    away: Callable[[], None],
    refuse: Callable[[str], None],
    answers: asyncio.Event | None = None,
) -> None:
    """Hand over what comes, through restarts of the broker.

    Args:
        broker, site, client, answers: see `watch`.
        take: told each message; may raise what a strange payload raises.
        away: called when the connection is lost.
        refuse: told of each payload that is not sipbot's.

    Raises:
        FeedError: the broker was not there in the first place.
    """
    ever = False
    failures = 0
    while True:
        subscribed = asyncio.Event()
        try:
            async with aclosing(watch(broker, site, client, subscribed, answers)) as messages:
                async for seen in messages:
                    try:
                        take(seen)
                    except (ValueError, msgspec.MsgspecError, RecursionError):
                        # Anybody whom the broker lets publish there; its words are not repeated.
                        place = f"{seen.place.kind} {seen.place.id} of {seen.place.client}"
                        problem = "the payload is not one of sipbot's: left out"
                        refuse(printable(f"{place}: {problem}"))
        except FeedError:
            ever = ever or subscribed.is_set()
            if not ever:
                raise
            failures = 1 if subscribed.is_set() else failures + 1
        if failures == 1:
            away()
        die = random.random()  # noqa: S311 - jitter, no secret
        await asyncio.sleep(
            backoff_s(failures, base_s=RECONNECT_BASE_S, cap_s=RECONNECT_CAP_S, die=die)
        )


class _Revision(msgspec.Struct):
    """What tells a memo that is sent again from one that is new."""

    rev: int


def _json_line(seen: Watched) -> str:
    payload = json.loads(seen.payload) if seen.payload else None
    place = {"kind": seen.place.kind, "client": seen.place.client, "id": seen.place.id}
    line = {**place, "retained": seen.retained, "payload": payload}
    return printable_json(json.dumps(line, ensure_ascii=False))


def _print(line: str) -> None:
    # Flushed line by line: the reader may be a pipe.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _refuse(problem: str) -> None:
    typer.echo(problem, err=True)


def _now() -> datetime:
    return datetime.now().astimezone()
