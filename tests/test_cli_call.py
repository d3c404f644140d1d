"""``sipbot call`` refuses what cannot be said or pressed before it calls anybody."""

import pytest
from typer.testing import CliRunner

from sipbot.cli import program
from sipbot.errors import UsageError

NOBODY = "sip:desk@127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--keys", "1x#"], "--keys 1x#: x is on no telephone. Write keys out of 0123456789*#ABCD"),
        (["--keys", "-"], "--keys -: - is on no telephone. Write keys out of 0123456789*#ABCD"),
        (["--wav", "no.wav"], "--wav no.wav: there is no such file. Name a WAV that is to be said"),
    ],
)
def test_what_cannot_be_said_or_pressed_is_refused_before_the_call(
    words: list[str], problem: str
) -> None:
    done = CliRunner().invoke(program(), ["call", NOBODY, *words])
    assert isinstance(done.exception, UsageError)
    assert problem == str(done.exception)
