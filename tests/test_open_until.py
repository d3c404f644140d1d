"""Until when a client is open: the next moment at which that changes, and none before it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.hours import Hours, compile_hours
from sipbot.hours_form import ClosureForm, DayForm, HoursForm
from sipbot.open_until import next_change

TOKYO = timedelta(hours=9)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def hours(weekly: str, tz: str = "Asia/Tokyo") -> Hours:
    form = HoursForm(open=weekly, tz=tz)
    closures = [ClosureForm(name="year-end", **{"from": "12-29", "to": "01-03"})]
    days = [DayForm(on="2026-11-28", open="10:00-12:00")]
    return compile_hours(form, closures, days, region="JP")


OFFICE = hours("Mo-Fr 09:00-12:00,13:00-18:00")
BAR = hours("Fr,Sa 22:00-26:00")


@pytest.mark.parametrize(
    ("open_hours", "now", "expected"),
    [
        (OFFICE, "2026-11-20T10:00", "2026-11-20T12:00"),
        (OFFICE, "2026-11-20T12:00", "2026-11-20T13:00"),
        (OFFICE, "2026-11-20T18:00", "2026-11-24T09:00"),  # Monday is a holiday
        (OFFICE, "2026-11-27T18:00", "2026-11-28T10:00"),
        (OFFICE, "2026-12-28T18:00", "2027-01-04T09:00"),
        (BAR, "2026-11-21T01:00", "2026-11-21T02:00"),
        (BAR, "2026-11-21T02:00", "2026-11-21T22:00"),
    ],
)
def test_next_change_is_when_the_doors_move(open_hours: Hours, now: str, expected: str) -> None:
    at = datetime.fromisoformat(f"{now}+09:00")
    assert datetime.fromisoformat(f"{expected}+09:00") == next_change(open_hours, at)


def test_client_who_never_closes_has_no_change() -> None:
    always = compile_hours(None, region="JP")
    assert None is next_change(always, datetime(2026, 11, 20, tzinfo=UTC))


@given(MOMENTS, st.sampled_from([OFFICE, BAR, hours("Mo-Su 00:30-03:30", "Europe/Berlin")]))
def test_nothing_changes_before_the_next_change_and_then_it_does(at: datetime, who: Hours) -> None:
    then = next_change(who, at)
    assert then is not None
    step = (then - at) / 50
    between = {who.at(at + n * step).open for n in range(50)}
    assert ({who.at(at).open}, not who.at(at).open) == (between, who.at(then).open)
