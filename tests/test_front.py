"""A front before several nodes: its file, Kamailio's files, and what a real Kamailio does."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from sipbot.errors import ConfigError
from sipbot.front_config import Front, Node, dispatcher_list, kamailio_cfg
from sipbot.front_form import read_front
from tests.bot import until
from tests.edges import peer
from tests.free_ports import free_ports
from tests.fronts import SECRET
from tests.fronts import Front as RunningFront
from tests.torture.telephone import telephone

FILE = f"""
address = "192.0.2.10"
allow = ["203.0.113.0/24"]
secret = "{SECRET}"

[[node]]
site = "east"
address = "10.0.0.11"
lines = 40

[[node]]
site = "west"
address = "10.0.0.12"
port = 5062
lines = 20
"""

FRONT = Front(
    folder="/etc/sipbot/front",
    address="192.0.2.10",
    port=5060,
    allow=("203.0.113.0/24",),
    nodes=(
        Node(site="east", address="10.0.0.11", port=5060, lines=40),
        Node(site="west", address="10.0.0.12", port=5062, lines=20),
    ),
    invites_per_s=50,
    secret=SECRET,
)

NODES = st.lists(
    st.builds(
        Node,
        site=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
        address=st.ip_addresses(v=4).map(str),
        port=st.integers(1, 65535),
        lines=st.integers(1, 1000),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


def written(folder: Path, text: str) -> Path:
    path = folder / "front.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        read_front(written(folder, text), folder)
    return str(raised.value)


def test_file_becomes_a_front(tmp_path: Path) -> None:
    expected = msgspec.structs.replace(FRONT, folder=str(tmp_path))
    assert expected == read_front(written(tmp_path, FILE), tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('site = "west"', 'site = "east"', "two nodes of the site east"),
        ('"10.0.0.12"\nport = 5062', '"10.0.0.11"\nport = 5060', "two nodes of the place"),
        ('"10.0.0.12"\nport = 5062', '"192.0.2.10"', "of the front itself"),
        (f'"{SECRET}"', '"guess"', "is not 32 to 128 hexadecimal digits"),
        ("lines = 20\n", "", "lines"),
        ("203.0.113.0/24", "0.0.0.0/0", "would let strangers call"),
        ('"192.0.2.10"', '"0.0.0.0"', "would listen on every address"),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words in problems(tmp_path, FILE.replace(old, new, 1))


def test_node_may_share_the_machine_of_the_front(tmp_path: Path) -> None:
    text = FILE.replace("10.0.0.12", "192.0.2.10")
    assert "192.0.2.10" == read_front(written(tmp_path, text), tmp_path).nodes[1].address


def test_secret_is_never_shown(tmp_path: Path) -> None:
    assert "opensesame" not in problems(tmp_path, FILE.replace(SECRET, "opensesame"))


@given(NODES)
def test_every_word_of_the_routes_is_filled_in(nodes: tuple[Node, ...]) -> None:
    text = kamailio_cfg(msgspec.structs.replace(FRONT, nodes=nodes))
    assert [] == re.findall(r"@[A-Z_]+@", text)


def test_node_is_listed_with_its_name_and_its_most_calls() -> None:
    expected = (
        "1 sip:10.0.0.11:5060 0 0 duid=east;maxload=40;socket=udp:192.0.2.10:5060\n"
        "1 sip:10.0.0.12:5062 0 0 duid=west;maxload=20;socket=udp:192.0.2.10:5060\n"
    )
    assert expected == dispatcher_list(FRONT)


# -- a real Kamailio, and nodes that answer as they are told ---------------------------------------


class FakeNode(asyncio.DatagramProtocol):
    """Answers each request with the code that its method has now; writes down what came."""

    def __init__(self, site: str, port: int) -> None:
        self.node = Node(site=site, address="127.0.0.1", port=port, lines=2)
        self.codes = {"OPTIONS": 200, "INVITE": 200, "BYE": 200}
        self.heard: list[str] = []
        self.requests: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        method = text.partition(" ")[0]
        if method != "OPTIONS":
            self.heard.append(method)
            self.requests.append(text)
        code = self.codes.get(method, 0)
        if not code or self._transport is None:
            return
        head = text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        copied = [one for one in head if re.match("(Via|From|Call-ID|CSeq|Record-Route):", one)]
        to = next(one for one in head if one.startswith("To:"))
        lines = [
            f"SIP/2.0 {code} Said",
            *copied,
            to if "tag=" in to else f"{to};tag={self.node.site}",
            f"Contact: <sip:desk@127.0.0.1:{self.node.port}>",
            "Content-Length: 0",
        ]
        self._transport.sendto("\r\n".join([*lines, "", ""]).encode(), addr)


class Cluster:
    """Two nodes that do as they are told behind one front."""

    def __init__(self, front: RunningFront, nodes: tuple[FakeNode, FakeNode]) -> None:
        self.front, self.nodes = front, nodes

    @property
    def heard(self) -> list[str]:
        return [method for node in self.nodes for method in node.heard]

    @contextlib.asynccontextmanager
    async def silent(self, node: FakeNode, *methods: str) -> AsyncIterator[None]:
        was = dict(node.codes)
        node.codes.update(dict.fromkeys(methods, 0))
        yield
        node.codes.update(was)


def _itself(node: FakeNode) -> FakeNode:
    return node


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    loop = asyncio.get_running_loop()
    nodes = FakeNode("east", free_ports()), FakeNode("west", free_ports())
    async with contextlib.AsyncExitStack() as stack:
        for node in nodes:
            transport, _ = await loop.create_datagram_endpoint(
                partial(_itself, node), local_addr=("127.0.0.1", node.node.port)
            )
            stack.callback(transport.close)
        folder = tmp_path_factory.mktemp("fronts")
        allow = ("127.0.0.1/32", "127.0.0.2/32")
        front = RunningFront(folder / "front", [node.node for node in nodes], allow=allow)
        stack.callback(front.kill)
        await front.start()
        yield Cluster(front, nodes)


real = [pytest.mark.sip, pytest.mark.peer, pytest.mark.asyncio(loop_scope="module")]


class TestRealFront:
    """In the order in which they stand: a node that was silent is asked again after a ping."""

    pytestmark = real

    async def test_stranger_gets_403_and_no_node_hears_of_it(self, cluster: Cluster) -> None:
        before = len(cluster.heard)
        with peer(cluster.front.port, "127.0.0.3") as stranger:
            stranger.send("stranger")
            said = await stranger.answer()
        assert ("SIP/2.0 403", before) == (said[:11], len(cluster.heard))

    async def test_call_that_one_node_refuses_with_503_is_answered_by_the_other(
        self, cluster: Cluster
    ) -> None:
        east, west = cluster.nodes
        for full, other in ((east, west), (west, east)):
            full.codes["INVITE"], other.codes["INVITE"] = 503, 200
            before = len(other.heard)
            async with telephone(f"at-{other.node.site}", cluster.front.target) as phone:
                answer = await phone.call(40000)
                assert await phone.hang_up()
            # Not the last that it heard: an answer that was sent twice has two ACKs.
            assert (200, 1) == (answer.code, other.heard[before:].count("BYE"))
        full.codes["INVITE"] = 200

    async def test_refusal_that_means_the_caller_is_passed_on(self, cluster: Cluster) -> None:
        for node in cluster.nodes:
            node.codes["INVITE"] = 404
        before = cluster.heard.count("INVITE")
        async with telephone("unmapped", cluster.front.target) as phone:
            answer = await phone.call(40000)
        for node in cluster.nodes:
            node.codes["INVITE"] = 200
        assert (404, before + 1) == (answer.code, cluster.heard.count("INVITE"))

    async def test_no_node_is_given_more_calls_than_it_has_lines(self, cluster: Cluster) -> None:
        async with contextlib.AsyncExitStack() as stack:
            phones = [
                await stack.enter_async_context(telephone(f"many{n}", cluster.front.target))
                for n in range(5)
            ]
            codes = [(await phone.call(40000)).code for phone in phones]
            for phone, code in zip(phones, codes, strict=True):
                assert code == 503 or await phone.hang_up()
        assert [200, 200, 200, 200, 503] == codes

    async def test_bye_from_another_network_than_the_callers_is_refused(
        self, cluster: Cluster
    ) -> None:
        async with telephone("caller", cluster.front.target) as phone:
            await phone.call(40000)
            bye = phone._request("BYE", 2)
            before = cluster.heard.count("BYE")
            with peer(cluster.front.port, "127.0.0.2") as forger:
                forger._socket.send(bye)
                said = await forger.answer()
            heard = cluster.heard.count("BYE")
            assert await phone.hang_up()
        assert ("SIP/2.0 403", before) == (said[:11], heard)

    async def test_bye_to_a_place_that_is_no_node_is_refused(self, cluster: Cluster) -> None:
        with peer(cluster.front.port) as elsewhere:
            route = f"Route: <sip:127.0.0.1:{cluster.front.port};lr;by=0>\r\n"
            elsewhere.send("elsewhere", method="BYE", more=route)
            assert (await elsewhere.answer()).startswith("SIP/2.0 481")
        async with telephone("redirected", cluster.front.target) as phone:
            await phone.call(40000)
            kept, phone._contact = phone._contact, "sip:victim@127.0.0.9:5060"
            phone._send(phone._request("BYE", 2))
            code, _ = await phone._response("BYE", 5.0, 0)
            phone._contact = kept
            assert await phone.hang_up()
        assert 403 == code

    async def test_bye_passes_a_front_that_was_killed_and_started_again(
        self, cluster: Cluster
    ) -> None:
        async with telephone("survivor", cluster.front.target) as phone:
            await phone.call(40000)
            cluster.front.kill()
            await cluster.front.start()
            assert await phone.hang_up()

    async def test_call_is_answered_though_a_node_is_silent_and_again_when_it_is_not(
        self, cluster: Cluster
    ) -> None:
        east, west = cluster.nodes
        async with cluster.silent(east, "OPTIONS", "INVITE"):
            codes = [await self._call(cluster, f"silent{n}") for n in range(3)]
            asked = len({one for one in east.requests if "sip:silent" in one})
        async with cluster.silent(west, "INVITE"):
            await until(lambda: cluster.front.serving() == 2)
            codes.append(await self._call(cluster, "again"))
        # Asked once at most, with its copies: then it is known to be silent.
        assert [200] * 4 == codes
        assert 3 >= asked

    @staticmethod
    async def _call(cluster: Cluster, name: str) -> int:
        async with telephone(name, cluster.front.target) as phone:
            answer = await phone.call(40000)
            if answer.code == 200:
                await phone.hang_up()
            return answer.code
