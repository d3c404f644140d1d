"""What one call is like: refused or taken, by which greeting, beginning at which step."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.plan import Dialplan
from sipbot.routes import Routed, choose
from tests.clients import caller, client

TOKYO = ZoneInfo("Asia/Tokyo")
NUMBER = "+81312345678"
SUZUKI = "+819012345678"

OPEN = datetime(2026, 9, 24, 10, 0, tzinfo=TOKYO)  # a Thursday
EVENING = datetime(2026, 9, 24, 20, 0, tzinfo=TOKYO)
SUNDAY = datetime(2026, 9, 27, 10, 0, tzinfo=TOKYO)
HOLIDAY = datetime(2026, 9, 22, 10, 0, tzinfo=TOKYO)  # 国民の休日, between two others
NEW_YEAR = datetime(2026, 12, 30, 10, 0, tzinfo=TOKYO)
CLEANING = datetime(2026, 10, 1, 10, 0, tzinfo=TOKYO)

HOURS = """
[hours]
open = "Mo-Fr 09:00-18:00"
[[closure]]
name = "nenmatsu"
greeting = "new-year.wav"
[[day]]
on = 2026-10-01
closed = true
"""
STEPS = """
[step.main]
do = "say"
prompt = "menu.wav"
then = "record"
"""


def routed(
    plan: Dialplan, number: str | None = SUZUKI, at: datetime = OPEN, dialled: str = NUMBER
) -> Routed:
    return choose(plan, caller(number), dialled, at, "JP")


@pytest.mark.parametrize(
    ("at", "because", "greeting", "is_open"),
    [
        (OPEN, "greeting", "open.wav", True),
        (EVENING, "after_hours", "closed.wav", False),
        (SUNDAY, "after_hours", "closed.wav", False),
        (HOLIDAY, "holiday", "day-off.wav", False),
        (NEW_YEAR, "nenmatsu", "new-year.wav", False),
        (CLEANING, "holiday", "day-off.wav", False),
    ],
)
def test_caller_hears_the_greeting_of_the_hour(
    tmp_path: Path, at: datetime, because: str, greeting: str, is_open: bool
) -> None:
    found = routed(client(tmp_path, HOURS), at=at)

    assert found.course is not None
    assert found.course.greeting is not None
    assert (because, greeting, is_open) == (
        found.greeting_because,
        found.course.greeting.name,
        found.situation.open,
    )


def test_client_without_hours_is_always_open(tmp_path: Path) -> None:
    assert routed(client(tmp_path), at=NEW_YEAR).situation.open


@pytest.mark.parametrize(
    ("callers", "number", "refused"),
    [
        ('block = ["090XXXXXXXX"]', SUZUKI, "blocked"),
        ('block = ["090XXXXXXXX"]', None, ""),
        ('allow = ["0312340000"]', SUZUKI, "blocked"),
        ('allow = ["0312340000"]', None, "blocked"),
        ('allow = ["0312340000"]', "+81312340000", ""),
        ('allow = ["090XXXXXXXX"]\nblock = ["090-1234-5678"]', SUZUKI, "blocked"),
        ('anonymous = "refuse"', None, "blocked"),
        ('anonymous = "refuse"', SUZUKI, ""),
        ('anonymous = "take"', None, ""),
    ],
)
def test_callers_are_blocked_as_the_client_wants(
    tmp_path: Path, callers: str, number: str | None, refused: str
) -> None:
    found = routed(client(tmp_path, f"[callers]\n{callers}\n"), number)

    assert (refused, refused == "") == (found.refused, found.course is not None)


ROUTES = (
    HOURS
    + STEPS
    + """
[callers]
known = ["090-1234-5678"]
[[route]]
name = "new-year"
hours = ["nenmatsu"]
refuse = true
[[route]]
name = "night"
hours = ["closed", "holiday"]
caller = ["known"]
step = "main"
urgent = true
category = "emergency"
[[route]]
name = "unknown-at-night"
hours = ["closed"]
greeting = "menu.wav"
[[route]]
name = "second-line"
number = ["031234567X"]
caller = ["anonymous", "+81120XXXXXX"]
step = "main"
"""
)
BOTH = '["+81312345678", "03-1234-56XX"]'


@pytest.mark.parametrize(
    ("number", "at", "dialled", "route", "start", "urgent"),
    [
        (SUZUKI, EVENING, NUMBER, "night", "main", True),
        (SUZUKI, OPEN, NUMBER, "", "record", False),
        ("+819099998888", EVENING, NUMBER, "unknown-at-night", "record", False),
        (None, OPEN, "0312345670", "second-line", "main", False),
        ("+81120123456", OPEN, "+81312345670", "second-line", "main", False),
        (None, OPEN, "0312345600", "", "record", False),
    ],
)
def test_first_route_whose_conditions_all_hold_leads_the_call(
    tmp_path: Path,
    number: str | None,
    at: datetime,
    dialled: str,
    route: str,
    start: str,
    urgent: bool,
) -> None:
    found = routed(client(tmp_path, ROUTES, numbers=BOTH), number, at, dialled)

    assert found.course is not None
    assert (route, start, urgent) == (found.route, found.course.start, found.course.urgent)


def test_route_that_refuses_names_itself(tmp_path: Path) -> None:
    found = routed(client(tmp_path, ROUTES, numbers=BOTH), at=NEW_YEAR)

    assert ("blocked", "new-year") == (found.refused, found.route)


def test_greeting_of_the_route_comes_before_that_of_the_hour(tmp_path: Path) -> None:
    plan = client(tmp_path, ROUTES, numbers=BOTH)

    assert "route" == routed(plan, "+819099998888", EVENING).greeting_because


def test_course_of_a_full_disk_says_so(tmp_path: Path) -> None:
    found = choose(client(tmp_path), caller(SUZUKI), NUMBER, OPEN, "JP", refuse=True)

    assert found.course is not None
    assert found.course.refuse


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Dialplan:
    return client(tmp_path_factory.mktemp("sato"), ROUTES, numbers=BOTH)


@given(
    st.sampled_from([None, SUZUKI, "+81120123456", "1001"]),
    st.integers(0, 5 * 365 * 24 * 60),
    st.sampled_from([NUMBER, "0312345670", "", "anything"]),
)
def test_every_call_is_either_refused_or_has_a_course_that_begins_at_a_step(
    plan: Dialplan, number: str | None, minute: int, dialled: str
) -> None:
    found = routed(plan, number, OPEN + timedelta(minutes=minute), dialled)

    assert (found.refused == "") == (found.course is not None)
    assert found.course is None or found.course.start in found.course.steps
