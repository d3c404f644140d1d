"""A real agent whose parent is the test itself."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from sipbot.agent_places import rtp_ports_of
from sipbot.lines import encode
from sipbot.place import place
from sipbot.sip import caller_wire, wire
from sipbot.sip.client import fingerprint
from sipbot.sip.stack import LINES, AgentSettings, StackSettings, untold_file
from tests import ulaw
from tests.bot import LOOK_EVERY_S, thanks, until
from tests.free_ports import free_ports

Event = TypeVar("Event", bound=wire.Base)

AGENT = ("-m", "sipbot.sip.agent")

ALLOW = ("127.0.0.1/32",)


def stack_on(port: int) -> StackSettings:
    return StackSettings(
        user_agent="test",
        address="127.0.0.1",
        port=port,
        rtp_port=free_ports(rtp_ports_of(LINES)),
        rtp_ports=rtp_ports_of(LINES),
    )


class RealAgent:
    """An agent process, and how to reach it.

    Args:
        program: what Python runs; by default an agent as sipbot starts it.
    """

    def __init__(self, folder: Path, stack: StackSettings, program: Sequence[str] = AGENT) -> None:
        self.socket = folder / "agent-0.sock"
        self.port = stack.port
        self.process = subprocess.Popen(
            [sys.executable, *program, str(self.socket)], stdin=subprocess.PIPE
        )
        settings = AgentSettings(stack=stack, allow=ALLOW, fingerprint=fingerprint(stack, ALLOW))
        assert self.process.stdin is not None
        self.process.stdin.write(encode(settings))
        self.process.stdin.close()

    async def parent(self) -> "Parent":
        """Connect, as a main process that starts does."""
        while True:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):  # not yet there
                return Parent(*await asyncio.open_unix_connection(self.socket))
            assert self.process.poll() is None, "the agent ended before anybody spoke with it"
            await asyncio.sleep(LOOK_EVERY_S)

    async def ended(self) -> int:
        """Wait for its end and return its exit code."""
        return await asyncio.to_thread(self.process.wait)


class Parent:
    """One connection of a parent with an agent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def next(self, kind: type[Event]) -> Event:
        """Return the next event of this kind."""
        while not isinstance(event := wire.events.decode(await self._reader.readline()), kind):
            pass
        return event

    def say(self, *commands: wire.Command) -> None:
        """Send commands."""
        self._writer.write(b"".join(map(encode, commands)))

    async def die(self) -> None:
        """Close the connection, as the system does for a parent that was killed."""
        self._writer.close()
        await self._writer.wait_closed()


@contextlib.contextmanager
def real_agent(
    folder: Path, stack: StackSettings | None = None, program: Sequence[str] = AGENT
) -> Iterator[RealAgent]:
    """Start an agent and leave nothing of it behind."""
    agent = RealAgent(folder, stack or stack_on(free_ports()), program)
    try:
        yield agent
    finally:
        agent.process.kill()
        agent.process.wait()


@contextlib.asynccontextmanager
async def an_agent(
    folder: Path, stack: StackSettings | None = None
) -> AsyncIterator[tuple[RealAgent, Parent]]:
    """Start an agent with one parent, who leaves it in the end."""
    with real_agent(folder, stack) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)  # its SIP port is open
        try:
            yield agent, parent
        finally:
            await parent.die()
        await agent.ended()


@contextlib.asynccontextmanager
async def calling(
    port: int, heard: Path, **plan: Any
) -> AsyncIterator[AsyncGenerator[caller_wire.Step, None]]:
    """Call this port and yield the story, which has just begun; hang up in the end."""
    what = caller_wire.CallPlan(
        uri=f"sip:desk@127.0.0.1:{port}",
        identity="sip:somebody@127.0.0.1",
        heard_wav=str(heard),
        **plan,
    )
    story = cast("AsyncGenerator[caller_wire.Step, None]", place(what, address="127.0.0.1"))
    async with contextlib.aclosing(story):
        await anext(story)
        yield story


class Person:
    """A person at a telephone of their own: another agent, whose parent is the test too."""

    def __init__(self, agent: RealAgent, parent: Parent, folder: Path) -> None:
        self.port, self.parent = agent.port, parent
        self.heard, self.says = folder / "person.wav", folder / "says.wav"
        self.call = ""

    async def answer(self) -> wire.Offered:
        """Take the call, and listen."""
        offered = await self.parent.next(wire.Offered)
        self.call = offered.offer.call
        alone = wire.Alone(beep="", thanks="", recording="", max_s=60.0, finish_key="")
        self.parent.say(wire.Answer(call=self.call, alone=alone))
        await self.parent.next(wire.Answered)
        self.parent.say(wire.Record(call=self.call, path=str(self.heard)))
        return offered

    async def listen(self, duration_s: float = 1.0) -> None:
        """Hear so much more: what was said before, jitter buffers and all, has arrived then."""
        size_bytes = self.heard.stat().st_size if self.heard.exists() else 0
        least_bytes = size_bytes + int(duration_s * ulaw.RATE_HZ) * 2
        await until(lambda: self.heard.exists() and self.heard.stat().st_size >= least_bytes)

    async def say(self, wav: Path) -> None:
        """Speak."""
        self.parent.say(wire.Play(call=self.call, wav=str(wav)))
        await self.parent.next(wire.PromptEnded)


@contextlib.asynccontextmanager
async def person(folder: Path) -> AsyncIterator[Person]:
    """A telephone that waits for calls."""
    own = folder / "person"
    own.mkdir()
    ulaw.write(own / "says.wav", thanks())
    with real_agent(own) as agent:
        other = Person(agent, await agent.parent(), own)
        try:
            yield other
        finally:
            await other.parent.die()


async def last(story: AsyncIterator[caller_wire.Step]) -> caller_wire.Step:
    """Hear the rest of a story and return its last step."""
    return [step async for step in story][-1]


def left_by(agent: RealAgent) -> list[wire.Event]:
    """Return what an agent has left for the next parent."""
    lines = untold_file(agent.socket).read_bytes().splitlines()
    return [wire.events.decode(line) for line in lines if line]
