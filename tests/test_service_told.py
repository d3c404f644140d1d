"""A client is told that its service is below what was agreed, once, and once that it is back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sipbot.ledger import Ledger
from sipbot.notice_target import NoticeTarget
from sipbot.notice_watch import NoticeSettings, ways_to
from sipbot.outbox import Outbox
from sipbot.records import EndState
from tests import quotas
from tests.hooks import Hook, web_hook
from tests.test_service_watch import TARGETS, Site

CHANNEL = '[[notify]]\nname = "client"\ntarget = "hook"\non = ["service"]\n'
AGREED = TARGETS.replace("fewest_calls = 2", "fewest_calls = 2\nwindow_h = 2\n") + CHANNEL


class Told(Site):
    """A site whose client has a web hook."""

    def __init__(self, ledger: Ledger, folder: Path, hook: Hook) -> None:
        super().__init__(ledger, folder)
        self.hook = hook
        self.agree(AGREED)

    def agree(self, tables: str) -> None:
        self.plans = quotas.plans(self.folder, sato=tables).all

    async def look(self, minutes: int) -> list[str]:
        """Look once, so much later; return what the client was told by it."""
        before = len(self.hook.said)
        self.now += timedelta(minutes=minutes)
        await self.watch.look()
        (send,) = ways_to(NoticeSettings(targets={"hook": self.hook.url})).values()
        target = NoticeTarget("hook", send, lambda *_: None)
        outbox = Outbox(self.ledger, {"notify:hook": target}, now=lambda: self.now)
        await outbox.run_once()
        return [one["title"] + "\n" + one["message"] for one in self.hook.said[before:]]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Told]:
    with web_hook() as hook:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            yield Told(ledger, tmp_path / "dialplans", hook)


async def test_client_reads_figure_target_period_and_since_when(site: Told) -> None:
    await site.calls(2)
    (fell,) = await site.look(5)
    await site.calls(8, EndState.TRANSFERRED)
    await site.look(5)
    (met,) = await site.look(61)
    assert (
        "sato: サービスがお約束の水準を下回っています\n"
        "直近2時間の実績です（2026-11-20 12:05 現在、Asia/Tokyo）。\n"
        "・取りもれ率: 100.0％（お約束: 20.0％ 以下）\n"
        "水準に戻りましたら、あらためてお知らせします。"
    ) == fell
    assert (
        "sato: サービスがお約束の水準に戻りました\n"
        "直近2時間の実績です（2026-11-20 13:11 現在、Asia/Tokyo）。\n"
        "・取りもれ率: 20.0％（お約束: 20.0％ 以下）。2026-11-20 12:05 から下回っていました"
    ) == met


async def test_english_reader_is_told_in_english(site: Told) -> None:
    site.agree(AGREED + 'language = "en"\n')
    await site.calls(2)
    (fell,) = await site.look(5)
    assert "- Share of missed calls: 100.0 % (agreed: ≤ 20.0 %)" in fell


async def test_fall_that_lasts_is_told_once_also_over_a_restart(site: Told) -> None:
    await site.calls(2)
    first = await site.look(5)
    await site.calls(2)
    again = await site.look(5)
    site.watch = site.another_watch()
    assert (1, [], []) == (len(first), again, await site.look(5))


async def test_figure_that_wavers_about_its_target_is_told_once(site: Told) -> None:
    told = []
    for _ in range(4):
        await site.calls(2)
        told += await site.look(5)
        await site.calls(8, EndState.TRANSFERRED)
        told += await site.look(5)
    assert 1 == len(told)


async def test_second_fall_after_the_figure_was_met_is_told_again(site: Told) -> None:
    await site.calls(2)
    told = await site.look(5)
    await site.calls(8, EndState.TRANSFERRED)
    told += await site.look(5) + await site.look(61)
    await site.calls(5)
    told += await site.look(5)
    assert ["下回って", "戻り", "下回って"] == [
        "下回って" if "下回っています" in one else "戻り" for one in told
    ]


async def test_figure_that_nobody_measures_any_more_is_not_said_to_be_met(site: Told) -> None:
    await site.calls(2)
    await site.look(5)
    assert [] == await site.look(180) + await site.look(180)


async def test_client_with_whom_it_is_not_agreed_is_told_nothing(site: Told) -> None:
    site.agree(TARGETS)
    await site.calls(2)
    assert ([], 1) == (await site.look(5), len(site.alerts.said))


async def test_client_that_was_gone_is_told_anew(site: Told) -> None:
    await site.calls(2)
    await site.look(5)
    there, site.plans = site.plans, ()
    gone = await site.look(5)
    site.plans = there
    assert ([], 1) == (gone, len(await site.look(5)))
