"""The archive: everything of the ledger is there once, whatever happens to either."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.archive import ArchivedMemo, Batch, storable
from sipbot.archive_store import RELEASE, SQL, ArchiveStore, Server
from sipbot.cli_fleet import owner_of
from sipbot.erase import Eraser
from sipbot.errors import ArchiveError, ArchiveRefusedError
from sipbot.ledger import Ledger
from sipbot.ledger_archive import ArchiveSource
from sipbot.memo import Memo, with_transcript
from sipbot.outbox import MAX_REFUSALS
from sipbot.records import EndedBy, EndState
from sipbot.retention import BY_HAND, EVERYTHING, Wanted
from tests.archives import Site, a_server, site
from tests.brokers import PATIENCE_S
from tests.memo_samples import AT, a_memo, a_transcript
from tests.postgres import Postgres, running

peer = pytest.mark.peer


def a_row(rev: int, status: str = "open", text: str = "もしもし") -> ArchivedMemo:
    memo = a_memo()
    return ArchivedMemo(
        id=memo.id,
        rev=rev,
        call=memo.call.id,
        client=memo.client,
        status=status,
        stage="recorded",
        category=None,
        updated_at=AT,
        payload=json.dumps({**memo.model_dump(mode="json"), "rev": rev, "text": text}),
    )


def heard(memo: Memo) -> Memo | None:
    return with_transcript(memo, a_transcript("見積もりを お願いします"), AT)


def test_every_release_of_the_tables_has_its_file() -> None:
    wanted = [f"{number:04}.sql" for number in range(1, RELEASE + 1)]
    assert wanted == sorted(path.name for path in SQL.iterdir())


@given(
    st.recursive(st.text() | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one))
)
def test_what_is_stored_is_the_same_but_for_nul(value: object) -> None:
    def without(one: object) -> object:
        if isinstance(one, str):
            return one.replace("\0", "")
        if isinstance(one, list):
            return [without(each) for each in one]
        if isinstance(one, dict):
            return {without(key): without(each) for key, each in one.items()}
        return one

    assert without(value) == json.loads(storable(json.dumps(value)))


@peer
async def test_older_revision_never_overwrites_a_newer_one(pg: Postgres) -> None:
    server = await asyncio.to_thread(a_server, pg)
    store = await ArchiveStore.open(server)
    for rev in (2, 3, 1):
        await store.put(Batch(memos=(a_row(rev, text=f"rev {rev}"),)))
    found = await store.memos(10, None, None, not_done=False)
    await store.close()
    assert ["rev 3"] == [json.loads(one.payload)["text"] for one in found]


@peer
async def test_archive_without_tables_says_how_to_make_them(pg: Postgres) -> None:
    url = await asyncio.to_thread(pg.database, "bare")
    with pytest.raises(ArchiveError, match="sipbot archive init"):
        await ArchiveStore.open(Server(url=url, password="", site="main"))


@peer
async def test_content_that_is_refused_is_told_apart_from_a_server_that_is_away(
    pg: Postgres,
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    store = await ArchiveStore.open(server)
    broken = msgspec.structs.replace(a_row(1), payload="{")
    with pytest.raises(ArchiveRefusedError):
        await store.put(Batch(memos=(broken,)))
    await store.put(Batch(memos=(a_row(1),)))  # the connection is still good
    await store.close()


@peer
async def test_call_that_ends_after_it_was_archived_is_updated(
    pg: Postgres, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    async with site(tmp_path, server) as there:
        call = await there.call(None)
        await there.outbox.run_once()
        begun = await there.rows("SELECT state, rev FROM sipbot.calls")
        await there.ledger.end_call(call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)
        await there.outbox.run_once()
        ended = await there.rows("SELECT state, rev FROM sipbot.calls")
    assert ([(None, 1)], [("no_message", 2)]) == (begun, ended)


@peer
async def test_erased_caller_and_words_are_gone_in_the_archive_too(
    pg: Postgres, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    async with site(tmp_path, server) as there:
        memo = await there.memo()
        await there.ledger.revise_memo(memo.id, heard)
        await there.outbox.run_once()
        before = await there.rows(
            "SELECT caller, payload ->> 'text' FROM sipbot.memos JOIN "
            "sipbot.calls USING (site, call)"
        )
        eraser = Eraser(there.ledger.erasures, tmp_path / "spool", tmp_path / "search", tmp_path)
        wanted = Wanted(call=memo.call.id, kinds=EVERYTHING, rule=BY_HAND, memo=memo.id)
        await eraser.erase([wanted], "admin", "")
        await there.outbox.run_once()
        rows = await there.rows(
            "SELECT calls::text, memos::text FROM sipbot.memos JOIN sipbot.calls USING (site, call)"
        )
        history = await there.rows("SELECT what FROM sipbot.memo_history ORDER BY rev")
        waiting = await there.waiting()
    assert "見積もり" in str(before)
    assert [] == [word for word in ("見積もり", "5550", "0355501234") if word in str(rows)]
    assert ("erased",) == history[-1]
    assert [] == waiting


@peer
async def test_erasing_while_the_archive_is_away_leaves_no_word_to_be_archived(
    pg: Postgres, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    async with site(tmp_path, server) as there:
        memo = await there.memo()
        await there.ledger.revise_memo(memo.id, heard)
        eraser = Eraser(there.ledger.erasures, tmp_path / "spool", tmp_path / "search", tmp_path)
        wanted = Wanted(call=memo.call.id, kinds=EVERYTHING, rule=BY_HAND, memo=memo.id)
        await eraser.erase([wanted], "admin", "")
        await there.outbox.run_once()
        rows = await there.rows("SELECT calls::text, memos::text FROM sipbot.memos, sipbot.calls")
    assert 1 == len(rows)
    assert "見積もり" not in str(rows)
    assert "0355501234" not in str(rows)


@peer
async def test_erasing_while_no_archive_is_configured_reaches_it_once_one_is(
    pg: Postgres, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    async with site(tmp_path, server) as there:
        memo = await there.memo()
        await there.ledger.revise_memo(memo.id, heard)
        await there.outbox.run_once()
        await there.ledger.archive.follow(wanted=False)
        eraser = Eraser(there.ledger.erasures, tmp_path / "spool", tmp_path / "search", tmp_path)
        wanted = Wanted(call=memo.call.id, kinds=EVERYTHING, rule=BY_HAND, memo=memo.id)
        await eraser.erase([wanted], "admin", "")
        await there.ledger.archive.follow(wanted=True)
        await there.outbox.run_once()
        rows = await there.rows("SELECT calls::text, memos::text FROM sipbot.memos, sipbot.calls")
        waiting = await there.waiting()
    assert [] == [word for word in ("見積もり", "0355501234") if word in str(rows)]
    assert (1, []) == (len(rows), waiting)


@peer
async def test_call_that_the_ledger_has_no_more_is_deleted_in_the_archive(
    pg: Postgres, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(a_server, pg)
    async with site(tmp_path, server) as there:
        gone, stays = await there.call(EndState.NO_MESSAGE), await there.call(None)
        await there.outbox.run_once()
        delete = "DELETE FROM calls WHERE call = ?"
        await there.ledger._run(lambda c: c.exec_driver_sql(delete, (gone,)))
        await there.outbox.run_once()
        assert [(stays,)] == await there.rows("SELECT call FROM sipbot.calls")


async def test_change_by_a_command_beside_sipbot_is_still_to_be_archived(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        await ledger.archive.follow(wanted=True)
    async with Ledger.open(path) as beside:
        await Site(None, beside, None, None).memo()  # type: ignore[arg-type]
        with ArchiveSource.open(path) as source:
            assert 3 == source.waiting()  # the call came, it ended, its memo


async def test_ledger_without_an_archive_keeps_nothing_for_it(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        await ledger.archive.follow(wanted=True)
        there = Site(None, ledger, None, None)  # type: ignore[arg-type]
        await there.memo()
        await ledger.archive.follow(wanted=False)
        await there.memo()
        assert [] == await there.waiting()


@peer
async def test_memos_that_came_while_the_archive_was_dead_are_there_once(tmp_path: Path) -> None:
    with running() as postgres:
        server = await asyncio.to_thread(a_server, postgres)
        async with site(tmp_path, server) as there, asyncio.TaskGroup() as group:
            work = group.create_task(there.outbox.run())
            before = await there.memo()
            await there.told()
            postgres.kill()
            memos = [before, *[await there.memo() for _ in range(5)]]
            for memo in memos:
                await there.ledger.revise_memo(memo.id, heard)
            await asyncio.to_thread(postgres.start)
            await there.told()
            work.cancel()
            rows = await there.rows("SELECT id, rev FROM sipbot.memos ORDER BY id")
            calls = await there.rows("SELECT count(*) FROM sipbot.calls WHERE state = 'memo'")
    assert [(memo.id, 2) for memo in memos] == rows
    assert [(6,)] == calls


@peer
async def test_archive_that_is_away_long_raises_an_alert_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.away.AWAY_S", 0.0)
    monkeypatch.setattr("sipbot.away.AGAIN_S", 0.0)
    with running() as postgres:
        server = await asyncio.to_thread(a_server, postgres)
        async with site(tmp_path, server) as there:
            postgres.kill()
            await there.memo()
            await there.outbox.run_once()
            there.target.look()
            away = dict(there.alerts)
            last_errors = {one.last_error for one in await there.waiting()}
            await asyncio.to_thread(postgres.start)
            await there.ledger.make_due(AT + timedelta(days=9999), "archive", suspect=1)
            async with asyncio.TaskGroup() as group:
                work = group.create_task(there.outbox.run())
                await there.told()
                work.cancel()
    assert away.keys() == {"archive"}
    assert "Is the server up" in str(away["archive"])
    assert any("Is the server up" in str(one) for one in last_errors)
    assert {"archive": None} == there.alerts


@peer
async def test_ledger_is_not_asked_what_is_due_to_an_archive_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.away.AGAIN_S", 0.1)
    with running() as postgres:
        server = await asyncio.to_thread(a_server, postgres)
        postgres.kill()
        async with site(tmp_path, server) as there:
            await there.memo()
            await there.outbox.run_once()

            assert not there.target.connected.is_set()
            async with asyncio.timeout(PATIENCE_S):
                await there.target.connected.wait()


async def test_archive_that_is_away_for_hours_makes_no_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.away.AGAIN_S", 0.0)
    nowhere = Server(url="postgresql://u@127.0.0.1:1/none", password="", site="main")
    async with site(tmp_path, nowhere) as there:
        await there.memo()
        for _ in range(2 * MAX_REFUSALS):
            there.target.connected.set()
            await there.ledger.make_due(AT, "archive", suspect=MAX_REFUSALS)
            await there.outbox.run_once()
        waiting = await there.waiting()
    assert 2 * MAX_REFUSALS <= max(one.attempts for one in waiting)
    assert {(None, 0)} == {(one.dead_at, one.refusals) for one in waiting}


@peer
async def test_owner_of_a_memo_is_the_site_that_wrote_it(pg: Postgres) -> None:
    ours = await asyncio.to_thread(a_server, pg)
    theirs = msgspec.structs.replace(ours, site="osaka")
    store = await ArchiveStore.open(theirs)
    await store.put(Batch(memos=(a_row(1),)))
    await store.close()
    memo = a_memo()
    assert ("osaka", memo.client, memo.id) == await owner_of(ours, memo.id[-8:], None)
    assert await owner_of(ours, memo.id, "another-client") is None
