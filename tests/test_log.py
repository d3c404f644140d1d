"""Logs: what a caller said never reaches them, whatever goes wrong."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog

from sipbot import log
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.memo import Memo, with_transcript
from sipbot.records import EndedBy, EndState
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

SAID = "-".join(("my", "secret", "illness"))
"""Put together, for a traceback shows the lines of the program."""

Form = Literal["json", "console"]


@pytest.fixture(params=["json", "console"])
def form(request: pytest.FixtureRequest) -> Iterator[Form]:
    before = structlog.get_config()
    yield request.param
    structlog.configure(**before)


def test_traceback_in_the_log_has_no_variables(
    form: Form, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code is shown, values are not."""
    log.configure("info", form)

    _fail_over(SAID)

    written = capsys.readouterr().err
    assert (True, False) == ("ZeroDivisionError" in written, SAID in written)


def _fail_over(said: str) -> None:
    try:
        print(1 / (len(said) - len(said)))
    except ZeroDivisionError:
        structlog.get_logger().exception("it went wrong")


async def test_ledger_that_refuses_a_text_does_not_tell_the_log(
    form: Form, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in its own words nor in the traceback of what was beneath."""
    log.configure("info", form)
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path) as ledger:
        memo = await _stored(ledger)
        _execute(
            path,
            "CREATE TRIGGER refuse BEFORE UPDATE ON memos BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        try:
            await ledger.revise_memo(
                memo.id, lambda old: with_transcript(old, a_transcript(SAID), AT)
            )
        except LedgerError as error:
            structlog.get_logger().exception("text not stored", error=str(error))

    written = capsys.readouterr().err
    assert (True, False) == ("the ledger refused: no" in written, SAID in written)
    assert "UPDATE memos" in written  # the cause is shown
    assert "parameters hidden" in written  # a short memo would be quoted whole


async def test_memo_that_cannot_be_read_does_not_tell_the_log(
    form: Form, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A validation error would quote it."""
    log.configure("info", form)
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path) as ledger:
        memo = await _stored(ledger)
        _execute(path, f"UPDATE memos SET body = json_set(body, '$.text', json('[\"{SAID}\"]'))")
        try:
            await ledger.memo(memo.id)
        except LedgerError as error:
            structlog.get_logger().exception("memo not read", error=str(error))

    written = capsys.readouterr().err
    assert (True, False) == (memo.id in written, SAID in written)


async def _stored(ledger: Ledger) -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer)
    await ledger.add_call(offer, "yamato", "to", "yamato")
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


def _execute(path: Path, statement: str) -> None:
    other = sqlite3.connect(path)
    with other:
        other.execute(statement)
    other.close()
