"""Surveys: who was asked is known also of callers who do not answer, and nobody misses a favour."""

from pathlib import Path

import pytest

from sipbot.dialplan_tests import place_call
from sipbot.memo_answers import Asked, missing
from sipbot.plan import Trial
from tests.clients import client

SURVEY = """
[step.take]
do = "record"
then = "rate"

[step.rate]
do = "survey"
kind = "csat"

[[test]]
at = 2026-09-22T10:00:00
expect = {}

[[route]]
name = "all"
step = "take"
"""


@pytest.mark.parametrize(("keys", "answers"), [("-5", {"csat": "5"}), ("--", {}), ("-9", {})])
def test_caller_who_comes_to_the_survey_was_asked_whatever_is_pressed(
    tmp_path: Path, keys: str, answers: dict[str, str]
) -> None:
    plan = client(tmp_path, SURVEY)
    trial: Trial = plan.trials[0]
    said = Trial(
        at=trial.at,
        caller=trial.caller,
        number=trial.number,
        keys=keys,
        says=("メッセージです",),
        expect=trial.expect,
    )
    rehearsal = place_call(plan, said, "JP").rehearsal
    assert (("csat",), answers) == (rehearsal.asked, rehearsal.answers)


def test_survey_without_answer_is_not_missing_in_the_message() -> None:
    asked = (Asked(item="csat"), Asked(item="name"))
    assert ("name",) == missing(asked, {})
