"""Operators at work, in real browsers: what one does the other sees, and everybody can use it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from sipbot.kpi import Figures, Value
from sipbot.kpi_definitions import BY_KEY
from sipbot.report.words import Say
from tests.browsers import a_chromium, logged_in
from tests.consoles import DIALPLANS, IN_FORCE, Rig, a_console, a_morning

pytestmark = pytest.mark.browser

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["*"]',
    'name = "taro"\nrole = "operator"\nclients = ["*"]',
    'name = "boss"\nrole = "admin"\nclients = ["*"]',
)
WAIT_MS = 60_000
"""A busy machine is slow; speed is for benchmarks/bench_console.py."""

A4: ViewportSize = {"width": 718, "height": 1047}
"""In CSS pixels of 1/96 inch, without margins of 10 mm."""

COLUMNS = 4
"""Of a figure on its page, beside its name: value, target, before, measured on."""

expect.set_options(timeout=WAIT_MS)


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with a_console(tmp_path, ACCOUNTS) as running:
        yield running


@pytest_asyncio.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with a_chromium() as browser:
        yield browser


async def barriers(page: Page) -> list[str]:
    """Return what keeps people from using a page, in light and in dark."""
    found = []
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        found += [
            f"{theme}, {one['id']}: {[node['target'] for node in one['nodes']]}"
            for one in (await Axe().run(page)).response["violations"]
        ]
    return found


async def test_shift_of_an_operator_is_seen_by_a_colleague_step_by_step(
    rig: Rig, chromium: Browser
) -> None:
    hanako = await logged_in(chromium, rig.url, "hanako")
    taro = await logged_in(chromium, rig.url, "taro")
    memo = await rig.call(a_morning()[0])
    row = taro.locator(f"#memo-{memo.id}")
    await expect(row).to_contain_text("田中 真由美")

    await hanako.click(f"#memo-{memo.id} .who a")
    await hanako.click(".evidence a.play")
    await expect(hanako.locator("#at")).to_have_text(re.compile("0:0[789]|0:1[012]"))
    await hanako.keyboard.press("c")
    await expect(hanako.locator("#told")).to_contain_text("The memo is yours.")
    await expect(row).to_contain_text("hanako, until")

    await hanako.fill("#note", "comes on Monday")
    await hanako.click("button[value=reached]")
    await expect(hanako.locator("#history")).to_contain_text("comes on Monday")
    await expect(hanako.locator("#note")).to_have_value("")
    await hanako.click("button[data-key-for=d]")
    await expect(hanako.locator("#told")).to_contain_text("Closed.")
    await expect(row).to_have_count(0)

    await hanako.click("#head #unread")
    await hanako.click("#file button")
    await expect(hanako.locator("#history")).to_contain_text("Still to read it: taro, boss")
    await taro.click("#unread a[href='/cards/yamato']")
    await expect(taro.locator("#history")).to_contain_text("hanako")


async def test_second_to_claim_is_told_who_was_faster_and_keeps_the_note(
    rig: Rig, chromium: Browser
) -> None:
    memo = await rig.call(a_morning()[1])
    hanako = await logged_in(chromium, rig.url, "hanako")
    taro = await logged_in(chromium, rig.url, "taro")
    for page in (hanako, taro):
        await page.goto(f"{rig.url}/memos/{memo.id}")
    await taro.fill("#note", "she rang twice")
    await hanako.click("button[data-key-for=c]")

    await expect(taro.locator("#actions")).to_contain_text("hanako has this memo until")
    await expect(taro.locator("#note")).to_have_value("she rang twice")
    await taro.click("#actions .row button")
    await expect(hanako.locator("#history")).to_contain_text("she rang twice")


def reported(folder: Path) -> dict[str, Value]:
    """Return yamato's figures of this day and the six before, as the command line reckons them."""
    config = folder / "config.toml"
    config.write_text(f'var = "{folder}"\ndialplans = "{DIALPLANS}"\n', encoding="utf-8")
    today = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    days = ["--from", f"{today - timedelta(days=6)}", "--to", f"{today}"]
    command = [sys.executable, "-m", "sipbot", "report", "kpi", "yamato", "--json", *days]
    done = subprocess.run([*command, "--config", config], capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Figures).values


async def test_pages_have_no_barrier_fit_a_telephone_and_show_the_figures_of_the_report(
    rig: Rig, chromium: Browser, tmp_path: Path
) -> None:
    # As main does it at its start.
    await rig.ledger.kpis.keep_terms(IN_FORCE.plans.all, datetime.now(UTC) - timedelta(days=8))
    memos = [await rig.call(memo) for memo in a_morning()]
    door = await chromium.new_page(locale="ja-JP")
    await door.goto(f"{rig.url}/login")
    found = {"door": await barriers(door)}
    wide = await logged_in(chromium, rig.url, "hanako")
    await wide.click("#keys-open")
    found["keys"] = await barriers(wide)
    await wide.goto(f"{rig.url}/memos/{memos[0].id}")
    await wide.keyboard.press("i")
    await wide.click("#menu summary")
    found["memo"] = await barriers(wide)
    await wide.keyboard.press("/")
    await wide.keyboard.type("5678")
    await wide.keyboard.press("Enter")
    await wide.wait_for_selector(".search-page")
    found["search"] = await barriers(wide)
    narrow = await logged_in(chromium, rig.url, "taro", viewport={"width": 390, "height": 844})
    found["narrow list"] = await barriers(narrow)
    widths = [await narrow.evaluate("document.documentElement.scrollWidth")]
    await narrow.goto(f"{rig.url}/memos/{memos[0].id}")
    await narrow.click("#client-card summary")
    widths.append(await narrow.evaluate("document.documentElement.scrollWidth"))
    await narrow.goto(f"{rig.url}/memos/{memos[1].id}")
    found["narrow memo"] = await barriers(narrow)
    widths.append(await narrow.evaluate("document.documentElement.scrollWidth"))
    boss = await logged_in(chromium, rig.url, "boss", viewport={"width": 390, "height": 844})
    for path in ("/dialplans", "/dialplans/northgate", "/system", "/cards/yamato"):
        await boss.goto(f"{rig.url}{path}")
        found[path] = await barriers(boss)
        widths.append(await boss.evaluate("document.documentElement.scrollWidth"))
    said = {}
    for language in ("en", "ja"):
        await boss.click("#menu summary")
        await boss.click(f"button[value={language}]")
        await boss.goto(f"{rig.url}/figures?client=yamato&period=days7")
        found[f"figures, {language}"] = await barriers(boss)
        said[language] = await boss.locator(".results tbody").first.locator("td").all_inner_texts()
    widths.append(await boss.evaluate("document.documentElement.scrollWidth"))
    assert {} == {place: one for place, one in found.items() if one}
    assert [390] * 8 == widths
    reckoned = await asyncio.to_thread(reported, tmp_path)
    assert 2 == reckoned["received"].value
    for language, cells in said.items():
        say = Say(language, ZoneInfo("Asia/Tokyo"))
        shown = [say.number(reckoned[key].value, BY_KEY[key].unit) for key in BY_KEY]
        assert shown == cells[::COLUMNS]


async def test_page_of_a_client_shows_its_card_and_figures_fit_on_paper(
    rig: Rig, chromium: Browser
) -> None:
    await rig.ledger.kpis.keep_terms(IN_FORCE.plans.all, datetime.now(UTC) - timedelta(days=8))
    boss = await logged_in(chromium, rig.url, "boss", viewport=A4)
    await boss.goto(f"{rig.url}/cards/yamato")
    card = boss.locator("#client-card")
    sides = [await one.bounding_box() for one in (card, boss.locator("#file"))]
    await boss.goto(f"{rig.url}/figures?period=days7")
    await boss.emulate_media(media="print")
    rights = await boss.locator("table").evaluate_all(
        "all => all.map((one) => Math.ceil(one.getBoundingClientRect().right))"
    )
    await boss.go_back()
    await expect(card).to_have_attribute("open", "")
    assert 1 == len({(side["x"], side["width"]) for side in sides if side})
    assert [True, True] == [right <= A4["width"] for right in rights]
