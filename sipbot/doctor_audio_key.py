"""What ``sipbot doctor`` finds about the key of encrypted recordings: whose is it, does it open?"""

from collections.abc import Iterator

from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.errors import SpoolError
from sipbot.from_settings import recordings_of
from sipbot.recordings import Recordings

_PART = "audio key"


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is to be said of the key; nothing where nothing is, or was, encrypted."""
    recordings = recordings_of(settings)
    ends = _ends(recordings)
    if recordings.keys is None:
        if ends:
            yield Finding(
                part=_PART,
                state="failed",
                found="recordings are encrypted, and config.toml names no key",
                remedy="Set privacy.audio_key_file to the file with their key",
            )
        return
    try:
        first, *older = recordings.keys.identities()
        for call in ends:
            recordings.sha256(call)
    except SpoolError as error:
        remedy = "Recordings wait unencrypted or unheard until the key is right; nothing is lost"
        yield Finding(part=_PART, state="failed", found=str(error), remedy=remedy)
        return
    file = recordings.keys.file
    opened = "the oldest and the newest encrypted recording open" if ends else "none encrypted yet"
    also = f", {len(older)} older ones" if older else ""
    found = f"{recordings.keys.where}: {first.recipient}{also}; {opened}"
    yield Finding(part=_PART, state="ok", found=found)
    if file is not None and file.stat().st_mode & 0o077:
        yield Finding(
            part=_PART,
            state="warning",
            found=f"{file} can be read by other users of this machine",
            remedy=f"chmod 600 {file}",
        )
    if file is not None and file.absolute().is_relative_to(settings.var.absolute()):
        yield Finding(
            part=_PART,
            state="warning",
            found=f"{file} is in var, so every backup of var has the key along with the recordings",
            remedy="Move it elsewhere, and name that place in privacy.audio_key_file",
        )


def _ends(recordings: Recordings) -> list[str]:
    """The oldest and the newest call with an encrypted recording."""
    calls = recordings.calls() if recordings.spool.is_dir() else []
    oldest = next((call for call in calls if recordings.is_sealed(call)), None)
    newest = next((call for call in reversed(calls) if recordings.is_sealed(call)), None)
    return [call for call in dict.fromkeys((oldest, newest)) if call is not None]
