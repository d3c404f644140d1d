"""Who is on call on the days of a calendar, and when nobody is.  Pure.

Data path: hours, rota -> [calendar_on_call] -> calendar_view -> calendar_terminal, calendar_page
"""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from sipbot.escalation import Escalation, holds
from sipbot.hours import Hours, Situation
from sipbot.osm_hours import DAY_MIN, Band
from sipbot.rota import watches

GAPS_SHOWN = 20
"""Times without anybody on call that are spelled out; with more, a person is lacking."""

_DAY = timedelta(days=1)


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Whom sipbot would call in one stretch of a day."""

    band: str
    """``18:00-24:00``."""
    names: tuple[str, ...]
    """In the order in which they are called, without last resorts."""
    last_resort: tuple[str, ...] = ()
    """Called after them."""

    @property
    def gap(self) -> bool:
        """Whether nobody would be called."""
        return not self.names and not self.last_resort

    @property
    def who(self) -> str:
        """``sato, mori``; a last resort in brackets where there is nobody else."""
        if self.names:
            return ", ".join(self.names)
        return f"({', '.join(self.last_resort)})" if self.last_resort else "nobody"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which somebody should be on call, and nobody is."""

    begins: date
    at: str
    """``09:00``."""
    ends: date
    until: str
    """``18:00``; ``24:00`` is midnight."""
    minutes: int

    @property
    def words(self) -> str:
        """``Tue 2026-11-24 09:00-18:00``, ``Fri 2026-11-27 18:00 to Mon 11-30 09:00``."""
        first = f"{self.begins:%a %Y-%m-%d} {self.at}"
        if self.begins == self.ends:
            return f"{first}-{self.until}"
        return f"{first} to {self.ends:%a %m-%d} {self.until}"


def on_call_of(escalation: Escalation, hours: Hours, day: date) -> tuple[OnCall, ...]:
    """Return who is on call on a day, in order; times in which nobody need be are left out.

    Args:
        escalation: the client's.
        hours: the client's.
        day: by the clocks of the client.
    """
    calling = [step for step in escalation.steps if step.kind == "phone"]

    def wanted(situation: Situation) -> bool:
        return any(holds(step, situation) for step in calling)

    if not escalation.rota:
        return ()
    found = watches(escalation.rota, hours, day, wanted)
    return tuple(
        OnCall(band=str(Band(one.start, one.end)), names=one.names, last_resort=one.last_resort)
        for one in found
        if one.names or one.wanted
    )


def gaps(days: Iterable[tuple[date, tuple[OnCall, ...]]]) -> tuple[Gap, ...]:
    """Return when nobody is on call, each time as long as it is.

    Args:
        days: in a row, each with who is on call.
    """
    found: list[Gap] = []
    for day, stretches in days:
        for one in stretches:
            if not one.gap:
                continue
            at, until = one.band.split("-")
            minutes = _minutes(until) - _minutes(at)
            last = found[-1] if found else None
            if last and last.until == "24:00" and at == "00:00" and day - last.ends == _DAY:
                longer = minutes + last.minutes
                found[-1] = msgspec.structs.replace(last, ends=day, until=until, minutes=longer)
            else:
                found.append(Gap(begins=day, at=at, ends=day, until=until, minutes=minutes))
    return tuple(found)


def gaps_words(found: tuple[Gap, ...]) -> str:
    """``nobody on call for 18 h``."""
    hours = sum(one.minutes for one in found) / 60
    return f"nobody on call for {hours:,.1f} h".replace(".0 h", " h").replace(",", " ")


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    found = int(hours) * 60 + int(minutes)
    assert found <= DAY_MIN
    return found
