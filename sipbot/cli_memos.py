"""``sipbot memos``: what callers left, from the ledger: list, show, clip, play.

Only this command prints what callers said; it goes to standard output and never to a log.
"""

import difflib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from sipbot import cli_fleet, config, looked
from sipbot.as_heard import as_heard
from sipbot.card_page import card_page
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_fleet import ArchiveOption
from sipbot.cli_memos_commands import commands_app
from sipbot.cli_memos_watch import watch_app
from sipbot.cli_table import print_page
from sipbot.client_card import ClientCard
from sipbot.dialplan import load_file
from sipbot.errors import SipbotError, UsageError
from sipbot.from_settings import ledger_path, recordings_of
from sipbot.labels import labels_of
from sipbot.ledger import CallEntry, ReadOnlyLedger
from sipbot.memo import Memo, Status
from sipbot.memo_clip import clip, number_part, write_new
from sipbot.memo_page import memo_page, notice_text
from sipbot.memo_parts import clock_span
from sipbot.memo_play import fetched, kept, play, player
from sipbot.memo_table import SHORT, list_table
from sipbot.recordings import Recordings
from sipbot.search_file import When
from sipbot.search_words import words_of
from sipbot.spool import spool_of
from sipbot.terminal import printable_json

memos_app = typer.Typer(
    no_args_is_help=True, help="What callers left: list it, read it, watch it arrive."
)

memos_app.add_typer(watch_app)
memos_app.add_typer(commands_app)

_Var = Annotated[
    Path | None, typer.Option("--var", help="Folder of the ledger; without it, the settings say.")
]
_Lang = Annotated[str, typer.Option("--lang", help="Labels: en, ja, or auto (from $LANG).")]
_Client = Annotated[str | None, typer.Option("--client", help="Only this client's memos.")]

_DAY = "%Y-%m-%d"

_LOOKED_AT = 1000
"""Latest memos whose clients are thought of when a client's name was mistyped."""


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
    archive: ArchiveOption = False,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """List the memos that are not closed, newest first."""
    not_done = not every and status is None
    with _errors():
        labels = labels_of(lang)
        if archive:
            settings = config.load(config_file)
            found = cli_fleet.latest(settings, limit, client, status, not_done=not_done)
            sites, memos = [site for site, _ in found], [memo for _, memo in found]
            _note_taken(ledger_path(settings), memos, as_json=as_json)
            _print_list(memos, labels, as_json=as_json, sites=sites)
            return
        with ReadOnlyLedger.open(_ledger(config_file, var)) as ledger:
            memos = ledger.memos(limit, client, status, not_done=not_done)
            if client is not None and not memos:
                _check_client(client, ledger, _dialplan_clients(config_file, var))
        _note_taken(_ledger(config_file, var), memos, as_json=as_json)
    _print_list(memos, labels, as_json=as_json)


@memos_app.command("search", epilog="Example: sipbot memos search 佐藤 5678 --from 2026-10-01")
def search_command(
    words: Annotated[
        list[str], typer.Argument(help="A name, a company, a number or a part of one, words.")
    ],
    config_file: ConfigOption = None,
    var: _Var = None,
    client: _Client = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=[_DAY], help="Calls of this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="Calls of this day or earlier.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Find memos, the closed ones too, that hold all of these words, newest first."""
    with _errors():
        labels = labels_of(lang)
        region = _region(config_file, var)
        wanted = words_of(" ".join(words), region)
        if not wanted:
            raise UsageError(f"WORDS {' '.join(words)!r}: type a letter or a digit to look for")
        # Without zone they are days of this machine's clock.
        when = When(
            since=since.astimezone() if since else None,
            until=(until + timedelta(days=1)).astimezone() if until else None,
        )
        with ReadOnlyLedger.open(_ledger(config_file, var)) as ledger:
            looked.searched(_ledger(config_file, var), client, len(wanted))
            memos = ledger.search(wanted, when, client=client, region=region, limit=limit)
            if client is not None and not memos:
                _check_client(client, ledger, _dialplan_clients(config_file, var))
        _note_taken(_ledger(config_file, var), memos, as_json=as_json)
    _print_list(memos, labels, as_json=as_json)


@memos_app.command("show", epilog="Example: sipbot memos show 3fa85f64")
def show_command(
    memo_id: Annotated[str, typer.Argument(help="The id, or its first or last characters.")],
    config_file: ConfigOption = None,
    var: _Var = None,
    *,
    heard: Annotated[
        bool, typer.Option("--as-heard", help="The text as the ear wrote it, not mended by terms.")
    ] = False,
    card: Annotated[
        bool, typer.Option("--card", help="Behind it, what its client wants known and said.")
    ] = False,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Show one memo in full."""
    with _errors():
        labels = labels_of(lang)
        memo, call = _memo_and_call(_ledger(config_file, var), memo_id)
        memo = as_heard(memo) if heard else memo
        known = _card(memo.client, config_file) if card else None
        _note_taken(_ledger(config_file, var), [memo], as_json=as_json)
    if as_json:
        also = {"card": msgspec.to_builtins(known)} if card else {}
        also["notice"] = msgspec.to_builtins(call and call.notice)
        _print_json(memo.model_dump(mode="json") | also)
        return
    print_page(memo_page(memo, labels, datetime.now().astimezone(), _told(call, labels)))
    if card:
        typer.echo()
        print_page(card_page(known, labels) if known else labels["card_none"])


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
        ledger = _ledger(config_file, var)
        memo = _memo(ledger, memo_id)
        sound = kept(memo, _recordings(config_file, var))
        if sound is None:
            raise UsageError(f"the recording is not on this machine: {memo.audio.url}")
        with sound:
            piece, from_s, to_s = clip(memo, part, sound)
        file = out or Path(f"memo-{memo.id[-SHORT:]}-{part}.wav")
        looked.heard(ledger, memo, f"part {part}, kept as a file")
        write_new(file, piece)
        typer.echo(f"{file}: {clock_span(from_s, to_s)} of {memo.audio.duration_s:.1f} s")


@memos_app.command("play", epilog="Example: sipbot memos play 3fa85f64 --number")
def play_command(
    memo_id: Annotated[str, typer.Argument(help="The id, or its first or last characters.")],
    config_file: ConfigOption = None,
    var: _Var = None,
    *,
    number: Annotated[
        bool, typer.Option("--number", help="Only where the number to call back is said.")
    ] = False,
    part: Annotated[
        int, typer.Option("--part", min=0, help="Number after # in `memos show`; 0: the whole.")
    ] = 0,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write this WAV file instead of playing it.")
    ] = None,
) -> None:
    """Play a recording, or the seconds in which the number is said."""
    with _errors():
        command = player() if save is None else ()
        ledger = _ledger(config_file, var)
        memo = _memo(ledger, memo_id)
        wanted = number_part(memo) if number else part
        with kept(memo, _recordings(config_file, var)) or fetched(memo) as sound:
            wav, from_s, to_s = clip(memo, wanted, sound)
        said = f"{clock_span(from_s, to_s)} of {memo.audio.duration_s:.1f} s"
        looked.heard(ledger, memo, f"part {wanted}" + (", kept as a file" if save else ""))
        if save is not None:
            write_new(save, wav, "--save")
            typer.echo(f"{save}: {said}")
            return
        typer.echo(f"{memo.id[-SHORT:]}: {said}")
        play(wav, command)


def _ledger(config_file: Path | None, var: Path | None) -> Path:
    return ledger_path(config.load(config_file)) if var is None else var / "sipbot.sqlite3"


def _note_taken(ledger: Path, memos: Sequence[Memo], *, as_json: bool) -> None:
    """What a terminal shows is read there; what a file or a program gets is taken along."""
    if memos and not sys.stdout.isatty():
        looked.taken(ledger, memos, "JSON" if as_json else "text")


def _told(call: CallEntry | None, labels: Mapping[str, str]) -> str:
    if call is None:
        return notice_text(None, None, labels)
    return notice_text(call.notice, call.answered_at, labels)


def _recordings(config_file: Path | None, var: Path | None) -> Recordings:
    """Without a config.toml nobody names the keys of encrypted ones."""
    if var is not None:
        return Recordings(spool_of(var))
    return recordings_of(config.load(config_file))


def _memo(path: Path, memo_id: str) -> Memo:
    return _memo_and_call(path, memo_id)[0]


def _memo_and_call(path: Path, memo_id: str) -> tuple[Memo, CallEntry | None]:
    with ReadOnlyLedger.open(path) as ledger:
        memo = ledger.memo(memo_id)
        call = None if memo is None else ledger.call(memo.call.id)
    if memo is None:
        raise UsageError(f"memo {memo_id!r} is not in {path}: sipbot memos list names them")
    return memo, call


def _card(client: str, config_file: Path | None) -> ClientCard | None:
    """Return the client's card as its file has it, which may be later than what is in force."""
    settings = config.load(config_file)
    return load_file(settings.dialplans / f"{client}.toml", settings.region).card


def _region(config_file: Path | None, var: Path | None) -> str:
    """Return the site's region; a folder given by --var needs no settings."""
    default = Path(os.environ.get("SIPBOT_CONFIG") or config.DEFAULT_FILE)
    if var is not None and config_file is None and not default.exists():
        return str(config.Settings.model_fields["region"].default)
    return config.load(config_file).region


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


def _print_list(
    memos: Sequence[Memo],
    labels: Mapping[str, str],
    *,
    as_json: bool,
    sites: Sequence[str] | None = None,
) -> None:
    if as_json:
        owners = [{}] * len(memos) if sites is None else [{"site": one} for one in sites]
        shown = zip(owners, memos, strict=True)
        _print_json([owner | memo.model_dump(mode="json") for owner, memo in shown])
    elif memos:
        now, wide = datetime.now().astimezone(), not sys.stdout.isatty()
        print_page(list_table(memos, labels, now, wide=wide, sites=sites))
    else:
        typer.echo(labels["none"])


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
