"""The search finds what is in the ledger, for those whose it is, whatever became of its file."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot.console.finder import Finder
from sipbot.ledger import Ledger
from sipbot.ledger_day import Clients
from sipbot.memo import Memo
from sipbot.memo_history import next_revision
from sipbot.search_file import When
from sipbot.search_words import Searched, words_of
from tests.consoles import left, memo_for, said

HOSTILE = [
    "'; DROP TABLE texts; --",
    "x' OR '1'='1",
    "text MATCH 'a*' OR NEAR(a b)",
    "a\0b",
    "words " * 1700,
    "AND OR NOT",
]

NO_WORDS = ["", " ", '"', "%", "_", "\ud800", "{}[]^$.*+?"]


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


@pytest_asyncio.fixture
async def finder(tmp_path: Path, ledger: Ledger) -> AsyncIterator[Finder]:
    opened = finder_of(tmp_path)
    yield opened
    await opened.close()


def finder_of(folder: Path) -> Finder:
    return Finder(folder / "sipbot.sqlite3", folder / "console" / "search.sqlite3", "JP")


async def leave(ledger: Ledger, folder: Path, text: str, client: str = "yamato") -> Memo:
    return await left(ledger, folder / "spool", said(memo_for(client), [text]), seconds=0.1)


def changed(file: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(file)) as opened:
        opened.execute(statement)
        opened.commit()


async def ids(
    finder: Finder, query: str, clients: Clients = "*", when: When | None = None, after: str = ""
) -> list[str]:
    page = await finder.find(clients, words_of(query, "JP"), when or When(), after)
    return [body.id for body in page.bodies]


async def test_memo_is_found_as_soon_as_it_is_committed(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    await ids(finder, "佐藤")
    memo = await leave(ledger, tmp_path, "佐藤です")
    assert [memo.id] == await ids(finder, "佐藤")


async def test_memo_is_found_by_what_it_says_now_and_no_more_by_what_it_said(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, "佐藤です")
    await ids(finder, "佐藤")
    await ledger.revise_memo(
        memo.id, lambda old: next_revision(old, datetime.now(UTC), {"text": "加藤です"}, what="t")
    )
    assert ([], [memo.id]) == (await ids(finder, "佐藤"), await ids(finder, "加藤"))


async def test_memos_of_other_clients_are_not_found(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    await leave(ledger, tmp_path, "佐藤です", "wakaba-law")
    own = await leave(ledger, tmp_path, "佐藤です")
    assert ([own.id], []) == (await ids(finder, "佐藤", ("yamato",)), await ids(finder, "佐藤", ()))


async def test_memo_of_another_client_is_no_place_to_go_on(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    await leave(ledger, tmp_path, "佐藤です")
    foreign = await leave(ledger, tmp_path, "佐藤です", "wakaba-law")
    unknown = await ids(finder, "佐藤", ("yamato",), after="0" * 36)
    assert unknown == await ids(finder, "佐藤", ("yamato",), after=foreign.id)


async def test_latest_come_first_on_pages_that_miss_none(
    finder: Finder, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.console.finder.PAGE", 3)
    some = [await leave(ledger, tmp_path, "佐藤です") for _ in range(2)]
    await ids(finder, "佐藤")
    some += [await leave(ledger, tmp_path, "佐藤です") for _ in range(3)]
    first = await finder.find("*", words_of("佐藤", "JP"), When())
    rest = await ids(finder, "佐藤", after=first.after)
    assert [memo.id for memo in reversed(some)] == [one.id for one in first.bodies] + rest


async def test_what_is_not_read_yet_is_told_until_it_is(
    finder: Finder, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("ledger_lists", "search_file"):
        monkeypatch.setattr(f"sipbot.{place}.BODIES_AT_ONCE", 2)
    memos = [await leave(ledger, tmp_path, "佐藤です") for _ in range(3)]
    since = []
    for _ in range(2):
        page = await finder.find("*", words_of("佐藤", "JP"), When())
        since.append(page.read_since)
    assert [memos[1].call.started_at, None] == since


async def test_only_calls_of_the_time_that_is_asked_for_are_found(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, "佐藤です")
    at, second = memo.call.started_at, timedelta(seconds=1)
    spans = [
        When(since=at),
        When(until=at + second),
        When(since=at + second),
        When(until=at),
    ]
    assert [1, 1, 0, 0] == [len(await ids(finder, "佐藤", when=span)) for span in spans]


@pytest.mark.parametrize("typed", HOSTILE)
async def test_whatever_is_typed_finds_what_holds_it_and_nothing_else(
    finder: Finder, ledger: Ledger, tmp_path: Path, typed: str
) -> None:
    await leave(ledger, tmp_path, "nothing to see")
    memo = await leave(ledger, tmp_path, f"text {typed[:200]}")
    assert [memo.id] == await ids(finder, typed)


@pytest.mark.parametrize("typed", NO_WORDS)
def test_signs_alone_are_no_words_to_look_for(typed: str) -> None:
    assert () == words_of(typed, "JP")


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"no database at all, but long enough to be one" * 100),
        lambda file: file.write_bytes(b""),
        lambda file: changed(file, "DELETE FROM place"),
        lambda file: changed(file, "UPDATE place SET delivery = 'x'"),
        lambda file: changed(file, "DROP TABLE place"),
        lambda file: changed(file, "DROP TABLE texts"),
        lambda file: changed(file, "UPDATE texts SET memo = CAST(x'FF' AS TEXT)"),
    ],
    ids=["gone", "damaged", "empty", "no place", "wrong place", "no table", "no texts", "no UTF-8"],
)
async def test_file_that_is_lost_is_made_anew(ledger: Ledger, tmp_path: Path, harm: object) -> None:
    memo = await leave(ledger, tmp_path, "佐藤です")
    first = finder_of(tmp_path)
    await ids(first, "佐藤")
    await first.close()
    assert callable(harm)
    harm(tmp_path / "console" / "search.sqlite3")
    second = finder_of(tmp_path)
    found = await ids(second, "佐藤")
    await second.close()
    assert [memo.id] == found


async def test_fault_in_the_search_does_not_end_the_console(
    finder: Finder, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()

    def fault() -> bool:
        if turns.pop():
            raise TypeError
        asyncio_loop.call_soon_threadsafe(tried.set)
        return False

    turns, asyncio_loop = [False, True], asyncio.get_running_loop()
    monkeypatch.setattr("sipbot.console.finder.IDLE_S", 0.0)
    monkeypatch.setattr(finder, "_take_up", lambda: fault() if turns else False)
    running = asyncio.create_task(finder.keep_up())
    await tried.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    monkeypatch.undo()
    memo = await leave(ledger, tmp_path, "佐藤です")
    assert [memo.id] == await ids(finder, "佐藤")


async def test_memo_that_cannot_be_read_hides_no_other(
    finder: Finder, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = [await leave(ledger, tmp_path, f"佐藤です{word}") for word in ("悪", "良")]

    def document(self: Searched, region: str) -> str:
        found = real(self, region)
        if "悪" in found:
            raise ZeroDivisionError
        return found

    real = Searched.document
    monkeypatch.setattr(Searched, "document", document)
    first = await ids(finder, "佐藤")
    monkeypatch.undo()
    change = {"text": "佐藤です、見積"}
    await ledger.revise_memo(
        bad.id, lambda old: next_revision(old, datetime.now(UTC), change, what="t")
    )
    page = await ids(finder, "佐藤", when=When(since=bad.call.started_at))
    assert ([good.id], {good.id, bad.id}) == (first, set(page))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(since=datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), 1),
        (When(until=datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))), 1),
        (When(since=datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))), 0),
        (When(until=datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), 0),
    ],
)
async def test_times_at_the_ends_of_the_calendar_are_before_and_after_every_call(
    finder: Finder, ledger: Ledger, tmp_path: Path, when: When, expected: int
) -> None:
    await leave(ledger, tmp_path, "佐藤です")
    assert expected == len(await ids(finder, "佐藤", when=when))


async def test_file_of_another_ledger_is_made_anew(tmp_path: Path) -> None:
    found = []
    for number in range(2):
        path = tmp_path / "sipbot.sqlite3"
        async with Ledger.open(path) as ledger:
            memo = await leave(ledger, tmp_path, f"佐藤{number}です")
            finder = finder_of(tmp_path)
            found.append(await ids(finder, "佐藤") == [memo.id])
            await finder.close()
        path.unlink()
    assert [True, True] == found


async def test_nobody_else_may_read_the_file(
    finder: Finder, ledger: Ledger, tmp_path: Path
) -> None:
    await leave(ledger, tmp_path, "佐藤です")
    await ids(finder, "佐藤")
    assert 0o600 == (tmp_path / "console" / "search.sqlite3").stat().st_mode & 0o777
