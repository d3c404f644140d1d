"""Japanese readings and the light Japanese voice: the only importer of pyopenjtalk.

Readings stand beside names, and vocabulary is compared by them: an ear writes the sound right and
the kanji wrong (company names: 0 of 20 right by kanji, 19 of 20 by reading; measured).  The engine
is optional (the extra ``readings``, 340 MB with its dictionary), is loaded when it is first asked,
and answers in 2 ms a sentence.

The trap: pyopenjtalk asks a second dictionary (sudachidict) about kanji of two readings and kanji
that it does not know, and ends with ModuleNotFoundError where that is not installed.  Then it is
asked once more without its second thoughts (``use_vanilla``).
"""

import re
import unicodedata
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from sipbot.errors import PromptError

DISTRIBUTIONS = ("pyopenjtalk-plus", "sudachidict-core")
"""What the extra ``readings`` installs."""

_KANA = re.compile("[ァ-ヺー]+")


@cache
def _engine() -> ModuleType | None:
    try:
        return import_module("pyopenjtalk")
    except ModuleNotFoundError as error:
        if error.name != "pyopenjtalk":
            raise
        return None


def reading_is_there() -> bool:
    """Return whether readings are available: the engine is installed."""
    try:
        version(DISTRIBUTIONS[0])
    except PackageNotFoundError:
        return False
    return True


def reading(text: str) -> str | None:
    """Return how a Japanese text is read, in katakana; nothing else is in it.

    As written, not as spoken: 東京 is トウキョウ, は is ハ.  What has no reading is left out.

    Returns:
        None when the reading engine is not installed.
    """
    engine = _engine()
    if engine is None:
        return None
    # Half-width kana and full-width letters are the same words.
    text = unicodedata.normalize("NFKC", text)
    if not text.strip():
        return ""
    return "".join(_KANA.findall(_as_written(engine, text)))


def _as_written(engine: ModuleType, text: str) -> str:
    options: dict[str, Any] = {"kana": True, "use_read_as_pron": True}
    try:
        return str(engine.g2p(text, **options))
    except ModuleNotFoundError:
        return str(engine.g2p(text, **options, use_vanilla=True))


def speak(text: str, speed: float) -> tuple[Any, int]:
    """Speak a text with the engine's own voice.

    Args:
        text: Japanese.
        speed: 1 is the voice's own.

    Returns:
        Samples from -32768 to 32767 as float64, and their rate in Hz.

    Raises:
        PromptError: the engine is not installed.
    """
    engine = _engine()
    if engine is None:
        raise PromptError(
            "open-jtalk is not installed. Run: .venv/bin/pip install -e '.[tts-light]'"
        )
    samples, rate_hz = engine.tts(text, speed=speed)
    return samples, int(rate_hz)
