"""The messages about a call to a person on call, who is to take a memo; see `sipbot.sip.wire`.

The agent leads the call by itself, so that a parent that dies cuts nobody off.
"""

from datetime import datetime
from typing import Literal

from sipbot.sip.wire_base import Base

PREFIX = "on-call"
"""Of the ids of these calls, which agents name beside those of calls back."""

OnCallEnd = Literal[
    "taken", "declined", "no_answer", "busy", "no_line", "unreachable", "failed", "too_late"
]
"""The key was pressed; answered without it; nobody answered; busy or refused; no line of this agent
was free; the network let nobody be called, which may be over in a minute; the number or the
settings did not; the parent ended it (`HangUp`), as somebody else has the memo."""


class CallOnCall(Base, frozen=True, kw_only=True):
    """Call a person, play what it is about, and wait for the key; ends with `OnCallEnded`.

    `HangUp` ends it before.
    """

    call: str
    """Id of this call; of no offered call."""
    number: str
    """SIP URI, or number at the trunk."""
    prompts: tuple[str, ...]
    """WAVs, played one after the other; the same may come again."""
    taken: str = ""
    """WAV for whoever has pressed the key; empty for none."""
    key: str = "1"
    wait_s: float = 5.0
    """After the last of them, how long the key is waited for."""
    ring_s: float
    """How long the telephone may ring."""


class OnCallEnded(Base, frozen=True, kw_only=True):
    """The call is over, or was never placed; kept until `Written`."""

    call: str
    end: OnCallEnd
    reason: str
    at: datetime


def is_on_call(call: str) -> bool:
    """Tell whether an id is that of a call to a person on call."""
    return call.startswith(f"{PREFIX}.")
