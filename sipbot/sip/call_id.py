"""A call's id: UUID version 7 (RFC 9562 section 5.7), so that ids sort by when calls came.

The rest of sipbot has the uuid6 package for it.  An agent has not: with that package come
importlib.metadata, zipfile, OpenSSL and 28 modules more, which is 1.9 MB for each of up to a
hundred agents (measured, Python 3.11; docs/decisions/0024-the-cost-of-a-line.md).
"""

import os
import time
import uuid

_VERSION = 7
_VARIANT = 0b10


def new_call_id() -> str:
    """Return an id that nobody else has, in canonical form (36 characters)."""
    unix_ms = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")  # 12 bits + 62 bits are used
    value = (
        (unix_ms & (1 << 48) - 1) << 80
        | _VERSION << 76
        | (random >> 62 & 0xFFF) << 64
        | _VARIANT << 62
        | random & (1 << 62) - 1
    )
    return str(uuid.UUID(int=value))
