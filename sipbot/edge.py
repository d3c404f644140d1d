"""The edge, seen from main: Kamailio's files, its program kept alive, and what it refuses.

Data path: agents' state -> [edge] -> edge_program; refused INVITEs -> [edge] -> switchboard

Each INVITE that the edge refuses is told like one that an agent has refused, and becomes a row of
the ledger; of strangers who call again and again, and of whoever calls too often, what has no row
of its own becomes a line of the audit log a minute.  Agents are switched on and off without a
restart: calls that go on stay, and so does the count of them by which the next one is placed.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path

import structlog

from sipbot import edge_wire as wire
from sipbot import ports
from sipbot.agent_places import LOOPBACK
from sipbot.audit import AuditEntry
from sipbot.child import Child
from sipbot.edge_config import (
    Plan,
    dispatcher_list,
    dispatcher_states,
    kamailio_cfg,
    table_versions,
    uacreg,
)
from sipbot.errors import ChildGoneError, ConfigError, Mistake, SipbotError
from sipbot.sip import wire as sip_wire
from sipbot.sip.gate import Gate, offer_of

LOOK_EVERY_S = 0.2
"""Between two looks at the agents: one that died is back within a second, and a caller's INVITE is
sent again after half a second."""

CHECK_S = 30.0
"""Longest time for Kamailio to check its configuration (0.1 s, measured; 2 s on a busy machine)."""

SOCKET_PATH_BYTES = 107
"""Longest path of a Unix socket (unix(7))."""

SOURCES_PER_MINUTE = 100
"""Sources that have a line of their own in the audit log; the others share one: source addresses
can be invented."""

_UNTOLD = {"source": "outside sip.allow", "rate": "above edge.invites_per_s"}
"""Why the edge refuses so much that it tells a sum, as people read it."""

Serving = Callable[[], frozenset[int]]
"""Returns the SIP ports of the agents that take calls now."""

Audit = Callable[[list[AuditEntry], datetime], Awaitable[None]]
"""Writes lines of the audit log, all with this time; raises SipbotError when it cannot."""


def secret_of(file: Path) -> str:
    """Return the edge's secret, which is made once: calls that go on were marked with it."""
    with contextlib.suppress(FileNotFoundError):
        kept = file.read_text(encoding="ascii").strip()
        if kept:
            return kept
    make_private(file.parent)
    write_private(file, secrets.token_hex(32))
    return file.read_text(encoding="ascii")


def write_files(plan: Plan, serving: frozenset[int]) -> None:
    """Write what Kamailio reads; only this user can read it, for there are passwords in it."""
    folder = Path(plan.folder)
    make_private(folder / "db")
    write_private(folder / "kamailio.cfg", kamailio_cfg(plan))
    write_private(folder / "dispatcher.list", dispatcher_list(plan, serving))
    (folder / "db" / "uacreg").unlink(missing_ok=True)
    if plan.registrations:
        write_private(folder / "db" / "uacreg", uacreg(plan) + "\n")
        write_private(folder / "db" / "version", table_versions())


def find(kamailio: str) -> str | None:
    """Return the path of the program; None when there is none."""
    return shutil.which(kamailio, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


async def problem_with(folder: Path, kamailio: str) -> str:
    """Return what Kamailio itself says against the configuration it finds; empty: nothing.

    Args:
        folder: where kamailio.cfg is, and everything that it names.
        kamailio: the program's path.
    """
    process = await asyncio.create_subprocess_exec(
        *(kamailio, "-c", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CHECK_S):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return f"kamailio -c did not end within {CHECK_S:g} s"
    lines = [line for line in said.decode("utf-8", errors="replace").splitlines() if line.strip()]
    wrong = [line for line in lines if "ERROR" in line or "CRITICAL" in line]
    return (wrong or lines or ["it gave no reason"])[0].strip() if process.returncode else ""


class Edge:
    """Keeps the Kamailio in front of our agents.

    Args:
        plan: what it is to be.
        kamailio: the program.
        serving: which agents take calls, as of now.
        hear: takes what we say in an agent's words, `Refused` and `Registered`; we come first.
        audit: writes lines of the audit log.
        on_crash_loop: told when Kamailio keeps dying.
    """

    def __init__(
        self,
        plan: Plan,
        kamailio: str,
        *,
        serving: Serving,
        hear: "Callable[[Edge, sip_wire.Event], None]",
        audit: Audit,
        on_crash_loop: Callable[[int], None],
    ) -> None:
        self._plan, self._kamailio = plan, kamailio
        self._serving, self._tell, self._audit = serving, hear, audit
        self._copies = Gate(())
        self._untold: dict[tuple[str, str], int] = {}
        self._told: frozenset[int] | None = None
        self._log = structlog.get_logger().bind(child="edge")
        self.child = Child(
            self._argv(),
            name="edge",
            decoder=wire.events,
            is_ready=lambda message: isinstance(message, wire.Ready),
            ping=lambda n: wire.Ping(n=n),
            on_message=self._hear,
            on_crash_loop=on_crash_loop,
        )

    async def prepare(self, file: Path) -> None:
        """Write the files and try them; call it before `run`.

        Args:
            file: the settings, for the message.

        Raises:
            ConfigError: there is no Kamailio, it refuses, or the port is not to be had.
        """
        found = find(self._kamailio)
        if found is None:
            remedy = "apt install kamailio kamailio-tls-modules; or set edge.kamailio to its path"
            raise _mistake(file, "edge.kamailio", self._kamailio, "is not installed", remedy)
        if len(self._plan.control) > SOCKET_PATH_BYTES:
            problem = f"makes the path of a socket longer than {SOCKET_PATH_BYTES} bytes"
            raise _mistake(file, "var", self._plan.control, problem, "Choose a shorter folder")
        self._kamailio = found
        self.child.replace(self._argv(), "")
        await self._port_is_free(file)
        write_files(self._plan, self._serving())
        problem = await problem_with(Path(self._plan.folder), found)
        if problem:
            remedy = 'See sipbot doctor; set edge.mode = "never" to go on without'
            raise _mistake(file, "edge", found, f"refuses its configuration: {problem}", remedy)

    async def run(self) -> None:
        """Keep Kamailio alive until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.child.run(), name="kamailio")
            group.create_task(self._tell_agents(), name="agents behind the edge")
            group.create_task(self._note_untold(), name="refused without a row")

    def send(self, command: sip_wire.Command) -> None:
        """Hear that a refusal is written down; Kamailio remembers nothing of it."""

    # -- from Kamailio's program: called in the event loop ----------------------------------------

    def _hear(self, message: object) -> None:
        match message:
            case wire.Ready(pid=pid):
                self._told = None
                self._log.info("edge is ready", pid=pid, port=self._plan.port)
            case wire.Refused(why=why, code=code, source=source, raw=raw):
                if not self._copies.is_again(raw, time.monotonic()):
                    offer = offer_of(raw, source)
                    self._tell(self, sip_wire.Refused(offer=offer, code=code, why=why))
            case wire.Untold(why=why, source=source, invites=invites):
                self._untold[why, source] = self._untold.get((why, source), 0) + invites
            case wire.Registered(account=user, there=there):
                self._tell(self, self._registered(user, there=there))

    def _registered(self, user: str, *, there: bool) -> sip_wire.Registered:
        ours = self._plan.registrations
        name = next(
            (one.name for one in ours if user in (one.user, f"{one.user}-{one.name}")), user
        )
        return sip_wire.Registered(
            account=name,
            code=200 if there else 408,
            reason="OK" if there else "the registrar has not confirmed it",
            expires_s=next((one.expires_s for one in ours if one.name == name), 0),
        )

    # -- to Kamailio's program --------------------------------------------------------------------

    async def _tell_agents(self) -> None:
        """Tell it which agents take calls, whenever that changes."""
        while True:
            serving = self._serving()
            if self.child.ready.is_set() and serving != self._told:
                with contextlib.suppress(ChildGoneError):  # the next one is told anew
                    text = dispatcher_list(self._plan, serving)
                    states = dispatcher_states(self._plan, serving)
                    self.child.send(wire.Serving(dispatcher_list=text, states=states))
                    self._told = serving
            await asyncio.sleep(LOOK_EVERY_S)

    async def _note_untold(self) -> None:
        """Write down, once a minute, whose refused calls have no row."""
        while True:
            await asyncio.sleep(60)
            heard, self._untold = self._untold, {}
            if not heard:
                continue
            invites = sum(heard.values())
            self._log.warning("calls refused without a row", sources=len(heard), invites=invites)
            try:
                await self._audit(_audit_lines(heard), datetime.now(UTC))
            except SipbotError as error:
                self._log.error("refused calls are not in the audit log", problem=str(error))

    # -- parts ------------------------------------------------------------------------------------

    def _argv(self) -> list[str]:
        plan = self._plan
        return [
            *(sys.executable, "-m", "sipbot.edge_program", "--folder", plan.folder),
            *("--kamailio", self._kamailio, "--inner-port", str(plan.inner_port)),
            *("--token", plan.token),
        ]

    async def _port_is_free(self, file: Path) -> None:
        plan = self._plan
        places = [
            ("sip.port", plan.address, plan.port, "udp"),
            ("sip.inner_port", LOOPBACK, plan.inner_port, "udp"),
        ]
        if plan.tcp:
            places.append(("sip.port", plan.address, plan.port, "tcp"))
        if plan.tls is not None:
            places.append(("edge.tls_port", plan.address, plan.tls.port, "tcp"))
        until = time.monotonic() + ports.PATIENCE_S
        for key, address, port, kind in places:
            look = ports.tcp_problem if kind == "tcp" else ports.udp_problem
            while problem := look(address, port):
                if time.monotonic() >= until:
                    remedy = "End the program that has the port, or choose another port"
                    raise _mistake(file, key, f"{address}:{port}/{kind}", problem, remedy)
                await asyncio.sleep(ports.LOOK_EVERY_S)


async def prepare(edge: Edge | None, file: Path) -> None:
    """Prepare an edge, if there is one; see `Edge.prepare`."""
    if edge is not None:
        await edge.prepare(file)


def parts(edge: Edge | None) -> list[tuple[str, Coroutine[None, None, None]]]:
    """Return what runs for an edge, if there is one."""
    return [] if edge is None else [("edge", edge.run())]


def _audit_lines(heard: dict[tuple[str, str], int]) -> list[AuditEntry]:
    entries = []
    for why, where in _UNTOLD.items():
        sources = [(source, times) for (its, source), times in heard.items() if its == why]
        most = sorted(sources, key=lambda one: (not one[0], -one[1], one[0]))
        own = [one for one in most[:SOURCES_PER_MINUTE] if one[0]]
        entries += [
            AuditEntry(action="refused", address=source, detail=f"{times} more calls {where}")
            for source, times in own
        ]
        if rest := sum(times for _, times in most[len(own) :]):
            detail = f"{rest} more calls of other addresses {where}"
            entries.append(AuditEntry(action="refused", detail=detail))
    return entries


def make_private(folder: Path) -> None:
    """Make a folder that only this user enters, and those above it: mkdir's mode is not theirs."""
    for one in (*reversed(folder.parents), folder):
        one.mkdir(exist_ok=True, mode=0o700)


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user reads, and that is whole or the earlier one at any time."""
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def _mistake(file: Path, key: str, value: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Mistake(file=file, key=key, value=value, problem=problem, remedy=remedy)])
