"""The files of Kamailio as text, and a few of them tried by Kamailio itself."""

import asyncio
import base64
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.config_edge import Edge
from sipbot.edge import find, problem_with, write_files
from sipbot.edge_config import (
    SOURCE,
    Plan,
    Registration,
    Tls,
    dispatcher_list,
    kamailio_cfg,
    uacreg,
)
from sipbot.edge_told import told
from sipbot.edge_wire import Refused, Untold
from sipbot.errors import ConfigError
from tests.edges import RunningEdge, plan_on

SECRET = "0123456789abcdef" * 4

TRUNK = Registration(
    name="trunk",
    user="100",
    domain="pbx.example",
    registrar="sip:pbx.example:5070",
    auth_user="100",
    password="a:b\\c",
    realm="pbx.example",
    expires_s=300,
)

PLAN = Plan(
    folder="/var/lib/sipbot/run/edge",
    address="192.0.2.10",
    port=5060,
    agents=(15060, 15061),
    allow=("192.0.2.0/24",),
    invites_per_s=50,
    secret=SECRET,
)

NETWORKS = st.tuples(st.integers(0, 2**24 - 1), st.integers(8, 32)).map(
    lambda one: f"10.{one[0] >> 16 & 255}.{one[0] >> 8 & 255}.{one[0] & 255}/{one[1]}"
)

PLANS = st.builds(
    Plan,
    folder=st.just("/srv/edge"),
    address=st.ip_addresses(v=4).map(str),
    port=st.integers(1, 65535),
    public_address=st.one_of(st.just(""), st.ip_addresses(v=4).map(str)),
    agents=st.tuples(st.integers(1024, 60000), st.integers(1, 200)).map(
        lambda one: tuple(range(one[0], one[0] + one[1]))
    ),
    allow=st.lists(NETWORKS, min_size=1, max_size=5).map(tuple),
    invites_per_s=st.integers(1, 10_000),
    drop_strangers=st.booleans(),
    by_network=st.booleans(),
    tcp=st.booleans(),
    hide_topology=st.booleans(),
    tls=st.one_of(st.none(), st.just(Tls(port=5061, certificate="/c.pem", key="/k.pem"))),
    registrations=st.sampled_from([(), (TRUNK,)]),
    secret=st.just(SECRET),
)


@given(PLANS)
def test_every_word_of_the_routes_is_filled_in(plan: Plan) -> None:
    assert [] == re.findall(r"@[A-Z_]+@", kamailio_cfg(plan))


@given(PLANS)
def test_brackets_and_quotes_of_the_configuration_are_closed(plan: Plan) -> None:
    text = re.sub(r"#.*", "", kamailio_cfg(plan).partition("request_route")[2])
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    assert [] == [line for line in text.splitlines() if line.count('"') % 2]


@given(PLANS)
def test_source_header_of_callers_is_removed_before_anything_else(plan: Plan) -> None:
    first = kamailio_cfg(plan).partition("request_route {")[2].split(";")[0]
    assert first.strip().endswith(f'remove_hf("{SOURCE}")')


@given(PLANS)
def test_every_agent_is_listed_once_and_only_those_that_serve_are_on(plan: Plan) -> None:
    serving = frozenset(plan.agents[::2])
    lines = dispatcher_list(plan, serving).splitlines()
    listed = [(int(line.split()[1].rsplit(":", 1)[1]), line.split()[2]) for line in lines]
    assert [(port, "0" if port in serving else "4") for port in plan.agents] == listed


@given(PLANS)
def test_nobody_but_the_allowed_networks_gets_past_the_strangers(plan: Plan) -> None:
    named = re.findall(r"src_ip == (\S+)\)", kamailio_cfg(plan))
    assert list(plan.allow) == named


def test_password_with_the_tables_own_signs_stays_one_field() -> None:
    row = uacreg(msgspec.structs.replace(PLAN, registrations=(TRUNK,))).splitlines()[1]
    assert 16 == len(re.split(r"(?<!\\):", row))
    assert ":a\\:b\\\\c:" in row


@pytest.mark.peer
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"drop_strangers": True, "by_network": True, "allow": ("127.0.0.0/8", "10.0.0.0/8")},
        {"tcp": True, "hide_topology": True, "registrations": (TRUNK,)},
        {"public_address": "203.0.113.10", "agents": tuple(range(15060, 15160))},
    ],
    ids=["plain", "strict", "everything", "many"],
)
def test_kamailio_takes_the_configuration(tmp_path: Path, changed: dict[str, object]) -> None:
    plan = msgspec.structs.replace(PLAN, folder=str(tmp_path), address="127.0.0.1", **changed)
    write_files(plan, frozenset(plan.agents))
    kamailio = find("kamailio")
    assert kamailio is not None
    assert "" == asyncio.run(problem_with(Path(plan.folder), kamailio))


@pytest.mark.peer
def test_what_kamailio_says_against_a_configuration_is_told(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(PLAN, folder=str(tmp_path))
    write_files(plan, frozenset())
    (tmp_path / "kamailio.cfg").write_text("#!KAMAILIO\nno such thing\n")
    kamailio = find("kamailio")
    assert kamailio is not None
    assert "error" in asyncio.run(problem_with(Path(plan.folder), kamailio)).lower()


def log_line(rest: str) -> str:
    return f" 3(1234) WARNING: <script>: {PLAN.token} {rest}"


def test_refusal_in_the_log_is_read_with_the_whole_message() -> None:
    raw = base64.b64encode("INVITE sip:大和@x SIP/2.0\r\n".encode()).decode()
    line = log_line(f"refused capacity 503 192.0.2.9:5060 {raw}")
    expected = Refused(
        why="capacity", code=503, source="192.0.2.9:5060", raw="INVITE sip:大和@x SIP/2.0\r\n"
    )
    assert expected == told(line, PLAN.token)


def test_sum_of_a_strangers_calls_is_read() -> None:
    expected = Untold(why="source", source="203.0.113.7", invites=1200)
    assert expected == told(log_line("untold source:29400000:203.0.113.7 1200"), PLAN.token)


def test_sum_of_addresses_that_are_too_many_names_none() -> None:
    expected = Untold(why="rate", source="", invites=7)
    assert expected == told(log_line("untold rate:29400000:others 7"), PLAN.token)


@given(st.text())
def test_line_without_the_token_tells_nothing(text: str) -> None:
    assert told(text.replace(PLAN.token, ""), PLAN.token) is None


@given(st.text())
def test_whatever_follows_the_token_is_read_or_left(text: str) -> None:
    assert isinstance(told(log_line(text), PLAN.token), Refused | Untold | None)


@pytest.mark.parametrize(
    ("mode", "agents", "wanted"),
    [
        ("auto", 1, False),
        ("auto", 2, True),
        ("always", 1, True),
        ("own", 1, True),
        ("never", 100, False),
    ],
)
def test_agents_are_behind_an_edge_when_it_is_wanted(mode: str, agents: int, wanted: bool) -> None:
    assert wanted == Edge.model_validate({"mode": mode}).wanted(agents)


def test_tls_without_its_key_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"needed for edge\.tls_port"):
        Edge.model_validate({"tls_port": 5061, "tls_certificate": "/c.pem"})


async def test_missing_kamailio_is_told_with_its_remedy(tmp_path: Path) -> None:
    edge = RunningEdge(plan_on(tmp_path), kamailio="no-such-kamailio").edge
    with pytest.raises(ConfigError, match="apt install kamailio"):
        await edge.prepare(Path("config.toml"))
