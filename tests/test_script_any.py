"""Whatever a client writes and whatever a caller does, the call ends well.

The caller here presses, speaks, waits and hangs up as chance has it, but always answers what the
machine asks of the world (a prompt that is played ends, a recording that is closed is safe or not);
`test_script` throws events at it without any sense.
"""

import random
from collections import deque
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sipbot import steps
from sipbot.records import EndedBy, EndState
from sipbot.rehearsal import rehearse
from sipbot.script import advance
from sipbot.script_events import (
    Action,
    Answer,
    Answered,
    CloseRecording,
    Discard,
    End,
    Enter,
    Event,
    HangUp,
    HungUp,
    Judge,
    Judged,
    KeyPressed,
    Offered,
    OpenRecording,
    Play,
    PromptEnded,
    RecordingSafe,
    RecordingUnsafe,
    Ring,
    RingingOver,
    Silent,
    SpeechEnded,
    SpeechStarted,
    StopPlaying,
    TimeUp,
    Transfer,
    TransferFailed,
    Transferred,
    Understood,
)
from sipbot.script_state import Phase, Script
from sipbot.script_steps import MAX_STEPS
from sipbot.steps import RECORD, Course
from tests import ulaw
from tests.bot import greeting
from tests.courses import COURSES, KEYS, course, prompt
from tests.scripts_by_chance import PERSONS, planned, rehearsed

TURNS_MAX = 4000
"""More than any caller needs: 61 steps of at most 3 tries, 15 keys and 20 prompts."""

KINDS = ("silent", "talker", "masher", "chance", "deaf", "full")
"""Says nothing; speaks and never stops; presses without end; anything; the recogniser is down;
anything, while the disk has no place for a recording."""

ANYTHING = ("chance", "full")


SEEDS = st.integers(0, 2**32)

TURNS = {
    *("asking", "choosing", "confirming", "keying"),
    *("rating", "recording", "reviewing", "transferring"),
}
ENDS = {
    EndState.MEMO,
    EndState.NO_MESSAGE,
    EndState.ABANDONED_GREETING,
    EndState.TRANSFERRED,
}
"""Of a call that is answered and goes as it should."""


class World:
    """Whatever is outside of the machine, by the draws of a test."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind = kind
        self.records = False
        """Whether a recorder is open; one that is not has no end either."""
        self._chance = random.Random(seed)
        self.coming: deque[Event] = deque([Offered()])

    def sees(self, action: Action) -> None:
        match action:
            case Ring():
                self.coming.append(RingingOver())
            case Answer():
                self.coming.append(Answered())
            case Play(prompt=said):
                self.coming.append(PromptEnded(prompt=said.name))
            case StopPlaying():
                self.coming = deque(e for e in self.coming if not isinstance(e, PromptEnded))
            case OpenRecording():
                self.records = self.kind != "full" or self._chance.random() < 0.2
                if not self.records:
                    self.coming.append(RecordingUnsafe())
            case CloseRecording() if self.records:
                unsafe = self.kind in ANYTHING and self._chance.random() < 0.5
                self.coming.append(RecordingUnsafe() if unsafe else RecordingSafe())
            case Judge():
                self.coming.append(Judged(spoke=self.kind != "silent"))
            case Transfer():
                found = self.kind in ANYTHING and self._chance.random() < 0.5
                self.coming.append(Transferred() if found else TransferFailed())
            case HangUp():
                self.coming = deque([HungUp(by=EndedBy.SIPBOT)])

    def next(self, script: Script) -> Event:
        """What happens now; a caller may press a key before a prompt is over."""
        if script.phase is Phase.CONNECTED:
            return HungUp(by=EndedBy.CALLER)
        if self.coming and not self._interrupts():
            return self.coming.popleft()
        return self._caller(script)

    def _interrupts(self) -> bool:
        if self.kind == "masher":
            return self._chance.random() < 0.3
        return self.kind in ANYTHING and self._chance.random() < 0.5

    def _caller(self, script: Script) -> Event:
        time_up = TimeUp(n=script.timer)
        match self.kind:
            case "silent":
                return Silent() if script.listening else time_up
            case "talker":
                return SpeechStarted() if script.listening and not script.heard else time_up
            case "masher":
                pressing = self._chance.random() < 0.95
                return KeyPressed(key=self._chance.choice(KEYS)) if pressing else time_up
            case "deaf":
                return time_up
        said: list[Event] = [SpeechStarted(), SpeechEnded(text="yes"), Silent(), time_up]
        said.append(Understood(text=self._chance.choice(["", "my name is Jane", "call me"])))
        return self._chance.choice([*said, KeyPressed(key=self._chance.choice(KEYS))])


def lead(rules: Course, world: World, *, known: bool = False) -> tuple[Script, list[Action]]:
    script = Script(course=rules, caller_known=known)
    done: list[Action] = []
    for _ in range(TURNS_MAX):
        if script.phase is Phase.ENDED:
            return script, done
        script, actions = advance(script, world.next(script))
        for action in actions:
            world.sees(action)
        done += actions
    raise AssertionError(f"the call goes on for ever: {script.phase}, {script.visited}")


@given(rules=COURSES, kind=st.sampled_from(KINDS), known=st.booleans(), seed=SEEDS)
def test_every_caller_of_any_course_comes_to_exactly_one_end(
    rules: Course, kind: str, known: bool, seed: int
) -> None:
    script, done = lead(rules, World(kind, seed), known=known)

    kinds = [type(action) for action in done]
    assert 1 == kinds.count(End)
    assert End is kinds[-1]
    assert len(script.visited) <= MAX_STEPS + 1
    assert kinds.count(Enter) == len(script.visited)


@given(rules=COURSES, seed=SEEDS)
def test_caller_of_whom_nothing_is_recorded_is_not_asked_for_more_than_the_disk_allows(
    rules: Course, seed: int
) -> None:
    """Whoever stays until the end hears that no message was taken."""
    world = World("full", seed)
    _, done = lead(rules, world)

    unheard = OpenRecording in map(type, done) and not world.records
    sorry = Play(prompt=rules.sorry) in done
    assert sorry or not unheard or Transfer in map(type, done)


@given(rules=COURSES, kind=st.sampled_from(KINDS), seed=SEEDS)
def test_nothing_is_played_after_hanging_up_and_nobody_is_thanked_for_what_is_not_safe(
    rules: Course, kind: str, seed: int
) -> None:
    world = World(kind, seed)
    script, safe = Script(course=rules), False
    hung_up = False
    while script.phase is not Phase.ENDED:
        event = world.next(script)
        safe = safe or isinstance(event, RecordingSafe)
        script, actions = advance(script, event)
        for action in actions:
            world.sees(action)
            assert not (hung_up and isinstance(action, Play))
            assert safe or not (isinstance(action, Play) and action.prompt == rules.thanks)
            hung_up = hung_up or isinstance(action, HangUp)


@given(
    rules=COURSES,
    kind=st.sampled_from(KINDS),
    turns=st.integers(1, 40),
    by=st.sampled_from(EndedBy),
    seed=SEEDS,
)
def test_whoever_hangs_up_leaves_every_answer_given_until_then(
    rules: Course, kind: str, turns: int, by: EndedBy, seed: int
) -> None:
    world, script = World(kind, seed), Script(course=rules)
    for _ in range(turns):
        if script.phase is not Phase.ENDED:
            script, actions = advance(script, world.next(script))
            for action in actions:
                world.sees(action)
    if script.phase in {Phase.ENDED, Phase.JUDGING}:
        return

    after, actions = advance(script, HungUp(by=by))

    assert script.answers == after.answers[: len(script.answers)]
    assert script.asked == after.asked
    assert all(isinstance(action, End | Judge) for action in actions)


@given(rules=COURSES, kind=st.sampled_from(KINDS), seed=SEEDS)
def test_what_is_discarded_was_a_span_that_is_no_answer(
    rules: Course, kind: str, seed: int
) -> None:
    script, done = lead(rules, World(kind, seed))

    discarded = {action.n for action in done if isinstance(action, Discard)}
    assert discarded.isdisjoint(answer.span for answer in script.answers)


@given(
    rules=COURSES,
    keys=st.text(KEYS + "-", max_size=12),
    known=st.booleans(),
    hang_up_after=st.none() | st.integers(0, 12),
    person=st.booleans(),
)
def test_rehearsal_of_any_course_with_any_keys_ends_once(
    rules: Course, keys: str, known: bool, hang_up_after: int | None, person: bool
) -> None:
    rehearsal = rehearse(
        rules,
        known,
        keys,
        ["hello", "", "yes"],
        hang_up_after=hang_up_after,
        person_answers=person,
    )

    did = [step.what for step in rehearsal.steps]
    assert ("ends", 1) == (did[-1], did.count("ends"))
    assert list(rehearsal.visited) == [s.text for s in rehearsal.steps if s.what == "enters"]


def test_steps_that_go_in_circles_end_at_the_message() -> None:
    circle = (steps.Say(name="a", then="b"), steps.Say(name="b", then="a"))

    rehearsal = rehearse(course(*circle, start="a"), True, says=["hello"])

    assert (MAX_STEPS + 1, RECORD) == (len(rehearsal.visited), rehearsal.visited[-1])
    assert EndState.MEMO == rehearsal.state


def test_recording_is_open_before_anything_may_be_said_and_only_once() -> None:
    ask = steps.Ask(name="ask", item="name", then=RECORD, prompts=(prompt("p"),))
    script, done = lead(course(ask, start="ask"), World("talker", 0))

    kinds = [type(action) for action in done]
    assert 1 == kinds.count(OpenRecording)
    assert ([1], 2) == ([answer.span for answer in script.answers], script.span)


def test_scripts_by_chance_reach_every_turn_and_every_end(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    for name in ("greeting", "thanks"):
        ulaw.write(tmp_path / "prompts" / f"{name}.wav", greeting())
    found = []
    for number in range(100):
        one = planned(number, dict.fromkeys(PERSONS, "sip:desk@127.0.0.1"))
        (tmp_path / f"{one.name}.toml").write_text(one.text, encoding="utf-8")
        found.append(rehearsed(tmp_path, one).rehearsal)

    turns = {step.text for one in found for step in one.steps if step.what == "waits"}
    assert TURNS == turns
    assert ENDS == {one.state for one in found}
