"""One recording followed while it grows: whether the caller speaks, and what is said.

Two threads a job, each following the file by itself: one for voice activity and fsync, one for the
ear.  vosk may block for 600 ms, and the end of speech must not wait for it.
"""

import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from sipbot.errors import SipbotError, SpoolError
from sipbot.records import Transcript
from sipbot.speech import vad, wire
from sipbot.speech.ears import LiveEar, ModelRef
from sipbot.speech.follow import Ending, Follower
from sipbot.speech.places import Places
from sipbot.speech.turn import Turn
from sipbot.speech.turn_words import TurnWords, Understood
from sipbot.wav import longest_s

WORDS_LATE_S = 2.0
"""How much further the activity thread may hear before a turn's words are given up: an ear blocks
for 600 ms at the end of speech (measured), and a caller waits for the menu to go on."""

HEAR_S = 0.2
"""How much audio the ear takes at a time: two chunks of vosk's.  The recorder's 60 ms would have it
look for the words of a menu four times as often."""

SHOWN_S = 0.3
"""How often partial text is asked for and told, on the clock: as often as a reader can follow.  An
ear that is behind catches up all the sooner."""

Say = Callable[[msgspec.Struct], None]
"""Sends one message to the parent; callable from every thread."""

_log = structlog.get_logger()


def failure(job: str, error: Exception) -> wire.Failed:
    """Log an error of a job and return what the parent is told; never what the caller said.

    Engines may quote it in their errors, so neither the parent nor the log gets their words: of
    those errors, and of the causes of ours, only the kind and the places in the program are kept.
    """
    kind = type(error).__name__
    problem = (isinstance(error, SipbotError) and str(error)) or kind
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("job failed", call=job, error=kind, problem=problem, places=places)
    damaged = isinstance(error, SpoolError)  # a fresh worker would find the same file
    return wire.Failed(
        job=job,
        code="recording" if damaged else "engine",
        problem=problem,
        retryable=not damaged,
    )


class LiveJob:
    """One recording followed while it grows: a thread for activity, a thread for the ear."""

    def __init__(
        self,
        request: wire.Follow,
        ear: tuple[LiveEar, ModelRef] | None,
        say: Say,
        places: Places,
    ) -> None:
        self._request = request
        self._places = places
        self._path = Path(request.path)
        self._ear = ear
        self._say = say
        self._lock = threading.Lock()
        self._over = False
        self._judged = threading.Event()
        self._speech_s = 0.0
        self._expected: wire.Expect | None = None
        """The caller's newest turn; written by the main thread, read by the others."""
        self._understood = Understood()
        """Of the newest turn that has words; written by the ear thread."""
        self._told_n = 0
        """Number of the last turn whose end was told; written by the activity thread."""
        self.ending = Ending()
        self._listener = Follower(self._path, self.ending, on_stall=self._tell_stall, sync=True)
        self._hearer = Follower(self._path, self.ending, least_s=HEAR_S)

    def start(self) -> None:
        """Begin; returns at once."""
        self._places.beside(lambda: self._guarded(self._judge))
        if self._ear is not None:
            self._places.give(lambda: self._guarded(self._listen))

    def expect(self, turn: wire.Expect) -> None:
        """It is the caller's turn; any earlier one is over."""
        self._expected = turn

    def drop(self) -> None:
        """Say nothing more about this job."""
        with self._lock:
            self._over = True
        self.ending.drop()
        self._judged.set()

    @property
    def over(self) -> bool:
        """True when nothing more will be said."""
        return self._over

    @property
    def behind_s(self) -> float:
        """Seconds of audio on disk that the slower reader has not read."""
        readers = [self._listener, self._hearer] if self._ear is not None else [self._listener]
        return max(0.0, longest_s(self._path) - min(reader.read_s for reader in readers))

    def _tell(self, message: msgspec.Struct, *, last: bool = False) -> None:
        with self._lock:
            if self._over:
                return
            self._over = last
            self._say(message)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Runs in a thread of this job: whatever goes wrong in it ends this job only."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - engines raise anything; it is told and logged
            self._tell(failure(self._request.job, error), last=True)
            self.drop()

    def _tell_stall(self, since_s: float) -> None:
        self._tell(wire.Stalled(job=self._request.job, since_s=since_s))

    def _judge(self) -> None:
        """Voice activity over the whole recording (the activity thread)."""
        whole = vad.Turns(end_silence_s=float("inf"), no_speech_s=float("inf"))
        turn: Turn | None = None
        detector: vad.Detector | None = None
        for block in self._listener.blocks():
            detector = detector or vad.Detector(self._listener.rate_hz)
            for speech in detector.windows(block):
                turn = self._present(turn, whole.at_s)
                whole.feed(detector.window_s, speech=speech)
                if turn is not None:
                    turn.feed(detector.window_s, speech=speech)
            self._speech_s = whole.speech_s
            if turn is not None:
                self._tell_turn(turn, whole.at_s)
        if turn is not None:
            self._tell_turn(turn, float("inf"))
        audio_s = self._listener.read_s
        heard = wire.Heard(
            job=self._request.job,
            speech_s=whole.speech_s,
            voice_s=whole.voice_s,
            audio_s=audio_s,
            voice_from_s=whole.voice_from_s,
            voice_to_s=whole.voice_to_s,
        )
        self._tell(heard, last=self._ear is None)
        self._judged.set()

    def _present(self, turn: Turn | None, at_s: float) -> Turn | None:
        """Return the caller's turn at this place of the recording (the activity thread)."""
        expected = self._expected
        if expected is None or expected.from_s > at_s:
            return turn
        return turn if turn is not None and turn.expected is expected else Turn(expected, at_s)

    def _tell_turn(self, turn: Turn, at_s: float) -> None:
        """Tell what a turn has brought; its end only together with its words."""
        words = self._understood
        wanted = turn.expected.words and self._ear is not None
        ready = not wanted or (words.n == turn.expected.n and words.to_s >= turn.heard_to_s)
        for message in turn.take(ready=ready or at_s >= turn.heard_to_s + WORDS_LATE_S):
            if wanted and isinstance(message, wire.SpeechEnded) and words.n == turn.expected.n:
                self._tell(msgspec.structs.replace(message, text=words.text, choice=words.choice))
            else:
                self._tell(message)
        if turn.told:
            self._told_n = turn.expected.n

    def _listen(self) -> None:
        """Text while the caller speaks, and at the end (the ear thread)."""
        if self._over:  # nobody wants it any more: it had to wait for a place
            return
        assert self._ear is not None
        ear, model = self._ear
        job, language = self._request.job, self._request.language
        hearing = turn_words = None
        shown, shown_at_s = "", 0.0
        for block in self._hearer.blocks():
            if hearing is None or turn_words is None:
                hearing = ear.listen(self._hearer.rate_hz, language)
                turn_words = TurnWords(ear, hearing, self._hearer.rate_hz, language)
            hearing.hear(block)
            turn = self._expected
            if turn is not None and turn.words and turn.n != self._told_n:
                self._understood = turn_words.hear(turn, block, self._hearer.read_s)
            else:
                turn_words.rest()
            now_s = time.monotonic()
            # engines make words of a busy tone: without speech there is no text (measured)
            if self._speech_s > 0 and now_s - shown_at_s >= SHOWN_S:
                text, shown_at_s = hearing.so_far(), now_s
                if text != shown:
                    shown = text
                    self._tell(wire.Partial(job=job, text=text))
        transcript = hearing.finish() if hearing is not None else None
        self._judged.wait()
        if transcript is None or self._speech_s == 0:
            transcript = empty(language, model)
        self._tell(wire.Final(job=job, transcript=transcript), last=True)


def empty(language: str, model: ModelRef) -> Transcript:
    """Return the text of a recording in which nobody speaks."""
    return Transcript(text="", language=language, engine=model.engine, model=model.name)
