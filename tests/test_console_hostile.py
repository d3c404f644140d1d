"""What strangers call themselves and say is text on every page, in a real browser."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page

from sipbot import console_wire as wire
from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.memo import Memo
from sipbot.topics import LivePayload
from tests.browsers import a_chromium, logged_in
from tests.consoles import Rig, a_console, memo_for, said

pytestmark = pytest.mark.browser

ACCOUNTS = ('name = "hanako"\nrole = "operator"\nclients = ["*"]',)

HIT = "window.hit=1"
FRAMES = (
    "{}",
    '">{}',
    "'>{}",
    "</title>{}",
    "</textarea>{}",
    "--><!-- -->{}",
    "\u202e{}",
    "\x07{}",
)
TRICKS = (
    f"<script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f"<svg onload={HIT}></svg>",
    f"<svg><animate onbegin={HIT} attributeName=x dur=1s>",
    f"<details open ontoggle={HIT}>",
    f"<iframe srcdoc='<script>parent.{HIT}</script>'></iframe>",
    f'<a href="javascript:{HIT}" autofocus onfocus={HIT}>',
    "<img src=https://foreign.example/x.png>",
    "<link rel=stylesheet href=https://foreign.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://foreign.example/'>",
    "{{ cycler.__init__.__globals__ }}{% raw %}",
    f"<div hx-get=https://foreign.example/ hx-trigger=load hx-on::load={HIT}>",
    "<form action=https://foreign.example/><button autofocus>",
)
NAMES = [frame.format(trick) for frame in FRAMES for trick in TRICKS]


async def look(page: Page, url: str, ready: str) -> object:
    """Return what a page has that only a trick can have put there."""
    await page.goto(url)
    await page.wait_for_selector(ready, state="attached")
    return await page.evaluate(
        "[window.hit ?? 0, document.querySelectorAll("
        "'iframe, main img, [onerror], [onload], [onfocus], [href^=javascript]').length]"
    )


async def test_hundred_hostile_names_run_nothing_and_ask_no_foreign_host(tmp_path: Path) -> None:
    cards = {"yamato": hostile_card()}
    async with a_console(tmp_path, ACCOUNTS, cards=cards) as rig, a_chromium() as chromium:
        page = await logged_in(chromium, rig.url, "hanako")
        asked, dialogs = list[str](), list[str]()
        page.on("request", lambda one: asked.append(one.url))
        page.on("dialog", lambda one: dialogs.append(one.message))
        memos = [await rig.call(hostile(name), seconds=1.0) for name in NAMES]
        tell(rig)
        found = [
            await look(page, rig.url, f"#memo-{memos[0].id}"),
            await look(page, f"{rig.url}/memos/{memos[0].id}", "#text"),
            await look(page, f"{rig.url}/memos/{memos[-1].id}", "#text"),
            await look(page, f"{rig.url}/live", ".live-call"),
            await look(page, f"{rig.url}/calls?day=2026-11-20", "#invites"),
        ]
    assert [[0, 0]] * 5 == found
    assert ([], []) == (dialogs, [one for one in asked if not one.startswith(rig.url)])


def hostile_card() -> ClientCard:
    """Return a card that is full of what they are called."""
    contact = Contact(name=NAMES[0], about=NAMES[1], number=NAMES[2], shown=NAMES[3], note=NAMES[4])
    faq = tuple(Faq(question=name, answer=name) for name in NAMES)
    return ClientCard(
        language=NAMES[2], about=NAMES[1], ask=tuple(NAMES), contacts=(contact,), faq=faq
    )


def hostile(name: str) -> Memo:
    """Return a memo of a caller who is called so, works there, and says it."""
    return said(memo_for("yamato", answers={"name": name, "company": name}), [name])


def tell(rig: Rig) -> None:
    """Let all of them speak at once."""
    for number, name in enumerate(NAMES):
        payload = LivePayload(type="partial", ts=datetime.now(UTC), text=name, caller=name)
        rig.link._say(wire.Live(client="yamato", call=f"c{number}", payload=payload))
