"""What an ear's error tells the log and the main process, and so everybody who reads memos."""

import pytest
from structlog.testing import capture_logs

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


def test_error_without_words_is_told_by_its_kind() -> None:
    assert "SpoolError" == failure("call", SpoolError()).problem


def test_log_names_the_place_of_an_engines_error_and_not_its_words() -> None:
    """Neither of the engine's own error nor of one of sipbot's that has it as its cause."""
    with capture_logs() as lines:
        for work in (decode, read):
            try:
                work()
            except (RuntimeError, SpoolError) as error:
                failure("call", error)

    assert [True, True] == [work in line["places"] for work, line in zip(WORK, lines, strict=True)]
    assert [] == [line for line in lines if SAID in str(line)]


SAID = "my number is 090 1234 5678"
WORK = ("in decode", "in read")


def decode() -> None:
    raise RuntimeError(f"cannot decode {SAID!r}")


def read() -> None:
    try:
        decode()
    except RuntimeError as error:
        raise SpoolError("audio.wav: cannot be read") from error
