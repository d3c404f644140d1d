"""How many lines the agency needs: Erlang's formula, the busiest hour, and the command."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot.capacity import LineUse, Load, expected, loads
from sipbot.cli import program
from sipbot.cli_capacity import by_history
from sipbot.erlang import blocking, likely, lines_for
from sipbot.errors import LedgerError, UsageError
from sipbot.ledger import Ledger
from sipbot.ledger_lines import STEP_ROWS
from sipbot.records import EndedBy, EndState
from tests.memo_samples import an_offer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)

erlangs = st.floats(min_value=0, max_value=200)
shares = st.floats(min_value=0.0001, max_value=1)


# -- the formula ---------------------------------------------------------------------


def directly(offered: Fraction, lines: int) -> Fraction:
    """Erlang B as it is defined: the last of the terms a^n / n! by their sum."""
    terms = [offered**n / math.factorial(n) for n in range(lines + 1)]
    return terms[-1] / sum(terms)


@given(
    offered=st.fractions(min_value=0, max_value=60, max_denominator=100), lines=st.integers(0, 60)
)
def test_blocking_by_the_recurrence_is_that_by_the_definition(
    offered: Fraction, lines: int
) -> None:
    assert pytest.approx(float(directly(offered, lines)), rel=1e-9, abs=1e-300) == blocking(
        float(offered), lines
    )


@pytest.mark.parametrize(
    ("offered", "lines", "expected_share"),
    [(0.8694, 4, 0.01), (12.03, 20, 0.01), (29.01, 40, 0.01), (0.4393, 4, 0.001)],
)
def test_blocking_is_that_of_the_printed_tables(
    offered: float, lines: int, expected_share: float
) -> None:
    assert pytest.approx(expected_share, rel=0.005) == blocking(offered, lines)


@given(offered=erlangs, lines=st.integers(0, 300))
def test_one_more_line_never_makes_more_callers_find_them_busy(offered: float, lines: int) -> None:
    assert blocking(offered, lines + 1) <= blocking(offered, lines)


@given(offered=erlangs, more=erlangs, lines=st.integers(0, 300))
def test_more_traffic_never_makes_fewer_callers_find_lines_busy(
    offered: float, more: float, lines: int
) -> None:
    assert blocking(offered, lines) <= blocking(offered + more, lines) * (1 + 1e-12)


@given(offered=erlangs, at_most=shares)
def test_lines_are_as_many_as_are_needed_and_no_more(offered: float, at_most: float) -> None:
    lines = lines_for(offered, at_most)
    assert blocking(offered, lines) <= at_most
    assert lines == 0 or blocking(offered, lines - 1) > at_most


@pytest.mark.parametrize(
    ("count", "exact"),
    [
        (0, (0.0, 3.689)),
        (1, (0.0253, 5.572)),
        (5, (1.623, 11.668)),
        (20, (12.217, 30.888)),
        (100, (81.364, 121.627)),
    ],
)
def test_likely_means_are_the_exact_limits_to_a_twentieth(
    count: int, exact: tuple[float, float]
) -> None:
    assert pytest.approx(exact, abs=0.05) == likely(count)


@given(count=st.integers(0, 10_000))
def test_what_was_counted_is_itself_likely(count: int) -> None:
    least, most = likely(count)
    assert least <= count <= most


# -- the busiest hour ----------------------------------------------------------------


def a_use(
    minute: float, seconds: float | None, client: str | None = "sato", state: str = "memo"
) -> LineUse:
    """A call so many minutes after noon; without seconds it still lasts."""
    at = NOON + timedelta(minutes=minute)
    return LineUse(
        client=client,
        received_at=at,
        answered_at=at,
        ended_at=None if seconds is None else at + timedelta(seconds=seconds),
        state=None if seconds is None else EndState(state),
    )


def together(uses: Sequence[LineUse], lines: int = 4) -> Load:
    return loads(uses, lines, LATER)[0]


def test_traffic_of_an_hour_is_the_lines_that_were_busy_on_average() -> None:
    assert 1.0 == together([a_use(minute, 60) for minute in range(60)]).hour.carried_erlang


def test_busiest_hour_may_begin_at_any_quarter() -> None:
    quiet = [a_use(minute, 60) for minute in range(0, 240, 10)]
    rush = [a_use(105 + minute, 60) for minute in range(40)]
    assert NOON + timedelta(minutes=105) == together([*quiet, *rush]).hour.begins_at


def test_who_found_all_lines_busy_counts_as_one_who_would_have_stayed_like_the_others() -> None:
    served = [a_use(minute, 60) for minute in range(30)]
    refused = [a_use(40, 0, None, "refused_capacity")] * 30
    hour = together([*served, *refused]).hour
    assert (0.5, 1.0, 30) == (hour.carried_erlang, hour.offered_erlang, hour.refused)


def test_who_was_refused_for_another_reason_holds_no_line() -> None:
    assert [] == loads([a_use(0, 0, None, "refused_source")], 4, LATER)


def test_caller_who_was_connected_holds_two_lines() -> None:
    assert 2 == together([a_use(0, 60, state="transferred")]).peak


def test_call_that_lasts_holds_its_line_until_now() -> None:
    assert 24 * 3600.0 == together([a_use(0, None)]).held_s


def test_line_is_free_for_the_next_call_when_its_call_ends() -> None:
    assert 1 == together([a_use(0, 60), a_use(1, 60), a_use(2, 60)]).peak


def test_clients_are_told_the_busiest_first_and_all_together_before_them() -> None:
    uses = [a_use(0, 60, "kita"), a_use(1, 90, "sato"), a_use(2, 60, None, "failed_internal")]
    assert [None, "sato", "kita"] == [load.client for load in loads(uses, 4, LATER)]


@given(
    st.lists(
        st.builds(
            a_use,
            st.floats(0, 300),
            st.floats(0, 7200),
            st.sampled_from(["sato", "kita", None]),
            st.sampled_from([state.value for state in EndState]),
        ),
        max_size=30,
    )
)
def test_clients_together_hold_lines_as_long_as_all_calls_and_no_longer(
    uses: list[LineUse],
) -> None:
    found = loads([use for use in uses if use.client], 4, LATER)
    whole = found[0].held_s * found[0].calls if found else 0.0
    assert pytest.approx(whole, abs=1e-6) == sum(load.held_s * load.calls for load in found[1:])


@given(st.integers(1, 2000), st.floats(1, 600))
def test_lines_by_chance_lie_around_those_of_the_figure(calls: int, held_s: float) -> None:
    for need in expected(calls, held_s, 4, NOON).needs:
        assert need.least <= need.lines <= need.most


# -- the ledger and the command ------------------------------------------------------


async def a_ledger(folder: Path, calls: int) -> Path:
    """A ledger of calls of a minute each, one beginning every half minute."""
    path = folder / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        for n in range(calls):
            at = NOON + timedelta(seconds=30 * n)
            offer = msgspec.structs.replace(an_offer(), received_at=at)
            await ledger.add_call(offer, "sato", "request-uri", "sato")
            end = at + timedelta(seconds=60)
            await ledger.end_call(offer.call, EndState.NO_MESSAGE, end, EndedBy.CALLER, 200, None)
    return path


async def test_history_is_that_of_the_days_that_are_asked_for(tmp_path: Path) -> None:
    path = await a_ledger(tmp_path, 3)
    answer = by_history(path, 1, 4, NOON + timedelta(days=1, seconds=15))
    assert (2, 60.0, 2) == (answer.loads[0].calls, answer.loads[0].held_s, answer.loads[0].peak)


async def test_history_is_read_whole_when_it_needs_several_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await a_ledger(tmp_path, 7)
    monkeypatch.setattr("sipbot.ledger_lines.STEP_ROWS", 3)
    assert 7 == by_history(path, 1, 4, LATER).loads[0].calls


def test_steps_are_short_enough_for_a_running_sipbot() -> None:
    assert STEP_ROWS <= 2_000


async def test_history_without_a_call_says_what_to_do(tmp_path: Path) -> None:
    path = await a_ledger(tmp_path, 1)
    with pytest.raises(LedgerError, match=r"in the last 1 days.*--calls-per-hour"):
        by_history(path, 1, 4, NOON + timedelta(days=3))


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text("", encoding="ascii")
    return str(path)


def test_command_answers_for_calls_that_are_expected(settings: str) -> None:
    words = ["capacity", "--calls-per-hour", "60", "--held-s", "90", "--config", settings]
    result = CliRunner().invoke(program(), [*words, "--json"])
    answer = json.loads(result.stdout)
    assert (0, 4) == (result.exit_code, answer["lines"])
    assert [6, 7] == [need["lines"] for need in answer["loads"][0]["needs"]]


def test_command_tells_people_the_lines_and_what_those_that_there_are_would_do(
    settings: str,
) -> None:
    words = ["capacity", "--calls-per-hour", "60", "--held-s", "90", "--lines", "20"]
    result = CliRunner().invoke(program(), [*words, "--config", settings])
    assert "lines for 1 caller in 100 finding them busy: 6 (by chance 5 to 7)" in result.stdout
    assert "with 20 lines 0.00% of that hour's callers find them busy" in result.stdout


async def test_command_shows_every_client_and_all_together(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    await a_ledger(tmp_path / "var", 4)
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    words = ["capacity", "--days", "36500", "--config", str(tmp_path / "config.toml")]
    result = CliRunner().invoke(program(), words)
    assert 0 == result.exit_code
    assert ["sato", "all together"] == [
        name for name in ("sato", "all together") if name in result.stdout
    ]
    assert "whichever is larger" in " ".join(result.stdout.split())


def test_command_wants_both_or_neither_of_what_is_expected(settings: str) -> None:
    result = CliRunner().invoke(
        program(), ["capacity", "--calls-per-hour", "60", "--config", settings]
    )
    assert isinstance(result.exception, UsageError)


def test_command_without_a_ledger_says_so(settings: str) -> None:
    result = CliRunner().invoke(program(), ["capacity", "--config", settings])
    assert isinstance(result.exception, LedgerError)


def results(folder: Path, *answered: int) -> str:
    """A file of the benchmark in which so many of 4 and then 40 callers were answered."""
    rows = [
        f'{{"who":"sipbot","lines":{lines},"answered":{came},"answer_ms_p99":9.0,'
        '"complete_min":1.0,"load":0.5}'
        for lines, came in zip((4, 40), answered, strict=True)
    ]
    began = '"began_at":"2026-01-02T03:04:05Z","machine":{"processor":"P","cores":2}'
    file = folder / "lines.json"
    file.write_text(f'{{{began},"levels":[{",".join(rows)}]}}', encoding="utf-8")
    return str(file)


def test_measured_machine_says_what_it_carried_and_what_was_too_much(
    settings: str, tmp_path: Path
) -> None:
    words = ["capacity", "--measured", results(tmp_path, 4, 39), "--config", settings]
    said = CliRunner().invoke(program(), words).stdout
    assert "sipbot: 4 lines, 40 were too many; load before up to 0.5\n" in said


def test_more_lines_than_were_seen_to_work_are_told(settings: str, tmp_path: Path) -> None:
    words = ["capacity", "--measured", results(tmp_path, 4, 40), "--lines", "41"]
    said = CliRunner().invoke(program(), [*words, "--config", settings]).stdout
    assert "41 lines are more than was seen to work" in said


def test_programs_read_what_was_carried(settings: str, tmp_path: Path) -> None:
    words = ["capacity", "--measured", results(tmp_path, 4, 40), "--json", "--config", settings]
    said = json.loads(CliRunner().invoke(program(), words).stdout)
    assert [40] == [one["lines"] for one in said["carried"]]
