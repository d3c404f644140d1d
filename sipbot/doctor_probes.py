"""Trying things out for ``sipbot doctor``: children that really start, ports that are really free.

Everything is started beside a running sipbot, never in its place: ports are chosen by the system,
sockets live in a folder of their own, and all that was started has ended when a probe returns.
"""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

import sipbot
from sipbot import broker_wire
from sipbot.child import Child, Limits
from sipbot.errors import ChildStartError, FeedError
from sipbot.link import Broker, reach
from sipbot.sip import wire
from sipbot.sip.client import READY_S, AgentClient
from sipbot.sip.stack import LINES, StackSettings
from sipbot.speech import wire as speech
from sipbot.speech.client import READY_S as EAR_READY_S
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ModelRef, Role

BROKER_READY_S = 15.0
"""amqtt is up after 0.4 s on a free core (measured); a busy machine gets more."""

PROBE_RTP_PORT = 41000
"""Apart from the agents' default (40000) and the test callers' (42000); probes carry no audio."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying."""

    works: bool
    found: str
    version: str = ""
    remedy: str = ""


async def agent(calls: int = LINES) -> Probe:
    """Start an agent on a port the system chooses, let it say who it is, and end it.

    Args:
        calls: how many an agent is to carry.
    """
    greeted: asyncio.Future[wire.Hello] = asyncio.get_running_loop().create_future()

    # Both in the event loop.
    def hear(event: wire.Event) -> None:
        if isinstance(event, wire.Hello) and not greeted.done():
            greeted.set_result(event)

    def gone(reason: str) -> None:
        if not greeted.done():
            greeted.set_exception(ChildStartError(reason))

    with tempfile.TemporaryDirectory(prefix="sipbot-doctor-") as folder:
        client = AgentClient(
            0,
            stack=StackSettings(
                user_agent=f"sipbot-doctor/{sipbot.__version__}",
                address="127.0.0.1",
                port=0,
                rtp_port=PROBE_RTP_PORT,
                rtp_ports=10,
            ),
            allow=("127.0.0.1/32",),
            run_folder=Path(folder),
            on_event=hear,
            on_gone=gone,
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(client.run(), name="probe agent")
            try:
                async with asyncio.timeout(2 * READY_S):
                    hello = await greeted
                client.drain()
                async with asyncio.timeout(READY_S):
                    await asyncio.wait({running})
            except (ChildStartError, TimeoutError) as error:
                client.kill()
                found = str(error) or "does not answer"
                return Probe(works=False, found=found, remedy=_remedy(found))
            finally:
                running.cancel()
    return await _carries(calls, hello.pjsip)


def _remedy(found: str) -> str:
    """Return what to do about an agent that did not start: one that was only slow is not broken."""
    if "not ready within" in found or "does not answer" in found:
        return "Too slow: is this machine busy? Run sipbot doctor again when it is not"
    return "Reinstall the wheel: pip install --force-reinstall pjsua2-python"


async def _carries(wanted: int, version: str) -> Probe:
    """Return whether pjsua2 allows so many calls: more are silently reduced, and refused later."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot.sip.most_calls"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(2 * READY_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        said = b""
    lines = said.split()  # the library greets before its log level counts
    most = int(lines[-1]) if lines and lines[-1].isdigit() else 0
    if not most:
        remedy = "Reinstall the wheel: pip install --force-reinstall pjsua2-python"
        found = "starts, but does not begin a call"
        return Probe(works=False, version=version, found=found, remedy=remedy)
    found = f"starts; this pjsua2 allows {most} calls: sip.calls_per_agent may be 1 to {most}"
    if most < wanted:
        remedy = f"Set sip.calls_per_agent = {most}, or build pjsua2 with PJSUA_MAX_CALLS={wanted}"
        found = f"allows {most} calls, and sip.calls_per_agent is {wanted}: the others get 486"
        return Probe(works=False, version=version, found=found, remedy=remedy)
    return Probe(works=True, version=version, found=found)


async def embedded_broker(port: int) -> Probe:
    """Start the embedded broker on a port the system chooses, and see that its own port is free."""
    try:
        with socket.create_server(("127.0.0.1", port), reuse_port=False):
            pass
    except OSError as error:
        found = f"127.0.0.1:{port}/tcp: {error.strerror}"
        remedy = "End the program that has the port, or set mqtt.port to another"
        return Probe(works=False, found=found, remedy=remedy)
    ports: list[int] = []
    argv = [sys.executable, "-m", "sipbot.broker", "--host", "127.0.0.1", "--port", "0"]
    child = Child(
        argv,
        name="probe broker",
        decoder=broker_wire.events,
        # Event loop.
        on_message=lambda message: ports.append(getattr(message, "port", 0)),
        is_ready=lambda message: isinstance(message, broker_wire.Ready),
        limits=Limits(ready_s=BROKER_READY_S),
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(child.run(), name="probe broker")
        try:
            async with asyncio.timeout(BROKER_READY_S):
                await child.ready.wait()
            probe = await broker(Broker(host="127.0.0.1", port=ports[0]))
        except TimeoutError:
            remedy = "Reinstall it: pip install --force-reinstall amqtt; or set mqtt.host to yours"
            return Probe(works=False, found="does not start; see the lines above", remedy=remedy)
        finally:
            running.cancel()
    if not probe.works:
        return probe
    return Probe(works=True, found=f"starts, takes a session; its port {port}/tcp is free")


async def broker(where: Broker) -> Probe:
    """Connect to a broker as a nameless client, and leave."""
    place = f"{where.host}:{where.port}"
    try:
        await reach(where)
    except FeedError as error:
        return Probe(works=False, found=str(error))
    return Probe(works=True, found=f"{place} takes our session{' over TLS' if where.tls else ''}")


async def ear(role: Role, models: Sequence[ModelRef]) -> Probe:
    """Start a recogniser, let it load its models, and end it."""
    client = SpeechClient(role, models, _heard)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.run(), name=f"probe {role} recogniser")
        try:
            async with asyncio.timeout(EAR_READY_S):
                await client.ready.wait()
        except TimeoutError:
            remedy = "Look at the lines above; sipbot models verify NAME checks a model"
            return Probe(works=False, found="does not get ready", remedy=remedy)
        finally:
            running.cancel()
    loaded = ", ".join(sorted(set(client.ears.values())))
    return Probe(works=True, found=f"starts and loads {loaded or 'no model'}")


# Event loop; `Ready` is all a recogniser without jobs has to say, and `SpeechClient` keeps it.
def _heard(_reply: speech.Reply) -> None:
    return
