"""A client's figures of a period, reckoned from the plain facts of its calls.  Pure.

Data path: ledger -> ledger_kpi -> [kpi] -> report, alerts, stats topic

What each figure means is in `sipbot.kpi_definitions`.  What was not measured is None, never 0: a
share of nothing, a mean of nothing, a first call whose seven days are not over.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from sipbot.kpi_definitions import AGAIN_WITHIN_DAYS, BY_KEY, DEFINITIONS, VERSION
from sipbot.memo_answers import SURVEYS
from sipbot.records import EndState
from sipbot.targets_form import WITHIN_S

AGAIN_WITHIN = timedelta(days=AGAIN_WITHIN_DAYS)

NOT_OFFERED = frozenset({EndState.REFUSED_BLOCKED})
"""Ends of calls that the client's own file refuses: nobody was to answer them."""

SERVED = frozenset({EndState.MEMO, EndState.TRANSFERRED})
"""Ends of a call from which the client has a message or a conversation."""

MISSED = tuple(state for state in EndState if state not in SERVED | NOT_OFFERED)
"""Kinds of missed calls (取りもれ), in the order of the contract."""

_PROMOTERS, _DETRACTORS = frozenset("9"), frozenset("0123456")


class MemoFact(msgspec.Struct, frozen=True, kw_only=True):
    """What people did with a message."""

    category: str | None = None
    claimed_at: datetime | None = None
    """First: claimed, or a call back begun."""
    called_back_at: datetime | None = None
    """First call back."""
    calls_back: int = 0
    """How often somebody called back."""
    reached_first: bool = False
    """Whether the first call back reached the caller."""
    done_at: datetime | None = None
    """None while it is open, and when nobody closed it."""
    reopened: bool = False
    """Whether it ever was."""
    asked: frozenset[str] = frozenset()
    """Surveys that the caller was asked for."""
    rated: dict[str, str] = {}
    """Survey to the key that was pressed."""


class CallFact(msgspec.Struct, frozen=True, kw_only=True):
    """One call for the client."""

    call: str
    received_at: datetime
    caller: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    state: EndState | None
    """None while it lasts."""
    memo: MemoFact | None = None


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the period or after it, as far as it tells that somebody called again."""

    call: str
    received_at: datetime
    caller: str
    category: str | None


class QuotaFact(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that count in one month that the period touches."""

    limit: int | None
    """None: the client has no quota."""
    before: int
    """Those of the month that came before the period."""
    within: int
    """Those that came in both."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with the client in a period, and since when."""

    within_s: float = WITHIN_S
    limits: dict[str, float] = {}
    """Figure to its target, in the figure's unit."""
    calls_per_month: int | None = None
    """The quota; None: there is none."""
    counts: tuple[EndState, ...] = ()
    """Which ends of a call count against it; none: not recorded."""
    exclude: tuple[str, ...] = ()
    """Categories of memos that do not."""
    price: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """What calls cost, as ``[price]`` says it; left out where nothing was set or recorded, and of
    `Figures`: figures go to wall boards, prices do not."""
    dialplan: str | None = None
    """SHA-256 of the file that said so first; None: no such file is recorded."""
    since: datetime | None = None
    """When it came into force; None: not recorded, these are today's."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One figure."""

    key: str
    value: float | None
    """In the unit of its definition; None: not measured."""
    n: int
    """How many it was measured on: what a share or a mean is divided by."""
    target: float | None = None
    met: bool | None = None
    """Whether the target is kept; None without a target or a value."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A client's service in a period; its JSON form is in docs/kpi.md."""

    schema: int = 1
    definitions: int = VERSION
    client: str
    tz: str
    since: datetime
    until: datetime
    """Does not belong to the period."""
    made_at: datetime
    complete: bool
    """Whether the period was over when these were made."""
    terms: Terms
    values: dict[str, Value]
    """By the figure's key; every definition has its value."""
    missed: dict[str, int]
    """Missed calls by kind; every kind is named."""

    def __getitem__(self, key: str) -> Value:
        """Return a figure by its key."""
        return self.values[key]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose figures are wanted."""

    client: str
    tz: str
    terms: Terms
    """What the client's file promises now."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the figures of a period need."""

    client: str
    tz: str
    since: datetime
    until: datetime
    calls: Sequence[CallFact]
    later: Sequence[Later]
    """Calls of known numbers since the period's beginning, also those after it."""
    quota: Sequence[QuotaFact]
    """Of each month that the period touches; none where nobody knows what counts."""
    terms: Terms
    served: bool = True
    """Whether anybody could have called: sipbot knew the client by the end of the period."""


def figures(facts: Facts, now: datetime) -> Figures:
    """Return all figures of a period.

    Args:
        facts: of one client.
        now: UTC-aware; whose seven days are not over is not counted for `fcr`.
    """
    offered = [one for one in facts.calls if one.state is not None and one.state not in NOT_OFFERED]
    measured = {
        "received": (len(facts.calls), len(facts.calls)),
        "offered": (len(offered), len(facts.calls)),
        **_answers(offered, facts.terms.within_s),
        **_work(offered),
        "fcr": _share(_resolved(offered, facts.later, now)),
        "fcr_by_result": _share(_by_result(offered)),
        **_surveys(offered),
        **_quota(facts.quota),
    }
    missed = [one.state for one in offered if one.state not in SERVED]
    return Figures(
        client=facts.client,
        tz=facts.tz,
        since=facts.since,
        until=facts.until,
        made_at=now,
        complete=facts.until <= now,
        terms=msgspec.structs.replace(facts.terms, price=msgspec.UNSET),
        values={
            one.key: judged(
                one.key, *(measured[one.key] if facts.served else _NOTHING), facts.terms.limits
            )
            for one in DEFINITIONS
        },
        missed={kind.value: missed.count(kind) for kind in MISSED},
    )


def judged(key: str, value: float | None, n: int, limits: Mapping[str, float]) -> Value:
    """Return a figure beside its target."""
    target = limits.get(key)
    met = None
    if target is not None and value is not None:
        met = value >= target if BY_KEY[key].at_least else value <= target
    return Value(key=key, value=value, n=n, target=target, met=met)


_Measured = tuple[float | None, int]
"""A value and on how many it was measured."""

_NOTHING: _Measured = (None, 0)


def _share(held: Iterable[bool]) -> _Measured:
    found = list(held)
    return (100 * sum(found) / len(found) if found else None, len(found))


def _mean(lengths: Iterable[float]) -> _Measured:
    found = list(lengths)
    return (sum(found) / len(found) if found else None, len(found))


def _since(begun: datetime, at: datetime) -> float:
    return (at - begun).total_seconds()


def _answers(offered: Sequence[CallFact], within_s: float) -> dict[str, _Measured]:
    waits = [
        None if one.answered_at is None else _since(one.received_at, one.answered_at)
        for one in offered
    ]
    missed = [one.state not in SERVED for one in offered]
    return {
        "answered": (len(waits) - waits.count(None), len(offered)),
        "answer_rate": _share(wait is not None for wait in waits),
        "missed": (sum(missed), len(offered)),
        "missed_rate": _share(missed),
        "service_level": _share(wait is not None and wait <= within_s for wait in waits),
        "answer_time": _mean(wait for wait in waits if wait is not None),
    }


def _work(offered: Sequence[CallFact]) -> dict[str, _Measured]:
    claims, calls_back, handled = [], [], []
    for call in offered:
        memo = call.memo
        if memo is None or call.ended_at is None:
            continue
        if memo.called_back_at is not None:
            calls_back.append(_since(call.ended_at, memo.called_back_at))
        if memo.claimed_at is None:
            continue
        claims.append(_since(call.ended_at, memo.claimed_at))
        if memo.done_at is not None and call.answered_at is not None:
            talk = _since(call.answered_at, call.ended_at)
            handled.append(talk + _since(memo.claimed_at, memo.done_at))
    return {
        "claim_time": _mean(claims),
        "call_back_time": _mean(calls_back),
        "handle_time": _mean(handled),
    }


def _resolved(offered: Sequence[CallFact], later: Sequence[Later], now: datetime) -> Iterable[bool]:
    by_caller: dict[str, list[Later]] = {}
    for one in sorted(later, key=lambda one: one.received_at):
        by_caller.setdefault(one.caller, []).append(one)
    for call in offered:
        if call.caller is None or call.ended_at is None or call.state not in SERVED:
            continue
        if call.ended_at + AGAIN_WITHIN <= now:
            yield not _called_again(call, call.ended_at, by_caller.get(call.caller, []))


def _called_again(call: CallFact, ended_at: datetime, theirs: Sequence[Later]) -> bool:
    about = call.memo.category if call.memo else None
    first = bisect_right(theirs, ended_at, key=lambda one: one.received_at)
    for other in theirs[first:]:
        if other.received_at > ended_at + AGAIN_WITHIN:
            return False
        if other.call != call.call and (None in (about, other.category) or about == other.category):
            return True
    return False


def _by_result(offered: Sequence[CallFact]) -> Iterable[bool]:
    for call in offered:
        memo = call.memo
        if memo is not None and memo.done_at is not None and memo.calls_back:
            yield memo.calls_back == 1 and memo.reached_first and not memo.reopened


def _surveys(offered: Sequence[CallFact]) -> dict[str, _Measured]:
    memos = [one.memo for one in offered if one.memo is not None]
    found: dict[str, _Measured] = {}
    for survey in SURVEYS:
        asked = [one for one in memos if survey in one.asked]
        keys = [one.rated[survey] for one in asked if survey in one.rated]
        found[f"{survey}_response"] = _share(survey in one.rated for one in asked)
        found[survey] = _recommended(keys) if survey == "nps" else _mean(map(float, keys))
    return found


def _recommended(keys: Sequence[str]) -> _Measured:
    if not keys:
        return None, 0
    for_us, against = (sum(key in kind for key in keys) for kind in (_PROMOTERS, _DETRACTORS))
    return 100 * (for_us - against) / len(keys), len(keys)


def _quota(months: Sequence[QuotaFact]) -> dict[str, _Measured]:
    if not months:
        return {"quota_used": _NOTHING, "quota_over": _NOTHING}
    used = sum(one.within for one in months)
    limited = [(one.limit, one) for one in months if one.limit is not None]
    over = sum(
        max(0, one.before + one.within - limit) - max(0, one.before - limit)
        for limit, one in limited
    )
    return {
        "quota_used": (used, used),
        "quota_over": (over if limited else None, used if limited else 0),
    }
