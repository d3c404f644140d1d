"""A simulated agency: clients, their files, and months of calls in a real ledger.

``python -m tests.agency --clients 30 --days 90 --calls 50000 --seed 1 FOLDER`` makes a folder that
``sipbot report ... --config FOLDER/config.toml`` reads; the same seed makes the same calls.  How a
call ends is decided by the machine that leads live calls, what becomes of its memo by the commands
of operators; the rows are written by the ledger's own functions, many in one transaction.
"""

import argparse
import asyncio
import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from sipbot import ledger_handovers as handovers
from sipbot import ledger_writes as writes
from sipbot.dialplan import load_all
from sipbot.handover import Taken
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.plan import Dialplan
from sipbot.records import CallOffer, EndedBy, EndState, Party
from sipbot.what_if import NO_LINE_WANTED
from tests.agency_files import promise_more, write_site
from tests.agency_memos import Came, first, life
from tests.agency_outcomes import Outcome, outcome

UNTIL = datetime(2026, 10, 31, 15, tzinfo=UTC)
"""The last moment of a call: the end of October in Tokyo."""

LINES = 8

AT_ONCE = 500
"""Calls written in one transaction."""

BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 8, 20, 42, 45, 40, 28, 38, 40, 38, 34, 30, 18, 10, 6, 4, 2, 1)
BY_DAY = (12, 10, 10, 10, 11, 5, 3)

NO_LINE = NO_LINE_WANTED | {EndState.REFUSED_CAPACITY}

_AGAIN = 0.25
"""Share of calls by somebody who called this client before, of the last hundred."""


@dataclass(frozen=True, kw_only=True)
class Agency:
    """What was made."""

    folder: Path
    plans: tuple[Dialplan, ...]
    ledger: Path


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A call that is about to come."""

    at: datetime
    plan: Dialplan
    elsewhere: bool = False
    """Whether another site took it, from which the client came."""


def make(
    folder: Path, *, clients: int, days: int, calls: int, seed: int, lines: int = LINES
) -> Agency:
    """Make the agency's folder; its files, its calls and what people did with them.

    Args:
        folder: empty, or not there yet.
        clients, days, calls: how many; the last day is the last of October 2026.
        seed: the same makes the same.
        lines: of the whole agency; who finds all of them busy is refused.
    """
    chance = random.Random(seed)
    write_site(folder, clients)
    before = load_all(folder / "dialplans", "JP").all
    promise_more(folder)
    plans = load_all(folder / "dialplans", "JP").all
    (folder / "var").mkdir()
    ledger = folder / "var" / "sipbot.sqlite3"
    arrivals = _arrivals(plans, days, calls, chance)
    asyncio.run(_fill(ledger, (before, plans), arrivals, _Traffic(chance, lines, plans[0])))
    return Agency(folder=folder, plans=tuple(plans), ledger=ledger)


async def _fill(
    path: Path,
    promised: tuple[Sequence[Dialplan], Sequence[Dialplan]],
    arrivals: list[Arrival],
    traffic: "_Traffic",
) -> None:
    """Store the calls, and what was promised first and in the second half.

    Nothing is on record of what the first client was promised in the first half.
    """
    async with Ledger.open(path, targets=()) as ledger:
        first, last = arrivals[0].at, arrivals[-1].at
        await ledger.kpis.keep_terms(promised[0][1:], first - timedelta(days=1))
        await ledger.kpis.keep_terms(promised[1], first + (last - first) / 2)
        for begin in range(0, len(arrivals), AT_ONCE):
            some = arrivals[begin : begin + AT_ONCE]
            await ledger._run(partial(traffic.take_all, some))
        await ledger._run(partial(_hand_over, arrivals))
        await ledger._run(traffic.take_without_end)


def _hand_over(arrivals: Sequence[Arrival], connection: sa.Connection) -> None:
    """Say which calls came with their client from another site."""
    brought = tuple(_call(place) for place, one in enumerate(arrivals) if one.elsewhere)
    taken = Taken(
        id="bundle",
        client=next(one.plan.client for one in arrivals if one.elsewhere),
        site="other",
        sha256="0" * 64,
        calls=brought,
        memos={},
        files={},
    )
    handovers.take(connection, taken, (), (), arrivals[-1].at, ())


def _call(place: int) -> str:
    return f"call-{place:07}"


def _arrivals(
    plans: Sequence[Dialplan], days: int, calls: int, chance: random.Random
) -> list[Arrival]:
    """Return when which client is called, the first first: some are called more than others."""
    shares = [1 / (place + 2) for place in range(len(plans))]
    first_day = UNTIL - timedelta(days=days)
    weights = [BY_DAY[(first_day + timedelta(days=n, hours=9)).weekday()] for n in range(days)]
    found = []
    for plan in chance.choices(plans, shares, k=calls):
        day = chance.choices(range(days), weights)[0]
        hour = chance.choices(range(24), BY_HOUR)[0]
        at = first_day + timedelta(days=day, hours=hour, seconds=chance.uniform(0, 3600))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        elsewhere = plan is plans[1] and at < first_day + timedelta(days=days / 10)
        found.append(Arrival(at=at, plan=plan, elsewhere=elsewhere))
    return sorted(found, key=lambda one: (one.at, one.plan.client))


class _Traffic:
    """Takes calls one after the other as the agency would."""

    def __init__(self, chance: random.Random, lines: int, first: Dialplan) -> None:
        self._chance, self._lines, self._first = chance, lines, first
        self._busy: list[datetime] = []
        """When the calls on the lines end."""
        self._callers: dict[str, list[str]] = {}
        """Of each client, the latest last."""
        self._place = -1

    # The ledger's thread.
    def take_all(self, arrivals: Sequence[Arrival], connection: sa.Connection) -> None:
        """Take some calls in one transaction."""
        for arrival in arrivals:
            self.take(connection, arrival)

    def take_without_end(self, connection: sa.Connection) -> None:
        """Take a call of the first client that still goes on."""
        caller = self._caller(self._first.client)
        offer = self._offer(self._first, UNTIL - timedelta(seconds=1), caller)
        writes.insert_call(
            connection, offer, self._first.client, "to", self._first.numbers[0], caller
        )

    def take(self, connection: sa.Connection, arrival: Arrival) -> None:
        """Take a call: decide it, store it, and do what operators would do with its memo."""
        chance, plan, at = self._chance, arrival.plan, arrival.at
        while self._busy and self._busy[0] <= at:
            heapq.heappop(self._busy)
        caller = self._caller(plan.client)
        offer = self._offer(plan, at, caller)
        full = not arrival.elsewhere and len(self._busy) >= self._lines
        ended = outcome(plan, at, caller, chance, full=full)
        writes.insert_call(connection, offer, plan.client, "to", plan.numbers[0], caller)
        end = at + timedelta(milliseconds=round(1000 * ended.lasts_s))
        by = EndedBy.CALLER if ended.by_caller else EndedBy.SIPBOT
        answered = ended.answered_after_s
        answered_at = None if answered is None else at + timedelta(seconds=answered)
        code = 200 if answered_at else ended.code
        writes.end_call(connection, offer.call, ended.state, end, by, code, answered_at)
        if not arrival.elsewhere and ended.state not in NO_LINE:
            heapq.heappush(self._busy, end)
        if ended.state is EndState.MEMO:
            came = Came(
                offer=offer, plan=plan, caller=caller, answered_at=answered_at, ended_at=end
            )
            self._store(connection, came, ended)

    def _store(self, connection: sa.Connection, came: Came, ended: Outcome) -> None:
        memo = first(came, ended)
        writes.store(connection, None, memo, came.ended_at, ())
        old: Memo = memo
        for new in life(memo, came, ended.text, self._chance):
            writes.store(connection, old, new, new.history[-1].at, ())
            old = new

    def _caller(self, client: str) -> str | None:
        chance, known = self._chance, self._callers.setdefault(client, [])
        if chance.random() < 0.08:
            return None
        if known and chance.random() < _AGAIN:
            return chance.choice(known[-100:])
        known.append(f"+8190{chance.randrange(10_000_000, 99_999_999)}")
        return known[-1]

    def _offer(self, plan: Dialplan, at: datetime, caller: str | None) -> CallOffer:
        self._place += 1
        shown = Party(uri=f"sip:{caller or 'anonymous'}@trunk.example")
        return CallOffer(
            call=_call(self._place),
            received_at=at,
            source="192.0.2.1:5060",
            sip_call_id=f"{self._place}@trunk.example",
            request_uri=f"sip:{plan.numbers[0]}@agency.example",
            to=Party(uri=f"sip:{plan.numbers[0]}@agency.example"),
            from_=shown,
            anonymous=caller is None,
        )


def small(folder: Path) -> Agency:
    """Make an agency of three clients, one line and a fortnight: a few seconds."""
    return make(folder, clients=3, days=14, calls=400, seed=1, lines=1)


def main() -> None:
    """Make the agency that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.agency", description=__doc__)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    made = make(
        asked.folder, clients=asked.clients, days=asked.days, calls=asked.calls, seed=asked.seed
    )
    print(f"{made.ledger}: {asked.calls} calls of {len(made.plans)} clients")


if __name__ == "__main__":
    main()
