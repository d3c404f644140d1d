"""A real Kamailio in front of real agents, whose parent is the test itself."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

from sipbot.agent_places import rtp_ports_of
from sipbot.audit import AuditEntry
from sipbot.edge import Edge, secret_of
from sipbot.edge_config import Plan
from sipbot.sip import wire
from sipbot.sip.stack import LINES, StackSettings
from tests.bot import until
from tests.free_ports import free_ports

INVITE = (
    "INVITE {uri} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {here};branch=z9hG4bK{branch}\r\n"
    "From: <sip:somebody@{here}>;tag=f{branch}\r\n"
    "To: <sip:desk@127.0.0.1>\r\n"
    "Call-ID: c{branch}\r\n"
    "CSeq: 1 {method}\r\n"
    "Contact: <sip:somebody@{here}>\r\n"
    "Max-Forwards: 70\r\n"
    "{more}"
    "Content-Length: {size}\r\n\r\n{body}"
)
"""A request that is right, but for what the test makes of it."""


def plan_on(folder: Path, agents: int = 1, *, allow: str = "127.0.0.1/32") -> Plan:
    """An edge on free ports in a folder of the test."""
    own = folder / "edge"
    inner = free_ports(agents + 1)
    return Plan(
        folder=str(own),
        address="127.0.0.1",
        port=free_ports(),
        agents=tuple(range(inner + 1, inner + 1 + agents)),
        allow=(allow,),
        invites_per_s=50,
        secret=secret_of(own / "secret"),
    )


def stack_behind(plan: Plan, number: int = 0, *, lines: int = 4) -> StackSettings:
    """What the agent of this number is told."""
    return StackSettings(
        user_agent="test",
        address="127.0.0.1",
        port=plan.agents[number],
        rtp_port=free_ports(rtp_ports_of(LINES)),
        rtp_ports=rtp_ports_of(LINES),
        lines=lines,
        edge=f"127.0.0.1:{plan.inner_port}",
    )


class RunningEdge:
    """An edge and what main would have heard of it."""

    def __init__(self, plan: Plan, kamailio: str = "kamailio") -> None:
        self.plan = plan
        self.serving = frozenset(plan.agents)
        self.heard: list[wire.Event] = []
        self.audited: list[AuditEntry] = []
        self.edge = Edge(
            plan,
            kamailio,
            serving=lambda: self.serving,
            hear=lambda _, event: self.heard.append(event),
            audit=self._audit,
            on_crash_loop=lambda _: None,
        )

    async def _audit(self, entries: list[AuditEntry], _: datetime) -> None:
        self.audited += entries

    async def refusal(self) -> wire.Refused:
        """Wait for the first refusal."""
        await until(lambda: bool(self.heard))
        (first, *_) = self.heard
        assert isinstance(first, wire.Refused)
        return first


@contextlib.asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[RunningEdge]:
    """Start an edge, wait until it answers, and leave nothing of it behind."""
    one = RunningEdge(plan)
    await one.edge.prepare(Path("config.toml"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(one.edge.run())
        await one.edge.child.ready.wait()
        try:
            yield one
        finally:
            task.cancel()


class Peer:
    """Somebody with a UDP socket, who can send what no telephone would."""

    def __init__(self, edge_port: int, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.connect(("127.0.0.1", edge_port))
        self._socket.setblocking(False)
        self.here = "{}:{}".format(*self._socket.getsockname())

    def send(
        self,
        branch: str,
        *,
        method: str = "INVITE",
        more: str = "",
        body: str = "",
        as_if: str = "",
        uri: str = "sip:desk@127.0.0.1",
    ) -> None:
        """Send a request outside of any call; `as_if` is whose addresses it copies."""
        here = as_if or self.here
        text = INVITE.format(
            here=here, branch=branch, method=method, more=more, body=body, size=len(body), uri=uri
        )
        self._socket.send(text.replace("INVITE sip:", f"{method} sip:", 1).encode())

    def within(self, method: str, answer: str, branch: str) -> None:
        """Send a request of the call that was answered so (RFC 3261 section 12.2.1.1)."""
        found = re.findall(r"(?im)^(Contact|To|Record-Route):\s*(.*?)\r$", answer)
        said = {name.lower(): value for name, value in found}
        routes = [value for name, value in found if name.lower() == "record-route"]
        route = "".join(f"Route: {one}\r\n" for one in reversed(routes))
        uri = said["contact"].partition("<")[2].partition(">")[0]
        text = INVITE.format(
            here=self.here, branch=branch, method=method, more=route, body="", size=0, uri=uri
        )
        text = text.replace("INVITE sip:", f"{method} sip:", 1)
        text = text.replace(f"z9hG4bK{branch}", f"z9hG4bK{branch}{method}")
        text = text.replace("To: <sip:desk@127.0.0.1>", f"To: {said['to']}")
        cseq = 1 if method == "ACK" else 2
        self._socket.send(text.replace("CSeq: 1 ", f"CSeq: {cseq} ").encode())

    async def answer(self) -> str:
        """Return the next final response."""
        loop = asyncio.get_running_loop()
        while True:
            text = (await loop.sock_recv(self._socket, 65536)).decode()
            if not text.startswith("SIP/2.0 1"):
                return text

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def peer(edge_port: int, address: str = "127.0.0.1") -> Iterator[Peer]:
    """A peer that is gone afterwards."""
    one = Peer(edge_port, address)
    try:
        yield one
    finally:
        one.close()
