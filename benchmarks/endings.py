"""Is a caller cut off in mid-sentence, and is the end of a message noticed in time?

A hundred messages on a noisy line, made when they are needed: speech, a pause of two seconds, more
speech, eight seconds of nothing, and under all of it white, pink, car or babble noise 10 to 20 dB
below the voice, through G.711.  The same seeds make the same messages.

``python -m benchmarks.endings [FOLDER]`` measures with the 8 kHz messages of a folder.
"""

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figure, Wanted
from sipbot.speech import vad
from sipbot.wav import read_facts, read_pcm
from tests.ulaw import decode, encode

ROOT = Path(__file__).parent.parent
VOICES = (
    *(ROOT / "sipbot" / "samples" / f"caller-{language}.wav" for language in ("en", "ja")),
    *(ROOT / "tests" / "data" / f"ko_0{n}_8k.wav" for n in (1, 3)),
)

RATE_HZ = 8000
LEAD_S, PAUSE_S, TAIL_S = 1.0, 2.0, 8.0
END_SILENCE_S = 3.0
"""The silence that ends a message unless a dialplan says otherwise."""

NEAR_S = 0.5
"""How far from the limit the end may be noticed."""

TALKERS = 100
"""Babble is a full canteen, as in NOISEX-92.  A few talkers 10 dB below the caller are speech to
any detector: with eight of them, eight of a hundred ends were noticed late or not (measured)."""

KINDS = ("white", "pink", "car", "babble")
SNRS_DB = (10.0, 15.0, 20.0)
PARTS = ((0.25, 0.45), (0.4, 0.6), (0.55, 0.75))
"""Where the pause comes: at the quietest place of this part of the message."""

MESSAGES = 100
SEED = 5

Sound = npt.NDArray[np.float64]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One noisy message; the voice ends at `spoken_to_s`."""

    name: str
    pcm: bytes
    spoken_to_s: float


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of one message."""

    name: str
    cut_off: bool
    """An end was noticed while the caller had more to say."""
    late_s: float
    """The end was noticed so long after the limit; negative: before; infinite: never."""

    @property
    def in_time(self) -> bool:
        """Whether the end was noticed near the limit."""
        return not self.cut_off and abs(self.late_s) <= NEAR_S


def messages(files: Sequence[Path] = VOICES, *, count: int = MESSAGES) -> Iterator[Message]:
    """Make messages; every kind of noise and level in turn, the same each time."""
    voices = {file.stem: _voice(file) for file in files}
    made = list(itertools.product(PARTS, voices, SNRS_DB, KINDS))
    np.random.default_rng(SEED).shuffle(made)
    for n, (part, name, snr_db, kind) in enumerate(itertools.islice(itertools.cycle(made), count)):
        rng = np.random.default_rng((SEED, n))
        clean, spoken_to = _with_pause(voices[name], part)
        others = [voice for other, voice in voices.items() if other != name]
        level = _level(voices[name]) / 10 ** (snr_db / 20)
        line = clean + level * _noise(kind, len(clean), rng, others)
        samples = np.clip(line, -32768, 32767).astype(np.int16)
        yield Message(
            name=f"{name}, {kind} {snr_db:g} dB, pause at {part[0]:g}",
            pcm=decode(encode(samples)).astype("<i2").tobytes(),
            spoken_to_s=spoken_to / RATE_HZ,
        )


def judge(message: Message) -> Verdict:
    """Hear a message as the recogniser does."""
    detector = vad.Detector(RATE_HZ)
    turns = vad.Turns(end_silence_s=END_SILENCE_S, no_speech_s=float("inf"))
    noticed_s = [
        turns.at_s
        for speech in detector.windows(message.pcm)
        for turn in turns.feed(detector.window_s, speech=speech)
        if isinstance(turn, vad.Ended)
    ]
    cut_off = any(at_s < message.spoken_to_s for at_s in noticed_s)
    ends = [at_s for at_s in noticed_s if at_s >= message.spoken_to_s]
    late_s = ends[0] - message.spoken_to_s - END_SILENCE_S if ends else float("inf")
    return Verdict(name=message.name, cut_off=cut_off, late_s=late_s)


def endings(files: Sequence[Path] = VOICES) -> list[Figure]:
    """Return the shares of messages cut off and ended in time, and how late ends are noticed."""
    verdicts = [judge(message) for message in messages(files)]
    cut_off = 100 * sum(verdict.cut_off for verdict in verdicts) / len(verdicts)
    in_time = 100 * sum(verdict.in_time for verdict in verdicts) / len(verdicts)
    late_s = tuple(round(one.late_s, 3) for one in verdicts if np.isfinite(one.late_s))
    return [
        Figure(
            name="messages cut off in mid-sentence",
            unit="%",
            samples=(cut_off,),
            wanted=Wanted(statistic="maximum", at_most=1.0),
        ),
        Figure(
            name="end noticed within 0.5 s of the limit",
            unit="%",
            samples=(in_time,),
            wanted=Wanted(statistic="minimum", at_least=95.0),
        ),
        Figure(name="end noticed after the limit", unit="s", samples=late_s),
    ]


def _voice(file: Path) -> Sound:
    """Return a message without the silence around it."""
    if read_facts(file).rate_hz != RATE_HZ:
        raise ValueError(f"{file}: must have {RATE_HZ} samples a second")
    sound = np.frombuffer(read_pcm(file), "<i2").astype(np.float64)
    loud = np.flatnonzero(_frames(sound) > _frames(sound).max() / 100)  # -40 dB
    return sound[loud[0] * 80 : (loud[-1] + 1) * 80]


def _frames(sound: Sound) -> Sound:
    """Return the level of each 10 ms."""
    whole = sound[: len(sound) // 80 * 80].reshape(-1, 80)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)), np.float64)


def _level(voice: Sound) -> float:
    """Return the root mean square of a voice where it is not silent (above -30 dB)."""
    levels = _frames(voice)
    return float(np.sqrt(np.mean(levels[levels > levels.max() / 32] ** 2)))


def _with_pause(voice: Sound, part: tuple[float, float]) -> tuple[Sound, int]:
    """Return the message with its pauses, and at which sample the voice ends."""
    levels = np.convolve(_frames(voice), np.ones(10), "same")
    begin, end = (int(share * len(levels)) for share in part)
    cut = (begin + int(np.argmin(levels[begin:end]))) * 80
    lead, pause, tail = (np.zeros(int(s * RATE_HZ)) for s in (LEAD_S, PAUSE_S, TAIL_S))
    spoken = np.concatenate((lead, voice[:cut], pause, voice[cut:]))
    return np.concatenate((spoken, tail)), len(spoken)


def _noise(kind: str, length: int, rng: np.random.Generator, others: Sequence[Sound]) -> Sound:
    """Return noise with a root mean square of 1."""
    if kind == "babble":
        sound = np.zeros(length)
        for n in range(TALKERS):
            voice = others[n % len(others)]
            sound += np.roll(np.resize(voice / _level(voice), length), rng.integers(length))
    else:
        hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
        hz[0] = hz[1]
        # pink falls by 3 dB an octave; a car's by 12 dB above 100 Hz
        shape = {"white": np.ones(len(hz)), "pink": hz**-0.5, "car": 1 / (1 + (hz / 100) ** 2)}
        sound = np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * shape[kind], length)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), np.float64)


def main(argv: Sequence[str]) -> None:
    """Print every message that was cut off or ended out of time, and the figures."""
    files = sorted(Path(argv[0]).glob("??_0?_8k.wav")) if argv else VOICES
    for message in messages(files):
        verdict = judge(message)
        if not verdict.in_time:
            print(f"{verdict.name}: cut off {verdict.cut_off}, late {verdict.late_s:.2f} s")
    for figure in endings(files):
        spread, kept = figure.spread, {None: "", True: ", reached", False: ", NOT reached"}
        found = f"p50 {spread.p50:g}, p95 {spread.p95:g}, most {spread.maximum:g} {figure.unit}"
        print(f"{figure.name}: {found}{kept[figure.reached]}")


if __name__ == "__main__":
    main(sys.argv[1:])
