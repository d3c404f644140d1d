"""Messages between the main process and a recogniser.

A *job* is one recording read by one ear, named by the call id (and the ear, on the parent's side).
All positions are seconds of audio from the first recorded sample, not wall-clock time.
"""

import msgspec

from sipbot.lines import Decoder
from sipbot.records import Transcript


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""


# -- main → recogniser ---------------------------------------------------------------------------


class Follow(Base, frozen=True):
    """Follow a growing recording from its first sample; it may not exist yet.

    The live ear hears it as it grows; the second ear reads stretches of it that are closed, as far
    as the cores allow, and tells nothing before `Finish`.
    """

    job: str
    path: str
    language: str
    terms: tuple[str, ...] = ()
    """Second ear: names and words that the caller may say (`vocabulary.hints`)."""


class Expect(Base, frozen=True):
    """Live ear: it is the caller's turn.  From `from_s` on report the caller's voice anew.

    Until then, and from the end of the turn (`SpeechEnded` or `Silent`) to the next request of this
    kind, nothing is reported about it.
    """

    job: str
    n: int
    """Number of the turn, from 1; what is reported carries it."""
    from_s: float
    """Where in the recording the turn begins; the same for a worker that starts anew."""
    end_silence_s: float
    no_speech_s: float
    """`Silent` is sent after so much audio without speech; silence is heard, never inferred."""
    words: bool = False
    """`SpeechEnded` waits for the text of the turn, where the language has a live ear."""
    phrases: tuple[str, ...] = ()
    """What the caller may choose by saying it; with `words` only."""


class Finish(Base, frozen=True):
    """The recording is closed; read to its end, then send `Heard` (live ear only) and `Final`."""

    job: str
    urgent: bool = False
    """Second ear: it comes before the recordings that are not."""


class Reread(Base, frozen=True):
    """Second ear: read a closed recording; ends with `Final` or `Failed`."""

    job: str
    path: str
    language: str
    terms: tuple[str, ...] = ()
    urgent: bool = False


class Forget(Base, frozen=True):
    """Stop working on a job; no more messages about it."""

    job: str


class Ping(Base, frozen=True):
    """Ask for a sign of life."""

    n: int


Request = Follow | Expect | Finish | Reread | Forget | Ping


# -- recogniser → main ---------------------------------------------------------------------------


class Ready(Base, frozen=True):
    """First line: the models are loaded."""

    pid: int
    ears: dict[str, str]
    """Language → model name, for the languages this worker can turn into text."""
    problems: dict[str, str] = {}
    """Model → why it is installed and cannot be used."""


class SpeechStarted(Base, frozen=True):
    """The caller speaks: 120 ms of speech in a row (research measurement; sent once a turn)."""

    job: str
    n: int
    at_s: float


class SpeechEnded(Base, frozen=True):
    """The caller has been silent for ``end_silence_s`` since the last speech at `at_s`.

    Sent once a turn.
    """

    job: str
    n: int
    at_s: float
    text: str = ""
    """What was understood in this turn, when `Expect.words` asked for it."""
    choice: str | None = None
    """Which of `Expect.phrases` was said, when one was, clearly, and no other."""


class Silent(Base, frozen=True):
    """The caller has said nothing in the first ``no_speech_s`` of the turn (sent once a turn).

    Only this message ends a call for silence: a recogniser that is down must not cut a speaking
    caller off.
    """

    job: str
    n: int
    at_s: float


class Partial(Base, frozen=True):
    """What has been understood so far; replaced by the next one. Live ear only."""

    job: str
    text: str


class Heard(Base, frozen=True):
    """After `Finish`: the verdict of the voice activity detector over the whole recording.

    Sent before the text is ready, also for languages without a live ear.
    """

    job: str
    speech_s: float
    voice_s: float
    """From the beginning of the first speech to the end of the last, pauses included."""
    audio_s: float
    voice_from_s: float = 0.0
    """Where the first speech begins; 0 when there is none."""
    voice_to_s: float = 0.0
    """Where the last speech ends; 0 when there is none."""

    @property
    def voice(self) -> tuple[float, float] | None:
        """Where the voice is, to the hundredth of a second; None when there is none."""
        if self.voice_to_s <= self.voice_from_s:
            return None
        return round(self.voice_from_s, 2), round(self.voice_to_s, 2)


class Final(Base, frozen=True):
    """The text. For `Follow` only when the language has a live ear."""

    job: str
    transcript: Transcript


class Failed(Base, frozen=True):
    """The job cannot be done; `retryable` says whether a fresh worker might."""

    job: str
    code: str
    problem: str
    retryable: bool


class Stalled(Base, frozen=True):
    """The file has not grown for `since_s` seconds although its call is up (disk full?)."""

    job: str
    since_s: float


class Pong(Base, frozen=True):
    """Sign of life."""

    n: int
    jobs: int
    rss_bytes: int
    behind_s: float
    """Audio on disk but not yet heard, the sum over all jobs."""


Reply = (
    Ready | SpeechStarted | SpeechEnded | Silent | Partial | Heard | Final | Failed | Stalled | Pong
)

requests = Decoder(Request)
replies = Decoder(Reply)
