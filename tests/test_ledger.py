"""The ledger's promises: one end state per call, memo and delivery in one transaction, order."""

import asyncio
import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sipbot import (
    ledger_kpi_schema,
    ledger_privacy_schema,
    ledger_review_schema,
    ledger_schema,
)
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_deliveries import LONGEST_WAIT_S
from sipbot.ledger_refusals import Refusal, Refusals
from sipbot.memo import Memo, Stage, Status, with_transcript
from sipbot.records import COPIES_S, EndedBy, EndState
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

LATER = AT + timedelta(days=9999)

NOBODY_WAITS = {"ears_pending": ()}


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def end_with_memo(ledger: Ledger, client: str = "yamato") -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer, client)
    await ledger.add_call(offer, client, "request-uri", client, caller="+81355501234")
    assert await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


def transcribed(memo: Memo) -> Memo | None:
    return with_transcript(memo, a_transcript("moshi moshi"), AT)


async def test_end_call_of_ended_call_is_refused_and_changes_nothing(ledger: Ledger) -> None:
    """The first end counts; a second one is told so."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "request-uri", "yamato")
    await ledger.end_call(offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)

    again = await ledger.end_call(
        offer.call, EndState.MEMO, AT, EndedBy.CRASH, None, a_memo_of(offer)
    )

    assert not again
    entry = await ledger.call(offer.call)
    assert entry is not None
    assert (EndState.NO_MESSAGE, EndedBy.CALLER) == (entry.state, entry.ended_by)
    assert [] == await ledger.memos(10)


async def test_end_call_with_memo_makes_its_delivery_due(ledger: Ledger) -> None:
    """Call, memo and delivery are stored together."""
    nudges: list[bool] = []
    ledger.on_delivery = lambda: nudges.append(True)

    memo = await end_with_memo(ledger)

    due = await ledger.due_deliveries(AT, 10)
    assert [(memo.id, 1, 1)] == [(d.memo, d.rev, d.seq) for d in due]
    assert memo == Memo.model_validate_json(due[0].payload)
    assert [True] == nudges


@pytest.mark.parametrize("state", [EndState.NO_MESSAGE, EndState.FAILED_MEDIA])
async def test_end_call_memo_in_other_state_is_refused(ledger: Ledger, state: EndState) -> None:
    """A memo and an end state that says there is none contradict each other."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "request-uri", "yamato")

    with pytest.raises(LedgerError, match="exactly when it has a memo"):
        await ledger.end_call(offer.call, state, AT, EndedBy.CALLER, 200, a_memo_of(offer))


async def test_end_call_of_unknown_call_is_an_error(ledger: Ledger) -> None:
    """An end without a beginning is a mistake of ours, and said."""
    with pytest.raises(LedgerError, match="not in the ledger"):
        await ledger.end_call("nobody", EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)


async def test_end_call_with_memo_that_cannot_be_stored_leaves_call_unfinished(
    ledger: Ledger,
) -> None:
    """One transaction: no end state without its memo."""
    taken = await end_with_memo(ledger)
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "request-uri", "yamato")
    memo = a_memo_of(offer).model_copy(update={"id": taken.id})

    with pytest.raises(LedgerError):
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)

    assert [offer.call] == [entry.offer.call for entry in await ledger.unfinished_calls()]
    assert 1 == len(await ledger.due_deliveries(AT, 10))


async def test_refused_call_is_counted(ledger: Ledger) -> None:
    """A call refused before our code saw it has a row and an end state."""
    offer = an_offer()
    await ledger.refuse_call(offer, EndState.REFUSED_UNMAPPED, 404, rule="unmapped")

    counts = (await ledger.counts(AT, AT)).calls

    assert (1, 1) == (counts[EndState.REFUSED_UNMAPPED], sum(counts.values()))
    entry = await ledger.call(offer.call)
    assert entry is not None
    assert 404 == entry.sip_code


KILLED_IN_A_WRITE = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA cache_size=1")
ledger.execute("BEGIN IMMEDIATE")
for number in range(2000):
    ledger.execute("INSERT INTO meta VALUES (?, 1)", (f"{number}" * 50,))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_ledger_whose_writer_was_killed_in_a_write_can_be_read(tmp_path: Path) -> None:
    """The journal is rolled back by whoever comes first, a command of an operator perhaps."""
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        await end_with_memo(ledger)
    command = [sys.executable, "-c", KILLED_IN_A_WRITE, str(path)]
    await (await asyncio.create_subprocess_exec(*command)).wait()
    assert (tmp_path / "sipbot.sqlite3-journal").stat().st_size > 0

    with ReadOnlyLedger.open(path) as reader:
        assert 1 == reader.end_state_counts()[EndState.MEMO]


async def test_reader_of_the_ledger_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path):
        pass
    engine = ledger_schema.reader(path)
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.execute(sa.insert(ledger_schema.meta).values(name="x", value=1))
    engine.dispose()


async def test_refused_call_is_stored_however_often_earlier_turns_failed_with_it(
    ledger: Ledger,
) -> None:
    """A flood while the disk is full, say."""
    refusals = Refusals(ledger._engine)
    earlier_turns = iter(range(sys.getrecursionlimit()))

    async def in_thread(store: Callable[[], None]) -> None:
        if next(earlier_turns, None) is not None:
            refusals._waiting.clear()
        else:
            await ledger._in_thread(store)

    call = Refusal(an_offer(), EndState.REFUSED_CAPACITY, 486, AT, "", None, None, None)

    assert await refusals.keep(call, in_thread)


async def test_refused_call_is_stored_before_deliveries_that_waited_longer(ledger: Ledger) -> None:
    """Until then its agent alone knows of it, and may die."""
    busy, done = threading.Event(), list[str]()

    async def ask(name: str, work: Awaitable[object]) -> None:
        await work
        done.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ledger._thread.run(lambda: busy.wait(60)))
        await asyncio.sleep(0)
        group.create_task(ask("delivery", ledger.due_deliveries(AT, 10)))
        await asyncio.sleep(0)
        refused = ledger.refuse_call(an_offer(), EndState.REFUSED_CAPACITY, 486, rule="capacity")
        group.create_task(ask("refused", refused))
        await asyncio.sleep(0)
        busy.set()
    assert ["refused", "delivery"] == done


async def test_refused_call_told_again_is_counted_once(ledger: Ledger) -> None:
    """Two runs may hear of the same refusal; the first word counts."""
    offer = an_offer()

    told = [
        await ledger.refuse_call(offer, state, code)
        for state, code in ((EndState.REFUSED_UNMAPPED, 404), (EndState.REFUSED_CAPACITY, 486))
    ]

    entry = await ledger.call(offer.call)
    assert entry is not None
    assert ([True, False], EndState.REFUSED_UNMAPPED) == (told, entry.state)


async def test_refusal_of_a_call_that_has_a_row_does_not_end_it(ledger: Ledger) -> None:
    """Whoever stored it has taken it; its end is somebody else's to tell."""
    offer = an_offer()
    assert await ledger.add_call(offer, "yamato", "to", "yamato")

    assert not await ledger.refuse_call(offer, EndState.REFUSED_CAPACITY, 503)

    assert [offer.call] == [entry.offer.call for entry in await ledger.unfinished_calls()]


async def test_call_added_again_stays_as_it_was(ledger: Ledger) -> None:
    """A call that ended is not brought back to life, nor given to another client."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "to", "yamato")
    await ledger.end_call(offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)

    added = await ledger.add_call(offer, "sakura", "to", "sakura")

    entry = await ledger.call(offer.call)
    assert entry is not None
    assert (False, "yamato", EndState.NO_MESSAGE) == (added, entry.client, entry.state)


async def test_call_offer_comes_back_as_it_was_stored(ledger: Ledger) -> None:
    """The whole INVITE is kept for complaints."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "request-uri", "yamato", caller="+81355501234")
    await ledger.call_answered(offer.call, AT)

    entry = await ledger.call(offer.call)

    assert entry is not None
    assert (offer, AT, "+81355501234") == (entry.offer, entry.answered_at, entry.caller)


@pytest.mark.parametrize("stored", [True, False], ids=["stored before", "refused before"])
async def test_end_call_knows_when_the_call_was_answered(ledger: Ledger, *, stored: bool) -> None:
    """The answer is stored beside the call, and the disk may refuse it."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "request-uri", "yamato")
    if stored:
        await ledger.call_answered(offer.call, AT)
    later = AT + timedelta(seconds=0 if not stored else 5)

    await ledger.end_call(
        offer.call, EndState.NO_MESSAGE, later, EndedBy.CALLER, 200, None, answered_at=later
    )

    entry = await ledger.call(offer.call)
    assert entry is not None
    assert AT == entry.answered_at


async def test_revise_memo_stores_next_revision_and_its_delivery(ledger: Ledger) -> None:
    """Text and delivery appear together."""
    memo = await end_with_memo(ledger)

    revised = await ledger.revise_memo(memo.id, transcribed)

    assert revised is not None
    assert revised == await ledger.memo(memo.id)
    due = await ledger.due_deliveries(LATER, 10)
    assert [(1, 1), (2, 2)] == [(delivery.rev, delivery.seq) for delivery in due]


async def test_revise_memo_left_alone_makes_no_delivery(ledger: Ledger) -> None:
    """Nothing changed, nothing to tell."""
    memo = await end_with_memo(ledger)

    assert None is await ledger.revise_memo(memo.id, lambda _: None)
    assert 1 == len(await ledger.due_deliveries(LATER, 10))


async def test_revise_memo_that_skips_a_revision_is_refused(ledger: Ledger) -> None:
    """Revisions rise by one, or readers could not tell what they missed."""
    memo = await end_with_memo(ledger)

    with pytest.raises(LedgerError, match="revision 7"):
        await ledger.revise_memo(memo.id, lambda old: old.model_copy(update={"rev": 7}))


async def test_closed_memo_is_delivered_empty_with_end_event(ledger: Ledger) -> None:
    """An empty retained payload takes a closed memo off the open list."""
    memo = await end_with_memo(ledger)

    await ledger.revise_memo(
        memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
    )

    last = (await ledger.due_deliveries(LATER, 10))[-1]
    assert b"" == last.payload
    assert b'"type":"end"' in last.event
    assert [] == (await ledger.open_memos()).memos


async def test_deferred_delivery_holds_back_its_own_client_only(ledger: Ledger) -> None:
    """Order is kept per client; other clients do not wait."""
    for client in ("yamato", "sakura", "yamato"):
        await end_with_memo(ledger, client)
    first = (await ledger.due_deliveries(AT, 10))[0]

    await ledger.deferred(first.id, "no PUBACK", AT + timedelta(minutes=1))

    assert ["sakura"] == [d.client for d in await ledger.due_deliveries(AT, 10)]
    later = await ledger.due_deliveries(AT + timedelta(minutes=1), 10)
    assert [("yamato", 1, 1), ("sakura", 1, 0), ("yamato", 2, 0)] == [
        (d.client, d.seq, d.attempts) for d in later
    ]


async def test_next_due_is_that_of_the_first_delivery_of_a_client(ledger: Ledger) -> None:
    """A later delivery waits for the first one, so its own time does not count."""
    await end_with_memo(ledger)
    await end_with_memo(ledger)
    first = (await ledger.due_deliveries(AT, 10))[0]

    await ledger.deferred(first.id, "no PUBACK", AT + timedelta(minutes=1))

    assert AT + timedelta(minutes=1) == await ledger.next_due()


async def test_make_due_brings_deferred_deliveries_forward(ledger: Ledger) -> None:
    """When the broker is back nobody waits for an old back-off."""
    await end_with_memo(ledger)
    [first] = await ledger.due_deliveries(AT, 10)
    await ledger.deferred(first.id, "no PUBACK", AT + timedelta(seconds=30))
    assert [] == await ledger.due_deliveries(AT, 10)

    await ledger.make_due(AT, suspect=2)

    assert [first.id] == [d.id for d in await ledger.due_deliveries(AT, 10)]


# Twenty ledgers with fsync; a disk's pause is no failure.
@settings(max_examples=20, deadline=None)
@given(ahead_s=st.floats(-1e6, 1e6) | st.floats(-60, 120))
@example(ahead_s=LONGEST_WAIT_S)
@example(ahead_s=3600.0)
def test_delivery_waits_no_longer_than_the_longest_wait_however_the_clock_was_set(
    tmp_path_factory: pytest.TempPathFactory, ahead_s: float
) -> None:
    """A clock that is set back must not keep a client's memos for as long."""
    due_at = AT + timedelta(seconds=ahead_s)
    latest = AT + timedelta(seconds=LONGEST_WAIT_S)

    async def play() -> list[int]:
        async with Ledger.open(tmp_path_factory.mktemp("ledger") / "l.sqlite3") as ledger:
            await end_with_memo(ledger)
            [first] = await ledger.due_deliveries(AT, 10)
            await ledger.deferred(first.id, "no PUBACK", due_at)
            return [len(await ledger.due_deliveries(at, 10)) for at in (AT, latest)]

    at_once, in_the_end = asyncio.run(play())

    assert (0 if AT < due_at <= latest else 1) == at_once
    assert at_once or in_the_end


async def test_client_held_back_by_a_delivery_from_the_future_is_let_go(ledger: Ledger) -> None:
    """What was stored before the clock was set back blocks nobody, and keeps its order."""
    memos = [await end_with_memo(ledger) for _ in range(2)]
    first = (await ledger.due_deliveries(AT, 10))[0]
    await ledger.deferred(first.id, "no PUBACK", AT + timedelta(seconds=30))

    due = await ledger.due_deliveries(AT - timedelta(hours=1), 10)

    assert [memo.id for memo in memos] == [delivery.memo for delivery in due]


async def test_delivered_is_never_due_again(ledger: Ledger) -> None:
    """What the broker has acknowledged is done."""
    await end_with_memo(ledger)
    [first] = await ledger.due_deliveries(AT, 10)

    await ledger.delivered([first.id], AT)

    assert ([], None) == (await ledger.due_deliveries(AT, 10), await ledger.next_due())


async def test_delivery_that_is_not_there_any_more_holds_up_no_other(ledger: Ledger) -> None:
    """What a client took back with its memos may just have been published."""
    await end_with_memo(ledger)
    [first] = await ledger.due_deliveries(AT, 10)

    await ledger.delivered([first.id + 1, first.id], AT)

    assert [] == await ledger.due_deliveries(AT, 10)


def payloads(tmp_path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as raw:
        return [payload for (payload,) in raw.execute("SELECT payload FROM deliveries ORDER BY id")]


async def test_delivery_that_was_made_or_superseded_keeps_no_payload(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The ledger kept what a caller said once for each revision."""
    memo = await end_with_memo(ledger)
    await ledger.revise_memo(memo.id, transcribed)
    _, second = await ledger.due_deliveries(LATER, 10)

    superseded = await ledger.delivered([second.id], AT)

    assert (1, ["", ""]) == (superseded, payloads(tmp_path))


async def test_delivery_that_is_taken_back_has_its_payload_again(ledger: Ledger) -> None:
    """An empty one would clear an open memo's topic."""
    memo = await end_with_memo(ledger)
    [first] = await ledger.due_deliveries(AT, 10)
    await ledger.delivered([first.id], AT)

    assert await ledger.take_back("mqtt", memo, "refused", AT)

    [again] = await ledger.due_deliveries(AT, 10)
    assert first.payload == again.payload


async def test_payloads_that_an_earlier_release_kept_are_forgotten_in_small_steps(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What still has to be delivered is left alone, and it is done once."""
    monkeypatch.setattr("sipbot.ledger_payloads.AT_ONCE", 2)
    for client in ("a", "b", "c"):
        await end_with_memo(ledger, client)
    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as raw:
        raw.execute("UPDATE deliveries SET delivered_at = due_at WHERE client <> 'b'")
        raw.commit()

    more = [await ledger.old_payloads.forget() for _ in range(3)]

    assert [True, False, False] == more
    assert [False, True, False] == [bool(payload) for payload in payloads(tmp_path)]


async def test_calls_before_counts_ended_calls_of_this_caller_to_this_client(
    ledger: Ledger,
) -> None:
    """The call in progress is not one before."""
    await end_with_memo(ledger)
    await end_with_memo(ledger, "sakura")
    await ledger.add_call(an_offer(), "yamato", "to", "yamato", caller="+81355501234")

    before = await ledger.calls_before("+81355501234", "yamato")

    assert (1, EndState.MEMO) == (before.count, before.last_result)


async def test_memo_is_found_by_unique_part_of_its_id(ledger: Ledger) -> None:
    """People type the last few characters; two fits are an error that names both."""
    memos = [await end_with_memo(ledger) for _ in range(2)]

    found = await ledger.memo(memos[0].id[-12:])

    assert memos[0] == found
    with pytest.raises(LedgerError, match=memos[1].id):
        await ledger.memo(memos[0].id[:3])
    assert None is await ledger.memo("")


async def test_memos_are_newest_first_and_filtered(ledger: Ledger) -> None:
    """The list an operator reads."""
    first, other, last = [await end_with_memo(ledger, c) for c in ("yamato", "sakura", "yamato")]

    assert [last.id, other.id, first.id] == [memo.id for memo in await ledger.memos(10)]
    assert [other.id] == [memo.id for memo in await ledger.memos(10, client="sakura")]
    assert [] == await ledger.memos(10, status=Status.DONE)


# Twenty ledgers with fsync; a disk's pause is no failure.
@settings(max_examples=20, deadline=None)
@given(ends=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(EndState)), max_size=12))
def test_any_ends_in_any_order_count_every_call_once(
    tmp_path_factory: pytest.TempPathFactory, ends: list[tuple[int, EndState]]
) -> None:
    """However often and in whatever state calls are ended, each counts once: with its first end."""

    async def play() -> None:
        offers = [an_offer() for _ in range(4)]
        first: dict[int, EndState] = {}
        async with Ledger.open(tmp_path_factory.mktemp("ledger") / "l.sqlite3") as ledger:
            for offer in offers:
                await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            for index, state in ends:
                memo = a_memo_of(offers[index]) if state is EndState.MEMO else None
                ended = await ledger.end_call(
                    offers[index].call, state, AT, EndedBy.CALLER, 200, memo
                )
                assert ended == (index not in first)
                first.setdefault(index, state)
            counts = (await ledger.counts(AT, AT)).calls
            unfinished = await ledger.unfinished_calls()
            memos = await ledger.memos(10)

        assert {s: list(first.values()).count(s) for s in EndState} == counts
        assert 4 - len(first) == len(unfinished)
        assert counts[EndState.MEMO] == len(memos)

    asyncio.run(play())


async def test_ledger_journal_survives_a_power_cut(ledger: Ledger) -> None:
    """Rollback journal and EXTRA: the directory is synced too (docs/decisions/0005)."""

    def ask(connection: sa.Connection) -> list[object]:
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert ["delete", 3, 1] == await ledger._run(ask)


async def test_ledger_opened_again_holds_what_was_stored(tmp_path: Path) -> None:
    """A restart is nothing special."""
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        memo = await end_with_memo(ledger)

    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        assert [memo] == (await ledger.open_memos()).memos


def spoil(path: Path, memo: Memo, status: str = "from a newer release") -> None:
    """Write what no release of ours can read, as a damaged disk or a hand does."""
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "UPDATE memos SET body = json_set(body, '$.status', ?) WHERE id = ?", (status, memo.id)
        )


async def test_lists_leave_out_the_memo_that_nobody_can_read_and_tell_of_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    told = list[list[str]]()
    ledger.on_unreadable = told.append
    bad, good = [await end_with_memo(ledger) for _ in range(2)]
    spoil(tmp_path / "sipbot.sqlite3", bad)

    found = [
        (await ledger.open_memos()).memos,
        (await ledger.open_memos(pending=True)).memos,
        await ledger.memos(10),
        await ledger.memos_before("+81355501234", "yamato", 5),
    ]

    assert [[good]] * 4 == found
    assert [[bad.id]] * 4 == told


async def test_memo_that_is_no_json_is_left_out_where_pending_ones_are_looked_for(
    ledger: Ledger, tmp_path: Path
) -> None:
    bad, good = [await end_with_memo(ledger) for _ in range(2)]
    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as raw, raw:
        raw.execute("UPDATE memos SET body = '{' WHERE id = ?", (bad.id,))

    found = await ledger.open_memos(pending=True)

    assert ([good], [bad.id]) == (found.memos, found.unreadable)


async def test_open_memos_come_in_pages_and_those_that_no_ear_waits_for_are_left_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.ledger_queries.OPEN_PAGE", 2)
    memos = [await end_with_memo(ledger) for _ in range(3)]
    for memo in memos[:2]:
        await ledger.revise_memo(
            memo.id,
            lambda old: old.model_copy(
                update={"rev": 2, "recognition": old.recognition.model_copy(update=NOBODY_WAITS)}
            ),
        )

    first = await ledger.open_memos(pending=True)
    second = await ledger.open_memos(first.last or "", pending=True)

    assert ([], memos[1].id) == (first.memos, first.last)
    assert ([memos[2]], None) == (second.memos, second.last)


async def test_ledger_of_newer_release_is_refused(tmp_path: Path) -> None:
    """An old sipbot does not touch tables it does not know."""
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(LedgerError, match="newer sipbot"):
        async with Ledger.open(path):
            pass


async def test_file_that_is_no_ledger_is_refused_with_remedy(tmp_path: Path) -> None:
    """A damaged file is named, not overwritten."""
    path = tmp_path / "l.sqlite3"
    path.write_bytes(b"this is not a database" * 100)

    with pytest.raises(LedgerError, match="sipbot ledger check"):
        async with Ledger.open(path):
            pass


async def test_migrations_build_the_tables_of_the_schema(ledger: Ledger) -> None:
    """The two descriptions of the tables cannot drift apart."""

    def differences(connection: sa.Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        parts = (ledger_privacy_schema, ledger_kpi_schema, ledger_review_schema)
        return compare_metadata(context, parts[0].metadata)

    assert [] == await ledger._run(differences)


def test_head_is_the_newest_migration() -> None:
    """Readers compare with the release that the writer builds."""
    folder = Path(ledger_schema.__file__).parent / "migrations"

    assert ScriptDirectory(str(folder)).get_current_head() == ledger_schema.HEAD


async def test_reader_sees_memos_while_the_writer_writes(tmp_path: Path) -> None:
    """`sipbot memos list` works next to a running sipbot."""
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path) as ledger:
        memo = await end_with_memo(ledger)
        with ReadOnlyLedger.open(path) as reader:
            assert [memo] == reader.memos(10)
        second = await end_with_memo(ledger)
        with ReadOnlyLedger.open(path) as reader:
            assert second == reader.memo(second.id)


def test_reader_without_ledger_says_what_to_do(tmp_path: Path) -> None:
    """The first command of a newcomer gives a remedy."""
    with (
        pytest.raises(LedgerError, match="start sipbot"),
        ReadOnlyLedger.open(tmp_path / "l.sqlite3"),
    ):
        pass


_WRITER = """
import asyncio, sys
from pathlib import Path
from typing import Any
sys.path.insert(0, sys.argv[2])
from tests.memo_samples import AT, a_memo_of, an_offer
from sipbot.ledger import Ledger
from sipbot.records import COPIES_S, EndedBy, EndState

async def main() -> None:
    async with Ledger.open(Path(sys.argv[1])) as ledger:
        while True:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "to", "yamato")
            await ledger.end_call(
                offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, a_memo_of(offer)
            )
            print(offer.call, flush=True)

asyncio.run(main())
"""


async def test_killed_writer_loses_no_memo_it_has_confirmed(tmp_path: Path) -> None:
    """After SIGKILL every confirmed call is there, with its memo and its delivery."""
    path = tmp_path / "l.sqlite3"
    writer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _WRITER,
        str(path),
        str(Path(__file__).parent),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert writer.stdout is not None
    confirmed = [(await writer.stdout.readline()).decode().strip() for _ in range(30)]
    writer.kill()
    rest = (await writer.stdout.read()).decode()
    confirmed += rest[: rest.rfind("\n") + 1].split()
    await writer.wait()

    async with Ledger.open(path) as ledger:
        memos = await ledger.memos(10_000)
        deliveries = await ledger.due_deliveries(LATER, 10_000)

    assert set() == set(confirmed) - {memo.call.id for memo in memos}
    assert {memo.id for memo in memos} == {delivery.memo for delivery in deliveries}
    assert Stage.RECORDED == memos[0].stage


async def test_refusals_that_come_together_share_a_transaction_and_each_has_its_row(
    ledger: Ledger,
) -> None:
    """A flood of them must not keep the calls that are answered waiting for the disk."""
    offers = [an_offer() for _ in range(100)]
    commits: list[bool] = []
    sa.event.listen(ledger._engine, "commit", lambda _: commits.append(True))

    stored = await asyncio.gather(
        *(ledger.refuse_call(one, EndState.REFUSED_CAPACITY, 486) for one in (*offers, offers[0]))
    )

    assert [True] * 100 + [False] == stored
    assert {one.call for one in offers} == await ledger.known_calls()
    assert len(commits) < 50


async def test_refusals_that_cannot_be_stored_are_each_told_so_and_can_be_stored_later(
    ledger: Ledger, tmp_path: Path
) -> None:
    offers = [an_offer() for _ in range(10)]
    with contextlib.closing(sqlite3.connect(tmp_path / "sipbot.sqlite3")) as other:
        other.execute("ALTER TABLE calls RENAME TO away")
        told = await asyncio.gather(
            *(ledger.refuse_call(one, EndState.REFUSED_CAPACITY, 486) for one in offers),
            return_exceptions=True,
        )
        other.execute("ALTER TABLE away RENAME TO calls")

    again = [await ledger.refuse_call(one, EndState.REFUSED_CAPACITY, 486) for one in offers]

    assert [LedgerError] * 10 == [type(one) for one in told]
    assert [True] * 10 == again


async def test_copy_of_an_invite_whose_agent_died_takes_the_place_of_the_first(
    ledger: Ledger,
) -> None:
    """One INVITE is one call, though two agents have seen it."""
    first, copy = an_offer(), an_offer()
    await ledger.add_call(first, "yamato", "to", "yamato")
    await ledger.end_call(first.call, EndState.FAILED_INTERNAL, AT, EndedBy.CRASH, None, None)

    await ledger.add_call(copy, "yamato", "to", "yamato")

    assert await ledger.call(first.call) is None
    assert await ledger.call(copy.call) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"sip_call_id": "another@192.0.2.1"},
        {"source": "192.0.2.7:5060"},
        {"received_at": AT + timedelta(seconds=COPIES_S + 1)},
    ],
)
async def test_call_whose_agent_died_stays_beside_another_call(
    ledger: Ledger, other: dict[str, Any]
) -> None:
    first = an_offer()
    await ledger.add_call(first, "yamato", "to", "yamato")
    await ledger.end_call(first.call, EndState.FAILED_INTERNAL, AT, EndedBy.CRASH, None, None)

    await ledger.add_call(msgspec.structs.replace(an_offer(), **other), "yamato", "to", "yamato")

    assert await ledger.call(first.call) is not None


async def test_call_that_was_answered_before_its_agent_died_stays(ledger: Ledger) -> None:
    first = an_offer()
    await ledger.add_call(first, "yamato", "to", "yamato")
    await ledger.call_answered(first.call, AT)
    await ledger.end_call(first.call, EndState.FAILED_INTERNAL, AT, EndedBy.CRASH, None, None)

    await ledger.add_call(an_offer(), "yamato", "to", "yamato")

    assert await ledger.call(first.call) is not None
