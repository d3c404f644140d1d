"""Who is told that a client's service is below what was promised, when, and when it is over."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from uuid6 import uuid7

from sipbot import service
from sipbot.errors import FeedError, LedgerError
from sipbot.kpi import Figures
from sipbot.ledger import Ledger
from sipbot.ledger_kpi import subject_of
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.reckoning import Ask, Reckoner
from sipbot.records import EndedBy, EndState
from sipbot.service_watch import ServiceWatch
from sipbot.topics import ID
from tests import quotas
from tests.memo_samples import a_memo_of, an_offer
from tests.test_quota_watch import Told

NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)
"""In Tokyo."""
TARGETS = "calls_per_month = 100\n[targets]\nmissed_rate = 20\nfewest_calls = 2\n"


class Site:
    """A ledger, a client with targets, and a clock that can be set."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder = ledger, folder
        self.now = NOON
        self.alerts = Told()
        self.said: dict[tuple[str, str], bytes] = {}
        self.connected = True
        self.plans = quotas.plans(folder, sato=TARGETS).all
        self.watch = self.another_watch()

    def another_watch(self) -> ServiceWatch:
        self.alerts = Told()
        return ServiceWatch(
            ledger=self.ledger,
            reckon=self.reckon,
            plans=lambda: self.plans,
            alerts=self.alerts,
            bus=self,
            clock=lambda: self.now,
            pause=lambda _: asyncio.sleep(0),
        )

    async def reckon(self, asks: Sequence[Ask]) -> list[Figures]:
        """In this process: another's start takes longer than all of a test."""
        with ReadOnlyLedger.open(self.folder.parent / "sipbot.sqlite3") as reader:
            return [reader.figures_of(ask.subject, ask.span, ask.now) for ask in asks]

    async def stats(self, client: str, period: str, payload: bytes) -> None:
        if not self.connected:
            raise FeedError("the broker is not connected")
        self.said[client, period] = payload

    async def calls(self, number: int, state: EndState = EndState.NO_MESSAGE) -> None:
        for _ in range(number):
            offer = msgspec.structs.replace(an_offer(), received_at=self.now)
            await self.ledger.add_call(offer, "sato", "request-uri", "sato")
            await self.ledger.end_call(offer.call, state, self.now, EndedBy.CALLER, 200, None)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        yield Site(ledger, tmp_path / "dialplans")


async def test_service_below_its_targets_is_told_and_cleared_when_the_window_is_over(
    site: Site,
) -> None:
    await site.calls(2)
    site.now += timedelta(minutes=5)
    await site.watch.look()
    ((alert, problem),) = site.alerts.said
    assert "service-sato" == alert
    assert problem is not None
    assert "Share of missed calls 100.0 (agreed: at most 20)" in problem
    site.now += timedelta(hours=25)
    await site.watch.look()
    assert ("service-sato", None) == site.alerts.said[-1]


async def test_alert_of_an_earlier_run_is_cleared_by_the_next(site: Site) -> None:
    await site.calls(2)
    site.now += timedelta(minutes=5)
    await site.watch.look()
    later = site.another_watch()
    site.now += timedelta(hours=25)
    await later.look()
    assert [("service-sato", None)] == site.alerts.said


async def test_figure_measured_on_too_few_calls_is_told_to_nobody(site: Site) -> None:
    await site.calls(1)
    site.now += timedelta(minutes=5)
    await site.watch.look()
    assert [] == site.alerts.said


async def test_figures_are_published_of_today_and_of_the_month(site: Site) -> None:
    await site.calls(1)
    site.now += timedelta(days=1)
    await site.watch.look()
    today, month = (json.loads(site.said["sato", one]) for one in service.PERIODS)
    assert [0, 1] == [one["values"]["received"]["value"] for one in (today, month)]
    assert "2026-10-31T15:00:00Z" == month["since"]
    assert today["values"]["answer_rate"]["value"] is None


async def test_figures_that_met_no_broker_are_published_at_the_next_look(site: Site) -> None:
    site.connected = False
    await site.watch.look()
    site.connected = True
    await site.watch.look()
    assert [("sato", "today"), ("sato", "month")] == list(site.said)


async def test_figures_of_a_client_that_is_gone_are_cleared(site: Site) -> None:
    await site.watch.look()
    site.plans = ()
    await site.watch.look()
    assert {b""} == set(site.said.values())


async def test_figures_that_an_earlier_run_published_are_cleared_when_the_broker_is_there(
    site: Site,
) -> None:
    await site.watch.look()
    site.plans = ()
    later = site.another_watch()
    site.connected = False
    await later.look()
    site.connected = True
    await later.look()
    assert {b""} == set(site.said.values())


async def test_what_is_promised_is_kept_from_the_first_look_on(site: Site) -> None:
    await site.watch.look()
    plan = quotas.plans(site.folder, sato="calls_per_month = 100").all[0]
    span = service.period("month", plan, site.now + timedelta(hours=1))
    with ReadOnlyLedger.open(site.ledger.path) as reader:
        found = reader.figures(plan, span, site.now)
    assert (site.now, 20) == (found.terms.since, found["missed_rate"].target)


@pytest.mark.parametrize("client", ["a", "a" * 55, "a" * 56, "a" * 63])
def test_alert_of_every_client_is_an_id_of_its_own(client: str) -> None:
    assert ID.fullmatch(service.alert(client))
    assert service.alert(client) != service.alert(client[:-1] + "b")


async def test_figures_of_the_process_are_those_of_the_ledger(site: Site, tmp_path: Path) -> None:
    await site.calls(3)
    (plan,) = site.plans
    span = service.period("month", plan, site.now)
    ask = Ask(subject=subject_of(plan), span=span, now=site.now)
    with ReadOnlyLedger.open(site.ledger.path) as reader:
        here = reader.figures(plan, span, site.now)
    assert [here] == await Reckoner(tmp_path / "sipbot.sqlite3").figures([ask])


async def test_process_that_finds_no_ledger_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"figures were not reckoned .*no ledger yet"):
        await Reckoner(tmp_path / "none.sqlite3").figures([])


async def test_process_that_takes_too_long_is_ended_and_told_of(site: Site, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"within 0\.001 s"):
        await Reckoner(tmp_path / "sipbot.sqlite3", limit_s=0.001).figures([])


async def test_messages_that_nobody_claims_are_told_once_the_mean_cannot_be_kept(
    site: Site,
) -> None:
    targets = "calls_per_month = 100\n[targets]\nclaim_min = 10\nfewest_calls = 2\n"
    site.plans = quotas.plans(site.folder, sato=targets).all
    for _ in range(2):
        offer = msgspec.structs.replace(an_offer(str(uuid7())), received_at=site.now)
        memo = a_memo_of(offer, "sato").model_copy(update={"id": str(uuid7())})
        await site.ledger.add_call(offer, "sato", "request-uri", "sato")
        state, ended_by = EndState.MEMO, EndedBy.CALLER
        await site.ledger.end_call(offer.call, state, site.now, ended_by, 200, memo)
    site.now += timedelta(minutes=9)
    await site.watch.look()
    assert [] == site.alerts.said
    site.now += timedelta(minutes=11)
    await site.watch.look()
    ((alert, problem),) = site.alerts.said
    assert "service-sato" == alert
    assert "2 messages unclaimed for longer than 600 s: Time to claim is 1200.0 with them" in str(
        problem
    )
