"""The live ear: the only importer of vosk.

A model is loaded once and shared; a recogniser belongs to one job and one thread.  One call into
it may block for 600 ms (measured, at an end of speech) and releases the GIL, so each job has a
thread of its own and nobody waits for it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import structlog
import vosk

from sipbot.errors import ModelError
from sipbot.records import Transcript, Word
from sipbot.speech.ears import HEARING_RATE_HZ, Choosing, Listening, ModelRef
from sipbot.speech.floor import Floor
from sipbot.speech.grammar import Grammar, Heard, fillers, grammar
from sipbot.speech.upsample import upsample
from sipbot.wav import SAMPLE_BYTES

CHUNK_S = 0.1
"""100 ms: real-time factor 0.18, one call 77 ms at the 95th percentile (measured)."""

PARTIAL_CHUNKS = 3
"""Partial text is up to 300 ms of audio old when it is asked for: no reader follows faster."""

_log = structlog.get_logger()


def repeatable(model: Path, folder: Path) -> str:
    """Make a view of a model, in an empty folder, that hears the same text every time.

    Kaldi adds random noise to the samples ("dither") unless the model says otherwise, and the
    small models do not: two runs of vosk over one file gave different words (measured).  A memo
    must not depend on which worker heard the call, so the view switches it off; the error rate
    is the same (Korean CER 0.63 without, 0.60 to 0.63 with it, over five messages).

    Returns:
        The path of the view, to be loaded as a model; the folder may go once it is loaded.
    """
    for part in model.iterdir():
        if part.name != "conf":
            (folder / part.name).symlink_to(part.resolve())
    shutil.copytree(model / "conf", folder / "conf")
    mfcc = folder / "conf" / "mfcc.conf"
    mfcc.write_text(mfcc.read_text() + "\n--dither=0\n")
    return str(folder)


def feeding(blocks: Iterable[bytes], rate_hz: int) -> Iterator[bytes]:
    """Cut blocks of 16-bit samples into exactly what vosk is fed: 100 ms at 16 kHz, the last less.

    The cuts do not depend on the sizes of the blocks, so a recording gives the same text whether
    it was followed live, redone after a crash, or fed by a loop like this one::

        recogniser = vosk.KaldiRecognizer(vosk.Model(repeatable(path, empty_folder)), 16000)
        recogniser.SetWords(True)
        for chunk in feeding([pcm], 8000):
            if recogniser.AcceptWaveform(chunk):
                texts.append(json.loads(recogniser.Result())["text"])
        texts.append(json.loads(recogniser.FinalResult())["text"])
    """
    feed = _Feed(rate_hz)
    for block in blocks:
        yield from feed.take(block)
    yield from feed.rest()


class _Feed:
    """Samples waiting to fill the next chunk, and the one before them."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._chunk_bytes = int(rate_hz * CHUNK_S) * SAMPLE_BYTES
        self._waiting = b""
        self._before = 0
        self._floor = Floor()

    def take(self, block: bytes) -> Iterator[bytes]:
        self._waiting += block
        while len(self._waiting) >= self._chunk_bytes:
            chunk = self._waiting[: self._chunk_bytes]
            self._waiting = self._waiting[self._chunk_bytes :]
            yield self._at_hearing_rate(chunk)

    def rest(self) -> Iterator[bytes]:
        chunk, self._waiting = self._waiting, b""
        if chunk:
            yield self._at_hearing_rate(chunk)

    def _at_hearing_rate(self, chunk: bytes) -> bytes:
        samples = np.frombuffer(chunk, "<i2")
        if self._rate_hz != HEARING_RATE_HZ:
            before, self._before = self._before, int(samples[-1])
            samples = upsample(samples, before)
        return self._floor.under(samples).tobytes()


class VoskEar:
    """One vosk model.

    Args:
        model: an unpacked vosk model.

    Raises:
        ModelError: vosk cannot load it.
    """

    def __init__(self, model: ModelRef) -> None:
        vosk.SetLogLevel(-1)  # its log prints what callers say
        self._name = model.name
        self._left_out: set[str] = set()
        """Phrases that were reported as not for the grammar."""
        self._fillers: dict[str, tuple[str, ...]] = {}
        if not Path(model.path).is_dir():
            raise ModelError(f"{model.path}: model {model.name} is missing; install it again")
        try:
            with tempfile.TemporaryDirectory(prefix="sipbot-vosk-") as folder:
                self._model = vosk.Model(repeatable(Path(model.path), Path(folder)))
        except Exception as error:  # vosk raises nothing more precise
            raise ModelError(
                f"{model.path}: vosk cannot load model {model.name}; install it again"
            ) from error

    def listen(self, rate_hz: int, language: str) -> Listening:
        """Begin a recording of 8000 or 16000 samples a second (63 ms, 59 MB: measured)."""
        recogniser = vosk.KaldiRecognizer(self._model, HEARING_RATE_HZ)
        recogniser.SetWords(True)  # noqa: FBT003 - vosk's own signature
        return _Hearing(recogniser, rate_hz=rate_hz, language=language, model=self._name)

    def choosing(self, rate_hz: int, language: str, phrases: Sequence[str]) -> Choosing | None:
        """Begin a turn in which the caller may say one of these phrases, or something else."""
        if language not in self._fillers:
            self._fillers[language] = fillers(language, self._knows)
        made = grammar(phrases, self._fillers[language], self._knows)
        if made is None:
            return None
        if not self._left_out.issuperset(made.left_out):
            self._left_out.update(made.left_out)
            # menu words of a dialplan, nothing that a caller said
            _log.warning("menu words for free text only", model=self._name, words=made.left_out)
        if not made.phrases:
            return None
        recogniser = vosk.KaldiRecognizer(self._model, HEARING_RATE_HZ, made.as_json)
        recogniser.SetWords(True)  # noqa: FBT003 - vosk's own signature
        recogniser.SetPartialWords(True)  # noqa: FBT003 - vosk's own signature
        return _Choosing(recogniser, made, rate_hz)

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)


class _Choosing:
    """One turn in one recogniser with a grammar; belongs to the job's own thread."""

    def __init__(self, recogniser: "vosk.KaldiRecognizer", allowed: Grammar, rate_hz: int) -> None:
        self._recogniser = recogniser
        self._grammar = allowed
        self._feed = _Feed(rate_hz)
        self._heard: list[Heard] = []

    def hear(self, pcm: bytes) -> None:
        for chunk in self._feed.take(pcm):
            if self._recogniser.AcceptWaveform(chunk):
                self._heard += _heard(self._recogniser.Result(), "result")

    def choice(self) -> str | None:
        newest = _heard(self._recogniser.PartialResult(), "partial_result")
        return self._grammar.choice([*self._heard, *newest])


def _heard(result: str, part: str) -> list[Heard]:
    words = json.loads(result).get(part, ())
    return [Heard(word=word["word"], confidence=word["conf"]) for word in words]


class _Hearing:
    """One recording in one recogniser; belongs to the job's own thread."""

    def __init__(
        self, recogniser: "vosk.KaldiRecognizer", *, rate_hz: int, language: str, model: str
    ) -> None:
        self._recogniser = recogniser
        self._feed = _Feed(rate_hz)
        self._language = language
        self._model = model
        self._texts: list[str] = []
        self._words: list[Word] = []
        self._partial = ""
        self._chunks = 0
        """Heard since the newest partial text."""

    def hear(self, pcm: bytes) -> None:
        for chunk in self._feed.take(pcm):
            self._accept(chunk)

    def so_far(self) -> str:
        return " ".join([*self._texts, self._newest()]).strip()

    def since(self, from_s: float) -> str:
        # a stretch that is still open has no times; it is the newest, and the caller's turn is now
        closed = [word.text for word in self._words if word.end_s > from_s]
        return " ".join([*closed, self._newest()]).strip()

    def finish(self) -> Transcript:
        for chunk in self._feed.rest():
            self._accept(chunk)
        self._keep(self._recogniser.FinalResult())
        confidences = [word.confidence for word in self._words]
        return Transcript(
            text=" ".join(self._texts),
            words=tuple(self._words),
            confidence=sum(confidences) / len(confidences) if confidences else None,
            language=self._language,
            engine="vosk",
            model=self._model,
        )

    def _accept(self, chunk: bytes) -> None:
        self._chunks += 1
        if self._recogniser.AcceptWaveform(chunk):
            self._keep(self._recogniser.Result())

    def _newest(self) -> str:
        if self._chunks >= PARTIAL_CHUNKS:
            self._partial = json.loads(self._recogniser.PartialResult())["partial"]
            self._chunks = 0
        return self._partial

    def _keep(self, result: str) -> None:
        """Keep a closed stretch of speech; vosk counts its times from the first sample."""
        stretch = json.loads(result)
        self._partial, self._chunks = "", 0
        if stretch["text"]:
            self._texts.append(stretch["text"])
        self._words.extend(
            Word(
                text=word["word"],
                start_s=word["start"],
                end_s=word["end"],
                confidence=word["conf"],
            )
            for word in stretch.get("result", ())
        )
