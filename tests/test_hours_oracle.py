"""Every minute of 2026-2030 against an oracle that shares nothing with the libraries under test."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sipbot.hours import Hours, compile_hours
from sipbot.hours_form import ClosureForm, DayForm, HoursForm, SeasonForm
from sipbot.public_holidays import public_holidays
from tests import japan

YEARS = range(2026, 2031)
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=9)
"""The first minute of the five years in Japan, which is nine hours ahead and has no summer time."""
MINUTE = timedelta(minutes=1)


def hours_of(tables: dict[str, Any], region: str = "JP") -> Hours:
    return compile_hours(
        HoursForm.model_validate(tables["hours"]),
        [ClosureForm.model_validate(one) for one in tables.get("closure", [])],
        [DayForm.model_validate(one) for one in tables.get("day", [])],
        [SeasonForm.model_validate(one) for one in tables.get("season", [])],
        region=region,
    )


def minute_of(at: int) -> datetime:
    return MIDNIGHT + at * MINUTE


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


@pytest.mark.parametrize("name", japan.CLIENTS)
def test_bands_of_every_day_paint_the_same_minutes_as_the_oracle(name: str) -> None:
    client = japan.CLIENTS[name]
    hours = hours_of(client.tables)
    assert client.minutes() == japan.painted(lambda day: hours.bands(day).bands)


@pytest.mark.parametrize("name", japan.CLIENTS)
def test_state_around_every_change_agrees_with_the_oracle(name: str) -> None:
    client = japan.CLIENTS[name]
    hours, minutes = hours_of(client.tables), client.minutes()
    changes = [at for at in range(1, len(minutes)) if minutes[at] != minutes[at - 1]]
    around = [at + step for at in changes for step in (-1, 0, 1) if at + step < len(minutes)]
    assert [] == [at for at in around if minutes[at] != hours.at(minute_of(at)).open]


@pytest.mark.parametrize("name", japan.CLIENTS)
def test_state_at_random_minutes_agrees_with_the_oracle(name: str) -> None:
    client = japan.CLIENTS[name]
    hours, minutes = hours_of(client.tables), client.minutes()
    some = random.Random(20260101).sample(range(len(minutes)), 20_000)
    assert [] == [at for at in some if minutes[at] != hours.at(minute_of(at)).open]


@pytest.mark.parametrize("year", YEARS)
def test_state_at_every_minute_of_the_year_agrees_with_the_oracle(year: int) -> None:
    client = japan.CLIENTS["law office"]
    hours, minutes = hours_of(client.tables), client.minutes()
    first = (date(year, 1, 1) - japan.FIRST).days * japan.DAY_MIN
    last = (date(year + 1, 1, 1) - japan.FIRST).days * japan.DAY_MIN
    assert [] == [at for at in range(first, last) if minutes[at] != hours.at(minute_of(at)).open]


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
