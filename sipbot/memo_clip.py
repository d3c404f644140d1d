"""The few seconds of a recording that a memo points to, as a WAV file of their own.

Reads the recording in the spool; plays nothing, for an operator's loudspeaker is elsewhere.
"""

from pathlib import Path
from urllib.parse import unquote, urlparse

from sipbot.errors import UsageError
from sipbot.memo import Memo
from sipbot.memo_parts import listenable
from sipbot.wav import cut

MARGIN_S = 0.5
"""Heard before and after a part: times of words are right to some tenths of a second, and a number
is easier to understand with the breath before it."""


def clip(memo: Memo, part: int) -> tuple[bytes, float, float]:
    """Return a part as a WAV file, and where in the recording it begins and ends, in seconds.

    Args:
        memo: whose recording is on this machine.
        part: its number in `memo_parts.listenable`, from 1; 0 is the whole recording.

    Raises:
        UsageError: there is no such part, or the recording is elsewhere.
        SpoolError: the recording cannot be read.
    """
    from_s, to_s = _place(memo, part)
    url = urlparse(memo.audio.url)
    if url.scheme != "file":
        raise UsageError(f"the recording is not on this machine: {memo.audio.url}")
    return cut(Path(unquote(url.path)), from_s, to_s), from_s, to_s


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; what a caller said is for its owner alone.

    Raises:
        UsageError: it is there, or cannot be written.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: choose another place with --out") from error


def _place(memo: Memo, part: int) -> tuple[float, float]:
    if part == 0:
        return 0.0, memo.audio.duration_s
    parts = listenable(memo)
    if part > len(parts):
        known = f"it has {len(parts)}" if parts else "nothing in it has a place in the recording"
        raise UsageError(f"--part {part}: {known}; sipbot memos show names them, 0 is the whole")
    one = parts[part - 1]
    from_s, to_s = one.audio_from_s or 0.0, one.audio_to_s or 0.0
    return max(0.0, from_s - MARGIN_S), min(memo.audio.duration_s, to_s + MARGIN_S)
