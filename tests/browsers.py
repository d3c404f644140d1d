"""Debian's Chromium, driven for real: operators' browsers."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.consoles import PASSWORD


@asynccontextmanager
async def a_chromium() -> AsyncIterator[Browser]:
    """Start the browser; it is the distribution's, nothing is fetched."""
    path = shutil.which("chromium")
    assert path, "chromium is missing: tools/peers.sh installs it"
    async with async_playwright() as playwright:
        # Without a sandbox, for tests run as root in containers; it sees our own pages only.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def logged_in(browser: Browser, url: str, name: str, **context: Any) -> Page:
    """Return a page of somebody who has just logged in, in a window of their own."""
    window: BrowserContext = await browser.new_context(locale="en-GB", **context)
    page = await window.new_page()
    page.set_default_timeout(60_000)
    await page.goto(f"{url}/login")
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.click("main button")
    await page.wait_for_selector("#memos", state="attached")
    return page
