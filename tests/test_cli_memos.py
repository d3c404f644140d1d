"""`sipbot memos`: what operators and their scripts read from it."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner

from sipbot import cli_memos
from sipbot.cli_memos import memos_app
from sipbot.ledger import Ledger
from sipbot.memo import Caller, Memo, with_failure, with_transcript
from sipbot.mqtt import Feed, Watched
from sipbot.records import EndedBy, EndState
from sipbot.topics import LivePayload, Place
from tests.brokers import PATIENCE_S, ROOT, RunningBroker, running
from tests.memo_samples import AT, a_memo, a_memo_of, a_transcript, an_offer

runner = CliRunner()


@pytest.fixture
def memo(tmp_path: Path) -> Memo:
    async def store() -> Memo:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            memo = a_memo_of(offer)
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
            read = await ledger.revise_memo(
                memo.id, lambda old: with_transcript(old, a_transcript("[b]お電話ください"), AT)
            )
            assert read is not None
            return read

    return asyncio.run(store())


def test_list_shows_memo_with_short_id_and_text(tmp_path: Path, memo: Memo) -> None:
    """What a caller said is printed as said, never read as markup."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path)], env={"COLUMNS": "160"})

    assert 0 == result.exit_code
    assert memo.id[-8:] in result.stdout
    assert "[b]お電話ください" in result.stdout


def test_list_in_japanese_has_japanese_headings(tmp_path: Path, memo: Memo) -> None:
    """Operators read Japanese."""
    result = runner.invoke(
        memos_app, ["list", "--var", str(tmp_path), "--lang", "ja"], env={"COLUMNS": "160"}
    )

    assert "用件" in result.stdout


def test_list_as_json_is_the_published_form(tmp_path: Path, memo: Memo) -> None:
    """Scripts get what the bus carries."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path), "--json"])

    assert [json.loads(memo.model_dump_json())] == json.loads(result.stdout)


def test_show_finds_memo_by_its_last_characters(tmp_path: Path, memo: Memo) -> None:
    """The short id of the list is enough."""
    result = runner.invoke(
        memos_app, ["show", memo.id[-8:], "--var", str(tmp_path)], env={"COLUMNS": "160"}
    )

    assert 0 == result.exit_code
    assert memo.id in result.stdout


def test_show_marks_a_number_that_only_the_network_gave(tmp_path: Path, memo: Memo) -> None:
    """Operators ask for such a number again before they trust it."""
    result = runner.invoke(
        memos_app,
        ["show", memo.id[-8:], "--var", str(tmp_path), "--lang", "ja"],
        env={"COLUMNS": "160"},
    )

    assert "+81355501234  要確認" in result.stdout


def test_text_of_a_call_that_a_crash_ended_says_so(memo: Memo) -> None:
    """A message without its end must not look like a whole one."""
    cut = memo.model_copy(update={"call": memo.call.model_copy(update={"cut_off": True})})

    assert "[b]お電話ください [途中で切れました]" == cli_memos._text(cut, cli_memos._LABELS["ja"])


def test_text_of_a_failed_recognition_says_why() -> None:
    """Nobody waits for a text that will not come."""
    memo = with_failure(a_memo(), "no model for ja", AT)

    assert memo is not None
    assert "(not recognised: no model for ja)" == cli_memos._text(memo, cli_memos._LABELS["en"])


def test_show_of_unknown_memo_is_a_usage_error(tmp_path: Path, memo: Memo) -> None:
    """Exit code 2 and where to look."""
    result = runner.invoke(memos_app, ["show", "zzzz", "--var", str(tmp_path)])

    assert 2 == result.exit_code
    assert "sipbot memos list" in result.stderr


def test_list_without_ledger_says_what_to_do(tmp_path: Path) -> None:
    """Exit code 1, no traceback."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path)])

    assert 1 == result.exit_code
    assert "start sipbot" in result.stderr


def test_list_in_unknown_language_names_the_known_ones(tmp_path: Path, memo: Memo) -> None:
    """Exit code 2."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path), "--lang", "xx"])

    assert (2, True) == (result.exit_code, "en, ja or auto" in result.stderr)


@pytest.fixture
async def broker() -> AsyncIterator[RunningBroker]:
    async with running("embedded") as started:
        yield started


@pytest.mark.broker
async def test_watch_goes_on_after_a_payload_that_is_not_sipbots(
    broker: RunningBroker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may publish there cannot end the list an operator looks at, nor write into it."""
    memo = a_memo_of(an_offer())
    junk = [b"{", b"\xff", b"[]", b"[" * 50_000, b'{"id": "\x1b[2J"}']
    feed = Feed(broker.address, site="main", boot="b1")
    shown = Lines()
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        group.create_task(feed.run())
        await feed.connected.wait()
        monkeypatch.setattr("sys.stdout", shown)
        watching = group.create_task(
            cli_memos._watch(broker.address, "main", None, cli_memos._LABELS["en"])
        )
        for number, payload in enumerate(junk):
            await feed.publish_memo("yamato", f"junk{number}", payload)
        await feed.publish_memo("yamato", memo.id, memo.model_dump_json().encode())
        line = await shown.lines.get()
        watching.cancel()
        feed.stop()

    assert memo.id[-8:] in line
    notices = capsys.readouterr().err.splitlines()
    left_out = "the payload is not one of sipbot's: left out"
    assert [f"memo junk{n} of yamato: {left_out}" for n in range(5)] == sorted(notices)


class Lines(io.StringIO):
    """A terminal whose lines can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def write(self, text: str) -> int:
        self.lines.put_nowait(text)
        return len(text)


@pytest.mark.parametrize("kind", ["memo", "live"])
def test_line_of_watch_cannot_be_forged_by_what_a_caller_sends(
    kind: Literal["memo", "live"],
) -> None:
    """One message, one line, and no escape sequence."""
    evil = "hello\n\x1b[2J\u202e"
    memo = a_memo().model_copy(update={"text": evil, "caller": Caller(number=None, name=evil)})
    live = LivePayload(type="partial", ts=AT, text=evil)
    payload = memo.model_dump_json().encode() if kind == "memo" else live.encode()
    seen = Watched(
        place=Place(client="yamato", kind=kind, id=memo.id), payload=payload, retained=False
    )

    line = cli_memos._line(seen, cli_memos._LABELS["en"])

    assert ("hello··[2J·" in line, True) == (True, line.isprintable())


@pytest.mark.parametrize("command", [["list"], ["list", "--json"]])
def test_list_does_not_steer_the_terminal(tmp_path: Path, command: list[str]) -> None:
    """U+009B begins an escape sequence, and JSON allows it."""

    async def store() -> None:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            memo = a_memo_of(offer).model_copy(update={"text": "a\x9b2Jb"})
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)

    asyncio.run(store())

    result = runner.invoke(memos_app, [*command, "--var", str(tmp_path)], env={"COLUMNS": "160"})

    assert (0, False) == (result.exit_code, "\x9b" in result.stdout)


@pytest.mark.broker
async def test_watch_prints_open_memos_as_json_lines(tmp_path: Path, broker: RunningBroker) -> None:
    """A program can follow the feed through a pipe."""
    settings = tmp_path / "config.toml"
    settings.write_text(f"[mqtt]\nport = {broker.port}\n", encoding="utf-8")
    memo = a_memo_of(an_offer())
    feed = Feed(broker.address, site="main", boot="b1")
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        group.create_task(feed.run())
        await feed.connected.wait()
        await feed.publish_memo("yamato", memo.id, memo.model_dump_json().encode())
        program = "from sipbot.cli_memos import memos_app; memos_app()"
        watcher = await asyncio.create_subprocess_exec(
            *[sys.executable, "-c", program, "watch", "--json", "--config", str(settings)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert watcher.stdout is not None
        line = json.loads(await watcher.stdout.readline())
        watcher.kill()
        await watcher.communicate()
        feed.stop()

    assert ("memo", True, memo.id) == (line["kind"], line["retained"], line["payload"]["id"])
