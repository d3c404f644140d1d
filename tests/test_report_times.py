"""When reports are due: each period once, whatever the clocks do and however long a month is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.osm_hours import WEEKDAYS
from sipbot.report_form import ReportKind
from sipbot.report_times import days_of, following, latest, period_of

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Asia/Tokyo",
            "Europe/Berlin",
            "America/St_Johns",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Pacific/Kiritimati",
        )
    ]
)
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CLOCKS = st.times().map(lambda one: f"{one:%H:%M}")
TIMES = st.one_of(
    st.tuples(st.just("weekly"), st.builds("{} {}".format, st.sampled_from(WEEKDAYS), CLOCKS)),
    st.tuples(st.just("monthly"), st.builds("{} {}".format, st.integers(1, 31), CLOCKS)),
)
BERLIN = ZoneInfo("Europe/Berlin")


@given(TIMES, ZONES, MOMENTS)
def test_one_moment_follows_the_other_without_a_gap(
    when: tuple[ReportKind, str], tz: ZoneInfo, now: datetime
) -> None:
    kind, at = when
    before, after = latest(kind, at, tz, now), following(kind, at, tz, now)
    assert before <= now < after
    assert after == latest(kind, at, tz, after)
    assert after == following(kind, at, tz, before)


@given(TIMES, ZONES, MOMENTS)
def test_every_period_is_due_once_and_in_order(
    when: tuple[ReportKind, str], tz: ZoneInfo, now: datetime
) -> None:
    kind, at = when
    moment = latest(kind, at, tz, now)
    periods = []
    for _ in range(14):
        periods.append(period_of(kind, moment, tz))
        moment = following(kind, at, tz, moment)
    ends = [days_of(kind, one)[1] for one in periods]
    begins = [days_of(kind, one)[0] for one in periods]
    assert [one + timedelta(days=1) for one in ends[:-1]] == begins[1:]


@given(TIMES, ZONES, MOMENTS)
def test_report_is_due_when_its_period_is_over_and_the_next_is_not(
    when: tuple[ReportKind, str], tz: ZoneInfo, now: datetime
) -> None:
    kind, at = when
    moment = latest(kind, at, tz, now)
    first, last = days_of(kind, period_of(kind, moment, tz))
    today = moment.astimezone(tz).date()
    assert last < today <= last + (last - first) + timedelta(days=4)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-29T00:59:59+00:00", "2026-03-22T01:30:00+00:00"),
        ("2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T01:45:00+00:00", "2026-10-25T00:30:00+00:00"),
    ],
    ids=["before spring", "in the hour that spring skips", "autumn, first", "autumn, again"],
)
def test_time_that_the_clocks_skip_or_repeat_comes_once(now: str, expected: str) -> None:
    found = latest("weekly", "Su 02:30", BERLIN, datetime.fromisoformat(now))
    assert datetime.fromisoformat(expected) == found


def test_day_that_a_month_has_not_is_its_last() -> None:
    now = datetime(2028, 2, 29, 7, 0, tzinfo=UTC)
    assert now == latest("monthly", "31 08:00", BERLIN, now)
    assert ("2028-01", (date(2028, 1, 1), date(2028, 1, 31))) == (
        period := period_of("monthly", now, BERLIN),
        days_of("monthly", period),
    )
