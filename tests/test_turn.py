"""One turn of the caller's: numbered, told once, and over when it is over."""

from hypothesis import given
from hypothesis import strategies as st

from sipbot.speech import wire
from sipbot.speech.turn import Message, Turn

WINDOW_S = 0.032
EXPECTED = wire.Expect(job="call", n=7, from_s=20.0, end_silence_s=1.0, no_speech_s=2.0)
SENTENCE = [True] * 10 + [False] * 40


def told(verdicts: list[bool], *, ready: bool = True) -> list[Message]:
    turn = Turn(EXPECTED, 20.0)
    for speech in verdicts:
        turn.feed(WINDOW_S, speech=speech)
    return turn.take(ready=ready)


def test_turn_tells_its_number_and_places_in_the_whole_recording() -> None:
    began, ended = told(SENTENCE)
    assert (7, 7) == (began.n, ended.n)
    assert (20.0, 20.32) == (round(began.at_s, 3), round(ended.at_s, 3))


def test_caller_who_goes_on_after_the_end_of_a_turn_is_not_told_about() -> None:
    kinds = [type(message) for message in told(SENTENCE * 3)]
    assert [wire.SpeechStarted, wire.SpeechEnded] == kinds


def test_end_that_waits_for_its_words_is_held_back_and_the_beginning_is_not() -> None:
    assert [wire.SpeechStarted] == [type(message) for message in told(SENTENCE, ready=False)]


@given(verdicts=st.lists(st.booleans(), max_size=300))
def test_turn_ends_at_most_once(verdicts: list[bool]) -> None:
    ends = [one for one in told(verdicts) if not isinstance(one, wire.SpeechStarted)]
    assert len(ends) <= 1
