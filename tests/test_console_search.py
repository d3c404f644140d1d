"""The console's search: what an operator sees, and what nobody finds out by it."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from sipbot.console.hits import SNIPPET_CHARS, snippet
from sipbot.memo import Memo, Status
from sipbot.memo_answers import Callback
from sipbot.search_words import Piece, pieces, words_of
from tests.console_app import Desk, a_desk
from tests.consoles import memo_for, said

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "masako"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
    'name = "boss"\nrole = "admin"\nclients = ["*"]',
)

NUMBER = Callback(number="+819012345678", shown="090-1234-5678")


def sato() -> Memo:
    memo = memo_for(answers={"name": "佐藤"}, callback=NUMBER, status=Status.DONE)
    return said(memo, ["給湯器", "が", "動かない"])


def suzuki() -> Memo:
    return said(memo_for("wakaba-law", answers={"name": "鈴木"}), ["給湯器", "の", "裁判"])


async def answered(desk: Desk, name: str, path: str) -> tuple[int, str]:
    async with desk.browser(name) as browser:
        answer = await browser.get(path)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ("佐藤", "<mark>佐藤</mark>"),
        ("5678", "090-1234-<mark>5678</mark>"),
        ("+81 90-1234-5678", "<mark>090-1234-5678</mark>"),
        ("きゅうとうき 動かない", None),
        ("給湯器 動かない", "<mark>給湯器</mark>が<mark>動かない</mark>"),
    ],
)
async def test_closed_memo_is_found_with_its_words_marked(
    tmp_path: Path, typed: str, marked: str | None
) -> None:
    memo = sato()
    async with a_desk(tmp_path, ACCOUNTS, [memo]) as desk:
        status, page = await answered(desk, "hanako", f"/search?q={quote(typed)}")
    assert (200, marked is not None) == (status, f'href="/memos/{memo.id}"' in page)
    assert (marked or "No memo holds all of that") in page


async def test_page_of_memos_that_cannot_be_read_leads_on_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.console.finder.PAGE", 1)
    monkeypatch.setattr("sipbot.console.pages_search.hit_of", lambda *_: None)
    async with a_desk(tmp_path, ACCOUNTS, [sato(), sato()]) as desk:
        _, page = await answered(desk, "hanako", f"/search?q={quote('佐藤')}")
    found = ("after=" in page, "No memo holds all of that" in page)
    assert (True, False) == found


async def test_client_and_days_narrow_what_is_found(tmp_path: Path) -> None:
    memos = [sato(), suzuki()]
    paths = ["", "&client=yamato", "&client=wakaba-law", "&client=northgate", "&to=2020-01-01"]
    async with a_desk(tmp_path, ACCOUNTS, memos) as desk:
        pages = [(await answered(desk, "boss", f"/search?q=給湯器{one}"))[1] for one in paths]
    assert [2, 1, 1, 0, 0] == [sum(f"/memos/{m.id}" in page for m in memos) for page in pages]


async def test_operator_finds_nothing_of_other_clients(tmp_path: Path) -> None:
    memo = suzuki()
    async with a_desk(tmp_path, ACCOUNTS, [memo]) as desk:
        asked = [f"/search?q=鈴木{one}" for one in ("", "&client=wakaba-law")]
        asked += [f"/api/search?q=鈴木{one}" for one in ("", "&client=wakaba-law")]
        pages = [(await answered(desk, "hanako", one))[1] for one in asked]
    assert [] == [page for page in pages if memo.id in page]


async def test_masked_account_learns_nothing_from_a_guess(tmp_path: Path) -> None:
    """Nothing is looked for, so neither an answer nor the time it takes tells anything."""
    memo = sato()
    async with a_desk(tmp_path, ACCOUNTS, [memo]) as desk:
        answers = [
            await answered(desk, "masako", f"{path}?q={quote(typed)}")
            for path in ("/search", "/api/search")
            for typed in ("09012345678", "5678", "佐藤", "給湯器")
        ]
    assert {403} == {status for status, _ in answers}
    assert [] == [page for _, page in answers if memo.id in page or "<mark>" in page]
    assert not (tmp_path / "console" / "search.sqlite3").exists()


async def test_search_is_written_down_without_its_words(tmp_path: Path) -> None:
    async with a_desk(tmp_path, ACCOUNTS, [sato()]) as desk:
        await answered(desk, "hanako", "/search?q=佐藤 5678&client=yamato")
        (entry,) = desk.main.audit
    assert ("search", "hanako", "yamato", "2 words") == (
        entry.action,
        entry.account,
        entry.client,
        entry.detail,
    )


async def test_program_finds_what_a_page_finds(tmp_path: Path) -> None:
    memo = sato()
    async with a_desk(tmp_path, ACCOUNTS, [memo]) as desk:
        _, body = await answered(desk, "hanako", "/api/search?q=0901234")
    found: Mapping[str, list[dict[str, str]]] = json.loads(body)
    assert [(memo.id, "done")] == [(one["id"], one["status"]) for one in found["memos"]]


async def test_whatever_is_typed_is_answered_as_words(tmp_path: Path) -> None:
    typed = ["%00", "%ff", "'--", '"><script>', "%", "a" * 10_000, "%ed%a0%80", "", "%E3%80%82"]
    async with a_desk(tmp_path, ACCOUNTS, [sato()]) as desk:
        pages = [await answered(desk, "hanako", f"/search?q={one}") for one in typed]
    assert [(200, False)] * len(typed) == [(status, "<script>" in page) for status, page in pages]


@pytest.mark.parametrize("name", ["hanako", "masako"])
async def test_every_page_has_the_box_for_those_who_may_search(tmp_path: Path, name: str) -> None:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        pages = [(await answered(desk, name, path))[1] for path in ("/", "/calls", "/live")]
    assert {name == "hanako"} == {'action="/search"' in page for page in pages}


def test_long_text_is_shown_where_the_words_stand() -> None:
    text = "あ" * 500 + "佐藤" + "い" * 500
    shown = snippet(pieces(text, words_of("佐藤", "JP")))
    assert ["…", "佐藤", "…"] == [one.text for one in shown if one.marked or one.text == "…"]
    assert SNIPPET_CHARS + 2 == sum(len(one.text) for one in shown)


def test_text_without_a_mark_is_shown_from_its_beginning() -> None:
    assert [Piece("やまとの佐藤です", marked=False)] == snippet(pieces("やまとの佐藤です", ()))
