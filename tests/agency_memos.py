"""Memos of simulated calls and what operators do with them, by the commands of live operators."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sipbot import call_back
from sipbot.caller import CallerId
from sipbot.decision import decide, lease_over
from sipbot.memo import LIVE_EAR, Caller, Memo, Status, call_facts, first_memo, with_transcript
from sipbot.memo_answers import Asked, Left
from sipbot.memo_erased import erased
from sipbot.memo_history import Outcome as Result
from sipbot.memo_id import memo_id
from sipbot.plan import Dialplan
from sipbot.records import CallOffer, EndedBy, Recording, Transcript
from sipbot.retention import Kind
from sipbot.understanding import Understood
from tests.agency_outcomes import Outcome
from tests.commands import a_request

OPERATORS = ("hanako", "ichiro", "jun", "kaori", "makoto")

PLACED: tuple[tuple[call_back.End, Result | None, float | None], ...] = (
    (call_back.End.TALKED, Result.REACHED, 40.0),
    (call_back.End.TALKED, Result.REACHED, 95.0),
    (call_back.End.TALKED, None, 2.0),
    (call_back.End.NO_ANSWER, Result.NO_ANSWER, None),
    (call_back.End.BUSY, Result.BUSY, None),
    (call_back.End.OPERATOR_LEFT, None, None),
    (call_back.End.OPERATOR_AWAY, None, None),
    (call_back.End.NO_LINE, None, None),
    (call_back.End.FAILED, None, None),
    (call_back.End.INTERRUPTED, None, 3.0),
    (call_back.End.INTERRUPTED, None, None),
)
"""How calls end that sipbot places: end, what came of it, and seconds of talk."""


@dataclass(frozen=True, kw_only=True)
class Came:
    """A call that has left a message."""

    offer: CallOffer
    plan: Dialplan
    caller: str | None
    answered_at: datetime | None
    ended_at: datetime


def first(came: Came, ended: Outcome) -> Memo:
    """Return the memo as it is when the recording is safe."""
    known = CallerId(
        number=came.caller, name="", source="from" if came.caller is not None else "withheld"
    )
    asked = tuple(
        Asked(item=item, source="keys" if item in ended.answers else None) for item in ended.asked
    )
    return first_memo(
        memo_id=memo_id(came.offer),
        client=came.plan.client,
        call=call_facts(
            came.offer,
            known,
            answered_at=came.answered_at,
            ended_at=came.ended_at,
            ended_by=EndedBy.CALLER,
            cut_off=False,
        ),
        caller=Caller(number=came.caller, anonymous=came.caller is None),
        recording=Recording(path="audio.wav", sha256="0" * 64, duration_s=15.0),
        audio_url="",
        at=came.ended_at,
        ears=(LIVE_EAR,),
        left=Left(asked=asked, answers=ended.answers, urgent=ended.urgent, category=ended.category),
        region="JP",
    )


def life(memo: Memo, came: Came, text: str, chance: random.Random) -> Iterator[Memo]:
    """Return every further revision of a memo, in order."""
    now = came.ended_at + timedelta(seconds=1)
    heard = Transcript(text=text, language="ja", engine=LIVE_EAR, model="model")
    read = with_transcript(memo, heard, now, Understood(text=text, answers=dict(memo.answers)))
    if read is not None:
        # Categories are those of the rehearsal; the ear has heard nothing else.
        memo = read.model_copy(update={"category": memo.category, "answers": memo.answers})
        yield memo
    if chance.random() < 0.03:
        return
    for verb, wait_s, fields in _work(chance):
        now += timedelta(seconds=round(wait_s, 3))
        if verb == "call":
            steps = list(_placed(memo, now, chance))
            yield from steps
            memo, now = steps[-1], steps[-1].history[-1].at
            continue
        over = lease_over(memo, now)
        if over is not None:
            memo = over
            yield memo
        by = memo.holder or chance.choice(OPERATORS)
        request = a_request(
            verb, came.plan.client, memo=memo.id, by=by, ts=now, req=f"r-{memo.rev}", **fields
        )
        verdict = decide(memo, request, now)
        if verdict.memo is not None:
            memo = verdict.memo
            yield memo
    if memo.status is Status.DONE and chance.random() < 0.05:
        yield erased(memo, [Kind.TEXT], now + timedelta(hours=1), "text_days")


def _placed(memo: Memo, at: datetime, chance: random.Random) -> Iterator[Memo]:
    """Let sipbot call back; in some of the talks the operator says at once what came of it."""
    by = memo.holder or chance.choice(OPERATORS)
    number = memo.callback.number or "+81312345678"
    end, result, talk_s = chance.choice(PLACED)
    memo = call_back.begun(memo, by, number, at, None)
    yield memo
    at += timedelta(seconds=round(chance.uniform(5, 40), 3))
    if talk_s is not None:
        memo = call_back.connected(memo, number, at)
        yield memo
        at += timedelta(seconds=talk_s)
        if chance.random() < 0.3:
            said = a_request(
                "callback",
                memo.client,
                memo=memo.id,
                by=by,
                ts=at,
                req=f"r-{memo.rev}",
                outcome=chance.choice(["reached", "wrong_number"]),
            )
            verdict = decide(memo, said, at)
            assert verdict.memo is not None, verdict
            memo = verdict.memo
            yield memo
    how = call_back.Ended(end=end, outcome=result, at=at, talk_s=talk_s)
    yield call_back.ended(memo, by, number, how, at)


def _work(chance: random.Random) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """Verbs, how long after the one before, and what they say besides."""
    yield "claim", chance.lognormvariate(6.5, 1.2), {}
    if chance.random() < 0.1:
        yield "release", chance.uniform(20, 200), {}
        yield "claim", chance.lognormvariate(6.0, 1.0), {}
    if chance.random() < 0.25:
        yield "call", chance.uniform(30, 700), {}
        if chance.random() < 0.3:
            yield "call", chance.uniform(5, 60), {}
    if chance.random() < 0.8:
        reached = ["reached", "no_answer", "busy", "wrong_number", "message_left"]
        for _ in range(3):
            result = chance.choices(reached, [70, 15, 5, 2, 8])[0]
            yield "callback", chance.uniform(30, 700), {"outcome": result}
            if result != "no_answer":
                break
    if chance.random() < 0.95:
        yield "done", chance.uniform(10, 600), {}
        if chance.random() < 0.04:
            yield "reopen", chance.uniform(600, 90_000), {}
            if chance.random() < 0.7:
                yield "callback", chance.uniform(60, 600), {"outcome": "reached"}
                yield "done", chance.uniform(10, 100), {}
