"""Messages between a command line and the running sipbot, on ``var/run/control.sock``.

Each request has one reply, in order; a connection may carry several.
"""

import msgspec

from sipbot.audit import AuditEntry
from sipbot.lines import Decoder
from sipbot.retention import Wanted


class Base(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""


# -- requests: command line → sipbot -----------------------------------------------------------


class RetryOutbox(Base, frozen=True, kw_only=True):
    """Try deliveries again now; answered by `Retried`."""

    deliveries: tuple[int, ...] = ()
    """Ids as ``sipbot outbox list`` shows them."""
    all_dead: bool = False
    """Every dead letter, besides those named."""


class Erase(Base, frozen=True, kw_only=True):
    """Delete what callers left; answered by `Erased`."""

    wanted: tuple[Wanted, ...]
    by: str
    reason: str
    """For people; neither a number nor a word of a caller's."""


class Disclosed(Base, frozen=True, kw_only=True):
    """Something is about to leave this site: write it down; answered by `Noted`."""

    client: str
    by: str
    recipient: str
    basis: str
    """By which right."""
    what: str
    sha256: str


class Looked(Base, frozen=True, kw_only=True):
    """Somebody is about to hear callers, or takes their words along; answered by `Noted`."""

    entries: tuple[AuditEntry, ...]


class GetStatus(Base, frozen=True):
    """How is it?  Answered by `StatusReply`."""


class CompareAudio(Base, frozen=True):
    """Compare the recordings with those in the store, from now on; answered by `Noted`."""


class HandOver(Base, frozen=True):
    """Change what the ledger has of a client who comes or goes; answered by `HandedOver`."""

    order: msgspec.Raw
    """JSON of one of `sipbot.handover_desk.Order`; raw, like the answer."""


class Agree(Base, frozen=True):
    """Something was agreed on with a client; answered by `Agreed`."""

    client: str
    text: str
    who: str
    due: str
    """Day, ISO 8601; empty for none."""


class ActionDone(Base, frozen=True):
    """What was agreed on is done; answered by `Noted`."""

    number: int


class Judge(Base, frozen=True):
    """How somebody judges an operator's work on a memo; answered by `Noted`."""

    memo: str
    client: str
    operator: str
    reviewer: str
    points: dict[str, bool]
    """Item of the checklist to whether it was done."""


class Acknowledge(Base, frozen=True):
    """An operator has read a client's file; answered by `Noted`."""

    client: str
    operator: str
    sha256: str
    """Of the file."""


Request = (
    RetryOutbox
    | GetStatus
    | Erase
    | Disclosed
    | Looked
    | CompareAudio
    | HandOver
    | Agree
    | ActionDone
    | Judge
    | Acknowledge
)


# -- replies: sipbot → command line ------------------------------------------------------------


class Retried(Base, frozen=True, kw_only=True):
    """What became of `RetryOutbox`."""

    retried: tuple[int, ...]
    """Due now."""
    unknown: tuple[int, ...] = ()
    """Nothing of this id is waiting: it was delivered, superseded, or never there."""


class Erased(Base, frozen=True):
    """What became of `Erase`."""

    calls: tuple[str, ...]
    """Those that had nobody on the line, and nothing to be done."""


class Noted(Base, frozen=True):
    """It is written down."""


class StatusReply(Base, frozen=True):
    """The answer to `GetStatus`."""

    status: msgspec.Raw
    """JSON of `sipbot.status.Status`; raw, so that this border knows nothing of its fields."""


class HandedOver(Base, frozen=True):
    """What came of a `HandOver`."""

    result: msgspec.Raw


class Agreed(Base, frozen=True):
    """What became of `Agree`."""

    number: int


class Failed(Base, frozen=True):
    """The request could not be done, or not be understood."""

    problem: str


Reply = Retried | StatusReply | Failed | Erased | Noted | HandedOver | Agreed

requests = Decoder(Request)
replies = Decoder(Reply)
