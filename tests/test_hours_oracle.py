"""Every minute of 2026-2030 against an oracle that shares nothing with the libraries under test.

The minutes are compared by intervals: the bands of all days paint the minutes of the oracle, and
the state is asked for on both sides of every change.
"""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from sipbot.dialplan import load_file
from sipbot.hours import Hours, compile_hours
from sipbot.hours_form import ClosureForm, DayForm, HoursForm, SeasonForm
from sipbot.public_holidays import public_holidays
from tests import abroad, japan, sample_hours
from tests.wall_clocks import MINUTE, TOKYO

SAMPLES = Path(__file__).parents[1] / "dialplans"
YEARS = range(2026, 2031)
CLIENTS = japan.CLIENTS | sample_hours.CLIENTS
CLOCKS = dict.fromkeys(japan.CLIENTS, TOKYO) | sample_hours.CLOCKS
every_client = pytest.mark.parametrize("name", CLIENTS)


def hours_of(tables: dict[str, Any], region: str = "JP") -> Hours:
    return compile_hours(
        HoursForm.model_validate(tables["hours"]),
        [ClosureForm.model_validate(one) for one in tables.get("closure", [])],
        [DayForm.model_validate(one) for one in tables.get("day", [])],
        [SeasonForm.model_validate(one) for one in tables.get("season", [])],
        region=region,
    )


@lru_cache
def hours_of_client(name: str) -> Hours:
    """Of the sample's file, or of the tables of an imaginary client."""
    if name in sample_hours.CLIENTS:
        return load_file(SAMPLES / f"{name}.toml", "JP").hours
    return hours_of(japan.CLIENTS[name].tables)


@lru_cache
def passing(name: str) -> bytearray:
    """One byte for every minute of the five years as they pass, from the oracle: 1 when open."""
    return CLOCKS[name].in_utc(CLIENTS[name].minutes())


def wrong(name: str, minutes: Iterable[int]) -> list[datetime]:
    """At which of these minutes the client's file disagrees with the oracle."""
    hours, oracle, first = hours_of_client(name), passing(name), CLOCKS[name].first
    return [
        first + at * MINUTE for at in minutes if oracle[at] != hours.at(first + at * MINUTE).open
    ]


@pytest.mark.parametrize("year", YEARS)
def test_list_of_holidays_is_what_the_law_says(year: int) -> None:
    assert {day: name for day, name in japan.DAYS_OFF.items() if day.year == year} == japan.by_law(
        year
    )


@pytest.mark.parametrize("year", YEARS)
def test_holidays_are_those_of_the_cabinet_office(year: int) -> None:
    moved = {"振替休日", "国民の休日"}  # the Cabinet Office calls both 休日
    ours = {
        day: "休日" if name in moved else name for day, name in public_holidays("JP", year).items()
    }
    assert {day: name for day, name in japan.DAYS_OFF.items() if day.year == year} == ours


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize(
    ("country", "by_rule"), [("KR", abroad.korea), ("US", abroad.united_states)]
)
def test_holidays_abroad_are_those_of_the_published_rules(
    country: str, by_rule: Callable[[int], set[date]], year: int
) -> None:
    assert by_rule(year) == set(public_holidays(country, year))


@pytest.mark.parametrize("year", YEARS)
def test_bank_holidays_on_weekdays_are_those_of_the_published_rules(year: int) -> None:
    # At weekends sipbot counts the day itself too; gov.uk lists its substitute alone.
    ours = {day for day in public_holidays("GB-ENG", year) if day.weekday() < 5}
    assert abroad.england(year) == ours


def test_every_sample_with_hours_has_an_oracle() -> None:
    plans = [load_file(path, "JP") for path in sorted(SAMPLES.glob("[!_]*.toml"))]
    assert sorted(sample_hours.CLIENTS) == [plan.client for plan in plans if plan.form.hours]


@every_client
def test_bands_of_every_day_paint_the_same_minutes_as_the_oracle(name: str) -> None:
    hours = hours_of_client(name)
    assert CLIENTS[name].minutes() == japan.painted(lambda day: hours.bands(day).bands)


@every_client
def test_state_around_every_change_and_at_every_hour_agrees_with_the_oracle(name: str) -> None:
    # Between these minutes nothing changes: the bands, of which all edges are here, are the
    # oracle's (the test above), and the clocks are moved at full hours.
    oracle = passing(name)
    changes = [at for at in range(1, len(oracle)) if oracle[at] != oracle[at - 1]]
    around = {at + step for at in changes for step in (-1, 0, 1) if at + step < len(oracle)}
    assert [] == wrong(name, sorted(around | set(range(0, len(oracle), 60))))


@every_client
def test_state_at_random_minutes_agrees_with_the_oracle(name: str) -> None:
    assert [] == wrong(name, random.Random(20260101).sample(range(len(passing(name))), 10_000))


def test_state_at_every_single_minute_of_a_year_agrees_with_the_oracle() -> None:
    # The hours that are hardest: past midnight, bank holidays, summer time.
    first = (date(2027, 1, 1) - japan.FIRST).days * japan.DAY_MIN
    assert [] == wrong("northgate", range(first, first + 365 * japan.DAY_MIN))


def berlin(at: datetime) -> datetime:
    """Wall clock in Berlin: an hour ahead, two between the last Sundays of March and October."""

    def change(month: int) -> datetime:
        last = date(at.year, month, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        return datetime(sunday.year, sunday.month, sunday.day, 1, tzinfo=UTC)

    ahead = 2 if change(3) <= at < change(10) else 1
    return at.replace(tzinfo=None) + timedelta(hours=ahead)


@pytest.mark.parametrize("year", YEARS)
def test_state_follows_the_wall_clock_while_summer_time_begins_and_ends(year: int) -> None:
    week = "Sa 22:00-02:30; Su 03:30-12:00"
    hours = hours_of({"hours": {"tz": "Europe/Berlin", "open": week, "holidays": ""}}, region="DE")
    start = datetime(year, 3, 20, tzinfo=UTC)
    days = [*range(12), *(215 + n for n in range(14))]
    moments = [
        start + timedelta(days=day, minutes=minute) for day in days for minute in range(1440)
    ]

    def is_open(local: datetime) -> bool:
        at, weekday = local.hour * 60 + local.minute, local.weekday()
        saturday = weekday == 5 and at >= 1320
        sunday = weekday == 6 and (at < 150 or 210 <= at < 720)
        return saturday or sunday

    assert [] == [at for at in moments if is_open(berlin(at)) != hours.at(at).open]
