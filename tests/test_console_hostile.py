"""What strangers call themselves and say is text on every page, in a real browser."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import markupsafe
import msgspec
import pytest
from playwright.async_api import Browser, Error, Page

from sipbot import console_wire as wire
from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.console_link import site
from sipbot.last_good import APPLIED_FOLDER
from sipbot.memo import Memo
from sipbot.status import Alerts, AlertStatus, ChildStatus, DialplanStatus, Status
from sipbot.topics import LivePayload
from tests.browsers import a_chromium, logged_in
from tests.consoles import CLIENTS, DIALPLANS, Rig, a_console, a_status, memo_for, said

pytestmark = pytest.mark.browser

ACCOUNTS = ('name = "hanako"\nrole = "admin"\nclients = ["*"]',)

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
SAID = ("<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1></svg>")
"""Short ones, for a dialplan."""
NAMES = [frame.format(trick) for frame in FRAMES for trick in TRICKS]


FOREIGN = "foreign.example"

FOUND_S = 60.0
"""More than any search takes: one that is broken fails the test, and does not hang it."""

TRACES = """
() => {
  const does = (one) => /^on|^hx-on|^srcdoc$/.test(one.name)
    || /^\\s*(javascript:|https?:\\/\\/foreign)/i.test(one.value)
    || (one.name === "content" && /url=/i.test(one.value));
  const all = [...document.querySelectorAll("*")];
  return [window.hit ?? 0, all.filter((one) => [...one.attributes].some(does)).length];
}
"""
"""What a page has that only a trick can have put there: something ran, something would."""


class Probe:
    """Looks at pages, and hears what they ask for.

    Args:
        page: of a real browser.
        own: the beginning of addresses that are ours.
    """

    def __init__(self, page: Page, own: str) -> None:
        self.page = page
        self.foreign = list[str]()
        self._own = own
        page.on("request", lambda one: self._heard(one.url))
        page.on("dialog", lambda one: self._heard(f"a dialog: {one.message}"))

    async def look(self, url: str, ready: str) -> list[int]:
        """Return how much ran on a page, and how much there would."""
        await self.page.goto(url)
        await self.page.wait_for_selector(ready, state="attached", timeout=60_000)
        return await self.traces()

    def _heard(self, what: str) -> None:
        if not what.startswith(self._own):
            self.foreign.append(what)

    async def traces(self) -> list[int]:
        found: list[int] = await self.page.evaluate(TRACES)
        return found


async def test_hundred_hostile_names_run_nothing_and_ask_no_foreign_host(tmp_path: Path) -> None:
    async with a_console(tmp_path, ACCOUNTS) as rig, a_chromium() as chromium:
        probe = Probe(await logged_in(chromium, rig.url, "hanako"), rig.url)
        memos = [await rig.call(hostile(name), seconds=1.0) for name in NAMES]
        await tell(rig, hostile_form(tmp_path / APPLIED_FOLDER))
        search = f"{rig.url}/search?q={quote(TRICKS[0])}"
        day = f"{memos[0].call.started_at.astimezone():%Y-%m-%d}"
        await found(probe.page, search)
        seen = [
            await probe.look(rig.url, f"#memo-{memos[0].id}"),
            await probe.look(f"{rig.url}/memos/{memos[0].id}", "#client-card"),
            await probe.look(f"{rig.url}/memos/{memos[-1].id}", "#client-card"),
            await probe.look(f"{rig.url}/live", ".live-call"),
            await probe.look(f"{rig.url}/calls?day={day}", "table.calls"),
            await probe.look(f"{rig.url}/system", "#alerts .said"),
            await probe.look(search, "li.memo"),
            await probe.look(f"{rig.url}/dialplans", "#behind li"),
            await probe.look(f"{rig.url}/dialplans/northgate", "#behind ~ * .plan-picture svg"),
        ]
        labels = await probe.page.text_content("#main") or ""
    assert [[0, 0]] * 9 == seen
    assert [True, True] == [trick in labels for trick in SAID]
    assert [] == probe.foreign


async def test_page_that_lets_one_text_through_is_seen_by_the_same_probe(tmp_path: Path) -> None:
    name = TRICKS[1]
    async with a_console(tmp_path, ACCOUNTS, [hostile(name)]) as rig, a_chromium() as chromium:
        page = await logged_in(chromium, rig.url, "hanako")
        sound = await (await page.request.get(rig.url)).text()
        broken = sound.replace(str(markupsafe.escape(name)), name)
        seen = [await served(page, rig.url, broken, policy) for policy in ("", "script-src 'self'")]
    assert sound != broken
    (hit, would), (stopped, still_would) = seen
    assert (1, 0) == (hit, stopped)  # the policy is a second wall, and the probe sees behind it
    assert 0 < would == still_would


async def test_every_trick_leaves_a_trace_where_nothing_is_escaped() -> None:
    async with a_chromium() as chromium:
        unseen = [trick for trick in TRICKS if await traceless(chromium, trick)]
    assert [one for one in TRICKS if one.startswith("{{")] == unseen, "those need our own templates"


async def served(page: Page, url: str, content: str, policy: str) -> list[int]:
    """Return what the probe sees of a page that somebody has broken."""
    headers = {"content-type": "text/html; charset=utf-8"}
    if policy:
        headers["content-security-policy"] = policy
    await page.route(f"{url}/broken", lambda one: one.fulfill(body=content, headers=headers))
    seen = await Probe(page, url).look(f"{url}/broken", "#memos")
    await page.unroute(f"{url}/broken")
    return seen


async def traceless(chromium: Browser, trick: str) -> bool:
    """Tell whether the probe sees nothing of a trick on a page that shows it as it is."""
    page = await chromium.new_page()
    await page.route(f"**/*{FOREIGN}/**", lambda one: one.abort())
    await page.set_content(f"<main>{trick}</main>", wait_until="commit")
    try:
        return await Probe(page, "about:").traces() == [0, 0]
    except Error:
        return False  # it has led the browser away
    finally:
        await page.close()


async def found(page: Page, url: str) -> None:
    """Wait until the search finds what was said; it takes up in its own time what is new."""
    await page.goto(url)
    async with asyncio.timeout(FOUND_S):
        while await page.locator("li.memo").count() == 0:
            await page.reload()


def hostile(name: str) -> Memo:
    """Return a memo of a caller who is called so, calls from there, works there, and says it."""
    memo = said(memo_for("yamato", answers={"name": name, "company": name}), [name])
    caller = memo.caller.model_copy(update={"name": name, "number": name})
    return memo.model_copy(update={"caller": caller})


def hostile_form(kept: Path) -> str:
    """Keep a dialplan with tricks where an agency writes what it likes; return its hash."""
    form = (DIALPLANS / "northgate.toml").read_text(encoding="utf-8")
    form = form.replace('"Northgate Support"', json.dumps(SAID[0]))
    form = form.replace('"outage" =', f"{json.dumps(SAID[1])} =")
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "northgate.toml").write_text(form, encoding="utf-8")
    return hashlib.sha256(form.encode()).hexdigest()


async def tell(rig: Rig, form: str) -> None:
    """Let all of them speak at once, and stand wherever else strangers' words can come.

    Args:
        rig: the console.
        form: hash of the dialplan that is in force for northgate.
    """
    for number, name in enumerate(NAMES):
        payload = LivePayload(type="partial", ts=datetime.now(UTC), text=name, caller=name)
        rig.link._say(wire.Live(client="yamato", call=f"c{number}", payload=payload))
    rig.link._card = lambda _: hostile_card()
    bad = await hostile_status()

    async def status() -> Status:
        return bad

    rig.link._status = status
    rig.link._say(site(bad))
    named = tuple(
        msgspec.structs.replace(
            one, name=name, sha256=form if one.client == "northgate" else one.sha256
        )
        for one, name in zip(CLIENTS, NAMES, strict=False)
    )
    rig.link._say(wire.Clients(first=True, last=True, clients=named))
    mistakes = tuple(wire.FileMistake(words=one) for one in NAMES[:20])
    behind = wire.File(
        name="northgate",
        since=datetime.now(UTC),
        sha256="",
        words=NAMES[0],
        mistakes=mistakes,
        others=1,
    )
    rig.link._say(wire.Behind(first=True, last=True, files=(behind,), untold=0))


def hostile_card() -> ClientCard:
    """Return a client's card in which every text is a trick."""
    lines, all_of_them = tuple(NAMES[:30]), " ".join(TRICKS)
    contacts = [Contact(name=one, about=one, number=one, shown=one, note=one) for one in NAMES[:30]]
    return ClientCard(
        language="ja",
        about=all_of_them,
        wording=lines,
        never_say=lines,
        never_promise=lines,
        ask=lines,
        urgent=all_of_them,
        hours_note=all_of_them,
        address=all_of_them,
        contacts=tuple(contacts),
        faq=tuple(Faq(question=one, answer=one) for one in NAMES[:30]),
    )


async def hostile_status() -> Status:
    """Return the state of a site whose every name and every mistake is a trick."""
    at = datetime.now(UTC)
    alerts = [AlertStatus(id=one, since=at, problem=one, remedy=one) for one in NAMES[:20]]
    files = [
        DialplanStatus(name=one, sha256=None, since=at, problem=one, mistakes=1, words=one)
        for one in NAMES[:20]
    ]
    children = [ChildStatus(name=one, pid=None, rss_bytes=None, restarts=0) for one in NAMES[:9]]
    return msgspec.structs.replace(
        await a_status(),
        site=NAMES[0],
        reasons=tuple(NAMES),
        alerts=Alerts(some=tuple(alerts)),
        dialplans=tuple(files),
        children=tuple(children),
    )
