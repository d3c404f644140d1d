"""How many lines a machine carried, as its benchmark says."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.carried import COMPLETE, Level, carried, decode
from sipbot.errors import UsageError


def level(lines: int, who: str = "sipbot", **other: Any) -> Level:
    """A level at which everything went well, but for what is said otherwise."""
    good = {"answered": lines, "answer_ms_p99": 90.0, "complete_min": 1.0, "load": 0.1}
    return msgspec.convert({"who": who, "lines": lines, **good, **other}, Level)


def test_all_levels_were_good_so_the_largest_is_carried() -> None:
    (one,) = carried([level(4), level(40), level(20)])
    assert (40, None) == (one.lines, one.failed)


@pytest.mark.parametrize(
    "bad",
    [
        {"answered": 39},
        {"answer_ms_p99": 500.1},
        {"answer_ms_p99": None},
        {"complete_min": COMPLETE - 0.001},
        {"complete_min": None},
    ],
)
def test_what_a_caller_notices_is_not_carried(bad: dict[str, Any]) -> None:
    (one,) = carried([level(20), level(40, **bad)])
    assert (20, 40) == (one.lines, one.failed)


def test_level_above_one_that_failed_does_not_count() -> None:
    (one,) = carried([level(4), level(20, answered=19), level(40)])
    assert (4, 20) == (one.lines, one.failed)


def test_nothing_is_carried_when_the_smallest_failed() -> None:
    (one,) = carried([level(1, answered=0)])
    assert (None, 1) == (one.lines, one.failed)


def test_yardstick_is_not_somebody_who_carries_calls() -> None:
    assert [] == carried([level(4, "bare")])


def test_forms_of_sipbot_are_told_apart() -> None:
    found = carried([level(4), level(4, "sipbot, ears on", answered=3)])
    assert [("sipbot", 4), ("sipbot, ears on", None)] == [(one.who, one.lines) for one in found]


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=1))
def test_carried_is_below_what_failed(runs: list[tuple[int, bool]]) -> None:
    (one,) = carried([level(lines, answered=lines if well else 0) for lines, well in runs])
    assert (one.lines or 0) < (one.failed or 401)


def test_file_of_the_benchmark_is_understood_though_it_says_more() -> None:
    began_at = datetime(2026, 1, 2, tzinfo=UTC)
    more = {"speech_s": 30.0, "levels": [msgspec.to_builtins(level(4)) | {"recordings": 4}]}
    machine = {"processor": "P", "cores": 2, "system": "Linux"}
    text = msgspec.json.encode({"began_at": began_at, "machine": machine, **more})
    assert level(4) == decode(text, "a.json").levels[0]


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b"[1]"])
def test_other_file_is_refused_with_its_name_and_the_remedy(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"a\.json: .*make bench-lines"):
        decode(text, "a.json")


def test_file_without_a_level_is_refused() -> None:
    text = b'{"began_at":"2026-01-02T00:00:00Z","machine":{"processor":"P","cores":2},"levels":[]}'
    with pytest.raises(UsageError, match="no level was measured"):
        decode(text, "a.json")
