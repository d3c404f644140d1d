"""No telephone number that a caller says can be read in the masked memo, in figures or in words.

The messages are made up by people who had not seen the finders (`tests.phrasing`); the reader of
figures is the benchmark's own, which knows nothing of sipbot's.
"""

import pytest

from benchmarks.masking import COUNT, GENERATORS, SEED, texts

LEAST = 100
"""Numbers a language: 300 in all."""


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
def test_no_number_is_left_in_the_masked_memos_of_what_callers_say(language: str) -> None:
    counted = [texts(each, language, COUNT, SEED) for each in GENERATORS.values()]

    assert [] == [text for one in counted for text in one.texts]
    assert LEAST <= sum(one.readable for one in counted)
