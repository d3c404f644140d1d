"""When a client is open: precedence, borders, nights, zones, and what is refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sipbot.errors import HoursError
from sipbot.hours import PRECEDENCE, Hours, Situation, compile_hours
from sipbot.hours_form import ClosureForm, DayForm, HoursForm, SeasonForm
from sipbot.public_holidays import is_country, public_holidays

TOKYO = ZoneInfo("Asia/Tokyo")
WEEK = "Mo-Fr 09:00-18:00"


def hours(
    *,
    region: str = "JP",
    closure: list[dict[str, Any]] | None = None,
    day: list[dict[str, Any]] | None = None,
    season: list[dict[str, Any]] | None = None,
    **keys: Any,
) -> Hours:
    return compile_hours(
        HoursForm.model_validate({"open": WEEK, **keys}),
        [ClosureForm.model_validate(one) for one in closure or []],
        [DayForm.model_validate(one) for one in day or []],
        [SeasonForm.model_validate(one) for one in season or []],
        region=region,
    )


def at(text: str, zone: str = "Asia/Tokyo") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def problems(**tables: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(HoursError) as caught:
        hours(**tables)
    return [(one.key, one.problem) for one in caught.value.problems]


EVERYTHING: dict[str, Any] = {
    "day": [{"on": "2026-07-20", "open": "12:00-13:00", "greeting": "day.wav"}],
    "closure": [{"name": "trip", "from": "2026-07-20", "to": "2026-07-21", "greeting": "trip.wav"}],
    "season": [{"name": "summer", "from": "07-01", "to": "08-31", "open": "Mo-Fr 10:00-16:00"}],
    "holiday_open": "11:00-15:00",
}
"""The 20th of July 2026 is 海の日, a Monday in summer, on a trip, and exceptional."""


@pytest.mark.parametrize(
    ("without", "because", "name", "bands"),
    [
        ((), "day", "2026-07-20", "12:00-13:00"),
        (("day",), "closure", "trip", ""),
        (("day", "closure"), "holiday", "海の日", "11:00-15:00"),
        (("day", "closure", "holidays"), "season", "summer", "10:00-16:00"),
        (("day", "closure", "holidays", "season"), "weekly", "", "09:00-18:00"),
    ],
)
def test_first_reason_of_the_precedence_decides(
    without: tuple[str, ...], because: str, name: str, bands: str
) -> None:
    tables = {key: value for key, value in EVERYTHING.items() if key not in without}
    if "holidays" in without:
        tables["holidays"] = ""
    plan = hours(**tables).bands(date(2026, 7, 20))
    assert (because, name, bands) == (plan.because, plan.name, ",".join(map(str, plan.bands)))


def test_precedence_is_the_one_that_is_printed() -> None:
    assert ("day", "closure", "holiday", "season", "weekly") == PRECEDENCE


def test_situation_carries_the_greeting_of_its_closure() -> None:
    tables = {key: value for key, value in EVERYTHING.items() if key != "day"}
    assert Situation(open=False, because="closure", name="trip", greeting="trip.wav") == hours(
        **tables
    ).at(at("2026-07-20T10:00"))


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("08:59:59.999999", False),
        ("09:00:00", True),
        ("17:59:59.999999", True),
        ("18:00:00", False),
    ],
)
def test_band_holds_its_first_moment_and_not_its_last(time: str, expected: bool) -> None:
    assert expected == hours().at(at(f"2026-06-01T{time}")).open


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("nenmatsu", "2026-12-29", "2027-01-03"), ("obon", "2026-08-13", "2026-08-16")],
)
def test_usual_closure_has_its_dates_by_default(name: str, first: str, last: str) -> None:
    ours = hours(open="24/7", holidays="", closure=[{"name": name}])
    day, closed = date(2026, 7, 1), []
    for _ in range(200):
        day += timedelta(days=1)
        if ours.bands(day).because == "closure":
            closed.append(day.isoformat())
    assert (first, last) == (closed[0], closed[-1])


def test_usual_closure_takes_dates_of_its_own() -> None:
    ours = hours(closure=[{"name": "obon", "from": "08-10", "to": "08-12"}])
    assert "weekly" == ours.bands(date(2026, 8, 13)).because


def test_closure_without_an_end_is_one_day() -> None:
    ours = hours(closure=[{"name": "founding", "from": "06-02"}])
    days = [date(2027, 6, day) for day in (1, 2, 3)]
    assert ["weekly", "closure", "weekly"] == [ours.bands(day).because for day in days]


def test_closure_with_years_counts_before_one_of_every_year() -> None:
    moving = {"name": "moving", "from": date(2026, 12, 30), "to": date(2027, 1, 8)}
    ours = hours(closure=[{"name": "nenmatsu"}, moving])
    names = [ours.bands(day).name for day in (date(2026, 12, 29), date(2026, 12, 30))]
    assert ["nenmatsu", "moving"] == names


def test_closure_with_years_does_not_come_again() -> None:
    once = {"name": "trip", "from": "2026-06-01", "to": "2026-06-02"}
    assert "weekly" == hours(closure=[once]).bands(date(2027, 6, 1)).because


def test_leap_day_is_closed_in_leap_years() -> None:
    ours = hours(open="24/7", closure=[{"name": "leap", "from": "02-29"}])
    assert ("closure", "weekly") == (
        ours.bands(date(2028, 2, 29)).because,
        ours.bands(date(2027, 3, 1)).because,
    )


def test_dates_of_toml_and_texts_mean_the_same() -> None:
    assert hours(day=[{"on": "2026-12-28", "closed": True}]) == hours(
        day=[{"on": date(2026, 12, 28), "closed": True}]
    )


NIGHT = "Mo-Sa 22:00-02:00"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # Friday 2026-07-17; Monday the 20th is a holiday, the 21st has a rule of its own.
        ("2026-07-18T01:59", Situation(open=True, because="weekly")),
        ("2026-07-18T02:00", Situation(open=False, because="weekly")),
        ("2026-07-19T01:00", Situation(open=True, because="weekly")),
        ("2026-07-20T22:30", Situation(open=False, because="holiday", name="海の日")),
        ("2026-07-21T01:00", Situation(open=False, because="day", name="2026-07-21")),
        ("2026-07-21T12:00", Situation(open=True, because="day", name="2026-07-21")),
    ],
)
def test_night_belongs_to_the_day_on_which_it_begins(moment: str, expected: Situation) -> None:
    ours = hours(open=NIGHT, day=[{"on": "2026-07-21", "open": "10:00-13:00"}])
    assert expected == ours.at(at(moment))


@pytest.mark.parametrize(
    "tables",
    [
        {"day": [{"on": "2026-06-02", "closed": True}]},
        {"closure": [{"name": "trip", "from": "2026-06-02"}]},
        {"season": [{"name": "june", "from": "06-02", "to": "06-30", "open": "off"}]},
    ],
    ids=["closed day", "closure", "season"],
)
def test_night_runs_to_its_end_although_the_next_day_is_closed(tables: dict[str, Any]) -> None:
    ours = hours(open=NIGHT, **tables)
    moments = [at("2026-06-02T01:59"), at("2026-06-02T02:00"), at("2026-06-02T22:30")]
    assert [True, False, False] == [ours.at(moment).open for moment in moments]


def test_night_before_a_holiday_runs_to_its_end() -> None:
    # 2026-11-03 is 文化の日, a Tuesday.
    assert hours(open=NIGHT).at(at("2026-11-03T01:59")).open


def test_night_of_an_exceptional_day_can_be_cut_at_midnight() -> None:
    ours = hours(open=NIGHT, day=[{"on": "2026-06-01", "open": "22:00-24:00"}])
    assert (True, False) == (
        ours.at(at("2026-06-01T23:59")).open,
        ours.at(at("2026-06-02T00:00")).open,
    )


def test_moment_is_judged_by_the_clock_of_the_client() -> None:
    moment = datetime(2026, 6, 1, 5, 0, tzinfo=timezone(timedelta(hours=-4)))  # 18:00 in Tokyo
    assert (False, True) == (
        hours().at(moment).open,
        hours().at(moment - timedelta(seconds=1)).open,
    )


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        hours().at(datetime(2026, 6, 1, 10))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-08T06:59+00:00", False),  # 01:59 in New York
        ("2026-03-08T07:00+00:00", True),  # 03:00: the hour from two to three is skipped
        ("2026-03-08T07:30+00:00", False),  # 03:30
        ("2026-11-01T05:59+00:00", False),  # 01:59, the first time
        ("2026-11-01T06:59+00:00", False),  # 01:59 again
        ("2026-11-01T07:00+00:00", False),  # 02:00
        ("2026-11-01T07:30+00:00", True),  # 02:30
    ],
)
def test_skipped_hour_is_not_there_and_repeated_one_twice(moment: str, expected: bool) -> None:
    ours = hours(region="US", tz="America/New_York", open="Su 02:30-03:30", holidays="")
    assert expected == ours.at(datetime.fromisoformat(moment)).open


def test_without_hours_a_client_is_always_open() -> None:
    ours = compile_hours(None, region="US")
    assert Situation(open=True, because="weekly") == ours.at(datetime(2026, 1, 1, tzinfo=UTC))


def test_closures_count_without_hours_too() -> None:
    ours = compile_hours(None, [ClosureForm.model_validate({"name": "obon"})], region="JP")
    assert "obon" == ours.at(at("2026-08-13T10:00")).name


@pytest.mark.parametrize(("region", "zone"), [("JP", "Asia/Tokyo"), ("KR", "Asia/Seoul")])
def test_region_with_one_zone_gives_it(region: str, zone: str) -> None:
    assert (zone, region) == ((ours := hours(region=region)).tz.key, ours.country)


def test_region_with_several_zones_must_be_told() -> None:
    assert [(("hours", "tz"), "is missing, and the region has several")] == problems(region="US")


def test_contradictions_are_all_told_at_once() -> None:
    june = {"name": "june", "from": "06-01", "to": "06-30", "open": "off"}
    rain = {"name": "rain", "from": "06-30", "to": "07-20", "open": "24/7"}
    found = problems(
        closure=[{"name": "obon"}, {"name": "june", "from": "05-01"}],
        season=[june, rain],
        day=[{"on": "2026-06-01", "closed": True}, {"on": "2026-06-01", "open": "10:00-11:00"}],
    )
    assert [
        (("season", 0, "name"), "is used twice"),
        (("day", 1, "on"), "is written twice"),
        (("season", 1, "from"), "overlaps the season june (06-01 to 06-30)"),
    ] == found


@pytest.mark.parametrize(
    ("model", "table", "key", "problem"),
    [
        (HoursForm, {"open": WEEK, "tz": "Asia/Tokio"}, "tz", "is not a time zone"),
        (HoursForm, {"open": WEEK, "tz": "../../etc/passwd"}, "tz", "is not a time zone"),
        (
            HoursForm,
            {"open": WEEK, "holidays": "JPN"},
            "holidays",
            "is not a country whose holidays are known",
        ),
        (HoursForm, {"open": WEEK, "holiday_open": "Su 10:00-11:00"}, "holiday_open", "names days"),
        (ClosureForm, {"name": "trip"}, "from", "is missing"),
        (ClosureForm, {"name": "closed", "from": "01-01"}, "name", "means a kind of day already"),
        (ClosureForm, {"name": "x", "from": "02-30"}, "from", "is not a day of the calendar"),
        (ClosureForm, {"name": "x", "from": "2026-1-1"}, "from", "is not a day of the calendar"),
        (
            ClosureForm,
            {"name": "x", "from": "2026-01-01", "to": "01-03"},
            "to",
            "has a year at one end only",
        ),
        (
            ClosureForm,
            {"name": "x", "from": "2026-02-01", "to": "2026-01-03"},
            "to",
            "is before from = 2026-02-01",
        ),
        (ClosureForm, {"name": "x", "from": datetime(2026, 1, 1)}, "from", "holds a time of day"),  # noqa: DTZ001
        (DayForm, {"on": "2026-06-01"}, "open", "is missing"),
        (DayForm, {"on": "2026-06-01", "open": ""}, "open", "is empty"),
        (
            DayForm,
            {"on": "2026-06-01", "open": "10:00-11:00", "closed": True},
            "closed",
            "is said beside open",
        ),
        (DayForm, {"on": "06-01", "closed": True}, "on", "is not a day of the calendar"),
    ],
)
def test_mistake_within_one_table_points_at_its_key(
    model: type[HoursForm | ClosureForm | DayForm], table: dict[str, Any], key: str, problem: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(table)
    [one] = caught.value.errors()
    context = one["ctx"]
    pointed = context["key"] or one["loc"][-1]
    assert (key, True) == (pointed, str(context["problem"]).startswith(problem))


def test_zone_that_is_misspelt_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValidationError) as caught:
        HoursForm.model_validate({"open": WEEK, "tz": "Asia/Tokio"})
    assert "Did you mean Asia/Tokyo?" == caught.value.errors()[0]["ctx"]["remedy"]


@pytest.mark.parametrize(("code", "known"), [("JP", True), ("US-CA", True), ("XX", False)])
def test_country_is_known_by_its_code(code: str, known: bool) -> None:
    assert known == is_country(code)


def test_names_of_holidays_do_not_follow_the_language_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "en_US")
    public_holidays.cache_clear()
    assert "元日" == public_holidays("JP", 2026)[date(2026, 1, 1)]


@pytest.mark.parametrize(("year", "expected"), [(2027, False), (2028, True)])
def test_holiday_of_a_year_that_is_not_announced_is_provisional(year: int, expected: bool) -> None:
    assert expected == hours().bands(date(year, 9, 23 if year == 2027 else 22)).provisional


def test_country_of_region_without_known_holidays_has_none() -> None:
    assert (
        ""
        == compile_hours(HoursForm.model_validate({"open": WEEK, "tz": "UTC"}), region="ZZ").country
    )


moments = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001
    datetime(2035, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
CLIENT = hours(
    open="Mo-Fr 09:00-12:00,13:00-18:00; Sa[1,3] 20:00-26:00",
    closure=[{"name": "nenmatsu"}, {"name": "obon"}],
    holiday_open="10:00-11:00",
)


@settings(deadline=None)
@given(moments)
def test_state_is_that_of_the_bands_of_the_day_or_of_the_night_before(moment: datetime) -> None:
    local = moment.astimezone(TOKYO)
    minute = local.hour * 60 + local.minute
    today = CLIENT.bands(local.date()).bands
    before = CLIENT.bands(local.date() - timedelta(days=1)).bands
    inside = any(start <= minute < end for start, end in today) or any(
        start <= minute + 1440 < end for start, end in before
    )
    assert inside == CLIENT.at(moment).open


@settings(deadline=None)
@given(moments, st.integers(-14, 14))
def test_state_does_not_depend_on_the_zone_in_which_a_moment_is_written(
    moment: datetime, offset: int
) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(hours=offset)))
    assert CLIENT.at(moment) == CLIENT.at(elsewhere)


@settings(deadline=None)
@given(moments)
def test_state_is_the_same_throughout_a_minute(moment: datetime) -> None:
    start = moment.replace(second=0, microsecond=0)
    assert CLIENT.at(start) == CLIENT.at(start.replace(second=59, microsecond=999_999))
