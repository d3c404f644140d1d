"""What an agent goes on to by itself; the lines here write down what they are asked for."""

from typing import Any, cast

from sipbot.errors import CallError, PromptError, SipbotError
from sipbot.sip import wire
from sipbot.sip.pjsua_call import Line
from sipbot.sip.sequels import Sequels

SEQUEL = wire.Sequel(prompts=("greeting.wav", "beep.wav"), recording="audio.wav")


class PaperLine:
    """A line without a telephone."""

    call = "c"

    def __init__(self, fails: SipbotError | None = None) -> None:
        self.did: list[tuple[str, str]] = []
        self._fails = fails

    def play(self, wav: str) -> None:
        self._do("play", wav)

    def record(self, path: str) -> None:
        self._do("record", path)

    def _do(self, what: str, path: str) -> None:
        if self._fails is not None:
            raise self._fails
        self.did.append((what, path))


def go_on(sequels: Sequels, line: Any) -> str | None:
    begun = sequels.go_on(cast("Line", line))
    return begun.path if begun is not None else None


def test_prompts_come_one_after_the_other_and_the_recording_last() -> None:
    sequels, line = Sequels(), PaperLine()
    sequels.plan("c", SEQUEL)

    told = [go_on(sequels, line) for _ in range(4)]

    assert ["greeting.wav", "beep.wav", "audio.wav", None] == told
    assert [("play", "greeting.wav"), ("play", "beep.wav"), ("record", "audio.wav")] == line.did


def test_nothing_comes_once_it_is_left_to_the_parent() -> None:
    sequels, line = Sequels(), PaperLine()
    sequels.plan("c", SEQUEL)
    go_on(sequels, line)

    sequels.forget("c")

    assert go_on(sequels, line) is None


def test_order_without_a_sequel_takes_the_place_of_one_with() -> None:
    sequels = Sequels()
    sequels.plan("c", SEQUEL)

    sequels.plan("c", None)

    assert go_on(sequels, PaperLine()) is None


def test_prompt_that_cannot_be_played_is_left_to_the_parent_with_all_that_follows() -> None:
    sequels = Sequels()
    sequels.plan("c", SEQUEL)

    assert go_on(sequels, PaperLine(PromptError("damaged"))) is None
    assert go_on(sequels, PaperLine()) is None


def test_recording_that_cannot_be_begun_is_left_to_the_parent() -> None:
    sequels = Sequels()
    sequels.plan("c", wire.Sequel(prompts=(), recording="audio.wav"))

    assert go_on(sequels, PaperLine(CallError("no room"))) is None
