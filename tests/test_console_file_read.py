"""Operators say in the console that they have read a client's file as it is in force."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from sipbot import console_wire as wire
from sipbot.ledger_reader import ReadOnlyLedger
from tests.console_app import Browser, Desk, a_desk
from tests.consoles import CARDS, CLIENTS, a_console, memo_for

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "taro"\nrole = "operator"\nclients = ["*"]',
    'name = "watcher"\nrole = "viewer"\nclients = ["*"]',
    'name = "wall"\nrole = "viewer"\nclients = ["yamato"]\nmasked = true',
)
YAMATO = next(one for one in CLIENTS if one.client == "yamato")
CARD = 'href="/cards/yamato"'


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as opened:
        opened.main.cards["yamato"] = CARDS["yamato"]
        yield opened


async def signs(desk: Desk, browser: Browser) -> list[bool]:
    """Return whether list and memo say that the file is to be read."""
    memo = await desk.leave(memo_for("yamato"))
    pages = [await browser.get(path) for path in ("/", f"/memos/{memo.id}")]
    return [CARD in page.text for page in pages]


async def test_file_is_signed_until_it_was_read_and_again_when_it_changes(desk: Desk) -> None:
    seen = []
    async with desk.browser("hanako") as browser:
        seen.append(await signs(desk, browser))
        await browser.post("/cards/yamato/read", sha256=YAMATO.sha256)
        seen.append(await signs(desk, browser))
        changed = msgspec.structs.replace(YAMATO, sha256="c" * 64)
        desk.parts.hub.learn(wire.Clients(first=True, last=True, clients=(changed,)))
        seen.append(await signs(desk, browser))
    assert [[True, True], [False, False], [True, True]] == seen


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("I have read it", "You have not read it yet.", "Still to read it: hanako, taro")),
        ("ja", ("確認しました", "まだ確認していません。", "未確認: hanako, taro")),
    ],
)
async def test_page_shows_the_whole_card_and_who_has_still_to_read_it(
    desk: Desk, language: str, words: tuple[str, ...]
) -> None:
    async with desk.browser("hanako", language) as browser:
        text = (await browser.get("/cards/yamato")).text
    card = CARDS["yamato"]
    expected = [*words, YAMATO.sha256[:8], card.about, *card.never_say, *card.ask]
    assert [] == [one for one in expected if one not in text]


async def test_what_was_read_is_in_the_history_and_in_the_audit_log(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        answer = await browser.post("/cards/yamato/read", sha256=YAMATO.sha256)
        text = (await browser.get("/cards/yamato")).text
    assert (303, "/cards/yamato") == (answer.status_code, answer.headers["location"])
    history = text.split('id="history"')[1]
    assert ["hanako <code>", "as it is now", "Still to read it: taro"] == [
        one for one in ("hanako <code>", "as it is now", "Still to read it: taro") if one in history
    ]
    noted = [(one.action, one.account, one.client, one.detail) for one in desk.main.audit]
    assert [("change", "hanako", "yamato", f"has read {YAMATO.sha256[:8]}")] == noted


async def test_form_that_is_not_in_force_any_more_is_not_read_but_shown_anew(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        answer = await browser.post("/cards/yamato/read", sha256="0" * 64)
    assert 409 == answer.status_code
    assert "The file has changed again." in answer.text
    assert YAMATO.sha256 in answer.text


@pytest.mark.parametrize(
    ("name", "client"), [("watcher", "yamato"), ("wall", "yamato"), ("hanako", "northgate")]
)
async def test_who_takes_no_memos_of_a_client_has_no_file_to_read(
    desk: Desk, name: str, client: str
) -> None:
    async with desk.browser(name) as browser:
        shown = await browser.get(f"/cards/{client}")
        asked = await browser.post(f"/cards/{client}/read", sha256=YAMATO.sha256)
        home = await browser.get("/")
    assert [403, 403] == [one.status_code for one in (shown, asked)]
    assert f"/cards/{client}" not in home.text


async def test_reading_without_the_token_of_the_session_is_refused(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        answer = await browser.http.post("/cards/yamato/read", data={"sha256": YAMATO.sha256})
    assert (403, []) == (answer.status_code, await desk_read(desk))


async def desk_read(desk: Desk) -> list[str]:
    """Return who has read anything, as `sipbot client unread` reads it."""
    with ReadOnlyLedger.open(Path(desk.parts.settings.ledger)) as ledger:
        return [one.operator for one in ledger.acknowledged()]


@pytest.mark.parametrize(
    ("operator", "sha256", "problem"),
    [
        ("hanako", YAMATO.sha256, ""),
        ("hanako", "0" * 64, "yamato: another form of the file is in force by now"),
        ("watcher", YAMATO.sha256, "watcher: has no account with yamato's memos"),
        ("nobody", YAMATO.sha256, "nobody: has no account with yamato's memos"),
    ],
)
async def test_main_stores_only_what_who_takes_the_memos_has_read_of_the_form_in_force(
    tmp_path: Path, operator: str, sha256: str, problem: str
) -> None:
    asked = wire.Acknowledge(n=3, client="yamato", operator=operator, sha256=sha256)
    async with a_console(tmp_path, ACCOUNTS) as rig:
        answered = await rig.link._obeyed(asked)
        with ReadOnlyLedger.open(rig.ledger.path) as ledger:
            read = ledger.acknowledged()
    assert (problem, [] if problem else [operator]) == (
        answered.problem,
        [one.operator for one in read],
    )
