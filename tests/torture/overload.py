"""More callers than lines, and more speech than the ears can read.

One bot for all three: five agents, twenty lines, both ears for every message.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sipbot.records import EndState
from sipbot.sip.stack import LINES
from tests import ulaw
from tests.bot import running
from tests.sipp import Sipp, fragment, sipp
from tests.torture.busy_bot import AGENTS, BusyBot, message, models, user_of
from tests.torture.crowd import Caller, Deed, Journal, compare, dialling, journal_of
from tests.torture.promise import Promise, Scale

ALL_LINES = AGENTS * LINES

RUSHES, RELEASES, CROWDED = 10, 10, 5
"""Rounds of each measure in the full run."""

AT_THE_SAME_TIME = 1000
"""New callers a second and SIPp: the eight of one agent dial within a few milliseconds."""

BUSY_LIMIT_S = 0.2
REUSE_LIMIT_S = 1.0
LOST_FRAMES = 0.005
"""The acceptance table's (L2, L3)."""

HOLD_MS = 2500
"""Longer than all callers of a rush need to have dialled."""

TRY_EVERY_S = 0.1
TRIES = 80
"""Longer than the last line is held, with room for a busy machine."""

ANSWERED = frozenset({EndState.MEMO, EndState.NO_MESSAGE, EndState.ABANDONED_GREETING})
"""What may become of a caller who says nothing: a recording that a busy sipbot cannot judge in time
counts as a message (`call_ear.JUDGE_LIMIT_S`), and one that it could not begin in time is none."""

SPEECH_S = 10.0
LEAD_IN_MS = 600
"""Longer than the greeting: what is said before the recording begins is not meant to be kept."""

REST_S = 300.0

SPEAKER = "07"
"""How the users of those begin who speak; the others say nothing."""


@dataclass(kw_only=True)
class Overload:
    """One bot, everybody who called it, and what they wrote down."""

    bot: BusyBot
    folder: Path
    audio: Path
    callers: list[Caller] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    speakers: int = 0
    """INVITEs of those who only speak; they have no journal of their own."""

    def holding(self, pauses_ms: Sequence[int]) -> list[Caller]:
        """Return callers who say nothing and hang up after these pauses."""
        first = len(self.callers)
        made = [
            Caller(
                user=f"06{first + n:08d}",
                number="desk",
                deed=Deed.HANG_UP,
                pause_ms=pause_ms,
                states=ANSWERED,
            )
            for n, pause_ms in enumerate(pauses_ms)
        ]
        self.callers += made
        return made

    def keep(self, journal: Journal) -> Journal:
        """Add what some of the callers wrote down to what all of them did, and return it."""
        self.journal.steps |= journal.steps
        self.journal.created += journal.created
        self.journal.failed += journal.failed
        return journal


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Ask too much of one bot in three ways."""
    (folder / "bot").mkdir(parents=True)
    bot = BusyBot(folder / "bot", models(folder / "models", apart=False), unheard=False)
    over = Overload(bot=bot, folder=folder, audio=message(folder / "said.ul", SPEECH_S))
    async with running(bot):
        rushes = [await _rush(over) for _ in range(scale.of(RUSHES))]
        released = [await _release(over, rng) for _ in range(scale.of(RELEASES))]
        crowded = [await _crowded(over, n) for n in range(scale.of(CROWDED))]
        await bot.at_rest(over.journal.created + over.speakers, REST_S)
        endings = bot.endings()
        frames = _frames(bot, over.audio)
    return [
        *_rush_rows(rushes),
        _release_row(released),
        *_crowded_rows(crowded, frames, over),
        _accounts(over, endings),
    ]


# -- 40 callers, 20 lines --------------------------------------------------------------------------


async def _rush(over: Overload) -> Journal:
    """Let twice as many callers as there are lines dial at once."""
    async with AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(
                dialling(
                    over.holding([HOLD_MS] * 2 * LINES),
                    port,
                    over.folder,
                    over.audio,
                    at_once=2 * LINES,
                    rate=AT_THE_SAME_TIME,
                )
            )
            for port in over.bot.ports
        ]
        return over.keep(await journal_of(peers))


def _rush_rows(rushes: Sequence[Journal]) -> list[Promise]:
    harm = f"{2 * ALL_LINES} callers at once on {ALL_LINES} lines"
    waited = [s for one in rushes for s in one.waited_s("busy")]
    answered = [len(one.moments("answered")) for one in rushes]
    return [
        Promise(
            harm=harm,
            promise=f"{ALL_LINES} are answered, the others are told at once",
            tries=2 * ALL_LINES * len(rushes),
            lost=sum(abs(n - ALL_LINES) for n in answered)
            + sum(abs(len(one.moments("busy")) - ALL_LINES) for one in rushes),
            worst=round(max(waited, default=0.0), 3),
            limit=BUSY_LIMIT_S,
            note=f"INVITE to 486; the 200 came within {max(_answers(rushes), default=0.0):.3f} s",
        ),
    ]


def _answers(rushes: Sequence[Journal]) -> list[float]:
    return [s for one in rushes for s in one.waited_s("answered")]


# -- a line that is free again ---------------------------------------------------------------------


async def _release(over: Overload, rng: random.Random) -> list[tuple[Journal, Journal]]:
    """Take all lines, hang up one after the other, and try all the time to get the free one."""
    return await asyncio.gather(*(_release_one(over, port, rng) for port in over.bot.ports))


async def _release_one(over: Overload, port: int, rng: random.Random) -> tuple[Journal, Journal]:
    pauses_ms = [1500 + 1100 * n + rng.randint(0, 300) for n in range(LINES)]
    async with AsyncExitStack() as stack:
        holders = await stack.enter_async_context(
            dialling(over.holding(pauses_ms), port, over.folder, over.audio, rate=AT_THE_SAME_TIME)
        )
        await asyncio.sleep(0.5)
        waiting = await stack.enter_async_context(
            dialling(
                over.holding([round(TRIES * TRY_EVERY_S * 1000)] * TRIES),
                port,
                over.folder,
                over.audio,
                at_once=2 * LINES,
                rate=round(1 / TRY_EVERY_S),
                after_ms=1,
            )
        )
        held = over.keep(await journal_of([holders]))
        return held, over.keep(await journal_of([waiting]))


def _release_row(rounds: Sequence[Sequence[tuple[Journal, Journal]]]) -> Promise:
    pairs = [pair for one in rounds for pair in one]
    waits, never = [], 0
    for held, waiting in pairs:
        freed, taken = held.moments("ended"), waiting.moments("answered")
        never += LINES - len(taken)
        waits += [then - since for since, then in zip(freed, taken, strict=False)]
    return Promise(
        harm="all lines taken; one after the other is hung up",
        promise="the line takes the next caller",
        tries=LINES * len(pairs),
        lost=never,
        worst=round(max(waits, default=0.0), 3),
        limit=REUSE_LIMIT_S,
        note=f"BYE's 200 to the next caller's 200, who dials every {TRY_EVERY_S * 1000:.0f} ms",
    )


# -- both cores busy with speech -------------------------------------------------------------------


async def _crowded(over: Overload, number: int) -> int:
    """Let a caller speak on every line; return how often one had to say a thing again."""
    async with AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(_speaking(over, port, f"{SPEAKER}{number:04d}{agent}"))
            for agent, port in enumerate(over.bot.ports)
        ]
        over.speakers += ALL_LINES
        await asyncio.gather(*(peer.done(SPEECH_S + 30) for peer in peers))
        return sum(int(peer.statistics()["Retransmissions(C)"]) for peer in peers)


def _speaking(over: Overload, port: int, user: str) -> AbstractAsyncContextManager[Sipp]:
    return sipp(
        "message",
        *["-s", "desk", "-r", str(AT_THE_SAME_TIME), f"127.0.0.1:{port}"],
        calls=LINES,
        at_once=LINES,
        trace=False,
        name="Caller",
        headers="",
        caller=f"{user}-[call_number]",
        middle="",
        end=fragment("hang_up"),
        audio=over.audio,
        before_ms=LEAD_IN_MS,
        speak_ms=round(SPEECH_S * 1000) + 300,
    )


def _frames(bot: BusyBot, audio: Path) -> list[tuple[int, int]]:
    """Return for each speaker how many frames arrived exactly, of how many."""
    said = audio.read_bytes()[: -ulaw.FRAME]
    rows = bot.query("SELECT call, offer FROM calls WHERE state = 'memo'")
    return [
        ulaw.frames_that_arrived(said, ulaw.read(bot.spool / str(call) / "audio.wav"))
        for call, offer in rows
        if offer is not None and user_of(offer).startswith(SPEAKER)
    ]


def _crowded_rows(
    again: Sequence[int], frames: Sequence[tuple[int, int]], over: Overload
) -> list[Promise]:
    harm = f"{ALL_LINES} callers speak, both ears read all of it"
    found, sent = (sum(counts) for counts in zip(*frames, strict=True)) if frames else (0, 0)
    return [
        Promise(
            harm=harm,
            promise="what was said is in the recordings",
            tries=sent,
            lost=over.speakers - len(frames),
            worst=round(100 * (sent - found) / sent, 3) if sent else None,
            limit=100 * LOST_FRAMES,
            unit="%",
            note=f"frames of 20 ms not found exactly; worst call {min(frames, default=(0, 0))}",
        ),
        Promise(
            harm=harm,
            promise="no caller waits 500 ms for an answer",
            tries=over.speakers,
            lost=sum(again),
            note="retransmissions by callers: T1 is 500 ms (RFC 3261 section 17.1.1.1)",
        ),
    ]


def _accounts(over: Overload, endings: Sequence[tuple[str, EndState | None]]) -> Promise:
    speaking = [(user, state) for user, state in endings if user.startswith(SPEAKER)]
    heard = {user for user, state in speaking if state is EndState.MEMO}
    others = [row for row in endings if not row[0].startswith(SPEAKER)]
    verdict = compare(over.callers, over.journal, others)
    return Promise(
        harm="all of the overload",
        promise="every INVITE has its row, in the state that its caller lived through",
        tries=over.journal.created + over.speakers,
        # Each by itself: one lost and another one doubled are two faults, not none.
        lost=len(verdict.missing)
        + len(verdict.different)
        + over.journal.failed
        + max(0, over.journal.created - len(over.journal.steps))
        + max(0, over.speakers - len(heard)),
        duplicated=len(verdict.doubled)
        + len(verdict.strangers)
        + max(0, len(over.journal.steps) - over.journal.created)
        + len(speaking)
        - len({user for user, _ in speaking}),
    )
