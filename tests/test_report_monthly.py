"""The monthly statement: what counts, what is over, what it costs, and how it is handed out."""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from sipbot.cli import program
from sipbot.dialplan import load_all
from sipbot.errors import UsageError
from sipbot.ledger import Ledger
from sipbot.price_form import PriceForm
from sipbot.quota import Ask
from sipbot.records import EndState
from sipbot.report.statement import Item, Taken, itemised, sum_of, unit
from sipbot.report.words import Say
from tests import quotas
from tests.test_quota import fill

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
ASK = Ask(
    client="sato",
    since=OCTOBER,
    until=datetime(2026, 11, 1, tzinfo=UTC),
    counts=(EndState.MEMO, EndState.NO_MESSAGE),
    exclude=("sales",),
)
YEN = PriceForm(currency="JPY", monthly="15000", call="12.5", over="180", tax="10")


def a_call(minute: int, state: EndState = EndState.MEMO, category: str | None = None) -> Taken:
    at = OCTOBER + timedelta(minutes=minute)
    return Taken(
        call=f"call-{minute}",
        at=at,
        caller="+819012345678",
        number="sato",
        answered_at=at,
        ended_at=at + timedelta(seconds=40),
        state=state,
        memo=None,
        category=category,
        status=None,
    )


def prices(items: Sequence[Item]) -> list[Decimal | None]:
    return [one.price for one in items]


def test_calls_beyond_the_quota_cost_the_price_of_those_beyond_it() -> None:
    items = itemised([a_call(2), a_call(0), a_call(1)], ASK, 2, YEN)
    assert [Decimal("12.5"), Decimal("12.5"), Decimal(180)] == prices(items)
    assert ["call-0", "call-1", "call-2"] == [one.call.call for one in items]


def test_call_that_does_not_count_is_listed_without_a_price() -> None:
    calls = [a_call(0, EndState.REFUSED_BLOCKED), a_call(1, category="sales"), a_call(2)]
    assert [None, None, 1] == [one.counted for one in itemised(calls, ASK, 1, YEN)]


def test_client_without_a_quota_has_nothing_over() -> None:
    items = itemised([a_call(minute) for minute in range(9)], ASK, None, YEN)
    assert [False] * 9 == [one.over for one in items]


def test_tax_is_rounded_down_once_for_the_whole_statement() -> None:
    cost = sum_of(itemised([a_call(minute) for minute in range(3)], ASK, 2, YEN), YEN)
    assert (Decimal("15205.0"), Decimal(1520)) == (cost.net, cost.tax)
    assert Decimal("16725.0") == cost.total


def test_price_with_cents_is_exact_where_binary_fractions_are_not() -> None:
    cents = PriceForm(currency="EUR", over="0.1")
    items = itemised([a_call(minute) for minute in range(30)], ASK, 0, cents)
    assert Decimal("3.0") == sum_of(items, cents).total


@given(states=st.lists(st.sampled_from(EndState)), included=st.none() | st.integers(0, 9))
def test_sum_is_what_the_lines_add_up_to(states: list[EndState], included: int | None) -> None:
    calls = [a_call(minute, state) for minute, state in enumerate(states)]
    items = itemised(calls, ASK, included, YEN)
    cost = sum_of(items, YEN)
    assert len(calls) == len(items)
    assert cost.calls + cost.over == sum((one.price or Decimal() for one in items), Decimal())
    assert cost.net == cost.monthly_fee + cost.calls + cost.over
    assert cost.total == (cost.net + cost.tax).to_integral_value(ROUND_DOWN)


def test_total_is_an_amount_that_can_be_paid() -> None:
    cost = sum_of(itemised([a_call(0)], ASK, 2, YEN), YEN)
    assert (Decimal("15012.5"), Decimal(16513)) == (cost.net, cost.total)


def test_currency_of_no_smaller_unit_has_whole_amounts() -> None:
    assert [Decimal(1)] * 3 == [unit(one) for one in ("JPY", "VUV", "RWF")]


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """Settings of a site with one client and its October, where sipbot does not run."""
    quotas.write(tmp_path / "dialplans", "sato", "calls_per_month = 2")
    with (tmp_path / "dialplans" / "sato.toml").open("a", encoding="utf-8") as file:
        file.write('\n[price]\ncurrency = "JPY"\nmonthly = "15000"\nover = "180"\ntax = "10"\n')
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    (tmp_path / "var").mkdir()
    async with Ledger.open(tmp_path / "var" / "sipbot.sqlite3") as ledger:
        times = [OCTOBER + timedelta(days=day) for day in range(4)]
        ends = [EndState.NO_MESSAGE] * 3 + [EndState.ABANDONED_GREETING]
        await fill(ledger, [("sato", at, end, None) for at, end in zip(times, ends, strict=True)])
    return tmp_path / "config.toml"


def made(config: Path, *words: str) -> str:
    asked = ["report", "monthly", "sato", "--month", "2026-10", "--config", str(config), *words]
    result = CliRunner().invoke(program(), asked)
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_every_call_of_the_month_is_itemised_and_the_one_over_is_charged(config: Path) -> None:
    found = json.loads(made(config, "--format", "json"))
    assert [(1, False), (2, False), (3, True), (None, False)] == [
        (one["counted"], one["over"]) for one in found["items"]
    ]
    assert ("180", "15180", "1518", "16698") == tuple(
        found["cost"][name] for name in ("over", "net", "tax", "total")
    )


def test_csv_has_the_same_sums_as_json(config: Path) -> None:
    rows = list(csv.reader(io.StringIO(made(config, "--format", "csv").removeprefix("\ufeff"))))
    assert ["total", "16698"] in rows


@pytest.mark.parametrize(
    ("language", "word"), [("ja", "コールオーバー料金（1件 180 JPY）"), ("en", "16,698 JPY")]
)
def test_page_says_what_is_over_in_the_language_asked_for(
    config: Path, language: str, word: str
) -> None:
    assert word in made(config, "--language", language)


def test_page_fetches_nothing(config: Path) -> None:
    page = made(config)
    assert [] == [one for one in ("src=", "href=", "url(", "@import", "<script") if one in page]


def test_pdf_is_written_whole_beside_nothing_else(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "handed" / "statement.pdf"
    out.parent.mkdir()
    made(config, "-o", str(out))
    assert b"%PDF" == out.read_bytes()[:4]
    assert [out] == list(out.parent.iterdir())


async def agreed_then_changed(config: Path, old: str, new: str) -> str:
    """Record what the client's file promises in October, change it today; return the old hash."""
    folder = config.parent / "dialplans"
    plans = load_all(folder, "JP").all
    async with Ledger.open(config.parent / "var" / "sipbot.sqlite3") as ledger:
        await ledger.kpis.keep_terms(plans, OCTOBER)
    file = folder / "sato.toml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    return plans[0].sha256


async def test_past_month_keeps_the_price_that_was_agreed_on(config: Path) -> None:
    before = await agreed_then_changed(config, 'over = "180"', 'over = "300"')
    found = json.loads(await asyncio.to_thread(made, config, "--format", "json"))
    assert ("180", before, before) == (found["over_call"], found["dialplan"], found["priced_by"])


def test_month_whose_price_nobody_recorded_says_that_it_is_todays(config: Path) -> None:
    page = made(config, "--language", "en")
    assert "The quota is today" in page
    assert "Prices are today" in page


def what_if(config: Path, *words: str) -> Result:
    asked = ["report", "what-if", "sato", "--month", "2026-10", "--config", str(config), *words]
    return CliRunner().invoke(program(), asked)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("calls_per_month = 2", 'calls_per_month = 2\ncounts = ["memo"]'),
        ('over = "180"', 'over = "300"'),
    ],
)
async def test_what_if_nothing_changed_costs_what_the_statement_says(
    config: Path, old: str, new: str
) -> None:
    await agreed_then_changed(config, old, new)
    costs = json.loads((await asyncio.to_thread(what_if, config, "--json")).stdout)["cost"]
    assert ["16698"] * 2 == [one["total"] for one in costs]


def test_what_if_another_price_costs_otherwise(config: Path) -> None:
    costs = json.loads(what_if(config, "--json", "--over", "1180").stdout)["cost"]
    assert [("180", "16698"), ("1180", "17798")] == [(one["over"], one["total"]) for one in costs]


def test_what_if_says_the_fee_and_the_call_over_charge_of_both(config: Path) -> None:
    rows = what_if(config, "--over", "1180", "--monthly", "20000").stdout.splitlines()
    shown = {row.split("  ")[1].strip(): row.split("  ")[2:] for row in rows if "JPY" in row}
    found = {
        name: [cell.strip() for cell in cells if cell.strip()] for name, cells in shown.items()
    }
    assert ["15000 JPY", "20000 JPY"] == found["Fee of the month"]
    assert ["180 JPY", "1180 JPY"] == found["Call-over charge"]


def test_what_if_hours_are_not_in_the_notation_is_refused_with_a_remedy(config: Path) -> None:
    with pytest.raises(UsageError, match=r"^--hours Mo-Fr 9-18: .*Mo-Fr 09:00-18:00"):
        raise what_if(config, "--hours", "Mo-Fr 9-18").exception or AssertionError


def test_what_if_hours_are_the_same_says_what_the_ledger_says(config: Path) -> None:
    made = json.loads(what_if(config, "--hours", "24/7", "--json").stdout)
    assert (made["was"], made["cost"][0]) == (made["would"], made["cost"][1])


def test_call_that_nothing_shows_how_it_would_go_is_counted_as_unknown(config: Path) -> None:
    made = what_if(config, "--hours", "off", "--json")
    hours = json.loads(made.stdout)["hours"]
    assert hours["closed"] == hours["unknown"] > 0
    assert "go as they went" in what_if(config, "--hours", "off").output


@pytest.mark.parametrize("words", [("--over", "abc"), ("--monthly", "-5")])
def test_what_is_no_amount_is_refused_with_a_remedy(config: Path, words: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match=f"^{words[0]} {words[1]}: is no amount. Write a decimal"):
        raise what_if(config, *words).exception or AssertionError


def test_price_for_who_has_none_is_refused_with_a_remedy(config: Path) -> None:
    quotas.write(config.parent / "dialplans", "sato")
    with pytest.raises(UsageError, match=r"sato has no price.*\[price\]"):
        raise what_if(config, "--over", "150").exception or AssertionError


@pytest.mark.parametrize(
    ("shown", "language", "number"),
    [
        ("090-1234-5678", "ja", "+819012345678"),
        ("+1 415-555-0198", "ja", "+14155550198"),
        ("+81 90-1234-5678", "en", "+819012345678"),
        ("201", "ja", "201"),
        ("非通知", "ja", None),
    ],
)
def test_caller_is_written_as_readers_of_the_language_write_numbers(
    shown: str, language: str, number: str | None
) -> None:
    assert shown == Say(language, ZoneInfo("Asia/Tokyo")).caller(number)
