"""Memos of simulated calls and what operators do with them, by the commands of live operators."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sipbot.caller import CallerId
from sipbot.decision import decide, lease_over
from sipbot.memo import LIVE_EAR, Caller, Memo, call_facts, first_memo, with_transcript
from sipbot.memo_answers import Asked, Left
from sipbot.memo_id import memo_id
from sipbot.plan import Dialplan
from sipbot.records import CallOffer, EndedBy, Recording, Transcript
from sipbot.understanding import Understood
from tests.agency_outcomes import Outcome
from tests.commands import a_request

OPERATORS = ("hanako", "ichiro", "jun", "kaori", "makoto")


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


def _work(chance: random.Random) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """Verbs, how long after the one before, and what they say besides."""
    yield "claim", chance.lognormvariate(6.5, 1.2), {}
    if chance.random() < 0.1:
        yield "release", chance.uniform(20, 200), {}
        yield "claim", chance.lognormvariate(6.0, 1.0), {}
    if chance.random() < 0.9:
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
