"""Hosts' names in what an agent is told: its one thread waits for none of them."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from sipbot.sip import wire
from sipbot.sip.stack import Account, StackSettings
from tests import sipp
from tests.agents import Parent, an_agent, stack_on
from tests.free_ports import free_ports
from tests.packet_caller import packets, sdp

pytestmark = [pytest.mark.sip, pytest.mark.peer]

DATA = Path(__file__).parent / "data"

SILENT = "host.invalid"
"""A name that nobody ever answers for."""

ALONE = wire.Alone(beep="", thanks="", recording="", max_s=9.0, finish_key="#")


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes a name server silent, for whoever preloads it."""
    library = tmp_path_factory.mktemp("deaf") / "deaf.so"
    compiler = shutil.which("cc")
    assert compiler, "cc is missing: apt-get install gcc libc6-dev"
    source = DATA / "deaf_resolver.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture(autouse=True)
def silent_name_server(deaf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", str(deaf))


def with_account(registrar: str) -> StackSettings:
    account = Account(
        name="trunk",
        aor="sip:100@trunk.example",
        registrar=registrar,
        user="100",
        password="secret",
        realm="trunk.example",
        expires_s=300,
    )
    return msgspec.structs.replace(stack_on(free_ports()), accounts=(account,))


async def is_awake(parent: Parent) -> bool:
    """Whether the agent still does as it is told; where it waits for a name, nothing comes."""
    parent.say(wire.Ping(n=77))
    return 77 == (await parent.next(wire.Pong)).n


async def test_agent_serves_while_nobody_knows_its_registrar(tmp_path: Path) -> None:
    async with an_agent(tmp_path, with_account(f"sip:{SILENT}")) as (_, parent):
        assert await is_awake(parent)
        told = await parent.next(wire.Registered)
    assert ("trunk", 502) == (told.account, told.code)


async def test_registrar_is_found_by_its_name(tmp_path: Path) -> None:
    """As the system knows it, so that /etc/hosts counts."""
    async with sipp.sipp("registrar", realm="trunk.example") as registrar:
        trunk = with_account(f"sip:localhost:{registrar.port}")
        async with an_agent(tmp_path, trunk) as (_, parent):
            told = await parent.next(wire.Registered)
            await registrar.done()
    assert 200 == told.code


async def test_agent_that_ends_is_called_no_longer_by_a_registrar_that_asks_twice(
    tmp_path: Path,
) -> None:
    async with sipp.sipp("registrar_left", realm="trunk.example") as registrar:
        trunk = with_account(f"sip:127.0.0.1:{registrar.port}")
        async with an_agent(tmp_path, trunk) as (_, parent):
            await parent.next(wire.Registered)
            parent.say(wire.Drain())
            await registrar.done()


@pytest.mark.parametrize("where", ["c=", "a=rtcp"])
async def test_call_whose_audio_is_to_go_to_a_name_is_refused(tmp_path: Path, where: str) -> None:
    async with an_agent(tmp_path) as (agent, parent), packets(agent.port) as caller:
        named = {"more": f"a=rtcp:4001 IN IP4 {SILENT}"} if where != "c=" else {"host": SILENT}
        caller.say("INVITE", sdp(caller.rtp_port, **named))
        refused = await parent.next(wire.Refused)
        await caller.heard("SIP/2.0 488")
        assert await is_awake(parent)
    assert (488, "media") == (refused.code, refused.why)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_audio_that_is_to_move_to_a_name_stays_where_it_is(
    tmp_path: Path, method: str
) -> None:
    async with an_agent(tmp_path) as (agent, parent), packets(agent.port) as caller:
        caller.say("INVITE", sdp(caller.rtp_port))
        call = (await parent.next(wire.Offered)).offer.call
        parent.say(wire.Answer(call=call, alone=ALONE))
        await caller.is_answered()
        await parent.next(wire.Answered)
        caller.say(method, sdp(caller.rtp_port, host=SILENT).replace("1 1 IN", "1 2 IN"))
        await caller.heard("SIP/2.0 488")
        assert await is_awake(parent)


async def test_caller_who_is_at_a_name_is_hung_up_on_and_nobody_waits(tmp_path: Path) -> None:
    async with (
        an_agent(tmp_path) as (agent, parent),
        packets(agent.port, contact=SILENT) as caller,
    ):
        caller.say("INVITE", sdp(caller.rtp_port))
        call = (await parent.next(wire.Offered)).offer.call
        parent.say(wire.Answer(call=call, alone=ALONE))
        await caller.is_answered()
        await parent.next(wire.Answered)
        parent.say(wire.HangUp(call=call))
        assert await is_awake(parent)
