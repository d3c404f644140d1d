"""What browsers are told while they look: theirs only, and no more once their rights are gone."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest_asyncio
from msgspec.structs import replace

from sipbot.console.cards import Wanted
from sipbot.console.hub import QUEUE_MAX
from tests.console_app import Desk, a_desk
from tests.console_news import END, heard_of, news, since
from tests.consoles import a_morning, memo_for

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato", "northgate"]',
    'name = "taro"\nrole = "operator"\nclients = ["*"]',
)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as opened:
        yield opened


async def test_what_changed_between_page_and_news_is_told(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        path = since((await browser.get("/")).text)
    memo = await desk.leave(memo_for("yamato"))
    async with news(desk, path) as events:
        assert f'id="memo-{memo.id}"' in await heard_of(events, "row")


async def test_memo_that_somebody_takes_leaves_the_list_of_free_ones(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("taro") as browser:
        path = since((await browser.get("/?view=free")).text)
        async with news(desk, path) as events:
            await browser.post(f"/memos/{memo.id}/claim")
            await desk.main.changed(memo.id)
            assert f"data: {memo.id}" in await heard_of(events, "gone")


async def test_news_of_other_clients_are_not_told(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        path = since((await browser.get("/")).text)
    async with news(desk, path) as events:
        foreign = await desk.leave(memo_for("wakaba-law"))
        own = await desk.leave(memo_for("yamato"))
        first = await heard_of(events, "row", "gone", "urgent")
    assert (False, True) == (foreign.id in first, own.id in first)


def dismiss_everybody(desk: Desk) -> None:
    Path(desk.parts.settings.accounts).write_text("", encoding="utf-8")


async def test_browser_of_an_account_that_goes_is_told_no_more(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        path = since((await browser.get("/")).text)
    async with news(desk, path) as events:
        await desk.leave(memo_for("yamato"))
        before = await heard_of(events, "row", "reload")
        dismiss_everybody(desk)
        await desk.leave(memo_for("yamato"))
        after = await heard_of(events, "row", "reload")
    assert ("event: row", "event: reload") == (before.split("\n")[0], after.split("\n")[0])


async def test_account_that_goes_is_told_no_figures_and_its_news_end_in_order(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        path = since((await browser.get("/")).text)
    async with news(desk, path) as events:
        await desk.leave(memo_for("yamato"))
        await heard_of(events, "row")
        dismiss_everybody(desk)
        next_told, end = await heard_of(events, "counts", "reload"), await events.get()
    assert ("event: reload", END) == (next_told.split("\n")[0], end)


async def test_browser_that_missed_more_than_a_queue_holds_loads_its_page_anew(desk: Desk) -> None:
    await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        path = since((await browser.get("/")).text)
    store = desk.parts.store
    (card,) = (await store.page("*", Wanted(), "hanako")).cards
    for number in range(QUEUE_MAX + 1):
        store._put(replace(card, id=f"{card.id[:-6]}{number:06}"), None)
    async with news(desk, path) as events:
        assert "event: reload" in await heard_of(events, "row", "reload")


async def test_page_of_a_memo_is_told_that_it_has_changed(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        path = since((await browser.get(f"/memos/{memo.id}")).text)
        async with news(desk, path) as events:
            await browser.post(f"/memos/{memo.id}/note", text="later")
            await desk.main.changed(memo.id)
            assert f"data: {memo.id}" in await heard_of(events, "memo")


async def test_urgent_memo_is_told_without_saying_who_called(desk: Desk) -> None:
    async with desk.browser("taro") as browser:
        path = since((await browser.get("/")).text)
    async with news(desk, path, "taro") as events:
        tanaka = await desk.leave(a_morning()[0])
        event = await heard_of(events, "urgent")
    told = msgspec.json.decode(re.findall(r"^data: (.*)$", event, re.MULTILINE)[0])
    assert {"memo": tanaka.id, "client": "やまと工業"} == told


async def test_news_since_another_life_ask_for_the_page_again(desk: Desk) -> None:
    async with news(desk, "/events?since=somebody-7") as events:
        assert "event: reload" in await events.get()
