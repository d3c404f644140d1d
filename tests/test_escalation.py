"""Which step comes next for a memo that nobody claims: each once, in order, never too early.

The night of `test_a_night_...` runs by a clock of its own, minute by minute.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sipbot.dialplan_tree import terminal_tree
from sipbot.errors import DialplanError
from sipbot.escalation import (
    Escalation,
    Step,
    Waiting,
    asked,
    called,
    calling,
    forecast,
    in_vain,
    next_step,
    nobody,
    told,
    waiting,
)
from sipbot.escalation_compile import uncovered
from sipbot.hours import compile_hours
from sipbot.hours_form import HoursForm
from sipbot.memo import Memo, Status, changed
from sipbot.memo_history import Escalated, next_revision
from tests.clients import client
from tests.memo_samples import AT, a_memo

HOURS = compile_hours(HoursForm(open="Mo-Fr 09:00-18:00"), region="JP")
MINUTE = timedelta(minutes=1)
BY_THE_BOOK = Escalation(
    steps=(
        Step(after=15 * MINUTE, kind="to", target="lead"),
        Step(after=30 * MINUTE, kind="phone", target="rota"),
        Step(after=60 * MINUTE, kind="notify", target="client"),
        Step(after=0 * MINUTE, kind="notify", target="boss", categories=("complaint",)),
    )
)
SINCE = datetime(2026, 11, 20, 13, tzinfo=UTC)


def a_wait(*, free: bool = True, category: str | None = None, done: Iterable[str] = ()) -> Waiting:
    return Waiting(since=SINCE, free=free, urgent=False, category=category, done=frozenset(done))


def test_a_night_that_nobody_watches_takes_each_step_once_at_its_minute() -> None:
    done: list[tuple[str, int]] = []
    for minute in range(12 * 60):
        now = SINCE + minute * MINUTE
        keys = {key for key, _ in done}
        found = next_step(BY_THE_BOOK, a_wait(done=keys), now, HOURS)
        if found is not None and found.at <= now:
            done.append((found.step.key, minute))

    assert [("to:lead", 15), ("phone:rota", 30), ("notify:client", 60)] == done


def test_a_category_that_must_escalate_does_so_at_once() -> None:
    found = next_step(BY_THE_BOOK, a_wait(category="complaint"), SINCE, HOURS)

    assert found is not None
    assert ("notify:boss", SINCE) == (found.step.key, found.at)


def test_the_memo_itself_keeps_its_steps_over_a_restart() -> None:
    step = BY_THE_BOOK.steps[0]
    memo = told(a_memo(), step, AT + 15 * MINUTE)

    read_again = waiting(Memo.model_validate_json(memo.model_dump_json()))

    assert frozenset({"to:lead"}) == read_again.done


def test_a_step_is_seen_in_the_memo_by_who_was_told_and_why() -> None:
    memo = told(a_memo(), BY_THE_BOOK.steps[0], AT + 15 * MINUTE)

    assert ["escalated_to"] == changed(a_memo(), memo)
    assert ("escalated", "sipbot") == (memo.history[-1].what, memo.history[-1].by)
    assert Escalated(kind="to", target="lead", why="unclaimed for 15 min") == (
        memo.history[-1].escalated
    )


def test_whoever_takes_a_message_by_telephone_holds_its_memo() -> None:
    begun = told(a_memo(), BY_THE_BOOK.steps[1], AT)

    memo = called(begun, "sato", "taken", AT)

    assert (Status.CLAIMED, "sato", False) == (memo.status, memo.holder, calling(memo))


def test_whoever_takes_a_message_that_another_holds_does_not_take_it_away() -> None:
    held = next_revision(
        told(a_memo(), BY_THE_BOOK.steps[1], AT),
        AT,
        {"status": Status.CLAIMED, "holder": "alice"},
        what="claimed",
        by="alice",
    )

    assert "alice" == called(held, "sato", "taken", AT).holder


def test_calls_to_those_on_call_end_when_nobody_took_it() -> None:
    begun = told(a_memo(), BY_THE_BOOK.steps[1], AT)
    once = called(begun, "sato", "no_answer", AT)

    assert (True, True, False) == (calling(begun), calling(once), calling(nobody(once, AT)))
    assert frozenset({"sato"}) == asked(once)


@pytest.mark.parametrize("what", ["snoozed", "reopened", "called_back"])
def test_whoever_does_something_about_a_memo_ends_the_calls_to_those_on_call(what: str) -> None:
    begun = called(told(a_memo(), BY_THE_BOOK.steps[1], AT), "sato", "no_answer", AT)

    worked = next_revision(begun, AT, {}, what=what, by="alice")
    late = called(worked, "suzuki", "no_answer", AT)

    assert [True, False, False] == [calling(one) for one in (begun, worked, late)]


def test_after_a_night_without_power_the_steps_come_in_their_order() -> None:
    found = next_step(BY_THE_BOOK, a_wait(), SINCE + timedelta(hours=9), HOURS)

    assert found is not None
    assert "to:lead" == found.step.key


def test_the_forecast_of_a_complaint_names_every_step_at_its_minute() -> None:
    found = forecast(BY_THE_BOOK, a_wait(category="complaint"), HOURS)

    assert [("notify:boss", 0), ("to:lead", 15), ("phone:rota", 30), ("notify:client", 60)] == [
        (one.step.key, (one.at - SINCE) // MINUTE) for one in found
    ]


def test_memos_of_last_month_are_left_to_the_list() -> None:
    assert next_step(BY_THE_BOOK, a_wait(), SINCE + timedelta(days=30), HOURS) is None


def test_a_step_for_closed_hours_waits_for_them() -> None:
    night = Escalation(
        steps=(Step(after=5 * MINUTE, kind="phone", target="rota", hours=("closed",)),)
    )
    at_noon = datetime(2026, 11, 20, 3, 0, 20, tzinfo=UTC)  # 12:00 in Tokyo, a Friday
    memo = Waiting(since=at_noon - 10 * MINUTE, free=True, urgent=False, category=None)

    found = next_step(night, memo, at_noon, HOURS)

    assert found is not None
    assert datetime(2026, 11, 20, 3, 1, tzinfo=UTC) == found.at


@given(
    free=st.booleans(),
    category=st.sampled_from([None, "complaint", "order"]),
    done=st.sets(st.sampled_from([one.key for one in BY_THE_BOOK.steps])),
    minutes=st.integers(0, 10_000),
)
def test_a_step_is_never_taken_twice_or_too_early_or_for_a_memo_that_somebody_has(
    *, free: bool, category: str | None, done: set[str], minutes: int
) -> None:
    now = SINCE + minutes * MINUTE

    found = next_step(BY_THE_BOOK, a_wait(free=free, category=category, done=done), now, HOURS)

    if found is not None:
        assert free
        assert found.step.key not in done
        assert found.at >= SINCE + found.step.after


@given(st.integers(0, 300), st.integers(0, 300))
def test_what_is_due_stays_due_while_time_goes_on(minutes: int, more: int) -> None:
    now = SINCE + minutes * MINUTE
    found = next_step(BY_THE_BOOK, a_wait(), now, HOURS)
    later = next_step(BY_THE_BOOK, a_wait(), now + more * MINUTE, HOURS)

    assert found == later


def test_the_wait_of_a_memo_that_was_put_off_begins_when_that_ends() -> None:
    until = AT + timedelta(hours=3)
    memo = next_revision(a_memo(), AT, {"snoozed_until": until}, what="snoozed", until=until)

    assert until == waiting(memo).since


def test_a_claim_that_ended_by_itself_does_not_make_the_caller_wait_anew() -> None:
    held = next_revision(a_memo(), AT + 10 * MINUTE, {"status": Status.CLAIMED}, what="claimed")
    memo = next_revision(held, AT + 25 * MINUTE, {"status": Status.OPEN}, what="lease_over")

    assert (True, memo.call.ended_at) == (waiting(memo).free, waiting(memo).since)


def test_a_memo_that_was_given_back_waits_anew() -> None:
    at = AT + 25 * MINUTE
    memo = next_revision(a_memo(), at, {"status": Status.OPEN}, what="released", by="alice")

    assert at == waiting(memo).since


@pytest.mark.parametrize(
    ("expected", "first", "second"),
    [
        ([1], {}, {}),
        ([1], {}, {"urgent": True}),
        ([], {"urgent": True}, {}),
        ([1], {"categories": ("a", "b")}, {"categories": ("a",)}),
        ([], {"categories": ("a",)}, {}),
        ([], {"hours": ("closed",)}, {}),
    ],
)
def test_a_step_that_never_counts_is_found(
    expected: list[int], first: dict[str, object], second: dict[str, object]
) -> None:
    steps = [
        Step(after=minutes * MINUTE, kind="to", target="lead", **more)  # type: ignore[arg-type]  # a test's short hand
        for minutes, more in ((5, first), (15, second))
    ]

    assert expected == in_vain(steps)


ROTA = '[[rota]]\nname = "sato"\nnumber = "09012345678"\nhours = "Mo-Fr 18:00-09:00"\n'
PHONE = '[[escalate]]\nafter_min = 30\nphone = "rota"\n'


def test_a_file_with_a_rota_becomes_a_plan(tmp_path: Path) -> None:
    plan = client(tmp_path, PHONE + ROTA).escalation

    assert ["phone:rota"] == [one.key for one in plan.steps]
    assert ["+819012345678"] == [one.number for one in plan.rota]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("escalate[0].phone", PHONE),
        ("rota[0].number", PHONE + ROTA.replace("09012345678", "not a number")),
        ("rota[0].hours", PHONE + ROTA.replace("18:00", "8pm")),
        ("rota[0].hours", PHONE + ROTA + "last_resort = true\n"),
        ("escalate[0]", "[[escalate]]\nafter_min = 5\n"),
        ("escalate[0].notify", '[[escalate]]\nafter_min = 5\nnotify = "b"\n'),
        ("escalate[0].notify", '[[escalate]]\nafter_min = 5\nto = "a"\nnotify = "b"\n'),
        (
            "escalate[0].categories[0]",
            '[[escalate]]\nafter_min = 5\nto = "a"\ncategories = ["x"]\n',
        ),
        ("escalate[0].hours[0]", '[[escalate]]\nafter_min = 5\nto = "a"\nhours = ["x"]\n'),
    ],
)
def test_a_mistake_in_the_tables_is_found_at_its_key(
    tmp_path: Path, expected: str, text: str
) -> None:
    with pytest.raises(DialplanError) as refused:
        client(tmp_path, text)

    assert [expected] == [one.key for one in refused.value.mistakes]


def test_show_names_the_steps_and_who_is_on_call(tmp_path: Path) -> None:
    console = Console(width=100, record=True, file=StringIO())

    console.print(terminal_tree(client(tmp_path, PHONE + ROTA), "JP"))

    shown = console.export_text()
    assert "after 30 min  → calls those on call" in shown
    assert "sato  090-1234-5678  Mon-Fri 18:00-09:00" in shown


def test_the_first_gap_of_a_rota_is_told_with_date_and_time(tmp_path: Path) -> None:
    plan = client(tmp_path, '[hours]\nopen = "Mo-Fr 09:00-18:00"\n' + PHONE + ROTA)

    found = uncovered(plan, datetime(2026, 11, 24, tzinfo=UTC).date())

    assert found is not None
    assert found.problem.endswith("from 2026-11-24 09:00")


def test_a_last_resort_leaves_no_gap(tmp_path: Path) -> None:
    last = '[[rota]]\nname = "boss"\nnumber = "sip:100@10.0.0.5"\nlast_resort = true\n'
    plan = client(tmp_path, PHONE + ROTA + last)

    assert uncovered(plan, datetime(2026, 11, 24, tzinfo=UTC).date()) is None
