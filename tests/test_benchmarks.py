"""The benchmarks' own arithmetic: a wrong percentile would be worse than none."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchmarks.completeness import FRAME_SAMPLES, completeness, offset, over_the_line
from benchmarks.figures import Figure, Wanted, percentile, spread

samples = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)
pcm = arrays.arrays(np.int16, st.integers(FRAME_SAMPLES, 4000))


def noise(frames: int, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(-20000, 20000, frames * FRAME_SAMPLES)
    return drawn.astype(np.int16)


@given(samples, st.floats(0.1, 100))
def test_percentile_of_any_samples_is_one_of_them(values, percent):
    assert percentile(values, percent) in values


@given(samples)
def test_percentiles_of_any_samples_rise(values):
    found = spread(values)

    in_order = [found.minimum, found.p50, found.p95, found.p99, found.maximum]
    assert sorted(in_order) == in_order


def test_percentile_of_a_hundred_is_the_value_of_that_rank():
    values = list(range(100, 0, -1))

    assert (50, 95, 99, 100) == tuple(percentile(values, p) for p in (50, 95, 99, 100))


def test_percentile_of_few_samples_is_the_largest():
    assert 3.0 == percentile([1.0, 3.0, 2.0], 95)


def test_percentile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="0 samples"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        (Wanted(statistic="p50", at_most=2.0), True),
        (Wanted(statistic="maximum", at_most=2.9), False),
        (Wanted(statistic="minimum", at_least=1.0), True),
        (Wanted(statistic="minimum", at_least=1.1), False),
    ],
)
def test_limit_is_reached_by_its_own_statistic(wanted, reached):
    figure = Figure(name="f", unit="s", samples=(1.0, 2.0, 3.0), wanted=wanted)

    assert reached is figure.reached


def test_figure_without_limit_is_neither_reached_nor_missed():
    assert Figure(name="f", unit="s", samples=(1.0,)).reached is None


def test_figure_in_json_is_the_figure_again():
    figure = Figure(name="f", unit="s", samples=(1.0, 2.0), calls=4)

    assert figure == msgspec.json.decode(msgspec.json.encode(figure), type=Figure)


@given(pcm)
def test_line_of_what_came_over_the_line_changes_nothing(audio):
    heard = over_the_line(audio)

    assert heard.tolist() == over_the_line(heard).tolist()


@given(pcm)
def test_line_keeps_every_sample_within_its_step(audio):
    difference = np.abs(over_the_line(audio).astype(int) - audio.astype(int))

    # A step is 1/16 of its segment's samples at most; near 0, negative ones are rounded down first.
    assert (difference <= np.maximum(11, np.abs(audio.astype(int)) / 16)).all()


def test_line_carries_the_values_of_g711():
    # G.711 table 2a, decoder output: the ends of the scale and the first steps, 16-bit.
    sent = np.array([0, 8, 1000, 32767, -32768, -1000, -8], np.int16)

    assert [0, 8, 988, 32124, -32124, -988, -8] == over_the_line(sent).tolist()


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_recording_with_silence_around_is_complete(before, after):
    sent = noise(10)
    recorded = np.concatenate([np.zeros(before), over_the_line(sent), np.zeros(after)])

    assert 1.0 == completeness(sent, recorded.astype(np.int16)).ratio


@pytest.mark.parametrize("made_up", [0, 1, 3])
def test_recording_without_one_frame_misses_exactly_that(made_up):
    sent = noise(20)
    line = over_the_line(sent)
    filler = noise(made_up, seed=2) if made_up else line[:0]
    cut = 7 * FRAME_SAMPLES
    recorded = np.concatenate([line[:cut], filler, line[cut + FRAME_SAMPLES :]])

    found = completeness(sent, recorded)

    assert (20, 19) == (found.sent_frames, found.arrived_frames)


def test_recording_cut_off_early_misses_the_rest():
    sent = noise(20)

    assert 0.75 == completeness(sent, over_the_line(sent)[: 15 * FRAME_SAMPLES]).ratio


def test_recording_of_something_else_has_nothing_of_it():
    assert 0 == completeness(noise(20), over_the_line(noise(20, seed=3))).arrived_frames


def test_recording_of_a_message_that_says_the_same_again_and_louder_is_found():
    word = noise(40)[: -FRAME_SAMPLES // 4]
    sent = np.concatenate([word * loud for loud in (0.5, 0.6, 0.7)]).astype(np.int16)
    line, cut = over_the_line(sent), 70 * FRAME_SAMPLES
    recorded = np.concatenate([line[:cut], line[cut + 2 * FRAME_SAMPLES :]])

    found = completeness(sent, recorded)

    assert 2 == found.sent_frames - found.arrived_frames


def test_message_shorter_than_a_frame_is_refused():
    with pytest.raises(ValueError, match="less than a frame"):
        completeness(np.zeros(FRAME_SAMPLES - 1, np.int16), noise(1))


@given(st.integers(0, 5000))
def test_offset_of_a_message_is_where_it_was_put(at):
    sent = noise(10)
    recorded = np.concatenate([np.zeros(at), sent, np.zeros(300)]).astype(np.int16)

    assert at == offset(sent, recorded)


def test_offset_of_a_message_without_its_start_is_negative():
    sent = noise(10)

    assert -500 == offset(sent, sent[500:])
