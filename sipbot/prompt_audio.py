"""Sound that becomes a prompt: any file in, 8 kHz mono at the level of the other prompts out.

Clients send what their telephone or their studio made: MP3, M4A, FLAC, 48 kHz stereo WAV.  PyAV
(FFmpeg's libraries in a wheel, extra ``prompts``) reads all of them and resamples; it is imported
here alone, and only when a command needs it: nothing on the path of a call does.
"""

import math
import wave
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy
from numpy.typing import NDArray

from sipbot.errors import PromptError
from sipbot.wav import PROMPT_LIMIT_BYTES, SAMPLE_BYTES, check_prompt, read_pcm

Samples = NDArray[numpy.float32]
"""Mono, 1.0 is full scale."""

LINE_RATE_HZ = 8000
"""G.711, the codec of the telephone line (ITU-T G.711)."""
LEVEL_DBFS = -16.0
"""Speech is brought to this level: the middle of the prompts that ship (-17.1 to -15.0)."""
PEAK_DBFS = -3.0
"""Head room for the codec and for gateways that add gain; that of the prompts that ship."""
FRAME_SAMPLES = 160
"""20 ms, one RTP packet of G.711."""
MARGIN_DB = 15.9
"""Frames this far below the speech are pauses: the margin of ITU-T P.56, method B."""
SILENCE_DBFS = -45.0
"""What is quieter at the ends is silence; speech at `LEVEL_DBFS` is 29 dB louder."""
PAD_S = 0.15
"""Silence before and after speech, as in the prompts that ship."""
CLIPPED = 0.999
CLIPPED_RUN = 3
"""So many samples side by side at full scale: a single one may be an honest peak."""
SOURCE_LIMIT_S = 600.0
"""Longest file that is read: nobody plays ten minutes to a caller, and it must fit in memory."""

_RAMP_SAMPLES = 40
_QUIETEST = 1e-9
_HINT = ".venv/bin/pip install -e '.[prompts]'"


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What can be measured about a sound."""

    duration_s: float
    level_dbfs: float | None
    """Active speech level; None for a file without any sound."""
    peak_dbfs: float | None
    dc: float
    """Mean of the samples: 0 for sound, something else for a fault of the recorder."""
    clipped: int
    """Places where `CLIPPED_RUN` or more samples in a row are at full scale."""
    lead_s: float
    """Silence before the first sound."""
    tail_s: float
    """Silence after the last sound."""


def look(samples: Samples) -> Look:
    """Measure a sound at `LINE_RATE_HZ`."""
    heard = _heard(samples)
    first, last = heard or (len(samples), len(samples))
    peak = float(numpy.abs(samples).max(initial=0.0))
    return Look(
        duration_s=len(samples) / LINE_RATE_HZ,
        level_dbfs=level_dbfs(samples),
        peak_dbfs=dbfs(peak) if peak > _QUIETEST else None,
        dc=float(samples.mean()) if len(samples) else 0.0,
        clipped=_clipped(samples),
        lead_s=first / LINE_RATE_HZ,
        tail_s=(len(samples) - last) / LINE_RATE_HZ,
    )


def dbfs(ratio: float) -> float:
    """Decibels of an amplitude below full scale."""
    return 20 * math.log10(ratio)


def level_dbfs(samples: Samples) -> float | None:
    """Active speech level: pauses left out as ITU-T P.56, method B does, but by frames of 20 ms.

    Returns:
        None when there is no sound at all.
    """
    power = _power(samples)
    if not power.size or power.max() <= _QUIETEST**2:
        return None
    active = power.max()
    for _ in range(20):  # settles in 3 or 4 rounds; each round only ever drops or adds whole frames
        kept = power[power > active * 10 ** (-MARGIN_DB / 10)]
        if kept.mean() == active:
            break
        active = kept.mean()
    return 10 * math.log10(active)


def ready(samples: Samples) -> Samples:
    """Return a sound as a prompt: without DC and long silence, at the level of the other prompts.

    It is not compressed: where a click is far louder than the speech, the speech stays quiet and
    `sipbot.prompt_lint` says so.

    Raises:
        PromptError: there is nothing to hear.
    """
    centred = samples - samples.mean(dtype=numpy.float64).astype(numpy.float32)
    loud = level_dbfs(centred)
    if loud is None:
        raise PromptError("holds no sound at all. Record it again")
    peak = dbfs(float(numpy.abs(centred).max()))
    gain_db = min(LEVEL_DBFS - loud, PEAK_DBFS - peak)
    brought = (centred * 10 ** (gain_db / 20)).astype(numpy.float32)
    heard = _heard(brought)
    if heard is None:
        raise PromptError("holds a click but no speech. Record it again")
    first, last = heard
    pad = round(PAD_S * LINE_RATE_HZ)
    cut = brought[max(0, first - pad) : last + pad].copy()
    ramp = numpy.linspace(0, 1, min(_RAMP_SAMPLES, len(cut)), dtype=numpy.float32)
    cut[: len(ramp)] *= ramp
    cut[len(cut) - len(ramp) :] *= ramp[::-1]
    missing = (max(0, pad - first), max(0, pad - (len(brought) - last)))
    return numpy.pad(cut, missing)


def pcm(samples: Samples) -> bytes:
    """16-bit little-endian samples."""
    return (numpy.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()


def from_pcm(data: bytes) -> Samples:
    """Sound of 16-bit little-endian samples; half a sample at the end is left out."""
    whole = len(data) // SAMPLE_BYTES
    return (numpy.frombuffer(data, "<i2", whole) / 32768).astype(numpy.float32)


def write(path: Path, samples: Samples) -> None:
    """Write a prompt; who reads the old file at this moment keeps reading the old one.

    Raises:
        PromptError: it is too long, or the disk refused.
    """
    data = pcm(samples)
    if len(data) > PROMPT_LIMIT_BYTES - 1000:
        longest_s = PROMPT_LIMIT_BYTES // SAMPLE_BYTES // LINE_RATE_HZ
        raise PromptError(
            f"{path}: would last {len(samples) / LINE_RATE_HZ:.0f} s; a prompt lasts at most "
            f"{longest_s} s. Shorten it"
        )
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as out, wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(SAMPLE_BYTES)
            file.setframerate(LINE_RATE_HZ)
            file.writeframes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise PromptError(f"{path}: cannot be written: {error.strerror}") from error


def read_prompt(path: Path) -> Samples:
    """Read a file that is a prompt already, at whatever rate `check_prompt` allows.

    Raises:
        PromptError: it cannot be played.
    """
    facts = check_prompt(path)
    return from_pcm(read_pcm(path))[:: facts.rate_hz // LINE_RATE_HZ]


def read_any(path: Path) -> Samples:
    """Read whatever FFmpeg reads and bring it to `LINE_RATE_HZ` mono.

    Raises:
        PromptError: missing, no sound, damaged, longer than `SOURCE_LIMIT_S`, or PyAV is not there.
    """
    if not path.is_file():
        raise PromptError(f"{path}: does not exist. Name the recording to take over")
    av = _av()
    pieces: list[Samples] = []
    samples = 0
    try:
        with av.open(str(path)) as source:
            if not source.streams.audio:
                raise PromptError(
                    f"{path}: holds no sound. Name a recording, not a picture or text"
                )
            resampler = av.AudioResampler(format="flt", layout="mono", rate=LINE_RATE_HZ)
            for frame in source.decode(audio=0):
                samples += _take(resampler.resample(frame), pieces)
                if samples > SOURCE_LIMIT_S * LINE_RATE_HZ:
                    limit = f"longer than {SOURCE_LIMIT_S:.0f} s"
                    raise PromptError(f"{path}: is {limit}. Cut out what callers shall hear")
            _take(resampler.resample(None), pieces)
    except (av.FFmpegError, OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "Export it again as WAV, FLAC or MP3"
        raise PromptError(f"{path}: cannot be read as sound: {reason}. {remedy}") from error
    if not pieces:
        raise PromptError(f"{path}: holds no sound. Export it again as WAV, FLAC or MP3")
    return numpy.concatenate(pieces)


def at_line_rate(samples: Samples, rate_hz: int) -> Samples:
    """Bring speech of an engine to `LINE_RATE_HZ`.

    Raises:
        PromptError: PyAV is not there.
    """
    av = _av()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="flt", layout="mono", rate=LINE_RATE_HZ)
    pieces: list[Samples] = []
    _take(resampler.resample(frame), pieces)
    _take(resampler.resample(None), pieces)
    return numpy.concatenate(pieces)


def _take(frames: list[Any], pieces: list[Samples]) -> int:
    taken = [frame.to_ndarray().reshape(-1) for frame in frames]
    pieces += taken
    return sum(len(each) for each in taken)


def _av() -> Any:  # noqa: ANN401 -- the module itself; it is optional, so no type can be named
    try:
        return import_module("av")
    except ModuleNotFoundError as error:
        raise PromptError(f"PyAV, which converts sound, is not installed. Run: {_HINT}") from error


def _power(samples: Samples) -> NDArray[numpy.float64]:
    whole = -(-len(samples) // FRAME_SAMPLES) * FRAME_SAMPLES
    frames = numpy.pad(samples.astype(numpy.float64), (0, whole - len(samples)))
    power: NDArray[numpy.float64] = (frames.reshape(-1, FRAME_SAMPLES) ** 2).mean(axis=1)
    return power


def _heard(samples: Samples) -> tuple[int, int] | None:
    """First sample of the first frame with sound, and the one after the last such frame."""
    (loud,) = numpy.nonzero(_power(samples) > 10 ** (SILENCE_DBFS / 10))
    if not loud.size:
        return None
    return int(loud[0]) * FRAME_SAMPLES, min(len(samples), (int(loud[-1]) + 1) * FRAME_SAMPLES)


def _clipped(samples: Samples) -> int:
    full = numpy.concatenate(([0], (numpy.abs(samples) >= CLIPPED).astype(numpy.int8), [0]))
    (edges,) = numpy.nonzero(numpy.diff(full))
    return int(((edges[1::2] - edges[::2]) >= CLIPPED_RUN).sum())
