"""`sipbot outbox` and `sipbot ledger`, as people and programs see them, beside sipbot and alone."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sipbot import control
from sipbot import control_wire as wire
from sipbot.control import Control
from sipbot.ledger import Ledger
from sipbot.ledger_notices import Told
from sipbot.notice import Notice
from sipbot.records import EndedBy, EndState
from tests.brokers import PATIENCE_S, ROOT
from tests.memo_samples import AT, a_memo_of, an_offer

LATER = AT + timedelta(days=9999)


def sipbot(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "sipbot", *words, "--config", str(folder / "config.toml")]
    return subprocess.run(
        argv, cwd=ROOT, capture_output=True, text=True, check=False, env={"COLUMNS": "200"}
    )


async def fill(ledger: Ledger) -> list[str]:
    """Store three memos: the first's delivery is dead, the second's deferred, the third's due."""
    memos = []
    for _ in range(3):
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, "yamato", "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        memos.append(memo.id)
    due = await ledger.due_deliveries(LATER, 10)
    await ledger.died(due[0].id, "payload too large", AT)
    await ledger.deferred(due[1].id, "no PUBACK", LATER)
    return memos


@asynccontextmanager
async def running(folder: Path, ledger: Ledger) -> AsyncIterator[None]:
    """Answer on the control socket as the application does."""

    async def retry(request: wire.RetryOutbox) -> wire.Reply:
        done = await ledger.retry(request.deliveries, AT, all_dead=request.all_dead)
        return wire.Retried(retried=done.retried, unknown=done.unknown)

    served = Control(control.socket_path(folder / "var"), {wire.RetryOutbox: retry})
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        task = group.create_task(served.run())
        await served.ready.wait()
        yield
        task.cancel()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    (tmp_path / "var").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def memos(folder: Path) -> list[str]:
    async def store() -> list[str]:
        async with Ledger.open(folder / "var" / "sipbot.sqlite3") as ledger:
            return await fill(ledger)

    return asyncio.run(store())


def test_list_shows_what_waits_and_what_is_dead(folder: Path, memos: list[str]) -> None:
    said = sipbot(folder, "outbox", "list")

    assert (0, "") == (said.returncode, said.stderr)
    assert [True] * 3 == [memo in said.stdout for memo in memos]
    assert 1 == said.stdout.count("dead since")
    assert "payload too large" in said.stdout


def test_list_as_json_has_every_fact_and_no_words_of_callers(
    folder: Path, memos: list[str]
) -> None:
    [letter] = json.loads(sipbot(folder, "outbox", "list", "--dead", "--json").stdout)

    assert {
        "id": 1,
        "target": "mqtt",
        "client": "yamato",
        "memo": memos[0],
        "rev": 1,
        "seq": 1,
        "req": None,
        "attempts": 1,
        "refusals": 1,
        "last_error": "payload too large",
        "dead_at": "2026-11-20T03:04:05Z",
    } == {key: value for key, value in letter.items() if key != "due_at"}


def test_list_of_nothing_says_that_all_is_well(folder: Path) -> None:
    async def create() -> None:
        async with Ledger.open(folder / "var" / "sipbot.sqlite3"):
            pass

    asyncio.run(create())

    assert "everything was delivered\n" == sipbot(folder, "outbox", "list").stdout


def test_retry_without_sipbot_writes_to_the_ledger_itself(folder: Path, memos: list[str]) -> None:
    said = sipbot(folder, "outbox", "retry", "--all", "--json")

    assert {"retried": [1], "unknown": []} == json.loads(said.stdout)
    assert [] == json.loads(sipbot(folder, "outbox", "list", "--dead", "--json").stdout)


async def test_retry_with_sipbot_asks_it(folder: Path) -> None:
    async with Ledger.open(folder / "var" / "sipbot.sqlite3") as ledger:
        memos = await fill(ledger)
        async with running(folder, ledger):
            said = await asyncio.to_thread(sipbot, folder, "outbox", "retry", "1", "2")

        due = await ledger.due_deliveries(AT, 10)

    assert (0, "due now: 2 deliveries\n") == (said.returncode, said.stdout)
    assert memos[:2] == [delivery.memo for delivery in due[:2]]


async def test_retry_that_a_living_sipbot_refuses_does_not_go_behind_its_back(
    folder: Path,
) -> None:
    async with Ledger.open(folder / "var" / "sipbot.sqlite3") as ledger:
        await fill(ledger)
        served = Control(control.socket_path(folder / "var"), {})
        async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
            task = group.create_task(served.run())
            await served.ready.wait()
            said = await asyncio.to_thread(sipbot, folder, "outbox", "retry", "--all")
            task.cancel()

        assert 1 == await ledger.dead_letters()
    assert (1, True) == (said.returncode, "does not answer RetryOutbox" in said.stderr)


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        ((), 2, "say --all"),
        (("77",), 2, "not waiting to be delivered: 77"),
        (("seventeen",), 2, "valid"),
    ],
)
def test_retry_of_nothing_known_is_a_usage_error(
    folder: Path, memos: list[str], words: tuple[str, ...], code: int, word: str
) -> None:
    said = sipbot(folder, "outbox", "retry", *words)

    assert (code, True) == (said.returncode, word in said.stderr)
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    "words",
    [("outbox", "list"), ("outbox", "retry", "--all"), ("ledger", "backup", "copy.sqlite3")],
    ids=" ".join,
)
def test_command_without_ledger_says_what_to_do(folder: Path, words: tuple[str, ...]) -> None:
    said = sipbot(folder, *words)

    assert (1, True) == (said.returncode, "there is no ledger" in said.stderr)
    assert not (folder / "var" / "sipbot.sqlite3").exists()


def test_check_names_what_is_missing_and_fails(folder: Path, memos: list[str]) -> None:
    said = sipbot(folder, "ledger", "check")

    assert 1 == said.returncode
    assert [True] * 3 == [memo in said.stdout for memo in memos]


def test_check_as_json_of_a_sound_ledger_is_ok(folder: Path, memos: list[str]) -> None:
    async def calls() -> list[str]:
        async with Ledger.open(folder / "var" / "sipbot.sqlite3") as ledger:
            return [memo.call.id for memo in await ledger.memos(10)]

    for call in asyncio.run(calls()):
        (folder / "var" / "spool" / call).mkdir(parents=True)
        (folder / "var" / "spool" / call / "audio.wav").write_bytes(b"RIFF")

    said = sipbot(folder, "ledger", "check", "--json")

    assert (0, True, 3) == (said.returncode, *(json.loads(said.stdout)[k] for k in ("ok", "memos")))


def test_backup_says_where_it_is_and_refuses_the_second_time(
    folder: Path, memos: list[str]
) -> None:
    copy = folder / "copy.sqlite3"

    first = sipbot(folder, "ledger", "backup", str(copy))
    second = sipbot(folder, "ledger", "backup", str(copy))

    assert (0, True) == (first.returncode, str(copy) in first.stdout)
    assert (1, True) == (second.returncode, "not overwritten" in second.stderr)


def test_list_says_which_deliveries_are_notifications(folder: Path) -> None:
    told = Told(
        client="yamato",
        channel="mail",
        target="notify:yamato-mail",
        key="mail:m1",
        notice=Notice(ts=AT, subject="hello", body=""),
    )

    async def store() -> None:
        async with Ledger.open(folder / "var" / "sipbot.sqlite3") as ledger:
            await ledger.notices.tell(told)

    asyncio.run(store())

    assert "notification mail:m1" in sipbot(folder, "outbox", "list").stdout
