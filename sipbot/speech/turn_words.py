"""The words of the caller's turn at a menu: free text, and the choice by the menu's grammar."""

import msgspec

from sipbot.speech import wire
from sipbot.speech.ears import Choosing, Listening, LiveEar
from sipbot.wav import SAMPLE_BYTES


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """What was understood of a turn so far."""

    n: int = 0
    """Number of the turn; 0 before the first one."""
    text: str = ""
    choice: str | None = None
    to_s: float = 0.0
    """How far it goes, in seconds of the recording."""


class TurnWords:
    """Listens for the phrases of a menu, beside the ear that hears everything.

    Belongs to the ear thread of a job.  The second recogniser lives for one turn only.

    Args:
        ear: makes recognisers.
        hearing: what hears the whole recording.
        rate_hz: of the recording.
        language: of the call.
    """

    def __init__(self, ear: LiveEar, hearing: Listening, rate_hz: int, language: str) -> None:
        self._ear = ear
        self._hearing = hearing
        self._rate_hz = rate_hz
        self._language = language
        self._n = 0
        self._choosing: Choosing | None = None

    def hear(self, turn: wire.Expect, pcm: bytes, to_s: float) -> Understood:
        """Take the next samples of the recording, which end at `to_s` seconds."""
        if turn.n != self._n:
            self._n = turn.n
            self._choosing = self._begin(turn.phrases)
        if self._choosing is not None:
            of_turn = max(0, round((to_s - turn.from_s) * self._rate_hz)) * SAMPLE_BYTES
            self._choosing.hear(pcm[max(0, len(pcm) - of_turn) :])
        return Understood(
            n=turn.n,
            text=self._hearing.since(turn.from_s),
            choice=self._choosing.choice() if self._choosing is not None else None,
            to_s=to_s,
        )

    def _begin(self, phrases: tuple[str, ...]) -> Choosing | None:
        return self._ear.choosing(self._rate_hz, self._language, phrases) if phrases else None

    def rest(self) -> None:
        """The turn is over: its recogniser is not needed any more."""
        self._choosing = None
