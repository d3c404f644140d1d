"""What crosses the borders between sipbot's parts: frozen records, nothing else.

No pjsua2 object, no database row and no dict travels from one module to another.
Times are UTC-aware; durations carry their unit in the name.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

COPIES_S = 32.0
"""How long a caller sends copies of an INVITE: 64 * T1 (RFC 3261 section 17.1.1.2, timer B)."""


class EndState(StrEnum):
    """How an INVITE ended; every INVITE ends in exactly one of these (the ledger of 取りもれ)."""

    MEMO = "memo"
    NO_MESSAGE = "no_message"
    ABANDONED_RINGING = "abandoned_ringing"
    ABANDONED_GREETING = "abandoned_greeting"
    TRANSFERRED = "transferred"
    REFUSED_UNMAPPED = "refused_unmapped"
    REFUSED_BLOCKED = "refused_blocked"
    REFUSED_CAPACITY = "refused_capacity"
    REFUSED_SOURCE = "refused_source"
    FAILED_MEDIA = "failed_media"
    FAILED_INTERNAL = "failed_internal"


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    SIPBOT = "sipbot"
    CRASH = "crash"
    """The agent or the machine went away in mid-call; the recording is what reached the disk."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A name-addr of SIP (RFC 3261 section 20.10): a display name and a URI."""

    uri: str = ""
    name: str = ""

    @property
    def user(self) -> str:
        """The user part of a sip:, sips: or tel: URI, without parameters; empty without one."""
        scheme, _, rest = self.uri.partition(":")
        if scheme.lower() == "tel":
            return rest.split(";", 1)[0]
        return rest.split("@", 1)[0].split(";", 1)[0] if "@" in rest else ""


class Diversion(msgspec.Struct, frozen=True, kw_only=True):
    """One hop of the call's way to us: a Diversion (RFC 5806) or History-Info (RFC 7044) entry."""

    party: Party
    reason: str = ""
    index: str = ""
    """History-Info's index parameter, such as ``1.1``; empty for Diversion."""


class CallOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An INVITE as it reached an agent, before anybody decided what to do with it."""

    call: str
    """UUIDv7, given by the agent; names the call everywhere from here on."""
    received_at: datetime
    source: str
    """``address:port`` the datagram came from: the only thing a stranger cannot choose freely."""
    sip_call_id: str
    request_uri: str
    to: Party
    from_: Party = msgspec.field(name="from")
    asserted: tuple[Party, ...] = ()
    """P-Asserted-Identity (RFC 3325); believed only because the source is allowed."""
    anonymous: bool = False
    """非通知: From is anonymous, or Privacy asks for ``id`` or ``user`` (RFC 3323, RFC 3325)."""
    anonymous_reason: str = ""
    diversions: tuple[Diversion, ...] = ()
    """Topmost first, that is: the most recent diversion first (RFC 5806 section 4)."""
    history: tuple[Diversion, ...] = ()


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One recognised word and where it is in the recording."""

    text: str
    start_s: float
    end_s: float
    confidence: float
    """0 to 1, as the engine gives it; engines are not comparable with each other."""


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What one ear heard in one recording."""

    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    """Mean of the words' confidences; None when the engine gave none."""
    language: str
    engine: str
    """``vosk`` or ``faster-whisper``."""
    model: str
    """Name in models/catalog.toml."""
    looped: bool = False
    """Whether something was left out that only repeated itself."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A finished recording: its bytes are on disk and will not change."""

    path: str
    sha256: str
    duration_s: float
    cut_off: bool = False
    """True when a crash ended the recording, not the caller or the script."""
