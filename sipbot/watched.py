"""One message as it was seen on the bus.  Pure."""

import msgspec

from sipbot.topics import Place


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One message seen on the bus."""

    place: Place
    payload: bytes
    retained: bool
    """True for what was there before we came."""
