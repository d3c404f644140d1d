"""The agent's own looks at an INVITE: is it one that was refused already?"""

from sipbot.sip.gate import COPIES_MAX, COPIES_S, Gate


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
