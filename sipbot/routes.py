"""What one call of a client will be like: who calls which number at what time.  Pure.

Data path: sip -> dialplan -> [routes] -> script -> calls -> spool -> speech -> memo

The order of decisions is fixed, and ``sipbot dialplan show`` prints it: blocked callers, then
callers who are not allowed, then callers without a number where the client refuses them, then the
first route that fits, then ``answer.start``.  The same function serves live calls, ``simulate`` and
the tests in the files.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sipbot.caller import CallerId
from sipbot.hours import Situation
from sipbot.numbers import canonical
from sipbot.patterns import matches
from sipbot.plan import Dialplan, Route
from sipbot.steps import Course, Prompt

PRECEDENCE = (
    "callers.block",
    "callers.allow",
    "callers.anonymous",
    "the first [[route]] that fits",
    "answer.start",
)
"""In this order; the first that says something counts."""


@dataclass(frozen=True, kw_only=True)
class Routed:
    """What was decided about a call when its INVITE came."""

    course: Course | None
    """None: the call is refused."""
    refused: Literal["", "blocked"]
    """``blocked`` ends the call as `EndState.REFUSED_BLOCKED`; SIP answer 603."""
    situation: Situation
    """Open or closed, and why."""
    route: str
    """Name of the route that fitted; empty when none did."""
    greeting_because: str
    """Which setting named the greeting: ``greeting``, ``after_hours``, ``holiday``, ``route``, the
    name of a closure or the date of a ``[[day]]``; empty when refused."""


def choose(
    plan: Dialplan,
    caller: CallerId,
    number: str,
    at: datetime,
    region: str,
    *,
    refuse: bool = False,
) -> Routed:
    """Decide what a call will be like.

    Args:
        plan: the client's.
        caller: who calls; `CallerId.number` is None for callers without a number.
        number: what was dialled, in any spelling.
        at: aware time of the INVITE.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.
        refuse: no message can be taken now (disk nearly full); the caller is told so.
    """
    situation = plan.hours.at(at)
    if is_blocked(plan, caller):
        return _blocked(situation, "")
    dialled = canonical(number, region)
    fitting = (one for one in plan.routes if fits(one, plan, situation, caller, dialled))
    route = next(fitting, None)
    if route is not None and route.refuse:
        return _blocked(situation, route.name)
    greeting, because = greeting_for(plan, situation, route, at)
    course = Course(
        after_s=plan.answer.after_s,
        notice=plan.said.notice,
        greeting=greeting,
        start=(route.step if route else "") or plan.answer.start,
        steps=plan.steps,
        beep=plan.said.beep,
        thanks=plan.said.thanks,
        sorry=plan.said.sorry,
        refuse=refuse,
        language=plan.language,
        region=region,
        urgent=route is not None and route.urgent,
        category=route.category if route else None,
        min_s=plan.record.min_s,
    )
    return Routed(
        course=course,
        refused="",
        situation=situation,
        route=route.name if route else "",
        greeting_because=because,
    )


def is_blocked(plan: Dialplan, caller: CallerId) -> bool:
    """Tell whether the client does not want this caller's calls; `block` comes before `allow`."""
    callers = plan.callers
    if caller.number is None:
        return callers.anonymous == "refuse" or bool(callers.allow)
    if _any(callers.block, caller.number):
        return True
    return bool(callers.allow) and not _any(callers.allow, caller.number)


def fits(
    route: Route, plan: Dialplan, situation: Situation, caller: CallerId, dialled: str
) -> bool:
    """Tell whether all conditions of a route hold; of one condition's entries, one must."""
    return (
        hours_fit(route.hours, situation)
        and _caller_fits(route.caller, plan, caller)
        and (not route.number or _any(route.number, dialled))
    )


def greeting_for(
    plan: Dialplan, situation: Situation, route: Route | None, at: datetime
) -> tuple[Prompt, str]:
    """The greeting and which setting named it.

    The route's own comes first, then that of the exceptional day or closure, then the one for the
    reason we are closed.  A day without any hours is a holiday to callers, whatever its reason; in
    the evening of an open holiday they hear what they hear in any evening.
    """
    said = plan.said
    if route is not None and route.greeting is not None:
        return route.greeting, "route"
    if situation.greeting is not None:
        return plan.hours_prompts[situation.greeting], situation.name
    if situation.open:
        return said.greeting, "greeting"
    if said.holiday is not None and _day_off(plan, situation, at):
        return said.holiday, "holiday"
    if said.after_hours is not None:
        return said.after_hours, "after_hours"
    return said.greeting, "greeting"


def _day_off(plan: Dialplan, situation: Situation, at: datetime) -> bool:
    if situation.because not in ("day", "closure", "holiday"):
        return False  # a Sunday is no holiday
    return not plan.hours.bands(at.astimezone(plan.hours.tz).date()).bands


def _blocked(situation: Situation, route: str) -> Routed:
    return Routed(
        course=None, refused="blocked", situation=situation, route=route, greeting_because=""
    )


def hours_fit(wanted: tuple[str, ...], situation: Situation) -> bool:
    """Tell whether one of these words holds; without words, always."""
    if not wanted:
        return True
    now = "open" if situation.open else "closed"
    return not {now, situation.because, situation.name}.isdisjoint(wanted)


def _caller_fits(wanted: tuple[str, ...], plan: Dialplan, caller: CallerId) -> bool:
    if not wanted:
        return True
    if caller.number is None:
        return "anonymous" in wanted
    if "known" in wanted and _any(plan.callers.known, caller.number):
        return True
    return _any(wanted, caller.number)


def _any(patterns: tuple[str, ...], number: str) -> bool:
    return any(matches(pattern, number) for pattern in patterns)
