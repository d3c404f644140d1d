"""Reports over all sites: of one site they are those of its ledger, of two as if it were one."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from sipbot.archive import ArchivedCall, ArchivedMemo, Batch
from sipbot.archive_store import ArchiveStore, Server
from sipbot.fleet import ask
from sipbot.kpi import Figures
from sipbot.ledger_archive import ArchiveSource
from sipbot.ledger_day import Span
from sipbot.ledger_fleet import FleetLedger, wanted_for
from sipbot.ledger_kpi import memo_fact
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.memo_history import Outcome, next_revision
from sipbot.quota import Month
from sipbot.report import weekly
from sipbot.report.months import statement_of
from sipbot.report.weeks import Week
from sipbot.report.words import Say
from tests.agency import UNTIL, Agency, small
from tests.archives import a_server
from tests.memo_samples import AT, a_memo
from tests.postgres import Postgres

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAID = "請求書がまだ届かない"
SPANS = {
    "everything": Span(since=UNTIL - timedelta(days=14), until=UNTIL),
    "a_week": Span(since=UNTIL - timedelta(days=12), until=UNTIL - timedelta(days=5)),
}

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Agency:
    return small(tmp_path_factory.mktemp("agency"))


def half(page: Batch, site: int) -> Batch:
    """What one of two sites has of it: every other call, with its memo."""
    calls = tuple(one for place, one in enumerate(page.calls) if place % 2 == site)
    named = {one.call for one in calls}
    memos = tuple(one for one in page.memos if one.call in named)
    return msgspec.structs.replace(page, calls=calls, memos=memos)


@pytest.fixture(scope="module", params=[1, 2], ids=["one_site", "two_sites"])
def archived(request: pytest.FixtureRequest, pg: Postgres, agency: Agency) -> Server:
    """The archive, filled by one site that has it all, or by two that have half of it each."""
    server = a_server(pg, "east")

    async def fill(site: int, name: str) -> None:
        store = await ArchiveStore.open(msgspec.structs.replace(server, site=name))
        with ArchiveSource.open(agency.ledger) as source:
            for page in source.pages():
                await store.put(page if request.param == 1 else half(page, site))
        await store.close()

    for site, name in enumerate(("east", "west")[: request.param]):
        asyncio.run(fill(site, name))
    return server


@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
def test_figures_from_the_archive_are_those_from_the_ledger(
    agency: Agency, archived: Server, span: Span
) -> None:
    wanted = wanted_for([plan.client for plan in agency.plans], [span])
    fleet = ask(archived, lambda store: store.fleet(wanted))
    with ReadOnlyLedger.open(agency.ledger) as own, FleetLedger.of(fleet, own) as ledger:
        for plan in agency.plans:
            ours: Figures = own.figures(plan, span, NOW)
            assert ours == ledger.figures(plan, span, NOW)
            assert ours["received"].n > 0


def test_statement_from_the_archive_is_that_from_the_ledger(
    agency: Agency, archived: Server
) -> None:
    month = Month(2026, 10)
    for plan in agency.plans:
        tz = plan.hours.tz
        span = Span(since=month.begins(tz), until=month.following.begins(tz))
        wanted = wanted_for([plan.client], [span])
        fleet = ask(archived, partial(ArchiveStore.fleet, wanted=wanted))
        with ReadOnlyLedger.open(agency.ledger) as own, FleetLedger.of(fleet, own) as ledger:
            ours = statement_of(own, plan, month, NOW)
            assert ours == statement_of(ledger, plan, month, NOW)


def test_weekly_packs_from_the_archive_are_those_from_the_ledger(
    agency: Agency, archived: Server
) -> None:
    week = Week.of(UNTIL - timedelta(days=8), agency.plans[0].hours.tz)
    spans = [weekly.span_of(one, plan) for plan in agency.plans for one in weekly.weeks_of(week)]
    wanted = wanted_for([plan.client for plan in agency.plans], spans)
    fleet = ask(archived, partial(ArchiveStore.fleet, wanted=wanted))
    with ReadOnlyLedger.open(agency.ledger) as own, FleetLedger.of(fleet, own) as ledger:
        ours, theirs = (weekly.Packs(one, agency.plans, NOW) for one in (own, ledger))
        for plan in agency.plans:
            say = Say("ja", plan.hours.tz)
            assert ours.of(plan, week, say) == theirs.of(plan, week, say)


def test_figures_are_made_without_what_callers_said(agency: Agency, archived: Server) -> None:
    span = SPANS["everything"]
    wanted = wanted_for([plan.client for plan in agency.plans], [span])
    fleet = ask(archived, lambda store: store.fleet(wanted))
    keys = {key for one in fleet.memos for key in msgspec.json.decode(one.payload)}
    assert {"history"} < keys
    assert keys <= {"stage", "status", "urgency", "result", "history", "asked", "answers"}


@pytest.fixture
def talkative(pg: Postgres) -> Server:
    """An archive with one memo in which caller and operator have said a lot."""
    server, memo = a_server(pg), a_memo()
    memo = memo.model_copy(update={"answers": {"name": SAID, "wish": SAID, "csat": "4"}})
    memo = next_revision(memo, AT, {}, what="note", by="hanako", text=SAID)
    memo = next_revision(memo, AT, {}, what="called_back", by="hanako", outcome=Outcome.REACHED)
    call = ArchivedCall(
        call=memo.call.id,
        rev=2,
        client=memo.client,
        received_at=AT,
        answered_at=AT,
        ended_at=AT,
        ended_by="caller",
        state="memo",
        sip_code=200,
        rule="to",
        number=None,
        caller=None,
        taken_here=True,
    )
    kept = ArchivedMemo(
        id=memo.id,
        rev=memo.rev,
        call=memo.call.id,
        client=memo.client,
        status=memo.status,
        stage=memo.stage,
        category=None,
        updated_at=AT,
        payload=memo.model_dump_json(),
    )
    ask(server, lambda store: store.put(Batch(calls=(call,), memos=(kept,))))
    return server


def test_neither_answers_nor_notes_leave_the_archive_for_figures(talkative: Server) -> None:
    span = Span(since=AT - timedelta(days=2), until=AT + timedelta(days=2))
    (one,) = ask(
        talkative, partial(ArchiveStore.fleet, wanted=wanted_for(["yamato"], [span]))
    ).memos
    assert SAID not in one.payload
    assert {"csat": "4"} == memo_fact(None, one.payload).rated
    assert 1 == memo_fact(None, one.payload).calls_back
