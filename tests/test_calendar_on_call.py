"""Who is on call on the days of a calendar, and when nobody is."""

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sipbot.calendar_on_call import Gap, OnCall, gaps, on_call_of
from sipbot.calendar_page import html_calendar
from sipbot.calendar_terminal import terminal_calendar
from sipbot.calendar_view import CalendarView, Called, month_view, year_view
from sipbot.cli_dialplan import dialplan_app
from sipbot.plan import Dialplan
from tests.clients import client

HOURS = '[hours]\nopen = "Mo-Fr 09:00-18:00"\n'
NIGHTS = """[[escalate]]
after_min = 30
phone = "rota"
[[rota]]
name = "sato"
number = "09012345678"
hours = "Mo-Fr 18:00-09:00"
holidays = "not"
[[rota]]
name = "mori"
number = "09012345679"
hours = "Mo-Fr 09:00-18:00; Sa,Su 00:00-24:00"
"""
LAST = '[[rota]]\nname = "boss"\nnumber = "sip:1@10.0.0.5"\nlast_resort = true\n'
CLOSED_ONLY = NIGHTS.replace("phone =", 'hours = ["closed"]\nphone =')
CULTURE_DAY = date(2026, 11, 3)
"""A Tuesday."""


def who(plan: Dialplan, day: date) -> list[tuple[str, str]]:
    return [(one.band, one.who) for one in on_call_of(plan.escalation, plan.hours, day)]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([("00:00-09:00", "sato"), ("09:00-18:00", "mori"), ("18:00-24:00", "nobody")], NIGHTS),
        (
            [("00:00-09:00", "sato"), ("09:00-18:00", "mori"), ("18:00-24:00", "(boss)")],
            NIGHTS + LAST,
        ),
        ([], NIGHTS[: NIGHTS.index("[[rota]]")].replace('phone = "rota"', 'to = "lead"')),
    ],
)
def test_day_has_who_is_on_call_and_the_gaps(
    tmp_path: Path, expected: list[tuple[str, str]], text: str
) -> None:
    assert expected == who(client(tmp_path, HOURS + text), CULTURE_DAY)


def test_time_in_which_nobody_would_be_called_is_no_gap(tmp_path: Path) -> None:
    only_nights = CLOSED_ONLY[: CLOSED_ONLY.index('[[rota]]\nname = "mori"')]
    found = who(client(tmp_path, HOURS + only_nights), date(2026, 11, 5))

    assert [("00:00-09:00", "sato"), ("18:00-24:00", "sato")] == found


def test_gap_over_midnight_is_one() -> None:
    def day(*bands: str) -> tuple[OnCall, ...]:
        return tuple(OnCall(band=band, names=()) for band in bands)

    first = date(2026, 11, 24)
    days = [day("18:00-24:00"), day("00:00-24:00"), day("00:00-09:00", "10:00-11:00")]
    found = gaps((first + n * timedelta(days=1), each) for n, each in enumerate(days))

    until = date(2026, 11, 26)
    long = Gap(begins=first, at="18:00", ends=until, until="09:00", minutes=39 * 60)
    short = Gap(begins=until, at="10:00", ends=until, until="11:00", minutes=60)
    assert (long, short) == found
    assert ["Tue 2026-11-24 18:00 to Thu 11-26 09:00", "Thu 2026-11-26 10:00-11:00"] == [
        one.words for one in found
    ]


def called(plan: Dialplan) -> Called:
    return Called(plan.escalation, (("sato", "Mon-Fri 18:00-09:00"), ("<b>", "always")))


def month(plan: Dialplan) -> CalendarView:
    return month_view(plan.hours, 2026, 11, name="佐藤", sunday=True, called=called(plan))


def shown(view: CalendarView) -> str:
    out = StringIO()
    Console(file=out, width=140).print(terminal_calendar(view))
    return out.getvalue()


def test_terminal_shows_people_and_gaps_of_a_month(tmp_path: Path) -> None:
    text = shown(month(client(tmp_path, HOURS + NIGHTS)))

    assert "@18-24 sato" in text
    assert "!18-24 nobody" in text
    assert "Tue 2026-11-03 18:00 to Wed 11-04 09:00" in text


def test_terminal_marks_the_days_with_a_gap_in_a_year(tmp_path: Path) -> None:
    plan = client(tmp_path, HOURS + NIGHTS)
    text = shown(year_view(plan.hours, 2026, name="佐藤", sunday=True, called=called(plan)))

    assert "1·  2!  3!  4!   5   6  7·" in text


def test_calendar_of_a_client_without_a_rota_has_no_word_of_it(tmp_path: Path) -> None:
    plan = client(tmp_path, HOURS)
    view = month_view(plan.hours, 2026, 11, name="佐藤", sunday=True)

    assert "on call" not in shown(view) + html_calendar(view).partition("</style>")[2]


def test_page_shows_people_and_gaps_and_believes_no_name(tmp_path: Path) -> None:
    page = html_calendar(month(client(tmp_path, HOURS + NIGHTS)))

    assert '<em class="call">09:00-18:00 mori</em>' in page
    assert '<em class="gap">18:00-24:00 nobody</em>' in page
    assert "<li>Tue 2026-11-03 18:00 to Wed 11-04 09:00</li>" in page
    assert "<td>&lt;b&gt;</td>" in page


def test_command_gives_programs_the_gaps_and_nobody_the_numbers(tmp_path: Path) -> None:
    client(tmp_path, HOURS + NIGHTS)
    words = ["calendar", "sato", "--month", "2026-11", "--dialplans", str(tmp_path)]

    found = json.loads(CliRunner().invoke(dialplan_app, [*words, "--json"]).stdout)
    text = CliRunner().invoke(dialplan_app, words, env={"COLUMNS": "140"}).stdout

    assert {"begins": "2026-11-03", "at": "18:00", "ends": "2026-11-04", "until": "09:00"} == {
        key: value for key, value in found["nobody_on_call"][1].items() if key != "minutes"
    }
    assert ["18:00-24:00", []] == [
        found["days"][2]["on_call"][-1][key] for key in ("band", "names")
    ]
    assert "1234" not in text
