"""A copy of a recording in which only what may be known is heard.

It is made the other way round: all is silence but for the words that stand unhidden in the masked
text.  So also what no ear wrote down is silent: a number that was not understood, a second voice,
a stretch that the caller took back.  Hidden words are silent with a margin, for ears are right
about times to some tenths of a second.

Beside the copy lies a note of what it was made from, so that it is made once for a text.  Main and
the web console make copies, each when it needs one: who comes second waits, and finds it made.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sipbot.disk import RESERVE_BYTES, look, sync_folder
from sipbot.errors import SpoolError
from sipbot.masking import MaskedText, is_hidden_item
from sipbot.memo import SECOND_EAR, Memo, Stage
from sipbot.recordings import MASKED, Recordings
from sipbot.wav import HEADER_BYTES, SAMPLE_BYTES, cut, facts_in
from sipbot.whole_file import alone_in

_NOTE = "audio-masked.json"
_FORM = 1
"""Rises when this file makes other audio from the same text."""

HIDDEN_MARGIN_S = 0.4
"""Silent before and after hidden words."""
WORD_MARGIN_S = 0.12
"""Heard before and after words that stay."""
BREATH_S = 0.6
"""Pauses between words that stay are heard up to this length; a longer one may hold words that no
ear wrote down."""
WORD_MOST_S = 1.5
"""A word is not longer; what claims to be covers something else, and is silent."""

Piece = tuple[float, float]


class MaskedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """The copy on disk."""

    path: str
    """Where it is as long as it is not encrypted, for an address of it; read it by its door."""
    sha256: str
    """Of its plain bytes."""


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """From what a copy was made, and what it is."""

    made_from: str
    sha256: str


def is_sure(memo: Memo) -> bool:
    """Tell whether a copy may be made: the text is final, and it is the second ear's.

    The live ear writes figures down as other words, and is sure of them: of four Korean messages
    that were masked by its text, two gave their number away (measured).
    """
    final = memo.stage is Stage.TRANSCRIBED and not memo.recognition.ears_pending
    if memo.erased:
        return False
    return final and memo.recognition.engine == SECOND_EAR


def kept_copy(recordings: Recordings, call: str) -> MaskedCopy | None:
    """Return the copy that was made when the words, or the recording, were still there.

    Args:
        recordings: the door to them.
        call: whose recording it is of.
    """
    path = recordings.folder(call) / MASKED
    known = _read(path.with_name(_NOTE))
    if known is None or not recordings.is_there(call, MASKED):
        return None
    return MaskedCopy(path=str(path), sha256=known.sha256)


def heard_pieces(memo: Memo, text: MaskedText) -> tuple[Piece, ...]:
    """Return the pieces of a recording that stay audible, in order, in seconds.

    Args:
        memo: whose words have times.
        text: its masked text.
    """
    stays: list[Piece] = []
    told = [(one.audio_from_s, one.audio_to_s) for one in memo.callback.evidence]
    told += [(q.audio_from_s, q.audio_to_s) for q in memo.asked if is_hidden_item(q.item)]
    hidden = [(start, end) for start, end in told if start is not None and end is not None]
    for word in memo.words:
        placed = word.text_from is not None and word.text_to is not None
        sure = 0.0 <= word.start_s < word.end_s <= word.start_s + WORD_MOST_S
        if placed and sure and not text.hides(word.text_from or 0, word.text_to or 0):
            stays.append((word.start_s - WORD_MARGIN_S, word.end_s + WORD_MARGIN_S))
        else:
            hidden.append((word.start_s, max(word.start_s, word.end_s)))
    silent = [(start - HIDDEN_MARGIN_S, end + HIDDEN_MARGIN_S) for start, end in hidden]
    return tuple(_without(_merged(stays), sorted(silent)))


def masked_copy(recordings: Recordings, call: str, pieces: Sequence[Piece]) -> MaskedCopy:
    """Make the copy beside a recording, unless it is there already; blocks, for a thread.

    Args:
        recordings: the door to them.
        call: whose recording, which nobody writes to any more.
        pieces: what stays audible.

    Raises:
        SpoolError: the recording cannot be read, or there is no room for a copy.
    """
    path = recordings.folder(call) / MASKED
    try:
        with alone_in(path.parent):
            return MaskedCopy(path=str(path), sha256=_made(recordings, call, path, pieces))
    except OSError as error:
        raise SpoolError(f"{path} cannot be made: {error.strerror}") from error


def _made(recordings: Recordings, call: str, path: Path, pieces: Sequence[Piece]) -> str:
    """Make the copy unless it is there; return its SHA-256."""
    note = path.with_name(_NOTE)
    with recordings.open(call) as audio:
        facts = facts_in(audio, str(path))
        stamp = f"{_FORM} {facts.frames} {recordings.changed_ns(call)} {pieces!r}"
        made_from = hashlib.sha256(stamp.encode()).hexdigest()
        there = recordings.is_there(call, MASKED)
        if there and (known := _read(note)) and known.made_from == made_from:
            return known.sha256
        size = facts.frames * SAMPLE_BYTES
        if look(path.parent).free_bytes < RESERVE_BYTES + size:
            raise SpoolError(f"{path}: no room for a masked copy; calls come first")
        whole = cut(audio, str(path), 0.0, facts.duration_s)
    content = _silenced(whole, facts.rate_hz, pieces)
    sha256 = hashlib.sha256(content).hexdigest()
    note.unlink(missing_ok=True)
    recordings.put(call, MASKED, content)
    _put(note, msgspec.json.encode(_Note(made_from=made_from, sha256=sha256)))
    return sha256


def _silenced(whole: bytes, rate_hz: int, pieces: Sequence[Piece]) -> bytes:
    out = bytearray(len(whole))
    out[:HEADER_BYTES] = whole[:HEADER_BYTES]
    for start_s, end_s in pieces:
        start = HEADER_BYTES + max(0, round(start_s * rate_hz)) * SAMPLE_BYTES
        end = HEADER_BYTES + max(0, round(end_s * rate_hz)) * SAMPLE_BYTES
        out[start : min(end, len(whole))] = whole[start : min(end, len(whole))]
    return bytes(out)


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for start, end in sorted(pieces):
        if out and start - out[-1][1] <= BREATH_S:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((max(0.0, start), end))
    return out


def _without(pieces: Sequence[Piece], silent: Sequence[Piece]) -> Iterator[Piece]:
    for begin, end in pieces:
        start = begin
        for from_s, to_s in silent:
            if to_s > start and from_s < end:
                if from_s > start:
                    yield round(start, 3), round(from_s, 3)
                start = max(start, to_s)
        if start < end:
            yield round(start, 3), round(end, 3)


def _read(note: Path) -> _Note | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=_Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; nobody else writes here (`alone_in`)."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
