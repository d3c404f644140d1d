"""``sipbot client import``, ``rollback`` and ``accepted``: the taking side and its word."""

import asyncio
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config, control, handover_desk, private_file, seal
from sipbot.cli_client_site import ByOption, site_of
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.disk import sync_folder
from sipbot.errors import HandoverError, UsageError
from sipbot.from_settings import ledger_path, places_of
from sipbot.handover import Disclosure
from sipbot.handover_accept import Acceptance, decode, encode
from sipbot.handover_back import refuse_the_last, remove_plan
from sipbot.handover_open import open_bundle
from sipbot.handover_page import KIND_WORDS, page
from sipbot.handover_parity import Report
from sipbot.handover_site import Site
from sipbot.handover_stage import finish_locked, leaving, locked, remove_recordings
from sipbot.handover_take import Arrival, judge, stage
from sipbot.ledger_check import reading
from sipbot.ledger_consents import disclosed
from sipbot.ledger_handovers import Back, Handover, handovers
from sipbot.seal import Keys
from sipbot.system_user import me
from sipbot.terminal import printable

_OPENING = ".opening"

SignedByOption = Annotated[
    str | None,
    typer.Option("--signed-by", help="Fingerprint of the other site's key, as its people say it."),
]


def import_command(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    config_file: ConfigOption = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the client in as the report says.")
    ] = False,
    signed_by: SignedByOption = None,
    by: ByOption = "",
    html: Annotated[Path | None, typer.Option("--html", help="Write the report here too.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in a client that comes from another site.

    First comes the parity report: what the client would notice here.  Nothing changes without
    --accept, which takes the client in and writes FILE.accepted.json for the other site; what must
    be mended cannot be accepted.  Taking in a bundle again brings back files that are missing.
    """
    if accept == dry_run:
        raise UsageError("--dry-run reports, --accept takes the client in: choose one of them")
    if accept and not signed_by:
        raise UsageError("--signed-by: ask the other site for the fingerprint of its key")
    settings = config.load(config_file)
    site, keys = site_of(settings), Keys(settings.var / seal.FOLDER)
    with _arrival(site, keys, file, signed_by) as arrival:
        if html is not None:
            private_file.write(html, page(arrival.report).encode())
        _show(arrival, as_json=as_json)
        if arrival.report.blocked:
            raise HandoverError(f"{file}: not taken in: see what must be mended above")
        if dry_run:
            return
        word = encode(_acceptance(arrival, by or me()), keys)
        lacking = arrival.lacking.count if arrival.lacking is not None else 0
        new = (not arrival.here_already or lacking > 0) and _take(site, arrival)
    answer = file.with_name(f"{file.stem}.accepted.json")
    if new or not answer.exists():
        private_file.write(answer, word)
    back = f"{lacking} files that were missing are back" if lacking else "nothing has changed"
    done = "taken in" if new else f"was here already, {back}"
    report = arrival.report
    typer.echo(f"{report.client}: {done}; send {answer} to {report.giver}", err=True)


def rollback_command(
    which: Annotated[str, typer.Argument(help="The bundle's id, or the client's.")],
    config_file: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Take out what a bundle has brought: the client's files, calls, memos and recordings.

    Memos that people have worked on here stay, and are named.  Files that were changed here are set
    aside.  Open memos are first cleared on the broker: where that takes longer, run it again.
    """
    site = site_of(config.load(config_file))
    with locked(site.var):
        finish_locked(site.places)
        found = _find(site, which)
        running = asyncio.run(control.is_running(control.socket_path(site.var)))
        refuse_the_last(site, found.taken, running=running)
        files = remove_plan(site, found.taken)
        order = handover_desk.TakeBack(found.taken.id)
        with leaving(site.places, found.taken):
            back = handover_desk.ask(site.places, order, Back)
            recordings = remove_recordings(site.places, found.taken)
    if as_json:
        said = {**msgspec.structs.asdict(back), "files": files, "recordings": recordings}
        typer.echo(msgspec.json.encode(said))
        return
    typer.echo(
        f"{found.taken.client}: {len(files.gone)} files, {back.calls} calls, {back.memos} memos "
        f"and {recordings} recordings are gone"
    )
    for name in files.aside:
        typer.echo(f"changed here, set aside: {printable(name)}")
    for name in files.kept:
        typer.echo(f"kept, another client's file names it: {printable(name)}")
    for memo in back.kept:
        typer.echo(f"kept, somebody has worked on it: memo {memo}")
    if back.waiting:
        typer.echo(
            f"{len(back.waiting)} memos go when the broker has cleared them: run it again in a "
            "minute, with sipbot running"
        )


def accepted_command(
    file: Annotated[Path, typer.Argument(help="FILE.accepted.json of the other site.")],
    config_file: ConfigOption = None,
    *,
    signed_by: SignedByOption = None,
    by: ByOption = "",
) -> None:
    """Note that the other site has taken the client in, and show what it has accepted."""
    if not signed_by:
        raise UsageError("--signed-by: ask the other site for the fingerprint of its key")
    settings = config.load(config_file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise HandoverError(f"{file}: cannot be read: {error.strerror}") from error
    found, signer = decode(content)
    if signer != signed_by:
        raise HandoverError(f"{file}: is signed with the key {signer}, not with {signed_by}")
    _be_ours(ledger_path(settings), found)
    lost = "not measured" if found.hours_lost is None else f"{found.hours_lost:g} h lost"
    disclosure = Disclosure(
        kind="accepted",
        client=found.client,
        by=by or me(),
        recipient=f"{found.taker} ({found.by})",
        basis=f"bundle {found.bundle}",
        what=f"{lost}, {len(found.differences)} differences accepted on {found.at[:10]}",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    order = handover_desk.NoteDisclosure(disclosure)
    handover_desk.ask(places_of(settings), order, bool)
    typer.echo(f"{found.client}: accepted by {found.by} of {found.taker}: {disclosure.what}")


@contextmanager
def _arrival(site: Site, keys: Keys, file: Path, signed_by: str | None) -> Iterator[Arrival]:
    with locked(site.var) as folder:
        finish_locked(site.places)
        opening = folder / _OPENING
        opening.mkdir(mode=0o700)
        try:
            opened = open_bundle(file, keys, opening, signed_by)
            yield judge(site, opened)
        finally:
            shutil.rmtree(opening, ignore_errors=True)


def _take(site: Site, arrival: Arrival) -> bool:
    identifier = arrival.opened.manifest.id
    stage(site, arrival)
    place = arrival.opened.folder.parent
    place.rename(place.with_name(identifier))
    sync_folder(place.parent)  # else a power cut after the ledger's commit might undo it
    order = handover_desk.TakeIn(identifier)
    return handover_desk.ask(site.places, order, bool)


def _acceptance(arrival: Arrival, by: str) -> Acceptance:
    report = arrival.report
    return Acceptance(
        bundle=report.bundle,
        manifest_sha256=arrival.opened.sha256,
        client=report.client,
        giver=report.giver,
        taker=report.taker,
        by=by,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        hours_lost=report.hours_lost,
        hours_gained=report.hours_gained,
        differences=tuple(one for one in report.items if one.kind != "same"),
    )


def _find(site: Site, which: str) -> Handover:
    with reading(site.ledger) as ledger:
        found = [one for one in handovers(ledger) if which in (one.taken.id, one.taken.client)]
    if not found:
        raise HandoverError(f"{which}: nothing of this name was taken in: sipbot client list")
    here = [one for one in found if one.state != "gone"]
    if not here:
        raise HandoverError(f"{which}: was rolled back already: sipbot client list")
    return here[0]


def _be_ours(ledger: Path, found: Acceptance) -> None:
    with reading(ledger) as opened:
        exported = [one for _, one in disclosed(opened, found.client) if one.kind == "export"]
    if not any(found.bundle in one.what for one in exported):
        raise HandoverError(
            f"bundle {found.bundle} of {found.client} was not exported here: sipbot "
            "privacy log shows what was"
        )


def _show(arrival: Arrival, *, as_json: bool) -> None:
    report = arrival.report
    if as_json:
        said = {"signer": arrival.opened.signer, "here_already": arrival.here_already}
        typer.echo(msgspec.json.encode({**said, "report": report, "blocked": report.blocked}))
        return
    manifest = arrival.opened.manifest
    typer.echo(f"bundle {report.bundle}, made {manifest.made_at}")
    typer.echo(f"signed by {arrival.opened.signer}: compare it with {report.giver}'s people")
    typer.echo(printable(f"for {manifest.recipient} ({manifest.to}), as the client has consented"))
    typer.echo(f"{len(arrival.calls)} calls, {len(arrival.memos)} memos")
    Console().print(_table(report), markup=False)


def _table(report: Report) -> Table:
    title = f"{printable(report.say_name)}: {report.giver} → {report.taker}"
    table = Table("", "about", "there", "here", "remedy", box=box.SIMPLE, title=title)
    styles = {"blocks": "red", "lost": "yellow", "differs": "yellow"}
    for one in report.items:
        cells = (KIND_WORDS[one.kind][0], one.about, one.there, one.here, one.remedy)
        table.add_row(*map(printable, cells), style=styles.get(one.kind))
    return table
