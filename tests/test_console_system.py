"""The page about the site: what main said last, for admins only, and never 0 for "not measured"."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from sipbot import console_wire as wire
from sipbot.console.pages_system import UNKNOWN, figures_of
from sipbot.console.words import ALL
from sipbot.status import Alerts, AlertStatus, ChildStatus, DialplanStatus, Status
from sipbot.topics import Numbers
from tests.console_app import Desk, a_desk

ACCOUNTS = (
    'name = "boss"\nrole = "admin"\nclients = ["*"]',
    'name = "veiled"\nrole = "admin"\nclients = ["*"]\nmasked = true',
    'name = "leader"\nrole = "lead"\nclients = ["*"]',
)

ALERT = "nobody answered at 03-5550-0002 <i>on call</i>"
PROBLEM = "yamato.toml:3:1: <b>greeting</b> is no phrase"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        yield desk


def a_status() -> Status:
    at = datetime.now(UTC)
    return Status(
        site="tokyo",
        version="0",
        boot="1",
        started_at=at,
        at=at,
        state="degraded",
        reasons=("agent 1 is not running",),
        since=at,
        broker_connected=False,
        numbers=Numbers(lines=4, lines_in_use=1, disk_free_bytes=12_300_000_000),
        counts=None,
        children=(ChildStatus(name="agent-1", pid=None, rss_bytes=None, restarts=7),),
        dialplans=(
            DialplanStatus(
                name="yamato",
                sha256=None,
                since=at,
                problem=PROBLEM,
                mistakes=1,
                words="callers hear the last good form",
            ),
        ),
        alerts=Alerts(
            some=(AlertStatus(id="on-call", since=at, problem=ALERT, remedy="Ring her"),), others=7
        ),
    )


async def test_admin_reads_state_reasons_figures_processes_and_what_is_not_in_force(
    desk: Desk,
) -> None:
    status = msgspec.Raw(msgspec.json.encode(a_status()))
    desk.parts.hub.tell(wire.Site(status=status))
    async with desk.browser("boss") as browser:
        text = (await browser.get("/system")).text
    told = (
        "agent 1 is not running",
        "12.3 GB",
        "not connected",
        "not running",
        "&lt;b&gt;greeting",
    )
    assert list(told) == [one for one in told if one in text]


@pytest.mark.parametrize(
    ("name", "told"), [("boss", [True] * 4), ("veiled", [True, True, False, False])]
)
async def test_admin_reads_what_is_wrong_and_a_masked_one_no_value_of_it(
    desk: Desk, name: str, told: list[bool]
) -> None:
    desk.parts.hub.tell(wire.Site(status=msgspec.Raw(msgspec.json.encode(a_status()))))
    async with desk.browser(name) as browser:
        text = (await browser.get("/system")).text
    words = ("<strong>on-call</strong>", "and 7 more", "03-5550-0002 &lt;i&gt;on call", "Ring her")
    assert told == [one in text for one in words]
    assert told[2] == ("yamato.toml:3:1" in text)


async def test_page_says_that_nothing_was_told_yet(desk: Desk) -> None:
    async with desk.browser("boss") as browser:
        text = (await browser.get("/system")).text
    assert "has not said yet" in text


@pytest.mark.parametrize(
    ("name", "status", "linked"), [("boss", 200, True), ("leader", 403, False)]
)
async def test_page_and_the_way_to_it_are_for_admins(
    desk: Desk, name: str, status: int, linked: bool
) -> None:
    async with desk.browser(name) as browser:
        page, home = await browser.get("/system"), await browser.get("/")
    assert (status, linked) == (page.status_code, 'href="/system"' in home.text)


def test_figure_that_was_not_measured_is_not_shown_as_zero() -> None:
    found = figures_of(Numbers(lines=4, lines_in_use=0, dead_letters=0), ALL["en"])
    assert {"lines": "0 / 4", "dead_letters": "0"} == {
        one.word: one.value for one in found if one.value != UNKNOWN
    }
