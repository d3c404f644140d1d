"""The weekly pack: what a client is told about a week, in every form and both languages."""

import csv
import io
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot import cli_kpi
from sipbot.call_counts import by_end, by_hour
from sipbot.cli import program
from sipbot.dialplan import load_all
from sipbot.errors import UsageError
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_day import Span
from sipbot.records import EndedBy, EndState
from sipbot.report.pack import (
    BENCHMARK_CLIENTS,
    Figure,
    Pack,
    Plan,
    benchmark_of,
    missed_of,
    problems_of,
)
from sipbot.report.pictures import trend_plots
from sipbot.report.plots import Bar, Frame, columns, heat_map
from sipbot.report.statement import Taken
from sipbot.report.weekly import pack_of
from sipbot.report.weeks import Week
from sipbot.report.words import OWN, Say
from tests import quotas
from tests.memo_samples import a_memo_of, an_offer
from tests.test_quota import fill

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 11, 8, 15, tzinfo=UTC)
"""Midnight in Tokyo; 2026-W46 begins."""

FRAME = Frame(name="plot", title="<b>", desc="what is & what was")


def a_call(hours: float, state: EndState | None, caller: str | None = "+819012345678") -> Taken:
    at = MONDAY + timedelta(hours=hours)
    return Taken(
        call=f"call-{hours}",
        at=at,
        caller=caller,
        number="sato",
        answered_at=None,
        ended_at=None,
        state=state,
        memo=None,
        category=None,
        status=None,
    )


@pytest.mark.parametrize("text", ["2026-W54", "2025-W53", "2026-46", "W46", "2026-W00", ""])
def test_what_is_no_week_of_the_calendar_is_none(text: str) -> None:
    assert Week.parse(text) is None


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_week_of_a_day_holds_it_and_is_read_as_it_is_written(day: date) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=NEW_YORK)
    week = Week.of(noon, NEW_YORK)
    assert week == Week.parse(str(week))
    assert week.begins(NEW_YORK) <= noon < week.ends(NEW_YORK)
    assert week == week.before().before(-1)


def test_week_with_a_change_of_clocks_is_an_hour_longer() -> None:
    week = Week(2026, 44)
    assert timedelta(days=7, hours=1) == week.ends(NEW_YORK) - week.begins(NEW_YORK)


def test_heat_map_counts_by_the_clients_clock() -> None:
    heat = by_hour((a_call(h, EndState.MEMO).at for h in (0, 167.9)), TOKYO)
    assert (1, 1, 2) == (heat[0][0], heat[6][23], sum(map(sum, heat)))


@given(st.lists(st.none() | st.sampled_from(EndState)))
def test_ends_add_up_to_every_call(states: list[EndState | None]) -> None:
    assert len(states) == sum(by_end(states).values())


def test_missed_caller_who_called_again_is_told_with_how_that_ended() -> None:
    calls = [a_call(1, EndState.ABANDONED_GREETING), a_call(2, EndState.MEMO)]
    assert [(EndState.MEMO, True)] == [(m.later, m.known) for m in missed_of(calls, calls)]


def test_missed_call_without_a_number_says_that_nobody_can_tell() -> None:
    calls = [a_call(1, EndState.NO_MESSAGE, None), a_call(2, EndState.MEMO, None)]
    assert [(None, False)] == [(m.later, m.known) for m in missed_of(calls, calls)]


def test_call_that_the_clients_file_refuses_is_not_missed() -> None:
    assert () == missed_of([a_call(1, EndState.REFUSED_BLOCKED)], [])


def test_median_of_too_few_clients_is_not_shown() -> None:
    values = [float(n) for n in range(BENCHMARK_CLIENTS)]
    assert benchmark_of([*values[:-1], None]) is None
    assert 2.0 == benchmark_of(values)


@given(
    st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=8),
    st.none() | st.floats(-100, 9),
)
def test_plot_of_any_series_is_well_formed_and_stays_within_its_frame(
    values: list[float | None], target: float | None
) -> None:
    bars = [Bar(label="<W>", value=one, shown=str(one)) for one in values]
    found = ET.fromstring(columns(FRAME, bars, target=target))
    boxes = [one.attrib for one in found if one.tag.endswith("rect")]
    lines = [float(one.attrib["y1"]) for one in found if one.tag.endswith("line")]
    ends = [float(one["y"]) + float(one["height"]) for one in boxes]
    assert len(boxes) == sum(bool(one) for one in values)
    assert all(0 <= at <= 150 for at in [*lines, *ends, *(float(one["y"]) for one in boxes)])


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=8),
    st.floats(0, 100),
)
def test_no_target_line_runs_through_a_number(values: list[float], target: float) -> None:
    bars = [Bar(label="", value=one, shown=f"{one:.1f}") for one in values]
    found = ET.fromstring(columns(FRAME, bars, target=target))
    *_, dashed = [float(one.attrib["y1"]) for one in found if one.tag.endswith("line")]
    stands = [float(one.attrib["y"]) for one in found if one.text and "." in one.text]
    assert [] == [y for y in stands if y - 10 <= dashed <= y]


@given(st.lists(st.integers(0, 9_999_999), min_size=8, max_size=8))
def test_numbers_above_eight_bars_do_not_touch(values: list[int]) -> None:
    bars = [Bar(label="", value=one, shown=f"{one:,}") for one in values]
    found = ET.fromstring(columns(FRAME, bars, target=None))
    numbers = [one for one in found if one.tag.endswith("}text") and one.text]
    sizes = [(one.text or "", float(one.attrib["font-size"])) for one in numbers]
    # 0.6 of its size is how wide a figure is on average, commas being narrow.
    assert max(len(words) * size * 0.6 for words, size in sizes) <= 340 / 8


def test_plot_says_its_words_to_who_cannot_see_it() -> None:
    plot = heat_map(FRAME, [[0] * 24] * 7, "abcdefg")
    assert 'role="img" aria-labelledby="plot-title plot-desc"' in plot
    assert '<title id="plot-title">&lt;b&gt;</title>' in plot


def test_both_languages_have_the_same_words_with_the_same_values() -> None:
    def values(language: str) -> dict[str, set[str]]:
        return {key: set(re.findall(r"{\w+}", str(word))) for key, word in OWN[language].items()}

    assert values("en") == values("ja")


@pytest.mark.parametrize("unit", ["percent", "s", "calls", "score"])
def test_what_was_not_measured_is_never_said_as_a_number(unit: str) -> None:
    assert ("not measured", "–") == (
        Say("en", TOKYO).number(None, unit),
        Say("en", TOKYO).bare(None, unit),
    )


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """Settings of a site with one client and its week, where sipbot does not run."""
    quotas.write(tmp_path / "dialplans", "sato", "calls_per_month = 1")
    with (tmp_path / "dialplans" / "sato.toml").open("a", encoding="utf-8") as file:
        file.write('\n[report]\ncomplaints = ["complaint"]\n')
        file.write("[targets]\nanswer_rate = 98\nfewest_calls = 2\n")
    (tmp_path / "config.toml").write_text("", encoding="ascii")
    (tmp_path / "var").mkdir()
    async with Ledger.open(tmp_path / "var" / "sipbot.sqlite3") as ledger:
        rows = [
            ("sato", MONDAY - timedelta(seconds=1), EndState.MEMO, None),
            ("sato", MONDAY, EndState.MEMO, "complaint"),
            ("sato", MONDAY + timedelta(hours=10), EndState.REFUSED_CAPACITY, None),
            ("sato", MONDAY + timedelta(days=7), EndState.MEMO, None),
        ]
        await fill(ledger, rows)
        await ledger.reviews.add_action("sato", "More <lines>", "Taro", "2026-11-01", MONDAY)
    return tmp_path / "config.toml"


def made(config: Path, *words: str) -> str:
    asked = ["report", "weekly", "sato", "--week", "2026-W46", "--config", str(config), *words]
    result = CliRunner().invoke(program(), asked)
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_pack_tells_the_week_and_nothing_of_its_neighbours(config: Path) -> None:
    found = json.loads(made(config, "--format", "json"))
    assert (2, 1, 1) == (found["received"], len(found["missed"]), len(found["complaints"]))
    figures = {one["key"]: one for one in found["figures"]}
    assert (0.0, 98.0) == (figures["answer_rate"]["value"], figures["answer_rate"]["target"])
    assert [None, None] == [figures[key]["value"] for key in ("csat", "claim_time")]
    assert {"below_target", "refused_capacity", "memos_waiting", "over_quota"} == {
        one["word"] for one in found["problems"]
    }


def test_csv_has_every_figure_of_json(config: Path) -> None:
    figures = json.loads(made(config, "--format", "json"))["figures"]
    rows = list(csv.reader(io.StringIO(made(config, "--format", "csv").removeprefix("\ufeff"))))
    told = {row[1]: row[3] for row in rows if row[0] == "figure" and row[2] == "value"}
    expected = {one["key"]: "" if one["value"] is None else str(one["value"]) for one in figures}
    assert expected == told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ["取りもれ", "拒否：空き回線なし", "計測なし"]),
        ("en", ["Missed calls", "not measured"]),
    ],
)
def test_page_is_in_the_readers_language_and_fetches_nothing(
    config: Path, language: str, words: list[str]
) -> None:
    page = made(config, "--language", language)
    assert [] == [word for word in words if word not in page]
    assert [] == [one for one in ("src=", "href=", "url(", "@import", "<script") if one in page]
    assert "More &lt;lines&gt;" in page


def pack(config: Path, week: str, now: datetime) -> Pack:
    plan = load_all(config.parent / "dialplans", "JP").all[0]
    found = Week.parse(week)
    assert found is not None
    with ReadOnlyLedger.open(config.parent / "var" / "sipbot.sqlite3") as ledger:
        return pack_of(ledger, plan, found, now, Say("en", plan.hours.tz), {})


async def test_week_that_ends_after_a_change_of_clocks_is_of_its_last_days_month(
    config: Path,
) -> None:
    quotas.write(config.parent / "dialplans", "sato", "calls_per_month = 1", tz="America/New_York")
    saturday = datetime(2026, 10, 31, 15, tzinfo=UTC)
    async with Ledger.open(config.parent / "var" / "sipbot.sqlite3") as ledger:
        times = [saturday, saturday + timedelta(days=1)]
        await fill(ledger, [("sato", at, EndState.MEMO, None) for at in times])
    found = pack(config, "2026-W44", datetime(2026, 11, 2, 15, tzinfo=UTC))
    assert ("2026-11", 1, 0) == (found.plan.month, found.plan.used, found.plan.over)


def resolution(found: Pack) -> Figure:
    return next(one for one in found.figures if one.key == "fcr")


async def test_resolution_is_told_when_all_callers_had_their_days_to_call_again(
    config: Path,
) -> None:
    offer = msgspec.structs.replace(an_offer(), received_at=MONDAY)
    async with Ledger.open(config.parent / "var" / "sipbot.sqlite3") as ledger:
        await ledger.add_call(offer, "sato", "to", "sato", caller="+81355501234")
        memo = a_memo_of(offer, "sato")
        await ledger.end_call(offer.call, EndState.MEMO, MONDAY, EndedBy.CALLER, 200, memo)
    later = MONDAY + timedelta(days=14)
    early, whole = (pack(config, "2026-W46", at) for at in (later - timedelta(seconds=1), later))
    assert (None, 0, later) == (resolution(early).value, resolution(early).n, early.resolved_from)
    assert (100, 1, None) == (resolution(whole).value, resolution(whole).n, whole.resolved_from)


def test_figure_below_its_target_is_no_problem_when_it_is_of_too_few() -> None:
    figure = Figure(
        key="fcr", name="FCR", unit="percent", value=0, n=3, previous=None, trend=(), target=80
    )
    plan, say = Plan(month="2026-11", used=0, limit=None, over=None), Say("en", TOKYO)
    few, enough = (
        problems_of([figure], by_end([]), plan, say.number, fewest=n, waiting=0, unread=0, broken=0)
        for n in (4, 3)
    )
    assert ((), ["below_target"]) == (few, [one.word for one in enough])


def test_page_says_what_nobody_recorded_and_within_how_many_seconds_calls_count(
    config: Path,
) -> None:
    page = made(config, "--language", "en")
    assert "what was promised then is not recorded" in page
    assert "Service level (SL), within 20 s" in page


def test_memo_that_nobody_can_read_is_named_and_the_pack_is_made(config: Path) -> None:
    with sqlite3.connect(config.parent / "var" / "sipbot.sqlite3") as ledger:
        ledger.execute("UPDATE memos SET body = '{' WHERE category = 'complaint'")
    ledger.close()
    found = json.loads(made(config, "--format", "json"))
    assert {"word": "memos_broken", "values": {"n": "1"}} in found["problems"]


def test_pack_of_a_former_client_is_made_from_its_file(config: Path, tmp_path: Path) -> None:
    file = (config.parent / "dialplans" / "sato.toml").rename(tmp_path / "former.toml")
    quotas.write(config.parent / "dialplans", "sakura")
    asked = ["report", "weekly", str(file), "--week", "2026-W46", "--format", "json"]
    result = CliRunner().invoke(program(), [*asked, "--config", str(config)])
    assert 2 == json.loads(result.stdout)["received"], result.output


def test_table_of_figures_says_within_how_many_seconds_calls_count(config: Path) -> None:
    plan = load_all(config.parent / "dialplans", "JP").all[0]
    week = Span(since=MONDAY, until=MONDAY + timedelta(days=7))
    with ReadOnlyLedger.open(config.parent / "var" / "sipbot.sqlite3") as ledger:
        shown = cli_kpi.render(plan, ledger.figures(plan, week, week.until))
    assert "Service level (SL), within 20 s" in list(shown.columns[0].cells)


def test_packs_of_all_clients_are_files_for_their_owner_alone(config: Path) -> None:
    quotas.write(config.parent / "dialplans", "sakura")
    folder = config.parent / "packs"
    folder.mkdir()
    (folder / "sato-2026-W46.csv").touch(mode=0o644)
    asked = ["report", "weekly", "--all", "--week", "2026-W46", "-o", str(folder)]
    result = CliRunner().invoke(program(), [*asked, "--config", str(config)])
    names = [f"{client}-2026-W46" for client in ("sakura", "sato")]
    expected = {f"{name}.{form}": 0o600 for name in names for form in ("html", "csv", "json")}
    assert expected == {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}, result


@pytest.mark.parametrize("words", [[], ["sato", "--all"], ["--all"], ["--all", "-o", "nowhere"]])
def test_pack_of_nobody_in_particular_is_refused_with_a_remedy(
    config: Path, words: list[str]
) -> None:
    result = CliRunner().invoke(program(), ["report", "weekly", *words, "--config", str(config)])
    assert isinstance(result.exception, UsageError)


def test_long_times_are_plotted_in_minutes(config: Path) -> None:
    pack = msgspec.json.decode(made(config, "--format", "json"), type=Pack)
    long = Figure(
        key="claim_time", name="Time", unit="s", value=1530, n=1, previous=None, trend=(1530.0,)
    )
    pack = msgspec.structs.replace(pack, figures=(long,), weeks=("2026-W46",))
    [(name, plot)] = trend_plots(pack, Say("en", TOKYO))
    assert ("Time (min)", True) == (name, ">25.5<" in plot)


@pytest.mark.parametrize(("command", "period"), [("weekly", "9998-W01"), ("monthly", "9998-01")])
def test_report_of_what_has_not_begun_is_refused(config: Path, command: str, period: str) -> None:
    option = {"weekly": "--week", "monthly": "--month"}[command]
    asked = ["report", command, "sato", option, period, "--config", str(config)]
    with pytest.raises(UsageError, match="has not begun"):
        raise CliRunner().invoke(program(), asked).exception or AssertionError
