"""The parent's side of a recogniser: hand jobs out, and hand them out again when it dies.

A recogniser may crash, hang or be killed at any moment.  Nothing is lost by that, because the
recording is the queue: this file remembers which jobs are unfinished and gives every one of them,
from its first sample, to the next worker.  What the first worker has already told is not told
twice.  A job that takes its worker down three times is given up, so that it cannot take others
down for ever.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from sipbot.child import Child, Limits
from sipbot.errors import ChildGoneError
from sipbot.speech import wire
from sipbot.speech.ears import ModelRef, Role, for_language, turn
from sipbot.speech.starving import Starving
from sipbot.speech.tunables import VARIABLE, tunables
from sipbot.speech.work import Work

READY_S = 120.0
"""A model of 1 GB from a slow disk; the small ones load in 2 s (measured)."""

LEAST_LIMIT_S = 30.0
"""Time allowed for the shortest recording, on a machine that is busy with calls."""

DEATHS = 3
"""Workers a job may take down: once is bad luck, three times is the job."""

STARVED_MOST = 10.0
"""How much longer a worker may take that gets no core.  Not for ever: one of its threads may wait
for a core while the one that matters waits for a lock.  A choice: in a soak on two full cores the
second ear got a tenth of one (measured)."""

_WATCH_S = 0.25
"""How often time limits are looked at; far below the shortest of them."""

_STEP_S = 4 * _WATCH_S
"""What one look may count as spent: more than this means that we ourselves were stopped (SIGSTOP, a
paused machine), and the worker's replies of that time are still unread."""

_log = structlog.get_logger()


class SpeechClient:
    """One recogniser, kept alive, and the jobs it owes an answer.

    All methods and callbacks belong to the event loop that `run` runs in.

    Args:
        role: ``live`` hears growing recordings, ``second`` reads closed stretches of speech.
        models: installed models, preferred ones first; those of other engines are ignored.
        on_reply: called with `Ready` and with everything told about a job, once.  A job is over
            after `Final` or `Failed`, and after `Heard` when its language has no live ear.
        on_crash_loop: called with the number of short lives when the recogniser keeps dying, and
            with 0 when one has lasted.
        limits: how long the worker may take to be ready, to answer pings and to end.
        least_limit_s: time allowed for any job, in seconds.
        clock: monotonic seconds.
        waited_s: seconds that a process has waited for a core since the last call.
    """

    def __init__(
        self,
        role: Role,
        models: Sequence[ModelRef],
        on_reply: Callable[[wire.Reply], None],
        *,
        on_crash_loop: Callable[[int], None] = lambda _: None,
        limits: Limits | None = None,
        least_limit_s: float = LEAST_LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
        waited_s: Callable[[int | None], float] | None = None,
    ) -> None:
        self.role = role
        self._on_reply = on_reply
        self._least_limit_s = least_limit_s
        self._clock = clock
        self._waited_s = waited_s or Starving().since_last_s
        self._looked_at_s = clock()
        self._awake_s = 0.0
        """The clock of time limits: stands still while we are stopped, or the worker starves."""
        self._works: dict[str, Work] = {}
        self._blamed: str | None = None
        self.ears: dict[str, str] = {}
        """Language → model, as the living worker reported it; kept while it is replaced."""
        self.problems: dict[str, str] = {}
        """Model → why the worker cannot use it; kept as `ears`."""
        self.behind_s = 0.0
        """Audio the worker has not heard yet, in seconds, as of its last sign of life."""
        self.rss_bytes = 0
        """Resident memory of the worker, as of its last sign of life."""
        self.models = tuple(models)
        """What the worker is started with."""
        self._child = Child(
            self._argv,
            name=f"{role} recogniser",
            decoder=wire.replies,
            on_message=self._hear,
            is_ready=lambda message: isinstance(message, wire.Ready),
            ping=lambda n: wire.Ping(n=n),
            on_gone=self._bury,
            on_crash_loop=on_crash_loop,
            # a model comes from its folder or not at all; threads are ours to count
            env={
                **os.environ,
                "HF_HUB_OFFLINE": "1",
                "OMP_NUM_THREADS": "1",
                **({VARIABLE: tunables(os.environ)} if role == "second" else {}),
            },
            limits=limits or Limits(ready_s=READY_S),
        )
        self.ready = self._child.ready

    @property
    def _argv(self) -> list[str]:
        models = msgspec.json.encode(self.models).decode()
        return [sys.executable, "-m", "sipbot.speech.worker", self.role, models]

    @property
    def pid(self) -> int | None:
        """Process id of the living worker."""
        return self._child.pid

    @property
    def restarts(self) -> int:
        """Workers that have ended, each followed by another."""
        return self._child.restarts

    @property
    def backlog_s(self) -> float:
        """Audio on disk that is still to be read, in seconds.

        A live worker says by itself how far it is behind, as of its last sign of life; while none
        lives, the next one has to begin every recording anew.
        """
        if self.role == "live" and self.ready.is_set():
            return self.behind_s
        works = self._works.values()
        return sum(work.audio_s for work in works if self.role == "live" or work.finished)

    @property
    def jobs(self) -> int:
        """Number of jobs that are not over."""
        return len(self._works)

    async def run(self) -> None:
        """Keep the recogniser alive until cancelled.

        Raises:
            ChildStartError: the interpreter cannot be started.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._child.run(), name=f"{self.role} recogniser")
            group.create_task(self._watch(), name=f"{self.role} recogniser's time limits")

    def follow(self, job: str, path: Path, language: str, terms: tuple[str, ...] = ()) -> None:
        """Follow a recording from its first sample; it may not exist yet."""
        self._add(Work(wire.Follow(job=job, path=str(path), language=language, terms=terms)))

    def use(self, models: Sequence[ModelRef]) -> bool:
        """Start a worker with other models instead of the living one, unless that has work to do.

        Returns:
            Whether the models are in use, or about to be.
        """
        if self._works:
            return False
        self.models = tuple(models)
        self._child.replace(self._argv, "its models have changed")
        return True

    def expect(self, turn: wire.Expect) -> None:
        """Live: it is the caller's turn.  Earlier turns are over; an unknown job is left alone."""
        work = self._works.get(turn.job)
        if work is not None:
            work.expected = turn
            if work.given_at_s is not None:
                self._tell(turn)

    def relax(self, job: str) -> None:
        """Live: the caller's turn is over; nothing more is told about it."""
        work = self._works.get(job)
        if work is not None:
            work.expected = None

    def finish(self, job: str, *, urgent: bool = False) -> None:
        """The recording is closed.  A job that is over or unknown is left alone."""
        work = self._works.get(job)
        if work is not None and not work.finished:
            work.finished, work.urgent = True, urgent
            if work.given_at_s is not None:
                work.given_at_s = self._awake_s
                self._tell(wire.Finish(job=job, urgent=urgent))
            self._give()

    def reread(
        self,
        job: str,
        path: Path,
        language: str,
        terms: tuple[str, ...] = (),
        *,
        urgent: bool = False,
    ) -> None:
        """Second: read a closed recording when it is its `turn`; one that is followed goes on."""
        work = self._works.get(job)
        if work is None:
            request = wire.Follow(job=job, path=str(path), language=language, terms=terms)
            self._add(Work(request, closed=True, urgent=urgent))
        elif not work.finished:
            self.finish(job, urgent=urgent)
        elif urgent and not work.urgent:
            work.urgent = True
            if work.given_at_s is not None:
                self._tell(wire.Finish(job=job, urgent=True))

    def forget(self, job: str) -> None:
        """Nothing more is told about this job."""
        work = self._works.pop(job, None)
        if work is not None and work.given_at_s is not None:
            self._tell(wire.Forget(job=job))
        self._give()

    def _add(self, work: Work) -> None:
        self._works[work.request.job] = work
        self._give()

    def _give(self) -> None:
        """Give the living worker what it has not got yet.

        Closed recordings are given one at a time: a time limit then runs for the one that is
        read, and a worker that dies blames nobody who was waiting.
        """
        if not self.ready.is_set():
            return
        for work in self._to_give():
            work.given_at_s = self._awake_s
            if self.role == "second" and work.finished:
                self._tell(work.rereading)
                continue
            self._tell(work.request)
            if work.expected is not None:
                self._tell(work.expected)
            if work.finished:
                self._tell(wire.Finish(job=work.request.job))

    def _to_give(self) -> list[Work]:
        works = self._works.values()
        waiting = [work for work in works if work.given_at_s is None]
        if self.role == "live":
            return waiting
        growing = [work for work in waiting if not (work.finished or work.shy)]
        if any(work.finished and work.given_at_s is not None for work in works):
            return growing
        closed = [work for work in waiting if work.finished]
        closed.sort(key=lambda work: turn(work.request.job, urgent=work.urgent))
        return [*growing, *closed[:1]]

    def _tell(self, message: msgspec.Struct) -> None:
        try:
            self._child.send(message)
        except ChildGoneError:
            # nothing is lost: every unfinished job is given to the next worker in full
            _log.debug("recogniser has just ended", role=self.role)

    # -- the child's callbacks: all in the event loop of the parent -------------------------------

    def _hear(self, reply: wire.Reply) -> None:
        match reply:
            case wire.Ready(ears=ears, problems=problems):
                self.ears, self.problems = dict(ears), dict(problems)
                self._on_reply(reply)
                self._give()
            case wire.Pong(behind_s=behind_s, rss_bytes=rss_bytes):
                self.behind_s, self.rss_bytes = behind_s, rss_bytes
            case _:
                self._pass_on(reply)

    def _pass_on(self, reply: wire.Reply) -> None:
        assert not isinstance(reply, wire.Ready | wire.Pong)
        work = self._works.get(reply.job)
        if work is None or not work.is_new(reply):
            return
        if self._ends(reply, work):
            del self._works[reply.job]
            self._give()
        self._on_reply(reply)

    def _ends(self, reply: wire.Reply, work: Work) -> bool:
        if isinstance(reply, wire.Heard):
            return for_language(work.request.language, self.ears) is None
        return isinstance(reply, wire.Final | wire.Failed)

    def _bury(self, reason: str) -> None:
        """The worker is dead: count it against its jobs, and give up the ones that kill."""
        blamed, self._blamed = self._blamed, None
        for job, work in list(self._works.items()):
            given, work.given_at_s = work.given_at_s is not None, None
            work.allowed_s = 0.0
            if not given or (blamed is not None and job != blamed):
                continue
            if self.role == "second" and not work.finished:
                work.shy = True  # it may have been this one, and while it grows nobody waits for it
                continue
            work.deaths += 1
            if work.deaths >= DEATHS:
                del self._works[job]
                _log.error("recognition given up", call=job, deaths=work.deaths, reason=reason)
                problem = f"ended its recogniser {work.deaths} times, last: {reason}"
                self._on_reply(
                    wire.Failed(job=job, code="killed", problem=problem, retryable=False)
                )

    async def _watch(self) -> None:
        """Look at the time limits until cancelled."""
        while True:
            await asyncio.sleep(_WATCH_S)
            self._look()

    def _look(self) -> None:
        """End a worker that takes too long over a finished job; the job counts as its cause.

        Jobs share the worker: after a restart a whole backlog is read at once, and a limit that
        looked at one recording only would end the worker again and again, never reading any.
        Nor does the time count in which it had no core: calls and their ears come first.
        """
        now_s = self._clock()
        step_s = min(now_s - self._looked_at_s, _STEP_S)
        self._awake_s += max(step_s / STARVED_MOST, step_s - self._waited_s(self.pid))
        self._looked_at_s = now_s
        given = [work for work in self._works.values() if work.given_at_s is not None]
        owed_s = sum(work.limit_s for work in given)
        for job, work in self._works.items():
            work.allowed_s = max(work.allowed_s, owed_s)
            if not work.finished or work.given_at_s is None or self._blamed is not None:
                continue
            spent_s = self._awake_s - work.given_at_s
            if spent_s > self._least_limit_s and spent_s > work.allowed_s:
                self._blamed = job
                self._child.kill(f"took more than {spent_s:.0f} s over one recording")
