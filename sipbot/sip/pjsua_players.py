"""The C players of prompts, kept for reuse.

Destroying a player that has just ended can crash (pjproject #4812, docs/decisions/0001), so players
are rewound and used again.
"""

import wave
from collections import OrderedDict
from pathlib import Path

import pjsua2 as pj

from sipbot.errors import PromptError

PLAYERS_MAX = 24
"""Players kept open, of the wheel's 32 (measured); the least recently used goes first."""


class Prompt:
    """A C player for one WAV; belongs to one call at a time."""

    def __init__(self, wav: str) -> None:
        with wave.open(wav, "rb") as audio:
            self.duration_s = audio.getnframes() / audio.getframerate()
        self.wav = wav
        self.ends_at = 0.0
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(wav, pj.PJMEDIA_FILE_NO_LOOP)


class Prompts:
    """The players, kept for reuse: one per WAV and call that plays it at the same time."""

    def __init__(self) -> None:
        self._idle: OrderedDict[int, tuple[tuple[str, int], Prompt]] = OrderedDict()
        self._keys: dict[int, tuple[str, int]] = {}

    def take(self, wav: str) -> Prompt:
        """Return a player for `wav`, rewound.

        Raises:
            PromptError: the prompt vanished or was damaged after it was checked.
        """
        try:
            return self._take(wav)
        except (OSError, EOFError, ZeroDivisionError, wave.Error) as error:
            why = f"{type(error).__name__}: {error}"
        except pj.Error as error:
            why = error.reason
        raise PromptError(f"{wav} cannot be played: {why}. Put a good file there; see prompts lint")

    def _take(self, wav: str) -> Prompt:
        key = (wav, Path(wav).stat().st_mtime_ns)
        for number, (idle_key, prompt) in self._idle.items():
            if idle_key == key:
                del self._idle[number]
                prompt.player.setPos(0)
                return prompt
        while len(self._keys) >= PLAYERS_MAX and self._idle:
            number, _ = self._idle.popitem(last=False)
            del self._keys[number]
        prompt = Prompt(wav)
        self._keys[id(prompt)] = key
        return prompt

    def give_back(self, prompt: Prompt) -> None:
        """Put a player away for its next use."""
        self._idle[id(prompt)] = (self._keys[id(prompt)], prompt)
