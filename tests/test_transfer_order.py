"""A transfer after questions is told of: a connected call has no memo."""

import pytest

from sipbot import steps
from sipbot.steps import Step
from sipbot.transfer_order import after_answers

BOSS = steps.Transfer(name="boss", to="100", otherwise="name")


@pytest.mark.parametrize(
    "before",
    [
        steps.Ask(name="name", item="name", then="main"),
        steps.Digits(name="name", then="main"),
        steps.Record(name="name", then="main"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_transfer_that_an_answer_leads_to_is_named_through_any_step(before: Step) -> None:
    menu = steps.Menu(name="main", keys={"1": "boss"})

    assert ["boss"] == after_answers({"name": before, "main": menu, "boss": BOSS})


def test_transfer_before_all_questions_is_not_named() -> None:
    menu = steps.Menu(name="main", keys={"1": "boss"})
    asked = steps.Ask(name="name", item="name", then="record")

    assert [] == after_answers({"main": menu, "boss": BOSS, "name": asked})
