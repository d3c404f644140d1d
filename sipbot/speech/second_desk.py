"""The second ear's requests and the one thread that reads.

Closed recordings come first, by urgency and then by age; a growing one is read ahead, stretch by
stretch, while the cores allow it, so that little is left to read when its caller hangs up.
"""

import os
import threading
import time
from collections.abc import Sequence

import msgspec

from sipbot import heap
from sipbot.errors import WireError
from sipbot.speech import loading, vad, wire
from sipbot.speech.ears import ENGINE_OF, ModelRef, SecondEar, for_language, turn
from sipbot.speech.live_job import Say, failure
from sipbot.speech.loading import Loaded
from sipbot.speech.second_job import SecondJob

LOOK_S = 0.2
"""How often growing recordings are looked at; a stretch of speech is closed by a pause longer than
that."""

AHEAD_PER_CORE = 4
"""Growing recordings that are looked into at the same time, for each core.  A choice: a core reads
more than so many callers say (docs/decisions/0010), and each call also has a live ear."""

ENOUGH_SHARE = 0.5
"""The part of a core that reading must have got, or others need the cores more: the live ears and
the calls of a busy machine.  A choice: a core reads ten seconds of audio a second, half of it what
`AHEAD_PER_CORE` callers say (docs/decisions/0010); with less the reading would fall behind them."""

HOLD_OFF_S = 10.0
"""How long nothing is read ahead after that; then it is tried again."""

GUESS_SHARE = 0.25
"""The part of a core that may go into guessing that a caller who pauses has finished.  A choice: a
guess takes 1 to 1.5 s of processor, and callers pause more often than they hang up."""


class SecondDesk:
    """Takes the requests of the second role (the main thread); one thread reads.

    Args:
        models: installed models, preferred ones first.
        say: sends a message to the parent.
    """

    def __init__(self, models: Sequence[ModelRef], say: Say) -> None:
        self._say = say
        self._jobs: dict[str, SecondJob] = {}
        """What is not done; written by both threads, under the lock."""
        self._lock = threading.Lock()
        self._woken = threading.Event()
        vad.network()
        self._ahead = AHEAD_PER_CORE * (os.cpu_count() or 1)
        self._not_ahead_until_s = 0.0
        self._no_guess_until_s = 0.0
        self.loaded: Loaded[SecondEar] = loading.load(models, "second", _whisper)
        threading.Thread(target=self._read_all, daemon=True).start()

    def take(self, request: wire.Request) -> None:
        """Do what the parent asks; returns at once."""
        match request:
            case wire.Follow() | wire.Reread():
                self._add(request)
            case wire.Finish(job=name, urgent=urgent):
                with self._lock:
                    job = self._jobs.get(name)
                if job is not None:
                    job.urgent, job.closed = urgent, True
            case wire.Forget(job=name):
                self._drop(name)
            case _:
                raise WireError(f"{type(request).__name__} is not for the second ear")
        self._woken.set()

    def load(self) -> tuple[int, float]:
        """Return the number of jobs and the seconds of audio not yet looked at."""
        with self._lock:
            jobs = list(self._jobs.values())
        return len(jobs), sum(job.behind_s for job in jobs)

    def _add(self, request: wire.Follow | wire.Reread) -> None:
        self._drop(request.job)
        found = for_language(request.language, self.loaded.ears)
        if found is None:
            problem = f"no {ENGINE_OF['second']} model for {request.language} is installed"
            failed = wire.Failed(job=request.job, code="no_model", problem=problem, retryable=False)
            self._say(failed)
            return
        job = SecondJob(request, *found)
        with self._lock:
            self._jobs[request.job] = job

    def _drop(self, name: str) -> None:
        with self._lock:
            job = self._jobs.pop(name, None)
            if job is not None:
                job.dropped = True

    # -- the reading thread -----------------------------------------------------------------------

    def _read_all(self) -> None:
        """Read one stretch after the other; give memory back when there is nothing to read."""
        kept = False
        while True:
            self._woken.clear()
            with self._lock:
                jobs = sorted(
                    self._jobs.values(), key=lambda job: turn(job.name, urgent=job.urgent)
                )
            in_turn = self._in_turn(jobs)
            if any(self._advance(job) for job in in_turn) or self._guess(in_turn):
                kept = True
            elif not self._woken.wait(LOOK_S) and kept:
                heap.give_back()
                kept = False

    def _in_turn(self, jobs: Sequence[SecondJob]) -> Sequence[SecondJob]:
        closed = [job for job in jobs if job.closed]
        if closed:
            return closed[:1]
        return jobs[: self._ahead] if time.monotonic() >= self._not_ahead_until_s else ()

    def _advance(self, job: SecondJob) -> bool:
        """Read the job's next stretch; return whether there was anything to do."""
        reply: msgspec.Struct | None = None
        try:
            found = job.listen()
            if found and not job.dropped:
                self._read(job)
            text = job.text()
            if text is not None:
                reply = wire.Final(job=job.name, transcript=text)
        except Exception as error:  # noqa: BLE001 - engines raise anything; it is told and logged
            reply = failure(job.name, error)
        if reply is None:
            return found
        self._end(job, reply)
        return True

    def _read(self, job: SecondJob) -> None:
        began_s, worked_s = time.monotonic(), time.process_time()
        job.read()
        self._weigh(began_s, worked_s)

    def _guess(self, jobs: Sequence[SecondJob]) -> bool:
        """Guess that one of the callers has finished; return whether anything was read."""
        began_s, worked_s = time.monotonic(), time.process_time()
        if began_s < self._no_guess_until_s or not any(self._guessed(job) for job in jobs):
            return False
        pause_s = (time.process_time() - worked_s) * (1 / GUESS_SHARE - 1)
        self._no_guess_until_s = time.monotonic() + pause_s
        self._weigh(began_s, worked_s)
        return True

    def _guessed(self, job: SecondJob) -> bool:
        try:
            return job.guess(lambda: not self._is_awaited(job))
        except Exception as error:  # noqa: BLE001 - engines raise anything; it is told and logged
            self._end(job, failure(job.name, error))
            return True

    def _is_awaited(self, beside: SecondJob) -> bool:
        """Whether another recording is closed and waits for its text."""
        with self._lock:
            return any(job.closed and job is not beside for job in self._jobs.values())

    def _weigh(self, began_s: float, worked_s: float) -> None:
        """Read nothing ahead for a while when what was read got too little of a core.

        Args:
            began_s, worked_s: the clock, and the processor time of this process, before it.
        """
        took_s = time.monotonic() - began_s
        if time.process_time() - worked_s < ENOUGH_SHARE * took_s:
            self._not_ahead_until_s = time.monotonic() + HOLD_OFF_S

    def _end(self, job: SecondJob, reply: msgspec.Struct) -> None:
        with self._lock:
            wanted = self._jobs.get(job.name) is job
            if wanted:
                del self._jobs[job.name]
        if wanted:
            self._say(reply)


def _whisper(model: ModelRef) -> SecondEar:
    # here, not above: faster-whisper is an extra that a machine may do without
    from sipbot.speech.whisper_ear import WhisperEar  # noqa: PLC0415

    return WhisperEar(model)
