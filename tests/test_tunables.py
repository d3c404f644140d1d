"""What the second ear's process tells glibc about its memory."""

import os
import subprocess
import sys

from sipbot.speech.tunables import KEEP, VARIABLE, tunables

FAULTS = """
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    b"1" * 72_000_000  # each page is written to
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_what_the_environment_says_already_comes_last_and_wins() -> None:
    assert tunables({VARIABLE: "glibc.malloc.check=1"}) == ":".join((*KEEP, "glibc.malloc.check=1"))


def test_without_a_word_in_the_environment_memory_is_kept() -> None:
    assert tunables({}) == ":".join(KEEP)


def test_glibc_understands_what_it_is_told_and_keeps_what_was_freed() -> None:
    faults = [
        int(
            subprocess.run(
                [sys.executable, "-c", FAULTS],
                env={**os.environ, VARIABLE: told},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for told in ("glibc.malloc.mmap_threshold=131072", tunables({}))
    ]
    assert faults[1] < faults[0] / 5
