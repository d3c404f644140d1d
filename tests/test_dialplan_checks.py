"""What can be seen in the steps of a client before anybody calls."""

from pathlib import Path

import pytest

from sipbot.dialplan_checks import urgent_in_vain
from sipbot.steps import END, RECORD, Record, Say, Step
from tests.clients import client
from tests.courses import prompt

URGENT = (prompt("builtin:en/urgent"), prompt("builtin:en/wish"))


@pytest.mark.parametrize(
    ("expected", "step"),
    [
        (["s"], Say(name="s", prompts=URGENT, then=RECORD)),
        (["s"], Record(name="s", prompts=URGENT)),
        (["s"], Record(name="s", prompts=URGENT, urgent_key="0")),
        ([], Record(name="s", prompts=URGENT, urgent_key="*")),
        ([], Say(name="s", prompts=(prompt("urgent.wav"),), then=END)),
    ],
)
def test_urgent_prompt_where_the_star_marks_nothing_is_noticed(
    expected: list[str], step: Step
) -> None:
    assert expected == urgent_in_vain({"s": step})


@pytest.mark.parametrize(
    ("expected", "key"), [(["step.record.prompt"], ""), ([], 'urgent_key = "*"\n')]
)
def test_check_warns_of_a_star_key_that_callers_are_told_of_in_vain(
    tmp_path: Path, expected: list[str], key: str
) -> None:
    step = '[step.record]\ndo = "record"\nprompt = ["builtin:ja/urgent", "builtin:ja/wish"]\n'

    assert expected == [one.key for one in client(tmp_path, step + key).warnings]
