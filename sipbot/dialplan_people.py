"""Who is told of a client's messages, in words: escalations, people on call, notifications.  Pure.

``show``, ``diff`` and ``simulate`` say it in the same words.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sipbot.dialplan_outline import in_words, shown_number
from sipbot.escalation import Next, Step, Waiting, forecast
from sipbot.escalation_form import RotaForm
from sipbot.notice_form import NotifyForm
from sipbot.notice_times import next_time, tells
from sipbot.plan import Dialplan

_HOLIDAYS = {"also": "", "not": ", not on holidays", "only": ", on holidays only"}
_ON = {
    "weekly": "the weekly pack",
    "monthly": "the monthly statement",
    "service": "a service below its targets",
}
_WHEN = {"each": "each message", "urgent": "urgent messages", "asked": "when an [[escalate]] asks"}


def step_when(step: Step) -> str:
    """After how long a step is taken, and of which memos: ``after 15 min, urgent``."""
    minutes = int(step.after.total_seconds()) // 60
    parts = [
        f"after {minutes} min" if minutes else "at once",
        "urgent" if step.urgent else "",
        f"category {' or '.join(step.categories)}" if step.categories else "",
        f"while {' or '.join(step.hours)}" if step.hours else "",
    ]
    return ", ".join(filter(None, parts))


def step_does(step: Step) -> str:
    """What a step does: ``tells lead (escalated_to)``, ``calls the rota``, ``sends to client``."""
    match step.kind:
        case "to":
            return f"tells {step.target} (escalated_to)"
        case "phone":
            return "calls those on call"
        case "notify":
            return f"notifies by {step.target}"


def shift_words(form: RotaForm) -> str:
    """When one person is on call."""
    if form.last_resort:
        return "last resort"
    first, last = form.from_, form.to
    days = f", {first or '…'} to {last or '…'}" if first or last else ""
    return f"{in_words(form.hours)}{_HOLIDAYS[form.holidays]}{days}"


def rota_words(plan: Dialplan, region: str) -> list[tuple[str, str]]:
    """Everybody on call: name, and when at which number; in the order of the file."""
    return [
        (form.name, f"{shown_number(shift.number, region)}  {shift_words(form)}")
        for shift, form in zip(plan.escalation.rota, plan.form.rota, strict=True)
    ]


def channel_words(form: NotifyForm) -> str:
    """What a channel tells, when, and where it leads."""
    memos = _WHEN.get(form.when) or f"all messages together at {', '.join(form.at)}"
    when = ", ".join(memos if one == "memo" else _ON[one] for one in form.on)
    hours = f", while {' or '.join(form.hours)}" if form.hours else ""
    language = f", in {form.language}" if form.language else ""
    return f"{when}{hours} → {form.target}, {form.what}{language}"


def step_told(one: Next, plan: Dialplan) -> list[str]:
    """Who is told by a step at its time."""
    if one.step.kind != "phone":
        return [one.step.target]
    return [person.name for person in plan.escalation.on_call(plan.hours, one.at)] or ["nobody"]


def unclaimed(plan: Dialplan, at: datetime, *, urgent: bool, category: str | None) -> list[Next]:
    """Who would be told of a memo that nobody ever claimed, in order.

    Args:
        plan: the client's.
        at: the end of the call; aware.
        urgent, category: of the memo.
    """
    memo = Waiting(since=at, free=True, urgent=urgent, category=category)
    return forecast(plan.escalation, memo, plan.hours)


def notified(
    channels: Sequence[NotifyForm], plan: Dialplan, at: datetime, *, urgent: bool
) -> Iterator[tuple[NotifyForm, datetime | None]]:
    """Which channels tell of a memo by themselves, and when.

    Args:
        channels: of the client.
        plan: the client's.
        at: when the memo came; aware.
        urgent: whether the memo is.

    Yields:
        The channel and the time; None: not within a year.
    """
    for one in channels:
        if tells(one, urgent=urgent):
            yield one, next_time(one, plan.hours, at)
