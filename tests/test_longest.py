"""How much of a call can be recorded: every take and every answer, in one file."""

from sipbot import steps
from sipbot.longest import longest_s
from sipbot.steps import Step


def record(name: str, max_s: float, *, review: bool = False, then: str = "end") -> steps.Record:
    limits = steps.Limits(max_s=max_s)
    asked = (steps.Prompt(name="review", wav=""),) if review else ()
    return steps.Record(
        name=name, limits=limits, review=asked, review_timeout_s=5.0, tries=3, then=then
    )


def ask(name: str, then: str) -> steps.Ask:
    return steps.Ask(name=name, item=name, limits=steps.Limits(max_s=30.0), tries=2, then=then)


def of(*made: Step) -> float:
    return longest_s({step.name: step for step in made})


def test_longest_of_the_record_steps_counts() -> None:
    assert 1800.0 == of(record("record", 180.0), record("long", 1800.0))


def test_message_that_may_be_recorded_again_counts_every_take_and_wait() -> None:
    assert 3 * (180.0 + 5.0) == of(record("record", 180.0, review=True))


def test_whatever_a_caller_is_asked_on_the_way_is_in_the_same_recording() -> None:
    made: tuple[Step, ...] = (
        steps.Menu(name="main", keys={"1": "name"}, timeout_s=5.0, tries=3),
        ask("name", "number"),
        steps.Digits(name="number", most=15, timeout_s=6.0, tries=3, read_back=True, then="record"),
        record("record", 180.0, then="survey"),
        steps.Survey(name="survey", kind="csat", timeout_s=5.0),
    )
    assert 3 * 5.0 + 2 * 30.0 + 3 * 17 * 6.0 + 180.0 + 5.0 == of(*made)


def test_of_two_ways_the_longer_counts() -> None:
    menu = steps.Menu(name="main", keys={"1": "name", "2": "record"}, timeout_s=5.0, tries=1)
    assert 5.0 + 60.0 + 180.0 == of(record("record", 180.0), ask("name", "record"), menu)


def test_way_back_to_a_menu_comes_to_an_end() -> None:
    menu = steps.Menu(name="main", keys={"1": "name"}, timeout_s=5.0, tries=1)
    assert 5.0 + 180.0 <= of(menu, ask("name", "main"), record("record", 180.0))
