"""The calls of a day: every INVITE once, only of the account's clients, whatever is asked."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from uuid6 import uuid7

from sipbot.console.pages_calls import asked_of
from sipbot.memo import Memo
from sipbot.records import EndedBy, EndState
from tests.console_app import Desk, a_desk
from tests.consoles import memo_for
from tests.memo_samples import AT, an_offer

ACCOUNTS = (
    'name = "boss"\nrole = "lead"\nclients = ["*"]',
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "wall"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
)

DAY = AT.astimezone().date().isoformat()
CALLER = "+81355509876"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        yield desk


async def came(
    desk: Desk, client: str | None, state: EndState | None, after: timedelta = timedelta()
) -> str:
    """Let a call come on the day of the samples, and end so; None: it goes on."""
    call = str(uuid7())
    offer = structs.replace(an_offer(call), received_at=AT + after)
    await desk.ledger.add_call(offer, client, "test", "+81355500000", caller=CALLER)
    if state is not None:
        await desk.ledger.end_call(call, state, datetime.now(UTC), EndedBy.CALLER, 200, None)
    return call


def on_the_day() -> Memo:
    memo = memo_for("yamato")
    return memo.model_copy(update={"call": memo.call.model_copy(update={"started_at": AT})})


async def shown(desk: Desk, name: str, query: str = "") -> str:
    async with desk.browser(name) as browser:
        return (await browser.get(f"/calls?day={DAY}&{query}")).text


def invites(text: str) -> int:
    found = re.search(r'id="invites">(\d+)<', text)
    assert found is not None
    return int(found[1])


def figures(text: str) -> list[int]:
    return [int(one) for one in re.findall(r'class="figure">(\d+)<', text)]


async def test_every_invite_of_the_day_is_counted_once_and_the_figures_add_up(desk: Desk) -> None:
    ends = [one for one in EndState if one is not EndState.MEMO]
    for state in [*ends, *ends[:3], None]:
        await came(desk, "yamato", state)
    await came(desk, None, EndState.REFUSED_UNMAPPED)
    await desk.leave(on_the_day())
    await came(desk, "yamato", EndState.NO_MESSAGE, timedelta(days=2))
    text = await shown(desk, "boss")
    expected = len(ends) + 3 + 1 + 1 + 1
    assert (expected, expected) == (invites(text), sum(figures(text)))


async def test_calls_of_other_clients_and_of_nobody_are_neither_listed_nor_counted(
    desk: Desk,
) -> None:
    await came(desk, "yamato", EndState.NO_MESSAGE)
    await came(desk, "wakaba-law", EndState.FAILED_MEDIA)
    await came(desk, None, EndState.REFUSED_UNMAPPED)
    for query in ("", "client=wakaba-law", "end=failed_media", "end=refused_unmapped"):
        text = await shown(desk, "hanako", query)
        assert "failed: no sound" not in text
        assert "nobody&#39;s number" not in text
        assert (0 if query.startswith("client") else 1) == invites(text)


async def test_list_goes_on_after_its_last_call_and_not_after_a_foreign_one(desk: Desk) -> None:
    old = await came(desk, "yamato", EndState.NO_MESSAGE)
    new = await came(desk, "yamato", EndState.TRANSFERRED, timedelta(minutes=1))
    foreign = await came(desk, "wakaba-law", EndState.NO_MESSAGE, timedelta(minutes=2))
    rows = [
        len(re.findall('<tr role="row">', await shown(desk, "hanako", f"after={after}")))
        for after in (new, old, foreign)
    ]
    assert [1, 0, 0] == rows


async def test_masked_account_reads_no_number_that_called(desk: Desk) -> None:
    await came(desk, "yamato", EndState.NO_MESSAGE)
    text = await shown(desk, "wall")
    assert (2, False, False) == (text.count("●●●"), CALLER in text, "+81355500000" in text)


async def test_call_leads_to_its_memo(desk: Desk) -> None:
    memo = await desk.leave(on_the_day())
    assert f'href="/memos/{memo.id}"' in await shown(desk, "hanako", "end=memo")


@pytest.mark.parametrize("value", ["", "yesterday", "0001-01-01", "9999-12-31", "2026-11-31"])
def test_day_that_is_none_is_today(value: str) -> None:
    today = date(2026, 11, 22)
    assert today == asked_of({"day": value}, today).day


def test_day_is_from_midnight_to_midnight_here() -> None:
    span = asked_of({"day": "2026-11-21"}, date(2026, 11, 22)).span()
    here = [at.astimezone() for at in (span.since, span.until)]
    assert [(21, 0), (22, 0)] == [(at.day, at.hour) for at in here]
