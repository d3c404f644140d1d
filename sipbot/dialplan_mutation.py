"""Do the tests of a client's file notice a slip in its hours?  Pure.

Every clock time of the hours is moved by one minute, forwards and backwards, one at a time; the
file's own tests run on each such form.  What none of them notices could be mistyped without anybody
knowing, and is told together with the test that would notice it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import msgspec
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from sipbot.dialplan_form import DialplanForm
from sipbot.dialplan_tests import run_tests
from sipbot.hours import Hours, compile_hours
from sipbot.osm_hours import DAY_MIN, clock
from sipbot.plan import Dialplan
from sipbot.toml_places import Path as KeyPath

_CLOCK = re.compile(r"\b(\d\d):(\d\d)\b")
_DAYS_LOOKED_AT = 800
"""Two years and some: each season, closure and day of every year comes twice."""


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One boundary that was moved."""

    key: tuple[str | int, ...]
    """Of the text in the file, such as ``("hours", "open")``."""
    boundary: str
    """As written: ``09:00``."""
    moved: str
    """``09:01``."""
    caught: bool
    moment: str
    """Local time at which this makes a difference."""
    state: str
    """``open`` or ``closed``: what the file as written says then."""

    @property
    def test(self) -> str:
        """The test that would notice it, as TOML."""
        return f'[[test]]\nat = {self.moment}\nexpect = {{ state = "{self.state}" }}\n'


def mutants(plan: Dialplan, region: str, start: date) -> list[Mutant]:
    """Try every boundary of the client's hours.

    Args:
        plan: the client's; its tests pass as it is.
        region: the one that the plan was loaded with.
        start: where the moments that make a difference are looked for.
    """
    found = []
    for key, boundary, moved, form in _moved(plan.form):
        try:
            hours = _compiled(form, region)
        except PydanticCustomError:
            continue  # bands that touched now overlap: no such file would be taken
        moment, is_open = _difference(plan.hours, hours, start)
        if moment is None:
            continue  # a day that is over: no call can come then
        results = run_tests(replace(plan, hours=hours), region)
        found.append(
            Mutant(
                key=key,
                boundary=boundary,
                moved=moved,
                caught=not all(result.ok for result in results),
                moment=moment.isoformat(),
                state="open" if is_open else "closed",
            )
        )
    return found


def _moved(form: DialplanForm) -> Iterator[tuple[KeyPath, str, str, DialplanForm]]:
    """Each boundary moved by a minute: where it is, what it was and is, and the changed file."""
    if form.hours is not None:
        for key in ("open", "holiday_open"):
            for was, is_, text in _texts(getattr(form.hours, key)):
                hours = form.hours.model_copy(update={key: text})
                yield ("hours", key), was, is_, form.model_copy(update={"hours": hours})
    tables: dict[str, tuple[BaseModel, ...]] = {"season": form.season, "day": form.day}
    for table, entries in tables.items():
        for place, entry in enumerate(entries):
            for was, is_, text in _texts(getattr(entry, "open")):  # noqa: B009 -- both have it
                changed = list(entries)
                changed[place] = entry.model_copy(update={"open": text})
                update = {table: tuple(changed)}
                yield (table, place, "open"), was, is_, form.model_copy(update=update)


def _texts(text: str) -> Iterator[tuple[str, str, str]]:
    for found in _CLOCK.finditer(text):
        minute = int(found[1]) * 60 + int(found[2])
        for other in (minute - 1, minute + 1):
            if 0 <= other <= 2 * DAY_MIN:
                changed = text[: found.start()] + clock(other) + text[found.end() :]
                yield found[0], clock(other), changed


def _compiled(form: DialplanForm, region: str) -> Hours:
    return compile_hours(form.hours, form.closure, form.day, form.season, region=region)


def _difference(hours: Hours, other: Hours, start: date) -> tuple[datetime | None, bool]:
    """The first local minute at which one is open and the other closed, and what `hours` is."""
    for ahead in range(_DAYS_LOOKED_AT):
        day = start + timedelta(days=ahead)
        was, is_ = hours.bands(day).bands, other.bands(day).bands
        if was == is_:
            continue
        edges = {edge for band in (*was, *is_) for edge in band}
        for minute in sorted(edges):
            moment = datetime.combine(day, time()) + timedelta(minutes=minute)
            aware = moment.replace(tzinfo=hours.tz)
            if hours.at(aware).open != other.at(aware).open:
                return moment, hours.at(aware).open
    return None, False
