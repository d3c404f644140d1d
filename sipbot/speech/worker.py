"""The recogniser: ``python -m sipbot.speech.worker live|second MODELS``, a child of `client.py`.

MODELS is a JSON list of `sipbot.speech.ears.ModelRef`.  The main thread reads requests from stdin
and answers pings; stdout is the protocol alone.  At EOF the parent is dead and so is the work:
the process ends at once, the parent's successor will ask again.

live
    Two threads a job, each following the file by itself: one for voice activity and fsync, one of
    `places` for the ear.  vosk may block for 600 ms, and the end of speech must not wait for it.
second
    One thread, one stretch of speech at a time, at the lowest priority: calls come first.
"""

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec
import structlog

from sipbot import heap
from sipbot.errors import UsageError, WireError
from sipbot.lines import encode
from sipbot.speech import loading, vad, wire
from sipbot.speech.ears import LiveEar, ModelRef, Role, for_language
from sipbot.speech.live_job import LiveJob, Say
from sipbot.speech.loading import Loaded
from sipbot.speech.places import Places
from sipbot.speech.second_desk import SecondDesk
from sipbot.stdout import claim_stdout

NICE: Mapping[Role, int] = {"live": 15, "second": 19}
"""Audio of calls comes first, then the live ear, then the second: a caller waits for none.  Eight
ears of niceness 5 left an agent that had to start again a quarter of a core (`make torture`); at 10
they still stood in the way of a main process that had to start again."""

EARS_PER_CORE = 4
"""Recordings that are heard at the same time on one core.  More do not finish sooner (two cores
hear 9 times real time with 2, 4 or 8 streams, measured) but take 59 MB each; the others wait on
disk, where the activity thread still follows and fsyncs them."""

PLACES: Mapping[Role, int] = {"live": EARS_PER_CORE * (os.cpu_count() or 1), "second": 0}
"""Ears that hear at the same time; the second ear reads in one thread."""

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

    def __init__(self, models: Sequence[ModelRef], say: Say) -> None:
        self._say = say
        self._jobs: dict[str, LiveJob] = {}
        vad.network()
        self._places = Places(PLACES["live"])
        self.loaded: Loaded[LiveEar] = loading.load(models, "live", _vosk)

    def take(self, request: wire.Request) -> None:
        """Do what the parent asks; returns at once."""
        match request:
            case wire.Follow(job=job):
                self._forget(job)
                ear = for_language(request.language, self.loaded.ears)
                self._jobs[job] = LiveJob(request, ear, self._say, self._places)
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


def _vosk(model: ModelRef) -> LiveEar:
    # here, not above: a worker without models needs no engine, a second one no vosk
    from sipbot.speech.vosk_ear import VoskEar  # noqa: PLC0415

    return VoskEar(model)


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def serve(role: Role, models: tuple[ModelRef, ...], outlet: Outlet, requests: BinaryIO) -> None:
    """Load the models, say READY and which of them are damaged, then do what is asked until EOF.

    Raises:
        WireError: a line is not a request for this role.
    """
    desk: LiveDesk | SecondDesk
    desk = LiveDesk(models, outlet.say) if role == "live" else SecondDesk(models, outlet.say)
    loaded = desk.loaded
    outlet.say(wire.Ready(pid=os.getpid(), ears=loaded.names, problems=loaded.problems))
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
    heap.limit(PLACES[role])
    serve(role, msgspec.json.decode(models, type=tuple[ModelRef, ...]), outlet, sys.stdin.buffer)
    # at once, without destructors: threads may be inside C libraries
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
