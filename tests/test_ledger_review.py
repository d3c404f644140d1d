"""What was agreed on with clients, and how memos were judged, in the ledger."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_day import Span
from sipbot.records import EndedBy, EndState
from tests.memo_samples import a_memo_of, an_offer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
MUCH_LATER = NOW + timedelta(days=60)
WEEK = Span(since=NOW - timedelta(days=7), until=NOW + timedelta(days=7))


async def test_what_is_open_is_carried_over_until_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with Ledger.open(path) as ledger:
        old = NOW - timedelta(days=60)
        first = await ledger.reviews.add_action("sato", "New greeting", "Hanako", "", old)
        await ledger.reviews.add_action("sato", "More lines", "Taro", "2026-12-01", old)
        await ledger.reviews.action_done(first, NOW - timedelta(days=30))
    with ReadOnlyLedger.open(path) as reader:
        found = reader.actions("sato", WEEK.since)
    assert [("More lines", "2026-12-01", None)] == [(a.text, a.due, a.done_at) for a in found]


async def test_past_week_tells_nothing_of_what_was_agreed_on_or_done_after_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite3"
    async with Ledger.open(path) as ledger:
        first = await ledger.reviews.add_action("sato", "New greeting", "Hanako", "", NOW)
        await ledger.reviews.add_action("sato", "More lines", "Taro", "", WEEK.until)
        await ledger.reviews.action_done(first, WEEK.until)
    with ReadOnlyLedger.open(path) as reader:
        found = reader.actions("sato", WEEK.since, WEEK.until)
    assert [("New greeting", None)] == [(one.text, one.done_at) for one in found]


async def test_action_is_done_once_and_says_whose_it_was(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        number = await ledger.reviews.add_action("sato", "New greeting", "Hanako", "", NOW)
        assert "sato" == await ledger.reviews.action_done(number, NOW)
        assert await ledger.reviews.action_done(number, NOW) is None


async def test_second_judgement_replaces_the_first_in_the_week_of_the_memo(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    offer = an_offer()
    memo = a_memo_of(offer, "sato")
    async with Ledger.open(path) as ledger:
        await ledger.add_call(offer, "sato", "request-uri", "sato")
        await ledger.end_call(offer.call, EndState.MEMO, NOW, EndedBy.CALLER, 200, memo)
        for points in ({"name": False, "wish": False}, {"name": True, "wish": False}):
            await ledger.reviews.judge(
                memo.id, "sato", operator="hanako", reviewer="lead", points=points, now=MUCH_LATER
            )
    with ReadOnlyLedger.open(path) as reader:
        found = reader.reviewed("sato", WEEK)
    assert [("hanako", 1, 2, ("wish",))] == [
        (one.operator, one.points, one.of, one.missed) for one in found
    ]
