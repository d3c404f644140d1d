"""The monthly statement: what counts, what is over, what it costs, and how it is handed out."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot.cli import program
from sipbot.ledger import Ledger
from sipbot.price_form import PriceForm
from sipbot.quota import Ask
from sipbot.records import EndState
from sipbot.report.statement import Item, Taken, itemised, sum_of
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
    assert cost.total == cost.monthly_fee + cost.calls + cost.over + cost.tax


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
