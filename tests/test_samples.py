"""The sample clients are fit to be copied: they are right, their tests pass and notice a slip."""

from datetime import date
from pathlib import Path

import pytest

from sipbot.demo import CLIENT, can_take_the_call
from sipbot.dialplan import load_all
from sipbot.dialplan_mutation import mutants
from sipbot.dialplan_tests import mistakes_of, place_call, run_tests
from sipbot.plan import Dialplan
from sipbot.simulation import lines
from sipbot.topics import SiteState

REGION = "JP"
START = date(2026, 12, 1)
"""Where moments that make a difference are looked for; before every single day of the samples."""
PLANS = {
    plan.client: plan for plan in load_all(Path(__file__).parents[1] / "dialplans", REGION).all
}
LANGUAGES = {
    "hanbit": "ko",
    "harbor-books": "en",
    "hidamari": "ja",
    "northgate": "en",
    "wakaba-law": "ja",
    "yamato": "ja",
}
BOUNDARIES = {"hanbit": 12, "harbor-books": 16, "hidamari": 12, "northgate": 12, "wakaba-law": 12}
"""Opening times that can be moved by a minute, forwards and backwards; all were noticed."""

every_sample = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def test_samples_are_in_three_languages_and_share_no_number() -> None:
    assert LANGUAGES == {client: plan.language for client, plan in PLANS.items()}


@every_sample
def test_sample_has_nothing_to_warn_of(plan: Dialplan) -> None:
    assert () == plan.warnings


@every_sample
def test_tests_of_the_sample_pass(plan: Dialplan) -> None:
    results = run_tests(plan, REGION)

    assert results
    assert [] == [str(mistake) for mistake in mistakes_of(plan, results)]


@every_sample
def test_every_step_of_the_sample_is_taken_by_one_of_its_tests(plan: Dialplan) -> None:
    taken = {step for trial in plan.form.test for step in trial.expect.steps or ()}

    assert [] == sorted(set(plan.form.step) - taken)


@pytest.mark.parametrize(("client", "boundaries"), BOUNDARIES.items())
def test_opening_time_of_a_sample_moved_by_a_minute_is_noticed(
    client: str, boundaries: int
) -> None:
    found = mutants(PLANS[client], REGION, START)

    assert (boundaries, []) == (len(found), [one.test for one in found if not one.caught])


@pytest.mark.parametrize(
    ("expected", "state", "reasons"),
    [
        (True, "ready", ()),
        (True, "degraded", ("no ear for hanbit (ko)", "no ear for northgate (en)")),
        (False, "degraded", (f"no ear for {CLIENT} (ja)",)),
        (False, "degraded", ("no ear for hanbit (ko)", "the broker is not connected")),
        (False, "full", ("the disk has no room for another message",)),
    ],
)
def test_demo_waits_for_its_own_client_only(
    expected: bool, state: SiteState, reasons: tuple[str, ...]
) -> None:
    assert expected == can_take_the_call(state, reasons)


def test_simulation_of_a_keyed_number_is_one_line_in_the_marks_of_its_language() -> None:
    plan = PLANS["northgate"]

    called = place_call(plan, plan.trials[0], REGION)

    told = [line.text for line in lines(called, plan)]
    assert ["presses 2", "presses 402135", "presses 1", "presses 1", "presses 9"] == [
        text for text in told if text.startswith("presses")
    ]
    assert "“Still no mail on my telephone”" in told
