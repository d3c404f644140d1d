"""A recording on the loudspeaker of the machine where it is asked for.

The bytes come from the spool where the recording is on this machine, else from the web by HTTPS;
they are then as the memo's hash says, or nothing is played.  Whatever player there is plays them.
"""

import hashlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

from sipbot import __version__
from sipbot.errors import UsageError
from sipbot.memo import Memo
from sipbot.spool import recording_of

PLAYERS = (
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("aplay", "-q"),
)
"""Commands that play a WAV file and end with it: of SoX, FFmpeg and ALSA."""

LONGEST_BYTES = 1 << 26
"""Of a recording: 30 minutes at 16,000 bytes a second are 29 MB."""

TIMEOUT_S = 20.0
"""For the connection, and for each silence of the server."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def player(find: Callable[[str], str | None] = shutil.which) -> Sequence[str]:
    """Return the command that plays a file, whose name is to be added.

    Raises:
        UsageError: none is installed.
    """
    for command in PLAYERS:
        if find(command[0]) is not None:
            return command
    raise UsageError(
        "no player is installed here: install SoX (play), FFmpeg (ffplay) or ALSA's aplay, or keep "
        "the recording with --save FILE and play it elsewhere"
    )


def play(wav: bytes, command: Sequence[str]) -> None:
    """Play a WAV file, and return when it is over.

    Raises:
        UsageError: the player failed: there may be no loudspeaker.
    """
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:  # readable by its owner alone
        file.write(wav)
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        problem = words[-1] if words else f"it ended with {done.returncode}"
        raise UsageError(
            f"{command[0]} cannot play it: {problem}. Keep it with --save FILE, play it elsewhere"
        )


def kept_file(memo: Memo, spool: Path) -> Path | None:
    """Return a recording in the spool of this machine, whose memo names an address of the web.

    Args:
        memo: what was recorded.
        spool: folder of the recordings.

    Returns:
        None where the memo names a file itself, or the recording is elsewhere.

    Raises:
        UsageError: it cannot be read, or is not what the memo says.
    """
    if urlparse(memo.audio.url).scheme == "file":
        return None
    file = recording_of(spool, memo.call.id)
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror}: ask as the user that sipbot runs as"
        ) from error
    if digest != memo.audio.sha256:
        raise UsageError(f"{file}: this is not the memo's recording (its hash differs)")
    return file


def local_file(memo: Memo, folder: Path) -> Path:
    """Return the file of a recording; one that is elsewhere is fetched into a folder first.

    Raises:
        UsageError: it cannot be fetched, or is not what the memo says.
    """
    url = urlparse(memo.audio.url)
    if url.scheme == "file":
        return Path(unquote(url.path))
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise UsageError(f"{memo.audio.url}: recordings are fetched by https only")
    content = _fetch(memo.audio.url)
    if hashlib.sha256(content).hexdigest() != memo.audio.sha256:
        raise UsageError(f"{memo.audio.url}: this is not the memo's recording (its hash differs)")
    file = folder / "audio.wav"
    file.write_bytes(content)
    return file


def _fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"sipbot/{__version__}"})  # noqa: S310 - the scheme was checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            content: bytes = answer.read(LONGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        remedy = ". It wants a login: open it in a browser" if error.code in (401, 403) else ""
        raise UsageError(f"{url}: {error.code} {error.reason}{remedy}") from error
    except OSError as error:
        raise UsageError(f"{url}: {error}: is the console reachable from here?") from error
    if len(content) > LONGEST_BYTES:
        raise UsageError(f"{url}: longer than any recording")
    return content
