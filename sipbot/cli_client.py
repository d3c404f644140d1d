"""``sipbot client``: a client's consent, and its way from one site to another and back."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uuid6
from rich.table import Table

from sipbot import config, handover_desk, local_time, seal
from sipbot.cli_client_ack import ack_command, unread_command
from sipbot.cli_client_import import accepted_command, import_command, rollback_command
from sipbot.cli_client_site import ByOption, site_of
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_table import print_whole
from sipbot.errors import UsageError
from sipbot.from_settings import ledger_path, places_of
from sipbot.handover import SCOPES, Consent, Disclosure, Scope
from sipbot.handover_give import Order, give
from sipbot.handover_stage import finish
from sipbot.ledger_check import reading
from sipbot.ledger_handovers import Handover, handovers
from sipbot.seal import Keys
from sipbot.system_user import me
from sipbot.topics import ID

client_app = typer.Typer(
    no_args_is_help=True,
    help="Clients who come from another site or go there: consent, export, import, roll-back.",
)
client_app.command("import", epilog="Example: sipbot client import sato.sipbot --dry-run")(
    import_command
)
client_app.command("rollback", epilog="Example: sipbot client rollback sato-law")(rollback_command)
client_app.command(
    "accepted", epilog="Example: sipbot client accepted sato.accepted.json --signed-by a1b2-..."
)(accepted_command)


client_app.command("ack", epilog="Example: sipbot client ack sato-law --by hanako")(ack_command)
client_app.command("unread", epilog="Example: sipbot client unread --json")(unread_command)


@client_app.command("key", epilog="Example: sipbot client key")
def key_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Make this site's keys if it has none, and print the public ones: tell them the other site.

    Whoever gives a client away needs your age1... to lock the bundle; you need their fingerprint to
    know that it is theirs.  Compare both over the telephone.
    """
    settings = config.load(config_file)
    keys = Keys(settings.var / seal.FOLDER)
    made = keys.make()
    said = {"recipient": keys.recipient, "fingerprint": seal.fingerprint_of(keys.public_pem)}
    if as_json:
        typer.echo(msgspec.json.encode({**said, "pem": keys.public_pem.decode()}))
        return
    typer.echo(f"{keys.folder}: {'made; keep a backup of this folder' if made else 'there'}")
    typer.echo(f"bundles for this site:  --to {said['recipient']}")
    typer.echo(f"signed by this site:    --signed-by {said['fingerprint']}")


@client_app.command(
    "consent",
    epilog="Example: sipbot client consent sato-law --by 'Sato Ichiro' --on 2026-11-20 "
    "--recipient 'Agency B' --document consent.pdf",
)
def consent_command(
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    config_file: ConfigOption = None,
    *,
    by: Annotated[str, typer.Option("--by", help="Who has signed, at the client's.")],
    on: Annotated[str, typer.Option("--on", help="Date of the paper, such as 2026-11-20.")],
    recipient: Annotated[str, typer.Option(help="Who takes the client over.")] = "",
    document: Annotated[str, typer.Option(help="The signed paper: a file, or where it is.")] = "",
    scope: Annotated[
        str, typer.Option(help="What may go with the client's file: memos, history, audio.")
    ] = ",".join(SCOPES),
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="It counts no more.")] = False,
) -> None:
    """Note that a client allows its data to go to another site, or that it does not any more.

    Rows are never changed: the latest one counts.
    """
    settings = config.load(config_file)
    if not withdrawn and not (recipient and document):
        raise UsageError("--recipient and --document: name who takes over, and the signed paper")
    paper = Path(document) if document else None
    digest = None
    if paper is not None and paper.is_file():
        digest = hashlib.sha256(paper.read_bytes()).hexdigest()
    consent = Consent(
        client=_id(client),
        kind="withdrawn" if withdrawn else "given",
        by=by,
        on=_day(on),
        scope=() if withdrawn else _scope(scope),
        recipient=recipient,
        document=document,
        sha256=digest,
    )
    handover_desk.ask(places_of(settings), handover_desk.NoteConsent(consent), bool)
    typer.echo(f"{client}: consent {consent.kind} by {by} on {on}: noted")


@client_app.command(
    "export", epilog="Example: sipbot client export sato-law --to age1... -o sato.sipbot"
)
def export_command(
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    config_file: ConfigOption = None,
    *,
    to: Annotated[str, typer.Option("--to", help="age1...: sipbot client key at the other site.")],
    file: Annotated[Path, typer.Option("-o", "--output", help="File to write; must not exist.")],
    by: ByOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make the bundle in which a client goes to another site: locked for it, signed by this one.

    Needs the client's consent; writes down what left, to whom.  The client stays here: take its
    file out of the folder when the other site answers.  docs/handover.md says what is in it.
    """
    settings = config.load(config_file)
    site = site_of(settings)
    finish(site.places)
    order = Order(
        client=_id(client),
        to=to,
        file=file,
        by=by or me(),
        id=str(uuid6.uuid7()),
        at=datetime.now(UTC),
    )

    def note(disclosure: Disclosure) -> None:
        handover_desk.ask(site.places, handover_desk.NoteDisclosure(disclosure), bool)

    manifest = give(site, order, note)
    if as_json:
        typer.echo(msgspec.json.encode(manifest))
        return
    size = sum(one.bytes for one in manifest.files)
    typer.echo(f"{file}: {len(manifest.files)} files, {size / 1e6:.1f} MB, bundle {manifest.id}")
    if manifest.missing:
        typer.echo(
            f"warning: {len(manifest.missing)} recordings are missing or damaged and do not go: "
            f"{', '.join(manifest.missing[:5])}",
            err=True,
        )


@client_app.command("list", epilog="Example: sipbot client list --json")
def list_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """List the bundles that were taken in here."""
    path = ledger_path(config.load(config_file))
    found = list[Handover]()
    if path.is_file():  # else no bundle was ever taken in
        with reading(path) as ledger:
            found = handovers(ledger)
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    if not found:
        typer.echo("no client has come from another site")
        return
    table = Table(local_time.titled("when"), "client", "from", "state", "calls", "memos", "bundle")
    for row in map(_row, found):
        table.add_row(*row)
    print_whole(table)


def _row(one: Handover) -> tuple[str, ...]:
    taken = one.taken
    counts = (str(len(taken.calls)), str(len(taken.memos)))
    came = f"{one.at.astimezone():%Y-%m-%d %H:%M}"
    return came, taken.client, taken.site, one.state, *counts, taken.id


def _id(client: str) -> str:
    if not ID.fullmatch(client):
        raise UsageError(f"{client}: is no client's id. Clients are the names of their files")
    return client


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--on {text}: is no date. Write one such as 2026-11-20") from None


def _scope(text: str) -> tuple[Scope, ...]:
    wanted = {one.strip() for one in text.split(",") if one.strip()}
    if strange := wanted - set(SCOPES):
        known = ", ".join(SCOPES)
        raise UsageError(f"--scope {', '.join(sorted(strange))}: there are {known}")
    return tuple(one for one in SCOPES if one in wanted)
