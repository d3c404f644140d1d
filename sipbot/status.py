"""How a site is: the figures, and what they mean.  Pure; sipbot/gauges.py reads the figures.

One reading serves everybody: the retained ``state`` on the bus, ``sipbot status``, the metrics, the
service manager and the live view, so that no two of them can contradict each other.
Null means "not measured", never 0.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from sipbot.memo import Status as MemoStatus
from sipbot.quota import Figures as QuotaFigures
from sipbot.records import EndState
from sipbot.topics import Numbers, SiteState

BACKLOG_LIMIT_S = 300.0
"""Audio waiting to be read, in seconds, from which the site is degraded: both ears read five to six
seconds of audio a second (real-time factors 0.18 and 0.17, measured), so this is a minute's work,
and an operator should not wait longer than a minute for a text (our wish)."""

UNDELIVERED_LIMIT_S = 60.0
"""Age of the oldest undelivered memo from which the site is degraded, in seconds: a broker that is
back is found within 15 s and its backlog drained within 30 s (acceptance D3), so a minute means
that something stays wrong."""


BEHIND_SHOWN = 5
"""Dialplans that a state names; each has its alert, and the status names all."""


ALERTS_SHOWN = 100
"""Alerts that a status has: what one cause raises is of one kind, so a hundred tell."""

_PROBLEM_CHARS, _REMEDY_CHARS = 600, 300
"""Of an alert in a status, which is one line of a bounded length; the bus has every word."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about the state."""

    numbers: Numbers
    agents_down: tuple[int, ...] = ()
    deaf: tuple[str, ...] = ()
    """Clients without an ear, each with its language: ``yamato (ja)``."""
    ears_down: tuple[str, ...] = ()
    """``live``, ``second``."""
    damaged: tuple[str, ...] = ()
    """Speech models that are installed and cannot be used."""
    broker_connected: bool = True
    commands_refused: bool = False
    """Whether the broker keeps operators' commands from us."""
    behind: tuple[str, ...] = ()
    """What stands for each dialplan whose file is not in force."""
    disk_full: bool = False
    """Whether messages are refused because the disk has no room for another."""
    console_down: bool = False
    """Whether there should be a web console, and is none."""
    edge_down: bool = False
    """Whether there should be an edge of ours, and Kamailio does not answer."""
    ledger_refuses: bool = False
    """Whether calls are refused because the ledger does not take them, or gives no figures."""


class ChildStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One process of this site."""

    name: str
    """``main``, ``agent-0``, ``live-recogniser``, ``second-recogniser``, ``broker``,
    ``console``."""
    pid: int | None
    """None between two lives."""
    rss_bytes: int | None
    restarts: int | None
    """Since this start; None for main, whose restarts its supervisor counts."""


class DialplanStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A client's file that is not in force."""

    name: str
    """The client; ``_defaults`` for the defaults of all clients."""
    sha256: str | None
    """Of the last good form, which is in force; None when the client is out."""
    since: datetime
    """Since when the file does not count."""
    problem: str
    """The first mistake: file, line, column, key, value, what to do."""
    mistakes: int
    words: str
    """What it means to callers, in a sentence that does not change."""


class AlertStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is up."""

    id: str
    """As in its topic: ``disk``, ``quota-yamato``."""
    since: datetime
    """When it was raised; its words may have changed since."""
    problem: str
    remedy: str


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts that are up, but those about files of dialplans, which `Status.dialplans` has."""

    some: tuple[AlertStatus, ...] = ()
    """The oldest first, at most `ALERTS_SHOWN`."""
    others: int = 0
    """How many more there are."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger has counted; refreshed less often than the rest."""

    at: datetime
    memos: Mapping[MemoStatus, int]
    calls: Mapping[EndState, int]
    """Every call that has ended, by end state; the sum is the number of ended calls."""
    calls_today: Mapping[EndState, int]
    today_since: datetime
    """Midnight, by the clock of this machine."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one moment of one site."""

    site: str
    version: str
    boot: str
    started_at: datetime
    at: datetime
    state: SiteState
    reasons: tuple[str, ...]
    since: datetime
    """When this state began; the reasons may have changed since."""
    broker_connected: bool
    numbers: Numbers
    counts: Counts | None
    """None when the ledger did not answer."""
    children: tuple[ChildStatus, ...]
    dialplans: tuple[DialplanStatus, ...] = ()
    """Those whose file is not in force."""
    alerts: Alerts = Alerts()
    quotas: QuotaFigures | None = None
    """None until every client's calls of the month were counted."""


def shown_alerts(up: Sequence[AlertStatus], files: Collection[str]) -> Alerts:
    """Return the alerts as a status shows them.

    Args:
        up: all, the oldest first.
        files: ids of those about files, which are told elsewhere.
    """
    others = [one for one in up if one.id not in files]
    some = tuple(
        msgspec.structs.replace(
            one,
            problem=_shortened(one.problem, _PROBLEM_CHARS),
            remedy=_shortened(one.remedy, _REMEDY_CHARS),
        )
        for one in others[:ALERTS_SHOWN]
    )
    return Alerts(some=some, others=len(others) - len(some))


def judge(facts: Facts) -> tuple[SiteState, tuple[str, ...]]:
    """Return how the site is, and why it is not simply ready.

    The reasons hold no figures that move: they are published when they change.
    """
    numbers = facts.numbers
    reasons = [f"agent {number} is not running" for number in facts.agents_down]
    reasons += [f"no ear for {client}" for client in facts.deaf]
    reasons += facts.behind[:BEHIND_SHOWN]
    if len(facts.behind) > BEHIND_SHOWN:
        reasons.append(f"more than {BEHIND_SHOWN} dialplans are not in force as written")
    reasons += [f"the {ear} recogniser is not running" for ear in facts.ears_down]
    reasons += [f"speech model {model} is damaged" for model in facts.damaged]
    if not facts.broker_connected:
        reasons.append("the broker is not connected")
    if facts.commands_refused:
        reasons.append("the broker refuses operators' commands")
    if facts.edge_down:
        reasons.append("the edge is not running: no call comes in")
    if facts.console_down:
        reasons.append("the console is not running")
    if _exceeds(numbers.recognition_backlog_s, BACKLOG_LIMIT_S):
        reasons.append(f"more than {BACKLOG_LIMIT_S:g} s of audio wait to be read")
    if _exceeds(numbers.oldest_undelivered_s, UNDELIVERED_LIMIT_S):
        reasons.append(f"a memo has waited more than {UNDELIVERED_LIMIT_S:g} s for the broker")
    if facts.disk_full:
        return "full", ("the disk has no room for another message", *reasons)
    if facts.ledger_refuses:
        return "full", ("the ledger refuses", *reasons)
    if numbers.lines_in_use >= numbers.lines:
        busy = f"{numbers.lines_in_use} of {numbers.lines} lines in use"
        return "full", (busy, *reasons)
    return ("degraded" if reasons else "ready"), tuple(reasons)


def _shortened(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _exceeds(measured: float | None, limit: float) -> bool:
    return measured is not None and measured > limit
