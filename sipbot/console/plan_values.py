"""What the pages about dialplans say of one: hours, calendar, script, who is told.  Pure.

The same descriptions as ``sipbot dialplan show`` and ``calendar`` give; facts of steps are English
like the keys of the file.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import markupsafe
import msgspec

from sipbot import console_wire as wire
from sipbot.calendar_view import CalendarView, month_view
from sipbot.console.words import Words
from sipbot.dialplan_outline import in_words, outline, prompt_words, shown_number
from sipbot.dialplan_people import channel_words, rota_words, step_does, step_when
from sipbot.dialplan_picture import svg
from sipbot.open_until import next_change
from sipbot.osm_hours import WEEKDAYS
from sipbot.patterns import WILDCARDS
from sipbot.plan import Dialplan

SUNDAY_FIRST = ("ja", "ko")
"""Weeks begin on Sunday on the calendars of Japan and Korea."""


_IN_NUMBERS = frozenset("xznー")
"""Letters in what is typed as a number: those of patterns, and a long vowel's sign for a dash."""


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a client is open at this moment."""

    open: bool
    name: str
    """Of the closure, season or holiday that decides; empty for the weekly hours."""
    until: str
    """When that changes, by the client's clock; empty: not within weeks."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A client in the list of all of them."""

    numbers: list[str]
    """As people write them."""
    now: Now | None
    """None while its dialplan cannot be shown."""


def fitting(clients: Sequence[wire.Client], asked: str) -> list[wire.Client]:
    """Return those that somebody looks for.

    Args:
        clients: some, each by id, name, or a number.
        asked: a part of one of these, as typed; empty: all of them.
    """
    wanted = asked.strip().casefold()
    typed = unicodedata.normalize("NFKC", wanted)
    words = {char for char in typed if char.isalpha()} - _IN_NUMBERS
    digits = "" if words else re.sub("[^0-9]", "", typed)
    # Numbers are kept with the country's code, in place of the nought before the national one.
    digits = digits.removeprefix("0")
    # One digit alone is in nearly all of them.
    sought = digits if len(digits) > 1 else None
    return [one for one in clients if _fits(one, wanted, sought)]


def lines_of(
    clients: Sequence[wire.Client],
    plans: Mapping[str, Dialplan],
    at: datetime,
    language: str,
    region: str,
) -> dict[str, Line]:
    """Return what the list of clients says of some, by client.

    Args:
        clients: which.
        plans: theirs in force; of who is missing there it says less.
        at: now, aware.
        language: of the reader.
        region: of the site.
    """
    return {
        one.client: Line(
            numbers=numbers_of(one, region),
            now=now_of(plan, at, language) if (plan := plans.get(one.client)) else None,
        )
        for one in clients
    }


def now_of(plan: Dialplan, at: datetime, language: str) -> Now:
    """Return whether a client is open, and until when.

    Args:
        plan: the client's.
        at: now, aware.
        language: of the reader.
    """
    found, then = plan.hours.at(at), next_change(plan.hours, at)
    until = ""
    if then is not None:
        there = then.astimezone(plan.hours.tz)
        if there.date() != at.astimezone(plan.hours.tz).date():
            is_ja = language == "ja"
            until = f"{there.month}月{there.day}日 " if is_ja else f"{there.day} {there:%b} "
        until += f"{there:%H:%M}"
    return Now(open=found.open, name=found.name, until=until)


def hours_of(plan: Dialplan, words: Words) -> Iterator[tuple[str, str]]:
    """Return the hours of a client: what they are about, and what they are."""
    form = plan.form
    weekly = _said(form.hours.open, words) if form.hours else words["plan_always"]
    yield words["plan_weekly"], weekly
    for season in form.season:
        when = f"{season.from_} – {season.to}"
        yield words["plan_season"].format(name=season.name), f"{when}: {_said(season.open, words)}"
    if plan.hours.country and form.hours:
        about = words["plan_holidays"].format(country=plan.hours.country)
        yield about, form.hours.holiday_open or words["cal_closed"]
    for closure in form.closure:
        last = "" if closure.last == closure.from_ else f" – {closure.last}"
        yield words["plan_closure"].format(name=closure.name), f"{closure.from_}{last}"
    for day in form.day:
        yield day.on, day.open or words["cal_closed"]


def month_of(plan: Dialplan, day: date) -> CalendarView | None:
    """Return the calendar of the month of a day; None when no holidays are known for its year."""
    sunday = plan.language in SUNDAY_FIRST
    try:
        return month_view(plan.hours, day.year, day.month, name=plan.say_name, sunday=sunday)
    except ValueError:
        return None


def title_of(day: date, language: str) -> str:
    """Return what a month is called."""
    return f"{day.year}年{day.month}月" if language == "ja" else f"{day:%B} {day.year}"


def script_of(plan: Dialplan, region: str) -> dict[str, Any]:
    """Return how calls go: as a picture, and in words."""
    found = outline(plan, region)
    picture = svg(found, plan.say_name, styled=False)
    return {
        # Ours, every text of it escaped where it is drawn.
        "picture": markupsafe.Markup(picture),  # noqa: S704
        "entries": found.entries,
        "nodes": found.nodes,
        "heard": prompt_words,
    }


def people_of(plan: Dialplan, region: str) -> dict[str, Any]:
    """Return who is told of messages: escalations, those on call, channels."""
    steps = sorted(plan.escalation.steps, key=lambda one: one.after)
    return {
        "escalation": [(step_when(one), step_does(one)) for one in steps],
        "rota": rota_words(plan, region),
        "channels": [(one.name, channel_words(one)) for one in plan.channels],
    }


def numbers_of(client: wire.Client, region: str) -> list[str]:
    """Return a client's numbers as people of the region write them."""
    return [shown_number(number, region) for number in client.numbers]


def _said(hours: str, words: Words) -> str:
    """Return weekly hours as people read them."""
    if words["lang"] != "ja":
        return in_words(hours)
    for place, short in enumerate(WEEKDAYS):
        hours = hours.replace(short, words[f"weekday_{place}"])
    return hours.replace("24/7", words["plan_always"]).replace("; ", "、")


def _fits(client: wire.Client, wanted: str, digits: str | None) -> bool:
    if wanted in client.client or wanted in client.name.casefold():
        return True
    return digits is not None and any(_holds(number, digits) for number in client.numbers)


def _holds(number: str, digits: str) -> bool:
    """Tell whether a number, or one that a pattern stands for, has these digits in a row."""
    some = number.removeprefix("+")
    if digits in some:
        return True
    if some.isdecimal():
        return False
    return any(
        all(
            wanted in WILDCARDS.get(char, char)
            for wanted, char in zip(digits, some[place:], strict=False)
        )
        for place in range(len(some) - len(digits) + 1)
    )
