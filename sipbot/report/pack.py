"""The weekly pack: what a client company is told about one week.  Pure.

Data path: ledger, kpi -> gather -> [pack] -> render, csv_form, JSON

Everything that is shown is in here, so that page, CSV and JSON cannot differ.  None is "not
measured"; it is never shown as 0.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from statistics import median

import msgspec

from sipbot.kpi import AGAIN_WITHIN, MISSED
from sipbot.memo_history import Outcome
from sipbot.records import EndState
from sipbot.report.statement import Taken

TREND_WEEKS = 8
"""Weeks of the trend, the reported one included (our wish: two months)."""

BENCHMARK_CLIENTS = 5
"""Other clients from which on their median is shown: of fewer, a reader who knows one of them could
reckon the others."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of the week beside its target, its past and other clients."""

    key: str
    name: str
    """In the reader's language."""
    unit: str
    """``percent``, ``s``, ``calls`` or ``score``."""
    value: float | None
    n: int
    """How many calls, messages or answers it was measured on."""
    previous: float | None
    trend: tuple[float | None, ...]
    """The latest weeks, oldest first; the last is the reported one."""
    target: float | None = None
    at_least: bool = True
    """Whether the target is met from below (False: an upper limit)."""
    benchmark: float | None = None
    """Median of the agency's other clients; None also when they are too few."""
    definition: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A call that left nothing behind."""

    at: datetime
    caller: str | None
    """None: withheld or unknown."""
    kind: EndState
    later: EndState | None
    """How the same number's next call ended; None: there was none, or nobody can tell."""
    later_at: datetime | None
    known: bool
    """Whether it can be told at all: a number is needed."""


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """A memo of a category that the client's file calls a complaint."""

    at: datetime
    memo: str
    caller: str | None
    category: str
    status: str
    result: Outcome | None
    done_at: datetime | None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was agreed on, and who does it until when."""

    id: int
    client: str
    text: str
    who: str
    due: str
    """Day, ISO 8601; empty: none was agreed."""
    created_at: datetime
    done_at: datetime | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not as it should be, as a word of the reader's language and its values."""

    word: str
    values: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How the client stands with its quota in the month of the week's last day, up to that day."""

    month: str
    used: int | None
    """None: not measured."""
    limit: int | None
    over: int | None
    """Calls beyond the quota; None without one."""


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """How an operator's memos of the week were judged."""

    memo: str
    operator: str
    reviewer: str
    points: int
    """Items of the checklist that were done."""
    of: int
    missed: tuple[str, ...] = ()
    """Items that were not."""


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """One client's week."""

    client: str
    say_name: str
    language: str
    week: str
    tz: str
    since: datetime
    until: datetime
    made_at: datetime
    complete: bool
    """False: the week is not over."""
    dialplan: str
    """SHA-256 of the file whose targets these are; empty: not recorded."""
    within_s: float
    """Seconds within which a call counts for the service level."""
    resolved_from: datetime | None
    """From when on the week's first-call resolution can be told; None: it is."""
    received: int
    ends: dict[str, int]
    """Every end of a call, and ``going``; their sum is `received`."""
    figures: tuple[Figure, ...]
    weeks: tuple[str, ...]
    """Names of the trend's weeks, oldest first."""
    heat: tuple[tuple[int, ...], ...]
    """Calls by day (Monday first) and hour of the client's clock."""
    missed: tuple[Missed, ...]
    complaints: tuple[Complaint, ...]
    complaint_categories: tuple[str, ...]
    problems: tuple[Problem, ...]
    actions: tuple[Action, ...]
    """Those still open, and those done within the week."""
    plan: Plan
    benchmark_clients: int
    """How many other clients the medians are of; 0: too few."""
    reviewed: tuple[Reviewed, ...] = ()


def missed_of(calls: Sequence[Taken], later: Sequence[Taken]) -> tuple[Missed, ...]:
    """Return the missed calls and what became of their callers.

    Args:
        calls: the week's, in order of time.
        later: those of the week and of `AGAIN_WITHIN` after it, in order of time.
    """
    by_caller: dict[str, list[Taken]] = {}
    for call in later:
        if call.caller is not None:
            by_caller.setdefault(call.caller, []).append(call)
    found = []
    for call in calls:
        if call.state not in MISSED:
            continue
        following = None
        for other in by_caller.get(call.caller or "", ()):
            if other.state is not None and call.at < other.at <= call.at + AGAIN_WITHIN:
                following = other
                break
        found.append(
            Missed(
                at=call.at,
                caller=call.caller,
                kind=call.state,
                later=following.state if following else None,
                later_at=following.at if following else None,
                known=call.caller is not None,
            )
        )
    return tuple(found)


def benchmark_of(values: Sequence[float | None]) -> float | None:
    """Return the median of other clients' values; None when too few were measured."""
    measured = [one for one in values if one is not None]
    return median(measured) if len(measured) >= BENCHMARK_CLIENTS else None


def problems_of(
    figures: Sequence[Figure],
    ends: Mapping[str, int],
    plan: Plan,
    shown: Callable[[float | None, str], str],
    *,
    fewest: int,
    waiting: int,
    unread: int,
    broken: int,
) -> tuple[Problem, ...]:
    """Return what somebody should talk about.

    Args:
        figures: of the week.
        ends: how its calls ended.
        plan: how the quota stands.
        shown: how a value of a unit is written for people.
        fewest: measured on fewer, a figure below its target is chance.
        waiting: memos of the week that nobody has closed.
        unread: memos of the week whose message no ear could read.
        broken: memos of the week that the ledger has, but nobody can read.
    """
    found = [
        Problem(
            word="below_target",
            values={
                "name": one.name,
                "value": shown(one.value, one.unit),
                "target": shown(one.target, one.unit),
            },
        )
        for one in figures
        if one.met is False and one.n >= fewest
    ]
    failed = ends["failed_media"] + ends["failed_internal"]
    for word, number in (
        ("refused_capacity", ends["refused_capacity"]),
        ("failed_calls", failed),
        ("memos_waiting", waiting),
        ("memos_unread", unread),
        ("memos_broken", broken),
        ("over_quota", plan.over or 0),
    ):
        if number:
            found.append(Problem(word=word, values={"n": str(number)}))
    return tuple(found)
