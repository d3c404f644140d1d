"""Messages between the main process and an agent.

Commands go main → agent, events go agent → main.  The agent decides nothing about a call while a
parent is connected; what it does by itself is told to it in advance: what comes next as long as
nothing happens (`Sequel`), and what to do when its parent dies (`Alone`).
"""

from datetime import datetime
from typing import Literal

import msgspec

from sipbot.lines import Decoder
from sipbot.records import CallOffer, EndedBy
from sipbot.sip import wire_base
from sipbot.sip.on_call_wire import CallOnCall, OnCallEnded

Base = wire_base.Base

MISSING_S = 0.2
"""Audio that may be missing at the end of a recording before it counts as not safe.  The recorder
starts a clock tick or two late (-6 to 15 ms, measured with both cores busy); its buffers are
emptied every 60 ms, and a step that the disk refuses is told besides (`RecordingClosed.whole`)."""


CallBackWhere = Literal["line", "phone", "number", "talk"]
"""No line was free; the operator was called; the one to be called back was; they talked."""
CallBackBy = Literal["operator", "called", "sipbot"]


# -- commands: main → agent --------------------------------------------------------------------


class Ring(Base, frozen=True):
    """Send 180 Ringing (RFC 3261 section 21.1.2)."""

    call: str


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent does with an answered call when its parent dies: record, thank, hang up."""

    notice: str = ""
    """Of recording: is played before anything is recorded, where it has not begun; empty: none."""
    beep: str
    thanks: str
    recording: str
    """Empty when no message is taken: then the prompt is finished and the call ended."""
    max_s: float
    finish_key: str


class Sequel(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent goes on to by itself: prompts, one after the other, and then the recording.

    It tells what it has begun with `Answered` and `PromptEnded` (`Begun`).  Once the caller presses
    a key, or any other command about the call comes, it goes on with nothing more: then the parent
    says what is next.
    """

    prompts: tuple[str, ...]
    """WAVs; each ends with `PromptEnded`."""
    recording: str
    """Where to record; see `Record`."""


class Answer(Base, frozen=True):
    """Send 200 OK with SDP."""

    call: str
    alone: Alone
    then: Sequel | None = None
    """What comes with the answer; None waits for commands."""


class Play(Base, frozen=True):
    """Play a WAV to the caller from its beginning; ends with `PromptEnded`."""

    call: str
    wav: str
    then: Sequel | None = None
    """What comes when it has ended; None waits for commands."""


class StopPlaying(Base, frozen=True):
    """Stop the prompt at once (a key was pressed); no `PromptEnded` follows."""

    call: str


class Record(Base, frozen=True):
    """Write what the caller says to `path` until `StopRecording` or the end of the call."""

    call: str
    path: str


class StopRecording(Base, frozen=True):
    """Close the recording; ends with `RecordingClosed`."""

    call: str


class Transfer(Base, frozen=True):
    """Call somebody and connect both; ends with `Transferred` or `TransferFailed`."""

    call: str
    to: str
    """SIP URI or telephone number."""
    ring_s: float
    """How long the other may ring."""
    ringback: str = ""
    """WAV of one period of the ringing tone, for the caller; empty for silence."""
    caller: str = ""
    """Number to be shown to the other; empty when it is withheld."""
    diverted_from: str = ""
    """The client's number that the caller dialled."""


class CallBack(Base, frozen=True, kw_only=True):
    """Call an operator, then the one to be called back, and connect both; a call of its own.

    The agent does all of it by itself, also when its parent dies; it tells `CallBackStep` and, in
    the end, `CallBackEnded`.
    """

    call: str
    """Id of this call back; of no offered call."""
    phone: str
    """The operator's: SIP URI, or number at the trunk."""
    number: str
    """Whom to call back, in E.164."""
    shown: str = ""
    """The client's number, to be shown to them; empty for none."""
    shown_in_from: bool = False
    """Whether From names it too, where our trunk is called."""
    prompt: str = ""
    """WAV for the operator who has answered; empty for none."""
    ringback: str = ""
    """As in `Transfer`, for the operator."""
    phone_ring_s: float
    """How long the operator's telephone may ring."""
    ring_s: float
    """How long the other may."""


class HangUp(Base, frozen=True):
    """End the call: BYE when answered, else the final response `code`."""

    call: str
    code: int = 480


class Refuse(Base, frozen=True):
    """Answer an offered call with a final response and forget it."""

    call: str
    code: int
    reason: str = ""
    retry_after_s: int = 0


class Written(Base, frozen=True):
    """What became of this call is in the ledger; the agent need not tell it again."""

    call: str


class Ping(Base, frozen=True):
    """Ask for a sign of life."""

    n: int


class Drain(Base, frozen=True):
    """Take no new calls (503 with Retry-After); exit when the last one has ended."""


Command = (
    Ring
    | Answer
    | Play
    | StopPlaying
    | Record
    | StopRecording
    | Transfer
    | CallBack
    | CallOnCall
    | HangUp
    | Refuse
    | Written
    | Ping
    | Drain
)


# -- events: agent → main ----------------------------------------------------------------------


class Hello(Base, frozen=True):
    """First line on every connection: the agent is ready and listening."""

    pid: int
    pjsip: str
    address: str
    """``host:port`` of the SIP transport."""
    lines: int
    fingerprint: str
    """The settings this agent was started with; see `AgentSettings`."""
    calls: tuple[str, ...] = ()
    """Calls that outlived an earlier parent: the agent finishes them alone, or just has; `Ended`
    follows for each."""
    calls_back: tuple[str, ...] = ()
    """Likewise the calls back; `CallBackEnded` follows for each."""


class Offered(Base, frozen=True):
    """An INVITE from an allowed source waits for a decision."""

    offer: CallOffer


class Refused(Base, frozen=True):
    """An INVITE that the agent or the SIP library refused by itself.

    `why` is ``capacity`` (all lines busy), ``source`` (address not allowed), ``body`` (not SDP),
    ``media`` (no codec in common), ``replaces`` (a takeover) or ``draining``.
    """

    offer: CallOffer
    code: int
    why: str


class Registered(Base, frozen=True):
    """A registration changed (RFC 3261 section 10)."""

    account: str
    code: int
    reason: str
    expires_s: int


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent has begun by itself (`Sequel`): what the parent need not order any more."""

    path: str
    """The prompt that is being played, or the recording."""
    at_s: float
    """When, by CLOCK_MONOTONIC, which is the same for all processes of a machine: a parent may
    hear of it much later, and must know where in the recording it is."""


class Answered(Base, frozen=True):
    """The caller's ACK arrived and media flows."""

    call: str
    begun: Begun | None = None


class PromptEnded(Base, frozen=True):
    """The last sample of the prompt has been sent."""

    call: str
    wav: str
    begun: Begun | None = None


class Key(Base, frozen=True):
    """The caller pressed a key (RFC 4733 telephone-event or SIP INFO)."""

    call: str
    key: str
    method: str


class RecordingClosed(Base, frozen=True):
    """The recorder has closed the file; its header is right."""

    call: str
    path: str
    audio_bytes: int
    recorded_s: float
    """How long the recorder was open by the agent's clock; what the file should hold."""
    whole: bool = True
    """Whether the disk took every step that the agent saw it written in."""


class Transferred(Base, frozen=True):
    """The other has answered; both hear each other."""

    call: str


class TransferFailed(Base, frozen=True):
    """The caller is still with us alone."""

    call: str
    code: int
    """The other's final response, or the one that says why there was none."""
    reason: str


class CallBackStep(Base, frozen=True):
    """The one who is called back has answered; operator and they hear each other."""

    call: str
    at: datetime


class CallBackEnded(Base, frozen=True, kw_only=True):
    """Both calls of a call back are over, or were never placed; kept until `Written`."""

    call: str
    where: CallBackWhere
    """How far it had come."""
    by: CallBackBy
    """Who ended it."""
    code: int
    """The final response that ended it; 200 once somebody has talked."""
    reason: str
    at: datetime
    rang_s: float | None = None
    """How long it rang at the one who is called back; None when it did not, as far as we know."""
    connected_at: datetime | None = None
    talk_s: float | None = None
    """How long both heard each other, by a clock that only rises."""


class MediaFailed(Base, frozen=True):
    """The call is up but its audio is not."""

    call: str
    problem: str


class Ended(Base, frozen=True):
    """The dialog is over; nothing more comes about this call."""

    call: str
    by: EndedBy
    code: int
    reason: str
    answered: bool
    transferred: bool = False
    """Whether a person had answered; told here too, for a parent that was not there."""
    at: datetime | None = None
    """When; a parent may hear of it much later."""


class Refer(Base, frozen=True):
    """A peer asked for a transfer or a takeover and was refused (603), or redirected our call."""

    call: str
    method: str


class Pong(Base, frozen=True):
    """Sign of life."""

    n: int
    calls: int
    rss_bytes: int


class Fault(Base, frozen=True):
    """Something went wrong in the agent that did not end it; `call` is empty when none is meant."""

    problem: str
    call: str = ""


Event = (
    Hello
    | Offered
    | Refused
    | Registered
    | Answered
    | PromptEnded
    | Key
    | RecordingClosed
    | Transferred
    | TransferFailed
    | CallBackStep
    | CallBackEnded
    | OnCallEnded
    | MediaFailed
    | Ended
    | Refer
    | Pong
    | Fault
)

commands = Decoder(Command)
events = Decoder(Event)
