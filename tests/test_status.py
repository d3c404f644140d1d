"""How a site is: what the figures mean, and where the ledger's come from."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from sipbot import ledger_figures
from sipbot.ledger import Ledger
from sipbot.lines import LIMIT_BYTES
from sipbot.memo import Memo, Status, with_transcript
from sipbot.records import EndedBy, EndState
from sipbot.status import (
    BACKLOG_LIMIT_S,
    UNDELIVERED_LIMIT_S,
    AlertStatus,
    Facts,
    judge,
    shown_alerts,
)
from sipbot.topics import Numbers, StatePayload
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer


def numbers(
    *,
    in_use: int = 0,
    backlog_s: float | None = 0.0,
    oldest_s: float | None = 0.0,
) -> Numbers:
    return Numbers(
        lines=4, lines_in_use=in_use, recognition_backlog_s=backlog_s, oldest_undelivered_s=oldest_s
    )


# -- what the figures mean ------------------------------------------------------------------------


def test_site_without_trouble_is_ready_for_no_reason() -> None:
    assert ("ready", ()) == judge(Facts(numbers=numbers()))


def test_ten_thousand_alerts_are_a_hundred_of_bounded_length_and_a_number() -> None:
    words = "漢" * 5_000
    up = [
        AlertStatus(id=f"quota-{n}", since=AT, problem=words, remedy=words) for n in range(10_000)
    ]
    shown = shown_alerts(up, {"quota-3"})
    assert (100, 9_899) == (len(shown.some), shown.others)
    assert "quota-3" not in [one.id for one in shown.some]
    assert LIMIT_BYTES > 3 * len(msgspec.json.encode(shown))


def test_site_whose_figures_were_not_measured_is_not_blamed_for_them() -> None:
    assert ("ready", ()) == judge(Facts(numbers=numbers(backlog_s=None, oldest_s=None)))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(numbers=numbers(), agents_down=(1,)), "agent 1 is not running"),
        (Facts(numbers=numbers(), deaf=("yamato (ja)",)), "no ear for yamato (ja)"),
        (
            Facts(numbers=numbers(), commands_refused=True),
            "the broker refuses operators' commands",
        ),
        (Facts(numbers=numbers(), ears_down=("live",)), "the live recogniser is not running"),
        (Facts(numbers=numbers(), behind=("sato.toml: old",)), "sato.toml: old"),
        (Facts(numbers=numbers(), damaged=("m",)), "speech model m is damaged"),
        (Facts(numbers=numbers(), broker_connected=False), "the broker is not connected"),
        (Facts(numbers=numbers(), console_down=True), "the console is not running"),
        (
            Facts(numbers=numbers(), edge_down=True),
            "the edge is not running: no call comes in",
        ),
        (
            Facts(numbers=numbers(backlog_s=BACKLOG_LIMIT_S + 1)),
            "more than 300 s of audio wait to be read",
        ),
        (
            Facts(numbers=numbers(oldest_s=UNDELIVERED_LIMIT_S + 1)),
            "a memo has waited more than 60 s for the broker",
        ),
    ],
    ids=[
        "agent",
        "language",
        "commands",
        "ear",
        "dialplan",
        "model",
        "broker",
        "console",
        "edge",
        "backlog",
        "undelivered",
    ],
)
def test_site_with_one_trouble_is_degraded_and_names_it(facts: Facts, reason: str) -> None:
    assert ("degraded", (reason,)) == judge(facts)


def test_site_whose_ledger_refuses_is_full() -> None:
    facts = Facts(numbers=numbers(backlog_s=None, oldest_s=None), ledger_refuses=True)

    assert ("full", ("the ledger refuses",)) == judge(facts)


def test_site_whose_disk_has_no_room_is_full() -> None:
    assert ("full", ("the disk has no room for another message",)) == judge(
        Facts(numbers=numbers(), disk_full=True)
    )


@given(in_use=st.integers(0, 4), backlog_s=st.floats(0, 1e6), oldest_s=st.floats(0, 1e6))
def test_site_is_full_exactly_when_no_line_is_free(
    in_use: int, backlog_s: float, oldest_s: float
) -> None:
    facts = Facts(numbers=numbers(in_use=in_use, backlog_s=backlog_s, oldest_s=oldest_s))
    state, reasons = judge(facts)
    assert (in_use == 4) == (state == "full")
    assert (state == "ready") == (reasons == ())


@given(
    first=st.floats(BACKLOG_LIMIT_S, 1e6, exclude_min=True),
    second=st.floats(BACKLOG_LIMIT_S, 1e6, exclude_min=True),
)
def test_reasons_do_not_change_while_only_figures_move(first: float, second: float) -> None:
    assert judge(Facts(numbers=numbers(backlog_s=first))) == judge(
        Facts(numbers=numbers(backlog_s=second))
    )


def test_numbers_that_were_not_measured_are_null_on_the_bus() -> None:
    payload = StatePayload(
        state="ready", boot="b1", ts=AT, numbers=numbers(backlog_s=None, oldest_s=2.5)
    )
    assert {
        "lines": 4,
        "lines_in_use": 0,
        "recognition_backlog_s": None,
        "deliveries_waiting": None,
        "dead_letters": None,
        "oldest_undelivered_s": 2.5,
        "disk_free_bytes": None,
        "disk_days_left": None,
        "quotas_warned": None,
        "quotas_used_up": None,
    } == json.loads(payload.encode())["numbers"]


# -- what the ledger says -------------------------------------------------------------------------


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def end_with_memo(ledger: Ledger) -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer)
    await ledger.add_call(offer, "yamato", "request-uri", "yamato")
    assert await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def test_ledger_without_deliveries_has_none_waiting(ledger: Ledger) -> None:
    waiting = await ledger.waiting()
    assert (0, 0, None) == (waiting.deliveries, waiting.dead, waiting.since)


async def test_oldest_waiting_delivery_dates_from_its_revision_not_from_its_memo(
    ledger: Ledger,
) -> None:
    memo = await end_with_memo(ledger)
    later = AT + timedelta(minutes=5)
    await ledger.revise_memo(
        memo.id, lambda old: with_transcript(old, a_transcript("moshi"), later)
    )
    (first, _) = await ledger.due_deliveries(datetime.now(UTC), 10)
    await ledger.delivered([first.id], later)

    waiting = await ledger.waiting()

    assert (1, later) == (waiting.deliveries, waiting.since)


async def test_deferred_delivery_keeps_its_age(ledger: Ledger) -> None:
    await end_with_memo(ledger)
    (delivery,) = await ledger.due_deliveries(datetime.now(UTC), 10)
    await ledger.deferred(delivery.id, "no PUBACK", datetime.now(UTC) + timedelta(minutes=1))

    assert AT == (await ledger.waiting()).since


async def test_dead_letter_still_counts_as_waiting(ledger: Ledger) -> None:
    await end_with_memo(ledger)
    (delivery,) = await ledger.due_deliveries(datetime.now(UTC), 10)
    await ledger.died(delivery.id, "not authorised", datetime.now(UTC))

    waiting = await ledger.waiting()

    assert (1, 1, AT) == (waiting.deliveries, waiting.dead, waiting.since)


async def test_closed_memo_that_waits_dates_from_its_closing(ledger: Ledger) -> None:
    memo = await end_with_memo(ledger)
    (delivery,) = await ledger.due_deliveries(datetime.now(UTC), 10)
    await ledger.delivered([delivery.id], AT)
    before = datetime.now(UTC)
    await ledger.revise_memo(
        memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
    )

    since = (await ledger.waiting()).since

    assert since is not None
    assert before <= since


async def test_counts_name_every_state_and_separate_today(ledger: Ledger) -> None:
    await end_with_memo(ledger)
    await ledger.refuse_call(an_offer(), EndState.REFUSED_UNMAPPED, 404)

    counts = await ledger.counts(datetime.now(UTC), AT + timedelta(hours=1))

    assert {EndState.MEMO: 1, EndState.REFUSED_UNMAPPED: 1} == {
        state: number for state, number in counts.calls.items() if number
    }
    assert set(EndState) == set(counts.calls_today)
    assert 0 == sum(counts.calls_today.values())
    assert {Status.OPEN: 1, Status.CLAIMED: 0, Status.DONE: 0} == counts.memos


async def test_waiting_deliveries_are_found_without_reading_the_delivered_ones(
    ledger: Ledger,
) -> None:
    asked: list[tuple[str, Any]] = []

    def plan(connection: sa.Connection) -> list[str]:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        ledger_figures.waiting(connection)
        query, values = asked[0]
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]

    (step,) = await ledger._run(plan)

    assert "USING INDEX deliveries_" in step  # each of the two has open ones only
