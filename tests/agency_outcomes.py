"""How the simulated calls go: what callers do by chance, how it ends by the real machine."""

import random
from dataclasses import dataclass, field
from datetime import datetime

from sipbot import script_events as events
from sipbot.caller import WITHHELD, CallerId
from sipbot.dialplan_form import Expect
from sipbot.dialplan_tests import place_call
from sipbot.plan import Dialplan, Trial
from sipbot.records import EndedBy, EndState
from sipbot.routes import choose
from sipbot.script import advance
from sipbot.script_state import Script

SAYINGS = (
    "修理をお願いしたいのですが、折り返しお電話ください",
    "予約の変更をお願いします",
    "営業のご案内でお電話しました",
    "苦情を申し上げたいのですが、担当の方をお願いします",
    "請求書のことで折り返しお願いします",
)
WEIGHTS = (25, 35, 12, 5, 23)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a call."""

    state: EndState
    lasts_s: float
    """From the INVITE to its end."""
    answered_after_s: float | None
    by_caller: bool = False
    code: int = 486
    asked: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    urgent: bool = False
    text: str = ""


def outcome(
    plan: Dialplan, at: datetime, caller: str | None, chance: random.Random, *, full: bool
) -> Outcome:
    """Let a caller call, and return what came of it."""
    if full:
        return Outcome(state=EndState.REFUSED_CAPACITY, lasts_s=0.05, answered_after_s=None)
    ring_s = round(plan.answer.after_s + chance.expovariate(1 / 0.8), 3)
    mood = chance.random()
    if mood < 0.004:
        failed = chance.choice([EndState.FAILED_MEDIA, EndState.FAILED_INTERNAL])
        return Outcome(state=failed, lasts_s=ring_s + 2, answered_after_s=ring_s)
    if mood < 0.12:
        return _impatient(plan, at, caller, chance, ring_s)
    return _patient(plan, at, caller, chance, ring_s)


def _impatient(
    plan: Dialplan, at: datetime, caller: str | None, chance: random.Random, ring_s: float
) -> Outcome:
    """Hang up while it rings, or while the greeting is said."""
    known = WITHHELD if caller is None else CallerId(number=caller, name="", source="from")
    routed = choose(plan, known, plan.numbers[0], at, "JP")
    if routed.course is None:
        return _refused()
    coming: list[events.Event] = [events.Offered()]
    rings = plan.answer.after_s > 0 and chance.random() < 0.5
    if not rings:
        coming += [events.RingingOver()] if plan.answer.after_s > 0 else []
        coming += [events.Answered()]
    script = Script(course=routed.course, caller_known=caller is not None)
    state: EndState | None = None
    for event in (*coming, events.HungUp(by=EndedBy.CALLER)):
        script, actions = advance(script, event)
        ends = [one.state for one in actions if isinstance(one, events.End)]
        state = ends[0] if ends else state
    assert state is not None, f"{script.phase}: the call has no end"
    if rings:
        waited = round(chance.uniform(0.5, plan.answer.after_s), 3)
        return Outcome(state=state, lasts_s=waited, answered_after_s=None, by_caller=True, code=487)
    lasts = ring_s + round(chance.uniform(1, 6), 3)
    return Outcome(state=state, lasts_s=lasts, answered_after_s=ring_s, by_caller=True)


def _patient(
    plan: Dialplan, at: datetime, caller: str | None, chance: random.Random, ring_s: float
) -> Outcome:
    """Hear the greeting, and leave a message, be put through, or say nothing."""
    text = chance.choices(SAYINGS, WEIGHTS)[0] if chance.random() > 0.05 else ""
    keys, says = _does(plan, text, chance)
    trial = Trial(
        at=at, caller=caller, number=plan.numbers[0], keys=keys, says=says, expect=Expect()
    )
    found = place_call(plan, trial, "JP", person_answers=chance.random() < 0.7)
    if found.routed.course is None:
        return _refused()
    answers = {
        item: value
        for item, value in found.rehearsal.answers.items()
        if item in ("csat", "nps", "name")
    }
    return Outcome(
        state=found.rehearsal.state,
        lasts_s=round(ring_s + 12 + chance.gammavariate(4, 8), 3),
        answered_after_s=ring_s,
        by_caller=chance.random() < 0.6,
        asked=found.rehearsal.asked,
        answers=answers,
        category=found.about.category,
        urgent=found.about.urgent,
        text=text,
    )


def _does(plan: Dialplan, text: str, chance: random.Random) -> tuple[str, tuple[str, ...]]:
    rated = chance.choices(["-", *"123456789"], [60, 3, 2, 4, 8, 16, 2, 3, 5, 12])[0]
    if plan.answer.start == "main":
        return f"{chance.choice('1112')}-{rated}", (text,)
    if plan.answer.start == "name":
        return f"-{rated}", ("山田です", text)
    return f"-{rated}", (text,)


def _refused() -> Outcome:
    return Outcome(state=EndState.REFUSED_BLOCKED, lasts_s=0.03, answered_after_s=None, code=603)
