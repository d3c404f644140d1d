"""One call that nobody places: what the caller would hear, and what would come of it.  Pure.

``sipbot dialplan simulate`` prints it.  The decision and the call are those of live calls
(`sipbot.dialplan_tests.place_call`); here they are only put into words.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sipbot.dialplan_outline import kind_of, quoted, route_words, shown_number
from sipbot.dialplan_people import notified, step_does, step_told, unclaimed
from sipbot.dialplan_tests import Called, place_call, situation_words
from sipbot.errors import UsageError
from sipbot.escalation import Next
from sipbot.memo_answers import SURVEYS
from sipbot.notice_form import NotifyForm
from sipbot.plan import Dialplan, Trial
from sipbot.records import EndState
from sipbot.rehearsal import StepTaken
from sipbot.terminal import printable

_CALLER_DOES = frozenset({"pressed", "said", "waited", "caller_hangs_up"})
_WEEK_DAYS = 7
"""From so many days on, a weekday's name alone would mean another day."""

_TURNS = frozenset({"pressed", "said", "waited"})
"""What counts as one thing that the caller does (`rehearse`)."""


class Line(NamedTuple):
    """One line of the transcript."""

    who: str
    """``sipbot``, ``caller``; empty where a step begins."""
    text: str
    spoken: bool = False


def simulate(
    plan: Dialplan,
    trial: Trial,
    region: str,
    *,
    hang_up_at: str | None = None,
    person_answers: bool = False,
) -> Called:
    """Place the call.

    Args:
        plan: the client's.
        trial: who calls when, and what the caller does.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.
        hang_up_at: the caller hangs up when this step waits for something.
        person_answers: whether a transfer finds somebody.

    Raises:
        UsageError: the call does not come to the step `hang_up_at`.
    """
    called = place_call(plan, trial, region, person_answers=person_answers)
    if hang_up_at is None:
        return called
    visited = called.rehearsal.visited
    if hang_up_at not in visited:
        way = ", ".join(visited) or "none"
        raise UsageError(f"--hang-up-at {hang_up_at}: the call does not come there; steps: {way}")
    turns = sum(step.what in _TURNS for step in called.rehearsal.steps)
    for patience in range(turns + 1):
        short = place_call(
            plan, trial, region, hang_up_after=patience, person_answers=person_answers
        )
        if hang_up_at in short.rehearsal.visited:
            return short
    return called


def lines(called: Called, plan: Dialplan) -> Iterator[Line]:
    """What happens, in order; waits are left out, keys in a row are one line."""
    keys = ""
    for step in called.rehearsal.steps:
        if step.what == "pressed":
            keys += step.text
            continue
        line = _line(step, plan)
        if line is None:
            continue
        if keys:
            yield Line("caller", f"presses {keys}")
            keys = ""
        yield line
    if keys:
        yield Line("caller", f"presses {keys}")


def transcript(called: Called, plan: Dialplan, trial: Trial, region: str) -> RenderableType:
    """The call for a terminal."""
    heading, facts = _heading(called, plan, trial, region)
    said = Table.grid(padding=(0, 2))
    said.add_column(width=6, style="dim")
    said.add_column(overflow="fold")
    for line in lines(called, plan):
        if not line.who:
            said.add_row("", "")
            said.add_row(Text("step"), Text(line.text, style="bold cyan"))
            continue
        style = "bold yellow" if line.who == "caller" else "green" if line.spoken else ""
        said.add_row(Text(line.who), Text(printable(line.text), style=style))
    parts: list[RenderableType] = [heading, facts, Text(), said]
    return Group(*parts, Text(), _outcome(called), *_told_later(called, plan, trial))


def _told_later(called: Called, plan: Dialplan, trial: Trial) -> list[Text]:
    """Who would be told of the memo, and of one that nobody claimed."""
    table = [
        *(
            (at, f"notified by {form.name}: {form.target}, {form.what}")
            for form, at in _notified(called, plan, trial)
        ),
        *(
            (one.at, f"nobody has claimed it: {step_does(one.step)}{_whom(one, plan)}")
            for one in _forecast(called, plan, trial)
        ),
    ]
    table.sort(key=lambda row: row[0] or datetime.max.replace(tzinfo=UTC))
    return [
        Text(f"{_clock(at, trial, plan)}  {printable(words)}", style="dim") for at, words in table
    ]


def _clock(at: datetime | None, trial: Trial, plan: Dialplan) -> str:
    if at is None:
        return "never    "
    local = at.astimezone(plan.hours.tz)
    far = (local.date() - trial.at.astimezone(plan.hours.tz).date()).days >= _WEEK_DAYS
    return f"{local:%a %Y-%m-%d %H:%M}" if far else f"{local:%a %H:%M}"


def _whom(one: Next, plan: Dialplan) -> str:
    return f": {', '.join(step_told(one, plan))}" if one.step.kind == "phone" else ""


def _notified(
    called: Called, plan: Dialplan, trial: Trial
) -> list[tuple[NotifyForm, datetime | None]]:
    if called.rehearsal.state is not EndState.MEMO:
        return []
    return list(notified(plan.channels, plan, trial.at, urgent=called.about.urgent))


def _forecast(called: Called, plan: Dialplan, trial: Trial) -> list[Next]:
    if called.rehearsal.state is not EndState.MEMO:
        return []
    about = called.about
    return unclaimed(plan, trial.at, urgent=about.urgent, category=about.category)


def as_json(called: Called, plan: Dialplan, trial: Trial) -> dict[str, Any]:
    """The call for a program."""
    routed, rehearsal = called.routed, called.rehearsal
    course = routed.course
    return {
        "client": plan.client,
        "at": trial.at.isoformat(),
        "from": trial.caller,
        "number": trial.number,
        "situation": msgspec.to_builtins(routed.situation),
        "refused": routed.refused,
        "route": routed.route,
        "greeting": course.greeting.name if course and course.greeting else None,
        "greeting_because": routed.greeting_because,
        "category": called.about.category,
        "category_reason": called.about.category_reason,
        "steps": list(rehearsal.visited),
        "transcript": msgspec.to_builtins(rehearsal.steps),
        "answers": rehearsal.answers,
        "asked": list(rehearsal.asked),
        "urgent": called.about.urgent,
        "urgency_reason": called.about.urgency_reason,
        "outcome": rehearsal.state.value,
        "escalation": [
            {"at": one.at.isoformat(), "kind": one.step.kind, "told": step_told(one, plan)}
            for one in _forecast(called, plan, trial)
        ],
        "notifications": [
            {"at": at.isoformat() if at else None, "channel": form.name, "target": form.target}
            for form, at in _notified(called, plan, trial)
        ],
    }


def _line(step: StepTaken, plan: Dialplan) -> Line | None:
    who = "caller" if step.what in _CALLER_DOES else "sipbot"
    match step.what:
        case "waits":
            return None
        case "enters":
            kind = kind_of(plan.steps[step.text]) if step.text in plan.steps else ""
            return Line("", f"{step.text} ({kind})" if kind not in ("", step.text) else step.text)
        case "says":
            name = step.text.startswith("builtin:") or step.text.endswith(".wav")
            if step.text == "beep":
                return Line(who, "beep")
            return Line(who, f"plays {step.text}" if name else quoted(step.text), spoken=not name)
        case "said":
            return Line(who, quoted(step.text))
        case "rings":
            return Line(who, f"lets it ring for {step.text}")
        case "transfers":
            return Line(who, f"rings {step.text}")
        case "ends":
            return None
        case _:
            return Line(who, _WORDS[step.what])


_WORDS = {
    "answers": "answers",
    "waited": "does nothing",
    "discards": "throws away what was recorded",
    "hangs_up": "hangs up",
    "caller_hangs_up": "hangs up",
}


def _heading(
    called: Called, plan: Dialplan, trial: Trial, region: str
) -> tuple[Text, RenderableType]:
    routed = called.routed
    local = trial.at.astimezone(plan.hours.tz)
    heading = Text.assemble(
        (printable(plan.say_name), "bold"), f"  {local:%a %Y-%m-%d %H:%M}", (f"  {local:%Z}", "dim")
    )
    caller = shown_number(trial.caller, region) if trial.caller else "a withheld number"
    facts = Table.grid(padding=(0, 2))
    facts.add_column(width=8, style="dim")
    facts.add_column()
    facts.add_row("call", Text(printable(f"{caller} → {shown_number(trial.number, region)}")))
    facts.add_row("hours", Text(printable(situation_words(routed.situation))))
    facts.add_row("route", Text(printable(_route(called, plan, region))))
    if routed.course is not None and routed.course.greeting is not None:
        because = routed.greeting_because
        facts.add_row("greeting", Text(f"{routed.course.greeting.name} (because of {because})"))
    return heading, facts


def _route(called: Called, plan: Dialplan, region: str) -> str:
    routed = called.routed
    for route in plan.routes:
        if route.name == routed.route:
            to = "refused" if route.refuse else f"step {route.step or plan.answer.start}"
            when = route_words(route, region)
            return f"{route.name} ({when}): {to}" if when else f"{route.name}: {to}"
    if routed.course is None:
        return "none: the caller is refused by [callers]"
    return f"none fits: step {routed.course.start}"


def _outcome(called: Called) -> RenderableType:
    rehearsal, about = called.rehearsal, called.about
    marks = [
        f"urgent{_because(about.urgency_reason)}" if about.urgent else "",
        f"category {about.category}{_because(about.category_reason)}" if about.category else "",
    ]
    shown = ", ".join(filter(None, [rehearsal.state.value, *marks]))
    table = Table.grid(padding=(0, 2))
    table.add_column(width=8, style="dim")
    table.add_column(overflow="fold")
    table.add_row("outcome", Text(shown, style="bold"))
    for item, answer in rehearsal.answers.items():
        table.add_row("answer", Text(f"{item}: {printable(answer) or '(nothing)'}"))
    for item in rehearsal.asked:
        if item not in rehearsal.answers and item not in SURVEYS:
            table.add_row("missing", Text(item))
    return table


def _because(reason: str) -> str:
    """Why, where it is by the caller's words; what a route says is told with the route."""
    return f" (caller {printable(reason)})" if reason.startswith("said ") else ""
