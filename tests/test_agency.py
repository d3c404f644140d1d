"""Every figure of a simulated agency is what plain SQL makes of the definitions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from tests import kpi_independent
from tests.agency import UNTIL, Agency, small

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PERIODS = {
    "everything": Span(since=UNTIL - timedelta(days=14), until=UNTIL),
    "a_week": Span(since=UNTIL - timedelta(days=12), until=UNTIL - timedelta(days=5)),
    "seven_days_not_over": Span(since=UNTIL - timedelta(days=3), until=UNTIL),
}


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Agency:
    return small(tmp_path_factory.mktemp("agency"))


@pytest.mark.parametrize("period", PERIODS)
def test_every_figure_of_every_client_equals_its_independent_recomputation(
    agency: Agency, period: str
) -> None:
    span = PERIODS[period]
    now = span.until + timedelta(days=2) if period == "seven_days_not_over" else NOW
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        for plan in agency.plans:
            made = ledger.figures(plan, span, now)
            ours = {key: made[key].value for key in BY_KEY}
            ours |= {f"missed_{kind}": float(number) for kind, number in made.missed.items()}
            theirs = kpi_independent.figures(
                agency.ledger, plan.client, plan.hours.tz.key, span.since, span.until, now
            )
            assert theirs == pytest.approx(ours, abs=1e-6)


def test_simulated_agency_shows_every_figure_of_some_client(agency: Agency) -> None:
    """Figures that nobody has could be wrong without anybody's seeing it."""
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        made = [ledger.figures(plan, PERIODS["everything"], NOW) for plan in agency.plans]
    assert [] == [key for key in BY_KEY if all(not one[key].value for one in made)]


def test_same_seed_makes_the_same_calls(agency: Agency, tmp_path: Path) -> None:
    other = small(tmp_path / "again")
    with ReadOnlyLedger.open(agency.ledger) as first, ReadOnlyLedger.open(other.ledger) as second:
        assert first.taken("client-01", PERIODS["everything"]) == second.taken(
            "client-01", PERIODS["everything"]
        )
