"""The few seconds of a recording that a memo points to, as a WAV file of their own.

Plays nothing, for an operator's loudspeaker is elsewhere.
"""

from pathlib import Path
from typing import BinaryIO

from sipbot.errors import UsageError
from sipbot.memo import Memo
from sipbot.memo_parts import listenable, number_of
from sipbot.wav import cut

MARGIN_S = 0.5
"""Heard before and after a part: times of words are right to some tenths of a second, and a number
is easier to understand with the breath before it."""


def clip(memo: Memo, part: int, file: BinaryIO) -> tuple[bytes, float, float]:
    """Return a part as a WAV file, and where in the recording it begins and ends, in seconds.

    Args:
        memo: what was recorded.
        part: its number in `memo_parts.listenable`, from 1; 0 is the whole recording.
        file: the recording, open.

    Raises:
        UsageError: there is no such part.
        SpoolError: the recording cannot be read.
    """
    from_s, to_s = _place(memo, part)
    return cut(file, f"recording of memo {memo.id}", from_s, to_s), from_s, to_s


def number_part(memo: Memo) -> int:
    """Return the part in which the number to call back is said.

    Raises:
        UsageError: it is not said, or nobody knows where.
    """
    spoken = [one for one in memo.callback.evidence if one.source == "speech"]
    same = [one for one in spoken if one.number == memo.callback.number]
    for one in (*same, *spoken):
        part = number_of(one, memo)
        if part is not None:
            return part
    raise UsageError(
        "no number is said in this memo, as far as is known: leave --number out to hear all of it"
    )


def write_new(path: Path, content: bytes, option: str = "--out") -> None:
    """Write a file that is not there yet; what a caller said is for its owner alone.

    Args:
        path: where.
        content: of the file.
        option: of the command line that names the place.

    Raises:
        UsageError: it is there, or cannot be written.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: choose another place with {option}") from error


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
