"""Messages of the test caller: one plan in, a story out (JSON lines on stdin and stdout)."""

import msgspec

from sipbot.lines import Decoder
from sipbot.sip.stack import StackSettings


class CallPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller shall do."""

    uri: str
    """Whom to call: ``sip:yamato@127.0.0.1:5060``."""
    identity: str
    """From: ``"Sato" <sip:0312345678@127.0.0.1>``."""
    headers: dict[str, str] = {}
    """Further headers of the INVITE, such as Diversion."""
    wav: str = ""
    """What to say; empty to say nothing."""
    speak_after_s: float | None = None
    """When to speak, from the answer on; None waits for the beep."""
    keys: str = ""
    """Keys to press when everything has been said (RFC 4733)."""
    linger_s: float | None = None
    """Hang up so long after everything was said; None waits for the other side to hang up."""
    cancel_after_s: float | None = None
    """Give up so long after the INVITE when nobody has answered; None is patient."""
    heard_wav: str
    """Where to record what is heard."""
    limit_s: float = 120.0
    """Hang up after this in any case."""


class CallerTask(msgspec.Struct, frozen=True, kw_only=True):
    """The line on the caller's standard input."""

    stack: StackSettings
    plan: CallPlan


class Base(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """A step of the story; `after_s` counts from the INVITE."""

    after_s: float


class Calling(Base, frozen=True):
    """The INVITE was sent."""


class Progress(Base, frozen=True):
    """A provisional response came."""

    code: int
    reason: str


class Answered(Base, frozen=True):
    """200 OK came and audio flows."""


class Beep(Base, frozen=True):
    """The beep has ended."""


class Speaking(Base, frozen=True):
    """The message began."""


class Spoke(Base, frozen=True):
    """The message ended."""


class Pressed(Base, frozen=True):
    """Keys were pressed."""

    keys: str


class HungUp(Base, frozen=True):
    """The call is over; last line."""

    by: str
    """``caller`` (this side) or ``callee``."""
    code: int
    reason: str
    packets_sent: int
    packets_received: int


class Failed(Base, frozen=True):
    """The call could not be made or led; last line."""

    problem: str


Step = Calling | Progress | Answered | Beep | Speaking | Spoke | Pressed | HungUp | Failed

steps = Decoder(Step)
