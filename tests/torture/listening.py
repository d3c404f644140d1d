"""A caller who speaks, presses ``#`` or hangs up, and writes down what he was told.

The journal of acceptances is his: whether he began to hear the thanks, or hung up by himself after
two seconds of speech.
"""

import asyncio
import time
import wave
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from sipbot.dialplan import BUILTIN_PROMPTS
from sipbot.errors import CallError
from sipbot.place import place
from sipbot.sip import caller_wire as wire
from tests import ulaw
from tests.bot import Bot, thanks

LEAST_SPEECH_S = 2.0
"""Who hangs up after that much speech counts on having left a message (issue: "accepted")."""

MISSING_LIMIT_S = 0.5
"""Received audio that may be missing in a message (issue)."""

SPEAK_AFTER_S = 0.8
"""Greeting (0.2 s), its margin and the start of the recorder, on a busy machine."""

PIECE = 800
"""0.1 s: prompts are looked for piece by piece."""

PAUSE = 100
"""Root mean square below which a piece of a prompt is a pause, which is found anywhere."""

LIKE = 0.9
"""Correlation of a piece that went through G.711 with the original; noise and other speech are
far below."""

BEGAN_S = 0.3
"""So much of a prompt makes clear which it is."""


class Story(msgspec.Struct, kw_only=True):
    """One call as the caller lived it; instants are of this machine's monotonic clock."""

    caller: str
    hangs_up: bool
    """By himself after speaking; otherwise he presses ``#`` and waits."""
    began_at: float
    spoke_at: float | None = None
    spoke_s: float = 0.0
    over_at: float = 0.0
    code: int = 0
    """Final code; 0 when the caller program failed."""
    by: str = ""
    said: bytes = b""
    """μ-law codes of what was spoken until the call was over."""
    thanked: int = 0
    """20 ms frames of the thanks that were heard."""
    sorry_s: float = 0.0
    """How much of the apology was heard."""
    sorry_whole: bool = False
    problem: str = ""

    @property
    def apologised(self) -> bool:
        """Whether he knows that no message was taken."""
        return self.sorry_whole or (self.by == "caller" and self.sorry_s >= BEGAN_S)

    @property
    def counts_on_it(self) -> bool:
        """Whether the message is accepted in the sense of the issue."""
        hung_up = self.by == "caller" and self.spoke_s >= LEAST_SPEECH_S
        return self.thanked > 0 or (hung_up and not self.sorry_s >= BEGAN_S)


def sorry() -> ulaw.Samples:
    """Return the apology that callers of these bots hear."""
    return ulaw.read(BUILTIN_PROMPTS / "ko" / "sorry.wav")


def heard_s(prompt: ulaw.Samples, heard: ulaw.Samples) -> tuple[float, float]:
    """Return how many seconds of a prompt's sound are in a recording, and how many it has."""
    found = total = 0
    for start in range(0, len(prompt) - PIECE + 1, PIECE):
        piece = prompt[start : start + PIECE].astype(np.float64)
        if np.sqrt(np.mean(piece**2)) < PAUSE:
            continue
        total += 1
        found += _likeness(piece, heard) >= LIKE
    return found * PIECE / ulaw.RATE_HZ, total * PIECE / ulaw.RATE_HZ


def _likeness(piece: "np.typing.NDArray[np.float64]", heard: ulaw.Samples) -> float:
    if len(heard) < len(piece):
        return 0.0
    samples = heard.astype(np.float64)
    size = 1 << (len(samples) + len(piece)).bit_length()
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(piece, size))
    places = len(samples) - len(piece) + 1
    dots = np.fft.irfft(product, size)[:places]
    power = np.concatenate(([0.0], np.cumsum(samples**2)))
    norms = np.sqrt(np.maximum(power[len(piece) :] - power[:places], 1.0)) * np.linalg.norm(piece)
    return float(np.max(dots / norms))


def missing_s(said: bytes, recording: Path) -> float:
    """Return how much of what was said is not in a recording; all of it when there is none."""
    heard = ulaw.read(recording) if recording.exists() else np.zeros(0, np.int16)
    found, total = ulaw.frames_that_arrived(said, heard[: len(heard)])
    return (total - found) * ulaw.FRAME / ulaw.RATE_HZ


async def dial(
    bot: Bot,
    caller: str,
    wav: Path,
    *,
    heard: Path,
    hangs_up: bool = False,
    agent: int = 0,
    limit_s: float = 30.0,
    begun: Callable[[Story], None] = lambda _: None,
) -> Story:
    """Make a call and return what the caller lived through; never raises for a call that fails.

    Args:
        bot: whom to call.
        caller: user part of From; finds the call in the ledger.
        wav: what to say.
        heard: where to record what is heard; removed afterwards.
        hangs_up: see `Story`.
        agent: which of the bot's agents is called.
        limit_s: hang up after this in any case.
        begun: told of the story when it begins; it goes on growing.
    """
    plan = wire.CallPlan(
        uri=f"sip:desk@127.0.0.1:{bot.port + agent}",
        identity=f"sip:{caller}@127.0.0.1",
        wav=str(wav),
        heard_wav=str(heard),
        speak_after_s=SPEAK_AFTER_S,
        keys="" if hangs_up else "#",
        linger_s=0.2 if hangs_up else None,
        limit_s=limit_s,
    )
    bot.invites += 1
    story = Story(caller=caller, hangs_up=hangs_up, began_at=time.monotonic())
    begun(story)
    try:
        async for step in place(plan, address="127.0.0.1"):
            _live(story, step)
    except CallError as error:
        story.problem = str(error)
    story.over_at = time.monotonic()
    await asyncio.to_thread(_remember, story, wav, heard)
    return story


def _live(story: Story, step: wire.Step) -> None:
    now = time.monotonic()
    match step:
        case wire.Speaking():
            story.spoke_at = now
        case wire.Spoke():
            assert story.spoke_at is not None
            story.spoke_s = now - story.spoke_at
        case wire.HungUp(by=by, code=code):
            story.by, story.code = by, code
            if story.spoke_at is not None and not story.spoke_s:
                story.spoke_s = now - story.spoke_at


def _remember(story: Story, wav: Path, heard: Path) -> None:
    frames = int(story.spoke_s * ulaw.RATE_HZ / ulaw.FRAME)
    story.said = ulaw.encode(ulaw.read(wav)[: frames * ulaw.FRAME])
    if not heard.exists():
        return
    samples = ulaw.read(_even(heard))
    story.thanked, _ = ulaw.frames_that_arrived(ulaw.encode(thanks()), samples)
    story.sorry_s, whole_s = heard_s(sorry(), samples)
    story.sorry_whole = story.sorry_s >= LIKE * whole_s
    heard.unlink()


def _even(path: Path) -> Path:
    """A caller that was ended may leave half a sample."""
    content = path.read_bytes()
    if len(content) % 2:
        path.write_bytes(content[:-1])
    return path


def messages(folder: Path, source: Path, lengths_s: list[float]) -> list[Path]:
    """Write messages of these lengths, each 20 ms of which can be found again."""
    said, paths = ulaw.read(source), []
    for number, length_s in enumerate(lengths_s):
        path = folder / f"message-{number}.wav"
        samples = ulaw.noisy(said[: int(length_s * ulaw.RATE_HZ)], seed=100 + number)
        ulaw.write(path, ulaw.decode(ulaw.encode(samples)))
        with wave.open(str(path)) as written:
            assert written.getnframes() == len(samples), f"{source} is too short"
        paths.append(path)
    return paths
