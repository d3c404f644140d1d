"""How many lines are in use: callers' and those that sipbot calls itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sipbot.gauges import Gauges, Parts


def gauges(callers: int, calls_out: int) -> Gauges:
    """Gauges of a site with one agent; only what counts lines is there."""
    calls = {str(n): SimpleNamespace(on_the_line=True) for n in range(callers)}
    parts: dict[str, Any] = dict.fromkeys(Parts.__struct_fields__)
    parts |= {
        "var": Path(),
        "agents": [SimpleNamespace(lines=4)],
        "switchboard": SimpleNamespace(calls=calls),
        "calls_out": SimpleNamespace(lines=calls_out),
    }
    return Gauges(Parts(**parts))


@pytest.mark.parametrize(
    ("in_use", "callers", "calls_out"), [(0, 0, 0), (3, 1, 2), (4, 1, 3), (4, 4, 2)]
)
def test_lines_of_calls_that_sipbot_places_are_in_use_too(
    in_use: int, callers: int, calls_out: int
) -> None:
    assert in_use == gauges(callers, calls_out).lines_in_use
