"""What nobody should send, in short: the same code as ``make torture PARTS=hostile``."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bot import running
from tests.brokers import RunningBroker
from tests.torture.hostile_messages import DATAGRAM_BYTES, ipv6, known, mutated, torture
from tests.torture.hostile_site import MAD_TRUNK, HostileBot, Probes, send

WHOLE = torture()


def test_all_messages_of_rfc_4475_are_there() -> None:
    assert 49 == len(WHOLE)


def test_messages_of_rfc_4475_have_the_line_ends_they_were_published_with() -> None:
    assert b"SIP/2.0\r\nTO :\r\n" in WHOLE["wsinv"]


def test_each_point_of_rfc_5118_has_a_message() -> None:
    points = {name.split()[0] for name in ipv6("desk")}
    assert {f"4.{n}" for n in range(1, 11)} == points


def test_no_two_known_attacks_share_a_name() -> None:
    names = [name for name, _ in known("desk")]
    assert sorted(set(names)) == sorted(names)


@given(st.integers())
def test_mutation_is_the_same_for_the_same_seed_and_fits_a_datagram(seed: int) -> None:
    first = mutated(WHOLE, random.Random(seed))
    assert first == mutated(WHOLE, random.Random(seed))
    assert len(first) <= DATAGRAM_BYTES


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.timeout(120)
async def test_call_after_what_ends_agents_is_answered_through_the_edge_and_no_process_has_ended(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker
) -> None:
    bot = HostileBot(tmp_path, mosquitto.port, vosk_models, agents=2)
    async with running(bot):
        probes = Probes(bot=bot)
        # Without what is answered and never acknowledged: that would hold a line each.
        aborts = dict(known("desk"))["multipart of nothing"]
        await send(MAD_TRUNK, bot.target, [*WHOLE.values(), *aborts], 0.0)
        answer = await probes.one()
        exits = bot.exits
        row = await probes.ledger_row("RFC 4475")
    assert (200, 0) == (answer.code, exits)
    assert row.whole
