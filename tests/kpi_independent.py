"""Every figure a second time, from docs/kpi.md and the ledger's tables alone.

Whoever changes this file reads that page and the tables, and nothing of what sipbot itself reckons
with: two programs that agree because one was copied from the other prove nothing.  The rows come by
plain SQL, the client's file by `tomllib`; nothing of sipbot is imported.

Each figure is `(value, n)`: n is what a share or mean is divided by, None where nothing is divided.
"""

import json
import sqlite3
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Figure = tuple[float | None, int | None]

MISSED = (
    "no_message",
    "abandoned_ringing",
    "abandoned_greeting",
    "refused_unmapped",
    "refused_capacity",
    "refused_source",
    "failed_media",
    "failed_internal",
)
"""The ends of which a client has neither a message nor a conversation."""

WEEK = timedelta(days=7)

NOT_RUNG = ("no_line", "operator_away", "failed", "interrupted")

TODAY = {
    "answer_rate": ("answer_rate", 1),
    "service_level": ("service_level", 1),
    "missed_rate": ("missed_rate", 1),
    "answer_s": ("answer_time", 1),
    "claim_min": ("claim_time", 60),
    "call_back_min": ("call_back_time", 60),
    "handle_min": ("handle_time", 60),
    "fcr": ("fcr", 1),
    "fcr_by_result": ("fcr_by_result", 1),
    "csat": ("csat", 1),
    "nps": ("nps", 1),
}
"""A key of `[targets]` → which figure it is a target of, and how many of its units it counts."""

AT_MOST = {"missed_rate", "answer_time", "claim_time", "call_back_time", "handle_time"}

CALLS = """
    SELECT received_at, answered_at, ended_at, state, caller, memos.category, memos.body,
           calls.call IN (SELECT value FROM handovers, json_each(handovers.contents, '$.calls'))
               AS elsewhere
      FROM calls LEFT JOIN memos ON memos.call = calls.call
     WHERE calls.client = ? ORDER BY received_at, calls.call
"""

TERMS = "SELECT body FROM terms WHERE client = ? AND since < ? ORDER BY since DESC LIMIT 1"


@dataclass(frozen=True)
class CallBack:
    """When the caller was called back, and what came of it."""

    at: datetime
    outcome: str | None


@dataclass(frozen=True)
class Call:
    """One call and its message."""

    came: datetime
    answered: datetime | None
    ended: datetime | None
    state: str | None
    caller: str | None
    category: str | None
    memo: dict[str, Any] | None
    elsewhere: bool

    @property
    def offered(self) -> bool:
        """Whether it has ended, and not by a refusal of the client's own file."""
        return self.state is not None and self.state != "refused_blocked"

    @property
    def history(self) -> list[tuple[datetime, dict[str, Any]]]:
        """What was done with the message, and when."""
        steps = self.memo["history"] if self.memo else []
        return [(datetime.fromisoformat(step["at"]), step) for step in steps]

    @cached_property
    def claimed(self) -> datetime | None:
        """When somebody first claimed the message or began to call back for it."""
        return next((at for at, one in self.history if one["what"] in ("claimed", "calling")), None)

    @cached_property
    def closed(self) -> datetime | None:
        """When the message was closed, unless it was reopened then."""
        last = None
        for at, step in self.history:
            if step["what"] == "done":
                last = at
            elif step["what"] == "reopened":
                last = None
        return last

    @cached_property
    def call_backs(self) -> list[CallBack]:
        """Every call back, the first first."""
        return list(_call_backs(self.history))


@dataclass(frozen=True)
class Terms:
    """What was promised."""

    within_s: float
    limits: dict[str, float]
    quota: int | None
    counts: tuple[str, ...]
    exclude: tuple[str, ...]
    price: dict[str, str] | None


def _call_backs(history: Sequence[tuple[datetime, dict[str, Any]]]) -> Iterator[CallBack]:
    """Yield each call back: one by hand, or one that sipbot placed, however many steps it has."""
    rest = list(history)
    while rest:
        at, step = rest.pop(0)
        if step["what"] == "called_back":
            yield CallBack(at, step["outcome"])
        elif step["what"] == "calling":
            whats = [later["what"] for _, later in rest]
            last = whats.index("call_ended") + 1 if "call_ended" in whats else len(rest)
            placed, rest = rest[:last], rest[last:]
            yield from _placed(placed, rest)


def _placed(
    steps: Sequence[tuple[datetime, dict[str, Any]]], rest: list[tuple[datetime, dict[str, Any]]]
) -> Iterator[CallBack]:
    """Yield a call that sipbot placed if it was one back.

    Args:
        steps: all but its first.
        rest: what follows it; where somebody says only then what came of it, that is taken out.
    """
    said = [step["outcome"] for _, step in steps if step["what"] == "called_back"]
    times = [at for at, step in steps if step["what"] in ("called_back", "call_connected")]
    ends = [(at, step) for at, step in steps if step["what"] == "call_ended"]
    for at, step in ends:
        if step["outcome"] is not None or step["call_back"]["ended"] not in NOT_RUNG:
            times.append(at)
        if step["outcome"] is not None:
            said.insert(0, step["outcome"])
    if not times:
        return
    for place, (_, step) in enumerate(rest):
        if said or step["what"] == "calling":
            break
        if step["what"] == "called_back":
            said.append(step["outcome"])
            del rest[place]
            break
    yield CallBack(min(times), said[-1] if said else None)


def text(at: datetime) -> str:
    """Return a time as the ledger writes it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _time(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def _calls(ledger: sqlite3.Connection, client: str) -> list[Call]:
    return [
        Call(
            came=datetime.fromisoformat(row["received_at"]),
            answered=_time(row["answered_at"]),
            ended=_time(row["ended_at"]),
            state=row["state"],
            caller=row["caller"],
            category=row["category"],
            memo=row["body"] and json.loads(row["body"]),
            elsewhere=bool(row["elsewhere"]),
        )
        for row in ledger.execute(CALLS, (client,))
    ]


def _terms(ledger: sqlite3.Connection, client: str, until: datetime, file: Path) -> Terms:
    row = ledger.execute(TERMS, (client, text(until))).fetchone()
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    if row:
        body = json.loads(row["body"])
        limits, quota, within_s = body["limits"], body["calls_per_month"], body["within_s"]
    else:
        targets, body = written.get("targets", {}), written.get("quota", {})
        limits = {TODAY[k][0]: v * TODAY[k][1] for k, v in targets.items() if k in TODAY}
        quota, within_s = body.get("calls_per_month"), targets.get("within_s", 20)
    price = body["price"] if row and "price" in body else written.get("price")
    counts = body.get("counts", ("memo", "no_message", "transferred"))
    return Terms(within_s, limits, quota, tuple(counts), tuple(body.get("exclude", ())), price)


def _share(part: int, whole: int) -> Figure:
    return (100 * part / whole if whole else None, whole)


def _mean(values: Sequence[float]) -> Figure:
    return (sum(values) / len(values) if values else None, len(values))


def _answering(offered: Sequence[Call], terms: Terms) -> dict[str, Figure]:
    waits = [(one.answered - one.came).total_seconds() for one in offered if one.answered]
    in_time = sum(wait <= terms.within_s for wait in waits)
    missed = {state: sum(one.state == state for one in offered) for state in MISSED}
    number = sum(missed.values())
    return {
        "offered": (len(offered), None),
        "answered": (len(waits), None),
        "answer_rate": _share(len(waits), len(offered)),
        "missed": (number, None),
        "missed_rate": _share(number, len(offered)),
        "service_level": _share(in_time, len(offered)),
        "answer_time": _mean(waits),
        **{f"missed_{state}": (count, None) for state, count in missed.items()},
    }


def _work(messages: Sequence[Call]) -> dict[str, Figure]:
    claims, returns, works, solved = [], [], [], []
    for one in messages:
        assert one.ended
        if one.claimed:
            claims.append((one.claimed - one.ended).total_seconds())
        if one.call_backs:
            first = min(back.at for back in one.call_backs)
            returns.append((first - one.ended).total_seconds())
        if one.claimed and one.closed and one.answered:
            both = (one.ended - one.answered) + (one.closed - one.claimed)
            works.append(both.total_seconds())
        if one.closed and one.call_backs:
            reopened = any(step["what"] == "reopened" for _, step in one.history)
            reached = [back.outcome for back in one.call_backs] == ["reached"]
            solved.append(reached and not reopened)
    return {
        "claim_time": _mean(claims),
        "call_back_time": _mean(returns),
        "handle_time": _mean(works),
        "fcr_by_result": _share(sum(solved), len(solved)),
    }


def _resolved(offered: Sequence[Call], everything: Sequence[Call], now: datetime) -> Figure:
    """Return the share after which nobody called again; calls of every site are looked at."""
    by_number: dict[str, list[Call]] = {}
    for one in everything:
        if one.caller:
            by_number.setdefault(one.caller, []).append(one)
    asked = [
        one
        for one in offered
        if one.state in ("memo", "transferred")
        and one.caller
        and one.ended
        and one.ended <= now - WEEK
    ]
    return _share(sum(not _again(one, by_number[str(one.caller)]) for one in asked), len(asked))


def _again(one: Call, same_number: Sequence[Call]) -> bool:
    assert one.ended
    return any(
        one.ended < other.came <= one.ended + WEEK
        and (None in (one.category, other.category) or one.category == other.category)
        for other in same_number
    )


def _survey(messages: Sequence[Call], step: str) -> tuple[list[int], Figure]:
    """Return the keys that were pressed, and the share of those asked who pressed one."""
    memos = [one.memo for one in messages if one.memo]
    asked = [memo for memo in memos if step in [item["item"] for item in memo["asked"]]]
    keys = [int(memo["answers"][step]) for memo in asked if memo["answers"].get(step)]
    return keys, _share(len(keys), len(asked))


def _surveys(messages: Sequence[Call]) -> dict[str, Figure]:
    csat, csat_response = _survey(messages, "csat")
    nps, nps_response = _survey(messages, "nps")
    fans, foes = sum(key == 9 for key in nps), sum(key <= 6 for key in nps)
    return {
        "csat": _mean([key for key in csat if 1 <= key <= 5]),
        "csat_response": csat_response,
        "nps": _share(fans - foes, len(nps)),
        "nps_response": nps_response,
    }


def _counted(calls: Sequence[Call], terms: Terms) -> list[Call]:
    return [
        one
        for one in calls
        if one.state in terms.counts and not (one.memo and one.category in terms.exclude)
    ]


def _beyond(calls: Sequence[Call], terms: Terms, tz: ZoneInfo) -> list[Call]:
    """Return the calls that came when their month's quota was used up."""
    used: dict[tuple[int, int], int] = {}
    beyond = []
    for one in _counted(calls, terms):
        local = one.came.astimezone(tz)
        month = (local.year, local.month)
        used[month] = used.get(month, 0) + 1
        if terms.quota is not None and used[month] > terms.quota:
            beyond.append(one)
    return beyond


def figures(
    ledger: Path, file: Path, since: datetime, until: datetime, now: datetime
) -> dict[str, Figure]:
    """Return every figure of a client.

    Args:
        ledger: the SQLite file.
        file: the client's TOML; its name is the client's id.
        since, until: the period; a call that came at until is not in it.
        now: when it is asked, UTC-aware.
    """
    client = file.stem
    zone = ZoneInfo(tomllib.loads(file.read_text(encoding="utf-8"))["hours"]["tz"])
    with closing(sqlite3.connect(ledger)) as open_ledger:
        open_ledger.row_factory = sqlite3.Row
        everything = _calls(open_ledger, client)
        terms = _terms(open_ledger, client, until, file)
    ours = [one for one in everything if not one.elsewhere]
    received = [one for one in ours if since <= one.came < until]
    offered = [one for one in received if one.offered]
    messages = [one for one in offered if one.memo]
    beyond = [one for one in _beyond(ours, terms, zone) if since <= one.came < until]
    return {
        "received": (len(received), None),
        **_answering(offered, terms),
        **_work(messages),
        "fcr": _resolved(offered, everything, now),
        **_surveys(messages),
        "quota_used": (len(_counted(received, terms)), None),
        "quota_over": (None if terms.quota is None else len(beyond), None),
    }


def met(
    ledger: Path, file: Path, until: datetime, made: dict[str, Figure]
) -> dict[str, bool | None]:
    """Return of each figure with a target whether it is met; None where it was not measured."""
    with closing(sqlite3.connect(ledger)) as open_ledger:
        open_ledger.row_factory = sqlite3.Row
        terms = _terms(open_ledger, file.stem, until, file)
    found: dict[str, bool | None] = {}
    for key, limit in terms.limits.items():
        value = made[key][0]
        good = None if value is None else value <= limit if key in AT_MOST else value >= limit
        found[key] = good
    return found


def total(ledger: Path, file: Path, until: datetime, made: dict[str, Figure]) -> Decimal | None:
    """Return what a month costs with tax, in a currency without smaller units; None: no price."""
    with closing(sqlite3.connect(ledger)) as open_ledger:
        open_ledger.row_factory = sqlite3.Row
        price = _terms(open_ledger, file.stem, until, file).price
    if price is None:
        return None
    used, over = Decimal(int(made["quota_used"][0] or 0)), Decimal(int(made["quota_over"][0] or 0))
    net = Decimal(price["monthly"]) + Decimal(price["over"]) * over
    net += Decimal(price.get("call", "0")) * (used - over)
    tax = (net * Decimal(price["tax"]) / 100).to_integral_value(ROUND_FLOOR)
    return (net + tax).to_integral_value(ROUND_FLOOR)
