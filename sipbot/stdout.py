"""Standard output of a child program, where C libraries print whatever they like.

A file of its own: agents are many, and what `sipbot.child` imports for a parent (asyncio, the log)
would be half of an agent's memory and two thirds of its start (docs/decisions/0024).
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO


def claim_stdout() -> BinaryIO:
    """In a child: keep stdout for the protocol alone and return it.

    C libraries print whatever they like to descriptor 1; from here on that ends up in the log
    (stderr) and cannot break a line of the protocol.
    """
    sys.stdout.flush()
    protocol = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(protocol, "wb")


@contextlib.contextmanager
def muted_stdout() -> Iterator[None]:
    """Keep what a C library prints off standard output; pjlib does before its log can be set."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
