"""The console as a child of its own: asked over HTTP, obeyed by the ledger's writer, killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest

from sipbot import console_wire as wire
from sipbot.audit import AuditEntry
from sipbot.console.doors import GUESSES
from sipbot.console.hub import QUEUE_MAX, Hub, Reload
from sipbot.console.main_line import MainLine
from sipbot.console_link import ASKED_MAX, BUSY, ConsoleLink, site
from sipbot.errors import ConsoleError, WireError
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_console import audited
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.memo import Status
from sipbot.status import DialplanStatus
from tests.consoles import CLIENTS, IN_FORCE, NOBODY, PASSWORD, Rig, a_console, a_status, memo_for
from tests.memo_samples import AT
from tests.test_console_guard import settings

HANAKO = 'name = "hanako"\nrole = "operator"\nclients = ["yamato"]'


@asynccontextmanager
async def a_browser(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Origin": rig.url}
    async with httpx.AsyncClient(base_url=rig.url, headers=headers, timeout=60) as http:
        answer = await http.post("/login", data={"name": "hanako", "password": PASSWORD})
        assert 303 == answer.status_code
        http.headers["X-CSRF-Token"] = (await http.get("/api/session")).json()["csrf"]
        yield http


async def rows(rig: Rig) -> list[tuple[str, str, str | None]]:
    """Return what is in the audit log, oldest first."""
    found = await rig.ledger._run(lambda connection: audited(connection, 100))
    return [(one.entry.action, one.entry.account, one.entry.memo) for one in found[::-1]]


async def test_what_operators_do_is_obeyed_written_down_and_told_to_others(tmp_path: Path) -> None:
    memo = memo_for("yamato")
    async with a_console(tmp_path, [HANAKO], [memo]) as rig, a_browser(rig) as http:
        listening = asyncio.Event()

        async def row() -> str:
            async with http.stream("GET", "/events?view=todo") as stream:
                async for line in stream.aiter_lines():
                    listening.set()
                    if line in ("event: row", "event: gone"):
                        return line
            return "the stream ended"

        told = asyncio.create_task(row())
        await listening.wait()
        answer = await http.post(f"/api/memos/{memo.id}/claim", json={})
        news = await told
        sound = await http.get(f"/memos/{memo.id}/audio", headers={"Range": "bytes=0-99"})
        after = await rig.ledger.memo(memo.id)
        written = await rows(rig)
    assert (200, "accepted", 206) == (
        answer.status_code,
        answer.json()["status"],
        sound.status_code,
    )
    assert "event: row" == news
    assert after is not None
    assert (Status.CLAIMED, "hanako") == (after.status, after.holder)
    did = [("login", None), ("command", memo.id), ("listen", memo.id)]
    assert [(what, "hanako", about) for what, about in did] == written


async def test_console_that_is_killed_comes_back_and_knows_who_is_logged_in(
    tmp_path: Path,
) -> None:
    async with a_console(tmp_path, [HANAKO]) as rig, a_browser(rig) as http:
        child = rig.link.child
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        while child.restarts == 0:
            await asyncio.sleep(0.01)
        await child.ready.wait()
        answer = await http.get("/api/session")
        assert first != child.pid
    assert "hanako" == answer.json()["name"]


async def test_audit_log_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    about = AuditEntry(action="listen", account="hanako", client="yamato", memo="m", detail="whole")
    async with Ledger.open(path) as ledger:
        await ledger.console.record([about, AuditEntry(action="logout", account="jiro")], AT)
        with ReadOnlyLedger.open(path) as reader:
            of_memo = reader.audited(10, memo="m")
            of_account = reader.audited(10, account="jiro")
            latest = reader.audited(1)
    assert [(AT, about)] == [(one.at, one.entry) for one in of_memo]
    assert of_account == latest
    assert "logout" == latest[0].entry.action


async def test_wrong_password_is_written_down_without_what_was_typed(tmp_path: Path) -> None:
    async with a_console(tmp_path, [HANAKO]) as rig:
        async with httpx.AsyncClient(base_url=rig.url, headers={"Origin": rig.url}) as http:
            for name in ("hanako", "pa55word typed too early"):
                await http.post("/login", data={"name": name, "password": "x"}, timeout=60)
        written = await rows(rig)
    assert [("login_failed", "hanako", None), ("login_failed", "", None)] == written


async def test_listener_that_is_slow_is_told_to_load_anew_and_stops_nobody() -> None:
    hub = Hub()
    async with hub.listen(lambda _: True) as slow, hub.listen(lambda _: True) as quick:
        for rev in range(QUEUE_MAX + 1):
            hub.tell(wire.Changed(client="yamato", memo="m", rev=rev, status="open"))
            await anext(quick)
        first, second = await anext(slow), await anext(slow)
    assert isinstance(first, Reload)
    assert isinstance(second, wire.Changed)
    assert QUEUE_MAX == second.rev


async def test_news_of_other_clients_are_not_told() -> None:
    hub = Hub()
    async with hub.listen(lambda client: client == "yamato") as news:
        for client in ("wakaba-law", "yamato"):
            hub.tell(wire.Changed(client=client, memo="m", rev=1, status="open"))
        first = await anext(news)
    assert isinstance(first, wire.Changed)
    assert "yamato" == first.client


def test_rest_of_a_list_that_an_earlier_console_was_told_hides_no_client() -> None:
    hub = Hub()
    for first, last, client in ((False, True, CLIENTS[2]), (True, False, CLIENTS[0])):
        hub.learn(wire.Clients(first=first, last=last, clients=(client,)))
    before = list(hub.clients)
    hub.learn(wire.Clients(first=False, last=True, clients=(CLIENTS[1],)))
    assert ([], [CLIENTS[0].client, CLIENTS[1].client]) == (before, list(hub.clients))


def test_rest_of_a_list_of_files_that_an_earlier_console_was_told_is_no_list() -> None:
    hub = Hub()
    hub.learn_files(wire.Behind(first=False, last=True, files=(), untold=7))
    assert 0 == hub.behind_untold


async def test_console_that_begins_in_the_middle_of_a_list_is_told_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[tuple[bool, bool]]()

    def say(message: wire.FromMain) -> None:
        if isinstance(message, wire.Clients):
            told.append((message.first, message.last))
            if len(told) == 2:
                link._hear(wire.Ready(pid=1, port=8470))

    monkeypatch.setattr("sipbot.console_plans.PART_BYTES", 1)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        link = ConsoleLink(
            settings(),
            ledger,
            status=a_status,
            in_force=lambda: IN_FORCE,
            on_crash_loop=lambda _: None,
            accounts=lambda: None,
            card=lambda _: None,
            others=NOBODY,
        )
        monkeypatch.setattr(link, "_say", say)
        whole = [await link._tell_plans(), await link._tell_plans()]
    first, rest, last = (True, False), (False, False), (False, True)
    assert ([False, True], [first, rest, first, rest, last]) == (whole, told)


async def test_knocking_at_a_closed_door_writes_no_more_into_the_ledger(tmp_path: Path) -> None:
    async with a_console(tmp_path, [HANAKO]) as rig:
        async with httpx.AsyncClient(base_url=rig.url, headers={"Origin": rig.url}) as http:
            for _ in range(GUESSES + 3):
                data = {"name": "hanako", "password": "x"}
                last = await http.post("/login", data=data, timeout=60)
        written = [action for action, _, _ in await rows(rig)]
    assert 429 == last.status_code
    assert ["login_failed"] * GUESSES + ["locked_out"] == written


@pytest.mark.parametrize(("by", "client"), [("nobody", "yamato"), ("hanako", "wakaba-law")])
async def test_main_forbids_what_an_account_may_not_do_whatever_the_console_says(
    by: str, client: str, tmp_path: Path
) -> None:
    memo = memo_for(client)
    async with a_console(tmp_path, [HANAKO], [memo]) as rig:
        command = {"req": "r1", "by": by, "memo": memo.id, "ts": datetime.now(UTC).isoformat()}
        payload = msgspec.Raw(msgspec.json.encode(command))
        asked = wire.Obey(n=1, client=client, verb="claim", payload=payload)
        answer = (await rig.link._obeyed(asked)).answer
        after = await rig.ledger.memo(memo.id)
    assert answer is not None
    assert ("rejected", "forbidden", memo) == (answer.status, answer.code, after)


async def test_line_about_a_site_with_ten_thousand_wrong_files_is_short_enough() -> None:
    wrong = DialplanStatus(
        name="c", sha256=None, since=AT, problem="x" * 500, mistakes=1, words="out"
    )
    whole = msgspec.structs.replace(await a_status(), dialplans=(wrong,) * 10_000)
    assert len(encode(site(whole))) < LIMIT_BYTES


async def test_answer_to_an_earlier_life_of_the_console_is_nobodys() -> None:
    async def asked_by_a_life() -> tuple[MainLine, wire.Record, asyncio.Task[None]]:
        lines = asyncio.Queue[bytes]()
        life = MainLine(lines.put_nowait, Hub())
        asking = asyncio.create_task(life.record(AuditEntry(action="listen")))
        return life, wire.to_main.decode(await lines.get()), asking

    _, before, first = await asked_by_a_life()
    life, now, second = await asked_by_a_life()
    life._hear(wire.Answered(n=before.n))
    life._hear(wire.Answered(n=now.n, problem="the ledger refuses"))
    with pytest.raises(ConsoleError, match="refuses"):
        await second
    first.cancel()


async def test_console_that_asks_for_more_than_the_ledger_can_do_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_console(tmp_path, [HANAKO]) as rig:
        said: list[msgspec.Struct] = []
        monkeypatch.setattr(rig.link, "_say", said.append)
        for n in range(ASKED_MAX + 1):
            rig.link._hear(wire.Record(n=n, entry=AuditEntry(action="logout")))
        waiting, restarts = rig.link._asked.qsize(), rig.link.child.restarts
    assert (ASKED_MAX, 0) == (waiting, restarts)
    assert wire.Answered(n=ASKED_MAX, problem=BUSY) in said


@pytest.mark.parametrize("deep", [b'{"type":"obey","payload":' + b"[" * 5000, b'{"type":"\xff"}'])
def test_line_that_no_decoder_can_take_is_a_wrong_line(deep: bytes) -> None:
    with pytest.raises(WireError):
        wire.to_main.decode(deep)


async def test_fault_in_what_the_console_asks_for_stops_nothing(tmp_path: Path) -> None:
    def fault() -> None:
        raise ZeroDivisionError

    async with a_console(tmp_path, [HANAKO]) as rig:
        rig.link._accounts = fault
        command = {"req": "r1", "by": "hanako", "memo": "m", "ts": datetime.now(UTC).isoformat()}
        payload = msgspec.Raw(msgspec.json.encode(command))
        asked = wire.Obey(n=1, client="yamato", verb="claim", payload=payload)
        obeyed = await rig.link._obeyed(asked)
        at_large = AuditEntry(action="listen", detail="\ud800")
        recorded = await rig.link._record([at_large])
    assert "a fault of sipbot's: ZeroDivisionError" == obeyed.problem
    assert "a fault of sipbot's: UnicodeEncodeError" == recorded
