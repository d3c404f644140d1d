"""The console's memos: whose they are, in which order they come, and what has changed since."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot.console.cards import Wanted
from sipbot.console.store import PAGE, Change, Store
from sipbot.ledger import Ledger
from sipbot.memo import Memo, Status, Urgency
from sipbot.memo_history import next_revision
from tests.consoles import left, memo_for

MINE = ("yamato",)


@pytest_asyncio.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


@pytest_asyncio.fixture
async def store(tmp_path: Path, ledger: Ledger) -> AsyncIterator[Store]:
    opened = Store(tmp_path / "sipbot.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


async def leave(ledger: Ledger, folder: Path, memo: Memo) -> Memo:
    return await left(ledger, folder / "spool", memo, seconds=0.1)


async def change(ledger: Ledger, memo: Memo, **update: object) -> None:
    await ledger.revise_memo(
        memo.id, lambda old: next_revision(old, datetime.now(UTC), update, what="test")
    )


def changes_of(store: Store, seq: str) -> list[Change]:
    found = store.since("*", seq)
    assert found is not None
    return found


async def test_memo_of_another_client_does_not_exist(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    foreign = await leave(ledger, tmp_path, memo_for("wakaba-law"))
    assert None is await store.memo(MINE, foreign.id)


async def test_memo_of_ones_own_client_is_the_ledgers(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, memo_for("yamato"))
    assert await ledger.memo(memo.id) == await store.memo(MINE, memo.id)


@pytest.mark.parametrize("view", ["todo", "free", "done"])
async def test_list_that_asks_for_another_client_is_empty(
    store: Store, ledger: Ledger, tmp_path: Path, view: str
) -> None:
    foreign = await leave(ledger, tmp_path, memo_for("wakaba-law"))
    if view == "done":
        await change(ledger, foreign, status=Status.DONE)
    wanted = Wanted(view=view, client="wakaba-law")  # type: ignore[arg-type] # one of three views
    page = await store.page(MINE, wanted, "hanako")
    assert ([], 0) == (page.cards, page.counts["todo"])


async def test_account_without_clients_sees_nothing(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await leave(ledger, tmp_path, memo_for("yamato"))
    assert [] == (await store.page((), Wanted(), "hanako")).cards


async def test_clients_to_choose_from_are_ones_own(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await leave(ledger, tmp_path, memo_for("yamato", category="故障"))
    await leave(ledger, tmp_path, memo_for("wakaba-law", category="相談"))
    await store.sync()
    assert (["yamato"], ["故障"]) == (store.clients(MINE), store.categories(MINE))


async def test_pages_of_a_list_have_each_memo_once(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memos = [
        await leave(ledger, tmp_path, memo_for("yamato", minutes_ago=i)) for i in range(PAGE + 5)
    ]
    first = await store.page("*", Wanted(), "hanako")
    second = await store.page("*", Wanted(), "hanako", first.after)
    found = [card.id for card in (*first.cards, *second.cards)]
    assert [memo.id for memo in reversed(memos)] == found
    assert "" == second.after


async def test_pages_of_closed_memos_have_each_once(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memos = [await leave(ledger, tmp_path, memo_for("yamato")) for _ in range(PAGE + 2)]
    for memo in memos:
        await change(ledger, memo, status=Status.DONE)
    wanted = Wanted(view="done")
    first = await store.page("*", wanted, "hanako")
    second = await store.page("*", wanted, "hanako", first.after)
    assert sorted((memo.id for memo in memos), reverse=True) == [
        card.id for card in (*first.cards, *second.cards)
    ]


async def test_what_changed_since_a_page_is_told_once_as_it_is_now(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, memo_for("yamato"))
    page = await store.page("*", Wanted(), "hanako")
    await change(ledger, memo, status=Status.CLAIMED, holder="taro")
    await store.look(memo.id, 2)
    await change(ledger, memo, status=Status.DONE, holder=None)
    await store.look(memo.id, 3)
    told = [(one.memo, one.card.status) for one in changes_of(store, page.seq)]
    assert [(memo.id, Status.DONE)] == told


async def test_change_of_another_client_is_not_told(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    page = await store.page(MINE, Wanted(), "hanako")
    await leave(ledger, tmp_path, memo_for("wakaba-law"))
    await store.sync()
    assert [] == store.since(MINE, page.seq)


@pytest.mark.parametrize("seq", ["", "0", "somebody-1", "-1", "x-y"])
async def test_what_changed_since_another_life_is_not_known(store: Store, seq: str) -> None:
    assert None is store.since("*", seq)


async def test_memo_that_becomes_urgent_rings_once(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, memo_for("yamato"))
    before = (await store.page("*", Wanted(), "hanako")).seq
    await change(ledger, memo, urgency=Urgency.URGENT)
    await store.sync()
    rang = [one.rang for one in changes_of(store, before)]
    then = store.seq
    await change(ledger, memo, category="故障")
    await store.sync()
    assert ([True], [False]) == (rang, [one.rang for one in changes_of(store, then)])


async def test_closed_memo_leaves_the_list_and_comes_back_when_reopened(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    memo = await leave(ledger, tmp_path, memo_for("yamato"))
    await change(ledger, memo, status=Status.DONE)
    closed = (await store.page("*", Wanted(), "hanako")).cards
    await change(ledger, memo, status=Status.OPEN)
    again = (await store.page("*", Wanted(), "hanako")).cards
    assert ([], [memo.id]) == (closed, [card.id for card in again])


async def test_memo_reopened_between_the_two_questions_of_a_look_stays_in_the_list(
    store: Store, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo = await leave(ledger, tmp_path, memo_for("yamato"))
    await store.sync()
    await change(ledger, memo, status=Status.DONE)
    while_closed = store._lists.to_do()
    await change(ledger, memo, status=Status.OPEN)
    with monkeypatch.context() as patched:
        patched.setattr(store._lists, "to_do", lambda: while_closed)
        await store.sync()
    again = (await store.page("*", Wanted(), "hanako")).cards
    assert [memo.id] == [card.id for card in again]


async def test_neighbours_of_a_memo_are_those_of_the_list_it_came_from(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    old, middle, new = [
        await leave(ledger, tmp_path, memo_for("yamato", minutes_ago=age)) for age in (9, 5, 1)
    ]
    await leave(ledger, tmp_path, memo_for("wakaba-law", minutes_ago=4))
    cards = {card.id: card for card in (await store.page("*", Wanted(), "hanako")).cards}
    found = store.neighbours("*", Wanted(client="yamato"), "hanako", cards[middle.id])
    assert (old.id, new.id) == found


async def test_memo_that_was_put_off_waits_behind_the_others(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    later = await leave(ledger, tmp_path, memo_for("yamato", minutes_ago=60))
    now = await leave(ledger, tmp_path, memo_for("yamato", minutes_ago=1))
    await change(ledger, later, snoozed_until=datetime.now(UTC) + timedelta(hours=1))
    cards = (await store.page("*", Wanted(), "hanako")).cards
    assert [now.id, later.id] == [card.id for card in cards]
