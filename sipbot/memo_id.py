"""The id of a call's memo, which is the same however often the memo is made.

Who puts an older copy of the ledger back makes memos of recordings anew; broker and operators still
hold the first ones, and know them by their ids.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sipbot.records import CallOffer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def memo_id(offer: CallOffer) -> str:
    """Return a UUIDv7 (RFC 9562, section 5.7): when the INVITE came, and the call's id hashed.

    Ids sort as the calls came; two calls of one millisecond are told apart by 74 bits.
    """
    at_ms = (offer.received_at - _EPOCH) // _MS
    hashed = int.from_bytes(sha256(offer.call.encode()).digest())
    rand_a, rand_b = hashed & 0xFFF, hashed >> 12 & (1 << 62) - 1
    return str(UUID(int=at_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b))
