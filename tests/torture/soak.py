"""Ten thousand short calls: does anything grow, and is every one of them accounted for?

Five agents, twenty lines, the embedded broker, and operators who close memos as fast as they come.
Speech is real; which ear reads how much of it is said in the rows, for two cores cannot read all of
it as fast as it comes.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sipbot.records import EndState
from sipbot.sip.stack import LINES
from tests import sipp
from tests.bot import running
from tests.torture.busy_bot import AGENTS, BusyBot, Memos, message, models, watched
from tests.torture.crowd import (
    Caller,
    Deal,
    Deed,
    Journal,
    compare,
    dialling,
    draw,
    journal_of,
    so_far,
)
from tests.torture.growth import Look, look
from tests.torture.promise import Promise, Scale
from tests.torture.soak_growth import growth_rows
from tests.torture.soak_operators import Desk, on_duty

CALLS, WARM_UP, STRANGERS = 10_000, 500, 100
"""The acceptance table's calls and warm-up, and calls from where none may come from."""

LEAST_CALLS, LEAST_WARM_UP, LEAST_STRANGERS = 80, 40, 3
"""With fewer, not every way to call would happen."""

LOOK_EVERY_S = 3.0

STRANGER = "05999"
"""User of all calls from an address that is not on the list."""

REST_S = 300.0
"""How long the ears may need for what they are behind after the last call."""

PAUSES, LEAST_BETWEEN = 19, 40
"""How often the callers pause, so that the bot can be looked at when it has nothing in hand, and
the fewest calls between two pauses."""

SETTLE_S = 2.0
"""After the last text a recogniser still gives back what it freed."""

IDLE_S = 40.0
"""How long until nothing is left of the last call: a line that lost its caller is kept 9 s."""

_SPEECH_MS = (2300, 3000)
_MEMO = EndState.MEMO
WAYS = {
    Deal("unread", Deed.SPEAK, _MEMO, *_SPEECH_MS): 0.36,
    Deal("heard", Deed.SPEAK, _MEMO, *_SPEECH_MS): 0.03,
    Deal("read", Deed.SPEAK, _MEMO, *_SPEECH_MS): 0.02,
    Deal("unread", Deed.SPEAK_AND_PRESS, _MEMO, *_SPEECH_MS): 0.13,
    Deal("heard", Deed.SPEAK_AND_PRESS, _MEMO, *_SPEECH_MS): 0.01,
    Deal("unread", Deed.HANG_UP, EndState.NO_MESSAGE, 1200, 1800): 0.12,
    Deal("talkative", Deed.HANG_UP, EndState.ABANDONED_GREETING, 50, 800): 0.15,
    Deal("ringing", Deed.GIVE_UP, EndState.ABANDONED_RINGING, 20, 300): 0.10,
    Deal("0120999999", Deed.HANG_UP, EndState.REFUSED_UNMAPPED, 0, 10): 0.08,
}
"""What callers do, and how often."""

FILL = {
    Deal("heard", Deed.SPEAK_AND_PRESS, _MEMO, *_SPEECH_MS): 0.8,
    Deal("read", Deed.SPEAK_AND_PRESS, _MEMO, *_SPEECH_MS): 0.2,
}
"""The first callers come all at once, one on each line, so that whatever has a bound (ears, voice
detectors, players) has reached it before the first look that counts."""


@dataclass(kw_only=True)
class Soak:
    """One soak: who called, what they wrote down, and what was seen of the bot meanwhile."""

    bot: BusyBot
    audio: Path
    folder: Path
    callers: list[Caller] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    looks: list[Look] = field(default_factory=list)
    idle: list[Look] = field(default_factory=list)
    """At rest: after the warm-up, and at the end."""
    pauses: list[Look] = field(default_factory=list)
    """Between them, when nothing was left to be heard, read or delivered."""
    strangers: int = 0
    unfinished: int = 0
    """Calls, texts and deliveries that did not come within `REST_S` after the last call."""
    took_s: float = 0.0

    async def crowd(self, callers: Sequence[Caller], rate: int = LINES) -> None:
        """Let these callers call, four at a time at each agent, and look at the bot meanwhile."""
        before, began = len(self.callers), time.monotonic()
        self.callers += callers
        ports = self.bot.ports
        async with AsyncExitStack() as stack:
            peers = [
                await stack.enter_async_context(
                    dialling(callers[n :: len(ports)], port, self.folder, self.audio, rate=rate)
                )
                for n, port in enumerate(ports)
            ]
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(self._look(peers, before))
                journal = await journal_of(peers)
                looking.cancel()
        self.journal.steps |= journal.steps
        self.journal.created += journal.created
        self.journal.failed += journal.failed
        self.journal.retransmissions += journal.retransmissions
        self.took_s += time.monotonic() - began

    async def _look(self, peers: Sequence[sipp.Sipp], before: int) -> None:
        while True:
            self.looks.append(look(self.bot, before + so_far(peers)))
            await asyncio.sleep(LOOK_EVERY_S)

    def silent(self) -> set[str]:
        """Users who got through and said nothing."""
        nothing = frozenset({EndState.NO_MESSAGE})
        return {c.user for c in self.callers if self.journal.states(c) == nothing}

    async def intrude(self, number: int) -> None:
        """Call from an address that is not on the list."""
        async with sipp.call(
            self.bot, "refused", STRANGER, source="127.0.0.2", calls=number, trace=False, code=403
        ) as peer:
            await peer._process.wait()  # while all lines are busy it is 486 and not 403
        self.strangers += number

    async def pause(self) -> None:
        """Wait until nothing is left to be heard, read or delivered, and look at the bot."""
        await self.bot.at_rest(self.journal.created + self.strangers, REST_S)
        await asyncio.sleep(SETTLE_S)
        self.pauses.append(look(self.bot, self.journal.created))

    async def rest(self, desk: Desk) -> None:
        """Wait until bot and operators have nothing to do, and look at it."""
        calls = self.journal.created + self.strangers
        await self.bot.at_rest(calls, REST_S)
        # what was read last is theirs to close, and then news for the broker again
        await desk.rest(self.bot.memo_users().keys(), IDLE_S)
        self.unfinished = await self.bot.at_rest(calls, REST_S)
        before: Look | None = None
        last = self.idle[-1] if self.idle else None

        def still() -> Look | None:
            nonlocal before
            now = look(self.bot, self.journal.created)
            same, before = before is not None and _counts(before) == _counts(now), now
            return now if same and (last is None or _counts(last) == _counts(now)) else None

        deadline = time.monotonic() + IDLE_S
        while still() is None and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
        assert before is not None
        self.idle.append(before)


def _counts(one: Look) -> dict[str, tuple[int, int]]:
    return {role: (held.descriptors, held.threads) for role, held in one.processes.items()}


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Soak one bot."""
    (folder / "bot").mkdir(parents=True)
    bot = BusyBot(folder / "bot", models(folder / "models", apart=True), unheard=True)
    soak = Soak(bot=bot, audio=message(folder / "said.ul", 3.4), folder=folder)
    warm, calls = scale.of(WARM_UP, LEAST_WARM_UP), scale.of(CALLS, LEAST_CALLS)
    async with running(bot), watched(bot) as memos, on_duty(bot.mqtt_port) as desk:
        filling = draw(rng, FILL, AGENTS * LINES, first=0)
        await soak.crowd(filling, rate=1000)
        await soak.crowd(draw(rng, WAYS, warm - len(filling), first=len(filling)))
        await soak.rest(desk)
        soak.took_s = 0.0
        async with asyncio.TaskGroup() as group:
            group.create_task(soak.intrude(scale.of(STRANGERS, LEAST_STRANGERS)))
            for some in _parts(draw(rng, WAYS, calls - warm, first=warm)):
                await soak.crowd(some)
                await soak.pause()
        await soak.rest(desk)
        await _all_seen(bot, memos)
        endings, users, unjudged = bot.endings(), bot.memo_users(), bot.unjudged()
        open_memos = _open_memos(bot)
        deaths, files = _deaths(bot), _files(bot)
    return [
        *_accounts(soak, endings, users, memos, unjudged),
        silent_row(_harm(soak), soak.silent(), set(users.values()), unjudged),
        *desk.rows(_harm(soak), open_memos),
        *growth_rows(_harm(soak), soak.looks, [soak.idle[0], *soak.pauses, soak.idle[1]]),
        Promise(
            harm=_harm(soak),
            promise=f"everything is read and delivered {REST_S:.0f} s after the last call",
            tries=len(soak.callers),
            lost=soak.unfinished,
        ),
        Promise(
            harm=_harm(soak),
            promise="no process is restarted",
            tries=len(soak.idle[0].processes),
            lost=max(deaths, len(_pids(soak.idle[0]) ^ _pids(soak.idle[1]))),
        ),
        _pace(soak, files),
    ]


def _parts(callers: Sequence[Caller]) -> list[Sequence[Caller]]:
    number, of = max(1, min(PAUSES, len(callers) // LEAST_BETWEEN)), len(callers)
    return [callers[of * n // number : of * (n + 1) // number] for n in range(number)]


async def _all_seen(bot: BusyBot, memos: Memos) -> None:
    """Give the subscriber a moment: what was acknowledged may still be on its way to it."""
    users = bot.memo_users()
    deadline = time.monotonic() + IDLE_S
    while users.keys() - memos.revisions.keys() and time.monotonic() < deadline:
        await asyncio.sleep(0.5)


def _open_memos(bot: BusyBot) -> set[str]:
    return {memo for memo, _ in bot.query("SELECT id, NULL FROM memos WHERE status != 'done'")}


def _deaths(bot: BusyBot) -> int:
    return sum(line["event"] in {"child ended", "agent ended"} for line in bot.says())


def _files(bot: BusyBot) -> str:
    ledger_mb = (bot.folder / "var" / "sipbot.sqlite3").stat().st_size / 1e6
    return f"ledger {ledger_mb:.1f} MB, {len(list(bot.spool.iterdir())):,} recordings"


def _pids(one: Look) -> set[tuple[str, int]]:
    return {(role, held.pid) for role, held in one.processes.items()}


def _harm(soak: Soak) -> str:
    return (
        f"{len(soak.callers) + soak.strangers:,} short calls on {len(soak.bot.ports) * LINES} lines"
    )


# -- rows ------------------------------------------------------------------------------------------


def _accounts(
    soak: Soak,
    endings: Sequence[tuple[str, EndState | None]],
    users: Mapping[str, str],
    memos: Memos,
    unjudged: Set[str],
) -> list[Promise]:
    harm, journal = _harm(soak), soak.journal
    intruders = [state for user, state in endings if user == STRANGER]
    verdict = compare(soak.callers, journal, [row for row in endings if row[0] != STRANGER])
    accepted, left = journal.accepted(soak.callers), list(users.values())
    seen = {users[memo] for memo in memos.revisions if memo in users}
    busy = len(journal.moments("busy"))
    ways = Counter(state.value for _, state in endings if state is not None)
    refused = sum(state is EndState.REFUSED_SOURCE for state in intruders)
    return [
        Promise(
            harm=harm,
            promise="the sum of end states is the number of INVITEs",
            tries=journal.created + soak.strangers,
            # Each by itself: one lost and another one doubled are two faults, not none.
            lost=len(verdict.missing)
            + max(0, journal.created - len(journal.steps))
            + max(0, soak.strangers - refused),
            duplicated=len(verdict.doubled)
            + len(verdict.strangers)
            + max(0, len(journal.steps) - journal.created)
            + max(0, len(intruders) - soak.strangers),
            note=", ".join(f"{n:,} {state}" for state, n in ways.most_common()),
        ),
        Promise(
            harm=harm,
            promise="a call ends in the state that its caller lived through",
            tries=len(journal.steps),
            lost=len(set(verdict.different) - unjudged) + journal.failed,
            note=f"{busy} dialled before their line was free again and were told so (486); "
            f"{journal.retransmissions} retransmissions by callers",
        ),
        Promise(
            harm=harm,
            promise="accepted message becomes a memo",
            tries=len(accepted),
            lost=len(accepted - set(left)),
            duplicated=len(left) - len(set(left)) + len(set(left) - accepted - soak.silent()),
        ),
        Promise(
            harm=harm,
            promise="a subscriber sees the memo, revisions rising",
            tries=len(accepted),
            lost=len(accepted - seen),
            duplicated=memos.backwards,
            note=f"{sum(map(len, memos.revisions.values())):,} messages",
        ),
    ]


def silent_row(harm: str, silent: Set[str], left: Set[str], unjudged: Set[str]) -> Promise:
    """Judge the memos of callers who said nothing.  Pure.

    Args:
        harm: what was done.
        silent: who said nothing.
        left: who has a memo.
        unjudged: to whom nobody listened in time; these count as if they had spoken.
    """
    late = silent & left & unjudged
    return Promise(
        harm=harm,
        promise="who said nothing has no memo, unless nobody listened within 5 s",
        tries=len(silent),
        lost=len(silent & left - unjudged),
        note=f"nobody listened in time to {len(late)} of them, who have a memo",
    )


def _pace(soak: Soak, files: str) -> Promise:
    """Report what the machine carried, and which process was busiest with it."""
    first, last = soak.idle[0], soak.looks[-1]
    calls = last.calls - first.calls
    used = {
        role: 1000 * (held.cpu_s - first.processes[role].cpu_s) / calls
        for role, held in last.processes.items()
        if role in first.processes
    }
    shares = ", ".join(f"{role} {ms:.0f}" for role, ms in used.items())
    return Promise(
        harm=_harm(soak),
        promise="pace (reported)",
        tries=calls,
        worst=round(calls / soak.took_s, 2),
        unit="calls/s",
        note=f"ms of processor for each call: {shares}; {files}",
    )
