"""``sipbot report action`` and ``quality``: what reviews lead to, where sipbot does not run."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot import control_wire as wire
from sipbot import reviews_desk
from sipbot.cli import program
from sipbot.errors import UsageError
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_day import Span
from sipbot.memo_history import SYSTEM, HistoryEntry
from sipbot.records import EndedBy, EndState
from sipbot.report.sample import operator_of, sampled
from tests import quotas
from tests.memo_samples import a_memo_of, an_offer

AT = datetime(2026, 11, 10, 3, tzinfo=UTC)
WEEK = "2026-W47"
"""Of the sample call."""


def entry(what: str, by: str) -> HistoryEntry:
    return HistoryEntry(rev=1, at=AT, what=what, by=by)


@given(
    memos=st.dictionaries(st.uuids().map(str), st.sampled_from(["hana", "taro"]), max_size=20),
    number=st.integers(1, 5),
)
def test_each_operator_has_so_many_memos_in_the_sample_or_all_of_them(
    memos: dict[str, str], number: int
) -> None:
    found = sampled(memos.items(), "seed", number)
    for operator in ("hana", "taro"):
        theirs = [memo for memo, who in memos.items() if who == operator]
        assert min(number, len(theirs)) == len([m for m, who in found if who == operator])
    assert found == sampled(reversed(memos.items()), "seed", number)


def test_another_week_chooses_other_memos() -> None:
    memos = [(f"memo-{n}", "hana") for n in range(50)]
    assert sampled(memos, "sato 2026-W45", 5) != sampled(memos, "sato 2026-W46", 5)


def test_who_worked_on_a_memo_last_is_its_operator_and_sipbot_is_nobody() -> None:
    history = [entry("claimed", "hana"), entry("done", "taro"), entry("claimed", SYSTEM)]
    assert "taro" == operator_of(history)
    assert operator_of([entry("created", SYSTEM)]) is None


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """Settings of a site with one memo that Hana has closed, where sipbot does not run."""
    quotas.write(tmp_path / "dialplans", "sato")
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    (tmp_path / "var").mkdir()
    offer = an_offer()
    memo = a_memo_of(offer, "sato").model_copy(update={"history": (entry("done", "hana"),)})
    async with Ledger.open(tmp_path / "var" / "sipbot.sqlite3") as ledger:
        await ledger.add_call(offer, "sato", "request-uri", "sato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return tmp_path / "config.toml"


def run(config: Path, *words: str) -> str:
    result = CliRunner().invoke(program("report"), ["report", *words, "--config", str(config)])
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_what_is_agreed_on_is_listed_until_it_is_done(config: Path) -> None:
    run(config, "action", "add", "sato", "New greeting", "--who", "Hana", "--due", "2026-12-01")
    listed = json.loads(run(config, "action", "list", "--json"))
    assert [("New greeting", "Hana", "2026-12-01")] == [
        (one["text"], one["who"], one["due"]) for one in listed
    ]
    run(config, "action", "done", str(listed[0]["id"]))
    assert [] == json.loads(run(config, "action", "list", "--json"))


def test_score_is_kept_for_the_operator_who_closed_the_memo(config: Path) -> None:
    path = config.parent / "var" / "sipbot.sqlite3"
    with ReadOnlyLedger.open(path) as reader:
        memo = reader.memos(1)[0].id
    run(config, "quality", "score", memo, "--by", "lead", "--good", "greeting", "--bad", "wish")
    with ReadOnlyLedger.open(path) as reader:
        found = reader.reviewed("sato", Span(since=AT, until=datetime.max.replace(tzinfo=UTC)))
    assert [("hana", "lead", 1, 2)] == [(r.operator, r.reviewer, r.points, r.of) for r in found]


async def test_number_that_nothing_open_has_is_refused_with_a_remedy(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        with pytest.raises(UsageError, match="sipbot report action list"):
            await reviews_desk.handlers(ledger)[wire.ActionDone](wire.ActionDone(7))


def write_file(config: Path, more: str) -> None:
    quotas.write(config.parent / "dialplans", "sato")
    with (config.parent / "dialplans" / "sato.toml").open("a", encoding="utf-8") as file:
        file.write(more)


def test_item_that_is_not_on_the_clients_checklist_is_refused_with_those_that_are(
    config: Path,
) -> None:
    write_file(config, '\n[quality]\nchecklist = ["greeting", "wish"]\n')
    [found] = json.loads(run(config, "quality", "sample", "sato", "--week", WEEK, "--json"))
    asked = ["report", "quality", "score", found["memo"], "--by", "mari", "--config", str(config)]
    refused = CliRunner().invoke(program("report"), [*asked, "--good", "smile"])
    with pytest.raises(UsageError, match=r"^smile: is not on the checklist.*greeting, wish$"):
        raise refused.exception or AssertionError
    assert "1 of 1 for hana" in run(
        config, "quality", "score", found["memo"], "--by", "mari", "--good", "wish"
    )


def client(config: Path, *words: str) -> str:
    result = CliRunner().invoke(program("client"), ["client", *words, "--config", str(config)])
    assert 0 == result.exit_code, (result.output, result.exception)
    return result.stdout


def test_operator_has_to_read_a_clients_file_again_once_it_is_changed(config: Path) -> None:
    (config.parent / "accounts.toml").write_text(
        '[[account]]\nname = "hana"\nrole = "operator"\nclients = ["sato"]\n'
        '[[account]]\nname = "taro"\nrole = "operator"\nclients = ["other"]\n'
        '[[account]]\nname = "guest"\nrole = "viewer"\nclients = ["sato"]\n',
        encoding="ascii",
    )

    def unread() -> list[tuple[str, str, bool]]:
        found = json.loads(client(config, "unread", "--json"))
        return [(one["client"], one["operator"], one["read_before"] is None) for one in found]

    assert [("sato", "hana", True)] == unread()
    client(config, "ack", "sato", "--by", "hana")
    assert [] == unread()
    write_file(config, "\n[targets]\nanswer_rate = 98\n")
    assert [("sato", "hana", False)] == unread()
    for stranger in ("taro", "guest", "nobody"):
        asked = ["client", "ack", "sato", "--by", stranger, "--config", str(config)]
        assert isinstance(CliRunner().invoke(program("client"), asked).exception, UsageError)
