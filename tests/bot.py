"""A real sipbot in its own folder, with a real broker, for tests that place calls.

Every bot has free ports, so bots can run side by side; every process that is started here is ended
here, by its pid.
"""

import asyncio
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sipbot import ledger_queries as queries
from sipbot import supervisor
from sipbot.agent_places import rtp_ports_of
from sipbot.ledger import ReadOnlyLedger
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.records import EndState
from sipbot.sip.stack import LINES
from tests import ulaw
from tests.brokers import ROOT
from tests.free_ports import free_ports

PATIENCE_S = 60.0
"""Something that never comes fails the test after this; nothing is expected to take it."""

LOOK_EVERY_S = 0.02
"""Between two looks at a file of another process."""

Result = TypeVar("Result")

CONFIG = """
site = "test"
var = "var"
dialplans = "dialplans"
models = {models}

[sip]
address = "127.0.0.1"
port = {port}
inner_port = {inner_port}
lines = {lines}
rtp_port = {rtp_port}
allow = ["127.0.0.1/32"]

{accounts}

# Callers of the tests choose the agent by its port.
[edge]
mode = "{edge}"

[mqtt]
host = "127.0.0.1"
port = {mqtt_port}

[speech]
second = {second}

[log]
format = "json"
"""

DIALPLAN = """
schema = 1
client = "{name}"
say_name = "{name}"
numbers = ["{name}"]
language = "ko"

[answer]
after_s = {after_s}
greeting = "{greeting}"
thanks = "thanks.wav"

[record]
beep = {beep}
no_speech_s = {no_speech_s}
end_silence_s = {end_silence_s}
"""

CLIENTS: dict[str, dict[str, Any]] = {
    "desk": {},
    "beeping": {"beep": "true"},
    "ringing": {"after_s": 60},
    "talkative": {"greeting": "builtin:ko/greeting"},
    "hasty": {"no_speech_s": 2, "end_silence_s": 1},
}
"""The number is the client's name; what is not said here is the quickest of all."""

_QUICKEST = {
    "after_s": 0,
    "greeting": "greeting.wav",
    "beep": "false",
    "no_speech_s": 20,
    "end_silence_s": 10,
}


class Bot:
    """One sipbot and what it left in its folder.

    Args:
        folder: empty; the bot's own.
        mqtt_port: where a broker listens.
        models: folder with the speech models.
        second: whether faster-whisper reads recordings again.
        account: lines of one ``[[sip.account]]`` table; empty for none.
        agents: how many, on ports that follow each other from `port` on.
        edge: ``edge.mode``; with auto, `port` is Kamailio's when there are two agents or more.
    """

    def __init__(
        self,
        folder: Path,
        mqtt_port: int,
        models: Path,
        *,
        second: bool = False,
        account: str = "",
        agents: int = 1,
        edge: str = "never",
    ) -> None:
        self.folder = folder
        self.port = free_ports(agents)
        self.mqtt_port = mqtt_port
        self.spool = folder / "var" / "spool"
        self.log = folder / "log.jsonl"
        self.invites = 0
        """INVITEs that the tests sent to this bot."""
        self.process: subprocess.Popen[bytes] | None = None
        config = CONFIG.format(
            models=json.dumps(str(models)),
            port=self.port,
            inner_port=free_ports(agents + 1) + 1,
            edge=edge,
            lines=agents * LINES,
            rtp_port=free_ports(agents * rtp_ports_of(LINES)),
            accounts=f"[[sip.account]]\n{account}" if account else "",
            mqtt_port=mqtt_port,
            second="true" if second else "false",
        )
        (folder / "config.toml").write_text(config, encoding="utf-8")
        _write_dialplans(folder / "dialplans")

    # -- its life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        begun = self.log.stat().st_size if self.log.exists() else 0
        self._launch()
        await self.logged("state", state="ready", since=begun)

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sipbot", "run", "--config", self.folder / "config.toml"],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop(self) -> None:
        """End it in order, and the agent with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            await until(lambda: self.process is not None and self.process.poll() is not None)

    @property
    def main(self) -> int:
        """Pid of the main process, which outlives its supervisor."""
        found = _main(self.folder)
        assert found is not None, "there is no main process"
        return found

    def kill(self) -> None:
        """End the main process as a power cut would; its agent may have callers and goes on."""
        self.kill_supervisor()
        main = os.pidfd_open(self.main)
        signal.pidfd_send_signal(main, signal.SIGKILL)
        select.select([main], [], [])
        os.close(main)

    def kill_supervisor(self) -> None:
        """End who looks after the main process, which goes on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def restart_supervisor(self) -> None:
        """End the supervisor and start another at once, as systemd would; wait for nothing."""
        self.kill_supervisor()
        self._launch()

    async def clear_away(self) -> None:
        """Leave nothing running, whatever the test did."""
        try:
            await self.stop()
        finally:
            for pid in [*self.agents(), *filter(None, [_main(self.folder)])]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    # -- its children ---------------------------------------------------------------------------

    def agents(self) -> list[int]:
        """Pids of agents that were started from this folder, also by an earlier life."""
        return [
            pid
            for pid, argv in _commands()
            if _is_agent(argv) and argv[-1].startswith(str(self.folder))
        ]

    def agent(self, number: int) -> int | None:
        """Pid of one agent; None while there is none."""
        name = str(self.folder / "var" / "run" / f"agent-{number}.sock")
        return next((p for p, argv in _commands() if _is_agent(argv) and argv[-1] == name), None)

    def listens(self, number: int = 0) -> bool:
        """Whether an agent's SIP port is open."""
        table = Path("/proc/net/udp").read_text(encoding="ascii")
        return f"0100007F:{self.port + number:04X} " in table

    def ear(self, role: str) -> int:
        """Pid of the recogniser ``live`` or ``second``."""
        found = self.ears(role)
        assert len(found) == 1, f"{len(found)} recognisers play the role {role}"
        return found[0]

    def ears(self, role: str) -> list[int]:
        """Pids of the recognisers of this role; none while it is being replaced."""
        return [
            pid
            for pid, argv in _commands()
            if "sipbot.speech.worker" in argv
            and role in argv
            and _parent(pid) == _main(self.folder)
        ]

    # -- what it wrote --------------------------------------------------------------------------

    def says(self, since: int = 0) -> list[dict[str, Any]]:
        """Lines of its log, from this byte on; lines that are not JSON are no log lines."""
        lines = self.log.read_bytes()[since:].split(b"\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    async def logged(self, event: str, *, since: int = 0, **fields: object) -> dict[str, Any]:
        """Wait for a log line with this event and these fields."""

        def look() -> dict[str, Any] | None:
            for line in self.says(since):
                if line["event"] == event and all(line.get(k) == v for k, v in fields.items()):
                    return line
            dead = self.process is not None and self.process.poll() is not None
            assert not dead, f"sipbot ended:\n{self.log.read_text(encoding='utf-8')[-4000:]}"
            return None

        return await until(look)

    def rows(self, limit: int = 10_000) -> list[CallEntry]:
        """Every call in its ledger, newest first."""
        with ReadOnlyLedger.open(self.folder / "var" / "sipbot.sqlite3") as ledger:
            return queries.latest_calls(ledger._connection, limit)

    def memos(self, limit: int = 10_000) -> list[Memo]:
        """Every memo in its ledger, newest first."""
        with ReadOnlyLedger.open(self.folder / "var" / "sipbot.sqlite3") as ledger:
            return ledger.memos(limit)

    def counts(self) -> dict[EndState, int]:
        """How many calls ended in which state; states that no call has are left out."""
        with ReadOnlyLedger.open(self.folder / "var" / "sipbot.sqlite3") as ledger:
            return {state: n for state, n in ledger.end_state_counts().items() if n}

    async def row(self, caller: str) -> CallEntry:
        """Wait for the call from this user, whatever has become of it."""
        return await until(lambda: self._row(caller))

    async def ended(self, caller: str) -> CallEntry:
        """Wait until the call from this user has its end state."""
        return await until(lambda: (r := self._row(caller)) and (r if r.state else None))

    async def answered(self, caller: str) -> CallEntry:
        """Wait until the call from this user is answered."""
        return await until(lambda: (r := self._row(caller)) and (r if r.answered_at else None))

    async def recording(self, caller: str, *, at_least_s: float) -> Path:
        """Wait until the recording of this user's call has grown to this length."""
        path = self.spool / (await self.row(caller)).offer.call / "audio.wav"
        least_bytes = at_least_s * ulaw.RATE_HZ * 2
        await until(lambda: path.exists() and path.stat().st_size >= least_bytes)
        return path

    async def memo(self, caller: str, stage: str = "recorded") -> Memo:
        """Wait for the memo of this user's call; `stage` is the least it must have reached."""
        call = (await self.row(caller)).offer.call

        def look() -> Memo | None:
            for memo in self.memos():
                if memo.call.id == call and stage in {"recorded", memo.stage.value}:
                    return memo
            return None

        return await until(look)

    def _row(self, caller: str) -> CallEntry | None:
        return next((row for row in self.rows() if row.offer.from_.user == caller), None)


@contextlib.asynccontextmanager
async def running(bot: Bot) -> AsyncIterator[Bot]:
    """Start a bot and leave nothing of it behind."""
    try:
        await bot.start()
        yield bot
    finally:
        await bot.clear_away()


async def until(look: Callable[[], Result | None], limit_s: float = PATIENCE_S) -> Result:
    """Look at what another process does until there is something to see."""
    deadline = time.monotonic() + limit_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing came within {limit_s:g} s"
        await asyncio.sleep(LOOK_EVERY_S)
    return seen


def greeting() -> ulaw.Samples:
    return _noise(0.2, seed=1)


def thanks() -> ulaw.Samples:
    return _noise(0.6, seed=2)


def _noise(duration_s: float, seed: int) -> ulaw.Samples:
    silence = np.zeros(int(duration_s * ulaw.RATE_HZ), np.int16)
    # Values that mu-law can say exactly, so that they come back from a telephone line unchanged.
    return ulaw.decode(ulaw.encode(ulaw.noisy(silence, seed=seed, peak=4000)))


def _write_dialplans(folder: Path) -> None:
    (folder / "prompts").mkdir(parents=True)
    ulaw.write(folder / "prompts" / "greeting.wav", greeting())
    ulaw.write(folder / "prompts" / "thanks.wav", thanks())
    for name, own in CLIENTS.items():
        text = DIALPLAN.format(name=name, **(_QUICKEST | own))
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def _commands() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                yield int(entry.name), argv[:-1] or [""]


def _main(folder: Path) -> int | None:
    """Return the pid of the main process that works in this folder; None while there is none."""
    running = supervisor.holder(folder / "var" / "run" / "main.lock")
    return running[0] if running else None


def _is_agent(argv: list[str]) -> bool:
    return "sipbot.sip.agent" in argv


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
    assert found is not None
    return int(found[1])
