"""One job of a recogniser as its parent sees it: what was asked, given, and told about it.

A job is one recording; `client` keeps the jobs that are not over, and gives them again to the next
worker when one dies.
"""

from pathlib import Path

from sipbot.speech import wire
from sipbot.wav import longest_s

LIMIT_PER_AUDIO = 4.0
"""Seconds allowed per second of audio: twenty times what vosk and faster-whisper need on a free
core (real-time factors 0.18 and 0.17, measured)."""


class Work:
    """One unfinished job and what has been told about it."""

    def __init__(self, request: wire.Follow, *, closed: bool = False, urgent: bool = False) -> None:
        self.request = request
        self.urgent = urgent
        self.finished = closed
        """Nobody writes to the recording any more."""
        self.shy = False
        """A worker died while it read ahead in this recording: it is read when it is closed."""
        self.deaths = 0
        self.given_at_s: float | None = None
        """When the living worker was given all of it, on our clock `_awake_s`; None before."""
        self.allowed_s = 0.0
        """Time the living worker may take, for it and for all that it had to share with."""
        self.told: set[tuple[type, int]] = set()
        """What was told, and in which of the caller's turns."""
        self.expected: wire.Expect | None = None
        """The caller's present turn; a worker that starts anew hears it again."""

    @property
    def rereading(self) -> wire.Reread:
        """The request for the whole of a closed recording."""
        asked = self.request
        return wire.Reread(
            job=asked.job,
            path=asked.path,
            language=asked.language,
            terms=asked.terms,
            urgent=self.urgent,
        )

    @property
    def audio_s(self) -> float:
        """Audio that is on disk, in seconds."""
        return longest_s(Path(self.request.path))

    @property
    def limit_s(self) -> float:
        """Seconds a worker may need for this job alone."""
        return LIMIT_PER_AUDIO * self.audio_s

    def is_new(self, reply: wire.Reply) -> bool:
        """Return whether this was not told before, by this worker or an earlier one."""
        match reply:
            case wire.SpeechStarted(n=n) | wire.SpeechEnded(n=n) | wire.Silent(n=n):
                if self.expected is None or n != self.expected.n:
                    return False  # of a turn that is over
            case wire.Heard():
                n = 0
            case _:
                return True
        first = (type(reply), n) not in self.told
        self.told.add((type(reply), n))
        return first
