"""What an agent says when nobody listens: a line on standard error.

Its parent's log is at the other end, and may be gone with the parent.  A line that is lost does
less harm than a call that ends because of it.
"""

import contextlib
import sys


def say(line: str) -> None:
    """Write a line, if anybody still reads there."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
