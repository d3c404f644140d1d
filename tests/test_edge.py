"""A real Kamailio between callers and agents: what passes, what does not, and what main hears."""

import os
import signal
from collections.abc import Collection
from pathlib import Path

import msgspec
import pytest

from sipbot.records import EndedBy
from sipbot.sip import caller_wire, wire
from tests.agents import Parent, calling, last, real_agent
from tests.bot import until
from tests.edges import RunningEdge, peer, plan_on, running, stack_behind

pytestmark = [pytest.mark.sip, pytest.mark.peer]

OTHER_TRUNK = "127.0.0.3"
"""Whose calls are taken as well."""

FORGED = 10

SILENT = wire.Alone(beep="", thanks="", recording="", max_s=60.0, finish_key="")


async def answer(parent: Parent, *, others: Collection[str] = ()) -> wire.Offered:
    """Answer the first call that has none of these Call-IDs: UDP keeps no order."""
    offered = await parent.next(wire.Offered)
    while offered.offer.sip_call_id in others:
        offered = await parent.next(wire.Offered)
    parent.say(wire.Answer(call=offered.offer.call, alone=SILENT))
    await parent.next(wire.Answered)
    return offered


async def test_call_through_the_edge_outlives_a_kamailio_that_is_killed(tmp_path: Path) -> None:
    plan = plan_on(tmp_path)
    async with running(plan) as edge:
        with real_agent(tmp_path, stack_behind(plan)) as agent:
            parent = await agent.parent()
            heard = tmp_path / "heard.wav"
            async with calling(plan.port, heard, speak_after_s=0.0) as story:
                call = (await answer(parent)).offer
                kill_kamailio(edge)
                await until(lambda: not edge.edge.child.ready.is_set())
                recording = tmp_path / "audio.wav"
                parent.say(wire.Record(call=call.call, path=str(recording)))
                await until(lambda: recording.exists() and recording.stat().st_size > 8000)
                await edge.edge.child.ready.wait()
                parent.say(wire.HangUp(call=call.call, code=200))
                hung_up = await last(story)
            await parent.die()
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by
    assert not call.source.endswith(f":{plan.inner_port}")


def kill_kamailio(edge: RunningEdge) -> None:
    child = edge.edge.child.pid
    assert child is not None
    (kamailio,) = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    os.kill(int(kamailio), signal.SIGKILL)


async def test_busy_agent_is_passed_over_and_when_all_are_the_caller_hears_so_at_once(
    tmp_path: Path,
) -> None:
    plan = plan_on(tmp_path, agents=2)
    one, two = (tmp_path / name for name in ("one", "two"))
    one.mkdir()
    two.mkdir()
    async with running(plan) as edge:
        with (
            real_agent(one, stack_behind(plan, 0, lines=1)) as first,
            real_agent(two, stack_behind(plan, 1, lines=1)) as second,
            peer(plan.port) as caller,
        ):
            parents = [await first.parent(), await second.parent()]
            for parent in parents:
                await parent.next(wire.Hello)
            caller.send("1")
            caller.send("2")
            offers = [(await parent.next(wire.Offered)).offer for parent in parents]
            caller.send("3")
            said = await caller.answer()
            refused = await edge.refusal()
            for parent in parents:
                await parent.die()
    assert {"c1", "c2"} == {offer.sip_call_id for offer in offers}
    assert said.startswith("SIP/2.0 503")
    assert "\r\nRetry-After: 5\r\n" in said
    assert ("capacity", 503, "c3", caller.here) == (
        refused.why,
        refused.code,
        refused.offer.sip_call_id,
        refused.offer.source,
    )


async def test_stranger_reaches_no_agent_and_is_told_to_main(tmp_path: Path) -> None:
    async with running(plan_on(tmp_path)) as edge:
        with peer(edge.plan.port, "127.0.0.2") as stranger:
            stranger.send("1", more="X-Sipbot-Source: 127.0.0.1:5060\r\n")
            said = await stranger.answer()
            refused = await edge.refusal()
    assert said.startswith("SIP/2.0 403")
    assert ("source", stranger.here) == (refused.why, refused.offer.source)


async def test_packets_that_end_an_agent_do_not_reach_it(tmp_path: Path) -> None:
    plan = plan_on(tmp_path)
    async with running(plan):
        with real_agent(tmp_path, stack_behind(plan)) as agent, peer(plan.port) as attacker:
            parent = await agent.parent()
            for number in range(100):
                attacker.send(f"{number % 3}")
                attacker.send(f"{number % 3}", method="ACK")
            for method in ("SUBSCRIBE", "REFER", "MESSAGE", "NOTIFY", "REGISTER"):
                attacker.send(method, method=method)
            multipart = "Content-Type: multipart/mixed;boundary=b\r\n"
            attacker.send("body", more=multipart, body="--b--\r\n")
            said = [await attacker.answer() for _ in range(6)]
            async with calling(
                plan.port, tmp_path / "heard.wav", speak_after_s=0.0, linger_s=0.0
            ) as story:
                await answer(parent, others={"c0", "c1", "c2"})
                ended = await parent.next(wire.Ended)
                await last(story)
            assert agent.process.poll() is None
            await parent.die()
    assert [*["405"] * 5, "415"] == sorted(text.split()[1] for text in said)
    assert EndedBy.CALLER == ended.by


async def test_cancel_ends_a_call_only_from_the_address_that_the_call_came_from(
    tmp_path: Path,
) -> None:
    """Whoever sees the signalling can copy all of it, Via and branch too."""
    plan = msgspec.structs.replace(plan_on(tmp_path), allow=("127.0.0.1/32", OTHER_TRUNK + "/32"))
    async with running(plan):
        with (
            real_agent(tmp_path, stack_behind(plan)) as agent,
            peer(plan.port) as caller,
            peer(plan.port, OTHER_TRUNK) as trunk,
            peer(plan.port, "127.0.0.2") as stranger,
        ):
            parent = await agent.parent()
            calls = []
            for name in ("1", "2"):
                caller.send(name)
                calls.append((await parent.next(wire.Offered)).offer.call)
            for forger in (trunk, stranger):
                for _ in range(FORGED):
                    forger.send("1", method="CANCEL", as_if=caller.here)
            # A CANCEL gets no answer from the edge; what is sent after it does.
            trunk.send("3", method="OPTIONS")
            await trunk.answer()
            caller.send("2", method="CANCEL")
            ended = [await parent.next(wire.Ended)]
            parent.say(wire.Refuse(call=calls[0], code=480))
            ended.append(await parent.next(wire.Ended))
            await parent.die()
    assert [(calls[1], 487), (calls[0], 480)] == [(one.call, one.code) for one in ended]


async def test_agent_that_serves_no_more_is_taken_out_without_a_restart(tmp_path: Path) -> None:
    plan = plan_on(tmp_path)
    async with running(plan) as edge:
        pid = edge.edge.child.pid
        edge.serving = frozenset()
        await until(lambda: "sip:127.0.0.1:" + str(plan.agents[0]) + " 4 " in listed(plan.folder))
        with peer(plan.port) as caller:
            caller.send("1")
            said = await caller.answer()
        assert pid == edge.edge.child.pid
    assert said.startswith("SIP/2.0 503")


def listed(folder: str) -> str:
    return (Path(folder) / "dispatcher.list").read_text(encoding="ascii")
