"""`sipbot memos`: what operators and their scripts read from it."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sipbot import memo_page
from sipbot.cli_memos import memos_app
from sipbot.cli_memos_watch import watch_lines
from sipbot.labels import LABELS
from sipbot.ledger import Ledger
from sipbot.memo import Caller, Memo, Stage, Status, with_failure, with_transcript
from sipbot.memo_answers import Evidence, MemoWord
from sipbot.memo_found import Corrected
from sipbot.memo_table import list_table
from sipbot.mqtt import Feed
from sipbot.records import EndedBy, EndState
from sipbot.topics import LivePayload, Place
from sipbot.watch_lines import Lines as WatchLines
from sipbot.watched import Watched
from tests.brokers import PATIENCE_S, ROOT, RunningBroker, running
from tests.memo_samples import AT, a_memo, a_memo_of, a_transcript, an_offer

runner = CliRunner()

NOW = AT.astimezone()
DAY = NOW.date()


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


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["電話"], 1),
        (["でんわ"], 0),
        (["電話", "ください", "--client", "yamato"], 1),
        (["電話", "--from", str(DAY), "--to", str(DAY)], 1),
        (["電話", "--to", str(DAY - timedelta(days=1))], 0),
        (["電話", "--from", str(DAY + timedelta(days=1))], 0),
    ],
)
def test_search_finds_what_holds_all_words_in_the_time(
    tmp_path: Path, memo: Memo, asked: list[str], found: int
) -> None:
    result = runner.invoke(memos_app, ["search", *asked, "--var", str(tmp_path), "--json"])

    assert [memo.id] * found == [one["id"] for one in json.loads(result.stdout)]


def test_search_for_no_word_at_all_is_a_usage_error(tmp_path: Path, memo: Memo) -> None:
    result = runner.invoke(memos_app, ["search", "%", "--var", str(tmp_path)])

    assert (2, True) == (result.exit_code, memo.id not in result.output)


def test_show_finds_memo_by_its_last_characters(tmp_path: Path, memo: Memo) -> None:
    """The short id of the list is enough."""
    result = runner.invoke(
        memos_app, ["show", memo.id[-8:], "--var", str(tmp_path)], env={"COLUMNS": "160"}
    )

    assert 0 == result.exit_code
    assert memo.id in result.stdout


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ('[card]\nabout = "給湯器の修理。"\nask = ["型番", "年式"]\n', "給湯器の修理。"),
        ("", "この契約先には応対カードがありません。"),
    ],
)
def test_show_has_the_card_of_the_memos_client_behind_it(
    tmp_path: Path, memo: Memo, card: str, expected: str
) -> None:
    (tmp_path / "config.toml").touch()
    (tmp_path / "dialplans").mkdir()
    head = (
        'schema = 1\nclient = "yamato"\nsay_name = "やまと工業"\nnumbers = ["yamato"]\n'
        'language = "ja"\n[answer]\ngreeting = "builtin:ja/greeting"\n'
        'thanks = "builtin:ja/thanks"\n'
    )
    (tmp_path / "dialplans" / "yamato.toml").write_text(head + card, encoding="utf-8")
    options = ["--config", str(tmp_path / "config.toml"), "--var", str(tmp_path), "--lang", "ja"]

    result = runner.invoke(memos_app, ["show", memo.id[-8:], *options, "--card"])

    assert (0, True) == (result.exit_code, expected in result.stdout.partition(memo.id)[2])


def test_show_marks_a_number_that_only_the_network_gave(tmp_path: Path, memo: Memo) -> None:
    """Operators ask for such a number again before they trust it."""
    result = runner.invoke(
        memos_app,
        ["show", memo.id[-8:], "--var", str(tmp_path), "--lang", "ja"],
        env={"COLUMNS": "160"},
    )

    assert "+81 3-5550-1234  要確認" in result.stdout


def page_of(memo: Memo, lang: str) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(memo_page.memo_page(memo, LABELS[lang], NOW), markup=False)
    return out.getvalue()


def test_show_names_the_seconds_of_every_evidence_and_says_that_they_disagree() -> None:
    """The operator knows what to listen to before calling."""
    memo = a_memo()
    spoken = Evidence(
        source="speech", number="+819086375214", engine="vosk", audio_from_s=12.2, audio_to_s=15.5
    )
    callback = memo.callback.model_copy(update={"evidence": (spoken, *memo.callback.evidence)})
    page = page_of(memo.model_copy(update={"callback": callback}), "en")

    assert "≠ said" in page
    assert "listen 0:12-0:16 (#1)" in page
    assert "The evidence disagrees" in page


def test_show_marks_words_in_doubt_and_words_that_were_mended() -> None:
    """Doubt is written, not only coloured."""
    words = (
        MemoWord(text="山田", start_s=0, end_s=1, confidence=0.2, text_from=0, text_to=2),
        MemoWord(text="です", start_s=1, end_s=2, confidence=0.9, text_from=2, text_to=4),
        MemoWord(text="山と工業", start_s=2, end_s=3, confidence=0.2, text_from=4, text_to=9),
    )
    mended = Corrected(heard="山と工業", written="やまと工業", text_from=4, text_to=9)
    update = {"text": "山田ですやまと工業", "words": words, "corrections": (mended,)}

    page = page_of(a_memo().model_copy(update=update), "ja")

    assert "[山田?]ですやまと工業*" in page
    assert "山と工業 → やまと工業" in page


def test_every_label_of_the_page_is_there_in_both_languages() -> None:
    """A label that is missing in English would end the command."""
    own = {"open", "claimed", "done", "recorded", "transcribed", "recognition_failed", "name"}
    own |= {"ringing", "answered", "partial", "transferring", "connected", "company", "number"}
    own |= {label for label in LABELS["ja"] if label.startswith("kind_")} | {"category", "urgency"}

    assert set() == set(LABELS["ja"]) - set(LABELS["en"]) - own
    assert set() == set(LABELS["en"]) - set(LABELS["ja"])


def test_text_of_a_call_that_a_crash_ended_says_so(memo: Memo) -> None:
    """A message without its end must not look like a whole one."""
    cut = memo.model_copy(update={"call": memo.call.model_copy(update={"cut_off": True})})

    assert "[b]お電話ください [途中で切れました]" == memo_page.text(cut, LABELS["ja"])


def test_text_of_a_failed_recognition_says_why() -> None:
    """Nobody waits for a text that will not come."""
    memo = with_failure(a_memo(), "no model for ja", AT)

    assert memo is not None
    assert "(not recognised: no model for ja)" == memo_page.text(memo, LABELS["en"])


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
        watching = group.create_task(watch_lines(broker.address, "main", None, LABELS["en"]))
        for number, payload in enumerate(junk):
            await feed.publish_memo("yamato", f"junk{number}", payload)
        await feed.publish_memo("yamato", memo.id, memo.model_dump_json().encode())
        line = await shown.lines.get()
        watching.cancel()
        feed.stop()

    assert memo.id[-8:] in line
    notices = capsys.readouterr().err.splitlines()
    left_out = "the payload is not one of sipbot's: left out"
    # what arrives while the subscription is made may come twice: as kept by the broker, and live
    assert [f"memo junk{n} of yamato: {left_out}" for n in range(5)] == sorted(set(notices))


@pytest.mark.broker
async def test_watch_goes_on_after_the_broker_restarts_and_shows_nothing_twice(
    broker: RunningBroker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's window stays open for weeks."""
    first, second = a_memo_of(an_offer("c1")), a_memo_of(an_offer("c2"))
    feed = Feed(broker.address, site="main", boot="b1")
    sessions: asyncio.Queue[int] = asyncio.Queue()
    feed.on_session = lambda: sessions.put_nowait(feed.session)
    shown = Lines()
    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        group.create_task(feed.run())
        await sessions.get()
        monkeypatch.setattr("sys.stdout", shown)
        watching = group.create_task(watch_lines(broker.address, "main", None, LABELS["en"]))
        await feed.publish_memo("yamato", first.id, first.model_dump_json().encode())
        lines = [await shown.lines.get()]
        await broker.kill()
        await broker.start()
        await sessions.get()
        for memo in (first, second):
            await feed.publish_memo("yamato", memo.id, memo.model_dump_json().encode())
        while second.id[-8:] not in lines[-1]:
            lines.append(await shown.lines.get())
        watching.cancel()
        feed.stop()

    memos = [line[:8] for line in lines if "  yamato  " in line]  # the feed logs here, too
    assert [first.id[-8:], second.id[-8:]] == memos
    assert "broker away, trying again\n" == capsys.readouterr().err


def test_every_stage_and_status_has_a_japanese_word() -> None:
    """A new one must not appear in English in the middle of the list."""
    values = {each.value for kind in (Stage, Status) for each in kind}

    assert set() == values - LABELS["ja"].keys()


def test_list_on_a_narrow_terminal_gives_the_message_the_room(memo: Memo) -> None:
    """A terminal has 80 columns, a Japanese character takes two of them."""
    long = memo.model_copy(update={"text": "あ" * 60})
    page = io.StringIO()

    table = list_table([long], LABELS["ja"], NOW, wide=False)
    Console(file=page, width=80).print(table, markup=False)

    assert 60 == page.getvalue().count("あ")
    assert 7 >= len(page.getvalue().splitlines())
    assert "…" not in page.getvalue()


def test_show_on_a_narrow_terminal_leaves_nothing_out(memo: Memo) -> None:
    """The path of the recording is longer than a line."""
    page = io.StringIO()

    Console(file=page, width=80).print(memo_page.memo_page(memo, LABELS["en"], NOW), markup=False)

    whole = "".join("".join(line.split()) for line in page.getvalue().splitlines())
    assert memo.audio.url in whole


def test_show_through_a_pipe_keeps_every_field_on_one_line(tmp_path: Path, memo: Memo) -> None:
    """What is piped into grep has no width."""
    result = runner.invoke(
        memos_app, ["show", memo.id, "--var", str(tmp_path)], env={"COLUMNS": "40"}
    )

    url = f"{memo.audio.url} ({memo.audio.duration_s:.1f} s)"
    assert any(line.endswith(url) for line in result.stdout.splitlines())


def test_list_through_a_pipe_has_one_line_a_memo(tmp_path: Path) -> None:
    """A text of several lines must not look like several memos."""

    async def store() -> None:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "request-uri", "yamato")
            memo = a_memo_of(offer).model_copy(update={"text": "one\n" * 60 + "end"})
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)

    asyncio.run(store())

    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path)])

    heading, _, only = result.stdout.splitlines()
    assert (True, True) == (heading.startswith("id"), only.endswith("one end"))


def test_list_of_nothing_says_no_memos(tmp_path: Path, memo: Memo) -> None:
    """An empty table looks like a fault."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path), "--status", "done"])

    assert (0, "no memos\n") == (result.exit_code, result.stdout)


def test_list_of_a_mistyped_client_names_the_nearest(tmp_path: Path, memo: Memo) -> None:
    """Nobody waits for the memos of a client that is not there."""
    result = runner.invoke(memos_app, ["list", "--var", str(tmp_path), "--client", "yamto"])

    assert (2, True) == (result.exit_code, "Did you mean yamato?" in result.stderr)


def test_list_of_a_client_with_a_dialplan_and_no_memo_is_empty(tmp_path: Path, memo: Memo) -> None:
    """A new client has no memos yet."""
    (tmp_path / "config.toml").touch()
    (tmp_path / "dialplans").mkdir()
    (tmp_path / "dialplans" / "midori.toml").touch()
    options = ["--config", str(tmp_path / "config.toml"), "--var", str(tmp_path)]

    result = runner.invoke(memos_app, ["list", *options, "--client", "midori"])

    assert (0, "no memos\n") == (result.exit_code, result.stdout)


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

    (line,) = WatchLines(LABELS["en"], lambda: NOW).take(seen)

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
