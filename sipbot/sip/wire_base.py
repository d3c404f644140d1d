"""What every message between the main process and an agent is; see `sipbot.sip.wire`."""

import msgspec


class Base(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""
