"""What an ear's error tells the main process, and so everybody who reads memos."""

import pytest

from sipbot.errors import SpoolError
from sipbot.speech.live_job import failure


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SpoolError("audio.wav: cannot be read: Input/output error"), "recording"),
        (RuntimeError("cannot decode 'my number is 090 1234 5678'"), "engine"),
    ],
)
def test_error_of_an_engine_is_told_by_its_kind_for_it_may_quote_the_caller(
    error: Exception, told: str
) -> None:
    failed = failure("call", error)

    problem = {"recording": str(error), "engine": "RuntimeError"}[told]
    assert (told, problem) == (failed.code, failed.problem)
