"""What every recognition engine offers, and which model a language has.

A *live ear* is fed while the caller speaks; a *second ear* reads the closed recording.  Either
alone is enough for a memo, and a language may have none: then the memo carries the audio only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

import msgspec

from sipbot.records import Transcript

Role = Literal["live", "second"]
Engine = Literal["vosk", "faster-whisper"]

ENGINE_OF: Mapping[Role, Engine] = {"live": "vosk", "second": "faster-whisper"}
"""vosk streams; faster-whisper needs the whole recording, and then hears better."""

HEARING_RATE_HZ = 16000
"""What the engines' models were trained on."""


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """An installed model, as it is handed to the recogniser on its command line."""

    name: str
    engine: Engine
    languages: tuple[str, ...]
    """BCP 47 tags, such as ``ja`` or ``en-gb``."""
    path: str


class Listening(Protocol):
    """One recording being heard by a live ear; belongs to one thread."""

    def hear(self, pcm: bytes) -> None:
        """Take the next 16-bit samples; may block for the time it takes to understand them."""

    def so_far(self) -> str:
        """Return what has been understood so far; later words may still change."""

    def since(self, from_s: float) -> str:
        """Return what has been understood of the audio from here on; later words may change."""

    def finish(self) -> Transcript:
        """Return the text; nothing can be heard after it."""


class Choosing(Protocol):
    """One turn at a menu, heard for the menu's phrases only; belongs to one thread."""

    def hear(self, pcm: bytes) -> None:
        """Take the next 16-bit samples of the turn."""

    def choice(self) -> str | None:
        """Return the phrase that was said so far; None when none, or not clearly one."""


class LiveEar(Protocol):
    """An engine that hears while the caller speaks; shared by all threads of the worker."""

    def listen(self, rate_hz: int, language: str) -> Listening:
        """Begin a recording of `rate_hz` samples a second."""

    def choosing(self, rate_hz: int, language: str, phrases: Sequence[str]) -> Choosing | None:
        """Begin a turn with these phrases; None when the model cannot tell them from others."""


class Unwanted(Exception):  # noqa: N818 - no error
    """Nobody wants what is being read any more."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a second ear has read, and of what."""

    text: Transcript
    key: bytes
    """The same for what gives the engine the same samples at the same places."""


def always() -> bool:
    """It is wanted to its end."""
    return True


class SecondEar(Protocol):
    """An engine that reads stretches of speech, one at a time."""

    def read(
        self,
        pcm: bytes,
        rate_hz: int,
        language: str,
        terms: Sequence[str] = (),
        *,
        part: bool = False,
        known: Reading | None = None,
        wanted: Callable[[], bool] = always,
    ) -> Reading:
        """Return the text of a stretch of 16-bit samples; times from its first sample.

        Args:
            pcm: the samples.
            rate_hz: samples a second.
            language: what is spoken.
            terms: names and words that may be said.
            part: it begins or ends in the middle of what was said.
            known: read before, with the same language and terms and as no part: it is returned
                when it would be read again.
            wanted: asked between the engine's steps, of half a second each.

        Raises:
            Unwanted: `wanted` said no.
        """


def turn(call: str, *, urgent: bool) -> tuple[bool, str]:
    """Return the sort key of a waiting recording: urgent ones first, then the oldest call.

    Args:
        call: the call's id, a UUIDv7, which sorts by time.
        urgent: whether its memo is urgent.
    """
    return not urgent, call


def choose(models: Sequence[ModelRef], role: Role) -> dict[str, ModelRef]:
    """Return the model of each language for this role; the first that names it wins."""
    chosen: dict[str, ModelRef] = {}
    for model in models:
        if model.engine == ENGINE_OF[role]:
            for language in model.languages:
                chosen.setdefault(language.lower(), model)
    return chosen


T = TypeVar("T")


def for_language(language: str, ears: Mapping[str, T]) -> T | None:
    """Return what hears `language`: its own (``en-gb``), else its primary tag's (``en``)."""
    wanted = language.lower().replace("_", "-")
    return ears.get(wanted, ears.get(wanted.split("-", 1)[0]))
