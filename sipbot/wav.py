"""What a WAV file is, also when it is still growing or its recorder was killed.

pjmedia writes a header of 44 bytes (RIFF, ``fmt``, ``data``) whose sizes stay 0 until it closes
the file, so the header of a recording in progress, or of one whose agent died, is not to be
believed: the size of the file is.  Everything here is 16-bit mono PCM; nothing else is recorded
and nothing else can be played to a caller.
"""

import os
import re
import shlex
import struct
from pathlib import Path
from typing import BinaryIO

import msgspec

from sipbot.errors import PromptError, SpoolError

HEADER_BYTES = 44
"""RIFF (12) + ``fmt`` (8 + 16) + ``data`` (8): what pjmedia's recorder writes."""

SAMPLE_BYTES = 2
"""16-bit samples."""

LOWEST_RATE_HZ = 8000
"""G.711: no recording has a lower sample rate."""

PROMPT_LIMIT_BYTES = 5_000_000
"""Largest prompt: five minutes at 8 kHz; larger ones have ended WAV readers before."""

PROMPT_RATES_HZ = (8000, 16000)
"""What a G.711 line plays without an odd resampling."""

_PCM = 1
_CODES = {
    _PCM: "PCM",
    3: "floating-point",
    6: "A-law",
    7: "µ-law",
    17: "ADPCM",
    85: "MP3",
    0xFFFE: "audio in an extended WAV format",
}
"""Codes of RFC 2361 in words that a sound editor uses; 65534 is WAVE_FORMAT_EXTENSIBLE."""
_HEAD_LIMIT_BYTES = 1 << 16
"""How far into a file the ``data`` chunk is looked for; tags of sound editors are far smaller."""
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_-]+")
_NAME_CHARS = 61
"""``sipbot prompts`` takes names of 64 small letters, digits, ``_`` and ``-``; 3 are for "-8k"."""


class WavFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a 16-bit mono PCM file."""

    rate_hz: int
    frames: int
    """Samples on disk, whatever the header says."""
    data_offset: int
    """Bytes before the first sample."""
    header_right: bool
    """False while the file grows and after its recorder was killed."""

    @property
    def duration_s(self) -> float:
        """Length of the audio on disk in seconds."""
        return self.frames / self.rate_hz


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The header as written, before anybody judges it."""

    riff_bytes: int
    code: int
    channels: int
    rate_hz: int
    bits: int
    data_offset: int
    data_bytes: int

    @property
    def form(self) -> str:
        """The form of the audio as a person would say it."""
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        code = _CODES.get(self.code, f"audio of another kind ({self.code})")
        return f"{self.bits}-bit {code}, {channels}, {self.rate_hz} Hz"

    @property
    def usable(self) -> bool:
        return (self.code, self.channels, self.bits) == (_PCM, 1, 16) and self.rate_hz > 0


def _parse(head: bytes) -> _Head | None:
    """Return the header, or None when `head` holds no complete one."""
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    riff_bytes = int.from_bytes(head[4:8], "little")
    at = 12
    form: tuple[int, int, int, int] | None = None
    while at + 8 <= len(head):
        tag, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        at += 8
        if tag == b"fmt " and at + 16 <= len(head):
            code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
            form = (code, channels, rate_hz, bits)
        elif tag == b"data" and form is not None:
            code, channels, rate_hz, bits = form
            return _Head(
                riff_bytes=riff_bytes,
                code=code,
                channels=channels,
                rate_hz=rate_hz,
                bits=bits,
                data_offset=at,
                data_bytes=size,
            )
        at += size + size % 2  # chunks are padded to an even length (RIFF, 1991)
    return None


def facts_of(head: bytes, file_bytes: int, name: str) -> WavFacts:
    """Return the facts of a file from its first bytes and its size.

    Args:
        head: at least the header; `HEADER_BYTES` are enough for what sipbot records.
        file_bytes: size of the whole file now.
        name: what to call the file in an error message.

    Raises:
        SpoolError: not a WAV file, or not 16-bit mono PCM.
    """
    header = _parse(head)
    if header is None:
        raise SpoolError(
            f"{name}: {file_bytes} bytes without a complete WAV header; "
            "the recorder died before its first write, or this is no recording"
        )
    if not header.usable:
        raise SpoolError(f"{name}: is {header.form}; recordings are 16-bit PCM, mono")
    return _judge(header, file_bytes)


def _judge(header: _Head, file_bytes: int) -> WavFacts:
    on_disk_bytes = max(0, file_bytes - header.data_offset)
    # pjmedia writes the size of the file first and that of the audio last: what it is kept from in
    # between has a 0 there, and all of its audio on the disk.
    right = bool(header.data_bytes) == bool(on_disk_bytes)
    right = right and header.data_bytes <= on_disk_bytes and header.riff_bytes + 8 == file_bytes
    data_bytes = header.data_bytes if right else on_disk_bytes
    return WavFacts(
        rate_hz=header.rate_hz,
        frames=data_bytes // SAMPLE_BYTES,
        data_offset=header.data_offset,
        header_right=right,
    )


def read_facts(path: Path) -> WavFacts:
    """Return the facts of a WAV file, which may be growing or cut off.

    Raises:
        SpoolError: missing, unreadable, not a WAV file, or not 16-bit mono PCM.
    """
    try:
        with path.open("rb") as file:
            head, file_bytes = file.read(_HEAD_LIMIT_BYTES), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise SpoolError(f"{path}: cannot be read: {error.strerror}") from error
    return facts_of(head, file_bytes, str(path))


def facts_in(file: BinaryIO, name: str) -> WavFacts:
    """Return the facts of an open WAV file.

    Args:
        file: read from its beginning; it is left anywhere.
        name: for messages.

    Raises:
        SpoolError: unreadable, not a WAV file, or not 16-bit mono PCM.
    """
    try:
        file_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(_HEAD_LIMIT_BYTES)
    except OSError as error:
        raise SpoolError(f"{name}: cannot be read: {error.strerror}") from error
    return facts_of(head, file_bytes, name)


def longest_s(path: Path) -> float:
    """Return how much audio a recording can hold by its size, in seconds; 0 when it is missing.

    Does not open the file, so a dying disk does not stop whoever asks.
    """
    try:
        file_bytes = path.stat().st_size
    except OSError:
        return 0.0  # whoever reads the file will report it
    return max(0, file_bytes - HEADER_BYTES) / (SAMPLE_BYTES * LOWEST_RATE_HZ)


def read_pcm(path: Path) -> bytes:
    """Return the samples (16-bit little-endian) that are on disk now.

    Raises:
        SpoolError: as `read_facts`.
    """
    facts = read_facts(path)
    try:
        with path.open("rb") as file:
            file.seek(facts.data_offset)
            return file.read(facts.frames * SAMPLE_BYTES)
    except OSError as error:
        raise SpoolError(f"{path}: cannot be read: {error.strerror}") from error


def pcm_in(file: BinaryIO, name: str) -> bytes:
    """Return the samples (16-bit little-endian) of an open WAV file.

    Args:
        file: read from its beginning.
        name: for messages.

    Raises:
        SpoolError: as `facts_in`.
    """
    facts = facts_in(file, name)
    file.seek(facts.data_offset)
    return file.read(facts.frames * SAMPLE_BYTES)


def cut(file: BinaryIO, name: str, from_s: float, to_s: float) -> bytes:
    """Return a piece of a recording as a WAV file of its own.

    Args:
        file: the recording, open.
        name: of the recording, for messages.
        from_s: where the piece begins; before the beginning means the beginning.
        to_s: where it ends; after the end means the end.

    Raises:
        SpoolError: as `facts_in`, or nothing of the piece is in the recording.
    """
    facts = facts_in(file, name)
    first = max(0, min(facts.frames, round(from_s * facts.rate_hz)))
    last = max(first, min(facts.frames, round(to_s * facts.rate_hz)))
    if first == last:
        raise SpoolError(
            f"{name}: nothing is between {from_s:.1f} s and {to_s:.1f} s; "
            f"the recording has {facts.duration_s:.1f} s"
        )
    file.seek(facts.data_offset + first * SAMPLE_BYTES)
    pcm = file.read((last - first) * SAMPLE_BYTES)
    form = (16, _PCM, 1, facts.rate_hz, facts.rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 16)
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", *form) + b"data" + struct.pack("<I", len(pcm))
    return b"RIFF" + struct.pack("<I", len(head) + len(pcm)) + head + pcm


def repair_header(path: Path) -> WavFacts:
    """Write the true sizes into the header and bring the file to the disk; return its facts.

    Only for a recording that nobody writes to any more.  A file whose header is right is left
    alone, so doing it twice is harmless.  Half a sample at the end, left by a kill, is cut.  What
    has no header of a recording gets one before it: a disk error or a power cut took it.

    Raises:
        SpoolError: as `read_facts`, or the disk refused the write.
    """
    _restore_header(path)
    facts = read_facts(path)
    if facts.header_right:
        return facts
    data_bytes = facts.frames * SAMPLE_BYTES
    end = facts.data_offset + data_bytes
    try:
        with path.open("r+b") as file:
            file.truncate(end)
            file.seek(4)
            file.write((end - 8).to_bytes(4, "little"))
            file.seek(facts.data_offset - 4)
            file.write(data_bytes.to_bytes(4, "little"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SpoolError(f"{path}: header cannot be repaired: {error.strerror}") from error
    return read_facts(path)


def _restore_header(path: Path) -> None:
    """Put a header before a recording that has none, or none that can be believed.

    A power cut may leave zeros in its place.  When the disk refuses the recorder's first write, the
    header is lost with it, the next write goes to its place, and the sizes that belong into the
    header are written over two samples each (measured with an injected EIO): those are silenced.
    Nothing else is taken away: what is left of a header is 3 ms of noise.
    """
    try:
        with path.open("rb") as recording:
            head = _parse(recording.read(_HEAD_LIMIT_BYTES))
            if (head is not None and head.usable) or path.stat().st_size <= HEADER_BYTES:
                return
            recording.seek(0)
            content = bytearray(recording.read())
        sizes = {4: len(content) - 8, HEADER_BYTES - 4: len(content) - HEADER_BYTES}
        if all(content[at : at + 4] == size.to_bytes(4, "little") for at, size in sizes.items()):
            for at in sizes:
                content[at : at + 4] = bytes(4)
        byte_rate = LOWEST_RATE_HZ * SAMPLE_BYTES
        form = struct.pack("<IHHIIHH", 16, _PCM, 1, LOWEST_RATE_HZ, byte_rate, SAMPLE_BYTES, 16)
        header = b"RIFF" + bytes(4) + b"WAVEfmt " + form + b"data" + bytes(4)
        mended = path.with_suffix(".mended")
        with mended.open("wb") as file:
            file.write(header + content)
            file.flush()
            os.fsync(file.fileno())
        mended.replace(path)
    except OSError as error:
        raise SpoolError(f"{path}: header cannot be written: {error.strerror}") from error


def check_prompt(path: Path) -> WavFacts:
    """Return the facts of a prompt that can be played to a caller.

    Raises:
        PromptError: missing, too large, damaged, or not 16-bit mono PCM at 8 or 16 kHz; the
            message says what it is and which command mends it.
    """
    try:
        with path.open("rb") as file:
            head, file_bytes = file.read(_HEAD_LIMIT_BYTES), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise PromptError(f"{path}: prompt cannot be read: {error.strerror}") from error
    if file_bytes > PROMPT_LIMIT_BYTES:
        raise PromptError(
            f"{path}: prompt of {file_bytes} bytes is larger than {PROMPT_LIMIT_BYTES}; shorten it"
        )
    header = _parse(head)
    if header is None:
        raise PromptError(f"{path}: is not a WAV file. {_remedy(path)}")
    if not header.usable or header.rate_hz not in PROMPT_RATES_HZ:
        raise PromptError(
            f"{path}: is {header.form}; a telephone line needs 16-bit PCM, mono, 8000 or "
            f"16000 Hz. {_remedy(path)}"
        )
    facts = _judge(header, file_bytes)
    if not facts.header_right:
        raise PromptError(
            f"{path}: its header promises {header.data_bytes} bytes of audio, the file holds "
            f"{file_bytes - header.data_offset}. {_remedy(path)}"
        )
    return facts


def mended(path: Path) -> Path:
    """Return where the command in `check_prompt`'s message puts the mended prompt."""
    name = _NOT_IN_NAMES.sub("-", path.stem.lower()).strip("-") or "prompt"
    return path.with_name(f"{name[:_NAME_CHARS]}-8k.wav")


def _remedy(path: Path) -> str:
    return f"Mend it with: sipbot prompts import {shlex.quote(str(path))} {mended(path).name}"


def named_bytes(path: Path) -> int | None:
    """Return the audio bytes that a header names; None while the recorder has not written it."""
    if not path.exists():
        return None
    with path.open("rb") as wav:
        header = wav.read(HEADER_BYTES)
    named = int.from_bytes(header[40:HEADER_BYTES], "little") if len(header) == HEADER_BYTES else 0
    return named or None
