"""What one site does for a client: when it is open, where calls go, by what means.  Pure.

Data path: plan -> [handover_coverage] -> bundle, handover_parity

The giving site writes it into the bundle, the taking site works it out anew with its own defaults,
calendars and prompts; what differs is what the client would notice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from sipbot.caller import WITHHELD, CallerId
from sipbot.plan import Dialplan
from sipbot.routes import choose

PROBES = 8_784
"""Hours of a leap year: every kind of day comes, with the day that most years lack."""

_DAYS = 366
_STRANGER = "+999"
"""Number of a caller whom no file knows; no country has this code (ITU-T E.164)."""


class DayCover(msgspec.Struct, frozen=True, array_like=True):
    """One day of the client's calendar."""

    on: str
    """ISO 8601."""
    bands: tuple[tuple[int, int], ...]
    """Open from, to: minutes from midnight of the client's zone; more than 1,440 is next day."""
    because: str
    name: str


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a site has for its clients."""

    site: str
    region: str
    sipbot: str
    lines: int
    """Calls at a time, of all clients together."""
    ears: dict[str, tuple[str, ...]]
    """Engine → languages of its models (BCP 47)."""
    readings: bool
    """Whether Japanese terms are compared by their sound."""
    targets: tuple[str, ...]
    """Names of where notifications can go."""
    people: tuple[str, ...] | None
    """Names of the accounts; None where there are none."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has at one site."""

    tz: str
    days: tuple[DayCover, ...]
    first_probe: str
    """UTC, RFC 3339; one follows each hour."""
    answers: tuple[str, ...]
    """What may come of a probe."""
    probes: tuple[int, ...]
    """Places in `answers`."""
    numbers: tuple[str, ...]
    language: str
    terms: int
    """Of the vocabulary, as far as they are in use."""
    calls_per_month: int | None
    """Paid for; None: no quota."""
    price: dict[str, str] | None = None
    """What they cost, as ``[price]`` says it; None: not set."""
    used: dict[str, int]
    """Month → calls that counted, of the last months; empty where nothing was counted."""
    prompts: dict[str, str]
    """Name → SHA-256 of every prompt that a call may hear."""
    heard: dict[str, list[float]]
    """Ear → error rate before and after the terms, and terms found before and after, of how many:
    the last trial with the client's golden set; empty without one."""
    channels: tuple[str, ...]
    """Targets of the client's notifications."""
    rota: tuple[str, ...]
    """Names of those on call."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the giving site writes down."""

    site: Abilities
    client: Coverage


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What the client's calls were like at the giving site."""

    calls: dict[str, dict[str, int]]
    """Month (UTC) → how calls ended → how many."""
    busiest: int | None
    """Most calls on the line at one time; None: none was answered."""


def cover(
    plan: Dialplan,
    at: datetime,
    *,
    region: str,
    prompts: dict[str, str],
    used: dict[str, int],
    heard: dict[str, list[float]],
) -> Coverage:
    """Return what a client has by its plan, from the next full hour on.

    Args:
        plan: in force.
        at: UTC-aware.
        region: of the site.
        prompts, used, heard: as `Coverage` has them.
    """
    first = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    answers: dict[str, int] = {}
    probes = [answers.setdefault(one, len(answers)) for one in probe(plan, first, region)]
    start = first.astimezone(plan.hours.tz).date()
    return Coverage(
        tz=plan.hours.tz.key,
        days=tuple(days(plan, start)),
        first_probe=first.isoformat(),
        answers=tuple(answers),
        probes=tuple(probes),
        numbers=plan.numbers,
        language=plan.language,
        terms=len(plan.terms),
        calls_per_month=plan.quota.calls_per_month if plan.quota else None,
        price=plan.form.price.model_dump() if plan.form.price else None,
        used=used,
        prompts=prompts,
        heard=heard,
        channels=tuple(sorted({one.target for one in plan.channels})),
        rota=tuple(dict.fromkeys(one.name for one in plan.escalation.rota)),
    )


def again(plan: Dialplan, there: Coverage, region: str, prompts: dict[str, str]) -> Coverage:
    """Return what a plan gives for the same days and hours that another site has written down.

    Args:
        plan: as it would be here.
        there: what the other site has written.
        region: of this site.
        prompts: name → SHA-256, here.
    """
    at = datetime.fromisoformat(there.first_probe) - timedelta(hours=1)
    return cover(plan, at, region=region, prompts=prompts, used={}, heard={})


def days(plan: Dialplan, start: date) -> Iterator[DayCover]:
    """Yield the days of a year from this one on."""
    for place in range(_DAYS):
        one = plan.hours.bands(start + timedelta(days=place))
        bands = tuple((band.start, band.end) for band in one.bands)
        yield DayCover(one.date.isoformat(), bands, one.because, one.name)


def probe(plan: Dialplan, first: datetime, region: str) -> Iterator[str]:
    """Yield what comes of a call in each hour of a year: of one without a number, of a stranger's.

    Args:
        plan: the client's.
        first: aware; when the first call comes.
        region: whose national numbers are meant.
    """
    stranger = CallerId(number=_STRANGER, name="", source="from")
    for place in range(PROBES):
        at = first + timedelta(hours=place)
        yield " / ".join(_answer(plan, caller, at, region) for caller in (WITHHELD, stranger))


def _answer(plan: Dialplan, caller: CallerId, at: datetime, region: str) -> str:
    routed = choose(plan, caller, plan.numbers[0], at, region)
    situation = routed.situation
    state = "open" if situation.open else "closed"
    why = f"{state} {situation.because} {situation.name}".rstrip()
    if routed.course is None:
        return f"{why}: refused {routed.route}".rstrip()
    course = routed.course
    marks = (
        f"{' urgent' if course.urgent else ''}{f' {course.category}' if course.category else ''}"
    )
    greeting = course.greeting.name if course.greeting else ""
    return f"{why}: {routed.route or '-'} {greeting} {course.start}{marks}"
