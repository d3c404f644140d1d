"""The [[test]] tables of clients' files: what comes of a call, and what is said of a failure."""

from pathlib import Path

import pytest

from sipbot.dialplan_tests import TestResult, mistakes_of, place_call, run_tests
from tests.clients import client

TABLES = """start = "main"
[hours]
open = "Mo-Fr 09:00-18:00"
[[closure]]
name = "nenmatsu"
greeting = "new-year.wav"
[callers]
block = ["+81312340000"]
[[route]]
name = "night"
hours = ["closed"]
step = "emergency"
urgent = true
[step.main]
do = "menu"
prompt = "menu.wav"
keys = { 1 = "wish", 2 = "record" }
no_input = "menu.wav"
no_match = "menu.wav"
[step.wish]
do = "ask"
item = "wish"
prompt = "menu.wav"
no_input = "menu.wav"
[step.emergency]
do = "say"
prompt = "menu.wav"
then = "record"
"""
CALL = """[[test]]
at = {at}
from = "09012345678"
keys = "1"
says = ["山田です", "予約をお願いします"]
[test.expect]
{expect}
"""
OPEN, EVENING, NEW_YEAR = "2026-09-24T10:00:00", "2026-09-24T20:00:00", "2026-12-30T10:00:00"


def results(folder: Path, *calls: tuple[str, str]) -> list[TestResult]:
    tests = "".join(CALL.format(at=at, expect=expect) for at, expect in calls)
    return run_tests(client(folder, TABLES + tests), "JP")


RIGHT = [
    (OPEN, 'state = "open"'),
    (OPEN, 'greeting = "greeting"'),
    (OPEN, 'greeting = "open"'),
    (OPEN, 'route = ""'),
    (OPEN, 'steps = ["main", "wish", "record"]'),
    (OPEN, 'outcome = "memo"'),
    (OPEN, "urgent = false"),
    (EVENING, 'state = "closed"'),
    (EVENING, 'greeting = "after_hours"'),
    (EVENING, 'route = "night"'),
    (EVENING, 'steps = ["emergency", "record"]'),
    (EVENING, "urgent = true"),
    (NEW_YEAR, 'state = "closure"'),
    (NEW_YEAR, 'state = "nenmatsu"'),
    (NEW_YEAR, 'greeting = "nenmatsu"'),
    (NEW_YEAR, 'greeting = "new-year"'),
]
WRONG = [
    (OPEN, 'state = "closed"', '"closed"', "open (weekly hours)"),
    (NEW_YEAR, 'state = "holiday"', '"holiday"', "closed (closure nenmatsu)"),
    (OPEN, 'route = "night"', '"night"', '""'),
    (EVENING, 'greeting = "open"', '"open"', '"closed" (because of after_hours)'),
    (OPEN, 'steps = ["main"]', '["main"]', '["main", "wish", "record"]'),
    (OPEN, 'outcome = "no_message"', '"no_message"', '"memo"'),
    (OPEN, "urgent = true", "true", "false"),
]


@pytest.mark.parametrize(("at", "expect"), RIGHT)
def test_a_call_that_goes_as_expected_passes(tmp_path: Path, at: str, expect: str) -> None:
    (result,) = results(tmp_path, (at, expect))

    assert () == result.misses


@pytest.mark.parametrize(("at", "expect", "expected", "found"), WRONG)
def test_a_call_that_goes_otherwise_says_what_was_expected_and_found(
    tmp_path: Path, at: str, expect: str, expected: str, found: str
) -> None:
    (result,) = results(tmp_path, (at, expect))

    (miss,) = result.misses
    assert (expect.partition(" ")[0], expected, found) == (miss.key, miss.expected, miss.found)


def test_results_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = results(tmp_path, (OPEN, 'state = "open"'), (OPEN, 'state = "closed"'))

    assert [(0, True), (1, False)] == [(result.index, result.ok) for result in found]


def test_a_failed_test_is_a_mistake_at_the_line_of_what_it_expects(tmp_path: Path) -> None:
    calls = [(OPEN, 'state = "open"'), (OPEN, 'outcome = "memo"\nstate = "closed"')]
    text = TABLES + "".join(CALL.format(at=at, expect=expect) for at, expect in calls)
    plan = client(tmp_path, text)

    (mistake,) = mistakes_of(plan, run_tests(plan, "JP"))

    lines = plan.path.read_text(encoding="utf-8").splitlines()
    assert 'state = "closed"' == lines[mistake.line - 1]
    assert ("test[1].expect.state", '"closed"') == (mistake.key, mistake.value)
    assert "found is open (weekly hours)" in mistake.problem


def test_a_file_that_passes_has_no_mistakes(tmp_path: Path) -> None:
    plan = client(tmp_path, TABLES + CALL.format(at=OPEN, expect='state = "open"'))

    assert [] == mistakes_of(plan, run_tests(plan, "JP"))


def test_a_blocked_caller_is_refused_and_takes_no_step(tmp_path: Path) -> None:
    test = '[[test]]\nat = 2026-09-24T10:00:00\nfrom = "0312340000"\nexpect = { %s }\n'
    plan = client(tmp_path, TABLES + test % 'outcome = "refused_blocked", steps = []')

    (result,) = run_tests(plan, "JP")

    assert result.ok


def test_a_refused_call_has_no_greeting(tmp_path: Path) -> None:
    test = '[[test]]\nat = 2026-09-24T10:00:00\nfrom = "0312340000"\nexpect = { %s }\n'
    plan = client(tmp_path, TABLES + test % 'greeting = "greeting"')

    (result,) = run_tests(plan, "JP")

    assert "none: the call is refused" == result.misses[0].found


def test_a_call_can_be_placed_for_its_own_sake(tmp_path: Path) -> None:
    plan = client(tmp_path, TABLES + CALL.format(at=OPEN, expect=""))

    called = place_call(plan, plan.trials[0], "JP", hang_up_after=1)

    assert ("main", "wish") == called.rehearsal.visited
