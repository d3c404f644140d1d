"""What an agent goes on to by itself; the lines here write down what they are asked for."""

from pathlib import Path
from typing import Any, cast

from sipbot.errors import CallError, PromptError, SipbotError
from sipbot.sip import wire
from sipbot.sip.pjsua_call import Line
from sipbot.sip.sequels import Sequels
from sipbot.wav import HEADER_BYTES

SEQUEL = wire.Sequel(prompts=("greeting.wav", "beep.wav"), recording="audio.wav")


class PaperLine:
    """A line without a telephone."""

    call = "c"

    recording = closing = False
    recording_path = ""
    recorded_s = 0.0
    whole = True

    def __init__(self, fails: SipbotError | None = None) -> None:
        self.did: list[tuple[str, str]] = []
        self._fails = fails

    def play(self, wav: str) -> None:
        self._do("play", wav)

    def record(self, path: str) -> None:
        self._do("record", path)

    def stop_recording(self) -> None:
        self._do("stop", "")

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


def stop(line: PaperLine) -> list[wire.Event]:
    told: list[wire.Event] = []
    Sequels().stop_recording(cast("Line", line), told.append)
    return told


def test_order_to_close_what_never_was_open_is_answered_with_nothing_kept() -> None:
    assert [
        wire.RecordingClosed(call="c", path="", audio_bytes=0, recorded_s=0.0, whole=False)
    ] == stop(PaperLine())


def test_order_to_close_what_is_closed_is_answered_with_what_was_kept(tmp_path: Path) -> None:
    line = PaperLine()
    line.recording_path, line.recorded_s = str(tmp_path / "audio.wav"), 0.02
    (tmp_path / "audio.wav").write_bytes(bytes(HEADER_BYTES + 320))

    assert [
        wire.RecordingClosed(
            call="c", path=line.recording_path, audio_bytes=320, recorded_s=0.02, whole=True
        )
    ] == stop(line)


def test_order_to_close_an_open_recording_is_answered_once_it_is_closed() -> None:
    line = PaperLine()
    line.recording = True

    assert [] == stop(line)
    assert [("stop", "")] == line.did


def test_second_order_to_close_waits_for_the_first() -> None:
    line = PaperLine()
    line.closing = True

    assert [] == stop(line)
    assert [] == line.did
