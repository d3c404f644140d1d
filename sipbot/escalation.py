"""Who is told next of a memo that nobody claims, and when.  Pure.

Data path: ledger -> [escalation] -> ledger_escalations, escalation_watch

The time that counts is the caller's: it begins with the end of the call, and anew when somebody
has worked on the memo (given it back, called back, put it off until later).  A claim that ended by
itself is no work: the time goes on as though nobody had claimed.  Each step is done once for a
memo, whatever becomes of the memo later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sipbot.call_back import ENDED, End
from sipbot.command import LEASE_MAX_S
from sipbot.hours import Hours, Situation
from sipbot.memo import Memo, Status, Urgency
from sipbot.memo_history import Escalated, HistoryEntry, next_revision
from sipbot.rota import Rota, Shift, on_call

Kind = Literal["to", "phone", "notify"]

ROTA = "rota"
"""Target of every step that calls those on call."""

ESCALATED, CALLED = "escalated", "on_call_called"
"""``what`` of the history's entries."""

TAKEN, NOBODY = "taken", "nobody"
"""How the calls to those on call end; one call also as `sipbot.sip.on_call_wire` has it."""

TOO_LATE = "too_late"
"""How a call to somebody on call ends when another has the memo, whatever they pressed."""

LATE_MAX = timedelta(days=14)
"""What should have been done longer ago is not done any more: who adds steps to a client's file
does not mean the memos of last month.  The longest closure of the year, nine days, is shorter."""

_WORKED = {"released", "snoozed", "called_back", ENDED, "reopened"}
"""``what`` of a history's entries: somebody has done something, and the caller's wait begins anew
from there; put off: from its end."""

_NOT_CALLED = {End.NO_LINE.value, End.OPERATOR_AWAY.value, End.INTERRUPTED.value}
"""Ends of a call back that reached nobody, unless its outcome says otherwise: the caller's
telephone did not ring, as far as is known, so nothing was done for them."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of a client's ``[[escalate]]``."""

    after: timedelta
    kind: Kind
    target: str
    urgent: bool = False
    """Only urgent memos."""
    categories: tuple[str, ...] = ()
    """Only memos of these; empty: of all."""
    hours: tuple[str, ...] = ()
    """Only while one of these holds, as in a route; empty: always."""

    @property
    def key(self) -> str:
        """What a memo's steps are told apart by: whoever is told once is not told again, also when
        the file is changed or two steps name them.
        """
        return f"{self.kind}:{self.target}"

    @property
    def why(self) -> str:
        """Why somebody is told, in words that stand in the memo."""
        minutes = int(self.after.total_seconds()) // 60
        about = ", ".join(
            (*(["urgent"] if self.urgent else []), *(f"category {c}" for c in self.categories))
        )
        waited = f"unclaimed for {minutes} min" if minutes else "at once"
        return f"{waited} ({about})" if about else waited


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """What a client's file says of memos that nobody claims."""

    steps: tuple[Step, ...] = ()
    rota: Rota = ()

    def on_call(self, hours: Hours, when: datetime) -> tuple[Shift, ...]:
        """Return whom to call at this moment, one after the other."""
        return on_call(self.rota, hours, when)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What of a memo decides."""

    since: datetime
    """From when on the caller's wait counts; may lie ahead when the memo was put off."""
    free: bool
    """Nobody has claimed or closed it."""
    urgent: bool
    category: str | None
    done: frozenset[str] = frozenset()
    """Keys of the steps that the memo has had, or that are going on."""


@dataclass(frozen=True, kw_only=True)
class Next:
    """The next step of a memo."""

    step: Step
    at: datetime
    """When it is due; later than now: look again then."""


def waiting(memo: Memo) -> Waiting:
    """Return what of a memo decides."""
    since = memo.call.ended_at
    for entry in memo.history:
        if _is_work(entry):
            since = max(since, entry.until or entry.at, entry.at)
    return Waiting(
        since=since,
        free=memo.status is Status.OPEN,
        urgent=memo.urgency is Urgency.URGENT,
        category=memo.category,
        done=frozenset(
            f"{entry.escalated.kind}:{entry.escalated.target}"
            for entry in memo.history
            if entry.escalated is not None
        ),
    )


def _is_work(entry: HistoryEntry) -> bool:
    if entry.what not in _WORKED:
        return False
    call = entry.call_back
    return call is None or entry.outcome is not None or call.ended not in _NOT_CALLED


def next_step(plan: Escalation, memo: Waiting, now: datetime, hours: Hours) -> Next | None:
    """Return the next step of a memo; None when there is nothing more to do as it stands.

    Args:
        plan: the client's.
        memo: the memo.
        now: aware.
        hours: the client's.
    """
    if not memo.free:
        return None
    found: list[Next] = []
    for step in plan.steps:
        due = memo.since + step.after
        if step.key not in memo.done and _fits(step, memo) and now - due <= LATE_MAX:
            if due <= now and not holds(step, hours.at(now)):
                due = now.replace(second=0, microsecond=0) + _MINUTE  # hours begin with a minute
            found.append(Next(step=step, at=due))
    # Those that are late are told in the order in which they were due.
    return min(found, key=lambda one: (max(one.at, now), one.step.after), default=None)


def forecast(plan: Escalation, memo: Waiting, hours: Hours) -> list[Next]:
    """Return every step that a memo would have if nobody ever claimed it, in order."""
    found: list[Next] = []
    now = memo.since
    while one := next_step(plan, memo, now, hours):
        if one.at <= now:
            memo = replace(memo, done=memo.done | {one.step.key})
            found.append(Next(step=one.step, at=now))
        now = max(now, one.at)
    return found


def told(memo: Memo, step: Step, now: datetime) -> Memo:
    """Return the memo once a step is taken; of the calls it is the beginning.

    Args:
        memo: as it stands.
        step: that is due.
        now: our clock, UTC-aware.
    """
    entry = Escalated(kind=step.kind, target=step.target, why=step.why)
    update = {"escalated_to": step.target}
    return next_revision(memo, now, update, what=ESCALATED, escalated=entry)


def calling(memo: Memo) -> bool:
    """Tell whether those on call are being called: nobody has taken the message yet or done
    something else about it, and not all of them are known to have been asked.
    """
    ends = {one.end for one in _since_work(memo) if one.kind == "phone"}
    return None in ends and not {TAKEN, NOBODY} & ends


def _since_work(memo: Memo) -> list[Escalated]:
    """Return who was told, or called, since somebody last did something about the memo."""
    found: list[Escalated] = []
    for entry in memo.history:
        if _is_work(entry):
            found = []
        elif entry.escalated is not None:
            found.append(entry.escalated)
    return found


def not_taken(memo: Memo) -> bool:
    """Tell whether all on call were called in vain and nobody has the memo."""
    ends = {one.escalated.end for one in memo.history if one.escalated is not None}
    return memo.status is Status.OPEN and NOBODY in ends


def asked(memo: Memo) -> frozenset[str]:
    """Return who of those on call has been called and did not take it."""
    return frozenset(one.person for one in _since_work(memo) if one.person is not None)


def called(memo: Memo, person: str, end: str, now: datetime) -> Memo:
    """Return the memo once somebody on call was called; `TAKEN`: they hold it, if it is free.

    If it is not, they have not taken it: the call counts as `TOO_LATE`.

    Args:
        memo: as it stands, its claim not over.
        person: who.
        end: what came of it.
        now: our clock, UTC-aware.
    """
    if end == TAKEN and memo.status is not Status.OPEN and memo.holder != person:
        end = TOO_LATE
    entry = Escalated(kind="phone", target=ROTA, person=person, end=end)
    if end != TAKEN or memo.status is not Status.OPEN:
        return next_revision(memo, now, {}, what=CALLED, escalated=entry)
    # Whoever is woken at night may have no console to prolong it.
    until = now + timedelta(seconds=LEASE_MAX_S)
    update = {
        "status": Status.CLAIMED,
        "holder": person,
        "held_until": until,
        "snoozed_until": None,
    }
    return next_revision(memo, now, update, what="claimed", by=person, until=until, escalated=entry)


def nobody(memo: Memo, now: datetime) -> Memo:
    """Return the memo when everybody on call has been called and nobody has taken it."""
    entry = Escalated(kind="phone", target=ROTA, end=NOBODY)
    return next_revision(memo, now, {}, what=CALLED, escalated=entry)


def holds(step: Step, situation: Situation) -> bool:
    """Tell whether a step's hours allow it now."""
    if not step.hours:
        return True
    words = {"open" if situation.open else "closed", situation.because, situation.name}
    return not words.isdisjoint(step.hours)


def in_vain(steps: Sequence[Step]) -> list[int]:
    """Return the places of steps that never count: another one tells the same person earlier."""
    return [
        place
        for place, step in enumerate(steps)
        if any(
            other.key == step.key
            and (other.after, at) < (step.after, place)
            and _takes_all_of(other, step)
            for at, other in enumerate(steps)
        )
    ]


def _takes_all_of(one: Step, other: Step) -> bool:
    """Tell whether every memo that `other` is for is one for `one` as well, at any time."""
    if one.hours or (one.urgent and not other.urgent):
        return False
    return not one.categories or (
        bool(other.categories) and set(other.categories) <= set(one.categories)
    )


def _fits(step: Step, memo: Waiting) -> bool:
    if step.urgent and not memo.urgent:
        return False
    return not step.categories or memo.category in step.categories
