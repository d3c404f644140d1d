"""``sipbot memos``: what callers left, from the ledger (list, show) or as it happens (watch).

Only this command prints what callers said; it goes to standard output and never to a log.
"""

import asyncio
import json
import locale
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from sipbot import config
from sipbot.app import broker_of, ledger_path
from sipbot.errors import SipbotError, UsageError
from sipbot.ledger import ReadOnlyLedger
from sipbot.memo import Memo, Stage, Status
from sipbot.mqtt import Broker, Watched, watch
from sipbot.terminal import printable, printable_json
from sipbot.topics import LivePayload

memos_app = typer.Typer(
    no_args_is_help=True, help="What callers left: list it, read it, watch it arrive."
)

_Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; without it $SIPBOT_CONFIG, else ./config.toml."),
]
_Var = Annotated[
    Path | None, typer.Option("--var", help="Folder of the ledger; without it, the settings say.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
_Lang = Annotated[str, typer.Option("--lang", help="Labels: en, ja, or auto (from $LANG).")]
_Client = Annotated[str | None, typer.Option("--client", help="Only this client's memos.")]

_LABELS = {
    "en": {
        "id": "id",
        "at": "received",
        "client": "client",
        "caller": "caller",
        "callback": "call back",
        "stage": "stage",
        "status": "status",
        "text": "message",
        "audio": "recording",
        "withheld": "withheld",
        "unread": "(not read yet)",
        "silence": "(no words)",
        "unconfirmed": "to be confirmed",
        "cut_off": "CUT OFF",
        "failed": "(not recognised: {problem})",
    },
    "ja": {
        "id": "番号",
        "at": "受信",
        "client": "顧客",
        "caller": "発信者",
        "callback": "折り返し先",
        "stage": "段階",
        "status": "状態",
        "text": "用件",
        "audio": "録音",
        "withheld": "非通知",
        "unread": "（未認識）",
        "silence": "（言葉なし）",
        "unconfirmed": "要確認",
        "cut_off": "途中で切れました",
        "failed": "（認識できませんでした: {problem}）",
    },
}

SHORT = 8
"""Characters of an id that people type: the last ones, for UUIDv7 ids of one day begin alike."""


@memos_app.command(
    "list", epilog="Example: sipbot memos list --status open --client yamato", no_args_is_help=False
)
def list_command(
    config_file: _Config = None,
    var: _Var = None,
    client: _Client = None,
    status: Annotated[
        Status | None, typer.Option("--status", help="Only memos of this status.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 50,
    *,
    as_json: _Json = False,
    lang: _Lang = "auto",
) -> None:
    """List memos, newest first."""
    with _errors():
        labels = _labels(lang)
        with ReadOnlyLedger.open(_ledger(config_file, var)) as ledger:
            memos = ledger.memos(limit, client, status)
    if as_json:
        _print_json([memo.model_dump(mode="json") for memo in memos])
        return
    table = Table()
    for name in ("id", "at", "client", "caller", "status", "text"):
        table.add_column(labels[name])
    for memo in memos:
        cells = (
            memo.id[-SHORT:],
            _local(memo),
            memo.client,
            _caller(memo, labels),
            memo.status.value,
            _text(memo, labels),
        )
        table.add_row(*map(_cell, cells))
    Console().print(table, markup=False)


@memos_app.command("show", epilog="Example: sipbot memos show 3fa85f64")
def show_command(
    memo_id: Annotated[str, typer.Argument(help="The id, or its first or last characters.")],
    config_file: _Config = None,
    var: _Var = None,
    *,
    as_json: _Json = False,
    lang: _Lang = "auto",
) -> None:
    """Show one memo in full."""
    with _errors():
        labels = _labels(lang)
        path = _ledger(config_file, var)
        with ReadOnlyLedger.open(path) as ledger:
            memo = ledger.memo(memo_id)
        if memo is None:
            raise UsageError(f"memo {memo_id!r} is not in {path}: sipbot memos list names them")
    if as_json:
        _print_json(memo.model_dump(mode="json"))
        return
    table = Table(show_header=False, box=None)
    for name, value in (
        ("id", f"{memo.id} (rev {memo.rev})"),
        ("at", _local(memo)),
        ("client", memo.client),
        ("caller", _caller(memo, labels)),
        ("callback", _callback(memo, labels)),
        ("status", memo.status.value),
        ("stage", memo.stage.value),
        ("text", _text(memo, labels)),
        ("audio", f"{memo.audio.url} ({memo.audio.duration_s:.1f} s)"),
    ):
        table.add_row(labels[name], _cell(value))
    Console().print(table, markup=False)


@memos_app.command("watch", epilog="Example: sipbot memos watch --client yamato")
def watch_command(
    config_file: _Config = None,
    client: _Client = None,
    *,
    as_json: _Json = False,
    lang: _Lang = "auto",
) -> None:
    """Print memos and calls as they happen, the open ones first; end with Ctrl-C."""
    with _errors():
        labels = _labels(lang)
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
    async for seen in watch(broker, site, client):
        try:
            line = _json_line(seen) if labels is None else _line(seen, labels)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            # Anybody whom the broker lets publish there; its words are not repeated.
            place = printable(f"{seen.place.kind} {seen.place.id} of {seen.place.client}")
            typer.echo(f"{place}: the payload is not one of sipbot's: left out", err=True)
            continue
        if line:
            # Flushed line by line: the reader may be a pipe.
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def _line(seen: Watched, labels: dict[str, str]) -> str:
    """Return one message as a line for people; the feed repeats the memos and is left out."""
    if seen.place.kind == "memo" and seen.payload:
        memo = Memo.model_validate_json(seen.payload)
        words = (memo.id[-SHORT:], _local(memo), memo.client, _caller(memo, labels))
        parts = (*words, f"{memo.stage.value}/{memo.status.value}", _text(memo, labels))
        return printable("  ".join(parts))
    if seen.place.kind == "live":
        event = msgspec.json.decode(seen.payload, type=LivePayload)
        head = f"{seen.place.id[-SHORT:]}  {seen.place.client}  {event.type}"
        return printable(f"{head}  {event.text or ''}".rstrip())
    return ""


def _json_line(seen: Watched) -> str:
    payload = json.loads(seen.payload) if seen.payload else None
    place = {"kind": seen.place.kind, "client": seen.place.client, "id": seen.place.id}
    line = {**place, "retained": seen.retained, "payload": payload}
    return printable_json(json.dumps(line, ensure_ascii=False))


def _ledger(config_file: Path | None, var: Path | None) -> Path:
    return ledger_path(config.load(config_file)) if var is None else var / "sipbot.sqlite3"


def _labels(lang: str) -> dict[str, str]:
    if lang == "auto":
        lang = "ja" if (locale.getlocale()[0] or "").startswith("ja") else "en"
    if lang not in _LABELS:
        raise UsageError(f"--lang {lang}: use en, ja or auto")
    return _LABELS[lang]


def _local(memo: Memo) -> str:
    return memo.call.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _caller(memo: Memo, labels: dict[str, str]) -> str:
    known = " ".join(part for part in (memo.caller.number, memo.caller.name) if part)
    return known or (labels["withheld"] if memo.caller.anonymous else "-")


def _callback(memo: Memo, labels: dict[str, str]) -> str:
    """The number to call back; whoever calls an unconfirmed one asks first whether it is right."""
    if memo.callback.number is None:
        return "-"
    sure = memo.callback.confirmed
    return memo.callback.number if sure else f"{memo.callback.number}  {labels['unconfirmed']}"


def _text(memo: Memo, labels: dict[str, str]) -> str:
    cut = f" [{labels['cut_off']}]" if memo.call.cut_off else ""
    if memo.text:
        return memo.text + cut
    if memo.stage is Stage.RECOGNITION_FAILED:
        return labels["failed"].format(problem=memo.recognition.problem or "-") + cut
    return (labels["silence"] if memo.stage is Stage.TRANSCRIBED else labels["unread"]) + cut


def _cell(text: str) -> str:
    """Return what a table may show: a long message keeps its lines, and nothing else."""
    return "\n".join(map(printable, text.split("\n")))


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
