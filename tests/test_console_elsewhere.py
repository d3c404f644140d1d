"""Other sites' memos in the console: read in a real archive, worked on by their site over a bus."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from sipbot.archive import ArchivedMemo, Batch
from sipbot.archive_store import ArchiveStore, Server
from sipbot.ledger_console import audited
from sipbot.memo import Memo, Status
from tests.archives import a_server
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker
from tests.consoles import PASSWORD, Rig, a_console, a_morning
from tests.own_caller import own_call
from tests.postgres import Postgres

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["*"]',
    'name = "jiro"\nrole = "operator"\nclients = ["yamato"]',
    'name = "wall"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
)

pytestmark = pytest.mark.peer


@pytest.fixture
def archive(pg: Postgres) -> Server:
    return a_server(pg, "tokyo")


@asynccontextmanager
async def a_browser(rig: Rig, name: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Origin": rig.url, "Accept": "text/html"}
    async with httpx.AsyncClient(base_url=rig.url, headers=headers, timeout=60) as http:
        answer = await http.post("/login", data={"name": name, "password": PASSWORD})
        assert 303 == answer.status_code
        http.headers["X-CSRF-Token"] = (await http.get("/api/session")).json()["csrf"]
        yield http


async def put(archive: Server, memos: list[Memo], site: str = "osaka") -> None:
    """Have the archive hold what this site would have told it."""
    rows = tuple(
        ArchivedMemo(
            id=one.id,
            rev=one.rev,
            call=one.call.id,
            client=one.client,
            status=one.status.value,
            stage=one.stage.value,
            category=one.category,
            updated_at=one.call.started_at,
            payload=one.model_dump_json(),
        )
        for one in memos
    )
    store = await ArchiveStore.open(msgspec.structs.replace(archive, site=site))
    await store.put(Batch(memos=rows))
    await store.close()


async def test_memo_of_another_running_site_is_claimed_and_closed_from_here(
    archive: Server,
    mosquitto: RunningBroker,
    vosk_models: Path,
    tmp_path: Path,
    message_wav: Path,
) -> None:
    for name in ("osaka", "tokyo"):
        (tmp_path / name).mkdir()
    osaka = Bot(tmp_path / "osaka", mosquitto.port, vosk_models)
    file = osaka.folder / "config.toml"
    text = file.read_text(encoding="utf-8").replace('site = "test"', 'site = "osaka"')
    file.write_text(f"{text}\n[archive]\nurl = {json.dumps(archive.url)}\n", encoding="utf-8")
    tokyo = a_console(tmp_path / "tokyo", ACCOUNTS, archive=archive, broker=mosquitto.address)
    async with running(osaka), tokyo as rig, a_browser(rig, "hanako") as http:
        await own_call(osaka, "polite", "desk", heard=tmp_path / "heard.wav", wav=str(message_wav))
        memo = await osaka.memo("polite")

        async def listed() -> bool:
            return memo.id in (await http.get("/elsewhere")).text

        while not await listed():
            await asyncio.sleep(0.1)
        claimed = await http.post(f"/elsewhere/osaka/{memo.id}/claim", data={})
        page = await http.get(claimed.headers["location"])
        holder = osaka.memos()[0].holder
        closed = await http.post(f"/elsewhere/osaka/{memo.id}/done", data={"text": "settled"})
        after = await until(lambda: next(one for one in osaka.memos() if one.status is Status.DONE))
        while await listed():
            await asyncio.sleep(0.1)
        written = await rig.ledger._run(lambda connection: audited(connection, 10))
    assert (303, "hanako", 303) == (claimed.status_code, holder, closed.status_code)
    assert "you, until " in page.text
    assert ("hanako", "settled") == (after.history[-1].by, after.history[-1].text)
    did = [one.entry.detail for one in written[::-1] if one.entry.action == "command"]
    assert ["claim at osaka", "done at osaka"] == did


async def test_list_has_ones_own_clients_memos_of_other_sites_and_none_of_this_one(
    archive: Server, tmp_path: Path
) -> None:
    tanaka, suzuki, third, *_ = a_morning()
    await put(archive, [tanaka, suzuki])
    await put(archive, [third], site="tokyo")
    async with a_console(tmp_path, ACCOUNTS, archive=archive) as rig:
        async with a_browser(rig, "jiro") as http:
            jiro = (await http.get("/elsewhere")).text
            foreign = await http.get(f"/elsewhere/osaka/{suzuki.id}")
        async with a_browser(rig, "hanako") as http:
            hanako = (await http.get("/elsewhere")).text
            ours = await http.get(f"/elsewhere/tokyo/{third.id}")
    assert ("yamato", "wakaba-law") == (tanaka.client, suzuki.client)
    assert [True, False] == [one.id in jiro for one in (tanaka, suzuki)]
    assert [True, True, False] == [one.id in hanako for one in (tanaka, suzuki, third)]
    assert (404, 404) == (foreign.status_code, ours.status_code)


async def test_page_of_another_sites_memo_leads_to_that_site_for_the_recording(
    archive: Server, tmp_path: Path
) -> None:
    memo = a_morning()[0]
    url = f"https://osaka.example/memos/{memo.id}/audio"
    told = memo.model_copy(update={"audio": memo.audio.model_copy(update={"url": url})})
    await put(archive, [told])
    async with (
        a_console(tmp_path, ACCOUNTS, archive=archive) as rig,
        a_browser(rig, "hanako") as http,
    ):
        page = (await http.get(f"/elsewhere/osaka/{memo.id}")).text
    assert f'href="{url}" target="_blank" rel="noopener noreferrer">Listen at osaka' in page
    assert memo.answers["name"] in page
    assert "<audio" not in page


async def test_recording_without_a_console_is_no_link(archive: Server, tmp_path: Path) -> None:
    memo = a_morning()[0]
    audio = memo.audio.model_copy(update={"url": "javascript:alert(1)"})
    await put(archive, [memo.model_copy(update={"audio": audio})])
    async with (
        a_console(tmp_path, ACCOUNTS, archive=archive) as rig,
        a_browser(rig, "hanako") as http,
    ):
        page = (await http.get(f"/elsewhere/osaka/{memo.id}")).text
    assert "javascript:" not in page
    assert "The recording is not there." in page


async def test_site_that_is_away_has_not_answered_and_what_was_typed_is_kept(
    archive: Server, mosquitto: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.ask.ANSWER_S", 0.2)
    memo = a_morning()[0]
    await put(archive, [memo])
    console = a_console(tmp_path, ACCOUNTS, archive=archive, broker=mosquitto.address)
    async with console as rig, a_browser(rig, "hanako") as http:
        fields = {"text": "sent the price list"}
        answer = await http.post(f"/elsewhere/osaka/{memo.id}/note", data=fields)
    assert 503 == answer.status_code
    assert "osaka has not answered." in answer.text
    assert ">sent the price list</textarea>" in answer.text


async def test_archive_that_is_away_is_said_and_the_rest_of_the_console_works(
    archive: Server, tmp_path: Path
) -> None:
    gone = msgspec.structs.replace(archive, url="postgresql://u@127.0.0.1:1/none")
    async with (
        a_console(tmp_path, ACCOUNTS, archive=gone) as rig,
        a_browser(rig, "hanako") as http,
    ):
        page, home = await http.get("/elsewhere"), await http.get("/")
    assert "The archive does not answer." in page.text
    assert 200 == home.status_code


async def test_masked_account_is_not_let_in(archive: Server, tmp_path: Path) -> None:
    memo = a_morning()[0]
    await put(archive, [memo])
    async with (
        a_console(tmp_path, ACCOUNTS, archive=archive) as rig,
        a_browser(rig, "wall") as http,
    ):
        paths = ("/elsewhere", f"/elsewhere/osaka/{memo.id}")
        codes = [(await http.get(path)).status_code for path in paths]
        home = (await http.get("/")).text
    assert [403, 403] == codes
    assert "/elsewhere" not in home


async def test_site_without_an_archive_has_no_such_page_in_its_navigation(tmp_path: Path) -> None:
    async with a_console(tmp_path, ACCOUNTS) as rig, a_browser(rig, "hanako") as http:
        assert 'href="/elsewhere"' not in (await http.get("/")).text
