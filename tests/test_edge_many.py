"""A real Kamailio before a hundred agents, and before more addresses than it counts one by one.

The agents are played by the test: a hundred real ones would take a minute to start.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from sipbot import edge_config
from sipbot.edge_config import TOLD, Plan
from sipbot.edge_program import ask
from sipbot.sip import wire
from sipbot.sip.stack import LINES
from tests.bot import until
from tests.edges import Peer, RunningEdge, peer, plan_on, running

pytestmark = [pytest.mark.sip, pytest.mark.peer]

AGENTS = 100

SOURCES, STRANGERS, TRUNK_CALLS = 20, 300, 40
"""How many addresses are counted one by one here, how many there are, and who calls too often."""


class Agent(asyncio.DatagramProtocol):
    """Answers as many calls as it has lines, and 486 to more, as pjsua2 does."""

    def __init__(self) -> None:
        self.calls: set[bytes] = set()
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer what needs an answer."""
        method, (call,) = data.split(b" ", 1)[0], re.findall(rb"\r\nCall-ID: (\S+)", data)
        match method:
            case b"INVITE":
                self.asked += 1
                free = call in self.calls or len(self.calls) < LINES
                self._reply(data, addr, b"200 OK" if free else b"486 Busy Here")
                self.calls |= {call} if free else set()
            case b"OPTIONS" | b"BYE":
                self.calls.discard(call)
                self._reply(data, addr, b"200 OK")

    def _reply(self, data: bytes, addr: tuple[str, int], status: bytes) -> None:
        kept = (b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Record-Route")
        lines = [line for line in data.split(b"\r\n") if line.startswith(kept)]
        lines = [line + b";tag=agent" if line.startswith(b"To:") else line for line in lines]
        contact = b"Contact: <sip:agent@127.0.0.1>"
        answer = [b"SIP/2.0 " + status, *lines, contact, b"Content-Length: 0", b"", b""]
        self._transport.sendto(b"\r\n".join(answer), addr)


@contextlib.asynccontextmanager
async def agents(plan: Plan) -> AsyncIterator[list[Agent]]:
    """All agents of a plan."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        made = []
        for port in plan.agents:
            place = ("127.0.0.1", port)
            transport, agent = await loop.create_datagram_endpoint(Agent, local_addr=place)
            stack.callback(transport.close)
            made.append(agent)
        yield made


def busy(ones: list[Agent]) -> int:
    return sum(len(one.calls) for one in ones)


async def answered(caller: Peer, name: str, method: str = "INVITE") -> str:
    """Call, or ask, and return the final status."""
    caller.send(name, method=method)
    while True:
        said = await caller.answer()
        if f"\nCall-ID: c{name}\r" in said:  # an answer may come twice on a busy machine
            return said.split()[1]


async def on(plan: Plan) -> int:
    """Return how many agents Kamailio itself holds for there."""
    ours = Path(plan.folder) / "ours"  # the edge's program has one socket for its answers
    ours.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (ours / "kamailio.sock").symlink_to(plan.control)
    answer = str(await asyncio.to_thread(ask, ours, "dispatcher.list"))
    return sum(answer.count(f"'FLAGS': '{flags}'") for flags in ("AP", "AX"))


async def test_hundred_agents_take_four_hundred_calls_and_are_asked_by_their_calls_after_a_drain(
    tmp_path: Path,
) -> None:
    plan = msgspec.structs.replace(plan_on(tmp_path, AGENTS), invites_per_s=10_000)
    async with agents(plan) as ones, running(plan) as edge:
        with peer(plan.port) as caller:
            half = [await answered(caller, f"a{n}") for n in range(2 * AGENTS)]
            spread = {len(one.calls) for one in ones}
            for serving in (plan.agents[1:], plan.agents):
                edge.serving = frozenset(serving)
                wanted = len(serving)
                while await on(plan) != wanted:
                    await asyncio.sleep(0.02)
            asked = sum(one.asked for one in ones)
            rest = [await answered(caller, f"b{n}") for n in range(2 * AGENTS)]
            asked = sum(one.asked for one in ones) - asked
            last = await answered(caller, "last")
    assert ["200"] * 2 * AGENTS == half
    assert {2} == spread
    assert ["200"] * 2 * AGENTS == rest
    assert 2 * AGENTS == asked
    assert LINES * AGENTS == busy(ones)
    assert "503" == last


async def test_addresses_that_are_too_many_share_a_count_and_every_invite_is_in_a_row_or_a_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_config, "SOURCES", SOURCES)
    monkeypatch.setattr(edge_config, "MINUTE_S", 3)
    monkeypatch.setattr(edge_config, "EXPIRE_EVERY_S", 1)
    plan = msgspec.structs.replace(plan_on(tmp_path), invites_per_s=1)
    async with running(plan) as edge:
        with peer(plan.port) as trunk:
            for n in range(STRANGERS):
                with peer(plan.port, f"127.1.{n >> 8}.{n & 255}") as stranger:
                    stranger.send(f"s{n}")
                if n % 50 == 49:  # as many as the socket's buffer holds for certain
                    await answered(trunk, f"sync{n}", method="OPTIONS")
            for n in range(TRUNK_CALLS):
                trunk.send(f"r{n}")
            said = [await trunk.answer() for _ in range(TRUNK_CALLS)]
        often = sum("Too Many Calls" in text for text in said)
        await until(lambda: (STRANGERS, often) == counted(edge))
        await until(lambda: TRUNK_CALLS - often == full(edge))
    untold = edge.edge._untold
    assert often > TOLD
    assert untold["source", ""] > 0


def refused(edge: RunningEdge) -> list[wire.Refused]:
    return [event for event in edge.heard if isinstance(event, wire.Refused)]


def full(edge: RunningEdge) -> int:
    return sum(event.why == "capacity" for event in refused(edge))


def counted(edge: RunningEdge) -> tuple[int, int]:
    """Return how many INVITEs of strangers, and of who calls too often, are accounted for."""
    rows = [event.why for event in refused(edge)]
    sums = edge.edge._untold.items()
    source, rate = (
        rows.count(wanted) + sum(times for (why, _), times in sums if why == wanted)
        for wanted in ("source", "rate")
    )
    return source, rate
