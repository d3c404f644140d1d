"""SIPp as the caller: a scenario of tests/peers filled in, run, and judged by its exit code."""

import asyncio
import contextlib
import csv
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot import PATIENCE_S, Bot, until
from tests.free_ports import free_ports

PEERS = Path(__file__).parent / "peers"

SDP = """v=0
o=caller 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000"""


class Sipp:
    """A running SIPp.

    Args:
        folder: its own; scenario, messages and statistics are there.
        process: SIPp.
        port: its own SIP port.
    """

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self._folder = folder
        self._process = process

    async def done(self, limit_s: float = PATIENCE_S) -> None:
        """Wait until every call went as the scenario says.

        Raises:
            AssertionError: one did not; with SIPp's own words.
        """
        async with asyncio.timeout(limit_s):
            code = await self._process.wait()
        assert code == 0, f"SIPp ended with {code}:\n{self.problems()}\n{self.messages()[-6000:]}"

    def messages(self) -> str:
        """Every message it has sent and received so far."""
        path = self._folder / "messages.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def problems(self) -> str:
        """What it found unexpected."""
        path = self._folder / "errors.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def logs(self) -> str:
        """What the scenario wrote by its own log actions."""
        return (self._folder / "logs.log").read_text(encoding="utf-8")

    def statistics(self) -> dict[str, str]:
        """Its cumulated counters, after its end."""
        with (self._folder / "statistics.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))[-1]

    async def seen(self, words: str) -> str:
        """Wait until its messages contain these words, and return them all."""
        return await until(lambda: m if words in (m := self.messages()) else None)


@contextlib.asynccontextmanager
async def sipp(
    scenario: str,
    *target: str,
    source: str = "127.0.0.1",
    calls: int = 1,
    at_once: int = 1,
    trace: bool = True,
    twin: str = "",
    **filled_in: str | int | Path,
) -> AsyncIterator[Sipp]:
    """Run a scenario and end SIPp with the block.

    Args:
        scenario: file in tests/peers, without .xml.
        target: further arguments: service and ``host:port`` of a callee, or none for a server.
        source: own address.
        calls: how many.
        at_once: how many at the same time.
        trace: keep every message; costs time with many calls.
        twin: ``host:port`` where SIPp takes commands (its 3PCC mode); empty for none.
        filled_in: what stands for ``@NAME@`` in the scenario, keys in lower case.
    """
    folder = Path(tempfile.mkdtemp(prefix="sipp-"))
    port = free_ports()
    text = (PEERS / f"{scenario}.xml").read_text(encoding="utf-8")
    for _ in range(2):  # what is filled in may have something to be filled in
        for key, value in filled_in.items():
            text = text.replace(f"@{key.upper()}@", str(value))
    (folder / "scenario.xml").write_text(text, encoding="utf-8")
    traced = ["-trace_msg", "-message_file", "messages.log"] if trace else []
    process = await asyncio.create_subprocess_exec(
        *["sipp", "-sf", "scenario.xml", "-i", source, "-p", str(port), "-mi", source],
        *["-m", str(calls), "-l", str(at_once), "-r", str(at_once), "-nostdin"],
        *["-mp", str(free_ports(4 * at_once)), "-trace_err", "-error_file", "errors.log", *traced],
        *["-trace_stat", "-stf", "statistics.csv", "-fd", "1"],
        *["-trace_logs", "-log_file", "logs.log", *(["-3pcc", twin] if twin else []), *target],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Sipp(folder, process, port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def call(
    bot: Bot,
    scenario: str,
    caller: str,
    number: str = "desk",
    *,
    source: str = "127.0.0.1",
    calls: int = 1,
    at_once: int = 1,
    trace: bool = True,
    twin: str = "",
    agent: int = 0,
    **filled_in: str | int | Path,
) -> AsyncIterator[Sipp]:
    """Call a bot; `caller` is the user part of From and finds the call in the ledger."""
    bot.invites += calls
    defaults: dict[str, str | int | Path] = {
        "name": "Caller",
        "headers": "",
        "middle": "",
        "end": fragment("hang_up"),
        "type": "application/sdp",
        "body": SDP,
        "before_ms": 600,
        "speak_ms": 600,
    }
    async with sipp(
        scenario,
        *["-s", number, f"127.0.0.1:{bot.port + agent}"],
        source=source,
        calls=calls,
        at_once=at_once,
        trace=trace,
        twin=twin,
        **{**defaults, **filled_in, "caller": caller},
    ) as running:
        yield running


def fragment(name: str, **filled_in: str | int) -> str:
    """Return a part for the middle or the end of a message."""
    text = (PEERS / f"{name}.xml").read_text(encoding="utf-8")
    for key, value in filled_in.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    return text


def pause(milliseconds: int) -> str:
    """Return a part that waits."""
    return f'  <pause milliseconds="{milliseconds}"/>'


def installed(program: str) -> str:
    """Return the program's path, or fail with the way to get it."""
    path = shutil.which(program)
    if path is None:
        pytest.fail(f"{program} is missing: apt-get install sip-tester baresip mosquitto")
    return path
