"""Where a recording is cut for the second ear."""

from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.vad import get_speech_timestamps
from hypothesis import example, given
from hypothesis import strategies as st

from sipbot.speech.stretches import GUESS_S, MOST_S, PAUSE_S, Stretch, Stretches
from sipbot.speech.upsample import upsample
from sipbot.speech.vad import Detector
from sipbot.wav import read_pcm

DATA = Path(__file__).parent / "data"
WINDOW_S = 0.032
CONFIRMED = 4
"""Windows in a row that are speech: 128 ms."""

windows = st.lists(st.tuples(st.booleans(), st.integers(1, 300)), max_size=12).map(
    lambda runs: [speech for speech, n in runs for _ in range(n)]
)


def cut(verdicts: list[bool]) -> list[Stretch]:
    stretches = Stretches()
    closed = [stretches.feed(WINDOW_S, speech=speech) for speech in verdicts]
    last = stretches.finish(len(verdicts) * WINDOW_S)
    return [one for one in (*closed, last) if one is not None]


@given(windows)
def test_pause_gives_the_stretch_that_it_would_be_if_the_recording_ended_there(
    verdicts: list[bool],
) -> None:
    stretches = Stretches()
    for speech in verdicts:
        stretches.feed(WINDOW_S, speech=speech)
    paused = stretches.paused
    silent_s = stretches.at_s - stretches.spoken_to_s

    assert (paused is None) or (paused == stretches.finish(stretches.at_s))
    assert (paused is None) or (GUESS_S - 1e-6 <= silent_s < PAUSE_S)


def voices(verdicts: list[bool]) -> list[int]:
    """Numbers of the windows that are confirmed speech, found the slow way."""
    found: list[int] = []
    at = 0
    for speech, run in groupby(verdicts):
        n = len(list(run))
        found += range(at, at + n) if speech and n >= CONFIRMED else ()
        at += n
    return found


@given(verdicts=windows)
def test_every_voice_is_in_exactly_one_stretch(verdicts: list[bool]) -> None:
    stretches = cut(verdicts)

    middles = [(number + 0.5) * WINDOW_S for number in voices(verdicts)]

    assert [1] * len(middles) == [
        sum(one.from_s <= at <= one.to_s for one in stretches) for at in middles
    ]


@given(verdicts=windows)
def test_stretches_are_in_order_and_none_is_too_long(verdicts: list[bool]) -> None:
    stretches = cut(verdicts)

    assert all(before.to_s <= after.from_s for before, after in pairwise(stretches))
    assert all(one.to_s - one.from_s <= MOST_S + 2 * PAUSE_S + WINDOW_S for one in stretches)


@given(verdicts=windows, end=st.integers(0, 3600))
def test_what_is_closed_does_not_depend_on_what_comes_after(verdicts: list[bool], end: int) -> None:
    """A recording that grows is cut as the whole one."""
    stretches = Stretches()

    early = [stretches.feed(WINDOW_S, speech=speech) for speech in verdicts[:end]]

    closed = [one for one in early if one is not None]
    assert closed == cut(verdicts)[: len(closed)]


def test_voice_after_a_pause_is_read_in_one_even_where_the_stretch_before_ended_in_a_cut() -> None:
    talk, silence = [True] * round(MOST_S / WINDOW_S), [False] * 625
    later = [True] * 94 + [False] * 80

    stretches = cut([*talk, *silence, *later])

    assert [True, False] == [one.cut for one in stretches]
    assert stretches[-1].to_s - stretches[-1].from_s >= 2 * PAUSE_S + 93 * WINDOW_S


@pytest.mark.parametrize(
    ("talk_s", "pause_s", "expected"),
    [(9.6, PAUSE_S - 0.1, 1), (9.6, PAUSE_S, 2), (0.6, PAUSE_S, 2)],
    ids=["pause", "long pause", "few words, long pause"],
)
def test_a_message_is_one_stretch_but_for_long_pauses(
    talk_s: float, pause_s: float, expected: int
) -> None:
    talk = [True] * round(talk_s / WINDOW_S)
    pause = [False] * (round(pause_s / WINDOW_S) + 1)

    assert expected == len(cut(talk + pause + [True] * 60))


@pytest.mark.parametrize(
    ("gaps", "expected_s"),
    [
        ({100: 20, 200: 9, 250: 4, 350: 15}, 204.5),  # windows: 3.2, 6.4, 8 and 11 s
        ({100: 20, 350: 4, 400: 9}, 404.5),
        ({100: 20}, MOST_S / WINDOW_S),
    ],
    ids=["between earliest and latest", "none before latest", "none after earliest"],
)
def test_a_longer_message_is_cut_at_its_longest_gap(
    gaps: dict[int, int], expected_s: float
) -> None:
    talk = [True] * 600
    for at, windows in gaps.items():
        talk[at : at + windows] = [False] * windows

    first = cut(talk)[0]

    assert pytest.approx(expected_s * WINDOW_S, abs=WINDOW_S) == first.to_s


@given(verdicts=windows)
@example(verdicts=[True] * 439)  # one window behind a cut, whose sums of seconds are rounded
def test_what_was_not_cut_has_all_the_silence_around_it_that_its_pauses_may_have(
    verdicts: list[bool],
) -> None:
    stretches = cut(verdicts)
    spoken = [number * WINDOW_S for number in voices(verdicts)]
    around = []
    for edge_s, one in zip([0.0, *(each.to_s for each in stretches)], stretches, strict=False):
        inside = [at for at in spoken if one.from_s < at + WINDOW_S / 2 < one.to_s]
        begins_s = max(edge_s, inside[0] - PAUSE_S)
        over_s = min(len(verdicts) * WINDOW_S, inside[-1] + WINDOW_S + PAUSE_S)
        around += [] if one.cut else [(one, begins_s, over_s)]

    assert [begins_s for _, begins_s, _ in around] == pytest.approx(
        [one.from_s for one, *_ in around]
    )
    assert [over_s for *_, over_s in around] == pytest.approx([one.to_s for one, *_ in around])


@pytest.mark.parametrize("before_s", [0.0, 2.5, 7.3])
@pytest.mark.parametrize("after_s", [0.0, 1.5, 5.0])
def test_whispers_own_filter_keeps_of_a_stretch_what_it_keeps_of_the_recording(
    before_s: float, after_s: float
) -> None:
    noise = read_pcm(DATA / "silence_noise_3s_8k.wav") * 3
    before, after = (noise[: 2 * round(seconds * 8000)] for seconds in (before_s, after_s))
    pcm = before + read_pcm(DATA / "ko_03_8k.wav") + after
    stretches, detector = Stretches(), Detector(8000)
    closed = [stretches.feed(detector.window_s, speech=speech) for speech in detector.windows(pcm)]

    [found] = [one for one in (*closed, stretches.finish(len(pcm) / 16000)) if one is not None]

    first, last = round(found.from_s * 8000), round(found.to_s * 8000)
    kept = [
        (from_ + 2 * first, to + 2 * first) for from_, to in filtered(pcm[2 * first : 2 * last])
    ]
    assert filtered(pcm) == kept


def filtered(pcm: bytes) -> list[tuple[int, int]]:
    """Return what faster-whisper's filter keeps, in samples at 16 kHz."""
    audio = upsample(np.frombuffer(pcm, "<i2")).astype(np.float32) / 32768
    return [(one["start"], one["end"]) for one in get_speech_timestamps(audio)]


@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "silence_noise_3s_8k.wav"])
def test_tones_and_noise_are_in_no_stretch(name: str) -> None:
    assert [] == cut(list(Detector(8000).windows(read_pcm(DATA / name))))
