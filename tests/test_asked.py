"""INVITEs that are noted before the library may refuse them: what becomes of each."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.records import COPIES_S
from sipbot.sip.asked import ASKED_MAX, Asked
from sipbot.sip.gate import Gate
from sipbot.sip.headers import is_initial_invite

SOURCE = "127.0.0.1:5060"


def invite(branch: str, to: str = "<sip:9000@192.0.2.1>") -> str:
    lines = (
        "INVITE sip:9000@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.9:5060;branch={branch}",
        "From: <sip:0312345678@192.0.2.9>;tag=1",
        f"To: {to}",
        f"Call-ID: {branch}",
        "CSeq: 1 INVITE",
    )
    return "\r\n".join((*lines, "", ""))


def asked(folder: Path, now_s: float = 0.0) -> Asked:
    """The notes of an agent that begins now, with what one before it has left."""
    return Asked(folder / "agent-0.asked", Gate(("127.0.0.1/32",)), now_s or time.monotonic())


def later() -> float:
    return time.monotonic() + COPIES_S


def test_invite_of_which_nothing_was_heard_before_the_kill_is_a_refused_call(
    tmp_path: Path,
) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    next_agent = asked(tmp_path)
    (refused,) = next_agent.due(later())
    assert (486, "capacity") == (refused.code, refused.why)


def test_invite_that_was_noted_is_held_while_copies_may_come(tmp_path: Path) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    assert [] == asked(tmp_path).due(time.monotonic())


def test_copy_that_comes_to_the_next_agent_is_a_call_and_nothing_else(tmp_path: Path) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    next_agent = asked(tmp_path)
    next_agent.offered(invite("z9hG4bK1"))
    assert [] == next_agent.due(later())
    assert not (tmp_path / "agent-0.asked").exists()


def test_refusal_of_an_invite_that_is_a_call_is_told_by_the_end_of_the_call(
    tmp_path: Path,
) -> None:
    agent = asked(tmp_path)
    agent.offered(invite("z9hG4bK1"))
    assert agent.refused(invite("z9hG4bK1"), SOURCE, 422) is None


def test_copy_that_the_next_agent_refuses_is_told_under_the_name_that_was_noted(
    tmp_path: Path,
) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    (noted,) = asked(tmp_path).due(later())
    next_agent = asked(tmp_path)
    told = next_agent.refused(invite("z9hG4bK1"), SOURCE, 486)
    assert noted == told
    assert [] == next_agent.due(later())


def test_what_was_told_to_nobody_yet_is_there_for_an_agent_after_the_next(tmp_path: Path) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    (expected,) = asked(tmp_path).due(later())
    asked(tmp_path).told()
    assert [expected] == asked(tmp_path).due(later())


def test_refusal_is_in_the_file_until_the_parent_was_told(tmp_path: Path) -> None:
    agent = asked(tmp_path)
    agent.queued([(invite("z9hG4bK1"), SOURCE)], 0)
    told = agent.refused(invite("z9hG4bK1"), SOURCE, 486)
    left = asked(tmp_path).due(later())
    agent.told()
    assert [told] == left
    assert [] == asked(tmp_path).due(later())


def test_copy_of_a_refused_invite_is_not_noted_as_another_call(tmp_path: Path) -> None:
    agent = asked(tmp_path)
    agent.refused(invite("z9hG4bK1"), SOURCE, 486)
    agent.queued([(invite("z9hG4bK1"), SOURCE)], 0)
    assert [] == asked(tmp_path).due(later())


def test_invite_of_an_address_that_may_not_call_is_noted_as_that(tmp_path: Path) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), "192.0.2.9:5060")], 0)
    (refused,) = asked(tmp_path).due(later())
    assert "source" == refused.why


def test_clock_that_began_again_leaves_nobody_held(tmp_path: Path) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    (refused,) = asked(tmp_path, now_s=1.0).due(1.0)
    assert 486 == refused.code


def test_flood_leaves_a_file_of_so_many_invites_and_no_more(tmp_path: Path) -> None:
    agent = asked(tmp_path)
    for number in range(ASKED_MAX // 50 + 1):
        agent.queued([(invite(f"z9hG4bK{number}-{n}"), SOURCE) for n in range(50)], 0)
    assert ASKED_MAX == len(asked(tmp_path).due(later()))


def test_damaged_line_is_said_and_the_others_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(tmp_path).queued([(invite("z9hG4bK1"), SOURCE)], 0)
    with (tmp_path / "agent-0.asked").open("ab") as file:
        file.write(b'{"key":\n')
    assert 1 == len(asked(tmp_path).due(later()))
    assert "line 2: damaged" in capsys.readouterr().err


def test_full_disk_is_said_and_keeps_nobody_from_being_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = asked(tmp_path / "missing")
    agent.queued([(invite("z9hG4bK1"), SOURCE)], 0)
    assert agent.refused(invite("z9hG4bK1"), SOURCE, 486) is not None
    assert "Make room on the disk" in capsys.readouterr().err


@given(waiting=st.integers(0, 8), free=st.integers(0, 8))
def test_nothing_is_noted_while_there_is_a_line_for_each(
    tmp_path_factory: pytest.TempPathFactory, waiting: int, free: int
) -> None:
    folder = tmp_path_factory.mktemp("agent")
    asked(folder).queued([(invite(f"z9hG4bK{n}"), SOURCE) for n in range(waiting)], free)
    assert (waiting if waiting > free else 0) == len(asked(folder).due(later()))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (invite("z9hG4bK1"), True),
        (invite("z9hG4bK1", to="sip:9000@192.0.2.1"), True),
        (invite("z9hG4bK1", to="<sip:9000@192.0.2.1>;tag=a"), False),
        (invite("z9hG4bK1", to="sip:9000@192.0.2.1 ; TAG=a"), False),
        ("OPTIONS sip:9000@192.0.2.1 SIP/2.0\r\n\r\n", False),
        ("", False),
    ],
)
def test_initial_invite_has_no_tag_in_to(raw: str, expected: bool) -> None:
    assert expected == is_initial_invite(raw)
