"""``sipbot privacy key``: the key with which recordings are encrypted: make one, change it.

The key is a file of age identities, the first of which encrypts.  Whoever loses it has lost the
recordings, and whoever has it can open them: keep a copy, and not beside the recordings.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sipbot import config
from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.cli_config import ConfigOption
from sipbot.config import Settings
from sipbot.errors import SpoolError, UsageError
from sipbot.from_settings import recordings_of
from sipbot.recordings import BOTH, Recordings

key_app = typer.Typer(
    no_args_is_help=True, help="The key with which recordings are encrypted: make one, change it."
)


@key_app.command("new", epilog="Example: sipbot privacy key new /etc/sipbot/audio.agekey")
def new_command(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; without it privacy.audio_key_file.")
    ] = None,
    config_file: ConfigOption = None,
) -> None:
    """Make a key; nothing is encrypted before config.toml names it and sipbot is started anew."""
    path = file or _file_of(config.load(config_file))
    if path.exists():
        raise UsageError(
            f"{path}: is there already; change the key with: sipbot privacy key rotate"
        )
    identity = Identity.new()
    write_keys(path, [identity], datetime.now(UTC))
    typer.echo(f"{path}: public key {identity.recipient}")
    typer.echo("Keep a copy in another place: without it nobody hears the recordings again.")
    if file is not None:
        typer.echo(f'Name it in config.toml, below [privacy]: audio_key_file = "{path.absolute()}"')


@key_app.command("rotate", epilog="Example: sipbot privacy key rotate")
def rotate_command(config_file: ConfigOption = None) -> None:
    """Put a new key first, and let it open every recording instead of the old ones."""
    settings = config.load(config_file)
    path = _file_of(settings)
    before = AudioKeys(path).identities()
    identity = Identity.new()
    write_keys(path, [identity, *before], datetime.now(UTC))
    typer.echo(f"{path}: public key {identity.recipient}")
    _rewrap(recordings_of(settings))
    typer.echo("Keep a copy of the new file. Older keys in it open backups of before: remove their")
    typer.echo("lines when there are none any more.")


@key_app.command("rewrap", epilog="Example: sipbot privacy key rewrap")
def rewrap_command(config_file: ConfigOption = None) -> None:
    """Let the first key open every recording; needed after a rotate that did not come to its end.

    The sound itself is not encrypted anew: whoever has an old key and an old copy of a recording
    can hear it still.
    """
    _rewrap(recordings_of(config.load(config_file)))


def _file_of(settings: Settings) -> Path:
    path = settings.privacy.audio_key_file
    if path is None:
        raise UsageError(
            "privacy.audio_key_file: names no file in config.toml. Add it below [privacy]; a key "
            "in a variable is changed where the variable is set, then: sipbot privacy key rewrap"
        )
    return path


def _rewrap(recordings: Recordings) -> None:
    if recordings.keys is None:
        raise UsageError("privacy.audio_key_file: names no file in config.toml, nor audio_key_env")
    recordings.keys.identities()
    calls = recordings.calls() if recordings.spool.is_dir() else []
    count, problems = 0, list[str]()
    for call in calls:
        for name in BOTH:
            try:
                count += recordings.rewrap(call, name)
            except SpoolError as error:
                problems.append(str(error))
    typer.echo(f"{count} files are the new key's now")
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
