"""An urgent memo sounds and is shown, once, whatever else comes and however many windows look."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from sipbot.memo import Urgency
from tests.browsers import a_chromium, logged_in
from tests.consoles import a_console, memo_for

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)
"""A busy machine is slow."""

ACCOUNTS = ('name = "hanako"\nrole = "operator"\nclients = ["*"]',)

SPY = """
window.shown = [];
window.tones = 0;
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.shown.push(options.body); }
};
const tone = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  window.tones += 1;
  return tone.call(this);
};
"""
"""Counts what the page asks the browser for, which does it all the same."""

RING = 3
"""Tones of one ring."""


async def heard(*windows: Page) -> tuple[int, list[str]]:
    """Return how many tones all windows have made, and what they have shown."""
    tones, shown = 0, list[str]()
    for page in windows:
        # Behind all that asked before: rings wait for this lock.
        await page.evaluate("() => navigator.locks.request('sipbot-rang', () => {})")
        tones += await page.evaluate("window.tones")
        shown += await page.evaluate("window.shown")
    return tones, shown


async def test_urgent_memo_rings_once_in_one_of_two_windows_and_only_while_it_is_wished(
    tmp_path: Path,
) -> None:
    async with a_console(tmp_path, ACCOUNTS) as rig, a_chromium() as chromium:
        first = await logged_in(chromium, rig.url, "hanako", permissions=["notifications"])
        await first.context.add_init_script(SPY)
        await first.reload()
        await first.click("#menu summary")
        await first.check("#sound")
        second = await first.context.new_page()
        await second.goto(rig.url)
        await second.click("h1", force=True)
        await expect(second.locator("#sound")).to_be_checked()
        usual = await rig.call(memo_for("yamato"))
        urgent = await rig.call(memo_for("yamato", urgency=Urgency.URGENT))
        for page in (first, second):
            for memo in (usual, urgent):
                await page.wait_for_selector(f"#memo-{memo.id}", timeout=60_000)
        rung = await heard(first, second)
        await second.click("#menu summary")
        await second.uncheck("#sound")
        await expect(first.locator("#sound")).not_to_be_checked()
        another = await rig.call(memo_for("yamato", urgency=Urgency.URGENT))
        for page in (first, second):
            await page.wait_for_selector(f"#memo-{another.id}", timeout=60_000)
        after = await heard(first, second)
    assert (RING, 1) == (rung[0], len(rung[1]))
    assert "やまと工業" in rung[1][0]
    assert rung == after
