"""Callers that keep their own journal, and what is compared with it afterwards.

The journal says what the *caller* did and saw (SIPp's own record of its messages); the bot's ledger
and the subscriber's record are held against it, never the other way round.
"""

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from sipbot.records import EndState
from tests import sipp, ulaw
from tests.bot import Bot
from tests.brokers import Subscriber, subscribed

DATA = Path(__file__).parent.parent / "data"

ACCEPTED_AFTER_S = 2.0
"""A caller who hangs up after so much speech has left a message (the issue's definition)."""

BEFORE_S = 1.5
"""From answer to the first word; the greeting takes 0.2 s and the recorder is ready by then."""

BYE_LIMIT_S = 6.0
"""A caller waits no longer for the answer to a BYE; the agent may be dead."""

INVITE_LIMIT_S = 60.0
"""A caller waits no longer for an answer; longer than every stop of the harness."""

_RECORD = re.compile(
    r"^-{20,} (\S+[ \t]\S+?)\n\w+ message (sent|received) .*?\n\n(.*?)(?=^-{20,} |\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One INVITE, as its caller tells it; times are of the caller's clock, in seconds."""

    caller: str
    """User of From, different for every INVITE."""
    agent: int = 0
    """Number of the agent that was called."""
    said: Path | None = None
    """What the caller said, raw mu-law; None when that is not compared."""
    invited_at: float
    heard_back: bool = False
    """Whether anything at all came back; a port that is closed may never have seen the INVITE."""
    code: int = 0
    """Final response to the INVITE; 0 for none."""
    answered_at: float | None = None
    speech_s: float = 0.0
    """What the caller had said when hanging up."""
    hung_up_at: float | None = None
    stopped_s: float = 0.0
    """Of the speech, what was said to an agent that the harness had stopped."""

    @property
    def accepted(self) -> bool:
        """Whether this is a message, which must not be lost."""
        return self.hung_up_at is not None and self.speech_s - self.stopped_s >= ACCEPTED_AFTER_S


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One revision of one memo as it reached somebody outside."""

    memo: str
    rev: int
    caller: str
    stage: str
    at: float = 0.0


@dataclass(kw_only=True)
class Found:
    """What the comparison found; every list names callers."""

    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    """Accepted, and no memo in the ledger or none seen by the subscriber."""
    doubled: list[str] = field(default_factory=list)
    """More than one memo, or revisions that do not rise for who drops what is known."""
    invites: int = 0
    """INVITEs to which anything came back."""
    unheard: int = 0
    """INVITEs to which nothing came back, and which the ledger does not have either."""
    rowless: list[str] = field(default_factory=list)
    many_rows: list[str] = field(default_factory=list)


def compare(
    journal: Sequence[Said],
    rows: Iterable[tuple[str, EndState | None]],
    memos: Iterable[Seen],
    seen: Iterable[Seen],
) -> Found:
    """Hold the bot's ledger and the subscriber's record against the callers' journal.  Pure.

    Args:
        journal: every INVITE.
        rows: caller and end state of each row in the ledger.
        memos: in the ledger.
        seen: in the order in which the subscriber got them.
    """
    ended = Counter(caller for caller, state in rows if state is not None)
    kept, shown = _memos_of(memos), _memos_of(seen := list(seen))
    found = Found(doubled=_not_rising(seen))
    for one in journal:
        if one.accepted:
            found.accepted += 1
            if not (kept.get(one.caller) and shown.get(one.caller)):
                found.lost.append(one.caller)
        if max(len(kept.get(one.caller, ())), len(shown.get(one.caller, ()))) > 1:
            found.doubled.append(one.caller)
        if not (one.heard_back or ended[one.caller]):
            found.unheard += 1
            continue
        found.invites += 1
        if not ended[one.caller]:
            found.rowless.append(one.caller)
        elif ended[one.caller] > 1:
            found.many_rows.append(one.caller)
    return found


def _memos_of(what: Iterable[Seen]) -> dict[str, set[str]]:
    by_caller: dict[str, set[str]] = {}
    for one in what:
        by_caller.setdefault(one.caller, set()).add(one.memo)
    return by_caller


def _not_rising(seen: Iterable[Seen]) -> list[str]:
    """Callers whose memo came with an older revision after a newer one, known ones dropped."""
    newest: dict[str, int] = {}
    known: set[tuple[str, int]] = set()
    wrong = []
    for one in seen:
        if (one.memo, one.rev) in known:
            continue
        known.add((one.memo, one.rev))
        if one.rev < newest.get(one.memo, 0):
            wrong.append(one.caller)
        newest[one.memo] = max(one.rev, newest.get(one.memo, 0))
    return wrong


# -- callers ---------------------------------------------------------------------------------------


class Messages:
    """What callers say: raw mu-law files in which no frame of 20 ms is like another.

    Args:
        folder: where the files go.
        rng: chooses their lengths.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._made = 0

    def speech(self, duration_s: float | None = None) -> Path:
        """Return a message of 3 to 6 s, or of this length."""
        words = np.concatenate([ulaw.read(DATA / f"ko_0{n}_8k.wav") for n in (1, 3)])
        duration_s = duration_s or self._rng.choice((3.0, 4.0, 5.0, 6.0))
        return self.of(np.resize(words, int(duration_s * ulaw.RATE_HZ)), peak=60)

    def of(self, samples: ulaw.Samples, *, peak: int) -> Path:
        """Return these samples with noise of this strength."""
        self._made += 1
        path = self._folder / f"said-{self._made}.ul"
        noised = ulaw.noisy(samples, seed=self._made, peak=peak) if peak else samples
        # One packet more than is counted: SIPp 3.6.1 does not send the last one of a file.
        path.write_bytes(ulaw.encode(np.concatenate((noised, np.zeros(ulaw.FRAME, np.int16)))))
        return path


def length_s(said: Path) -> float:
    """Return how long a message is, in seconds, without the packet that is not counted."""
    return (said.stat().st_size - ulaw.FRAME) / ulaw.RATE_HZ


class Callers:
    """Places calls and keeps the journal.

    Args:
        bot: who is called.
        agents: how many agents it has, on ports that follow each other.
        name: begins the name of each caller; no two `Callers` of a bot may share it.
    """

    def __init__(self, bot: Bot, agents: int, name: str) -> None:
        self.journal: list[Said] = []
        self._bot = bot
        self._agents = agents
        self._name = name
        self._number = 0

    async def call(
        self, said: Path, *, agent: int | None = None, delay_s: float = 0.0, words: bool = True
    ) -> Said:
        """Call after a delay, speak, hang up; return and journal what the caller saw.

        Args:
            said: raw mu-law.
            agent: whose port is called; None for one after the other.
            delay_s: before the INVITE.
            words: whether `said` is speech; what is not is no message.
        """
        number, self._number = self._number, self._number + 1
        await asyncio.sleep(delay_s)
        agent = number % self._agents if agent is None else agent
        one = await _call(self._bot.port + agent, f"{self._name}-{number}", said)
        one = replace(one, agent=agent, speech_s=one.speech_s if words else 0.0)
        self.journal.append(one)
        return one


async def _call(port: int, caller: str, said: Path) -> Said:
    speak_s = length_s(said)
    began = time.time()
    async with sipp.sipp(
        "message",
        *["-s", "desk", f"127.0.0.1:{port}"],
        name="Caller",
        caller=caller,
        headers="",
        middle="",
        end=sipp.fragment("hang_up"),
        audio=said,
        before_ms=round(BEFORE_S * 1000),
        speak_ms=round(speak_s * 1000) + 200,
    ) as peer:
        await _over(peer, INVITE_LIMIT_S + speak_s)
        return replace(
            told(peer.messages(), caller=caller, said=said, speech_s=speak_s, began=began)
        )


async def _over(peer: sipp.Sipp, limit_s: float) -> None:
    """Wait until SIPp is done, or has waited long enough for an answer to its BYE."""
    done = asyncio.Event()

    async def wait() -> None:
        # What went wrong is in its messages, and thus in the journal.
        with contextlib.suppress(AssertionError, TimeoutError):
            await peer.done(limit_s)
        done.set()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(wait())
        while not done.is_set():
            await asyncio.sleep(0.1)
            if "\nBYE sip:" in peer.messages():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BYE_LIMIT_S):
                        await done.wait()
                waiting.cancel()
                return


def told(messages: str, *, caller: str, said: Path | None, speech_s: float, began: float) -> Said:
    """Return the journal's line for one call of SIPp.  Pure.

    Args:
        messages: SIPp's record of its messages (``-trace_msg``).
        caller: user of From.
        said: what was spoken.
        speech_s: its length.
        began: when the caller began, for one that never came to send its INVITE.
    """
    one = Said(caller=caller, said=said, invited_at=began)
    for stamp, way, text in _RECORD.findall(messages):
        at = datetime.fromisoformat(stamp.replace("\t", " ")).timestamp()
        first, invite = text.split("\n", 1)[0].strip(), "CSeq: 1 INVITE" in text
        if way == "sent" and first.startswith("INVITE ") and one.invited_at == began:
            one = replace(one, invited_at=at)
        elif way == "received" and invite and first.startswith("SIP/2.0 "):
            code = int(first.split()[1])
            one = replace(one, heard_back=True, code=code if code >= 200 else one.code)
            if code == 200 and one.answered_at is None:
                one = replace(one, answered_at=at)
        elif way == "sent" and first.startswith("BYE ") and one.hung_up_at is None:
            one = replace(one, hung_up_at=at, speech_s=speech_s)
    return one


# -- who looks on ----------------------------------------------------------------------------------


class Onlooker:
    """A subscriber that writes down every memo it gets, and when."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.seen: list[Seen] = []
        self._subscriber = subscriber

    async def look(self) -> None:
        """Write down until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):  # nothing came for a while
                heard = await self._subscriber.next()
                if heard.payload:
                    self.seen.append(as_seen(msgspec.json.decode(heard.payload), time.time()))


def as_seen(memo: dict[str, object], at: float = 0.0) -> Seen:
    """Return what matters here of a memo in JSON."""
    call = memo["call"]
    assert isinstance(call, dict)
    found = re.match(r"sip:([^@]+)@", call["from"])
    return Seen(
        memo=str(memo["id"]),
        rev=int(str(memo["rev"])),
        caller=found[1] if found else "",
        stage=str(memo["stage"]),
        at=at,
    )


@contextlib.asynccontextmanager
async def looking_on(port: int) -> AsyncIterator[Onlooker]:
    """Look on at a broker's memos while the block runs."""
    async with subscribed(port, "sipbot/1/+/client/+/memo/+") as subscriber:
        onlooker = Onlooker(subscriber)
        task = asyncio.create_task(onlooker.look())
        try:
            yield onlooker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def in_ledger(bot: Bot) -> list[Seen]:
    """Return the memos of a bot's ledger."""
    return [as_seen(msgspec.json.decode(memo.model_dump_json())) for memo in bot.memos()]


def missing_s(bot: Bot, one: Said) -> float:
    """Return how much of a message is not in its recording, in seconds."""
    assert one.said is not None
    calls = [row.offer.call for row in bot.rows() if row.offer.from_.user == one.caller]
    recording = bot.spool / calls[0] / "audio.wav" if calls else None
    if recording is None or not recording.exists():
        return one.speech_s
    said = one.said.read_bytes()[: -ulaw.FRAME]
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(recording))
    return (sent - arrived) * 0.02


def worst(values: Collection[float]) -> float | None:
    """Return the largest, None when nothing was measured."""
    return max(values) if values else None
