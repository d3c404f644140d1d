"""The edge: a child program that keeps one Kamailio and speaks for it.

Data path: Kamailio (log, JSON-RPC, SIP) <-> [edge_program] <-> JSON lines <-> edge (main)

Kamailio itself knows nothing of its parent, so that somebody has to end it when the parent dies,
read what its log tells, and ask whether it still answers.  ``python -m sipbot.edge_program`` says
`Ready` when Kamailio has answered an OPTIONS, and ends, with it, when stdin closes.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from sipbot import edge_wire as wire
from sipbot.agent_places import LOOPBACK
from sipbot.edge_told import told
from sipbot.errors import WireError
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.stdout import claim_stdout

ANSWER_S = 1.0
"""How long an answer may take that Kamailio gives from memory, before it is asked again."""

LOOK_EVERY_S = 0.1
"""Between two OPTIONS while Kamailio starts (0.2 s, measured)."""

END_S = 3.0
"""From SIGTERM to SIGKILL: Kamailio ends within a tenth of a second, then main gives us up."""

REGISTERED_EVERY_S = 5.0
"""Between two looks at the registrations: what Kamailio's own timer takes."""

WORD_CHARS = 200
"""Longest line of Kamailio's log that is passed on: it prints what it cannot parse."""

AGAIN_S = 1.0
"""Until a state is told again that Kamailio did not take."""

WORDS_PER_MINUTE = 60
"""Lines of Kamailio's log that are passed on: what callers send may make it complain."""

HARMLESS = "ds_load_remove(): cannot find load"
"""What Kamailio calls an error when a call ends that an earlier Kamailio has begun."""

GROUP = 1
"""Of all agents, in Kamailio's list of them."""

ONLINE = 4
"""Flag of a registration that the registrar has confirmed (UAC_REG_ONLINE, module uac)."""

_PR_SET_PDEATHSIG = 1

_MEMORY = ("-m", "64", "-M", "8")
"""Megabytes that the processes share, and that each has: measured with 400 calls, 9 were used."""


class Orders(NamedTuple):
    """What this program was started with."""

    folder: Path
    kamailio: str
    inner_port: int
    token: str


class EdgeProgram:
    """Keeps Kamailio until stdin closes; one event loop, no threads but for JSON-RPC."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._out = claim_stdout()
        self._kamailio: subprocess.Popen[bytes] | None = None
        self._words = 0
        self._ready = False
        self._registered: dict[str, bool] = {}
        self._early: list[msgspec.Struct] = []
        self._states: dict[str, str] = {}
        self._new_states = asyncio.Event()
        self._one_asks = asyncio.Lock()

    async def run(self) -> int:
        """Run Kamailio; return our exit code."""
        ours, its = socket.socketpair()
        with its:
            self._kamailio = self._start(its)
        code = 0
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._hear_kamailio(ours)),
                    group.create_task(self._see_its_end()),
                    group.create_task(self._say_ready()),
                    group.create_task(self._look_at_registrations()),
                    group.create_task(self._spare_words()),
                    group.create_task(self._pass_states_on()),
                ]
                await self._obey()
                for task in tasks:
                    task.cancel()
        except* _EndedError as ended:
            sys.stderr.write(f"edge: {ended.exceptions[0]}\n")
            code = 1
        finally:
            await self._end()
        return code

    # -- Kamailio's life --------------------------------------------------------------------------

    def _start(self, log: socket.socket) -> "subprocess.Popen[bytes]":
        folder = self._orders.folder
        libc = ctypes.CDLL(None)
        # An earlier one's; Kamailio refuses to start on a socket that is there.
        (folder / "kamailio.sock").unlink(missing_ok=True)
        return subprocess.Popen(
            [
                *(self._orders.kamailio, "-DD", "-E", *_MEMORY),
                *("-f", str(folder / "kamailio.cfg"), "-w", str(folder), "-Y", str(folder)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # A socket and not a pipe: lines of its processes longer than 4 kB must not mix.
            stderr=log.fileno(),
            start_new_session=True,
            # Should this program be killed, Kamailio ends by itself.
            preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509
        )

    async def _end(self) -> None:
        """End Kamailio and all its processes, those too that its first one left behind."""
        kamailio = self._kamailio
        assert kamailio is not None
        kamailio.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(kamailio.wait, END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(kamailio.pid, signal.SIGKILL)
        kamailio.wait()

    # -- what it says -----------------------------------------------------------------------------

    async def _see_its_end(self) -> None:
        """Wait until Kamailio's first process has ended.

        Raises:
            _EndedError: it has.
        """
        assert self._kamailio is not None
        code = await asyncio.to_thread(self._kamailio.wait)
        raise _EndedError(f"Kamailio has ended (code {code}); its words are above")

    async def _hear_kamailio(self, log: socket.socket) -> None:
        """Read its log until its last process has ended."""
        log.setblocking(False)  # noqa: FBT003 - the library's signature
        reader, writer = await asyncio.open_connection(sock=log, limit=LIMIT_BYTES)
        with contextlib.closing(writer):
            while line := await reader.readline():
                self._hear(line.decode("utf-8", errors="replace"))

    def _hear(self, line: str) -> None:
        event = told(line, self._orders.token)
        if event is not None:
            self._emit(event)
            return
        if HARMLESS in line:
            return
        self._words += 1
        if self._words <= WORDS_PER_MINUTE:
            sys.stderr.write(f"kamailio: {_printable(line)}\n")

    async def _spare_words(self) -> None:
        while True:
            await asyncio.sleep(60)
            more = self._words - WORDS_PER_MINUTE
            if more > 0:
                sys.stderr.write(f"kamailio: {more} more lines in this minute\n")
            self._words = 0

    # -- what main says ---------------------------------------------------------------------------

    async def _obey(self) -> None:
        """Do what main asks until it closes our stdin, or says what nobody understands."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LIMIT_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            try:
                request = wire.requests.decode(line)
            except WireError as error:
                sys.stderr.write(f"edge: {error}\n")
                return
            match request:
                case wire.Ping(n=n):
                    if await self._answers():
                        self._emit(wire.Pong(n=n))
                case wire.Serving(dispatcher_list=text, states=states):
                    self._serve(text, states)

    def _serve(self, dispatcher_list: str, states: dict[str, str]) -> None:
        file = self._orders.folder / "dispatcher.list"
        new = file.with_suffix(".new")
        new.write_text(dispatcher_list, encoding="ascii")
        new.replace(file)
        self._states = states
        self._new_states.set()

    async def _pass_states_on(self) -> None:
        """Tell Kamailio each agent's new state, again and again until it has taken it."""
        taken: dict[str, str] = {}
        while True:
            await self._new_states.wait()
            self._new_states.clear()
            # On before off: while one agent takes another's place, there is no moment without both.
            for agent, state in sorted(self._states.items(), key=lambda one: one[1] != "a"):
                if taken.get(agent) == state:
                    continue
                answer = await self._ask("dispatcher.set_state", state, GROUP, agent)
                if answer is None or "error" in answer:
                    sys.stderr.write(f"edge: Kamailio does not switch {agent}: {answer}\n")
                    self._new_states.set()
                    await asyncio.sleep(AGAIN_S)
                    break
                taken[agent] = state

    # -- is it there? -----------------------------------------------------------------------------

    async def _say_ready(self) -> None:
        assert self._kamailio is not None
        while not await self._answers():
            await asyncio.sleep(LOOK_EVERY_S)
        self._ready = True
        self._emit(wire.Ready(pid=self._kamailio.pid))

    async def _answers(self) -> bool:
        """Whether Kamailio answers an OPTIONS."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)  # noqa: FBT003 - the library's signature
            probe.connect((LOOPBACK, self._orders.inner_port))
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(ANSWER_S):
                    await loop.sock_sendall(probe, _options(*probe.getsockname()))
                    return (await loop.sock_recv(probe, 4096)).startswith(b"SIP/2.0 200")
        return False

    async def _look_at_registrations(self) -> None:
        """Tell main of each registration that has changed."""
        if not (self._orders.folder / "db" / "uacreg").exists():
            return
        while True:
            await asyncio.sleep(REGISTERED_EVERY_S)
            answer = await self._ask("uac.reg_dump") or {}
            for one in answer.get("result") or ():
                name, there = str(one["l_uuid"]), bool(int(one["flags"]) & ONLINE)
                if self._ready and self._registered.get(name) != there:
                    self._registered[name] = there
                    self._emit(wire.Registered(account=name, there=there))

    async def _ask(self, method: str, *params: str | int) -> dict[str, Any] | None:
        """Ask Kamailio by JSON-RPC; None: no answer came."""
        async with self._one_asks:  # there is one socket for the answers
            return await asyncio.to_thread(ask, self._orders.folder, method, *params)

    def _emit(self, event: msgspec.Struct) -> None:
        if not self._ready and not isinstance(event, wire.Ready):
            self._early.append(event)  # main listens from `Ready` on
            return
        early, self._early = self._early, []
        for one in (event, *early):
            self._out.write(encode(one))
        self._out.flush()


class _EndedError(Exception):
    """Kamailio has ended."""


def ask(folder: Path, method: str, *params: str | int) -> dict[str, Any] | None:
    """Ask the Kamailio that has its files in this folder; None when no answer comes.

    Args:
        folder: of the edge.
        method: of Kamailio's RPC.
        params: what it takes.
    """
    ours = folder / "ask.sock"
    ours.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        try:
            door.bind(str(ours))
            door.settimeout(ANSWER_S)
            request = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
            door.sendto(request.encode(), str(folder / "kamailio.sock"))
            answer = json.loads(door.recv(1 << 20))
        except (OSError, ValueError):
            return None
        finally:
            ours.unlink(missing_ok=True)
    return answer if isinstance(answer, dict) else None


def _printable(line: str) -> str:
    """Return so much of a line as a log can hold, without what would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in line.strip()[:WORD_CHARS])


def _options(address: str, port: int) -> bytes:
    where = f"{address}:{port}"
    return (
        f"OPTIONS sip:edge@{LOOPBACK} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {where};rport;branch=z9hG4bK{os.urandom(8).hex()}\r\n"
        f"From: <sip:sipbot@{where}>;tag={os.urandom(4).hex()}\r\n"
        f"To: <sip:edge@{LOOPBACK}>\r\n"
        f"Call-ID: {os.urandom(8).hex()}@{address}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def main() -> None:
    """Run the edge; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Keep a Kamailio; started by sipbot run.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kamailio", required=True)
    parser.add_argument("--inner-port", type=int, required=True)
    parser.add_argument("--token", required=True)
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    orders = Orders(given.folder, given.kamailio, given.inner_port, given.token)
    sys.exit(asyncio.run(EdgeProgram(orders).run()))


if __name__ == "__main__":
    main()
