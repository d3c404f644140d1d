"""What a person on call is told has the caller's name in it; why it was not spoken has not."""

import io
import os
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy
import pytest
from structlog.testing import capture_logs

from sipbot import on_call_voice, voices
from sipbot.errors import PromptError
from sipbot.on_call import OnCallPhones
from sipbot.prompt_audio import Samples
from sipbot.recordings import Recordings

SAID = "A message of Wintergreen for Sato."


def silent(text: str, language: str, speed: float) -> tuple[Samples, int]:
    del text, language, speed
    return numpy.zeros(0, numpy.float32), 8000


def quoting(text: str, language: str, speed: float) -> tuple[Samples, int]:
    raise RuntimeError(f"{language}, {speed}: cannot read {text}")


def talkative(text: str, language: str, speed: float) -> tuple[Samples, int]:
    del language, speed
    os.write(2, text.encode())
    tone = 0.3 * numpy.sin(numpy.arange(8000) * 0.4)
    return tone.astype(numpy.float32), 8000


@pytest.fixture
def spoken(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[voices.Voice], tuple[int, str]]:
    """Voice → exit code and standard error of a process that has this voice alone."""

    def run(voice: voices.Voice) -> tuple[int, str]:
        monkeypatch.setattr(voices, "VOICES", (voice,))
        monkeypatch.setattr(sys, "argv", ["on_call_voice", "en", str(tmp_path / "said.wav")])
        monkeypatch.setattr(sys, "stdin", io.StringIO(SAID))
        code = on_call_voice.main()
        return code, capfd.readouterr().err

    return run


def a_voice(speak: Callable[[str, str, float], tuple[Samples, int]]) -> voices.Voice:
    (espeak,) = voices.voices_of("en")
    return msgspec.structs.replace(espeak, speak=speak, there=lambda: True)


@pytest.mark.parametrize(("speak", "name"), [(silent, "PromptError"), (quoting, "RuntimeError")])
def test_voice_that_fails_is_told_by_its_name_and_the_kind_of_error_only(
    spoken: Callable[[voices.Voice], tuple[int, str]],
    speak: Callable[[str, str, float], tuple[Samples, int]],
    name: str,
) -> None:
    assert (1, f"the voice espeak-ng failed ({name})\n") == spoken(a_voice(speak))


def test_what_an_engine_writes_to_standard_error_is_not_passed_on(
    spoken: Callable[[voices.Voice], tuple[int, str]],
) -> None:
    assert (0, "") == spoken(a_voice(talkative))


def test_missing_voice_is_told_with_the_command_that_installs_it(
    spoken: Callable[[voices.Voice], tuple[int, str]],
) -> None:
    voice = msgspec.structs.replace(a_voice(silent), there=lambda: False)
    code, why = spoken(voice)
    assert 1 == code
    assert voice.install in why


# -- the process, as main starts it ---------------------------------------------------------------


def a_program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """The espeak-ng that is found first."""
    program = folder / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def silence(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return path


async def test_voice_that_ends_its_process_is_told_by_the_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_program(tmp_path, monkeypatch, "kill -9 $PPID")
    with pytest.raises(PromptError, match=r"^the voice for en ended with code -9$"):
        await on_call_voice.speak(SAID, "en", tmp_path / "said.wav")


async def test_neither_log_nor_alert_has_what_the_caller_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    a_program(tmp_path, monkeypatch, f"cat >/dev/null; cat '{silence(tmp_path / 'none.wav')}'")
    alerts: list[str | None] = []
    with capture_logs() as logs:
        phones = OnCallPhones(
            agents=tuple,
            recordings=Recordings(tmp_path),
            folder=tmp_path / "on-call",
            ended=lambda memo, person, end, written: None,
            trouble=lambda alert, problem, remedy: alerts.append(problem),
        )
        await phones._said("on-call.1.sato", "en", SAID)

    assert ["the voice espeak-ng failed (PromptError)"] == alerts
    assert "Wintergreen" not in str(logs)
