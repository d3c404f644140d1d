"""Where a recording is cut for the second ear."""

from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.speech.stretches import LONG_PAUSE_S, MARGIN_S, MOST_S, Stretch, Stretches
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
    return [one for one in (*closed, stretches.finish()) if one is not None]


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
    assert all(one.to_s - one.from_s <= MOST_S + 2 * MARGIN_S + WINDOW_S for one in stretches)


@given(verdicts=windows, end=st.integers(0, 3600))
def test_what_is_closed_does_not_depend_on_what_comes_after(verdicts: list[bool], end: int) -> None:
    """A recording that grows is cut as the whole one."""
    stretches = Stretches()

    early = [stretches.feed(WINDOW_S, speech=speech) for speech in verdicts[:end]]

    closed = [one for one in early if one is not None]
    assert closed == cut(verdicts)[: len(closed)]


@pytest.mark.parametrize(
    ("talk_s", "pause_s", "expected"),
    [(9.6, LONG_PAUSE_S - 0.1, 1), (9.6, LONG_PAUSE_S, 2), (0.6, LONG_PAUSE_S, 2)],
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


@pytest.mark.parametrize("name", ["busy_jp_8k.wav", "silence_noise_3s_8k.wav"])
def test_tones_and_noise_are_in_no_stretch(name: str) -> None:
    assert [] == cut(list(Detector(8000).windows(read_pcm(DATA / name))))
