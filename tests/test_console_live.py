"""Calls that go on: what was heard so far, for those who may follow them, as text only."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio
from fastapi import Request

from sipbot import console_wire as wire
from sipbot.console.live_calls import CALLS_MAX, LiveCalls
from sipbot.console.pages_live import told
from sipbot.console.viewer import Viewer
from sipbot.console.web import build
from sipbot.topics import LivePayload, LiveType
from tests.console_app import Desk, a_desk

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "wall"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
)
AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<script>window.hit = 1</script>{{ 7 * 7 }}"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        yield desk


def news(
    step: LiveType,
    call: str = "c1",
    client: str = "yamato",
    text: str | None = None,
    caller: str | None = None,
) -> wire.Live:
    payload = LivePayload(type=step, ts=AT, text=text, caller=caller)
    return wire.Live(client=client, call=call, payload=payload)


async def test_words_so_far_are_shown_as_text_to_those_who_may_follow(desk: Desk) -> None:
    desk.parts.hub.tell(news("ringing", caller="+81355501234"))
    desk.parts.hub.tell(news("partial", text=HOSTILE))
    async with desk.browser("hanako") as browser:
        text = (await browser.get("/live")).text
    assert [True, True, True, False] == [
        one in text for one in ("+81355501234", "&lt;script&gt;", "{{ 7 * 7 }}", "<script>window")
    ]


async def test_calls_of_other_clients_are_not_shown(desk: Desk) -> None:
    desk.parts.hub.tell(news("partial", client="wakaba-law", text="secret of wakaba"))
    async with desk.browser("hanako") as browser:
        text = (await browser.get("/live")).text
    assert "secret of wakaba" not in text


async def test_masked_account_follows_no_call(desk: Desk) -> None:
    async with desk.browser("wall") as browser:
        page, home = await browser.get("/live"), await browser.get("/")
    assert (403, False) == (page.status_code, 'href="/live"' in home.text)


async def test_browser_is_told_what_is_said_next_and_ends_with_its_rights(desk: Desk) -> None:
    account = desk.parts.accounts.now().get("hanako")
    assert account is not None
    app = build(desk.parts)
    scope = {"type": "http", "app": app, "headers": [], "query_string": b"", "path": "/live"}
    may_go_on = True
    events = told(Viewer(Request(scope), account), lambda: may_go_on)
    await anext(events)
    desk.parts.hub.tell(news("partial", text="the first words"))
    second = await anext(events)
    may_go_on = False
    desk.parts.hub.tell(news("partial", text="the last words"))
    rest = [one async for one in events]
    assert "the first words" in second
    assert ["event: reload\ndata:\n\n"] == rest


def test_call_that_was_hung_up_is_gone() -> None:
    calls = LiveCalls()
    calls.hear(news("answered"))
    calls.hear(news("hung_up"))
    assert [] == calls.of(lambda _: True)


def test_words_that_are_read_after_the_hang_up_bring_no_call_back() -> None:
    calls = LiveCalls()
    calls.hear(news("answered"))
    calls.hear(news("hung_up"))
    calls.hear(news("partial", text="the rest"))
    assert [] == calls.of(lambda _: True)


def test_calls_that_are_over_do_not_pile_up() -> None:
    calls = LiveCalls()
    for number in range(CALLS_MAX + 3):
        calls.hear(news("hung_up", call=f"c{number}"))
    assert CALLS_MAX == len(calls._over)


def test_caller_of_whom_only_later_words_were_heard_is_not_called_withheld() -> None:
    calls = LiveCalls()
    calls.hear(news("partial", call="late", text="and so"))
    calls.hear(news("ringing", call="whole"))
    assert {"late": False, "whole": True} == {one.call: one.begun for one in calls.of(bool)}


def test_calls_whose_ends_are_never_told_do_not_pile_up() -> None:
    calls = LiveCalls()
    for number in range(CALLS_MAX + 3):
        calls.hear(news("ringing", call=f"c{number}"))
    assert CALLS_MAX == len(calls.of(lambda _: True))
