"""A new agent has other RTP ports than the one that died; and none is another agent's."""

import re
from pathlib import Path

import pytest

from sipbot.sip import wire
from sipbot.sip.rtp_ports import half_of, with_fresh_ports
from tests.agents import calling, real_agent, stack_on
from tests.free_ports import free_ports

STACK = stack_on(5060)
TURNS = 8
"""More calls than a life has pairs of ports, so that all of them have their turn."""


def ports(half: int) -> range:
    stack = half_of(STACK, half)
    return range(stack.rtp_port, stack.rtp_port + stack.rtp_ports)


def test_halves_share_no_port_and_hold_four_calls_and_a_spare_pair_each() -> None:
    first, second = ports(0), ports(1)
    assert (10, 10) == (len(first), len(second))
    assert (STACK.rtp_port, first.stop, 0) == (first[0], second[0], second[0] % 2)


def test_lives_of_an_agent_alternate(tmp_path: Path) -> None:
    lives = [with_fresh_ports(STACK, tmp_path / "agent-0.sock").rtp_port for _ in range(3)]
    assert [ports(0)[0], ports(1)[0], ports(0)[0]] == lives


def test_note_that_cannot_be_written_keeps_no_agent_from_answering(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = with_fresh_ports(STACK, tmp_path / "missing" / "agent-0.sock")
    assert ports(0)[0] == stack.rtp_port
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.sip
async def test_calls_one_after_the_other_keep_to_the_ports_of_their_life(tmp_path: Path) -> None:
    """pjsua2 goes round through its range, and its range has one pair more than it is told."""
    stack = stack_on(free_ports())
    allowed = set(range(stack.rtp_port, stack.rtp_port + 10))
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


def udp_ports(pid: int) -> set[int]:
    """Return the UDP ports that a process has now (proc(5))."""
    mine = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    table = Path(f"/proc/{pid}/net/udp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in table]
    sockets = {re.sub(r"\D", "", name) for name in mine if name.startswith("socket")}
    return {int(row[1].split(":")[1], 16) for row in rows if row[9] in sockets}
