"""The recogniser: ``python -m sipbot.speech.worker live|second MODELS``, a child of `client.py`.

MODELS is a JSON list of `sipbot.speech.ears.ModelRef`.  The main thread reads requests from stdin
and answers pings; stdout is the protocol alone.  At EOF the parent is dead and so is the work:
the process ends at once, the parent's successor will ask again.

live
    Two threads a job, each following the file by itself: one for voice activity and fsync, one
    for the ear.  vosk may block for 600 ms, and the end of speech must not wait for it.
second
    One thread, one job at a time, at the lowest priority: calls come first.
"""

import os
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec
import structlog

from sipbot.child import claim_stdout
from sipbot.errors import UsageError, WireError
from sipbot.lines import encode
from sipbot.speech import heap, vad, wire
from sipbot.speech.ears import (
    ENGINE_OF,
    LiveEar,
    ModelRef,
    Role,
    SecondEar,
    choose,
    for_language,
)
from sipbot.speech.live_job import LiveJob, Say, empty, failure
from sipbot.wav import longest_s, read_facts, read_pcm

NICE: Mapping[Role, int] = {"live": 15, "second": 19}
"""Audio of calls comes first, then the live ear, then the second: a caller waits for none.  Eight
ears of niceness 5 left an agent that had to start again a quarter of a core (`make torture`); at 10
they still stood in the way of a main process that had to start again."""

EARS_PER_CORE = 4
"""Recordings that are heard at the same time on one core.  More do not finish sooner (two cores
hear 9 times real time with 2, 4 or 8 streams, measured) but take 59 MB each; the others wait on
disk, where the activity thread still follows and fsyncs them."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Outlet:
    """The protocol's end of stdout, shared by all threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, message: msgspec.Struct) -> None:
        """Write one line; when nobody reads any more, the parent is dead: end here."""
        with self._lock:
            try:
                self._stream.write(encode(message))
                self._stream.flush()
            except OSError:
                os._exit(0)


class LiveDesk:
    """Takes the requests of the live role (the main thread)."""

    def __init__(self, models: Mapping[str, ModelRef], say: Say) -> None:
        self._say = say
        self._jobs: dict[str, LiveJob] = {}
        self._detectors = vad.Detectors()
        self._places = threading.Semaphore(EARS_PER_CORE * (os.cpu_count() or 1))
        self._ears: dict[str, tuple[LiveEar, ModelRef]] = {}
        loaded: dict[str, LiveEar] = {}
        for language, model in models.items():
            # here, not above: a worker without models needs no engine, a second one no vosk
            from sipbot.speech.vosk_ear import VoskEar  # noqa: PLC0415

            if model.path not in loaded:
                loaded[model.path] = VoskEar(model)
            self._ears[language] = (loaded[model.path], model)

    def take(self, request: wire.Request) -> None:
        """Do what the parent asks; returns at once."""
        match request:
            case wire.Follow(job=job):
                self._forget(job)
                ear = for_language(request.language, self._ears)
                self._jobs[job] = LiveJob(request, ear, self._say, self._places, self._detectors)
                self._jobs[job].start()
            case wire.Expect(job=job):
                if job in self._jobs:
                    self._jobs[job].expect(request)
            case wire.Finish(job=job):
                if job in self._jobs:
                    self._jobs[job].ending.finish()
            case wire.Forget(job=job):
                self._forget(job)
            case _:
                raise WireError(f"{type(request).__name__} is not for the live ear")

    def load(self) -> tuple[int, float]:
        """Return the number of jobs and the seconds of audio not yet heard."""
        self._jobs = {name: job for name, job in self._jobs.items() if not job.over}
        return len(self._jobs), sum(job.behind_s for job in self._jobs.values())

    def _forget(self, job: str) -> None:
        if job in self._jobs:
            self._jobs.pop(job).drop()


class SecondDesk:
    """Takes the requests of the second role (the main thread); one thread reads."""

    def __init__(self, models: Mapping[str, ModelRef], say: Say) -> None:
        self._say = say
        self._waiting: queue.SimpleQueue[wire.Reread] = queue.SimpleQueue()
        self._jobs: dict[str, float] = {}
        """Job → seconds of its audio; a job that is not in here is forgotten or done."""
        self._lock = threading.Lock()
        self._ears: dict[str, tuple[SecondEar, ModelRef]] = {}
        loaded: dict[str, SecondEar] = {}
        for language, model in models.items():
            # here, not above: faster-whisper is an extra that a machine may do without
            from sipbot.speech.whisper_ear import WhisperEar  # noqa: PLC0415

            if model.path not in loaded:
                loaded[model.path] = WhisperEar(model)
            self._ears[language] = (loaded[model.path], model)
        threading.Thread(target=self._read_all, daemon=True).start()

    def take(self, request: wire.Request) -> None:
        """Do what the parent asks; returns at once."""
        match request:
            case wire.Reread(job=job, path=path):
                with self._lock:
                    self._jobs[job] = longest_s(Path(path))
                self._waiting.put(request)
            case wire.Forget(job=job):
                with self._lock:
                    self._jobs.pop(job, None)
            case _:
                raise WireError(f"{type(request).__name__} is not for the second ear")

    def load(self) -> tuple[int, float]:
        """Return the number of jobs and the seconds of audio not yet read."""
        with self._lock:
            return len(self._jobs), sum(self._jobs.values())

    def _read_all(self) -> None:
        """Read one recording after the other (the reading thread)."""
        while True:
            request = self._waiting.get()
            if request.job not in self._jobs:
                continue
            try:
                reply: msgspec.Struct = self._read(request)
            except Exception as error:  # noqa: BLE001 - engines raise anything; it is told and logged
                reply = failure(request.job, error)
            with self._lock:
                wanted = self._jobs.pop(request.job, None) is not None
            if wanted:
                self._say(reply)

    def _read(self, request: wire.Reread) -> msgspec.Struct:
        found = for_language(request.language, self._ears)
        if found is None:
            return wire.Failed(
                job=request.job,
                code="no_model",
                problem=f"no {ENGINE_OF['second']} model for {request.language} is installed",
                retryable=False,
            )
        ear, model = found
        path = Path(request.path)
        rate_hz, pcm = read_facts(path).rate_hz, read_pcm(path)
        if vad.speech_s(pcm, rate_hz) > 0:
            transcript = ear.read(pcm, rate_hz, request.language)
        else:
            transcript = empty(request.language, model)
        return wire.Final(job=request.job, transcript=transcript)


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def serve(role: Role, models: tuple[ModelRef, ...], outlet: Outlet, requests: BinaryIO) -> None:
    """Load the models, say READY, then do what is asked until EOF.

    Raises:
        ModelError: a model cannot be loaded.
        WireError: a line is not a request for this role.
    """
    chosen = choose(models, role)
    desk: LiveDesk | SecondDesk
    desk = LiveDesk(chosen, outlet.say) if role == "live" else SecondDesk(chosen, outlet.say)
    ears = {language: model.name for language, model in chosen.items()}
    outlet.say(wire.Ready(pid=os.getpid(), ears=ears))
    for line in requests:
        request = wire.requests.decode(line)
        if isinstance(request, wire.Ping):
            jobs, behind_s = desk.load()
            outlet.say(wire.Pong(n=request.n, jobs=jobs, rss_bytes=_rss_bytes(), behind_s=behind_s))
        else:
            desk.take(request)


def main(argv: list[str]) -> None:
    """Run the recogniser.

    Raises:
        UsageError: the command line is not ``live|second MODELS``.
    """
    match argv:
        case [("live" | "second") as role, models]:
            pass
        case _:
            raise UsageError(f"usage: worker {'|'.join(get_args(Role))} MODELS-AS-JSON")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # plain tracebacks: pretty ones print local variables, and those hold what callers say
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    outlet = Outlet(claim_stdout())
    os.nice(NICE[role])
    heap.limit()
    serve(role, msgspec.json.decode(models, type=tuple[ModelRef, ...]), outlet, sys.stdin.buffer)
    # at once, without destructors: threads may be inside C libraries
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
