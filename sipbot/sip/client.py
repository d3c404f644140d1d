"""The parent's side of one agent: find it or start it, talk to it, replace it when it dies.

An agent is not an ordinary child (`sipbot.child`): it outlives its parent while callers are on the
line.  So it is reached by a Unix socket in ``var/run``, and a parent that starts looks there first;
an agent that is still serving is adopted, with one exception: an agent of another release or with
other settings is asked to run out, and the new one starts when its port is free.
"""

import asyncio
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

import sipbot
from sipbot.child import CRASH_LOOP, YOUNG_S, grown_up, restart_delay_s
from sipbot.errors import ChildGoneError, ChildStartError, WireError
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.sip import door, wire
from sipbot.sip.on_call_wire import CallOnCall, OnCallEnded
from sipbot.sip.stack import AgentSettings, StackSettings, untold_file
from sipbot.sip.untold import Kept, call_of

READY_S = 10.0
"""From start to socket, and from there to Hello, for which the agent opens its SIP port: measured
0.3 s for both alone, 2 s with both cores busy."""

PING_S = 1.0
"""A hung agent has callers in it: noticed as soon as the limit below allows."""

MISSED_PINGS = 5
"""Pings in a row without any sign of life before an agent is killed; its longest own pause is the
opening of a prompt (30 ms, measured), or a second of waiting for a registrar at its end.  Counted
in pings, not in seconds: while the parent itself was stopped, the agent was never asked."""

STDERR = 2
"""Descriptor of the log: what a C library prints goes there, for stdout may hold a live view."""

TAKEN_OUT_S = 3.0
"""Until an agent that is replaced is told: an edge looks five times a second whom to send calls,
and tells Kamailio again after a second when that did not listen."""

CONNECT_EVERY_S = 0.05
"""Between two looks for a starting agent's socket."""


def fingerprint(stack: StackSettings, allow: tuple[str, ...]) -> str:
    """Return a hash of everything that shapes an agent, the release included."""
    told = msgspec.json.encode((sipbot.__version__, stack, allow))
    return hashlib.sha256(told).hexdigest()


class AgentClient:
    """Keeps one agent alive and speaks with it.

    Args:
        number: 0 for the first agent; names its socket and its log lines.
        stack: what its SIP endpoint needs.
        allow: networks whose INVITEs it accepts.
        run_folder: where sockets live; created when missing.
        on_event: called in the event loop with every event, `Hello` and `Pong` included.
        on_gone: called in the event loop when the agent has died or was replaced.
        on_crash_loop: called once with the number of short lives when a crash loop begins, and
            with 0 when a life has lasted `sipbot.child.YOUNG_S`.
        starting: shared by all agents: how many of them may start at the same time; None for any.
    """

    def __init__(
        self,
        number: int,
        *,
        stack: StackSettings,
        allow: tuple[str, ...],
        run_folder: Path,
        on_event: Callable[[wire.Event], None],
        on_gone: Callable[[str], None],
        on_crash_loop: Callable[[int], None] = lambda _: None,
        starting: asyncio.Semaphore | None = None,
    ) -> None:
        self.number = number
        self.lines = stack.lines
        """How many calls it takes at the same time."""
        self.taken = 0
        """Calls that were offered in this life of the agent."""
        self.hello: wire.Hello | None = None
        self.pong: wire.Pong | None = None
        self.restarts = 0
        """Agents of this number that have ended, each followed by another."""
        self.refused: set[str] = set()
        """Calls that the agent has refused by itself, until that is written down."""
        self.found = asyncio.Event()
        """Set once it is known whether an earlier run's agent is still serving."""
        self._settings = AgentSettings(
            stack=stack, allow=allow, fingerprint=fingerprint(stack, allow)
        )
        self._socket_path = run_folder / f"agent-{number}.sock"
        self._on_event = on_event
        self._on_gone = on_gone
        self._on_crash_loop = on_crash_loop
        self._writer: asyncio.StreamWriter | None = None
        self._pid = 0
        """Of the agent at the other end, known before it says Hello; 0 when nobody is there."""
        self._process: subprocess.Popen[bytes] | None = None
        self._starting, self._is_starting = starting, False
        self._renewing = False
        self._draining = asyncio.Event()
        self._calls: set[str] = set()
        """Calls that this life of the agent has, as its events and our orders tell."""
        self._left: set[str] = set()
        """Calls of which an earlier run's agent left word, until that is written down."""
        self._left_bytes = 0
        self._log = structlog.get_logger().bind(agent=number)

    @property
    def serving(self) -> bool:
        """Whether it takes new calls; one of other settings, or after `drain`, runs out."""
        hello = self.hello
        if hello is None or self._renewing or self._draining.is_set():
            return False
        return hello.fingerprint == self._settings.fingerprint

    @property
    def idle(self) -> bool:
        """Whether it has no call, as its events and our orders tell."""
        return not self._calls

    def send(self, command: wire.Command) -> None:
        """Send a command.

        Raises:
            ChildGoneError: the agent is not there; its calls have ended or go on alone.
        """
        if isinstance(command, wire.Written):
            self.refused.discard(command.call)
            self._forget_left(command.call)
            if self.hello and self.hello.fingerprint != self._settings.fingerprint:
                return  # one of another release may not know the word; hearing twice does no harm
        if self._writer is None or self._writer.is_closing():
            raise ChildGoneError(f"agent {self.number} is not running; its calls are being saved")
        if isinstance(command, wire.CallBack | CallOnCall):
            self._calls.add(command.call)
        self._writer.write(encode(command))

    async def run(self) -> None:
        """Keep an agent alive until cancelled, or until it has run out after `drain`."""
        short_lives = 0
        while not self._draining.is_set():
            began = time.monotonic()
            with grown_up(self._on_crash_loop):
                reason = await self._live()
            lived_s = time.monotonic() - began
            if self._draining.is_set():
                if self._calls:  # it did not run out, it died
                    self._on_gone(reason)
                return
            self.restarts += 1
            if self._renewing and not self._calls:
                self._log.info("agent ended as it was asked to", calls=self.taken)
                self._renewing = False
                continue
            self._renewing = False
            short_lives = short_lives + 1 if lived_s < YOUNG_S else 0
            self._log.warning("agent ended", reason=reason, lived_s=round(lived_s, 1))
            self._on_gone(reason)
            if short_lives == CRASH_LOOP:
                self._on_crash_loop(short_lives)
            # jitter against a stampede, not a secret
            await asyncio.sleep(restart_delay_s(short_lives, random.random()))  # noqa: S311

    def drain(self) -> None:
        """Take no new calls; the agent ends when its last caller has hung up, and so does `run`."""
        self._draining.set()
        self._run_out()

    def renew(self) -> None:
        """Take no new calls; when the last caller has hung up, another agent takes its place.

        An idle agent ends once it is told; whom an edge still sends there is refused, or is late.
        """
        self._renewing = True
        asyncio.get_running_loop().call_later(TAKEN_OUT_S, self._run_out)

    # Event loop, also when another agent has taken its place already: that one stays.
    def _run_out(self) -> None:
        if self._renewing or self._draining.is_set():
            with contextlib.suppress(ChildGoneError):  # no agent, no calls: it has run out already
                self.send(wire.Drain())

    def kill(self) -> None:
        """End the agent at once; another is started."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(self._pid, signal.SIGKILL)

    # -- one life -------------------------------------------------------------------------------

    async def _live(self) -> str:
        try:
            return await self._life()
        finally:
            self._has_started()

    async def _life(self) -> str:
        try:
            reader, self._writer = await self._connect_or_start()
        except ChildStartError as error:
            return str(error)
        try:
            reason = await self._listen(reader)
        finally:
            self._writer.close()
            self._writer, self._pid, self.hello, self.pong = None, 0, None, None
            if not self.found.is_set():
                # Whoever never said Hello is gone; who was just ending left word of its calls.
                self._hear_untold()
                self.found.set()
        return f"{reason}{await self._reap()}"

    async def _connect_or_start(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with contextlib.suppress(OSError):  # nobody there: the usual case
            connection = await self._connect()
            self._log.info("found an agent that outlived its parent")
            return connection
        self._hear_untold()
        self.found.set()
        if self._starting is not None:
            await self._starting.acquire()
            self._is_starting = True
        self.taken = 0
        self._start()
        try:
            return await self._connect_to_started()
        except asyncio.CancelledError:
            # Nobody ever spoke with it, so it has no callers to finish; it would wait for a parent.
            if self._process is not None:
                self._process.kill()
                await self._reap()
            raise

    async def _connect_to_started(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError):  # not listening yet
                return await self._connect()
            if self._process is not None and self._process.poll() is not None:
                raise ChildStartError(
                    f"the agent ended before it was ready{await self._reap()}; its words are above"
                )
            await asyncio.sleep(CONNECT_EVERY_S)
        if self._process is not None:
            self._process.kill()
        raise ChildStartError(f"the agent was not ready within {READY_S:g} s{await self._reap()}")

    def _has_started(self) -> None:
        """Let another agent start."""
        if self._starting is not None and self._is_starting:
            self._is_starting = False
            self._starting.release()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = await asyncio.open_unix_connection(self._socket_path, limit=LIMIT_BYTES)
        self._pid = door.peer_pid(connection[1].get_extra_info("socket"))
        return connection

    def _start(self) -> None:
        self._socket_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = subprocess.Popen(  # not asyncio's: that kills its children with the loop
            [sys.executable, "-m", "sipbot.sip.agent", str(self._socket_path)],
            stdin=subprocess.PIPE,
            stdout=STDERR,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once: `_reap` says how
            self._process.stdin.write(encode(self._settings))
            self._process.stdin.close()

    async def _reap(self) -> str:
        """Collect the ended process and say how it ended; nothing is known of an adopted one."""
        process, self._process = self._process, None
        if process is None:
            return ""
        try:
            # Its socket is closed, so it is on its way out; `close` may ask a registrar for 1 s.
            code = await asyncio.to_thread(process.wait, 2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            code = await asyncio.to_thread(process.wait)
        return f" (signal {-code})" if code < 0 else f" (exit code {code})"

    async def _listen(self, reader: asyncio.StreamReader) -> str:
        """Pass on what the agent says and keep its heartbeat; return why it ended."""
        unanswered, n, wake_at = 0, 0, time.monotonic() + PING_S
        while True:
            try:
                async with asyncio.timeout(max(0.0, wake_at - time.monotonic())):
                    line = await reader.readline()
            except TimeoutError:
                if unanswered >= (MISSED_PINGS if self.hello else READY_S / PING_S):
                    self.kill()
                    return f"silent for {unanswered} pings of {PING_S:g} s"
                unanswered, n = unanswered + 1, n + 1
                self._ping(n)
                wake_at = time.monotonic() + PING_S
                continue
            except (OSError, ValueError) as error:
                self.kill()
                return f"connection lost: {error}"
            if not line:
                if self.hello is None and self._process is not None:
                    # It opens its SIP port only for a parent that is there; it may be taken.
                    return f"ended before it was ready{await self._reap()}; its words are above"
                return "connection closed"
            unanswered = 0
            try:
                self._hear(wire.events.decode(line))
            except WireError as error:
                self.kill()
                return str(error)

    def _hear_untold(self) -> None:
        """Hear what an agent of an earlier run left behind when it ended alone."""
        file = untold_file(self._socket_path)
        try:
            left, events = file.read_bytes(), []
        except FileNotFoundError:
            return
        except OSError as error:
            # Calls in it have no row or end as cut off; the next start tries to read it again.
            self._log.error("what an agent left cannot be read", **_words(file, error))
            return
        for number, line in enumerate(left.splitlines(), start=1):
            if not line:
                continue
            try:
                event = wire.events.decode(line)
            except WireError:  # a power cut while it was written
                # No traceback: it would quote the line, and that may hold a caller's words.
                self._log.error("skipped a damaged line", file=str(file), line=number)
                continue
            events.append(event)
        kept = [event for event in events if isinstance(event, Kept)]
        self._left, self._left_bytes = {call_of(event) for event in kept}, len(left)
        for event in events:
            self._on_event(event)
        self._forget_left("")

    def _forget_left(self, call: str) -> None:
        """Remove what was left behind once all of it is in the ledger: this run may die as well."""
        self._left.discard(call)
        file = untold_file(self._socket_path)
        if self._left or not self._left_bytes:
            return
        try:
            if file.stat().st_size == self._left_bytes:  # else another agent has left more since
                file.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:  # harmless: the next start hears it again
            self._log.warning("what an agent left cannot be removed", **_words(file, error))
        self._left_bytes = 0

    def _hear(self, event: wire.Event) -> None:
        match event:
            case wire.Hello():
                self.hello = event
                self._has_started()
                if event.fingerprint != self._settings.fingerprint:
                    self._log.info("agent has other settings and runs out", calls=len(event.calls))
                    self.send(wire.Drain())
                self._calls = {*event.calls, *event.calls_back}
            case wire.Pong():
                self.pong = event
            case wire.Offered(offer=offer):
                self.taken += 1
                self._calls.add(offer.call)
            case wire.Refused(offer=offer):
                self.refused.add(offer.call)
            case wire.Ended(call=call) | wire.CallBackEnded(call=call) | OnCallEnded(call=call):
                self._calls.discard(call)
        self._on_event(event)
        if isinstance(event, wire.Hello):
            self.found.set()

    def _ping(self, n: int) -> None:
        with contextlib.suppress(ChildGoneError):  # `_listen` sees its end
            self.send(wire.Ping(n=n))


def _words(file: Path, error: OSError) -> dict[str, str]:
    return {"file": str(file), "problem": error.strerror or str(error)}
