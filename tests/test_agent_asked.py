"""INVITEs that the library refuses by itself: each is told of once, even by an agent that dies."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sipbot.lines import Decoder, encode
from sipbot.records import COPIES_S
from sipbot.sip import wire
from sipbot.sip.asked import Noted
from sipbot.sip.stack import StackSettings, asked_file
from tests.agents import calling, real_agent, stack_on
from tests.bot import until
from tests.free_ports import free_ports

pytestmark = pytest.mark.sip

DIES_WHEN_TOLD = """
import os, signal
from sipbot.sip import agent
agent.Agent.rejected = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
agent.main()
"""
"""An agent that is killed at the worst moment: the caller has been answered."""


READS_ON_S = 0.3
"""Longer than a busy machine keeps the library from having read all."""


class Caller:
    """A telephone that sends one INVITE, as often as it is told to."""

    def __init__(self, port: int) -> None:
        self._agent = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        own = self._socket.getsockname()[1]
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        sdp += "m=audio 9 RTP/AVP 0\r\n"
        lines = (
            f"INVITE sip:desk@127.0.0.1:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKbusy",
            "Max-Forwards: 70",
            "From: <sip:late@127.0.0.1>;tag=late",
            f"To: <sip:desk@127.0.0.1:{port}>",
            "Call-ID: who-found-all-lines-busy",
            "CSeq: 1 INVITE",
            f"Contact: <sip:late@127.0.0.1:{own}>",
            "Content-Type: application/sdp",
            f"Content-Length: {len(sdp)}",
        )
        self._invite = "\r\n".join((*lines, "", sdp)).encode()

    def invite(self, headers: str = "") -> None:
        """Send the INVITE, with these headers in front of its Call-ID."""
        self._socket.sendto(
            self._invite.replace(b"Call-ID:", headers.encode() + b"Call-ID:"), self._agent
        )

    def answer(self) -> bytes:
        """Return the status line of what came."""
        return self._socket.recv(65_535).split(b"\r\n", 1)[0]

    def final(self) -> bytes:
        """Return the status line of the next final response."""
        while (line := self.answer()).startswith(b"SIP/2.0 1"):
            pass
        return line

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def one_line() -> StackSettings:
    return msgspec.structs.replace(stack_on(free_ports()), lines=1)


@pytest.fixture
def caller(one_line: StackSettings) -> Iterator[Caller]:
    one = Caller(one_line.port)
    yield one
    one.close()


async def killed_when_told(folder: Path, stack: StackSettings, caller: Caller) -> None:
    """Let an agent's only line ring, call once more, and see the agent die of it."""
    with real_agent(folder, stack, ("-c", DIES_WHEN_TOLD)) as agent:
        parent = await agent.parent()
        async with calling(agent.port, folder / "heard.wav"):
            await parent.next(wire.Offered)
            # The library reads on for a moment, and what comes in it is not looked at (0024).
            await asyncio.sleep(READS_ON_S)
            caller.invite()
            assert -signal.SIGKILL == await agent.ended()
        await parent.die()
    assert asked_file(agent.socket).exists()


async def test_who_was_told_that_all_lines_are_busy_is_told_of_by_the_next_agent(
    tmp_path: Path, one_line: StackSettings, caller: Caller
) -> None:
    await killed_when_told(tmp_path, one_line, caller)
    answer = await asyncio.to_thread(caller.answer)
    file = asked_file(tmp_path / "agent-0.sock")
    (noted,) = map(Decoder(Noted).decode, file.read_bytes().splitlines())
    # No copy came for so long.
    file.write_bytes(encode(msgspec.structs.replace(noted, at_s=noted.at_s - COPIES_S)))
    with real_agent(tmp_path, one_line) as agent:
        parent = await agent.parent()
        refused = await parent.next(wire.Refused)
        await until(lambda: not file.exists())
        await parent.die()
    assert answer.startswith(b"SIP/2.0 486 ")
    assert (486, "capacity") == (refused.code, refused.why)
    assert "who-found-all-lines-busy" == refused.offer.sip_call_id


async def test_copy_of_an_invite_that_a_killed_agent_had_noted_is_a_call_and_the_only_one(
    tmp_path: Path, one_line: StackSettings, caller: Caller
) -> None:
    await killed_when_told(tmp_path, one_line, caller)
    with real_agent(tmp_path, one_line) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)
        caller.invite()
        offered = await parent.next(wire.Offered)
        await parent.die()
    assert "who-found-all-lines-busy" == offered.offer.sip_call_id
    assert not asked_file(agent.socket).exists()


async def test_invite_whose_session_would_be_too_short_is_offered_and_ended_but_not_refused_too(
    tmp_path: Path, one_line: StackSettings, caller: Caller
) -> None:
    with real_agent(tmp_path, one_line) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)
        caller.invite("Supported: timer\r\nSession-Expires: 10\r\n")
        answer = await asyncio.to_thread(caller.answer)
        told = [await parent.next(wire.Base) for _ in range(2)]
        await parent.die()
    assert answer.startswith(b"SIP/2.0 422 ")
    assert [wire.Offered, wire.Ended] == [type(event) for event in told]


async def test_copy_that_comes_when_a_line_is_free_again_is_refused_again_and_told_of_once(
    tmp_path: Path, one_line: StackSettings, caller: Caller
) -> None:
    with real_agent(tmp_path, one_line) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav"):
            call = (await parent.next(wire.Offered)).offer.call
            caller.invite()
            answer = await asyncio.to_thread(caller.answer)
            refused = await parent.next(wire.Refused)
            parent.say(wire.Refuse(call=call, code=480))
            await parent.next(wire.Ended)
        caller.invite()
        again = await asyncio.to_thread(caller.final)
        parent.say(wire.Ping(n=1))
        told = []
        while not isinstance(event := await parent.next(wire.Base), wire.Pong):
            told.append(event)
        await parent.die()
    assert "who-found-all-lines-busy" == refused.offer.sip_call_id
    assert answer.startswith(b"SIP/2.0 486 ")
    assert again.startswith(b"SIP/2.0 486 ")
    assert [] == [event for event in told if isinstance(event, wire.Offered | wire.Refused)]
