"""Calendars and what a change of hours costs: the same figures, whichever way they are shown."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from sipbot.calendar_page import html_calendar
from sipbot.calendar_terminal import terminal_calendar
from sipbot.calendar_view import CalendarView, month_view, stretches, summary, year_view
from sipbot.hours import Hours, compile_hours
from sipbot.hours_diff import diff
from sipbot.hours_form import ClosureForm, DayForm, HoursForm, SeasonForm
from sipbot.osm_hours import Band

START = date(2026, 11, 22)
"""A Sunday."""


def hours(week: str, **tables: Any) -> Hours:
    keys = {
        "open": week,
        "tz": tables.get("tz", "Asia/Tokyo"),
        "holidays": tables.get("holidays", "JP"),
    }
    return compile_hours(
        HoursForm.model_validate(keys | {"holiday_open": tables.get("holiday_open", "")}),
        [ClosureForm.model_validate(one) for one in tables.get("closure", [])],
        [DayForm.model_validate(one) for one in tables.get("day", [])],
        [SeasonForm.model_validate(one) for one in tables.get("season", [])],
        region="JP",
    )


SATO = hours(
    "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00",
    closure=[{"name": "nenmatsu"}, {"name": "obon"}],
    day=[{"on": "2026-12-28", "open": "09:00-15:00"}],
)


def september(year: int = 2026, name: str = "佐藤法律事務所") -> CalendarView:
    return month_view(SATO, year, 9, name=name, sunday=True)


def shown(view: CalendarView) -> str:
    out = StringIO()
    Console(file=out, width=140).print(terminal_calendar(view))
    return out.getvalue()


def test_month_has_each_of_its_days_once() -> None:
    assert [date(2026, 9, number) for number in range(1, 31)] == [
        day.date for day in september().days
    ]


@pytest.mark.parametrize(("sunday", "first"), [(True, 6), (False, 0)])
def test_week_begins_on_the_day_that_is_asked_for(sunday: bool, first: int) -> None:
    view = month_view(SATO, 2026, 9, name="", sunday=sunday)
    columns = {
        (place, day.date.weekday())
        for week in view.months[0].weeks
        for place, day in enumerate(week)
        if day
    }
    assert {((weekday - first) % 7, weekday) for weekday in range(7)} == columns


def test_day_says_why_it_is_as_it_is() -> None:
    day = september().days[21]
    assert ("closed", "holiday", "国民の休日", (), False) == (
        day.state,
        day.because,
        day.name,
        day.bands,
        day.provisional,
    )


def test_year_is_summed_up() -> None:
    view = year_view(SATO, 2026, name="", sunday=True)
    assert "288 days open, 77 closed, 2 052 hours" == summary(view)


def test_days_in_a_row_with_one_reason_are_one_line() -> None:
    view = month_view(SATO, 2026, 12, name="", sunday=True)
    assert ["2026-12-28", "2026-12-29 to 12-31"] == [one.dates for one in stretches(view)]


def test_year_without_known_holidays_is_refused() -> None:
    with pytest.raises(ValueError, match="known from 1949 to 2099, not for 2100"):
        september(2100)


def test_terminal_shows_hours_names_and_precedence() -> None:
    text = shown(september())
    assert {"09:00-12:00", "敬老の日", "day > closure > holiday > season > weekly"} == {
        part
        for part in ("09:00-12:00", "敬老の日", "day > closure > holiday > season > weekly")
        if part in text
    }


def test_terminal_is_not_steered_by_a_name() -> None:
    assert "\x1b[2J" not in shown(september(name="a\x1b[2Jb"))


@pytest.mark.parametrize(("year", "expected"), [(2027, False), (2028, True)])
def test_terminal_marks_what_is_not_announced(year: int, expected: bool) -> None:
    assert expected == ("not announced yet" in shown(september(year)))


class Tags(HTMLParser):
    """Open and closed tags, and the classes of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "wbr"):
            self.open.append(tag)
        if tag == "td" and dict(attrs).get("class"):
            self.cells.append(dict(attrs)["class"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    parser.close()
    return parser


def test_page_closes_what_it_opens_and_shows_every_day() -> None:
    found = tags(html_calendar(year_view(SATO, 2026, name="佐藤", sunday=True)))
    assert ([], 365) == (found.open, len(found.cells))


def test_page_colours_days_by_their_reason() -> None:
    cells = tags(html_calendar(september())).cells
    assert ["holiday"] * 3 == cells[20:23]


def test_page_does_not_believe_a_name() -> None:
    page = html_calendar(september(name="<script>alert(1)</script>"))
    assert ("&lt;script&gt;", False) == (
        page[(at := page.index("&lt;")) : at + 14],
        "<script" in page,
    )


def test_page_needs_nothing_from_elsewhere() -> None:
    page = html_calendar(year_view(SATO, 2026, name="", sunday=True))
    assert [] == re.findall(r"https?:|//|url\(|@import|src=|<script", page)


def test_diff_of_equal_hours_says_that_they_stay() -> None:
    assert ["The hours stay as they are."] == diff(SATO, SATO, START).sentences()


def test_diff_names_weekday_band_and_hours_of_a_year() -> None:
    old = hours("Mo-Fr 09:00-18:00; Sa 09:00-12:00", holidays="")
    new = hours("Mo-Fr 09:00-18:00", holidays="")
    assert ["You lose 156 h a year: Sat 09:00-12:00 (52 days)."] == diff(
        old, new, START
    ).sentences()


def test_diff_joins_weekdays_that_change_alike() -> None:
    old, new = hours("Mo-Fr 09:00-18:00", holidays=""), hours("Mo-Fr 10:00-18:30", holidays="")
    assert [
        "You lose 260 h a year: Mon-Fri 09:00-10:00 (260 days).",
        "You gain 130 h a year: Mon-Fri 18:00-18:30 (260 days).",
    ] == diff(old, new, START).sentences()


def test_diff_counts_special_days_by_their_names() -> None:
    old = hours("Mo-Fr 09:00-18:00")
    new = hours("Mo-Fr 09:00-18:00", closure=[{"name": "obon"}], holiday_open="10:00-12:00")
    # In 2027 the days from 13 to 16 August are Friday to Monday; 17 of the holidays of the year
    # that begins on 2026-11-22 are not in them.
    assert [
        "You lose 18 h a year: obon 09:00-18:00 (2027-08-13 to 2027-08-16, 2 days).",
        "You gain 34 h a year: public holidays 10:00-12:00 (2026-11-23 to 2027-11-03, 17 days).",
    ] == diff(old, new, START).sentences()


def test_diff_of_the_same_night_written_in_two_ways_is_nothing() -> None:
    old = hours("Fr 22:00-02:00", holidays="")
    new = hours("Fr 22:00-24:00; Sa 00:00-02:00", holidays="")
    assert ["The hours stay as they are."] == diff(old, new, START).sentences()


def test_diff_of_two_zones_is_told_on_the_clock_of_the_new_one() -> None:
    old = hours("Mo 09:00-10:00", holidays="", tz="Asia/Seoul")
    new = hours("Mo 01:00-02:00", holidays="", tz="Africa/Abidjan")
    found = diff(old, new, START)
    changed = [(one.weekdays, one.band) for one in (*found.lost, *found.gained)]
    assert [((0,), Band(0, 60)), ((0,), Band(60, 120))] == changed


def test_diff_covers_twelve_months_from_a_leap_day() -> None:
    assert date(2029, 3, 1) == diff(SATO, SATO, date(2028, 2, 29)).end


quarters = st.integers(0, 95).map(lambda quarter: quarter * 15)
weeks = st.lists(st.tuples(quarters, quarters), min_size=7, max_size=7).map(
    lambda bands: "; ".join(
        f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        if start != end
        else f"{day} off"
        for day, (start, end) in zip(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), bands, strict=True)
    )
)


@settings(deadline=None, max_examples=20)
@given(weeks, weeks)
def test_diff_there_and_back_mirror_each_other(one: str, other: str) -> None:
    there = diff(hours(one), hours(other), START)
    back = diff(hours(other), hours(one), START)
    assert (there.lost, there.gained) == (back.gained, back.lost)


def open_minutes(ours: Hours) -> int:
    """Open minutes of the 365 days, each counted once although a night may reach into a morning."""
    minutes = bytearray(366 * 1440)
    for place in range(-1, 365):
        for start, end in ours.bands(START + timedelta(days=place)).bands:
            first, last = max(0, place * 1440 + start), place * 1440 + end
            if first < last:
                minutes[first:last] = b"\1" * (last - first)
    return sum(minutes[: 365 * 1440])


@settings(deadline=None, max_examples=20)
@given(weeks, weeks)
def test_diff_accounts_for_every_open_minute(one: str, other: str) -> None:
    """What is open afterwards is what was open before, less what is lost, plus what is gained."""
    before, after = hours(one), hours(other)
    found = diff(before, after, START)
    assert open_minutes(after) == open_minutes(before) - found.lost_min + found.gained_min
