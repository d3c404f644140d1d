"""``sipbot audio-store``: compare it with this machine, bring recordings back, fill it again."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import typer

from sipbot import config, control
from sipbot import control_wire as wire
from sipbot.audio_store import File
from sipbot.audio_store_view import View, fetch, take_away_erased, view_of
from sipbot.audio_storing import compared
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.config import Settings
from sipbot.errors import AudioStoreError, NotRunningError, SipbotError, UsageError
from sipbot.from_settings import bucket_of, ledger_path, recordings_of
from sipbot.ledger import Ledger
from sipbot.ledger_audio_store_view import named_hashes
from sipbot.recordings import AUDIO, Recordings
from sipbot.s3 import S3, Bucket

SHOWN = 20
"""Files that are named in full."""

audio_store_app = typer.Typer(
    no_args_is_help=True,
    help="The S3 store that has the recordings as well: look at it, fetch from it, refill it.",
)


class _Both(msgspec.Struct, frozen=True):
    """This machine and its store."""

    settings: Settings
    bucket: Bucket
    store: S3
    recordings: Recordings

    def view(self, keys: Sequence[str]) -> View:
        return view_of(ledger_path(self.settings), self.recordings, self.bucket, keys)


@audio_store_app.command("status", epilog="Example: sipbot audio-store status --json")
def status_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Say what is here and there, and what is missing in either place."""
    both = _both(config_file)
    seen = both.view(list(both.store.keys()))
    if as_json:
        typer.echo(msgspec.json.encode({"url": both.bucket.where, **msgspec.to_builtins(seen)}))
        return
    typer.echo(f"{both.bucket.where}: files of site {both.bucket.site}: {seen.there}")
    typer.echo(f"encrypted files here: {seen.here}; calls that wait to be told: {seen.waiting}")
    _name("It had these and has them no more: sipbot audio-store refill", seen.lost)
    _name("It had these and has them no more, and nor has this machine:", seen.nowhere)
    _name("These are there alone: sipbot audio-store fetch", seen.missing_here)
    _name("Nothing here knows these calls: is the ledger an older one, put back?", seen.strays)
    for place, count in seen.erased_elsewhere.items():
        typer.echo(f"{place}: files there that were erased here since: {count}; delete them there")


@audio_store_app.command("fetch", epilog="Example: sipbot audio-store fetch")
def fetch_command(config_file: ConfigOption = None) -> None:
    """Bring back what is missing here and was not erased, such as after a disk was lost.

    Put the ledger back first. Each file is decrypted and compared with its memo before it counts.
    """
    both = _both(config_file)
    ledger, missing = ledger_path(both.settings), both.view(list(both.store.keys())).missing_here
    hashes = named_hashes(ledger, {call for call, _ in missing})

    def one(file: File) -> bool:
        call, name = file
        sha256 = hashes.get(call) if name == AUDIO else None
        back = fetch(both.store, both.bucket.site, both.recordings, file, sha256)
        return back and not take_away_erased(ledger, both.recordings, [file])

    try:
        _each(missing, one, "brought back")
    finally:
        # Whoever erased one of them at the same moment noted it after our look.
        take_away_erased(ledger, both.recordings, missing)


@audio_store_app.command("refill", epilog="Example: sipbot audio-store refill")
def refill_command(config_file: ConfigOption = None) -> None:
    """Have stored once more what the store had and has lost.

    The running sipbot does it, now; else the next one. By itself it looks once a day.
    """
    both = _both(config_file)
    began, keys = datetime.now(UTC), list(both.store.keys())
    lost = len(both.view(keys).lost)
    when = asyncio.run(_compare(both, keys, began))
    typer.echo(f"files that the store has lost: {lost}; {when}")


def _both(config_file: ConfigOption) -> _Both:
    settings = config.load(config_file)
    bucket = bucket_of(settings)
    if bucket is None:
        raise UsageError("there is no audio store: name it in audio_store.url of config.toml")
    return _Both(settings, bucket, S3(bucket), recordings_of(settings))


async def _compare(both: _Both, keys: Sequence[str], listed_at: datetime) -> str:
    """Return when the store gets what it has lost."""
    try:
        await control.ask(control.socket_path(both.settings.var), wire.CompareAudio())
    except NotRunningError:
        async with Ledger.open(ledger_path(both.settings)) as ledger:
            await compared(both.bucket, ledger.audio_store, both.recordings, keys, listed_at)
        return "sipbot does not run; they are stored after its next start"
    return "sipbot stores them again now"


def _each(files: Sequence[File], what: Callable[[File], bool], done: str) -> None:
    """Do it for each file; one that cannot be done must not keep the others."""
    count, problems = 0, list[str]()
    for file in files:
        try:
            count += what(file)
        except SipbotError as error:
            problems.append(str(error))
            if type(error) is AudioStoreError:
                break  # it is away, or refuses us; so it is for all others
    typer.echo(f"files {done}: {count}")
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)


def _name(what: str, files: Sequence[File]) -> None:
    if files:
        typer.echo(what)
        for call, name in files[:SHOWN]:
            typer.echo(f"  {call} {name}")
        if len(files) > SHOWN:
            typer.echo(f"  and {len(files) - SHOWN} more")
