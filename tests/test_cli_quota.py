"""``sipbot quota``, as people and programs see it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sipbot.cli import program
from sipbot.cli_quota import count, render
from sipbot.dialplan import load_all
from sipbot.errors import LedgerError, UsageError
from sipbot.last_good import APPLIED_FOLDER, LastGood
from sipbot.ledger import Ledger
from sipbot.quota import Month
from sipbot.records import EndState
from tests import quotas
from tests.test_quota import fill

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YEAR_S_EVE = datetime(2026, 12, 31, 20, tzinfo=UTC)
"""It is January in Tokyo and December in New York."""


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder with settings, clients and a ledger, but no running sipbot."""
    dialplans = tmp_path / "dialplans"
    quotas.write(dialplans, "sato", "calls_per_month = 5")
    quotas.write(dialplans, "kita", "calls_per_month = 4")
    quotas.write(dialplans, "york", "calls_per_month = 100", tz="America/New_York")
    quotas.write(dialplans, "free")
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    (tmp_path / "var").mkdir()
    december, january = (datetime(2026, 12, 31, hour, tzinfo=UTC) for hour in (12, 16))
    async with Ledger.open(tmp_path / "var" / "sipbot.sqlite3") as ledger:
        for client, at, number in (
            ("sato", january, 2),
            ("sato", december, 5),
            ("kita", january, 4),
            ("york", january, 7),
            ("free", january, 3),
        ):
            await fill(ledger, [(client, at, EndState.NO_MESSAGE, None)] * number)
    return tmp_path


def counted(folder: Path, month: Month | None = None) -> list[tuple[str, str, int, int | None]]:
    plans = load_all(folder / "dialplans", "JP").all
    found = count(folder / "var" / "sipbot.sqlite3", plans, month, NEW_YEAR_S_EVE)
    return [(one.client, one.month, one.used, one.percent) for one in found]


def test_each_client_has_the_month_of_its_own_zone_the_most_used_first(folder: Path) -> None:
    assert [
        ("kita", "2027-01", 4, 100),
        ("sato", "2027-01", 2, 40),
        ("york", "2026-12", 7, 7),
        ("free", "2027-01", 3, None),
    ] == counted(folder)


def test_month_that_is_asked_for_is_counted_for_everybody(folder: Path) -> None:
    assert [
        ("sato", "2026-12", 5, 100),
        ("york", "2026-12", 7, 7),
        ("kita", "2026-12", 0, 0),
        ("free", "2026-12", 0, None),
    ] == counted(folder, Month(2026, 12))


def test_one_client_is_counted_as_json_without_a_running_sipbot(folder: Path) -> None:
    words = ["quota", "sato", "--month", "2026-12", "--json", "--config"]
    result = CliRunner().invoke(program(), [*words, str(folder / "config.toml")])
    assert 0 == result.exit_code
    assert [
        {
            "client": "sato",
            "month": "2026-12",
            "used": 5,
            "limit": 5,
            "percent": 100,
            "level": "used_up",
        }
    ] == json.loads(result.stdout)


def test_table_says_what_is_left_and_that_a_client_has_no_quota(folder: Path) -> None:
    plans = load_all(folder / "dialplans", "JP").all
    found = count(folder / "var" / "sipbot.sqlite3", plans, None, NEW_YEAR_S_EVE)
    console = Console(width=80)
    with console.capture() as shown:
        console.print(render(found))
    lines = [line.split() for line in shown.get().splitlines()]
    assert ["client", "month", "used", "limit", "left", "%"] in lines
    assert ["sato", "2027-01", "2", "5", "3", "40"] in lines
    assert ["free", "2027-01", "3", "none"] in lines


@pytest.mark.parametrize("month", ["november", "2026-13", "2026/11"])
def test_month_that_is_none_is_refused_with_an_example(folder: Path, month: str) -> None:
    words = ["quota", "--month", month, "--config", str(folder / "config.toml")]
    result = CliRunner().invoke(program(), words)
    assert isinstance(result.exception, UsageError)
    assert f"--month {month}: is no month. Write year and month such as 2026-11" == str(
        result.exception
    )


def test_folder_without_a_ledger_is_said_to_have_none(folder: Path) -> None:
    plans = load_all(folder / "dialplans", "JP").all
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        count(folder / "nowhere.sqlite3", plans, None, NEW_YEAR_S_EVE)


@pytest.mark.parametrize("client", [[], ["york"]])
def test_broken_file_of_one_client_does_not_hide_the_figures(
    folder: Path, client: list[str]
) -> None:
    files = sorted((folder / "dialplans").glob("*.toml"))
    kept = LastGood(folder / "var" / APPLIED_FOLDER)
    kept.keep({path.stem: path.read_text("utf-8") for path in files})
    (folder / "dialplans" / "sato.toml").write_text("schema = ", encoding="utf-8")

    words = ["quota", *client, "--month", "2026-12", "--json", "--config"]
    result = CliRunner().invoke(program(), [*words, str(folder / "config.toml")])

    assert 0 == result.exit_code
    assert "sato.toml:1" in result.stderr
    uses = {one["client"]: one["used"] for one in json.loads(result.stdout)}
    everybody = {"sato": 5, "york": 7, "kita": 0, "free": 0}
    assert {name: everybody[name] for name in client or everybody} == uses
