"""Courses of calls: the shortest one, and any one there may be."""

from typing import Any

from hypothesis import strategies as st

from sipbot import steps
from sipbot.records import EndedBy
from sipbot.script_events import (
    Answered,
    Event,
    HungUp,
    Judged,
    KeyPressed,
    MediaFailed,
    Offered,
    PromptEnded,
    RecordingSafe,
    RecordingUnsafe,
    RingingOver,
    Silent,
    SpeechEnded,
    SpeechStarted,
    TimeUp,
    TransferFailed,
    Transferred,
    Understood,
)
from sipbot.steps import END, RECORD, Course, Limits, Prompt, Step

KEYS = "0123456789*#"


def prompt(name: str) -> Prompt:
    return Prompt(name=name, wav=f"/prompts/{name}.wav")


GREETING, BEEP, THANKS, SORRY = (prompt(name) for name in ("greeting", "beep", "thanks", "sorry"))


def course(*extra: Step, **changes: Any) -> Course:
    """Return a greeting and a message with a beep, and these steps besides."""
    given: dict[str, Any] = {"greeting": GREETING, "beep": BEEP, "thanks": THANKS, "sorry": SORRY}
    all_steps: dict[str, Step] = {RECORD: steps.Record(name=RECORD)}
    all_steps |= {step.name: step for step in extra}
    return Course(**(given | {"steps": all_steps} | changes))


NAMES = ("a", "b", "c", "d")
_targets = st.sampled_from([*NAMES, RECORD, END, "nowhere"])
_prompts = st.sampled_from([(), (prompt("p"),), (prompt("p"), prompt("q"))])
_limits = st.builds(Limits)
_tries = st.integers(1, 3)


def _step(name: str) -> st.SearchStrategy[Step]:
    common = {"name": st.just(name), "prompts": _prompts}
    asking = {"no_input": _prompts, "tries": _tries}
    return st.one_of(
        st.builds(steps.Say, **common, then=_targets),
        st.builds(
            steps.Menu,
            **common,
            **asking,
            keys=st.dictionaries(st.sampled_from(KEYS), _targets, max_size=3),
            words=st.dictionaries(st.sampled_from(["yes", "no", "予約"]), _targets, max_size=2),
            no_match=_prompts,
            otherwise=_targets,
        ),
        st.builds(
            steps.Ask,
            **common,
            **asking,
            item=st.sampled_from(["name", "wish"]),
            beep=st.booleans(),
            limits=_limits,
            then=_targets,
        ),
        st.builds(
            steps.FollowUp,
            name=st.just(name),
            ways=st.dictionaries(
                st.sampled_from(["number", "name", "wish", "company", "callback_window"]),
                _targets,
                min_size=1,
            ),
            when_deaf=st.sampled_from(["skip", "ask"]),
            then=_targets,
        ),
        st.builds(
            steps.Digits,
            **common,
            **asking,
            ask_when=st.sampled_from(["missing", "always"]),
            least=st.integers(1, 2),
            most=st.integers(2, 4),
            finish_key=st.sampled_from(["#", "*", ""]),
            no_match=_prompts,
            read_back=st.booleans(),
            before=_prompts,
            digit=st.sampled_from([{}, {key: prompt(f"d{key}") for key in "0123456789"}]),
            confirm=_prompts,
            then=_targets,
        ),
        _record(name),
        st.builds(steps.Transfer, **common, to=st.just("sip:x@192.0.2.1"), otherwise=_targets),
        st.builds(steps.Survey, **common, kind=st.sampled_from(["csat", "nps"]), then=_targets),
        st.builds(steps.HangUp, **common),
    )


def _record(name: str) -> st.SearchStrategy[Step]:
    return st.builds(
        steps.Record,
        name=st.just(name),
        prompts=_prompts,
        beep=st.booleans(),
        finish_key=st.sampled_from(["", "#", "1"]),
        review=_prompts,
        tries=_tries,
        urgent_key=st.sampled_from(["", "*", "1"]),
        then=_targets,
    )


_steps = st.fixed_dictionaries({RECORD: _record(RECORD), **{name: _step(name) for name in NAMES}})

COURSES = st.builds(
    Course,
    after_s=st.sampled_from([0.0, 6.0]),
    notice=st.sampled_from([None, prompt("notice")]),
    greeting=st.sampled_from([None, GREETING]),
    start=st.sampled_from([*NAMES, RECORD, END, "nowhere"]),
    steps=_steps,
    beep=st.just(BEEP),
    thanks=st.just(THANKS),
    sorry=st.just(SORRY),
    refuse=st.sampled_from([False, False, False, True]),
    min_s=st.sampled_from([0.0, 1.0]),
    language=st.sampled_from(["", "ja", "en", "ko"]),
    region=st.sampled_from(["", "JP", "US"]),
)

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [
            Offered(),
            RingingOver(),
            Answered(),
            SpeechStarted(),
            SpeechEnded(),
            SpeechEnded(text="yes please"),
            Understood(text="this is Jane Park from Harbor Books"),
            Silent(),
            RecordingSafe(),
            RecordingUnsafe(),
            Transferred(),
            TransferFailed(),
            MediaFailed(),
        ]
    ),
    st.builds(
        PromptEnded,
        prompt=st.sampled_from(["notice", "greeting", "p", "q", "d1", "beep", "thanks", "sorry"]),
    ),
    st.builds(KeyPressed, key=st.sampled_from(KEYS)),
    st.builds(TimeUp, n=st.integers(0, 9)),
    st.builds(Judged, spoke=st.booleans()),
    st.builds(HungUp, by=st.sampled_from(EndedBy)),
)
"""Anything at any time; most of it means nothing in most phases."""
