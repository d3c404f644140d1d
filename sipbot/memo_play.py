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
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlparse

from sipbot import __version__
from sipbot.errors import LockedError, SpoolError, UsageError
from sipbot.memo import Memo
from sipbot.recordings import AUDIO, Recordings

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


def kept(memo: Memo, recordings: Recordings) -> BinaryIO | None:
    """Open a recording that is on this machine.

    Args:
        memo: what was recorded; where it names a file, the recording is there.
        recordings: of this machine, with the keys of encrypted ones.

    Returns:
        None where the recording is elsewhere.

    Raises:
        UsageError: it cannot be read, or is not what the memo says.
        LockedError: it is encrypted, and its key is not here.
    """
    url = urlparse(memo.audio.url)
    call, name = memo.call.id, AUDIO
    if url.scheme == "file":
        path = Path(unquote(url.path))
        recordings, call, name = (
            Recordings(path.parent.parent, recordings.keys),
            path.parent.name,
            path.name,
        )
    elif not recordings.is_there(call):
        return None
    try:
        # Who names a file wants to hear what is in it.
        right = url.scheme == "file" or recordings.sha256(call, name) == memo.audio.sha256
        file = recordings.open(call, name)
    except LockedError:
        raise
    except (SpoolError, OSError) as error:
        raise UsageError(f"{error}. Ask as the user that sipbot runs as") from error
    if not right:
        file.close()
        path = recordings.folder(call) / name
        raise UsageError(f"{path}: this is not the memo's recording (its hash differs)")
    return file


def fetched(memo: Memo) -> BinaryIO:
    """Fetch a recording that is elsewhere.

    Raises:
        UsageError: it cannot be fetched, or is not what the memo says.
    """
    url = urlparse(memo.audio.url)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise UsageError(f"{memo.audio.url}: recordings are fetched by https only")
    content = _fetch(memo.audio.url)
    if hashlib.sha256(content).hexdigest() != memo.audio.sha256:
        raise UsageError(f"{memo.audio.url}: this is not the memo's recording (its hash differs)")
    return BytesIO(content)


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
