"""`sipbot memos claim` and the like, over a real broker: what they say, and their exit codes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sipbot import config
from sipbot.cli_memos import memos_app
from sipbot.cli_memos_commands import _ask, said, time_of
from sipbot.command import ASK_TTL_S, Request, read
from sipbot.decision import Answer
from sipbot.errors import FeedError, UsageError
from sipbot.labels import labels_of
from sipbot.ledger import Ledger
from tests.brokers import RunningBroker, subscribed
from tests.bus_fight import running_desk
from tests.memo_samples import AT, MEMO_ID
from tests.test_ledger_commands import a_memo_in, stored

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def settings(folder: Path, port: int, **more: str) -> Path:
    lines = [f'{key} = "{value}"' for key, value in more.items()]
    text = "\n".join([*lines, "[mqtt]", 'host = "127.0.0.1"', f"port = {port}"])
    file = folder / "config.toml"
    file.write_text(text + "\n", encoding="utf-8")
    return file


async def told(
    file: Path, verb: str, memo: str, by: str, client: str | None = None, **fields: str
) -> Answer:
    return await _ask(config.load(file), verb, memo, client, {"by": by, **fields})


@pytest.mark.broker
@pytest.mark.peer
async def test_operators_claim_call_and_close_by_the_bus_alone(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    """The command line has no ledger here, as on an operator's own machine."""
    away = tmp_path / "away"
    away.mkdir()
    file = settings(away, mosquitto.port)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        short = memo.id[-8:]
        async with running_desk(mosquitto.address, ledger):
            claimed = await told(file, "claim", short, "hanako")
            late = await told(file, "claim", short, "taro")
            closed = await told(file, "done", short, "hanako")
            opened = await told(file, "reopen", memo.id, "taro", "yamato", text="again")
            with pytest.raises(UsageError, match="no open memo"):
                await told(file, "claim", "ffffffff", "taro")
        after = await stored(ledger, memo)

    answers = (claimed, late, closed, opened)
    assert ["accepted", "conflict", "accepted", "accepted"] == [one.status for one in answers]
    assert "hanako has claimed it until" in said(late, labels_of("en"), None)
    assert f"{short}: open again (rev 4)" == said(opened, labels_of("en"), None)
    assert ("again", "taro") == (after.history[-1].text, after.history[-1].by)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["claim", "x", "--by", "Hanako"], "by = "),
        (["note", "x", "y" * 2001, "--by", "hanako"], "text = "),
        (["snooze", "x", "--until", "teatime", "--by", "hanako"], "--until teatime: use"),
    ],
)
def test_wrong_command_is_not_even_sent(words: list[str], problem: str, tmp_path: Path) -> None:
    file = settings(tmp_path, 1)
    words = [word.replace("x", "01a20068-e2f3-7157-b234-26f1e25cfd25", 1) for word in words]
    result = CliRunner().invoke(memos_app, [*words, "--client", "yamato", "--config", str(file)])

    assert (2, True) == (result.exit_code, problem in result.stderr)


def test_command_without_a_broker_says_what_to_check(tmp_path: Path) -> None:
    words = ["claim", "01a20068-e2f3-7157-b234-26f1e25cfd25", "--client", "yamato", "--by", "a"]
    result = CliRunner().invoke(memos_app, [*words, "--config", str(settings(tmp_path, 1))])

    assert (1, True) == (result.exit_code, "mqtt.host" in result.stderr)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("15:00", (20, 15, 0)),
        ("9:30", (21, 9, 30)),
        ("12:00", (21, 12, 0)),
        ("2026-11-23T08:00", (23, 8, 0)),
    ],
)
def test_time_of_day_is_the_next_one(written: str, expected: tuple[int, int, int]) -> None:
    now = NOON.replace(tzinfo=None).astimezone()
    at = time_of(written, now)
    assert expected == (at.day, at.hour, at.minute)


@pytest.mark.parametrize("written", ["25:00", "tomorrow", "", "0001-01-01T00:00"])
def test_time_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="use a time of day"):
        time_of(written, NOON.astimezone())


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_conflict_is_said_in_the_operators_language(lang: str) -> None:
    known: dict[str, Any] = {"req": "r", "verb": "claim", "memo": "m", "ts": AT, "holder": "hanako"}
    told = {
        code: said(
            Answer(status="conflict", code=code, problem="?", until=AT, **known),
            labels_of(lang),
            None,
        )
        for code in ("claimed", "done", "not_done", "not_claimed")
    }
    assert "hanako" in told["claimed"]
    assert "{" not in "".join(told.values())
    assert len(told) == len(set(told.values()))
    assert NOON - AT < timedelta(days=1)


@pytest.mark.broker
@pytest.mark.peer
async def test_command_that_nobody_answers_says_until_when_it_may_be_obeyed(
    mosquitto: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told that nobody answers sends another; the broker may still have the first."""
    monkeypatch.setattr("sipbot.ask.ANSWER_S", 0.1)
    file = settings(tmp_path, mosquitto.port)
    async with subscribed(mosquitto.port, "sipbot/1/main/client/yamato/cmd/#") as operator:
        with pytest.raises(FeedError, match=r"Until \d\d:\d\d:\d\d it may still be obeyed"):
            await told(file, "note", MEMO_ID, "hanako", "yamato", text="x")
        sent = read("yamato", "note", (await operator.next()).payload.encode())

    assert isinstance(sent, Request)
    assert ASK_TTL_S == sent.command.ttl_s
