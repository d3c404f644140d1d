"""Opening hours as text: what they mean, and how a mistake in them is answered."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours
from pydantic_core import PydanticCustomError

from sipbot.osm_hours import DAY_MIN, LONGEST_CHARS, WEEKDAYS, Band, clock, day_bands, week_hours

MONDAY = date(2026, 6, 1)


def shown(text: str) -> list[str]:
    """The bands of each day of a week, Monday first."""
    hours = week_hours(text)
    return [
        ",".join(map(str, hours.bands(MONDAY + timedelta(days=place)))) or "closed"
        for place in range(7)
    ]


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(PydanticCustomError) as caught:
        week_hours(text)
    context = caught.value.context or {}
    return str(context["problem"]), str(context["remedy"])


def test_bands_several_a_day_are_kept_apart() -> None:
    assert [*["09:00-12:00,13:00-18:00"] * 5, "09:00-12:00", "closed"] == shown(
        "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00"
    )


def test_later_rule_replaces_the_days_that_it_names() -> None:
    assert ["10:00-20:00"] * 2 + ["closed"] + ["10:00-20:00"] * 4 == shown("10:00-20:00; We off")


def test_rule_after_a_comma_adds_to_the_days_that_it_names() -> None:
    week = shown("Mo-Fr 09:00-18:00, Th 19:00-21:00")
    assert ["09:00-18:00", "09:00-18:00,19:00-21:00"] == week[2:4]


def test_band_past_midnight_is_kept_when_the_next_day_has_hours_of_its_own() -> None:
    assert ["22:00-26:00", "10:00-12:00", "closed"] == shown("Fr 22:00-02:00; Sa 10:00-12:00")[4:]


def test_days_around_the_week_end_are_one_span() -> None:
    assert ["10:00-11:00", *["closed"] * 3, *["10:00-11:00"] * 3] == shown("Fr-Mo 10:00-11:00")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Sa[1,3] 09:00-12:00", [1, 15]),
        ("Sa[-1] 09:00-12:00", [29]),
        ("Sa[5] 09:00-12:00", [29]),
        ("Sa 09:00-12:00; Sa[2] off", [1, 15, 22, 29]),
    ],
)
def test_saturdays_of_a_month_are_counted_from_its_start_and_its_end(
    text: str, days: list[int]
) -> None:
    hours = week_hours(text)
    assert days == [day for day in range(1, 32) if hours.bands(date(2026, 8, day))]


@pytest.mark.parametrize("text", ["24/7", "00:00-24:00", "Mo-Su 00:00-24:00"])
def test_whole_days_are_open_around_the_clock(text: str) -> None:
    assert ["00:00-24:00"] * 7 == shown(text)


def test_never_open_is_a_thing_to_say() -> None:
    assert ["closed"] * 7 == shown("off")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("平日 9時-18時", "Mo-Fr 09:00-18:00"),
        ("平日9時〜18時、土曜9時〜12時", "Mo-Fr 09:00-18:00; Sa 09:00-12:00"),
        ("月〜金 午前9時〜午後5時半", "Mo-Fr 09:00-17:30"),
        ("月火水 9:00-18:00", "Mo,Tu,We 09:00-18:00"),
        ("Ｍｏ-Ｆｒ ０９：００－１８：００", "Mo-Fr 09:00-18:00"),
        ("Monday-Friday 9am-5:30pm", "Mo-Fr 09:00-17:30"),
        ("Mon-Fri 9-18", "Mo-Fr 09:00-18:00"),
        ("Mo-Fr 9-18 Sa 9-12", "Mo-Fr 09:00-18:00; Sa 09:00-12:00"),
        ("Mo-Fr 9.00-12.00", "Mo-Fr 09:00-12:00"),
        ("Mo-Fr 09:00-12:00,Sa 10:00-12:00", "Mo-Fr 09:00-12:00; Sa 10:00-12:00"),
        ("월-금 9시-18시", "Mo-Fr 09:00-18:00"),
        ("年中無休", "24/7"),
    ],
)
def test_hours_as_written_on_a_door_are_refused_with_the_right_spelling(
    text: str, meant: str
) -> None:
    assert f'Did you mean "{meant}"?' == refusal(text)[1]


def test_mistake_tells_at_which_character_reading_ended() -> None:
    assert (
        'cannot be read as opening hours at its character 6, "i 9-25"',
        'Write for example "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00"',
    ) == refusal("Mo-Fri 9-25")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("Mo 10:00", "cannot be read as opening hours at its end"),
        ("Mo-Fr 09:00-18:00; PH off", "holds PH or SH"),
        ("Mo-Fr", "names days without hours"),
        ("Mo 09:00-18:00; Su", "names days without hours"),
        ("09:00-09:00", "holds 09:00-09:00, which has no length"),
        ("Mo 00:00-26:00", "holds 00:00-26:00, which is longer than a day"),
        ("Mo 09:00-18:00,17:00-19:00", "holds 09:00-18:00 and 17:00-19:00, which overlap"),
        ("Mo-Fr 09:00-12:00 , 13:00-18:00", "has a blank before a comma"),
        (
            "Mo 09:00-12:00; Mo 13:00-18:00",
            'holds "Mo 09:00-12:00", which "Mo 13:00-18:00" replaces',
        ),
        ("Sa[1] 10:00-11:00; Sa off", 'holds "Sa[1] 10:00-11:00", which "Sa closed" replaces'),
        ("Mo-Fr 09:00-18:00; Mo-Fr 12:00-13:00 off", "closes a part of the day"),
        ("Apr-Sep Mo 10:00-11:00", "holds a time of the year"),
        ("week 1-20 Mo 10:00-11:00", "holds a time of the year"),
        ("2026 Jan 5 10:00-12:00", "holds a time of the year"),
        ("easter 10:00-12:00", "holds a time of the year"),
        ("sunrise-sunset", "follows the sun"),
        ("10:00-18:00+", "has an open end (+)"),
        ("10:00-18:00/01:00", "repeats within a band (/)"),
        ('Mo 10:00-18:00 "by appointment"', "holds a comment"),
        ("Mo 10:00-18:00 unknown", "holds the word unknown"),
        ("Mo[2] +1 days 10:00-12:00", "moves a day by others"),
        ("Mo 10:00-11:00 || Tu 10:00-11:00", "holds a fall-back rule (||)"),
        ("Mo 09:00-10:00, Tu off", "closes days after a comma"),
        ("x" * 256, "is longer than 255 characters"),
    ],
)
def test_text_that_no_client_can_mean_is_refused(text: str, problem: str) -> None:
    assert problem == refusal(text)[0]


def test_hours_as_long_as_they_may_be_are_read_and_one_character_more_is_not() -> None:
    half_hours = ",".join(f"{hour:02}:00-{hour:02}:30" for hour in range(20))
    text = f"Mo[1,3] {half_hours}; Tu off"

    assert LONGEST_CHARS == len(text)
    assert text == week_hours(text).written
    assert "is longer than 255 characters" == refusal(f"{text} ")[0]


def test_hours_of_one_kind_of_day_name_no_weekdays() -> None:
    with pytest.raises(PydanticCustomError, match="names days of the week"):
        day_bands("Mo 10:00-15:00")


def test_hours_of_one_kind_of_day_may_be_none() -> None:
    assert () == day_bands("")


minutes = st.integers(0, DAY_MIN // 15 - 1).map(lambda quarter: quarter * 15)


@st.composite
def day_times(draw: st.DrawFn) -> list[Band]:
    """One to three bands within a day that neither overlap nor touch."""
    edges = sorted(draw(st.lists(minutes, min_size=2, max_size=6, unique=True)))
    return [Band(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def weeks(draw: st.DrawFn) -> str:
    """One rule for each of some weekdays, so that none replaces another."""
    days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True))
    text = "; ".join(f"{day} {','.join(map(str, draw(day_times())))}" for day in days)
    assume(len(text) <= LONGEST_CHARS)  # seven days of three bands each are longer
    return text


@settings(deadline=None)
@given(weeks(), st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_hours_within_the_day_are_those_of_the_library(text: str, day: date) -> None:
    midnight = datetime.combine(day, time())
    theirs = [
        Band(*(round((edge - midnight).total_seconds() / 60) for edge in (start, end)))
        for start, end, state, _ in OpeningHours(text).intervals(
            midnight, midnight + timedelta(days=1)
        )
        if str(state) == "open"
    ]
    assert tuple(theirs) == week_hours(text).bands(day)


@settings(deadline=None)
@given(minutes, minutes.filter(bool))
def test_band_that_ends_before_it_begins_ends_on_the_next_day(start: int, length: int) -> None:
    end = start + length
    written = f"{clock(start)}-{clock(end % DAY_MIN if end != DAY_MIN else DAY_MIN)}"
    assert (Band(start, end),) == day_bands(written)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[MTWFSaouehr0-9:;, \[\]-]{0,30}", fullmatch=True))
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    try:
        answer = week_hours(text).written
    except PydanticCustomError as refused:
        answer = "refused" if (refused.context or {}).get("remedy") else "without a word"
    assert answer in (text, "refused")


@settings(deadline=None)
@given(st.lists(weeks(), min_size=1, max_size=2), st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_bands_of_a_day_are_in_order_and_apart(texts: list[str], day: date) -> None:
    bands = week_hours(texts[0]).bands(day)
    edges = [edge for band in bands for edge in band]
    assert sorted(set(edges)) == edges
