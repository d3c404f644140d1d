"""An agent whose callers come and go faster than the library gives their sockets back."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipbot.sip import wire
from tests.agents import RealAgent, real_agent, stack_on
from tests.free_ports import free_ports

pytestmark = pytest.mark.sip

CALLS = 60
"""Two sockets each, within the half second for which pjlib keeps closed ones: twice the 64 that one
of its poll sets holds."""

T1_S = 0.5
"""An INVITE without any answer is sent again (RFC 3261 section 17.1.1.2)."""

COPIES = 40
"""Until 20 s are over."""


class Hasty:
    """Calls, and perhaps gives up as soon as the agent has said anything."""

    def __init__(self, port: int, source: str, *, patient: bool) -> None:
        self._patient = patient
        self._agent = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((source, 0))
        self._socket.settimeout(T1_S)
        self._own = f"{source}:{self._socket.getsockname()[1]}"

    def call(self, n: int) -> str:
        """Place a call and return its final status line."""
        self._say("INVITE", n)
        while True:
            answer = self._answer(n)
            if f"Call-ID: hasty-{n}\r\n" not in answer:  # a copy of an earlier answer
                continue
            status = answer.partition("\r\n")[0]
            code = int(status.split()[1])
            if code == 100 and not self._patient:
                self._say("CANCEL", n)
            elif code >= 300:
                self._say("ACK", n)
                return status

    def _answer(self, n: int) -> str:
        for _ in range(COPIES):
            try:
                return self._socket.recv(65_535).decode()
            except TimeoutError:
                self._say("INVITE", n)
        raise TimeoutError(f"call {n} has no answer")

    def _say(self, method: str, n: int) -> None:
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        sdp += "m=audio 9 RTP/AVP 0\r\n"
        body = sdp if method == "INVITE" else ""
        lines = (
            f"{method} sip:desk@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {self._own};branch=z9hG4bKhasty{n}",
            "Max-Forwards: 70",
            f"From: <sip:hasty@127.0.0.1>;tag=hasty{n}",
            "To: <sip:desk@127.0.0.1>",
            f"Call-ID: hasty-{n}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:hasty@{self._own}>",
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
        )
        self._socket.sendto("\r\n".join((*lines, "", body)).encode(), self._agent)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RealAgent]:
    with real_agent(tmp_path, stack_on(free_ports())) as one:
        yield one


async def answers(
    agent: RealAgent, source: str, *, patient: bool, kind: type[wire.Base]
) -> set[str]:
    """Place many calls, one as soon as the other is over; the agent tells of each, and lives."""
    parent = await agent.parent()
    await parent.next(wire.Hello)
    hasty = Hasty(agent.port, source, patient=patient)
    found = {hasty.call(n) for n in range(CALLS)}
    for _ in range(CALLS):
        await parent.next(kind)
    hasty.close()
    await parent.die()
    return found


async def test_agent_outlives_strangers_who_call_again_and_again(agent: RealAgent) -> None:
    found = await answers(agent, "127.0.0.5", patient=True, kind=wire.Refused)
    assert {"SIP/2.0 403 Forbidden"} == found


async def test_agent_outlives_callers_who_give_up_again_and_again(agent: RealAgent) -> None:
    found = await answers(agent, "127.0.0.1", patient=False, kind=wire.Ended)
    assert {"SIP/2.0 487 Request Terminated"} == found
