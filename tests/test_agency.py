"""Every figure of a simulated agency is what plain SQL makes of the definitions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sipbot.kpi import figures
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.quota import Month, ask
from sipbot.records import EndState
from sipbot.report.months import statement_of
from sipbot.what_if import NOTHING_CHANGED, Replayed, facts_if, rehoured, replay, taken_if
from tests import kpi_independent
from tests.agency import UNTIL, Agency, small

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OCTOBER = Month(2026, 10)
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
            file = agency.folder / "dialplans" / f"{plan.client}.toml"
            theirs = kpi_independent.figures(agency.ledger, file, span.since, span.until, now)
            assert {key: value for key, (value, _) in theirs.items()} == pytest.approx(
                ours, abs=1e-6
            )
            divided = {key: n for key, (_, n) in theirs.items() if n is not None}
            assert divided == {key: made[key].n for key in divided}
            judged = {key: one.met for key, one in made.values.items() if one.target is not None}
            assert kpi_independent.met(agency.ledger, file, span.until, theirs) == judged


def test_statement_of_every_client_costs_what_its_independent_recomputation_says(
    agency: Agency,
) -> None:
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        for plan in agency.plans:
            asked = ask(plan, OCTOBER)
            made = statement_of(ledger, plan, OCTOBER, NOW)
            file = agency.folder / "dialplans" / f"{plan.client}.toml"
            theirs = kpi_independent.figures(agency.ledger, file, asked.since, asked.until, NOW)
            total = kpi_independent.total(agency.ledger, file, asked.until, theirs)
            assert made.cost is not None
            assert (total, theirs["quota_used"][0], theirs["quota_over"][0]) == (
                made.cost.total,
                made.counted,
                made.over,
            )


def test_simulated_agency_shows_every_figure_of_some_client(agency: Agency) -> None:
    """Figures that nobody has could be wrong without anybody's seeing it."""
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        made = [ledger.figures(plan, PERIODS["everything"], NOW) for plan in agency.plans]
    assert [] == [key for key in BY_KEY if all(not one[key].value for one in made)]


def test_replay_with_the_lines_there_were_agrees_with_the_ledger(agency: Agency) -> None:
    span = PERIODS["everything"]
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        held = ledger.on_lines(span)
        assert any(one.state is EndState.REFUSED_CAPACITY for one in held)
        assert Replayed() == replay(held, 1)
        for plan in agency.plans:
            taken = ledger.taken(plan.client, span)
            assert taken == taken_if(taken, replay(held, 1))


def test_replay_of_a_whole_month_with_nothing_changed_has_the_figures_of_the_ledger(
    agency: Agency,
) -> None:
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        for plan in agency.plans:
            asked = ask(plan, OCTOBER)
            span = Span(since=asked.since, until=asked.until)
            facts = ledger.facts(plan, span)
            same = facts_if(facts, replay(ledger.on_lines(span), 1), facts.terms.calls_per_month)
            assert figures(facts, NOW) == figures(same, NOW)


def test_replay_with_many_lines_refuses_nobody(agency: Agency) -> None:
    span = PERIODS["everything"]
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        held = ledger.on_lines(span)
        facts = [ledger.facts(plan, span) for plan in agency.plans]
    many = [figures(facts_if(one, replay(held, 50), None), NOW) for one in facts]
    assert [0, 0, 0] == [one.missed["refused_capacity"] for one in many]
    found_busy = sum(one.state is EndState.REFUSED_CAPACITY for one in held)
    assert found_busy == len(replay(held, 50).let_in)


def test_calls_that_would_meet_an_open_client_go_as_calls_that_met_one(agency: Agency) -> None:
    plan, asked = agency.plans[0], ask(agency.plans[0], OCTOBER)
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        facts = ledger.facts(plan, Span(since=asked.since, until=asked.until))
    moved = rehoured(facts.calls, lambda at: plan.hours.at(at).open, lambda _: True, plan.hours.tz)
    by_id = {one.call: one for one in facts.calls}
    met = {plan.hours.at(by_id[other].received_at).open for other in moved.goes_as.values()}
    assert ({True}, moved.opened, 0) == (met, len(moved.goes_as), moved.closed)
    would = facts_if(facts, Replayed(), None, moved)
    changed = {one.call: one for one in would.calls if one != by_id[one.call]}
    assert set(moved.goes_as) >= set(changed) > set()
    assert all(one.state is by_id[moved.goes_as[call]].state for call, one in changed.items())


def test_other_hours_that_are_the_same_change_nothing(agency: Agency) -> None:
    plan, asked = agency.plans[0], ask(agency.plans[0], OCTOBER)
    with ReadOnlyLedger.open(agency.ledger) as ledger:
        facts = ledger.facts(plan, Span(since=asked.since, until=asked.until))
    same = rehoured(
        facts.calls,
        lambda at: plan.hours.at(at).open,
        lambda at: plan.hours.at(at).open,
        plan.hours.tz,
    )
    assert NOTHING_CHANGED == same


def test_same_seed_makes_the_same_calls(agency: Agency, tmp_path: Path) -> None:
    other = small(tmp_path / "again")
    with ReadOnlyLedger.open(agency.ledger) as first, ReadOnlyLedger.open(other.ledger) as second:
        assert first.taken("client-01", PERIODS["everything"]) == second.taken(
            "client-01", PERIODS["everything"]
        )
