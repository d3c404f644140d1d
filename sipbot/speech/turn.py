"""One turn of the caller's: from a question to the end of the answer.  Pure.

`vad.Turns` does the timing; here a turn gets its number and its place in the recording, and what it
brings is held back until it may be told: the end of a spoken choice is of use only with its words.
"""

from sipbot.speech import vad, wire

Message = wire.SpeechStarted | wire.SpeechEnded | wire.Silent


class Turn:
    """What the caller's voice does in one turn.

    Args:
        expected: the turn's limits.
        begins_s: where in the recording the hearing begins, in seconds; no earlier than
            `Expect.from_s`.
    """

    def __init__(self, expected: wire.Expect, begins_s: float) -> None:
        self.expected = expected
        self._begins_s = begins_s
        self._turns = vad.Turns(
            end_silence_s=expected.end_silence_s, no_speech_s=expected.no_speech_s
        )
        self._untold: list[Message] = []
        self._over = False
        self.heard_to_s = begins_s
        """Where in the recording the turn ended, or is now."""

    @property
    def told(self) -> bool:
        """Whether the turn has ended and that has been told."""
        return self._over and not self._untold

    def feed(self, window_s: float, *, speech: bool) -> None:
        """Take the verdict on the next window; after the end of the turn nothing counts."""
        if self._over:
            return
        for turn in self._turns.feed(window_s, speech=speech):
            self._add(turn)
        self.heard_to_s = self._begins_s + self._turns.at_s

    def take(self, *, ready: bool) -> list[Message]:
        """Return what is to be told now, once.

        Args:
            ready: whether the end may be told.
        """
        told = [one for one in self._untold if ready or isinstance(one, wire.SpeechStarted)]
        self._untold = [one for one in self._untold if one not in told]
        return told

    def _add(self, turn: vad.Turn) -> None:
        job, n, at_s = self.expected.job, self.expected.n, self._begins_s + turn.at_s
        match turn:
            case vad.Began():
                self._untold.append(wire.SpeechStarted(job=job, n=n, at_s=at_s))
            case vad.Ended():
                self._untold.append(wire.SpeechEnded(job=job, n=n, at_s=at_s))
                self._over = True
            case vad.Silent():
                self._untold.append(wire.Silent(job=job, n=n, at_s=at_s))
                self._over = True
