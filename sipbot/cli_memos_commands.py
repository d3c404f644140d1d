"""``sipbot memos claim`` and the like: what operators do with a memo, over the bus.

The running sipbot decides and answers, so these work from any machine that reaches the broker, and
never write the ledger.  What callers said is not shown here.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import uuid6

from sipbot import config
from sipbot.ask import ask, find
from sipbot.cli_config import ConfigOption, JsonOption, exit_code
from sipbot.cli_fleet import owner_of
from sipbot.command import ASK_TTL_S, LEASE_S, VERBS, Refused, read
from sipbot.config import Settings
from sipbot.decision import Answer
from sipbot.errors import ArchiveError, UsageError
from sipbot.from_settings import archive_of, broker_of, ledger_path
from sipbot.labels import labels_of
from sipbot.ledger import ReadOnlyLedger
from sipbot.memo_history import Outcome
from sipbot.memo_state import moment
from sipbot.memo_table import SHORT
from sipbot.terminal import printable

commands_app = typer.Typer()

_Memo = Annotated[str, typer.Argument(help="The memo's id, or its first or last characters.")]
_By = Annotated[str, typer.Option("--by", help="Your name: a-z, 0-9 and -.")]
_Client = Annotated[
    str | None, typer.Option("--client", help="Only this client's memos; needed for a closed one.")
]
_Note = Annotated[str | None, typer.Option("--note", help="A note along with it.")]
_Lang = Annotated[str, typer.Option("--lang", help="Labels: en, ja, or auto (from $LANG).")]

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@commands_app.command("claim", epilog="Example: sipbot memos claim 3fa85f64 --by hanako")
def claim(
    memo: _Memo,
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    minutes: Annotated[int, typer.Option("--minutes", help="For how long; 1 to 240.")] = LEASE_S
    // 60,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Take a memo, or prolong your claim; it ends by itself."""
    _send("claim", memo, by, config_file, client, as_json, lang, lease_s=minutes * 60)


@commands_app.command("release", epilog="Example: sipbot memos release 3fa85f64 --by hanako")
def release(
    memo: _Memo,
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Give your claim back."""
    _send("release", memo, by, config_file, client, as_json, lang)


@commands_app.command(
    "note", epilog='Example: sipbot memos note 3fa85f64 "sent the price list" --by hanako'
)
def note(
    memo: _Memo,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Write something into a memo's history."""
    _send("note", memo, by, config_file, client, as_json, lang, text=text)


@commands_app.command(
    "snooze", epilog="Example: sipbot memos snooze 3fa85f64 --until 15:00 --by hanako"
)
def snooze(
    memo: _Memo,
    until: Annotated[str, typer.Option("--until", help="15:00 (the next), or 2026-11-20T15:00.")],
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    note: _Note = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Put a memo off; your claim ends by it."""
    with exit_code(as_json=as_json):
        at = time_of(until, datetime.now().astimezone())
    _send("snooze", memo, by, config_file, client, as_json, lang, until=at.isoformat(), text=note)


@commands_app.command("call", epilog="Example: sipbot memos call 3fa85f64 --by hanako")
def call(
    memo: _Memo,
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    number: Annotated[
        str | None, typer.Option("--number", help="Which of the memo's; needed unless confirmed.")
    ] = None,
    extension: Annotated[
        str | None, typer.Option("--extension", help="Your telephone, if not the usual one.")
    ] = None,
    note: _Note = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Have sipbot call you, then the caller; what came of it is written down by itself."""
    wanted = {"number": number, "extension": extension, "text": note}
    _send("call", memo, by, config_file, client, as_json, lang, **wanted)


@commands_app.command(
    "callback", epilog="Example: sipbot memos callback 3fa85f64 no_answer --by hanako"
)
def callback(
    memo: _Memo,
    outcome: Annotated[Outcome, typer.Argument(help="What came of it.")],
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    note: _Note = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Say what came of calling back."""
    _send(
        "callback", memo, by, config_file, client, as_json, lang, outcome=outcome.value, text=note
    )


@commands_app.command("done", epilog="Example: sipbot memos done 3fa85f64 --by hanako")
def done(
    memo: _Memo,
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    note: _Note = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Close a memo."""
    _send("done", memo, by, config_file, client, as_json, lang, text=note)


@commands_app.command("reopen", epilog="Example: sipbot memos reopen 3fa85f64 --by hanako")
def reopen(
    memo: _Memo,
    by: _By,
    config_file: ConfigOption = None,
    client: _Client = None,
    note: _Note = None,
    *,
    as_json: JsonOption = False,
    lang: _Lang = "auto",
) -> None:
    """Bring a closed memo back."""
    _send("reopen", memo, by, config_file, client, as_json, lang, text=note)


def time_of(written: str, now: datetime) -> datetime:
    """Return the time that somebody at this site means.

    Args:
        written: a time of day, the next one, or an ISO 8601 time, local unless it has an offset.
        now: of the site's zone.

    Raises:
        UsageError: it is neither.
    """
    clock = _CLOCK.fullmatch(written)
    if clock is not None:
        today = now.replace(
            hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0, tzinfo=None
        )
        passed = today <= now.replace(tzinfo=None)
        return (today + timedelta(days=1) if passed else today).astimezone()
    try:
        return datetime.fromisoformat(written).astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--until {written}: use a time of day such as 15:00, or 2026-11-20T15:00"
        ) from error


def _send(
    verb: str,
    memo: str,
    by: str,
    config_file: Path | None,
    client: str | None,
    as_json: bool,
    lang: str,
    **fields: Any,  # noqa: ANN401 - of the verb
) -> None:
    """Send a command, print its answer, and exit with 1 when it was not accepted."""
    with exit_code(as_json=as_json):
        labels = labels_of(lang)
        settings = config.load(config_file)
        answer = asyncio.run(_ask(settings, verb, memo, client, {"by": by, **fields}))
    if as_json:
        typer.echo(answer.encode())
    else:
        until = datetime.fromisoformat(fields["until"]) if "until" in fields else answer.until
        typer.echo(printable(said(answer, labels, until)), err=answer.status != "accepted")
    raise typer.Exit(0 if answer.status == "accepted" else 1)


async def _ask(
    settings: Settings, verb: str, part: str, client: str | None, fields: dict[str, Any]
) -> Answer:
    broker = broker_of(settings)
    site, owner, memo = await _place(settings, part, client)
    req = str(uuid6.uuid7())
    known = {
        "req": req,
        "memo": memo,
        "ts": datetime.now(UTC).isoformat(),
        "ttl_s": ASK_TTL_S,
        **{name: value for name, value in fields.items() if value is not None},
    }
    payload = json.dumps(known, ensure_ascii=False).encode()
    request = read(owner, verb, payload)
    if isinstance(request, Refused):
        raise UsageError(request.problem)
    if request is None:
        raise UsageError(f"the note is too long: {VERBS[verb].__name__} takes 2000 characters")
    return await ask(broker, site, owner, verb, request.command.by, req, payload)


async def _place(settings: Settings, part: str, client: str | None) -> tuple[str, str, str]:
    """Return site, client and id of a memo: by the ledger where it is here, by the archive where
    another site has it, else by the bus."""
    path = ledger_path(settings)
    if path.is_file():
        with ReadOnlyLedger.open(path) as ledger:
            found = ledger.memo(part)
        if found is not None and client in (None, found.client):
            return settings.site, found.client, found.id
    archive, other = archive_of(settings), None
    if archive is not None:
        try:
            other = await owner_of(archive, part, client)
        except ArchiveError as error:  # our own bus may know the memo all the same
            typer.echo(f"{error}; only {settings.site} is asked", err=True)
    if other is not None:
        return other
    if client is not None and len(part) == len(str(uuid6.uuid7())):
        return settings.site, client, part
    return settings.site, *await find(broker_of(settings), settings.site, part, client)


def said(answer: Answer, labels: dict[str, str], until: datetime | None) -> str:
    """Return an answer as a sentence.

    Args:
        answer: of sipbot.
        labels: of the reader's language.
        until: when the claim ends that was answered, or until when the memo was put off; None
            where neither is.
    """
    memo = (answer.memo or "")[-SHORT:]
    now = datetime.now().astimezone()
    if answer.status != "accepted":
        known = labels.get(f"not_{answer.code}")
        if known is None:
            return f"{memo}: {answer.problem}"
        held = "-" if answer.until is None else moment(answer.until, now, labels)
        return f"{memo}: {known.format(holder=answer.holder, until=held)}"
    at = "-" if until is None else moment(until, now, labels)
    words = labels[f"did_{answer.verb}"].format(until=at)
    return f"{memo}: {words} (rev {answer.rev})"
