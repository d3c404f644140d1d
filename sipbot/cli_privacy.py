"""``sipbot privacy``: delete what was kept long enough, erase or disclose by number, who saw what.

The running sipbot deletes, for it alone writes the ledger; where none runs, the command does.
Nothing of what callers said is printed.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from sipbot import config, control, local_time, numbers, reload
from sipbot import control_wire as wire
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_privacy_key import key_app
from sipbot.cli_table import print_whole
from sipbot.config import Settings
from sipbot.disclosure import write_archive
from sipbot.errors import ControlError, NotRunningError, SipbotError, SweepError, UsageError
from sipbot.from_settings import ledger_path, recordings_of
from sipbot.ledger import Ledger
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.purge import purge
from sipbot.retention import MENTIONS, Wanted
from sipbot.sweep import eraser_of, note, rules_of
from sipbot.system_user import me
from sipbot.terminal import printable

AT_ONCE = 100
"""Calls in one request, which the running sipbot answers when all are gone (`control.REPLY_S`)."""

_LOOKED = ("listen", "export", "search")
_DAY = "%Y-%m-%d"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)

privacy_app = typer.Typer(
    no_args_is_help=True,
    help="What callers left: delete what was kept long enough, erase or disclose it by number.",
)

privacy_app.add_typer(key_app, name="key")

ClientOption = Annotated[str, typer.Option("--client", help="Id of the client.")]
NumberOption = Annotated[
    str, typer.Option("--number", help="The caller's number, as it is dialled or with its +.")
]


@privacy_app.command("sweep", epilog="Example: sipbot privacy sweep --dry-run")
def sweep_command(
    config_file: ConfigOption = None,
    *,
    client: Annotated[str | None, typer.Option(help="Only this client's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete now what the clients' [keep] says has been kept long enough; sipbot does so daily."""
    settings = config.load(config_file)
    start = reload.start(settings.dialplans, settings.region, settings.var)
    rules, now = rules_of(start.in_force), datetime.now(UTC)
    if client is not None and client not in rules.of:
        raise UsageError(f"--client {client}: has no file in {settings.dialplans}")
    with PrivacyLedger.open(ledger_path(settings)) as ledger:
        found = [one for _, one in ledger.due(rules, client, now)]
    if not dry_run:
        found = _erase(settings, found, "")
    _show(found, "would go" if dry_run else "gone", as_json=as_json)


@privacy_app.command(
    "erase",
    epilog="Example: sipbot privacy erase --number 090-1234-5678 --client yamato "
    '--reason "request of 2026-11-20"',
)
def erase_command(
    number: NumberOption,
    client: ClientOption,
    reason: Annotated[str, typer.Option(help="Why; kept, so without the number.")] = "",
    config_file: ConfigOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only show.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase everything about a caller's number: calls, memos (open ones, too), recordings, words.

    Without --yes it shows what would go, and changes nothing.
    """
    settings = config.load(config_file)
    whole = _e164(number, settings.region)
    if yes and not reason.strip():
        raise UsageError("--reason is missing: it is kept beside what is gone")
    if whole.lstrip("+")[-8:] in "".join(filter(str.isdigit, reason)):
        raise UsageError("--reason has the number in it, and is kept: leave the number out")
    with PrivacyLedger.open(ledger_path(settings)) as ledger:
        found = list(ledger.of_number(client, whole, settings.region))
        waiting = [(one, why) for one in found if (why := ledger.waits_for(one))]
    if not found:
        raise UsageError(_nothing(client))
    if yes:
        found = _erase(settings, found, reason)
    _show(found, "gone" if yes else "would go", as_json=as_json)
    for one, why in waiting:
        typer.echo(f"call {one.call} stays for now: {why}; erase again later", err=True)
    if yes and not as_json:
        typer.echo("Backups still have it: sipbot privacy purge COPY takes it out of each.")


@privacy_app.command(
    "disclose",
    epilog="Example: sipbot privacy disclose --number 090-1234-5678 --client yamato "
    '--to "the caller" --basis "APPI Art. 33" -o caller.zip',
)
def disclose_command(
    number: NumberOption,
    client: ClientOption,
    out: Annotated[Path, typer.Option("--out", "-o", help="The archive to write.")],
    recipient: Annotated[str, typer.Option("--to", help="Who gets it; kept.")],
    basis: Annotated[str, typer.Option(help="By which right; kept.")],
    config_file: ConfigOption = None,
) -> None:
    """Write all that is held of a caller into an archive, and write down that it was disclosed.

    Messages of other callers that say the number are counted, not included.
    """
    settings = config.load(config_file)
    whole = _e164(number, settings.region)
    with PrivacyLedger.open(ledger_path(settings)) as ledger:
        found = list(ledger.of_number(client, whole, settings.region))
        own = [one for one in found if one.why != MENTIONS]
        held = [one for call in own if (one := ledger.all_of(call.call)) is not None]
    if not held:
        raise UsageError(_nothing(client))
    others = len(found) - len(own)
    what = f"{len(held)} calls, {sum(one.memo is not None for one in held)} memos"
    sha256 = write_archive(
        out,
        held,
        recordings_of(settings),
        settings.dialplans,
        client=client,
        number=numbers.display(whole, settings.region),
        others=others,
        at=datetime.now(UTC),
        note=lambda sha256: _disclosed(
            settings,
            wire.Disclosed(
                client=client, by=me(), recipient=recipient, basis=basis, what=what, sha256=sha256
            ),
        ),
    )
    typer.echo(f"{out}: {what}; SHA-256 {sha256}")
    if others:
        typer.echo(f"{others} messages of other callers say this number and are not in it")


@privacy_app.command("log", epilog="Example: sipbot privacy log --client yamato")
def log_command(
    config_file: ConfigOption = None,
    *,
    client: Annotated[str | None, typer.Option(help="Only this client's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows of each kind.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show who listened, searched or took memos along, what was handed over, and what is gone."""
    with PrivacyLedger.open(ledger_path(config.load(config_file))) as ledger:
        looked = ledger.looked(client, _LOOKED, limit)
        handed, gone = ledger.disclosures(client, limit), ledger.tombstones(client, limit)
    if as_json:
        typer.echo(msgspec.json.encode({"looked": looked, "disclosed": handed, "erased": gone}))
        return
    rows: list[tuple[datetime, str, str, str, str]] = [
        (
            o.at,
            o.entry.account,
            o.entry.action,
            o.entry.memo or o.entry.client or "",
            f"{o.entry.detail}, {o.entry.address}",
        )
        for o in looked
    ]
    rows += [(o.at, o.by, o.kind, o.what, f"to {o.recipient}, {o.basis}") for o in handed]
    rows += [
        (o.at, o.by, f"erased {o.kind.value}", o.memo or o.call, f"{o.rule} {o.reason}")
        for o in gone
    ]
    table = Table(local_time.titled("when"), "who", "did", "of", "why")
    for at, *cells in sorted(rows, reverse=True):
        when = at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(when, *map(printable, cells))
    print_whole(table)


@privacy_app.command(
    "notices", epilog="Example: sipbot privacy notices --client yamato --from 2026-10-01"
)
def notices_command(
    client: ClientOption,
    config_file: ConfigOption = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=[_DAY], help="Calls of this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="Calls of this day or earlier.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show how many callers were told that they are recorded, by which prompt, and to its end."""
    # Without zone they are days of this machine's clock.
    first = since.astimezone() if since else _EVER
    last = (until + timedelta(days=1)).astimezone() if until else datetime.now(UTC)
    with PrivacyLedger.open(ledger_path(config.load(config_file))) as ledger:
        counted = ledger.notices(client, first, last)
    rows = [
        {"prompt": prompt, "verdict": verdict, "calls": count}
        for (prompt, verdict), count in sorted(counted.items())
    ]
    if as_json:
        typer.echo(msgspec.json.encode(rows))
        return
    table = Table("prompt", "heard", "calls")
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row.values()))
    print_whole(table)


@privacy_app.command(
    "purge", epilog="Example: sipbot privacy purge ledger-2026-11-20.sqlite3 --spool copy/spool"
)
def purge_command(
    copy: Annotated[Path, typer.Argument(help="A copy of the ledger, as of ledger backup.")],
    spool: Annotated[
        Path | None, typer.Option(help="The copy of var/spool that belongs to it.")
    ] = None,
    config_file: ConfigOption = None,
) -> None:
    """Take out of a backup all that is gone here, also before an old one is put back."""
    settings = config.load(config_file)
    with PrivacyLedger.open(ledger_path(settings)) as ledger:
        gone = ledger.tombstones(None, -1)
    calls, folders = asyncio.run(purge(copy, spool, gone))
    typer.echo(f"{copy}: {calls} calls purged, {folders} folders of recordings")


def _nothing(client: str) -> str:
    return f"nothing is held of this number for client {client}: is the client's id written right?"


def _erase(settings: Settings, wanted: Sequence[Wanted], reason: str) -> list[Wanted]:
    done, problems = set[str](), list[str]()
    for start in range(0, len(wanted), AT_ONCE):
        some = tuple(wanted[start : start + AT_ONCE])
        request = wire.Erase(wanted=some, by=me(), reason=reason)
        try:
            reply = asyncio.run(_ask(settings, request))
        except SipbotError as error:  # the others are due as well
            problems.append(str(error))
            continue
        if not isinstance(reply, wire.Erased):
            raise ControlError(f"sipbot answered {type(reply).__name__}: it is of another release")
        done |= set(reply.calls)
    asyncio.run(_leave_no_rest(settings))
    if problems:
        raise SweepError("; ".join(dict.fromkeys(problems)))
    return [one for one in wanted if one.call in done]


async def _leave_no_rest(settings: Settings) -> None:
    """Write the ledger anew once for all erasures; a running sipbot does it when nobody calls."""
    path = ledger_path(settings)
    if path.is_file() and not await control.is_running(control.socket_path(settings.var)):
        async with Ledger.open(path) as ledger:
            await ledger.erasures.leave_no_rest(path)


def _disclosed(settings: Settings, said: wire.Disclosed) -> None:
    asyncio.run(_ask(settings, said))


async def _ask(settings: Settings, request: wire.Erase | wire.Disclosed) -> wire.Reply:
    try:
        return await control.ask(control.socket_path(settings.var), request)
    except NotRunningError:
        async with Ledger.open(ledger_path(settings)) as ledger:
            if isinstance(request, wire.Disclosed):
                await note(ledger, request)
                return wire.Noted()
            eraser = eraser_of(settings.var.absolute(), settings.dialplans, ledger)
            done = await eraser.erase(request.wanted, request.by, request.reason)
            return wire.Erased(tuple(one.call for one in done))


def _show(found: Sequence[Wanted], what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    if found:
        table = Table("call", "memo", what, "rule", "because")
        for one in found:
            kinds = ", ".join(kind.value for kind in one.kinds)
            table.add_row(one.call, one.memo or "", kinds, one.rule, one.why)
        print_whole(table)
    typer.echo(f"{len(found)} calls: {what}")


def _e164(number: str, region: str) -> str:
    whole = numbers.canonical(number, region)
    if not numbers.is_e164(whole):
        raise UsageError(f"--number {number}: is no telephone number. Write +81312345678")
    return whole
