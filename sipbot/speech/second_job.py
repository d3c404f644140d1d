"""One recording read by the second ear, stretch by stretch, while it grows or after it was closed.

No audio is held in memory: what has not been read yet is in the file.  Which stretches there are
is decided by `stretches` from the audio alone, so that it does not matter when they are read.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from sipbot.errors import SpoolError
from sipbot.menu_words import UNSPACED
from sipbot.records import Transcript
from sipbot.speech import vad, wire
from sipbot.speech.ears import ModelRef, Reading, SecondEar, Unwanted, always
from sipbot.speech.stretches import Stretch, Stretches
from sipbot.wav import HEADER_BYTES, SAMPLE_BYTES, WavFacts, longest_s, read_facts

BLOCK_BYTES = 1 << 14
"""A second of 8 kHz audio: how much is looked through for a pause at a time."""


class SecondJob:
    """A recording that is read.  `closed`, `urgent` and `dropped` are set by the main thread; all
    the rest belongs to the reading thread.

    Args:
        request: which recording; it may not exist yet when it is to be followed.
        ear: reads it.
        model: what the ear reads with.
    """

    def __init__(
        self,
        request: wire.Follow | wire.Reread,
        ear: SecondEar,
        model: ModelRef,
    ) -> None:
        self.name = request.job
        self.urgent = isinstance(request, wire.Reread) and request.urgent
        self.closed = isinstance(request, wire.Reread)
        """Nobody writes to the recording any more."""
        self.dropped = False
        """Nobody wants its text any more."""
        self._request = request
        self._path = Path(request.path)
        self._ear = ear
        self._model = model
        self._detector: vad.Detector | None = None
        self._stretches = Stretches()
        self._heard_bytes = 0
        self._verdicts: list[bool] = []
        """On the windows that come after the stretch that waits, the last one first."""
        self._waiting: Stretch | None = None
        self._ended = False
        self._guessed_to_s = 0.0
        """Where the voice ended after which the last guess was made."""
        self._known: Reading | None = None
        """What was read before its stretch was closed."""
        self._texts: list[Transcript] = []

    @property
    def behind_s(self) -> float:
        """Seconds of audio on disk that have not been looked at."""
        return max(0.0, longest_s(self._path) - self._stretches.at_s)

    def listen(self) -> bool:
        """Look for the end of the next stretch in what is on disk; return whether there is one.

        Raises:
            SpoolError: the recording is missing although it is closed, or is no recording.
        """
        if self._waiting is None and not self._ended:
            closed = self.closed  # asked before the read: what is read then is all
            facts = self._facts(closed=closed)
            if facts is not None:
                self._look_through(facts, closed=closed)
        return self._waiting is not None

    def read(self) -> None:
        """Read the stretch that `listen` has found."""
        assert self._waiting is not None
        stretch, self._waiting = self._waiting, None
        known, self._known = (None if stretch.cut else self._known), None
        reading, from_s = self._reading(stretch, known=known)
        self._texts.append(later(reading.text, from_s))

    def guess(self, wanted: Callable[[], bool]) -> bool:
        """Read what was said so far, if the caller pauses, as if nothing came after it.

        Callers pause before they hang up; then the text is there already.  It is used when the
        stretch, once it is closed, gives the engine the same samples; else it was in vain.

        Args:
            wanted: whether there is nothing better to do; it ends when there is, or the caller
                speaks again.

        Returns:
            Whether anything was read; each pause is read once.
        """
        stretch = None if self.closed or self._waiting else self._stretches.paused
        if stretch is None or self._stretches.spoken_to_s == self._guessed_to_s:
            return False
        self._guessed_to_s = self._stretches.spoken_to_s
        try:
            self._known, _ = self._reading(stretch, wanted=lambda: wanted() and self._is_silent())
        except Unwanted:
            self._known = None
        return True

    def _is_silent(self) -> bool:
        """Whether nothing was said since the guess began."""
        self.listen()
        return not self.dropped and self._stretches.spoken_to_s == self._guessed_to_s

    def _reading(
        self,
        stretch: Stretch,
        *,
        known: Reading | None = None,
        wanted: Callable[[], bool] = always,
    ) -> tuple[Reading, float]:
        """Return what is said in a stretch, and where it begins, in seconds."""
        facts = read_facts(self._path)
        first, last = (round(at_s * facts.rate_hz) for at_s in (stretch.from_s, stretch.to_s))
        pcm = self._pcm(facts, first * SAMPLE_BYTES, (last - first) * SAMPLE_BYTES)
        asked = self._request
        reading = self._ear.read(
            pcm,
            facts.rate_hz,
            asked.language,
            asked.terms,
            part=stretch.cut,
            known=known,
            wanted=wanted,
        )
        return reading, first / facts.rate_hz

    def text(self) -> Transcript | None:
        """Return the text of the whole recording; None while there is something to read."""
        if not self._ended or self._waiting is not None:
            return None
        return joined(self._texts, self._request.language, self._model)

    def _facts(self, *, closed: bool) -> WavFacts | None:
        """Return what is on disk; None before the recorder has written its header."""
        if not closed:
            try:
                if self._path.stat().st_size < HEADER_BYTES:
                    return None
            except FileNotFoundError:
                return None
        return read_facts(self._path)

    def _look_through(self, facts: WavFacts, *, closed: bool) -> None:
        if self._detector is None:
            self._detector = vad.Detector(facts.rate_hz)
        detector, size = self._detector, facts.frames * SAMPLE_BYTES
        while self._waiting is None:
            if not self._verdicts:
                pcm = self._pcm(
                    facts, self._heard_bytes, min(BLOCK_BYTES, size - self._heard_bytes)
                )
                if not pcm:
                    break
                self._heard_bytes += len(pcm)
                self._verdicts = list(detector.windows(pcm))[::-1]
            while self._verdicts and self._waiting is None:
                speech = self._verdicts.pop()
                self._waiting = self._stretches.feed(detector.window_s, speech=speech)
        if closed and self._waiting is None:
            self._waiting = self._stretches.finish(facts.frames / facts.rate_hz)
            self._ended = True

    def _pcm(self, facts: WavFacts, from_bytes: int, size: int) -> bytes:
        try:
            with self._path.open("rb", buffering=0) as file:
                return os.pread(file.fileno(), size, facts.data_offset + from_bytes)
        except OSError as error:
            raise SpoolError(f"{self._path}: cannot be read: {error.strerror}") from error


def later(text: Transcript, by_s: float) -> Transcript:
    """Return what was heard in a stretch that begins here, with times from the recording's start.

    Args:
        text: the stretch's.
        by_s: where the stretch begins, in seconds.
    """
    words = tuple(
        msgspec.structs.replace(
            word, start_s=round(word.start_s + by_s, 3), end_s=round(word.end_s + by_s, 3)
        )
        for word in text.words
    )
    return msgspec.structs.replace(text, words=words)


def joined(texts: list[Transcript], language: str, model: ModelRef) -> Transcript:
    """Return the text of a recording from those of its stretches; empty where nobody speaks."""
    between = "" if language.lower().split("-", 1)[0] in UNSPACED else " "
    words = tuple(word for text in texts for word in text.words)
    return Transcript(
        text=between.join(text.text for text in texts if text.text),
        words=words,
        confidence=sum(word.confidence for word in words) / len(words) if words else None,
        language=language,
        engine=model.engine,
        model=model.name,
        looped=any(text.looped for text in texts),
    )
