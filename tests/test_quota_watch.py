"""Who is told about a used quota, when, and when it is over."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from sipbot.alerts import Alerts
from sipbot.dialplan import Dialplans
from sipbot.ledger import Ledger
from sipbot.quota import Ask, Figures, alert_of
from sipbot.quota_watch import QuotaWatch
from sipbot.records import EndedBy, EndState
from sipbot.topics import ID, AlertPayload
from tests import quotas
from tests.memo_samples import an_offer

TOKYO = ZoneInfo("Asia/Tokyo")
IN_NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=TOKYO)
LAST_OF_NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=TOKYO)
QUOTA = "calls_per_month = 5"


class Bus:
    """Hears what is told."""

    async def alert(self, alert: str, payload: AlertPayload | None) -> None:
        """Nothing is told while nobody runs the alerts."""


class Told(Alerts):
    """Alerts that remember what was to be told."""

    def __init__(self) -> None:
        super().__init__(Bus())
        self.said: list[tuple[str, str | None]] = []

    def tell(self, alert: str, problem: str | None, remedy: str = "") -> None:
        waiting = self._waiting.qsize()
        super().tell(alert, problem, remedy)
        if self._waiting.qsize() > waiting:
            self.said.append((alert, problem))


class Site:
    """A ledger, dialplans that may change, and a clock that can be set."""

    def __init__(self, ledger: Ledger, dialplans: Dialplans) -> None:
        self.ledger = ledger
        self.dialplans = dialplans
        self.alerts = Told()
        self.now = IN_NOVEMBER.astimezone(UTC)
        self.watch = self.another_watch()

    def another_watch(self) -> QuotaWatch:
        self.alerts = Told()
        watch = QuotaWatch(
            ledger=self.ledger,
            plans=lambda: self.dialplans.all,
            alerts=self.alerts,
            clock=lambda: self.now,
        )
        self.ledger.on_counted = watch.counted
        return watch

    async def calls(self, number: int, client: str = "sato") -> None:
        for _ in range(number):
            offer = msgspec.structs.replace(an_offer(), received_at=self.now)
            await self.ledger.add_call(offer, client, "request-uri", client)
            await self.ledger.end_call(
                offer.call, EndState.NO_MESSAGE, self.now, EndedBy.CALLER, 200, None
            )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    dialplans = quotas.plans(tmp_path / "dialplans", sato=QUOTA, free="")
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        yield Site(ledger, dialplans)


async def test_client_is_told_of_once_at_80_and_once_at_100_percent(site: Site) -> None:
    await site.watch.look()
    for _ in range(7):
        await site.calls(1)
        await site.watch.look()

    assert [
        ("quota-sato", "sato has used 4 of its 5 calls of 2026-11 (80 %)"),
        ("quota-sato", "sato has used 5 of its 5 calls of 2026-11: none is left"),
    ] == site.alerts.said


async def test_client_that_jumps_over_the_warning_is_told_of_once(site: Site) -> None:
    await site.calls(6)
    await site.watch.look()
    await site.watch.look()

    assert [
        ("quota-sato", "sato has used 6 of its 5 calls of 2026-11: none is left")
    ] == site.alerts.said


async def test_client_without_quota_is_never_told_of(site: Site) -> None:
    await site.calls(9, "free")
    await site.watch.look()
    assert [] == site.alerts.said


async def test_alert_is_cleared_when_the_month_turns_in_the_client_s_zone(site: Site) -> None:
    site.now = LAST_OF_NOVEMBER
    await site.calls(4)
    await site.watch.look()
    site.alerts.said.clear()

    site.now = LAST_OF_NOVEMBER + timedelta(minutes=1)
    await site.watch.look()

    assert [("quota-sato", None)] == site.alerts.said


async def test_alert_is_cleared_when_the_quota_is_raised(site: Site, tmp_path: Path) -> None:
    await site.calls(5)
    await site.watch.look()
    site.alerts.said.clear()

    site.dialplans = quotas.plans(tmp_path / "dialplans", sato="calls_per_month = 50")
    await site.watch.look()

    assert [("quota-sato", None)] == site.alerts.said


@pytest.mark.parametrize("gone", ["quota", "client"])
async def test_alert_is_cleared_when_quota_or_client_is_gone(
    site: Site, tmp_path: Path, gone: str
) -> None:
    await site.calls(5)
    await site.watch.look()
    site.alerts.said.clear()

    left = {"sato": ""} if gone == "quota" else {"free": ""}
    site.dialplans = quotas.plans(tmp_path / gone, **left)
    await site.watch.look()

    assert [("quota-sato", None)] == site.alerts.said
    assert frozenset() == await site.ledger.quota_alerts()


async def test_alert_of_an_earlier_run_is_told_again_and_not_cleared(site: Site) -> None:
    await site.calls(4)
    await site.watch.look()
    watch = site.another_watch()

    await watch.begin()
    await watch.look()

    assert [("quota-sato", "sato has used 4 of its 5 calls of 2026-11 (80 %)")] == site.alerts.said


async def test_alert_of_an_earlier_run_is_cleared_when_the_month_has_turned_meanwhile(
    site: Site,
) -> None:
    await site.calls(4)
    await site.watch.look()
    watch = site.another_watch()
    site.now += timedelta(days=30)

    await watch.begin()
    await watch.look()

    assert [("quota-sato", None)] == site.alerts.said
    assert frozenset() == await site.ledger.quota_alerts()


async def test_figures_are_unknown_until_everybody_was_counted(site: Site) -> None:
    before = site.watch.figures
    await site.calls(5)
    await site.watch.look()
    after = site.watch.figures

    assert None is before
    assert isinstance(after, Figures)
    assert (1, 0, 1, 5) == (after.clients, after.warned, after.used_up, after.most[0].used)


async def test_only_those_whose_calls_have_ended_are_counted(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.dialplans = quotas.plans(tmp_path / "three", sato=QUOTA, sakura=QUOTA, kita=QUOTA)
    asked: list[list[str]] = []
    count = site.ledger.calls_that_count

    async def counting(asks: list[Ask]) -> list[int]:
        asked.append([ask.client for ask in asks])
        return await count(asks)

    monkeypatch.setattr(site.ledger, "calls_that_count", counting)
    await site.watch.look()
    await site.calls(3, "sakura")
    await site.watch.look()
    await site.watch.look()

    assert [["kita", "sakura", "sato"], ["sakura"]] == asked


@pytest.mark.parametrize("length", [1, 57, 58, 63])
def test_alert_of_every_client_is_an_id_of_its_own(length: int) -> None:
    clients = ["a" * length, "a" * (length - 1) + "b"]
    ids = {alert_of(client) for client in clients}
    assert 2 == len(ids)
    assert all(ID.fullmatch(one) for one in ids)


async def test_client_of_very_many_calls_is_counted_less_often(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def counting(asks: list[Ask]) -> list[int]:
        nonlocal asked
        asked += 1
        return [76_000 for _ in asks]

    monkeypatch.setattr(site.ledger, "calls_that_count", counting)
    seen = []
    for seconds in (0, 1, 75, 76):
        site.now = IN_NOVEMBER.astimezone(UTC) + timedelta(seconds=seconds)
        site.watch.counted("sato")
        await site.watch.look()
        seen.append(asked)

    assert [1, 1, 1, 2] == seen
