"""The call script is pure: every path of events ends in exactly one end state."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import steps
from sipbot.records import EndedBy, EndState
from sipbot.script import advance
from sipbot.script_events import (
    Action,
    Answer,
    Answered,
    BeginSpan,
    CloseRecording,
    Discard,
    End,
    EndSpan,
    Enter,
    Event,
    HangUp,
    HungUp,
    Judge,
    Judged,
    KeyPressed,
    Listen,
    MediaFailed,
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
    StopListening,
    StopPlaying,
    StopWaiting,
    TimeUp,
    TransferFailed,
    Wait,
)
from sipbot.script_state import Phase, Script
from sipbot.steps import RECORD, Course
from tests.courses import BEEP, COURSES, EVENTS, GREETING, SORRY, THANKS, course, prompt

HELLO = [Offered(), Answered(), PromptEnded(prompt="greeting"), PromptEnded(prompt="beep")]
LIMITS = steps.Record(name=RECORD).limits
OVER = (StopListening(), EndSpan(n=1), StopWaiting(), CloseRecording())
"""What ends a message."""
AGAIN = [PromptEnded(prompt="review"), KeyPressed(key="2"), PromptEnded(prompt="beep")]
"""How a message is recorded again."""


def play(events: Sequence[Event], rules: Course | None = None) -> tuple[Script, list[Action]]:
    script = Script(course=rules or course())
    done: list[Action] = []
    for event in events:
        script, actions = advance(script, event)
        done += actions
    return script, done


def end_state(events: Sequence[Event], rules: Course | None = None) -> EndState:
    (end,) = [action for action in play(events, rules)[1] if isinstance(action, End)]
    return end.state


def test_call_that_goes_well_greets_beeps_records_thanks_and_hangs_up():
    story = [
        *HELLO,
        SpeechStarted(),
        SpeechEnded(),
        RecordingSafe(),
        PromptEnded(prompt="thanks"),
        HungUp(by=EndedBy.SIPBOT),
    ]

    _, actions = play(story)

    assert [
        Answer(),
        Play(prompt=GREETING),
        Enter(step=RECORD),
        Play(prompt=BEEP),
        OpenRecording(),
        BeginSpan(n=1, item=""),
        Listen(limits=LIMITS),
        Wait(n=2, for_s=180.0),
        *OVER,
        Play(prompt=THANKS),
        HangUp(),
        End(state=EndState.MEMO),
    ] == actions


def test_ring_time_rings_before_answering():
    _, actions = play([Offered(), RingingOver()], course(after_s=6))

    assert [Ring(for_s=6), Answer()] == actions


def test_caller_who_hangs_up_in_mid_sentence_has_left_a_message():
    story = [*HELLO, SpeechStarted(), HungUp(by=EndedBy.CALLER)]

    assert EndState.MEMO == end_state(story)


def test_caller_who_says_nothing_has_not_left_a_message():
    story = [*HELLO, HungUp(by=EndedBy.CALLER), Judged(spoke=False)]

    assert EndState.NO_MESSAGE == end_state(story)


def test_silent_caller_is_not_thanked_for_a_message():
    story = [*HELLO, Silent(), RecordingSafe(), Judged(spoke=False)]

    _, actions = play(story)

    assert [CloseRecording(), Judge(), HangUp()] == actions[-3:]


def test_speech_found_only_after_the_recording_is_still_thanked_for():
    story = [*HELLO, KeyPressed(key="#"), RecordingSafe(), Judged(spoke=True)]

    _, actions = play(story)

    assert Play(prompt=THANKS) == actions[-1]


def test_time_limit_after_the_verdict_does_not_make_silence_a_message() -> None:
    story = [
        *HELLO,
        Silent(),
        RecordingSafe(),
        Judged(spoke=False),
        Judged(spoke=True),
        HungUp(by=EndedBy.SIPBOT),
    ]

    assert EndState.NO_MESSAGE == end_state(story)


def test_hang_up_while_being_judged_waits_for_the_verdict():
    story = [*HELLO, TimeUp(n=2), RecordingSafe(), HungUp(by=EndedBy.CALLER), Judged(spoke=True)]

    assert EndState.MEMO == end_state(story)


def test_caller_of_a_full_site_is_told_so_and_counted_as_refused() -> None:
    story = [
        Offered(),
        Answered(),
        PromptEnded(prompt="sorry"),
        HungUp(by=EndedBy.SIPBOT),
    ]

    _, actions = play(story, course(refuse=True))

    assert [
        Answer(),
        Play(prompt=SORRY),
        HangUp(),
        End(state=EndState.REFUSED_CAPACITY),
    ] == actions


def test_caller_whose_note_finds_no_room_is_told_so_instead_of_recorded() -> None:
    ringing, _ = play([Offered()])

    _, actions = advance(ringing.refusing(), Answered())

    assert (Play(prompt=SORRY),) == actions


def test_caller_whose_recording_is_not_safe_is_never_thanked() -> None:
    story = [*HELLO, SpeechStarted(), SpeechEnded(), RecordingUnsafe()]

    _, actions = play(story)

    assert Play(prompt=SORRY) == actions[-1]


def test_caller_whose_recording_could_not_be_begun_is_told_at_once() -> None:
    _, actions = play([*HELLO, RecordingUnsafe()])

    assert Play(prompt=SORRY) == actions[-1]
    assert StopListening() in actions


def test_caller_who_goes_on_before_the_disk_has_refused_is_told_at_the_tone() -> None:
    """Else he would speak after it, and nobody would record or end that."""
    menu = steps.Menu(name="menu", keys={"1": RECORD}, words={"yes": RECORD})
    story = [Offered(), Answered(), PromptEnded(prompt="greeting"), KeyPressed(key="1")]

    _, actions = play([*story, RecordingUnsafe()], course(menu, start="menu"))

    assert [OpenRecording()] == [one for one in actions if isinstance(one, OpenRecording)]
    assert [Play(prompt=BEEP), StopPlaying(), Play(prompt=SORRY)] == actions[-3:]


def test_message_after_a_transfer_that_failed_is_recorded_anew_where_the_disk_had_refused() -> None:
    menu = steps.Menu(name="menu", keys={"1": "boss"}, words={"yes": RECORD})
    boss = steps.Transfer(name="boss", to="sip:100@192.0.2.1", otherwise=RECORD)
    story = [Offered(), Answered(), PromptEnded(prompt="greeting"), KeyPressed(key="1")]
    failed = [RecordingUnsafe(), TransferFailed(), PromptEnded(prompt="beep")]

    _, actions = play([*story, *failed], course(menu, boss, start="menu"))

    assert 2 == sum(isinstance(one, OpenRecording) for one in actions)


@pytest.mark.parametrize("verdict", [[], [Judged(spoke=False)]])
def test_unsafe_recording_of_which_too_little_is_left_to_judge_is_a_memo(
    verdict: list[Event],
) -> None:
    story = [*HELLO, RecordingUnsafe(), *verdict, HungUp(by=EndedBy.CALLER)]

    assert EndState.MEMO == end_state(story)


def test_unsafe_recording_of_which_nothing_is_left_is_a_failure_of_ours() -> None:
    script, _ = play([*HELLO, RecordingUnsafe()])

    _, actions = advance(msgspec.structs.replace(script, recorded=False), HungUp(by=EndedBy.CALLER))

    assert (End(state=EndState.FAILED_INTERNAL),) == actions


def test_part_of_an_unsafe_recording_is_still_a_memo() -> None:
    story = [*HELLO, SpeechStarted(), TimeUp(n=2), RecordingUnsafe(), HungUp(by=EndedBy.CALLER)]

    assert EndState.MEMO == end_state(story)


def test_cancel_while_ringing_is_abandoned_ringing():
    story = [Offered(), HungUp(by=EndedBy.CALLER)]

    assert EndState.ABANDONED_RINGING == end_state(story, course(after_s=6))


def test_hang_up_during_the_greeting_is_abandoned_greeting():
    story = [Offered(), Answered(), HungUp(by=EndedBy.CALLER)]

    assert EndState.ABANDONED_GREETING == end_state(story)


def test_finish_key_during_the_greeting_skips_to_the_beep():
    _, actions = play([Offered(), Answered(), KeyPressed(key="#")])

    assert [StopPlaying(), Enter(step=RECORD), Play(prompt=BEEP)] == actions[-3:]


def test_other_keys_change_nothing():
    before, _ = play(HELLO)

    after, actions = advance(before, KeyPressed(key="5"))

    assert (before, ()) == (after, actions)


@pytest.mark.parametrize(
    ("expected", "retake"),
    [
        ([], [Silent()]),
        ([], [HungUp(by=EndedBy.CALLER)]),
        ([1], [SpeechStarted(), SpeechEnded()]),
        ([1, 2], [KeyPressed(key="#"), *AGAIN, SpeechStarted()]),
    ],
)
def test_message_is_replaced_only_by_another_that_was_spoken(
    expected: list[int], retake: list[Event]
) -> None:
    rules = course(steps.Record(name=RECORD, review=(prompt("review"),)))

    _, actions = play([*HELLO, SpeechStarted(), SpeechEnded(), *AGAIN, *retake], rules)

    assert expected == [action.n for action in actions if isinstance(action, Discard)]


def test_crash_in_mid_message_keeps_what_was_said():
    story = [*HELLO, SpeechStarted(), HungUp(by=EndedBy.CRASH)]

    assert EndState.MEMO == end_state(story)


@pytest.mark.parametrize("heard", [[Offered()], [Offered(), Answered()]])
def test_crash_before_the_recording_is_our_failure_and_not_the_callers(heard):
    assert EndState.FAILED_INTERNAL == end_state([*heard, HungUp(by=EndedBy.CRASH)])


def test_call_without_audio_is_failed_media():
    story = [Offered(), MediaFailed(), HungUp(by=EndedBy.SIPBOT)]

    assert EndState.FAILED_MEDIA == end_state(story)


def test_message_that_is_safe_is_a_memo_though_audio_failed_after_it():
    story = [*HELLO, SpeechStarted(), KeyPressed(key="#"), RecordingSafe(), MediaFailed()]

    assert EndState.MEMO == end_state([*story, HungUp(by=EndedBy.CALLER)])


@given(rules=COURSES, events=st.lists(EVENTS, max_size=40), by=st.sampled_from(EndedBy))
def test_any_order_of_events_ends_in_exactly_one_state(rules, events, by):
    script, actions = play([*events, HungUp(by=by), Judged(spoke=False)], rules)

    assert Phase.ENDED == script.phase
    assert 1 == sum(isinstance(action, End) for action in actions)
    assert isinstance(actions[-1], End)


@given(rules=COURSES, events=st.lists(EVENTS, max_size=40))
def test_memo_is_never_claimed_without_a_recording(rules, events):
    script, actions = play(events, rules)

    ends = [action.state for action in actions if isinstance(action, End)]
    assert script.recorded or EndState.MEMO not in ends


@given(events=st.lists(EVENTS, max_size=40))
def test_refusing_site_never_records(events: list[Event]) -> None:
    _, actions = play(events, course(refuse=True))

    assert not any(isinstance(action, OpenRecording) for action in actions)


@given(rules=COURSES, events=st.lists(EVENTS, max_size=40))
def test_recording_is_begun_at_most_once_and_stopped_only_after_it_began(rules, events):
    _, actions = play(events, rules)

    kinds = [type(action) for action in actions]
    assert kinds.count(OpenRecording) <= 1 + sum(isinstance(e, RecordingUnsafe) for e in events)
    assert kinds.count(CloseRecording) <= kinds.count(OpenRecording)
    assert CloseRecording not in kinds or kinds.index(OpenRecording) < kinds.index(CloseRecording)
