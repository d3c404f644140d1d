"""One supervised child program: started, watched, ended and started again.

Agents, recognisers and the embedded broker are children because C code in them may crash or hang:
a dead child costs its own work only, and the next one is there within a second.  The parent talks
to a child in JSON lines on stdin and stdout (sipbot/lines.py); what the child logs goes to the
parent's stderr.  A child that is silent, or that says something nobody understands, is killed: a
peer that cannot be trusted is replaced, never argued with.

A child ends by itself when its stdin reaches EOF, because then its parent is dead.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from sipbot.errors import ChildGoneError, ChildStartError, WireError
from sipbot.lines import LIMIT_BYTES, Decoder, encode

YOUNG_S = 12.0
"""A life shorter than this is short: five of them make one minute.  A child's begins when it is
ready: one that never is has had none, however long it tried."""

LONGER = 4
"""How many times its limit a child may take to be ready after short lives, at most: on a machine
that had no core for it, a console was started sixteen times in a quarter of an hour (seen)."""

CRASH_LOOP = 5
"""Short lives in a row before restarts slow down and somebody is told: five in a minute at most
(acceptance test S2 of the reliability research)."""

RESTART_S = 0.1
"""Pause before a restart outside a crash loop: "another within a second" is promised."""

EXIT_CODE_S = 0.5
"""A child that has closed its stdout is dying; this long its exit code is waited for."""

SLOWEST_RESTART_S = 30.0
"""Longest pause in a crash loop; a repaired cause is noticed within half a minute."""


def restart_delay_s(short_lives: int, jitter: float) -> float:
    """Return how long to wait before the next start, in seconds.

    Args:
        short_lives: lives in a row that were shorter than `YOUNG_S`.
        jitter: 0 to 1, evenly distributed; spreads children that share one cause.
    """
    if short_lives < CRASH_LOOP:
        return RESTART_S
    doublings = min(short_lives - CRASH_LOOP, 10)
    return min(SLOWEST_RESTART_S, 2.0**doublings) * (0.5 + jitter / 2)


@contextlib.contextmanager
def grown_up(tell: Callable[[int], None]) -> Iterator[None]:
    """Around one life: say that there are 0 short lives in a row once it has lasted `YOUNG_S`."""
    timer = asyncio.get_running_loop().call_later(YOUNG_S, tell, 0)
    try:
        yield
    finally:
        timer.cancel()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a child may take, in seconds, before it is killed."""

    ready_s: float = 30.0
    """From start to READY: an agent needs 0.2 s, a small speech model 2 s (measured)."""
    ping_s: float = 2.0
    """Between two pings: frequent enough to notice a hang within one prompt."""
    missed_pings: int = 5
    """Pings in a row without any sign of life; with `ping_s` 10 s, twenty times the longest
    single call into a C library (0.5 s, measured with vosk)."""
    stop_s: float = 5.0
    """From EOF on its stdin to its end, when the parent stops."""


class Child:
    """Keeps one child program alive.

    Every callback runs in the event loop of `run`, in the parent.

    Args:
        argv: program and arguments.
        name: what the child is called in logs and errors.
        decoder: messages the child may send; None when it speaks no protocol (its stdout then
            goes to stderr, it counts as ready at once, and no heartbeat is kept).
        on_message: called with every message, the ready message included, pongs too.
        is_ready: tells whether a message is the child's first, the one that says READY.
        ping: makes the n-th request for a sign of life; None for no heartbeat.  Any message
            counts as a sign of life.
        on_gone: called with the reason after a child has ended, before it is started again.
        on_crash_loop: called once with the number of short lives when a crash loop begins, and
            with 0 when a life has lasted `YOUNG_S`.
        env: environment of the child; None for ours.
        limits: how long the child may take; None for the usual `Limits`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        name: str,
        decoder: Decoder | None = None,
        on_message: Callable[[Any], None] = lambda _: None,
        is_ready: Callable[[Any], bool] = lambda _: True,
        ping: Callable[[int], msgspec.Struct] | None = None,
        on_gone: Callable[[str], None] = lambda _: None,
        on_crash_loop: Callable[[int], None] = lambda _: None,
        env: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._argv = tuple(argv)
        self._name = name
        self._decoder = decoder
        self._on_message = on_message
        self._is_ready = is_ready
        self._ping = ping
        self._on_gone = on_gone
        self._on_crash_loop = on_crash_loop
        self._env = dict(env) if env is not None else None
        self._limits = limits or Limits()
        self._process: asyncio.subprocess.Process | None = None
        self._killed_for = ""
        self._log = structlog.get_logger().bind(child=name)
        self.restarts = 0
        """Lives of this child that have ended, each followed by another."""
        self._ready_s = self._limits.ready_s
        self._ready_at_s: float | None = None
        self._while_ready = contextlib.ExitStack()
        self.ready = asyncio.Event()
        """Set while the child is ready to be spoken to."""

    @property
    def pid(self) -> int | None:
        """Process id of the living child; None between two lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def send(self, message: msgspec.Struct) -> None:
        """Send one message; it is written as soon as the child reads.

        Nothing bounds what is waiting to be written except the heartbeat, which kills a child
        that has stopped reading.

        Raises:
            ChildGoneError: the child is not ready or has just died; what was said to it before
                may be lost too, so say it again to the next one.
        """
        process = self._process
        if process is None or process.stdin is None or not self.ready.is_set():
            raise ChildGoneError(f"{self._name} is not running; wait until it is ready")
        if process.returncode is not None or process.stdin.is_closing():
            raise ChildGoneError(f"{self._name} (pid {process.pid}) has just ended")
        process.stdin.write(encode(message))

    @property
    def waiting_bytes(self) -> int:
        """How much was sent that the child has not read; 0 without a child."""
        process = self._process
        if process is None or process.stdin is None:
            return 0
        return process.stdin.transport.get_write_buffer_size()

    def kill(self, reason: str) -> None:
        """End the living child at once (SIGKILL); another is started. No child, no effect."""
        process = self._process
        if process is not None and process.returncode is None:
            self._killed_for = self._killed_for or reason
            process.kill()

    def replace(self, argv: Sequence[str], reason: str) -> None:
        """End the living child at once; the next one is started with these arguments."""
        self._argv = tuple(argv)
        self.kill(reason)

    async def run(self) -> None:
        """Keep the child alive until cancelled; then close its stdin and see it end.

        Raises:
            ChildStartError: the program does not exist or may not be executed.
        """
        short_lives = 0
        while True:
            began = time.monotonic()
            reason, served_s = await self._serve(
                self._limits.ready_s * min(LONGER, 1 + short_lives)
            )
            lived_s = round(time.monotonic() - began, 1)
            short_lives = short_lives + 1 if served_s < YOUNG_S else 0
            self._log.warning("child ended", reason=reason, lived_s=lived_s)
            self.restarts += 1
            self._on_gone(reason)
            if short_lives == CRASH_LOOP:
                self._log.error("child keeps dying young", short_lives=short_lives)
                self._on_crash_loop(short_lives)
            # jitter against a stampede, not a secret
            await asyncio.sleep(restart_delay_s(short_lives, random.random()))  # noqa: S311

    async def _serve(self, ready_s: float) -> tuple[str, float]:
        """Run one child; return why it ended, and for how many seconds it was ready.

        Args:
            ready_s: how long it may take to be ready.
        """
        self._ready_s, self._ready_at_s = ready_s, None
        with contextlib.ExitStack() as self._while_ready:
            reason = await self._live()
        since_s = self._ready_at_s
        return reason, time.monotonic() - since_s if since_s is not None else 0.0

    def _is_there(self) -> None:
        """From now on it can be spoken to."""
        self.ready.set()
        self._ready_at_s = time.monotonic()
        self._while_ready.enter_context(grown_up(self._on_crash_loop))

    async def _live(self) -> str:
        """Run one child from start to end and return why it ended."""
        try:
            process = await self._start()
        except (FileNotFoundError, PermissionError) as error:
            raise ChildStartError(
                f"{self._name}: {self._argv[0]} cannot be started: {error.strerror}. "
                "Install it or correct its path"
            ) from error
        except OSError as error:
            return f"could not be started: {error.strerror}"
        self._process, self._killed_for = process, ""
        grace_s = self._limits.stop_s  # when cancelled: an orderly end
        try:
            reason = await self._follow(process)
            grace_s = 0.0 if reason else EXIT_CODE_S
        finally:
            self.ready.clear()
            await self._end(process, grace_s)
        return self._killed_for or reason or _describe(process.returncode)

    async def _follow(self, process: asyncio.subprocess.Process) -> str:
        """Stay with the child while it lives; return why to end it, empty when it ended itself."""
        if self._decoder is not None:
            return await self._listen(process, self._decoder)
        self._is_there()
        await process.wait()
        return ""

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            # without a protocol the child's prints belong in the log, like its stderr
            stdout=asyncio.subprocess.PIPE if self._decoder is not None else sys.stderr.fileno(),
            env=self._env,
            limit=LIMIT_BYTES,
            # Ctrl-C in a terminal is for the parent; it decides in which order things end
            start_new_session=True,
        )

    async def _listen(self, process: asyncio.subprocess.Process, decoder: Decoder) -> str:
        """Pass on the child's messages and keep its heartbeat; return the reason to end it."""
        assert process.stdout is not None
        limits, unanswered, pings = self._limits, 0, 0
        wake_at = time.monotonic() + self._ready_s
        while True:
            try:
                async with asyncio.timeout(max(0.0, wake_at - time.monotonic())):
                    line = await process.stdout.readline()
            except TimeoutError:
                if not self.ready.is_set():
                    return f"not ready within {self._ready_s:g} s"
                # Counted in pings, not in seconds: when the parent itself was stopped for a
                # while, time has passed but the child was never asked.
                if unanswered >= limits.missed_pings:
                    return f"silent for {unanswered} pings of {limits.ping_s:g} s"
                unanswered, pings = unanswered + 1, pings + 1
                wake_at = self._beat(pings)
                continue
            except ValueError:
                return f"malformed line: longer than {LIMIT_BYTES} bytes"
            if not line:
                return ""
            unanswered = 0
            try:
                woken = self._hear(decoder.decode(line))
            except WireError as error:
                return f"malformed line: {error}"
            if woken:
                unanswered = pings = 1
                wake_at = self._beat(pings)

    def _hear(self, message: Any) -> bool:  # noqa: ANN401 - a message of the decoder's union
        """Pass one message on; return True when it is the one that says READY.

        Raises:
            WireError: the child spoke before it was ready.
        """
        first = not self.ready.is_set()
        if first:
            if not self._is_ready(message):
                raise WireError(f"{type(message).__name__} before READY")
            self._is_there()
        self._on_message(message)
        return first

    def _beat(self, n: int) -> float:
        """Send a ping when there is a heartbeat; return the monotonic time of the next, in s."""
        if self._ping is None:
            return float("inf")
        try:
            self.send(self._ping(n))
        except ChildGoneError:
            # its EOF is already on the way to the reader, which ends this life
            self._log.debug("ping to a child that has just ended")
        return time.monotonic() + self._limits.ping_s

    async def _end(self, process: asyncio.subprocess.Process, grace_s: float) -> None:
        """See the process end: EOF on its stdin, after `grace_s` SIGKILL."""
        assert process.stdin is not None
        process.stdin.close()
        try:
            if process.returncode is None and grace_s > 0:
                async with asyncio.timeout(grace_s):
                    # reads on, so that a child with much left to say is not blocked in a write
                    await process.communicate()
        except TimeoutError:
            self._log.warning("child does not end by itself", grace_s=grace_s)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


def _describe(returncode: int | None) -> str:
    if returncode is None:
        return "has not ended"
    return f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
