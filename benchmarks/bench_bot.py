"""A sipbot of its own for one series of measurements: temporary folder, free ports, own broker."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from benchmarks.bus import Bus, subscribed
from benchmarks.machine import family

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
SAMPLES = ROOT / "sipbot" / "samples"

GREETING_S = 0.5
"""Short, so that the time goes into messages; its length is in no figure."""

STOP_S = 30.0
"""An orderly stop waits up to 20 s for callers; none are left at the end of a measurement."""

_CONFIG = """
site = "bench"
models = "{models}"
[sip]
port = {sip_port}
rtp_port = {rtp_port}
[mqtt]
host = "{mqtt_host}"
port = {mqtt_port}
[speech]
second = {second}
"""

_DIALPLAN = """
schema = 1
client = "bench"
say_name = "Bench"
numbers = ["bench"]
language = "{language}"
[answer]
after_s = 0
greeting = "greeting.wav"
thanks = "builtin:{language}/thanks"
"""


class Bot(msgspec.Struct, frozen=True, kw_only=True):
    """A running sipbot."""

    pid: int
    sip_port: int
    folder: Path
    language: str
    broker: str
    bus: Bus

    @property
    def uri(self) -> str:
        """Whom to call."""
        return f"sip:bench@127.0.0.1:{self.sip_port}"

    @property
    def message(self) -> Path:
        """What callers say."""
        return SAMPLES / f"caller-{self.language}.wav"

    @property
    def processes(self) -> dict[str, int]:
        """Role → pid."""
        return family(self.pid)


@contextlib.asynccontextmanager
async def running(language: str, *, second: bool) -> AsyncIterator[Bot]:
    """Start a sipbot that is ready, and end it.

    Args:
        language: of its one client; its models must be installed.
        second: whether the second ear reads too.

    Raises:
        TimeoutError: it did not become ready.
    """
    folder = Path(tempfile.mkdtemp(prefix="sipbot-bench-"))
    try:
        async with contextlib.AsyncExitStack() as stack:
            mqtt_port = _free_port(socket.SOCK_STREAM)
            broker = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
            if broker is not None:
                await stack.enter_async_context(_mosquitto(broker, mqtt_port, folder))
            sip_port = _free_port(socket.SOCK_DGRAM)
            config = _configure(
                folder,
                sip_port=sip_port,
                rtp_port=_free_port(socket.SOCK_DGRAM) // 2 * 2,
                mqtt_host="127.0.0.1" if broker else "",
                mqtt_port=mqtt_port,
                language=language,
                second=str(second).lower(),
                models=MODELS,
            )
            pid = await stack.enter_async_context(_sipbot(config, folder))
            bus = await _listen(stack, mqtt_port)
            await bus.until(lambda: bus.state == "ready", "the state ready")
            yield Bot(
                pid=pid,
                sip_port=sip_port,
                folder=folder,
                language=language,
                broker="Mosquitto" if broker else "embedded amqtt",
                bus=bus,
            )
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path, **values: object) -> Path:
    prompts = folder / "dialplans" / "prompts"
    prompts.mkdir(parents=True)
    with wave.open(str(prompts / "greeting.wav"), "wb") as greeting:
        greeting.setnchannels(1)
        greeting.setsampwidth(2)
        greeting.setframerate(8000)
        greeting.writeframes(bytes(int(GREETING_S * 8000) * 2))
    (folder / "dialplans" / "bench.toml").write_text(_DIALPLAN.format(**values))
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(**values))
    return config


@contextlib.asynccontextmanager
async def _sipbot(config: Path, folder: Path) -> AsyncIterator[int]:
    with (folder / "sipbot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "sipbot", "run", "--config", str(config)],
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    except BaseException:
        sys.stderr.write((folder / "sipbot.log").read_text()[-4000:])
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            left = family(process.pid)
            for pid in left.values():
                os.kill(pid, signal.SIGKILL)
            await process.wait()
            raise RuntimeError(f"sipbot did not stop within {STOP_S:g} s: {left}") from None


@contextlib.asynccontextmanager
async def _mosquitto(program: str, port: int, folder: Path) -> AsyncIterator[None]:
    config = folder / "mosquitto.conf"
    # Nagle's algorithm would hold small messages back for the acknowledgement of the one before.
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
    process = await asyncio.create_subprocess_exec(
        *[program, "-c", str(config)],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listen(stack: contextlib.AsyncExitStack, port: int) -> Bus:
    """Subscribe as soon as the broker is there; the embedded one comes with sipbot."""
    async with asyncio.timeout(STOP_S):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                return await stack.enter_async_context(subscribed(port))
            await asyncio.sleep(0.1)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
