"""Digital silence gets a floor of noise; whatever is sound stays as it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sipbot.speech.floor import LEAST_SAMPLES, Floor


def test_run_of_zeros_becomes_noise_that_is_the_same_every_time() -> None:
    zeros = np.zeros(1600, np.int16)
    first, again = Floor().under(zeros), Floor().under(zeros)
    assert {-1, 0, 1} == set(first.tolist())
    assert first.tolist() == again.tolist()


def test_second_chunk_of_silence_is_not_a_copy_of_the_first() -> None:
    floor, zeros = Floor(), np.zeros(1600, np.int16)
    assert floor.under(zeros).tolist() != floor.under(zeros).tolist()


@given(
    runs=st.lists(st.tuples(st.integers(1, LEAST_SAMPLES - 1), st.integers(1, 2000)), max_size=20)
)
def test_sound_with_short_runs_of_zeros_stays_as_it_is(runs: list[tuple[int, int]]) -> None:
    parts = [np.concatenate((np.zeros(zeros), [level])) for zeros, level in runs]
    samples = np.concatenate([*parts, [1]]).astype(np.int16)
    assert samples.tolist() == Floor().under(samples).tolist()


def test_sound_beside_silence_stays_as_it_is() -> None:
    samples = np.concatenate((np.full(50, 7), np.zeros(500), np.full(50, -7))).astype(np.int16)
    heard = Floor().under(samples)
    assert [7] * 50 + [-7] * 50 == [*heard[:50].tolist(), *heard[-50:].tolist()]
    assert 1 >= np.abs(heard[50:-50]).max()
