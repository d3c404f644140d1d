"""What an agent does by itself is what the script wants, whatever the caller does meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import ahead, steps
from sipbot.script import advance
from sipbot.script_events import (
    Answer,
    Answered,
    Event,
    KeyPressed,
    Offered,
    OpenRecording,
    Play,
    PromptEnded,
)
from sipbot.script_state import Phase, Script
from sipbot.sip import wire
from sipbot.steps import RECORD, Course
from tests.courses import BEEP, COURSES, GREETING, course, prompt
from tests.test_script_any import KINDS, SEEDS, World

RECORDING = "/spool/audio.wav"

NO_BEEP = steps.Record(name=RECORD, beep=False)


def being_answered(rules: Course) -> Script:
    script, _ = advance(Script(course=rules), Offered())
    return script


@pytest.mark.parametrize(
    ("rules", "prompts"),
    [
        (course(), (GREETING, BEEP)),
        (course(NO_BEEP, notice=prompt("notice")), (prompt("notice"), GREETING)),
        (course(NO_BEEP, greeting=None), ()),
        (
            course(
                steps.Say(name="hours", prompts=(prompt("closed"),), then=RECORD), start="hours"
            ),
            (GREETING, prompt("closed"), BEEP),
        ),
        (
            course(steps.Menu(name="menu", keys={}, words={"yes": RECORD}), start="menu"),
            (GREETING,),
        ),
    ],
    ids=["tone", "notice", "nothing is said", "a step before", "choice by words"],
)
def test_prompts_that_lead_to_the_recording_are_told_with_the_answer(
    rules: Course, prompts: tuple[steps.Prompt, ...]
) -> None:
    sequel = wire.Sequel(prompts=tuple(one.wav for one in prompts), recording=RECORDING)
    assert sequel == ahead.after_answer(being_answered(rules), RECORDING)


@pytest.mark.parametrize(
    "rules",
    [
        course(steps.Menu(name="menu", keys={"1": RECORD}), start="menu"),
        course(steps.Transfer(name="boss", to="sip:100@192.0.2.1"), start="boss"),
        course(steps.HangUp(name="closed", prompts=(prompt("bye"),)), start="closed"),
        course(refuse=True),
    ],
    ids=["choice by key", "transfer", "no message", "full disk"],
)
def test_nothing_is_told_where_the_recording_is_not_what_comes_next(rules: Course) -> None:
    assert ahead.after_answer(being_answered(rules), RECORDING) is None


def test_recording_that_was_begun_before_is_not_told_again() -> None:
    asks = (steps.Ask(name=name, item=name, then=RECORD) for name in ("name", "wish"))
    recorded = Script(course=course(*asks), phase=Phase.SAYING, recorded=True, visited=("name",))
    assert ahead.after_prompt(recorded, BEEP, RECORDING) is None


@given(rules=COURSES, kind=st.sampled_from(KINDS), seed=SEEDS, known=st.booleans())
def test_whatever_the_agent_has_begun_by_itself_is_what_the_script_wants_next(
    rules: Course, kind: str, seed: int, known: bool
) -> None:
    world, script = World(kind, seed), Script(course=rules, caller_known=known)
    sequel: wire.Sequel | None = None
    while script.phase is not Phase.ENDED:
        event = world.next(script)
        begun, sequel = _goes_on(sequel, event)
        script, actions = advance(script, event)
        wanted = []
        for action in actions:
            world.sees(action)
            match action:
                case Answer():
                    sequel = ahead.after_answer(script, RECORDING)
                case Play(prompt=said):
                    wanted.append(said.wav)
                    if begun is None:
                        sequel = ahead.after_prompt(script, said, RECORDING)
                case OpenRecording():
                    wanted.append(RECORDING)
        assert begun is None or [begun] == wanted


def _goes_on(sequel: wire.Sequel | None, event: Event) -> tuple[str | None, wire.Sequel | None]:
    """What an agent with this plan begins when this happens, and its plan after that."""
    if sequel is None or isinstance(event, KeyPressed):
        return None, None
    if not isinstance(event, Answered | PromptEnded):
        return None, sequel
    if not sequel.prompts:
        return sequel.recording, None
    begun, *rest = sequel.prompts
    return begun, wire.Sequel(prompts=tuple(rest), recording=sequel.recording)
