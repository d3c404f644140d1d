"""Does the live recogniser grow?  ``python -m benchmarks.growing [RECORDINGS]``

Short Korean recordings, eight at a time, through a real recogniser; after every fifty, when none is
open, its resident memory.  The first fifty are the warm-up.  A thousand take some minutes.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from itertools import combinations
from pathlib import Path

import msgspec

from benchmarks.recognising import models
from sipbot.lines import encode
from sipbot.speech import wire
from sipbot.wav import SAMPLE_BYTES, read_pcm

ROOT = Path(__file__).parent.parent
AT_ONCE = 8
EVERY = 50
SETTLE_S = 0.5
"""After the last text a thread still gives back what it freed."""


class Recogniser:
    """A live recogniser and its protocol."""

    def __init__(self) -> None:
        refs = msgspec.json.encode(models()).decode()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "sipbot.speech.worker", "live", refs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.hear()

    def say(self, *messages: msgspec.Struct) -> None:
        """Send requests."""
        assert self._child.stdin is not None
        for message in messages:
            self._child.stdin.write(encode(message))
        self._child.stdin.flush()

    def hear(self) -> wire.Reply:
        """Return the next reply."""
        assert self._child.stdout is not None
        reply: wire.Reply = wire.replies.decode(self._child.stdout.readline())
        return reply

    def rss_mb(self) -> float:
        """Return its resident memory, when no recording is open."""
        time.sleep(SETTLE_S)
        self.say(wire.Ping(n=0))
        while not isinstance(reply := self.hear(), wire.Pong):
            pass
        return reply.rss_bytes / 1e6

    def end(self) -> None:
        """Close its stdin and see it end."""
        self._child.communicate()


def recordings(folder: Path, count: int = 80) -> list[Path]:
    """Write cuts of 0.25 to 0.6 s, the same each time."""
    rng = random.Random(1)
    pcm = read_pcm(ROOT / "tests" / "data" / "ko_01_8k.wav")
    paths = [folder / f"{n}.wav" for n in range(count)]
    for path in paths:
        length = int(rng.uniform(0.25, 0.6) * 8000) * SAMPLE_BYTES
        begin = rng.randrange((len(pcm) - length) // SAMPLE_BYTES) * SAMPLE_BYTES
        with wave.open(str(path), "wb") as file:
            file.setparams((1, SAMPLE_BYTES, 8000, 0, "NONE", ""))
            file.writeframes(pcm[begin : begin + length])
    return paths


def fifty(recogniser: Recogniser, files: list[Path], first: int) -> None:
    """Have fifty recordings read."""
    given = done = 0
    while done < EVERY:
        while given < EVERY and given - done < AT_ONCE:
            job, path = str(first + given), files[(first + given) % len(files)]
            recogniser.say(wire.Follow(job=job, path=str(path), language="ko"))
            recogniser.say(wire.Finish(job=job))
            given += 1
        done += isinstance(recogniser.hear(), wire.Final | wire.Failed)


def main(argv: list[str]) -> None:
    """Print the memory after every fifty recordings, and its slope (Theil and Sen's)."""
    total = int(argv[0]) if argv else 1000
    found: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        recogniser, files = Recogniser(), recordings(Path(folder))
        for first in range(0, total, EVERY):
            fifty(recogniser, files, first)
            found.append((first + EVERY, recogniser.rss_mb()))
            print(found[-1][0], f"{found[-1][1]:.1f} MB", flush=True)
        recogniser.end()
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(found, 2)]
    if slopes:
        print(f"{1000 * statistics.median(slopes):.2f} MB in 1,000 recordings")


if __name__ == "__main__":
    main(sys.argv[1:])
