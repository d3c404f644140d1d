"""The arithmetic that judges the soak and the overload; the calls themselves: ``make torture``."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.records import EndState
from tests.torture.crowd import Caller, Deed, Journal, compare
from tests.torture.growth import Held, Look, slope
from tests.torture.soak import silent_row
from tests.torture.soak_growth import growth_rows
from tests.torture.soak_operators import Desk

LOG = "2026-11-22\t01:54:13.312687\t{at};{user};{step}\n"


def caller(user: str, state: EndState = EndState.MEMO) -> Caller:
    return Caller(
        user=user, number="heard", deed=Deed.SPEAK, pause_ms=2500, states=frozenset({state})
    )


def journal(*steps: tuple[str, str]) -> Journal:
    written = Journal()
    written.add("".join(LOG.format(at=at, user=u, step=s) for at, (u, s) in enumerate(steps)))
    return written


def looks(megabytes: list[float]) -> list[Look]:
    return [
        Look(
            calls=100 * n,
            processes={"main": Held(pid=1, mb=mb, descriptors=9, threads=3, cpu_s=1.0)},
        )
        for n, mb in enumerate(megabytes)
    ]


def test_accounts_that_agree_are_found_so() -> None:
    told = journal(("1", "invite"), ("1", "bye"), ("1", "ended"), ("2", "invite"), ("2", "busy"))
    rows = [("1", EndState.MEMO), ("2", EndState.REFUSED_CAPACITY)]

    verdict = compare([caller("1"), caller("2")], told, rows)

    assert ([], [], [], []) == (
        verdict.missing,
        verdict.doubled,
        verdict.strangers,
        verdict.different,
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], "missing"),
        ([("1", None)], "missing"),
        ([("1", EndState.MEMO)] * 2, "doubled"),
        ([("1", EndState.MEMO), ("9", EndState.MEMO)], "strangers"),
        ([("1", EndState.NO_MESSAGE)], "different"),
    ],
)
def test_accounts_that_differ_are_found_so(
    rows: list[tuple[str, EndState | None]], found: str
) -> None:
    verdict = compare([caller("1")], journal(("1", "invite"), ("1", "ended")), rows)

    kinds = ("missing", "doubled", "strangers", "different")
    assert [found] == [kind for kind in kinds if getattr(verdict, kind)]


def test_caller_who_saw_no_end_has_no_accepted_message() -> None:
    told = journal(("1", "invite"), ("1", "answered"), ("2", "invite"), ("2", "ended"))

    assert {"2"} == told.accepted([caller("1"), caller("2")])


def test_waiting_is_counted_from_the_invite_to_the_answer() -> None:
    told = journal(("1", "invite"), ("2", "invite"), ("1", "busy"))

    assert [2.0] == told.waited_s("busy")


@settings(deadline=None)  # a busy machine is no mistake
@given(st.floats(-5, 5), st.floats(1, 500), st.integers(10, 60))
def test_slope_of_a_steady_rise_is_that_rise(mb: float, start_mb: float, number: int) -> None:
    risen = [start_mb + mb * n / 10 for n in range(number)]

    assert slope(looks(risen), "main") == pytest.approx(mb, abs=1e-6)


@settings(deadline=None)  # a busy machine is no mistake
@given(st.integers(0, 39), st.floats(50, 500))
def test_slope_is_not_moved_by_one_look_that_is_far_off(at: int, off_mb: float) -> None:
    risen = [20 + 0.03 * n for n in range(40)]
    risen[at] += off_mb

    assert slope(looks(risen), "main") == pytest.approx(0.3, abs=0.05)


def test_slope_of_looks_at_one_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="say nothing about growth"):
        slope(looks([20.0]), "main")


@pytest.mark.parametrize(
    ("left", "unjudged", "lost"),
    [((), (), 0), (("a",), ("a",), 0), (("a",), (), 1), (("a", "b"), ("b",), 1)],
)
def test_memo_of_a_silent_caller_is_a_fault_unless_nobody_listened_in_time(
    left: tuple[str, ...], unjudged: tuple[str, ...], lost: int
) -> None:
    assert lost == silent_row("calls", {"a", "b"}, {*left, "spoke"}, set(unjudged)).lost


def desk() -> Desk:
    return Desk(lambda packet: None)


def test_command_that_is_answered_twice_or_not_at_all_is_found() -> None:
    books = desk()
    books.sent = {"a": "claim", "b": "done", "c": "done"}
    for req in ("a", "b", "b"):
        answer = {"req": req, "status": "accepted", "code": None}
        books.take(f"sipbot/1/test/client/heard/ack/{req}", json.dumps(answer).encode())

    answered, _ = books.rows("calls", set())

    assert (3, 1, 1) == (answered.tries, answered.lost, answered.duplicated)


def test_memo_that_is_closed_and_still_shown_is_found() -> None:
    books = desk()
    for memo in ("a", "b"):
        shown = {"id": memo, "client": "heard", "stage": "transcribed"}
        books.take(f"sipbot/1/test/client/heard/memo/{memo}", json.dumps(shown).encode())
    books.closed = {"a", "b"}
    books.take("sipbot/1/test/client/heard/memo/a", b"")

    _, shown_open = books.rows("calls", {"b"})

    assert 1 == shown_open.lost
    assert 2 == books.most_open


def test_growth_is_judged_at_rest_after_the_warm_up_and_told_of_the_later_half() -> None:
    rests = looks([10.0, 11.0, 12.0, 13.0, 13.0, 13.0, 13.0])
    busy = looks([500.0, 50.0, 80.0, 110.0])

    memory, *_ = growth_rows("calls", busy, rests)

    assert 7 == memory.tries
    assert memory.worst is not None
    assert 0 < memory.worst < 10
    assert memory.note.startswith("later half 0.00, while busy 300.00; at rest 10.0 MB")
