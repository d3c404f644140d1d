"""What the ledger knows of a client's service: who did what when, and what was promised when."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from sipbot.board import BoardAsk
from sipbot.command import Request
from sipbot.kpi import Figures, Subject, Terms
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_day import Span
from sipbot.ledger_kpi import memo_fact, terms_of
from sipbot.plan import Dialplan
from sipbot.records import EndedBy, EndState
from tests import quotas
from tests.commands import a_request
from tests.memo_samples import AT, a_memo_of, an_offer

DAY = Span(since=AT - timedelta(hours=1), until=AT + timedelta(hours=23))
LATER = AT + timedelta(days=30)


def plan(folder: Path, more: str = "", quota: str = "calls_per_month = 1") -> Dialplan:
    quotas.write(folder, "yamato", quota + more)
    return quotas.plans(folder).all[0]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        yield ledger


async def take(ledger: Ledger) -> str:
    """Take a call that leaves a message; return the memo's id."""
    offer = an_offer()
    await ledger.add_call(offer, "yamato", "to", "yamato", caller="+81355501234")
    memo = a_memo_of(offer)
    end = AT + timedelta(seconds=42)
    answered = AT + timedelta(seconds=2)
    await ledger.end_call(
        offer.call, EndState.MEMO, end, EndedBy.CALLER, 200, memo, answered_at=answered
    )
    return memo.id


def asked(verb: str, memo: str, after_s: float, **fields: str) -> tuple[Request, datetime]:
    at = AT + timedelta(seconds=42 + after_s)
    return a_request(verb, memo=memo, ts=at, req=f"{verb}-{after_s:.0f}", **fields), at


def figures(ledger: Ledger, plan: Dialplan, span: Span) -> Figures:
    with ReadOnlyLedger.open(ledger.path) as reader:
        return reader.figures(plan, span, LATER)


async def test_work_on_a_memo_is_measured_from_the_end_of_its_call(
    ledger: Ledger, tmp_path: Path
) -> None:
    memo = await take(ledger)
    for request, at in (
        asked("claim", memo, 60),
        asked("callback", memo, 120, outcome="reached"),
        asked("done", memo, 180),
    ):
        await ledger.commands.obey(request, at)
    found = figures(ledger, plan(tmp_path / "d"), DAY)
    keys = ("answer_time", "claim_time", "call_back_time", "handle_time", "fcr", "fcr_by_result")
    assert [2, 60, 120, 40 + 120, 100, 100] == [found[key].value for key in keys]


async def test_calls_beyond_the_months_quota_are_over_in_the_period_that_holds_them(
    ledger: Ledger, tmp_path: Path
) -> None:
    await take(ledger)
    await take(ledger)
    found = figures(ledger, plan(tmp_path / "d"), DAY)
    assert [2, 1] == [found[key].value for key in ("quota_used", "quota_over")]


async def test_past_period_keeps_the_targets_that_were_in_force(
    ledger: Ledger, tmp_path: Path
) -> None:
    before = plan(tmp_path / "d", "\n[targets]\nanswer_rate = 90\n")
    after = plan(tmp_path / "d", "\n[targets]\nanswer_rate = 99\n")
    assert ["yamato"] == await ledger.kpis.keep_terms([before], DAY.since)
    assert ["yamato"] == await ledger.kpis.keep_terms([after], DAY.until)
    found = figures(ledger, after, DAY)
    following = Span(since=DAY.until, until=LATER)
    assert (90, before.sha256) == (found["answer_rate"].target, found.terms.dialplan)
    assert 99 == figures(ledger, after, following)["answer_rate"].target


async def test_changed_file_that_promises_the_same_makes_no_new_terms(
    ledger: Ledger, tmp_path: Path
) -> None:
    before = plan(tmp_path / "d")
    await ledger.kpis.keep_terms([before], DAY.since)
    after = plan(tmp_path / "d", "\n# a comment")
    assert before.sha256 != after.sha256
    assert [] == await ledger.kpis.keep_terms([after], DAY.until)


async def test_terms_are_todays_where_none_were_recorded(ledger: Ledger, tmp_path: Path) -> None:
    ours = plan(tmp_path / "d", "\n[targets]\nanswer_rate = 98\n")
    found = figures(ledger, ours, DAY)
    assert (None, 98) == (found.terms.since, found["answer_rate"].target)
    assert terms_of(ours) == found.terms


def entry(what: str, minute: int, outcome: str | None = None, ended: str | None = None) -> object:
    at = datetime(2026, 10, 1, 9, minute, tzinfo=UTC)
    placed = {"call_back": {"number": "+81312345678", "ended": ended}} if ended else {}
    return {"rev": 1, "at": at, "what": what, "by": "hanako", "outcome": outcome, **placed}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([entry("called_back", 1, "busy"), entry("called_back", 2, "reached")], (2, False, 1)),
        (
            [
                entry("call_connected", 1),
                entry("call_ended", 3, None, "talked"),
                entry("called_back", 4, "reached"),
            ],
            (1, True, 1),
        ),
        ([entry("call_ended", 3, "no_answer", "no_answer")], (1, False, 3)),
        ([entry("call_ended", 3, None, "operator_away")], (0, False, None)),
        ([entry("calling", 1), entry("call_ended", 3, None, "failed")], (0, False, None)),
        (
            [
                entry("calling", 1),
                entry("call_connected", 2),
                entry("called_back", 3, "wrong_number"),
                entry("call_ended", 4, "reached", "talked"),
            ],
            (1, False, 2),
        ),
        (
            [
                entry("calling", 1),
                entry("called_back", 2, "no_answer"),
                entry("called_back", 3, "reached"),
                entry("call_ended", 4, "no_answer", "no_answer"),
            ],
            (1, True, 2),
        ),
        (
            [
                entry("calling", 1),
                entry("call_ended", 2, None, "operator_left"),
                entry("calling", 3),
                entry("call_ended", 4, None, "no_line"),
                entry("called_back", 5, "reached"),
            ],
            (2, False, 2),
        ),
    ],
)
def test_call_back_counts_once_and_only_if_the_caller_was_rung(
    history: list[object], expected: tuple[int, bool, int | None]
) -> None:
    fact = memo_fact(None, msgspec.json.encode({"history": history}).decode())
    minute = fact.called_back_at.minute if fact.called_back_at else None
    assert expected == (fact.calls_back, fact.reached_first, minute)


def test_memo_that_nobody_can_read_is_measured_by_its_category_alone() -> None:
    fact = memo_fact("repair", "{")
    assert ("repair", None, 0) == (fact.category, fact.claimed_at, fact.calls_back)


async def test_time_before_a_client_was_known_was_not_measured(
    ledger: Ledger, tmp_path: Path
) -> None:
    ours = plan(tmp_path / "d")
    await ledger.kpis.keep_terms([ours], DAY.until)
    found = figures(ledger, ours, DAY)
    keys = ("received", "offered", "missed", "quota_used")
    assert [None] * 4 == [found[key].value for key in keys]


async def test_day_without_a_call_has_none_missed_once_the_client_was_known(
    ledger: Ledger, tmp_path: Path
) -> None:
    ours = plan(tmp_path / "d")
    await ledger.kpis.keep_terms([ours], DAY.since)
    found = figures(ledger, ours, DAY)
    assert [0, 0, 0] == [found[key].value for key in ("received", "offered", "missed")]


async def test_client_whose_terms_came_later_than_its_calls_was_known_with_the_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    await take(ledger)
    after = Span(since=DAY.until, until=LATER)
    assert 0 == figures(ledger, plan(tmp_path / "d"), after)["offered"].value


async def test_quota_is_not_measured_where_neither_file_nor_ledger_says_what_counts(
    ledger: Ledger,
) -> None:
    await take(ledger)
    ask = BoardAsk(
        subject=Subject(client="yamato", tz="Asia/Tokyo", terms=Terms()),
        span=DAY,
        before=DAY,
        now=LATER,
    )
    with ReadOnlyLedger.open(ledger.path) as reader:
        found = reader.board(ask).figures
    assert (1, None) == (found["offered"].value, found["quota_used"].value)
