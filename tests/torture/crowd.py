"""Callers in great number: what each of them does, and what SIPp wrote down of it.

One SIPp an agent, as many lines as the agent has.  Who does what is drawn before the first call,
and every caller has a user name of its own: journal and ledger are compared caller by caller.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from sipbot.records import EndState
from sipbot.sip.stack import LINES
from tests.sipp import Sipp, sipp

AFTER_MS = 120
"""A caller's line is free when the agent has cleared its media, a few clock ticks after the end."""


class Deed(IntEnum):
    """What a caller does; the numbers are those of tests/peers/crowd.xml."""

    HANG_UP = 1
    SPEAK = 2
    SPEAK_AND_PRESS = 3
    GIVE_UP = 4


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One caller to come."""

    user: str
    number: str
    deed: Deed
    pause_ms: int
    """How long until the caller hangs up, presses the key or gives up."""
    states: frozenset[EndState]
    """How the call may end when the caller gets through."""


@dataclass(frozen=True)
class Deal:
    """One way to be a caller; the pause is drawn between two limits."""

    number: str
    deed: Deed
    state: EndState
    least_ms: int
    most_ms: int

    def caller(self, rng: random.Random, user: str) -> Caller:
        """Return a caller of this way."""
        return Caller(
            user=user,
            number=self.number,
            deed=self.deed,
            pause_ms=rng.randint(self.least_ms, self.most_ms),
            states=frozenset({self.state}),
        )


@dataclass(kw_only=True)
class Journal:
    """What the callers lived through: user → step → when (seconds since the epoch)."""

    steps: dict[str, dict[str, float]] = field(default_factory=dict)
    created: int = 0
    """INVITEs that SIPp says it has sent, retransmissions not counted."""
    failed: int = 0
    retransmissions: int = 0

    def add(self, log: str) -> None:
        """Read lines of SIPp's log: date, tab, time, tab, number;user;step."""
        for line in log.splitlines():
            at, user, step = line.rsplit("\t", 1)[-1].split(";")
            self.steps.setdefault(user, {})[step] = float(at)

    def states(self, caller: Caller) -> frozenset[EndState]:
        """Return how the call may have ended by what the caller lived through.

        Empty: the caller saw no end, which no caller should.
        """
        steps = self.steps.get(caller.user, {})
        if "busy" in steps:
            return frozenset({EndState.REFUSED_CAPACITY})
        over = steps.keys() & {"ended", "cancelled", "refused"}
        return caller.states if over else frozenset()

    def accepted(self, callers: Iterable[Caller]) -> set[str]:
        """Return the users whose message counts as accepted.

        They hung up after the pause, which is at least 2 s of speech, or were hung up on after the
        key, which sipbot does when it has thanked.
        """
        return {c.user for c in callers if self.states(c) == {EndState.MEMO}}

    def waited_s(self, *answers: str) -> list[float]:
        """Return how long each caller who got one of these answers waited for it."""
        return [
            steps[answer] - steps["invite"]
            for steps in self.steps.values()
            for answer in answers
            if answer in steps
        ]

    def moments(self, step: str) -> list[float]:
        """Return when callers took this step, in order."""
        return sorted(steps[step] for steps in self.steps.values() if step in steps)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Journal against ledger; every field is a list of users."""

    missing: list[str]
    """Dialled, and have no row with an end state."""
    doubled: list[str]
    """Have more than one row."""
    strangers: list[str]
    """Have a row, and never dialled."""
    different: list[str]
    """Ended otherwise than the caller lived through."""


def compare(
    callers: Sequence[Caller], journal: Journal, rows: Sequence[tuple[str, EndState | None]]
) -> Verdict:
    """Compare what callers lived through with the ledger's rows (user, end state)."""
    dialled = {c.user: journal.states(c) for c in callers if c.user in journal.steps}
    found = Counter(user for user, _ in rows)
    states = dict(rows)
    return Verdict(
        missing=[user for user in dialled if states.get(user) is None],
        doubled=[user for user, number in found.items() if number > 1],
        strangers=[user for user in found if user not in dialled],
        different=[
            user
            for user, possible in dialled.items()
            if states.get(user) is not None and states[user] not in possible
        ],
    )


def draw(rng: random.Random, ways: Mapping[Deal, float], number: int, first: int) -> list[Caller]:
    """Draw so many callers; `first` numbers their users."""
    dealt = rng.choices(list(ways), list(ways.values()), k=number)
    return [deal.caller(rng, f"05{first + index:08d}") for index, deal in enumerate(dealt)]


@contextlib.asynccontextmanager
async def dialling(
    callers: Sequence[Caller],
    port: int,
    folder: Path,
    audio: Path,
    *,
    at_once: int = LINES,
    rate: int = LINES,
    after_ms: int = AFTER_MS,
) -> AsyncIterator[Sipp]:
    """Let these callers dial one agent, so many at once and so many new ones a second."""
    lines = [f"{c.user};{c.number};{c.deed.value};{c.pause_ms}" for c in callers]
    plan = folder / f"callers-{callers[0].user}.csv"
    plan.write_text("\n".join(["SEQUENTIAL", *lines, ""]), encoding="utf-8")
    async with sipp(
        "crowd",
        *["-inf", str(plan), "-r", str(rate), f"127.0.0.1:{port}"],
        calls=len(callers),
        at_once=at_once,
        trace=False,
        audio=audio,
        after_ms=after_ms,
    ) as running:
        yield running


async def journal_of(peers: Sequence[Sipp]) -> Journal:
    """Wait until every caller has hung up, and return what they wrote down."""
    await asyncio.gather(*(peer._process.wait() for peer in peers))
    journal = Journal()
    for peer in peers:
        journal.add(peer.logs())
        counted = peer.statistics()
        journal.created += int(counted["TotalCallCreated"])
        journal.failed += int(counted["FailedCall(C)"])
        journal.retransmissions += int(counted["Retransmissions(C)"])
    return journal


def so_far(peers: Sequence[Sipp]) -> int:
    """Return how many calls are over."""
    ends = ("ended", "busy", "refused", "cancelled")
    return sum(log.count(f";{end}\n") for log in map(_log, peers) for end in ends)


def _log(peer: Sipp) -> str:
    path = peer._folder / "logs.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""
