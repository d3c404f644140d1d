"""What people have done with a memo, in the words of those who read it.  Pure.

A list, a page and a live table all say it the same way: who has it and until when, until when it is
put off, who noted what, what came of calling back.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sipbot.memo import Memo, Status, Urgency
from sipbot.memo_history import SYSTEM, HistoryEntry
from sipbot.terminal import printable

Labels = Mapping[str, str]

_DAY = timedelta(days=1)

_WORTH_TELLING = frozenset(
    {"lease_over", "call_connected", "call_ended", "escalated", "on_call_called"}
)
"""Steps of sipbot's own that a colleague has to know."""

_WAITED = re.compile(r"(?:unclaimed for (\d+) min|at once)(?: \((.*)\))?", re.ASCII)


def moment(at: datetime, now: datetime, labels: Labels) -> str:
    """Return a time as people say it: the day only where it is not today.

    Args:
        at: any time.
        now: of the reader's zone, whose days count.
    """
    local = at.astimezone(now.tzinfo)
    clock = f"{local:%H:%M}"
    today: date = now.date()
    near = {today: "{at}", today + _DAY: labels["tomorrow"], today - _DAY: labels["yesterday"]}
    if local.date() in near:
        return near[local.date()].format(at=clock)
    return f"{local:%m-%d} {clock}" if local.year == now.year else f"{local:%Y-%m-%d} {clock}"


def state(memo: Memo, now: datetime, labels: Labels, *, brief: bool = False) -> str:
    """Return who has a memo and until when, until when it is put off, or that it is open.

    Args:
        memo: as it stands.
        now: of the reader's zone.
        labels: of the reader's language.
        brief: for a narrow column.
    """
    if memo.holder is not None:
        until = moment(memo.held_until, now, labels) if memo.held_until else "-"
        return labels["held_brief" if brief else "held"].format(by=memo.holder, until=until)
    if put_off(memo, now) and memo.snoozed_until is not None:
        until = moment(memo.snoozed_until, now, labels)
        return labels["put_off_brief" if brief else "put_off"].format(until=until)
    return labels.get(memo.status.value, memo.status.value)


def put_off(memo: Memo, now: datetime) -> bool:
    """Tell whether nobody needs to look at it yet."""
    until = memo.snoozed_until
    return memo.status is not Status.DONE and until is not None and until > now


def due(memo: Memo, now: datetime, labels: Labels) -> str:
    """Return until when somebody should have called back; empty where nobody says so."""
    if memo.due_at is None or memo.status is Status.DONE or memo.due_at == memo.snoozed_until:
        return ""
    words = labels["overdue"] if memo.due_at <= now else labels["due_at"]
    return words.format(at=moment(memo.due_at, now, labels))


def about(memo: Memo, labels: Labels) -> list[str]:
    """Return what a reader must not miss: urgency, category, what the caller did not say."""
    found = [labels["urgent"]] if memo.urgency is Urgency.URGENT else []
    found += [memo.category] if memo.category else []
    if memo.missing:
        items = ", ".join(labels.get(item, item) for item in memo.missing)
        found.append(f"{labels['missing']}: {items}")
    return [printable(one) for one in found]


def number(memo: Memo, labels: Labels) -> str:
    """Return the number to call back, with whether it is sure."""
    if memo.callback.number is None:
        return labels["no_number"]
    mark = "✓" if memo.callback.confirmed else "?"
    return printable(f"{memo.callback.shown or memo.callback.number} {mark}")


def who(memo: Memo, labels: Labels) -> str:
    """Return who called: by name where one is known, else as the network says.

    Empty where that is the number to call back, and nothing else is known.
    """
    named = [memo.answers[item] for item in ("name", "company") if memo.answers.get(item)]
    known = " / ".join(named) or memo.caller.name
    if not known and memo.caller.number is not None:
        known = "" if memo.caller.number == memo.callback.number else memo.caller.number
        return printable(known)
    return printable(known or (labels["withheld"] if memo.caller.anonymous else "-"))


def _why(reason: str, labels: Labels) -> str:
    """Return why somebody was told (`sipbot.escalation.Step.why`) in the reader's language."""
    found = _WAITED.fullmatch(reason)
    if found is None:
        return reason
    minutes, about = found.groups()
    waited = labels["unclaimed_for"].format(minutes=minutes) if minutes else labels["at_once"]
    parts = [_about(part, labels) for part in about.split(", ")] if about else []
    return f"{waited}, {', '.join(parts)}" if parts else waited


def _about(part: str, labels: Labels) -> str:
    if part == "urgent":
        return labels["of_urgent"]
    name = part.removeprefix("category ")
    return part if name == part else labels["of_category"].format(name=name)


def people_did(memo: Memo, since: int = 0) -> list[HistoryEntry]:
    """Return the steps after a revision that people made, and what came of them by itself."""
    return [
        step
        for step in memo.history
        if step.rev > since and (step.by != SYSTEM or step.what in _WORTH_TELLING)
    ]


def step(entry: HistoryEntry, now: datetime, labels: Labels) -> str:
    """Return one step of a memo's history as a sentence, its note included."""
    known = labels.get(f"step_{entry.what}")
    outcome = entry.outcome.value if entry.outcome is not None else ""
    if entry.call_back is not None and entry.call_back.ended is not None:
        outcome = f"end_{entry.call_back.ended}"
    told = entry.escalated
    if told is not None and told.end is not None:
        outcome = f"end_{told.end}"
    words = (known or f"{{by}}: {entry.what.replace('{', '').replace('}', '')}").format(
        by=entry.by,
        until=moment(entry.until, now, labels) if entry.until is not None else "-",
        outcome=labels.get(outcome, outcome),
        whom=(told.person or told.target) if told is not None else "-",
        why=_why(told.why, labels) if told is not None and told.why else "-",
    )
    return printable(f"{words}: {entry.text}" if entry.text else words)
