"""JSON lines: how sipbot's processes talk to each other.

One message a line, UTF-8, tagged by ``type``.  A line that is not a known message is an error and
never skipped: a peer that cannot be understood is ended and started again (docs/architecture.md).
"""

from typing import Any, TypeVar

import msgspec

from sipbot.errors import WireError

Message = TypeVar("Message", bound=msgspec.Struct)

LIMIT_BYTES = 1 << 20
"""Longest line accepted: a final text of 30 minutes with every word timed is below 600 kB."""

_encoder = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """Return the message as one line, newline included."""
    return _encoder.encode(message) + b"\n"


class Decoder:
    """Turns lines back into the messages of one border.

    Args:
        union: the union of message types that may arrive.
    """

    def __init__(self, union: Any) -> None:  # noqa: ANN401 - a union of types has no better type
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)

    def decode(self, line: bytes) -> Any:  # noqa: ANN401 - narrowed by the caller's match
        """Return the message on this line.

        Raises:
            WireError: the line is too long, not JSON, or not a message of this border.
        """
        if len(line) > LIMIT_BYTES:
            raise WireError(f"a line of {len(line)} bytes is longer than {LIMIT_BYTES} bytes")
        try:
            return self._decoder.decode(line)
        # Lists within lists by the thousand, bytes that are no UTF-8: nor may such a line end us.
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise WireError(f"not a message of this border: {error}") from error
