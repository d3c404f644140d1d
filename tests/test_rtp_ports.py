"""A new agent has other RTP ports than the one that died; and none is another agent's."""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipbot.sip import wire
from sipbot.sip.rtp_ports import FreshPorts, half_of
from sipbot.sip.stack import LINES
from tests.agents import Parent, calling, real_agent, stack_on
from tests.free_ports import free_ports
from tests.torture.telephone import microphone, port_of, telephone

SILENT = wire.Alone(beep="", thanks="", recording="", max_s=60.0, finish_key="")

STACK = stack_on(5060)
TURNS = 10
"""More calls than a life has pairs of ports, so that all of them have their turn."""

SWAPS, SWAP_EVERY_S = 12, 0.2
"""Moments in which all four callers of an agent make way for others.  With one spare pair of ports
a caller was refused in every fifth of them (measured)."""


def ports(half: int) -> range:
    stack = half_of(STACK, half)
    return range(stack.rtp_port, stack.rtp_port + stack.rtp_ports)


def test_halves_share_no_port_and_hold_four_calls_and_four_that_have_just_ended_each() -> None:
    first, second = ports(0), ports(1)
    assert (16, 16) == (len(first), len(second))
    assert (STACK.rtp_port, first.stop, 0) == (first[0], second[0], second[0] % 2)


def life(socket: Path, *, called: bool) -> int:
    one = FreshPorts(STACK, socket)
    if called:
        one.used()
    return one.stack.rtp_port


def test_lives_of_an_agent_alternate(tmp_path: Path) -> None:
    lives = [life(tmp_path / "agent-0.sock", called=True) for _ in range(3)]
    assert [ports(0)[0], ports(1)[0], ports(0)[0]] == lives


def test_life_without_a_call_leads_nobody_back_to_ports_where_a_caller_still_speaks(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "agent-0.sock"
    before = life(socket, called=True)
    life(socket, called=False)
    assert before != life(socket, called=True)


def test_half_in_which_a_caller_speaks_on_is_left_to_the_other(tmp_path: Path) -> None:
    """Two lives with calls ended within one message: the caller of the first speaks on."""
    agent = tmp_path / "agent-0.sock"
    stack = stack_on(free_ports())
    first, second = FreshPorts(stack, agent), None
    first.used()
    second = FreshPorts(stack, agent)
    second.used()
    with speaking_to(first.stack.rtp_port):
        assert second.stack.rtp_port == FreshPorts(stack, agent).stack.rtp_port


def test_note_that_cannot_be_written_keeps_no_agent_from_answering(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ports(0)[0] == life(tmp_path / "missing" / "agent-0.sock", called=True)
    assert "No such file or directory" in capsys.readouterr().err


@contextlib.contextmanager
def speaking_to(port: int) -> Iterator[None]:
    """Send a packet every 20 ms, as a telephone does."""
    over = threading.Event()

    def speak() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
            while not over.wait(0.02):
                voice.sendto(bytes(172), ("127.0.0.1", port))

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


@pytest.mark.sip
async def test_calls_one_after_the_other_keep_to_the_ports_of_their_life(tmp_path: Path) -> None:
    """pjsua2 goes round through its range, and its range has one pair more than it is told."""
    stack = stack_on(free_ports())
    allowed = set(range(stack.rtp_port, stack.rtp_port + stack.rtp_ports // 2))
    used = set()
    with real_agent(tmp_path, stack) as agent:
        parent = await agent.parent()
        for number in range(TURNS):
            async with calling(agent.port, tmp_path / f"heard-{number}.wav"):
                call = (await parent.next(wire.Offered)).offer.call
                used |= udp_ports(agent.process.pid) - {agent.port}
                parent.say(wire.Refuse(call=call, code=486))
                await parent.next(wire.Ended)
        await parent.die()
    assert set() == used - allowed
    assert used


@pytest.mark.sip
async def test_four_callers_who_come_in_the_moment_in_which_four_others_leave_are_answered(
    tmp_path: Path,
) -> None:
    """pjmedia closes the sockets of those who left later than the library frees their lines."""
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(answer_all(parent))
            async with asyncio.TaskGroup() as calling_:
                callers = [
                    calling_.create_task(call_again_and_again(f"caller{n}-", agent.port))
                    for n in range(LINES)
                ]
            answering.cancel()
        await parent.die()
    codes = [code for caller in callers for code in caller.result()]
    assert LINES * SWAPS * [200] == codes


async def answer_all(parent: Parent) -> None:
    while True:
        call = (await parent.next(wire.Offered)).offer.call
        parent.say(wire.Answer(call=call, alone=SILENT))


async def call_again_and_again(name: str, port: int) -> list[int]:
    """Call, hang up in the moment in which the others do, call again."""
    codes = []
    async with telephone(name, ("127.0.0.1", port)) as one, microphone() as ear:
        for _ in range(SWAPS):
            codes.append((await one.call(port_of(ear))).code)
            await asyncio.sleep(SWAP_EVERY_S - time.monotonic() % SWAP_EVERY_S)
            if codes[-1] == 200:
                await one.hang_up()
    return codes


def udp_ports(pid: int) -> set[int]:
    """Return the UDP ports that a process has now (proc(5))."""
    mine = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    table = Path(f"/proc/{pid}/net/udp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in table]
    sockets = {re.sub(r"\D", "", name) for name in mine if name.startswith("socket")}
    return {int(row[1].split(":")[1], 16) for row in rows if row[9] in sockets}
