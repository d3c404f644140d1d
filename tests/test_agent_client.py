"""The parent's side of an agent, with real agents: kept, found again, replaced, let go."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from sipbot.lines import encode
from sipbot.records import EndedBy
from sipbot.sip import client as under_test
from sipbot.sip import wire
from sipbot.sip.client import AgentClient
from sipbot.sip.stack import StackSettings, untold_file
from tests.agents import ALLOW, calling, last, real_agent, stack_on
from tests.free_ports import free_ports
from tests.offers import offer

pytestmark = pytest.mark.sip

Event = TypeVar("Event", bound=wire.Base)


class Watched:
    """An agent's client under test and what it reported.

    Args:
        folder: where the agent's socket lives.
        stack: what the agent is told.
        allow: who may call.
    """

    def __init__(self, folder: Path, stack: StackSettings, allow: tuple[str, ...] = ALLOW) -> None:
        self.port = stack.port
        self.events: asyncio.Queue[wire.Event] = asyncio.Queue()
        self.gone: asyncio.Queue[str] = asyncio.Queue()
        self.client = AgentClient(
            0,
            stack=stack,
            allow=allow,
            run_folder=folder,
            on_event=self.events.put_nowait,
            on_gone=self.gone.put_nowait,
        )

    async def hello(self) -> wire.Hello:
        """Wait for the next Hello."""
        return await self.next(wire.Hello)

    async def pong(self) -> wire.Pong:
        """Wait for the next sign of life."""
        return await self.next(wire.Pong)

    async def next(self, kind: type[Event]) -> Event:
        while not isinstance(event := await self.events.get(), kind):
            pass
        return event


@contextlib.asynccontextmanager
async def running(watched: Watched) -> AsyncIterator[Watched]:
    """Run a client, and let its agent run out in the end."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watched.client.run())
        try:
            yield watched
        finally:
            watched.client.drain()
            await asyncio.wait({task})


async def test_agent_of_a_parent_that_was_stopped_for_a_while_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "PING_S", 0.1)
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        before = await watched.hello()
        await watched.pong()
        time.sleep(20 * under_test.PING_S)  # noqa: ASYNC251 - stands for SIGSTOP of the parent
        await watched.pong()
        await watched.pong()
        after = watched.client.hello
    assert before == after
    assert watched.gone.empty()


async def test_agent_that_runs_out_is_asked_for_no_new_calls(tmp_path: Path) -> None:
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        await watched.hello()
        before = watched.client.serving
        watched.client.drain()
        assert (True, False) == (before, watched.client.serving)


async def test_hung_agent_of_an_earlier_run_is_ended_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "PING_S", 0.5)
    stack = stack_on(free_ports())
    with real_agent(tmp_path, stack) as hung:
        parent = await hung.parent()
        await parent.next(wire.Hello)
        hung.process.send_signal(signal.SIGSTOP)
        await parent.die()
        watched = Watched(tmp_path, stack)
        async with running(watched):
            await watched.client.found.wait()
            reason, replaced = await watched.gone.get(), await watched.hello()
        code = await hung.ended()
    assert "silent for 20 pings of 0.5 s" == reason
    assert -signal.SIGKILL == code
    assert hung.process.pid != replaced.pid


async def test_damaged_line_that_an_agent_left_is_skipped_and_the_others_are_heard(
    tmp_path: Path,
) -> None:
    refused = [wire.Refused(offer=offer(name), code=503, why="draining") for name in ("1", "2")]
    lines = [encode(refused[0]), b'{"type":"refus', b"\n\xff\n\n", encode(refused[1])]
    left = untold_file(tmp_path / "agent-0.sock")
    left.write_bytes(b"".join(lines))
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        heard = [await watched.events.get() for _ in refused]
        await watched.hello()
    assert refused == heard


async def test_what_an_agent_leaves_to_a_parent_that_just_came_is_heard_before_it_is_found(
    tmp_path: Path,
) -> None:
    ended = wire.Ended(call="c", by=EndedBy.CALLER, code=200, reason="", answered=True)
    watched = Watched(tmp_path, stack_on(free_ports()))

    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        untold_file(tmp_path / "agent-0.sock").write_bytes(encode(ended))
        (tmp_path / "agent-0.sock").unlink()
        writer.close()

    leaving = await asyncio.start_unix_server(leave, tmp_path / "agent-0.sock")
    async with running(watched):
        await watched.client.found.wait()
        heard = watched.events.get_nowait()
    leaving.close()
    assert ended == heard


async def test_what_an_agent_left_is_kept_until_all_of_it_is_written_down(tmp_path: Path) -> None:
    lines = [
        encode(wire.Refused(offer=msgspec.structs.replace(offer(), call=call), code=503, why=""))
        for call in ("1", "2")
    ]
    left = untold_file(tmp_path / "agent-0.sock")
    left.write_bytes(b"".join(lines))
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        await watched.hello()
        watched.client.send(wire.Written(call="1"))
        kept = left.exists()
        watched.client.send(wire.Written(call="2"))
    assert kept
    assert not left.exists()


async def test_file_that_cannot_be_read_ends_neither_client_nor_agent(tmp_path: Path) -> None:
    untold_file(tmp_path / "agent-0.sock").mkdir()
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        hello = await watched.hello()
    assert "" != hello.address


async def test_file_that_cannot_be_removed_is_no_matter_of_the_call_that_was_written_down(
    tmp_path: Path,
) -> None:
    left = untold_file(tmp_path / "agent-0.sock")
    left.write_bytes(encode(wire.Refused(offer=offer(), code=503, why="draining")))
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        await watched.hello()
        left.unlink()
        left.symlink_to(left)
        watched.client.send(wire.Written(call="c"))
        pong = await watched.pong()
    assert 0 == pong.calls


async def test_refusal_is_waited_for_until_it_is_written_down(tmp_path: Path) -> None:
    watched = Watched(tmp_path, stack_on(free_ports()), allow=("192.0.2.0/24",))
    async with running(watched):
        await watched.hello()
        async with calling(watched.port, tmp_path / "heard.wav") as story:
            call = (await watched.next(wire.Refused)).offer.call
            await last(story)
        in_flight = set(watched.client.refused)
        watched.client.send(wire.Written(call=call))
        afterwards = set(watched.client.refused)
    assert ({call}, set()) == (in_flight, afterwards)


async def test_agent_whose_sip_port_is_taken_is_said_to_have_ended_before_it_was_ready(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        watched = Watched(tmp_path, stack_on(taken.getsockname()[1]))
        async with running(watched):
            reason = await watched.gone.get()
    assert "ended before it was ready (exit code 1); its words are above" == reason


async def test_draining_agent_that_dies_with_a_caller_is_said_to_be_gone(tmp_path: Path) -> None:
    watched = Watched(tmp_path, stack_on(free_ports()))
    async with running(watched):
        pid = (await watched.hello()).pid
        async with calling(watched.port, tmp_path / "heard.wav"):
            await watched.next(wire.Offered)
            watched.client.drain()
            os.kill(pid, signal.SIGKILL)
            reason = await watched.gone.get()
    assert reason.endswith("(signal 9)")
