"""The two sites that `benchmarks.lines` calls: a whole sipbot, and the bare yardstick."""

import asyncio
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_bot import MODELS, ROOT, _free_port, _mosquitto, _sipbot
from benchmarks.lines_edge import kamailio
from benchmarks.lines_sound import greeting, write_wav
from benchmarks.machine import listening_udp

CALLS_PER_AGENT = 4
RTP_PORT, RTP_PORTS_PER_AGENT = 34_048, 32
"""A bare agent begins, as a whole one does, at a multiple of 32: see `lines_heard.PORT_STEP`."""
UP_S = 300.0
"""A hundred agents need 40 s of processor to load."""

SETTLE_S = 3.0
"""After the last port is open: the edge must have heard of the last agent."""

_CONFIG = """
site = "bench"
models = "{models}"
[sip]
port = {port}
inner_port = {inner_port}
lines = {lines}
rtp_port = {rtp_port}
[mqtt]
host = "127.0.0.1"
port = {mqtt_port}
[speech]
live = {ears}
second = {ears}
"""

_DIALPLAN = """
schema = 1
client = "bench"
say_name = "Bench"
numbers = ["bench"]
language = "ko"
[answer]
after_s = 0
greeting = "greeting.wav"
thanks = "builtin:ko/thanks"
[record]
beep = false
end_silence_s = 10
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Somebody who answers."""

    who: str
    port: int
    roots: list[int]
    """Processes that are it, with all below them."""
    recordings: Callable[[], list[Path]]
    rtp_ports: int
    """From `RTP_PORT` on."""


@asynccontextmanager
async def sipbot(lines: int, *, ears: bool) -> AsyncIterator[Site]:
    """Run a whole sipbot, with its edge where it has more agents than one.

    Raises:
        TimeoutError: it was not up within `UP_S`.
        FileNotFoundError: Mosquitto is not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="lines-sipbot-"))
    try:
        async with AsyncExitStack() as stack:
            mqtt_port = _free_port(socket.SOCK_STREAM)
            broker = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
            if broker is None:
                raise FileNotFoundError("mosquitto is not installed")
            await stack.enter_async_context(_mosquitto(broker, mqtt_port, folder))
            agents = -(-lines // CALLS_PER_AGENT)
            port = _free_row(agents + 2)
            inner_port = port + 2  # the port below it is the edge's, too
            values = {"models": MODELS, "port": port, "inner_port": inner_port, "lines": lines}
            values |= {"rtp_port": RTP_PORT, "mqtt_port": mqtt_port, "ears": str(ears).lower()}
            config = _write(folder, values)
            pid = await stack.enter_async_context(_sipbot(config, folder))
            await _up([port, *(inner_port + n for n in range(agents))] if agents > 1 else [port])
            yield Site(
                who="sipbot, ears on" if ears else "sipbot",
                port=port,
                roots=[pid],
                recordings=lambda: sorted((folder / "var" / "spool").glob("*/audio.wav")),
                rtp_ports=agents * RTP_PORTS_PER_AGENT,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def bare(lines: int) -> AsyncIterator[Site]:
    """Run as many bare agents as it takes, behind the smallest Kamailio."""
    folder = Path(tempfile.mkdtemp(prefix="lines-bare-"))
    agents = -(-lines // CALLS_PER_AGENT)
    port = _free_row(agents + 1)
    first = port + 1
    write_wav(folder / "greeting.wav", greeting())
    (folder / "said").mkdir()
    processes: list[asyncio.subprocess.Process] = []
    try:
        for n in range(agents):
            words = [first + n, RTP_PORT + n * RTP_PORTS_PER_AGENT, folder / "greeting.wav"]
            processes.append(
                await asyncio.create_subprocess_exec(
                    *[sys.executable, "-m", "benchmarks.bare_agent"],
                    *[str(word) for word in (*words, folder / "said")],
                    cwd=ROOT,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                )
            )
        ports = [first + n for n in range(agents)]
        await _up(ports)
        async with kamailio(port, ports, folder / "edge") as edge:
            await _up([port])
            yield Site(
                who="bare",
                port=port,
                roots=[edge, *(process.pid for process in processes)],
                recordings=lambda: sorted((folder / "said").glob("*.wav")),
                rtp_ports=agents * RTP_PORTS_PER_AGENT,
            )
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
            await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _up(ports: list[int]) -> None:
    async with asyncio.timeout(UP_S):
        while not all(listening_udp(port) for port in ports):
            await asyncio.sleep(0.2)
    await asyncio.sleep(SETTLE_S)


def _write(folder: Path, values: dict[str, object]) -> Path:
    prompts = folder / "dialplans" / "prompts"
    prompts.mkdir(parents=True)
    write_wav(prompts / "greeting.wav", greeting())
    (folder / "dialplans" / "bench.toml").write_text(_DIALPLAN, encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(**values), encoding="utf-8")
    return config


def _free_row(number: int) -> int:
    """Return the first of some UDP ports in a row that nobody has, below Linux's own choice."""
    first, found = 20_000, 0
    for port in range(20_000, 32_000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                first, found = port + 1, 0
                continue
        found += 1
        if found == number:
            return first
    raise OSError(f"no {number} free UDP ports in a row")
