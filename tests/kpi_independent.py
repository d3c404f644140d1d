"""A client's figures once more, by plain SQL and docs/kpi.md alone: nothing of sipbot is imported.

Slow and simple on purpose; `tests.test_agency` compares every figure with `sipbot.kpi`'s.
"""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)
MISSED = (
    *("no_message", "abandoned_ringing", "abandoned_greeting", "refused_unmapped"),
    *("refused_capacity", "refused_source", "failed_media", "failed_internal"),
)
NOT_RUNG = ("no_line", "operator_away", "interrupted")


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def figures(
    ledger: Path, client: str, tz: str, since: datetime, until: datetime, now: datetime
) -> dict[str, float | None]:
    """Return every figure by its key, and the missed calls by ``missed_<kind>``."""
    with sqlite3.connect(ledger) as db:
        db.row_factory = sqlite3.Row
        terms = json.loads(
            db.execute(
                "SELECT body FROM terms WHERE client = ? AND since < ? ORDER BY since DESC LIMIT 1",
                (client, written(until)),
            ).fetchone()[0]
        )
        rows = db.execute(
            "SELECT c.*, m.category, m.body FROM calls c LEFT JOIN memos m USING (call) "
            "WHERE c.client = ? AND received_at >= ? AND received_at < ?",
            (client, written(since), written(until)),
        ).fetchall()
        ended = [r for r in rows if r["state"] is not None]
        offered = [r for r in ended if r["state"] != "refused_blocked"]
        found = {"received": len(rows), "offered": len(offered)}
        return {
            **found,
            **answers(offered, terms["within_s"]),
            **work(offered),
            "fcr": resolved(db, client, offered, now),
            **surveys(offered),
            **quota(db, client, ZoneInfo(tz), terms, since, until),
        }


def answers(offered: list[sqlite3.Row], within_s: float) -> dict[str, float | None]:
    waits = [seconds(r["received_at"], r["answered_at"]) for r in offered if r["answered_at"]]
    missed = {f"missed_{kind}": sum(r["state"] == kind for r in offered) for kind in MISSED}
    lost = sum(missed.values())
    return {
        "answered": len(waits),
        "answer_rate": share(len(waits), len(offered)),
        "service_level": share(sum(w <= within_s for w in waits), len(offered)),
        "answer_time": mean(waits),
        "missed": lost,
        "missed_rate": share(lost, len(offered)),
        **missed,
    }


def work(offered: list[sqlite3.Row]) -> dict[str, float | None]:
    claims, backs, handled, firsts = [], [], [], []
    for row in offered:
        if row["body"] is None:
            continue
        steps = json.loads(row["body"])["history"]
        claimed = [s["at"] for s in steps if s["what"] in ("claimed", "calling")]
        called = calls_back(steps)
        done = None
        for step in steps:
            done = {"done": step["at"], "reopened": None}.get(step["what"], done)
        if claimed:
            claims.append(seconds(row["ended_at"], claimed[0]))
            if done and row["answered_at"]:
                talk = seconds(row["answered_at"], row["ended_at"])
                handled.append(talk + seconds(claimed[0], done))
        if called:
            backs.append(seconds(row["ended_at"], called[0][0]))
        if called and done:
            again = any(s["what"] == "reopened" for s in steps)
            firsts.append(len(called) == 1 and called[0][1] == "reached" and not again)
    return {
        "claim_time": mean(claims),
        "call_back_time": mean(backs),
        "handle_time": mean(handled),
        "fcr_by_result": share(sum(firsts), len(firsts)),
    }


def calls_back(steps: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Time and result of each call back."""
    found: list[tuple[str, str | None]] = []
    up, open_result = None, False
    for step in steps:
        if step["what"] == "call_connected":
            up = step["at"]
        elif step["what"] == "call_ended":
            end = (step.get("call_back") or {}).get("ended")
            if up or step.get("outcome") or end not in NOT_RUNG:
                found.append((up or step["at"], step.get("outcome")))
                open_result = not step.get("outcome")
            up = None
        elif step["what"] == "called_back":
            when = found.pop()[0] if open_result else step["at"]
            found.append((when, step.get("outcome")))
            open_result = False
    return found + ([(up, None)] if up else [])


def resolved(
    db: sqlite3.Connection, client: str, offered: list[sqlite3.Row], now: datetime
) -> float | None:
    kept = total = 0
    for row in offered:
        if row["state"] not in ("memo", "transferred") or row["caller"] is None:
            continue
        end = datetime.fromisoformat(row["ended_at"])
        if end + WEEK > now:
            continue
        again = db.execute(
            "SELECT count(*) FROM calls c LEFT JOIN memos m USING (call) WHERE c.client = ? "
            "AND c.caller = ? AND c.received_at > ? AND c.received_at <= ? AND c.call != ? "
            "AND (m.category IS NULL OR ? IS NULL OR m.category = ?)",
            (
                *(client, row["caller"], row["ended_at"], written(end + WEEK), row["call"]),
                *(row["category"], row["category"]),
            ),
        ).fetchone()[0]
        total += 1
        kept += not again
    return share(kept, total)


def surveys(offered: list[sqlite3.Row]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for survey in ("csat", "nps"):
        keys, asked = [], 0
        for row in offered:
            memo = json.loads(row["body"] or "{}")
            if survey in [one["item"] for one in memo.get("asked", [])]:
                asked += 1
                keys += [int(memo["answers"][survey])] if survey in memo["answers"] else []
        found[f"{survey}_response"] = share(len(keys), asked)
        if survey == "csat":
            found[survey] = mean([float(key) for key in keys])
        else:
            balance = sum(key == 9 for key in keys) - sum(key <= 6 for key in keys)
            found[survey] = 100 * balance / len(keys) if keys else None
    return found


def quota(
    db: sqlite3.Connection,
    client: str,
    tz: ZoneInfo,
    terms: dict[str, Any],
    since: datetime,
    until: datetime,
) -> dict[str, float | None]:
    """Number the counted calls of each month, and count those of the period."""
    rows = db.execute(
        "SELECT received_at, state, category FROM calls LEFT JOIN memos USING (call) "
        "WHERE calls.client = ? ORDER BY received_at",
        (client,),
    )
    limit = terms.get("calls_per_month")
    places: dict[str, int] = {}
    used = over = 0
    for row in rows:
        at = datetime.fromisoformat(row["received_at"])
        if row["state"] not in terms["counts"] or row["category"] in terms["exclude"]:
            continue
        month = f"{at.astimezone(tz):%Y-%m}"
        places[month] = places.get(month, 0) + 1
        if since <= at < until:
            used += 1
            over += limit is not None and places[month] > limit
    return {"quota_used": used, "quota_over": over if limit is not None else None}
