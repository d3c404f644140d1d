"""What a rehearsal says of a call is what a real call does: any script, any keys, by telephone.

Scripts, keys and what callers and persons do come from a seed.  A caller acts when the bot's log
says that it is the caller's turn: a slow machine only has to act within the seconds that a script
waits.  ``SCRIPTS_BY_SIPP`` says how many scripts chance writes.
"""

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from sipbot.dialplan_tests import Called
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.memo_answers import Asked, missing
from sipbot.records import EndedBy, EndState
from tests import ulaw
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker
from tests.conftest import DATA
from tests.free_ports import free_ports
from tests.scripts_by_chance import (
    HEARD,
    SAID,
    Planned,
    fixed,
    planned,
    rehearsed,
)
from tests.sipp import SDP, fragment, sipp
from tests.telephones import Telephone, by_baresip, by_sipp

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

SCRIPTS = int(os.environ.get("SCRIPTS_BY_SIPP", "3"))
AT_ONCE = 3
"""Each with an agent of its own: a call that is being transferred takes two of its lines, and a
line is free a moment after its call has ended."""
CALL_LIMIT_S = 120.0
"""The longest call here: three steps and a message, twice each, and 8 s for every wait."""

MORE_TRIES = 2
"""Of a menu's three."""

HISS_S = 60
"""Longer than a caller who speaks is silent here."""

RECORDED_IN = frozenset({"asking", "recording", "keying"})
"""What the machine waits for while it records."""


class Outcome(NamedTuple):
    """What came of a call; both sides of the comparison."""

    steps: tuple[str, ...]
    turns: tuple[str, ...]
    """What was waited for, in order."""
    state: EndState | None
    ended_by: EndedBy | None
    urgent: bool | None
    """This and the rest: of the memo; None where there is none."""
    category: str | None
    answers: dict[str, str] | None
    missing: tuple[str, ...] | None


class Log:
    """The bot's log, read once as it grows."""

    def __init__(self, bot: Bot) -> None:
        self._path, self._read, self._calls = bot.log, 0, {}

    _calls: dict[str, list[dict[str, Any]]]

    def of(self, call: str, event: str) -> list[dict[str, Any]]:
        """Every line so far with this event of this call."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            *lines, _ = file.read().split(b"\n")
        for line in lines:
            self._read += len(line) + 1
            if line.startswith(b"{"):
                said = json.loads(line)
                self._calls.setdefault(said.get("call", ""), []).append(said)
        return [one for one in self._calls.get(call, []) if one["event"] == event]


def expected(called: Called, one: Planned) -> Outcome:
    """What the rehearsal says."""
    rehearsal, course = called.rehearsal, called.routed.course
    assert course is not None
    did = [step.what for step in rehearsal.steps]
    assert did.count("ends") == 1
    person_first = rehearsal.state is EndState.TRANSFERRED and one.does.person == "hangs_up"
    by_caller = "caller_hangs_up" in did and not person_first
    memo = rehearsal.state is EndState.MEMO
    given = {item: said for item, said in rehearsal.answers.items() if said}
    asked = tuple(Asked(item=item) for item in rehearsal.asked)
    return Outcome(
        steps=rehearsal.visited,
        turns=_turns([step.text for step in rehearsal.steps if step.what == "waits"], one),
        state=rehearsal.state,
        ended_by=EndedBy.CALLER if by_caller else EndedBy.SIPBOT,
        urgent=rehearsal.urgent if memo else None,
        category=course.category if memo else None,
        answers=given if memo else None,
        missing=missing(asked, given) if memo else None,
    )


def real(log: Log, one: Planned, row: CallEntry, memo: Memo | None) -> Outcome:
    """What log, ledger and memo say."""
    call = row.offer.call
    return Outcome(
        steps=tuple(line["step"] for line in log.of(call, "step")),
        turns=_turns([line["phase"] for line in log.of(call, "turn")], one),
        state=row.state,
        ended_by=row.ended_by,
        urgent=memo.urgency == "urgent" if memo else None,
        category=memo.category if memo else None,
        answers=_as_heard(_asked_for(memo)) if memo else None,
        missing=memo.missing if memo else None,
    )


def _turns(turns: list[str], one: Planned) -> tuple[str, ...]:
    """Turns, but how often a spoken choice was asked for: an ear may come too late once."""
    if not one.does.says:
        return tuple(turns)
    return tuple(b for a, b in pairwise(["", *turns]) if not a == b == "choosing")


def _asked_for(memo: Memo) -> dict[str, str]:
    """What the caller answered; what a memo understands of the message besides is no answer."""
    asked = {one.item for one in memo.asked}
    return {item: said for item, said in memo.answers.items() if item in asked}


def _as_heard(answers: dict[str, str]) -> dict[str, str]:
    """The ear hears the same words a little differently in each call."""
    return {
        item: SAID if any(word in said for word in HEARD) else said
        for item, said in answers.items()
    }


class Caller:
    """Does what the caller does in the rehearsal, each at its turn."""

    def __init__(self, bot: Bot, log: Log, phone: Telephone, call: str) -> None:
        self._bot, self._log, self._phone, self._call = bot, log, phone, call
        self._turns = 0
        self._recorded = False

    async def act(self, called: Called, person: str) -> None:
        transferred = called.rehearsal.state is EndState.TRANSFERRED
        for step in called.rehearsal.steps:
            if self.over():
                return
            if step.what == "waits":
                self._turns += 1
                self._recorded |= step.text in RECORDED_IN
                await self._until(lambda: self._count("turn") >= self._turns)
            elif step.what == "pressed":
                await self._until(self._phone.ready)
                await self._phone.press(step.text)
            elif step.what == "said":
                await self._speak()
            elif step.what == "caller_hangs_up" and not (transferred and person == "hangs_up"):
                await self._hang_up(transferred=transferred)

    def over(self) -> bool:
        """Whether the call has ended."""
        return self._count("call ended") > 0

    async def _speak(self) -> None:
        """Say it; where the ear came too late with the words of a choice, once more."""
        steps = self._count("step")
        await self._phone.speak()
        if self._log.of(self._call, "turn")[-1]["phase"] != "choosing":
            return
        for _ in range(MORE_TRIES):
            asked_again = self._turns + 2  # the first of them is that a voice was heard
            await self._until(partial(self._come, steps, asked_again))
            if self.over() or self._count("step") > steps:
                return
            self._turns = asked_again
            await self._phone.speak()

    async def _hang_up(self, *, transferred: bool) -> None:
        if transferred:
            await self._until(lambda: self._count("a person has answered") > 0)
        elif self._recorded:
            # whoever hangs up before the first sound is on disk has left nothing
            await self._until(lambda: _has_audio(self._bot, self._call))
        await self._until(self._phone.ready)
        await self._phone.hang_up()

    def _come(self, steps: int, turns: int) -> bool:
        return self._count("step") > steps or self._count("turn") >= turns

    def _count(self, event: str) -> int:
        return len(self._log.of(self._call, event))

    async def _until(self, come: Callable[[], bool]) -> None:
        await until(lambda: self.over() or come())


def _has_audio(bot: Bot, call: str) -> bool:
    path = bot.spool / call / "audio.wav"
    return path.exists() and path.stat().st_size > 44


async def placed(
    bot: Bot, log: Log, one: Planned, called: Called, *, agent: int, audio: Path
) -> Outcome:
    """Place the rehearsed call and return what really came of it."""
    acts: list[str] = [step.what for step in called.rehearsal.steps]
    acts = [act for act in acts if act in {"pressed", "said", "caller_hangs_up"}]
    if called.rehearsal.state is EndState.TRANSFERRED and one.does.person == "hangs_up":
        acts.remove("caller_hangs_up")
    if "said" in acts and "choosing" in expected(called, one).turns:
        acts = ["said"] * MORE_TRIES + acts
    async with _telephone(bot, one, acts, agent=agent, audio=audio) as phone:
        call = (await bot.row(one.caller)).offer.call
        await Caller(bot, log, phone, call).act(called, one.does.person)
        await until(lambda: log.of(call, "call ended"), CALL_LIMIT_S)
    row = await bot.ended(one.caller)
    memos = [memo for memo in bot.memos() if memo.call.id == call]
    if one.does.says and memos:
        memos = [await bot.memo(one.caller, "transcribed")]
    assert len(memos) == (row.state is EndState.MEMO)
    return real(log, one, row, memos[0] if memos else None)


def _telephone(
    bot: Bot, one: Planned, acts: list[str], *, agent: int, audio: Path
) -> AbstractAsyncContextManager[Telephone]:
    caller, number, how = one.caller, one.name, one.does.telephone
    if how == "events":
        return by_baresip(bot, caller, number, bot.folder, agent=agent)
    withheld = how == "withheld"
    return by_sipp(bot, caller, number, acts, agent=agent, withheld=withheld, audio=audio)


def words(folder: Path) -> Path:
    """What callers say, as raw mu-law, and the hiss of a line: no telephone is silent as a zero."""
    said = ulaw.read(DATA / "ko_01_8k.wav")[int(10.45 * ulaw.RATE_HZ) : int(12.2 * ulaw.RATE_HZ)]
    hiss = ulaw.noisy(np.zeros(HISS_S * ulaw.RATE_HZ, np.int16), seed=5, peak=30)
    path = folder / "words.ul"
    path.write_bytes(ulaw.encode(np.concatenate((said, hiss))))
    path.with_suffix(".ul.hiss").write_bytes(ulaw.encode(hiss))
    return path


@contextlib.asynccontextmanager
async def persons() -> AsyncIterator[dict[str, str]]:
    """Real telephones that transfers find, and where each is called."""
    many = partial(sipp, calls=10_000, trace=False)
    async with (
        many("person_answers", body=SDP, end=fragment("hung_up_on")) as answers,
        many("person_answers", body=SDP, end=fragment("person_hangs_up")) as hangs_up,
        many("person_refuses", code=486, headers="") as refuses,
    ):
        ports = {"answers": answers.port, "hangs_up": hangs_up.port, "refuses": refuses.port}
        ports["away"] = free_ports()
        called = {person: f"sip:desk@127.0.0.1:{port}" for person, port in ports.items()}
        yield called | {"no_account": "+81312345678"}


async def compared(
    bot: Bot, calls: list[Planned], audio: Path
) -> list[tuple[Planned, Called, Outcome | str]]:
    """Place every call, some at once, and return what came of each."""
    log, found = Log(bot), []
    agents: asyncio.Queue[int] = asyncio.Queue()
    for agent in range(AT_ONCE):
        agents.put_nowait(agent)

    async def compare(one: Planned) -> None:
        agent = await agents.get()
        called = rehearsed(bot.folder / "dialplans", one)
        outcome: Outcome | str
        try:
            outcome = await placed(bot, log, one, called, agent=agent, audio=audio)
        except AssertionError as error:  # one call of hundreds: say it with the others
            outcome = str(error)
        agents.put_nowait(agent)
        found.append((one, called, outcome))

    async with asyncio.TaskGroup() as group:
        for one in calls:
            group.create_task(compare(one))
    return found


def differences(found: list[tuple[Planned, Called, Outcome | str]]) -> list[str]:
    """Every call that was not as rehearsed, for people."""
    return [
        f"{one.name}, {one.does}:\n  rehearsed {wanted}\n  real      {outcome}\n  "
        + json.dumps([[step.what, step.text] for step in called.rehearsal.steps])
        for one, called, outcome in found
        if (wanted := expected(called, one)) != outcome
    ]


def bot_with(folder: Path, mqtt: RunningBroker, models: Path, calls: list[Planned]) -> Bot:
    """A bot with a client for each call."""
    bot = Bot(folder, mqtt.port, models, agents=AT_ONCE)
    for one in calls:
        path = bot.folder / "dialplans" / f"{one.name}.toml"
        path.write_text(one.text, encoding="utf-8")
    return bot


@pytest.mark.timeout(120 * (SCRIPTS + 4))
async def test_real_calls_go_through_the_same_steps_turns_and_end_as_their_rehearsals(
    tmp_path: Path, mosquitto: RunningBroker, vosk_models: Path
) -> None:
    async with persons() as where:
        calls = fixed() + [planned(number, where) for number in range(SCRIPTS)]
        bot = bot_with(tmp_path, mosquitto, vosk_models, calls)
        async with running(bot):
            # alone: an ear has 2 s to say what it heard at a menu, and its first second is dear
            found = await compared(bot, calls[:1], words(tmp_path))
            found += await compared(bot, calls[1:], words(tmp_path))
        states = [row.state for row in bot.rows()]
    wrong = differences(found)
    print(f"{len(found) - len(wrong)} of {len(found)} calls as rehearsed:", Counter(states))
    assert not wrong, "\n".join(wrong)
    assert len(calls) == bot.invites == len(states)
    assert None not in states
