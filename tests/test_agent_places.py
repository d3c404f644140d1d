"""Lines and ports of agents: nothing but arithmetic keeps two of them apart."""

from hypothesis import given
from hypothesis import strategies as st

from sipbot.agent_places import places, rtp_ports_of, shares
from sipbot.sip.rtp_ports import half_of
from sipbot.sip.stack import StackSettings

LINES = st.integers(1, 1000)
EACH = st.integers(1, 32)


@given(lines=LINES, each=EACH)
def test_shares_add_up_to_the_lines_and_no_agent_has_more_than_it_can(
    lines: int, each: int
) -> None:
    found = shares(lines, each)

    assert lines == sum(found)
    assert each >= max(found)


@given(lines=LINES, each=EACH)
def test_shares_are_of_as_few_agents_as_will_do_and_differ_by_one_at_most(
    lines: int, each: int
) -> None:
    found = shares(lines, each)

    assert lines > each * (len(found) - 1)
    assert 1 >= max(found) - min(found)


@given(lines=LINES, each=EACH)
def test_no_two_agents_share_a_port(lines: int, each: int) -> None:
    found = places(
        lines=lines,
        calls_per_agent=each,
        listen=("127.0.0.1", 15060),
        media_address="192.0.2.10",
        rtp_port=40000,
    )

    audio = [port for one in found for port in range(one.rtp_port, one.rtp_port + one.rtp_ports)]
    assert len(found) == len({one.port for one in found})
    assert len(audio) == len(set(audio))


@given(calls=EACH)
def test_each_life_has_ports_for_all_its_calls(calls: int) -> None:
    stack = StackSettings(
        user_agent="", address="", port=0, rtp_port=40000, rtp_ports=rtp_ports_of(calls)
    )

    first, second = half_of(stack, 0), half_of(stack, 1)
    assert first.rtp_port + first.rtp_ports <= second.rtp_port
    assert 4 * calls == first.rtp_ports == second.rtp_ports


def test_four_calls_have_the_ports_that_the_documents_say() -> None:
    assert 32 == rtp_ports_of(4)
