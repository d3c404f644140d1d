"""Who is on call at any moment, and when nobody is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.hours import Hours, compile_hours
from sipbot.hours_form import HoursForm
from sipbot.osm_hours import week_hours
from sipbot.rota import Rota, Shift, first_gap, on_call, watches

TOKYO = ZoneInfo("Asia/Tokyo")
HOURS: Hours = compile_hours(HoursForm(open="Mo-Fr 09:00-18:00"), region="JP")


def shift(name: str, hours: str = "24/7", **more: object) -> Shift:
    week = week_hours(hours)
    return Shift(name=name, number=f"sip:{name}@10.0.0.5", week=week, **more)  # type: ignore[arg-type]  # a test's short hand


ROTA: Rota = (
    shift("sato", "Mo-Fr 18:00-09:00"),
    shift("mori", "Sa,Su 00:00-24:00"),
    shift("boss", last_resort=True),
)


def names(rota: Rota, at: datetime) -> list[str]:
    return [one.name for one in on_call(rota, HOURS, at)]


@pytest.mark.parametrize(
    ("expected", "at"),
    [
        (["boss"], datetime(2026, 11, 20, 17, 59, tzinfo=TOKYO)),
        (["sato", "boss"], datetime(2026, 11, 20, 18, 0, tzinfo=TOKYO)),
        (["sato", "mori", "boss"], datetime(2026, 11, 21, 8, 59, tzinfo=TOKYO)),
        (["mori", "boss"], datetime(2026, 11, 21, 9, 0, tzinfo=TOKYO)),
        (["boss"], datetime(2026, 11, 23, 0, 0, tzinfo=TOKYO)),
    ],
)
def test_those_on_call_come_first_and_the_last_resort_at_the_end(
    expected: list[str], at: datetime
) -> None:
    assert expected == names(ROTA, at)


@pytest.mark.parametrize(
    ("expected", "holidays"), [(["sato"], "also"), ([], "not"), (["sato"], "only")]
)
def test_a_shift_on_a_holiday_counts_as_the_file_says(expected: list[str], holidays: str) -> None:
    culture_day = datetime(2026, 11, 3, 12, tzinfo=TOKYO)

    assert expected == names((shift("sato", holidays=holidays),), culture_day)


def test_a_shift_with_days_ends_with_the_night_of_its_last_day() -> None:
    week = (shift("sato", "18:00-09:00", first=date(2026, 11, 16), last=date(2026, 11, 20)),)

    assert [["sato"], []] == [
        names(week, datetime(2026, 11, 21, hour, tzinfo=TOKYO)) for hour in (8, 18)
    ]


def test_a_rota_without_a_gap_says_so() -> None:
    assert first_gap((shift("sato"),), HOURS, date(2026, 11, 22)) is None


def test_the_first_gap_is_told_with_the_minutes_of_the_year() -> None:
    gap = first_gap((shift("sato", "Mo-Fr,Su 00:00-24:00"),), HOURS, date(2026, 11, 23))

    assert gap is not None
    assert (datetime(2026, 11, 28, tzinfo=TOKYO), 52 * 24 * 60) == (gap.begins, gap.minutes)


def test_a_gap_counts_only_while_somebody_is_needed() -> None:
    nights = (shift("sato", "Mo-Fr 18:00-09:00"), shift("mori", "Sa,Su 00:00-24:00"))
    monday = shift("ueda", "Mo 00:00-09:00")

    closed = first_gap((*nights, monday), HOURS, date(2026, 11, 24), lambda now: not now.open)

    # Closed on a weekday: a holiday, and nobody is on call in the day.
    assert closed is not None
    assert datetime(2026, 12, 31, 9, tzinfo=TOKYO) > closed.begins - timedelta(days=30)
    assert HOURS.at(closed.begins).because == "holiday"


@given(st.integers(0, 2 * 365 * 24 * 60))
def test_whoever_is_on_call_is_named_once_and_a_last_resort_always(minutes: int) -> None:
    found = names(ROTA, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))

    assert len(set(found)) == len(found)
    assert "boss" == found[-1]


@given(
    st.dates(date(2026, 4, 1), date(2026, 12, 31)),
    st.integers(0, 24 * 60 - 1),
    st.sampled_from([ROTA, ROTA[:1], ROTA[1:], (shift("sato", holidays="only"), *ROTA)]),
)
def test_stretches_of_a_day_tell_at_every_minute_who_is_on_call(
    day: date, minute: int, rota: Rota
) -> None:
    found = watches(rota, HOURS, day)

    (one,) = [each for each in found if each.start <= minute < each.end]
    at = datetime(day.year, day.month, day.day, tzinfo=TOKYO) + timedelta(minutes=minute)
    assert names(rota, at) == [*one.names, *one.last_resort]
    assert [0, *(each.end for each in found)] == [*(each.start for each in found), 24 * 60]
