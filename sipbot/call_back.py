"""A call back that sipbot places, in the memo: begun, connected, ended, and what came of it.  Pure.

Data path: command -> decision, [call_back] -> ledger -> call_backs -> sip/call_back

An operator says ``wrong_number`` and ``message_left`` themselves: no machine hears that.  What they
say during the call or after it stands.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from sipbot.command import LEASE_S
from sipbot.memo import Memo, Status
from sipbot.memo_history import SYSTEM, CalledBack, Outcome, next_revision
from sipbot.sip import wire

PHONE_RING_S = 25.0
"""How long the operator's telephone rings: they have just asked for it and sit beside it."""

RING_S = 45.0
"""How long the caller's rings: most networks end it themselves within a minute."""

TALK_MAX = timedelta(hours=2)
"""Longest talk; the agent's own bound (`sipbot.sip.transfer.CONNECTED_MAX_S`)."""

HELD = timedelta(seconds=PHONE_RING_S + RING_S) + TALK_MAX
"""A claim lasts as long as its operator may be on the telephone; when they have hung up, as long as
any other (our wish)."""

REACHED_S = 5.0
"""A talk that is shorter reached nobody, as far as a machine can tell: somebody picked up and put
down, or a name was said and it was the wrong one (our wish)."""

RANG_S = 15.0
"""An operator who hangs up after so long has waited for an answer: five rings in Japan (1 s tone,
2 s silence: ITU-T E.180 supplement 2)."""

_BUSY = {486, 600, 603}
"""RFC 3261 sections 21.4.24, 21.6.1 and 21.6.2: there is somebody, who does not take it now."""

_AWAY = {480, 487}
"""RFC 3261 sections 21.4.18 and 21.4.25: the network says that the telephone is off, or rang."""

_TIMEOUT = 408
"""RFC 3261 section 21.4.9, our own limit as well: nobody's telephone, unless it rang before."""

BEGUN, CONNECTED, ENDED = "calling", "call_connected", "call_ended"
"""``what`` of the history's entries."""


class End(StrEnum):
    """How a call back ended."""

    TALKED = "talked"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    OPERATOR_LEFT = "operator_left"
    OPERATOR_AWAY = "operator_away"
    NO_LINE = "no_line"
    FAILED = "failed"
    """The network or the settings did not let the caller be called."""
    INTERRUPTED = "interrupted"
    """An agent died, or sipbot was restarted: how it ended is not known."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a call back ended, and what came of it."""

    end: End
    outcome: Outcome | None
    """None where a person has to say it."""
    at: datetime
    connected_at: datetime | None = None
    talk_s: float | None = None


def going(memo: Memo, now: datetime) -> bool:
    """Tell whether sipbot is calling back.

    Args:
        memo: as it stands.
        now: UTC-aware.  What has begun longer ago than any call lasts is over, though nobody could
            write that down: it must not keep the memo for ever.
    """
    calls = [one for one in memo.history if one.call_back is not None]
    if not calls or calls[-1].call_back is None or calls[-1].call_back.ended is not None:
        return False
    return now - calls[-1].at <= HELD


def begun(memo: Memo, by: str, number: str, at: datetime, text: str | None) -> Memo:
    """Return the memo as an operator has it who is being called.

    Args:
        memo: as it stands.
        by: the operator, who holds it from now on.
        number: whom to call.
        at: now, UTC-aware.
        text: a note along with it.
    """
    until = at + HELD
    update = {
        "status": Status.CLAIMED,
        "holder": by,
        "held_until": until,
        "snoozed_until": None,
    }
    return next_revision(
        memo,
        at,
        update,
        what=BEGUN,
        by=by,
        text=text,
        until=until,
        call_back=CalledBack(number=number),
    )


def connected(memo: Memo, number: str, at: datetime) -> Memo:
    """Return the memo once operator and caller hear each other."""
    return next_revision(memo, at, {}, what=CONNECTED, call_back=CalledBack(number=number))


def ended(memo: Memo, by: str, number: str, how: Ended, now: datetime) -> Memo:
    """Return the memo once the call back is over.

    The outcome becomes the memo's result, unless the operator has said theirs during the call.

    Args:
        memo: as it stands.
        by: the operator.
        number: who was called.
        how: it ended.
        now: our clock, UTC-aware: a claim goes on from now, also where the end is told late.
    """
    update: dict[str, Any] = {}
    if how.outcome is not None and not _said_meanwhile(memo):
        update["result"] = how.outcome
    until = None
    if memo.holder == by:
        until = update["held_until"] = now + timedelta(seconds=LEASE_S)
    return next_revision(
        memo,
        how.at,
        update,
        what=ENDED,
        by=SYSTEM,
        outcome=how.outcome,
        until=until,
        call_back=CalledBack(number=number, ended=how.end.value, talk_s=how.talk_s),
    )


def told(event: wire.CallBackEnded) -> Ended:
    """Return what an agent's words mean."""
    end, outcome = _meaning(event)
    return Ended(
        end=end,
        outcome=outcome,
        at=event.at,
        connected_at=event.connected_at,
        talk_s=event.talk_s,
    )


def interrupted(at: datetime, connected_at: datetime | None = None) -> Ended:
    """Return the end of one of which no agent knows any more.

    Args:
        at: when that was found.
        connected_at: since when they talked until then; None when that is not known.
    """
    talked = connected_at is not None and at - connected_at >= timedelta(seconds=REACHED_S)
    return Ended(
        end=End.INTERRUPTED,
        outcome=Outcome.REACHED if talked else None,
        at=at,
        connected_at=connected_at,
    )


def without_line(at: datetime) -> Ended:
    """Return the end of one for which there was no agent."""
    return Ended(end=End.NO_LINE, outcome=None, at=at)


def _meaning(event: wire.CallBackEnded) -> tuple[End, Outcome | None]:
    match event.where:
        case "line":
            return End.NO_LINE, None
        case "phone":
            return End.OPERATOR_AWAY, None
        case "talk":
            reached = event.talk_s is not None and event.talk_s >= REACHED_S
            return End.TALKED, Outcome.REACHED if reached else None
    rang = event.rang_s is not None and event.rang_s >= RANG_S
    if event.by == "operator":
        return End.OPERATOR_LEFT, Outcome.NO_ANSWER if rang else None
    if event.code in _BUSY:
        return End.BUSY, Outcome.BUSY
    if event.code in _AWAY or (event.code == _TIMEOUT and event.rang_s is not None):
        return End.NO_ANSWER, Outcome.NO_ANSWER
    return End.FAILED, None


def _said_meanwhile(memo: Memo) -> bool:
    """Tell whether the operator has said what came of it since the call began."""
    for entry in reversed(memo.history):
        if entry.what in (BEGUN, "called_back"):
            return entry.what != BEGUN
    return False
