"""The agent's own looks at an INVITE: is it one that was refused already?"""

from sipbot.records import COPIES_S
from sipbot.sip.gate import COPIES_MAX, Gate


def invite(branch: str, call: str = "c1") -> str:
    lines = (
        "INVITE sip:9000@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}, SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK0",
        f"Call-ID: {call}",
        "CSeq: 1 INVITE",
    )
    return "\r\n".join((*lines, "", ""))


def test_copy_of_a_refused_invite_is_the_same_call() -> None:
    gate = Gate(("127.0.0.1/32",))
    assert [False, True] == [gate.is_again(invite("z9hG4bK1"), at) for at in (100.0, 100.5)]


def test_another_invite_of_the_same_caller_is_another_call() -> None:
    gate = Gate(("127.0.0.1/32",))
    one, other = invite("z9hG4bK1"), invite("z9hG4bK2", "c2")
    assert [False, False] == [gate.is_again(raw, 100.0) for raw in (one, other)]


def test_branch_that_comes_again_after_all_copies_is_another_call() -> None:
    gate = Gate(("127.0.0.1/32",))
    times = (100.0, 100.1 + COPIES_S)
    assert [False, False] == [gate.is_again(invite("z9hG4bK1"), at) for at in times]


def test_flood_of_invites_is_not_remembered_without_end() -> None:
    gate = Gate(("127.0.0.1/32",))
    for number in range(COPIES_MAX + 10):
        gate.is_again(invite(f"z9hG4bK{number}"), 100.0)
    assert COPIES_MAX == len(gate._rejected)


EDGE = "127.0.0.1:15059"


def through_edge(*sources: str) -> str:
    told = "".join(f"X-Sipbot-Source: {source}\r\n" for source in sources)
    return invite("z9hG4bK1").replace("CSeq: 1 INVITE\r\n", f"CSeq: 1 INVITE\r\n{told}")


def test_true_source_of_a_call_behind_an_edge_is_what_the_edge_tells() -> None:
    offer, why, _ = Gate(("192.0.2.0/24",), EDGE).look(through_edge("192.0.2.9:5060"), EDGE)
    assert ("192.0.2.9:5060", "") == (offer.source, why)


def test_source_that_a_caller_writes_before_the_edge_does_is_not_believed() -> None:
    raw = through_edge("192.0.2.9:5060", "203.0.113.7:5060")
    offer, why, code = Gate(("192.0.2.0/24",), EDGE).look(raw, EDGE)
    assert ("203.0.113.7:5060", "source", 403) == (offer.source, why, code)


def test_invite_that_passes_by_the_edge_is_refused() -> None:
    _, why, _ = Gate(("127.0.0.0/8",), EDGE).look(through_edge("127.0.0.1:5060"), "127.0.0.1:9")
    assert "source" == why


def test_source_that_is_no_address_is_refused() -> None:
    _, why, _ = Gate(("127.0.0.0/8",), EDGE).look(through_edge("localhost:x"), EDGE)
    assert "source" == why


def test_header_of_an_edge_means_nothing_where_there_is_none() -> None:
    offer, _, _ = Gate(("127.0.0.0/8",)).look(through_edge("192.0.2.9:5060"), "127.0.0.1:9")
    assert "127.0.0.1:9" == offer.source


def test_busy_agent_is_the_callers_end_only_where_there_is_no_edge() -> None:
    assert (True, False) == (
        Gate((), EDGE).is_left_to_edge(Gate((), EDGE).busy),
        Gate(()).is_left_to_edge(486),
    )
