"""Stalls in short: the same code as ``make torture PARTS=stalls``, with few rounds and one seed."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sipbot.records import EndState
from tests.torture.promise import Promise, Scale
from tests.torture.stalls_calls import Said, Seen, compare, told
from tests.torture.stalls_clock import Clock, clocks
from tests.torture.stalls_ears import ears
from tests.torture.stalls_site import Stop
from tests.torture.stalls_stopped import drained_s, stopped, unheard

Part = Callable[[Scale, random.Random, Path], Awaitable[list[Promise]]]

MEMO = EndState.MEMO


@pytest.mark.sip
@pytest.mark.asr
@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", [ears, stopped, clocks])
async def test_stalls_in_short_keep_every_promise(part: Part, tmp_path: Path) -> None:
    rows = await part(Scale(rounds=2), random.Random("1 stalls"), tmp_path)
    assert [] == [row for row in rows if not row.whole and row.tries]


# -- the harness itself ----------------------------------------------------------------------------


def said(caller: str = "a", *, heard_back: bool = True, speech_s: float = 3.0) -> Said:
    return Said(
        caller=caller,
        invited_at=100.0,
        heard_back=heard_back,
        code=200 if heard_back else 0,
        answered_at=101.0,
        speech_s=speech_s,
        hung_up_at=106.0,
    )


def seen(memo: str = "m", rev: int = 1, caller: str = "a") -> Seen:
    return Seen(memo=memo, rev=rev, caller=caller, stage="recorded")


def test_compare_finds_nothing_wrong_when_all_is_well() -> None:
    found = compare([said()], [("a", MEMO)], [seen(rev=2)], [seen(), seen(), seen(rev=2)])
    assert (1, 1) == (found.accepted, found.invites)
    assert [] == found.lost + found.doubled + found.rowless + found.many_rows


@pytest.mark.parametrize(("kept", "shown"), [([], [seen()]), ([seen()], [])])
def test_compare_counts_a_message_that_ledger_or_subscriber_lacks_as_lost(
    kept: list[Seen], shown: list[Seen]
) -> None:
    assert ["a"] == compare([said()], [("a", MEMO)], kept, shown).lost


def test_compare_does_not_expect_a_memo_of_two_words() -> None:
    found = compare([said(speech_s=1.9)], [("a", EndState.NO_MESSAGE)], [], [])
    assert (0, []) == (found.accepted, found.lost)


@pytest.mark.parametrize(
    "shown", [[seen("m"), seen("n")], [seen(rev=2), seen(rev=1)]], ids=["two memos", "older rev"]
)
def test_compare_finds_a_doubled_memo_and_a_revision_that_falls(shown: list[Seen]) -> None:
    assert ["a"] == compare([said()], [("a", MEMO)], [seen()], shown).doubled


def test_compare_drops_known_revisions_that_come_again() -> None:
    shown = [seen(rev=1), seen(rev=2), seen(rev=1), seen(rev=2)]
    assert [] == compare([said()], [("a", MEMO)], [seen()], shown).doubled


def test_compare_finds_invites_with_no_row_an_unended_row_and_two_rows() -> None:
    rows = [("b", None), ("c", MEMO), ("c", EndState.FAILED_INTERNAL)]
    found = compare([said("a"), said("b"), said("c")], rows, [], [])
    assert (["a", "b"], ["c"]) == (found.rowless, found.many_rows)


def test_compare_expects_no_row_of_an_invite_that_met_a_closed_port() -> None:
    found = compare([said(heard_back=False)], [], [], [])
    assert (1, 0, []) == (found.unheard, found.invites, found.rowless)


def test_told_reads_the_journal_from_what_sipp_sent_and_received() -> None:
    rule = "-" * 47
    steps = [
        ("00.000000", "sent", "INVITE sip:desk@h SIP/2.0\nCSeq: 1 INVITE"),
        ("00.500000", "sent", "INVITE sip:desk@h SIP/2.0\nCSeq: 1 INVITE"),
        ("01.000000", "received", "SIP/2.0 100 Trying\nCSeq: 1 INVITE"),
        ("02.000000", "received", "SIP/2.0 200 OK\nCSeq: 1 INVITE"),
        ("09.000000", "sent", "BYE sip:desk@h SIP/2.0\nCSeq: 9 BYE"),
    ]
    log = "".join(
        f"{rule} 2026-03-01\t12:00:{at}\nUDP message {way} [9] bytes:\n\n{text}\n\n"
        for at, way, text in steps
    )
    one = told(log, caller="a", said=None, speech_s=5.0, began=0.0)
    assert one.answered_at is not None
    assert one.hung_up_at is not None
    assert (True, 200, True) == (one.heard_back, one.code, one.accepted)
    assert (2.0, 7.0) == (one.answered_at - one.invited_at, one.hung_up_at - one.answered_at)


@pytest.mark.parametrize(
    ("began", "ended", "died", "stopped_s"),
    [(90.0, 95.0, False, 0.0), (103.5, 104.5, False, 1.0), (103.5, 104.5, True, 2.0)],
    ids=["before", "meanwhile", "and never again"],
)
def test_unheard_is_what_was_said_to_a_stopped_agent(
    began: float, ended: float, died: bool, stopped_s: float
) -> None:
    done = Stop(pid=1, began=began, ended=ended, died=died)
    assert stopped_s == unheard(said(), done).stopped_s


def test_clock_tells_which_offsets_were_in_force(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.past = [(0.0, 0.0), (10.0, 3600.0), (20.0, -2.0)]
    assert [0.0, 3600.0] == clock.showed(5.0, 15.0)
    assert [-2.0] == clock.showed(30.0, 31.0)


@pytest.mark.parametrize(
    ("shown_at", "waits"),
    [([105.0, 140.0], [0.0]), ([112.0, 140.0], [2.0]), ([], [float("inf")])],
    ids=["before", "after", "never"],
)
def test_message_of_a_stopped_brokers_time_is_waited_for_by_its_caller(
    shown_at: list[float], waits: list[float]
) -> None:
    done = Stop(pid=1, began=104.0, ended=110.0, died=False)
    shown = [replace(seen(rev=n), at=at) for n, at in enumerate(shown_at, start=1)]
    probe = replace(seen(caller="probe"), at=111.0)
    early = replace(said("early"), hung_up_at=103.0)
    assert waits == drained_s([early, said()], [probe, *shown], done)
