"""A client's knowledge card on the page of a memo: who sees it, when it changes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from markupsafe import escape

from sipbot import console_wire as wire
from sipbot.child import Child
from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.console_link import CARDS_BYTES, card_of
from tests.clients import client
from tests.console_app import Desk, a_desk
from tests.consoles import CARDS, a_console, memo_for

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "wall"\nrole = "viewer"\nclients = ["yamato"]\nmasked = true',
)
HOSTILE = "</details><script>alert(1)</script>\"'{{7*7}}"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as opened:
        yield opened


async def page(desk: Desk, name: str = "hanako") -> str:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser(name) as browser:
        answer = await browser.get(f"/memos/{memo.id}")
    assert 200 == answer.status_code
    return answer.text


async def test_memo_shows_all_of_its_clients_card(desk: Desk) -> None:
    desk.main.cards["yamato"] = card = CARDS["yamato"]
    text = await page(desk)
    said = [card.about, card.urgent, card.hours_note, card.address, card.url]
    said += [*card.wording, *card.never_say, *card.never_promise, *card.ask]
    said += [value for one in card.contacts for value in (one.name, one.about, one.shown)]
    said += [value for one in card.faq for value in (one.question, one.answer)]
    assert [] == [one for one in said if one not in text]


async def test_memo_of_a_client_without_a_card_has_none(desk: Desk) -> None:
    desk.main.cards["wakaba-law"] = CARDS["yamato"]
    assert "client-card" not in await page(desk)


async def test_masked_account_sees_no_card_for_it_names_people(desk: Desk) -> None:
    desk.main.cards["yamato"] = CARDS["yamato"]
    assert "client-card" not in await page(desk, "wall")


async def test_changed_card_is_there_when_a_page_is_loaded_next(desk: Desk) -> None:
    seen = []
    for about in ("Boilers.", "Boilers and heaters."):
        desk.main.cards["yamato"] = ClientCard(language="en", about=about)
        seen.append(re.findall(r"Boilers[a-z ]*\.", await page(desk))[0])
    assert ["Boilers.", "Boilers and heaters."] == seen


async def test_memo_is_shown_without_a_card_that_main_does_not_give(desk: Desk) -> None:
    desk.main.problem = "too much is asked for at once"
    text = await page(desk)
    assert "The client card cannot be shown now." in text
    assert 'id="client-card"' not in text


async def test_whatever_stands_in_a_card_is_text(desk: Desk) -> None:
    contact = Contact(name=HOSTILE, about=HOSTILE, number=HOSTILE, shown=HOSTILE, note=HOSTILE)
    hostile = ClientCard(
        language=HOSTILE,
        about=HOSTILE,
        wording=(HOSTILE,),
        never_say=(HOSTILE,),
        urgent=HOSTILE,
        url=HOSTILE,
        contacts=(contact,),
        faq=(Faq(question=HOSTILE, answer=HOSTILE),),
    )
    desk.main.cards["yamato"] = hostile
    text = await page(desk)
    assert escape(HOSTILE) in text
    assert [] == re.findall(r"</details><|<script>", text)


async def test_card_of_a_client_is_the_one_of_its_dialplan_in_force(tmp_path: Path) -> None:
    plan = client(tmp_path, '[card]\nabout = "相続。"\n')
    found = card_of(plan), card_of(None)
    assert (ClientCard(language="ja", about="相続。"), None) == found


async def test_who_asks_for_cards_and_reads_none_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = wire.AskCard(n=7, client="yamato")
    async with a_console(tmp_path, ACCOUNTS) as rig:
        shown = rig.link._shown(asked)
        monkeypatch.setattr(Child, "waiting_bytes", CARDS_BYTES + 1)
        refused = rig.link._shown(asked)
    assert wire.Answered(n=7, card=CARDS["yamato"]) == shown
    assert len(msgspec.json.encode(refused)) < 100
