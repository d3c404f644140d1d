"""What becomes of a command: the memo's next revision and the answer, or the answer alone.  Pure.

Data path: bus -> command -> [decision] -> ledger -> outbox -> bus

One operator holds a memo at most; who comes second is told who holds it and until when.  A claim
ends by itself (`lease_over`).  Why a memo may be closed without a claim, and what only its holder
may do: docs/decisions/0012-commands.md.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from sipbot import call_back, call_decision
from sipbot.call_decision import NOBODY, Phones
from sipbot.command import (
    SKEW_S,
    Call,
    Callback,
    Claim,
    Command,
    Refused,
    Request,
    Snooze,
    told,
)
from sipbot.memo import Memo, Status
from sipbot.memo_history import next_revision

NOTES_MAX = 100
"""Notes of one memo: a person reads no more (our wish)."""

BYTES_MAX = 900_000
"""Of a memo as JSON, with its notes: brokers take a megabyte (EMQX unless told otherwise).  A
message of 30 minutes has 600 kB of words (sipbot/lines.py), 100 of the longest notes as much."""

HISTORY_MAX = 1000
"""Entries of one memo's history, from which on it can only be given back or closed: a program that
prolongs a claim every minute would need two days for them."""

SNOOZE_MAX = timedelta(days=90)
"""Longer than a quarter of a year is not put off, but forgotten (our wish)."""

_FREE: dict[str, Any] = {"holder": None, "held_until": None}

_GIVES_UP = {"release", "snooze", "done"}
"""Verbs that end a claim: not in the middle of a call, else somebody else would call as well."""

AnswerStatus = Literal["accepted", "conflict", "rejected", "expired"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is told, once; ``docs/ack.schema.json`` is generated from this."""

    schema: Literal[1] = 1
    req: str
    verb: str
    by: str | None = None
    """Null when the command did not say, like the next one."""
    memo: str | None = None
    status: AnswerStatus
    code: str | None = None
    """Why not, for programs; null when accepted."""
    problem: str | None = None
    """Why not, for people."""
    rev: int | None = None
    """Of the memo, after the command; null when it is not known, like the next two."""
    holder: str | None = None
    until: datetime | None = None
    """When the holder's claim ends."""
    ts: datetime
    """When it was decided, by sipbot's clock."""

    def encode(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a command."""

    memo: Memo | None
    """The next revision; None when nothing changes."""
    answer: Answer


class _No(msgspec.Struct, frozen=True):
    """Why a command is not obeyed."""

    status: AnswerStatus
    code: str
    problem: str


def decide(memo: Memo | None, request: Request, now: datetime, phones: Phones = NOBODY) -> Verdict:
    """Decide on a command.

    Args:
        memo: as it stands, its claim not over; None when there is none of this id.
        request: from `command.read`.
        now: our clock, UTC-aware.
        phones: whom sipbot may be asked to call back, and where operators are.
    """
    if memo is not None and memo.client != request.client:
        memo = None  # nobody learns by asking what other clients have
    no = _why_not(memo, request, now, phones)
    after = memo
    if memo is not None and no is None:
        if isinstance(request.command, Call):
            after = call_decision.begun(memo, request.command, phones, now)
        else:
            after = _AFTER[request.verb](memo, request.command, now)
    return Verdict(memo=None if no else after, answer=_answer(request, after, no, now))


def refuse(refused: Refused, now: datetime) -> Answer:
    """Answer a command that cannot be used."""
    return Answer(
        req=refused.req,
        verb=refused.verb,
        by=refused.by,
        memo=refused.memo,
        status="rejected",
        code=refused.code,
        problem=refused.problem,
        ts=now,
    )


def reused(request: Request | Refused, now: datetime) -> Answer:
    """Answer a command under a ``req`` that another one has had."""
    command = request.command if isinstance(request, Request) else None
    req = request.req if isinstance(request, Refused) else request.command.req
    return Answer(
        req=req,
        verb=request.verb,
        by=command.by if command else None,
        memo=command.memo if command else None,
        status="rejected",
        code="req_reused",
        problem=f"req = {req}: another command had it. Use a new one for each request: a UUID",
        ts=now,
    )


def unreadable(request: Request, now: datetime) -> Answer:
    """Answer a command about a memo that this release cannot read."""
    words = "The memo cannot be read. sipbot ledger check tells whether the ledger is sound"
    return _answer(request, None, _No("rejected", "unreadable_memo", words), now)


def failed(request: Request | Refused, now: datetime) -> Answer:
    """Answer a command that sipbot could not carry out, by a fault of its own."""
    command = request.command if isinstance(request, Request) else None
    return Answer(
        req=request.req if isinstance(request, Refused) else request.command.req,
        verb=request.verb,
        by=command.by if command else None,
        memo=command.memo if command else None,
        status="rejected",
        code="internal",
        problem="sipbot could not carry it out, by a fault of its own: the memo is as it was. "
        "Whoever runs it finds the reason in its log",
        ts=now,
    )


def lease_over(memo: Memo, now: datetime) -> Memo | None:
    """Return the memo as it is after its claim has ended by itself; None while it has not."""
    if memo.held_until is None or memo.held_until > now:
        return None
    return next_revision(memo, now, {**_FREE, "status": Status.OPEN}, what="lease_over")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an answer."""
    schema = msgspec.json.schema(Answer)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _answer(request: Request, memo: Memo | None, no: _No | None, now: datetime) -> Answer:
    return Answer(
        req=request.command.req,
        verb=request.verb,
        by=request.command.by,
        memo=request.command.memo,
        status=no.status if no else "accepted",
        code=no.code if no else None,
        problem=no.problem if no else None,
        rev=memo.rev if memo else None,
        holder=memo.holder if memo else None,
        until=memo.held_until if memo else None,
        ts=now,
    )


# -- why not -------------------------------------------------------------------------------------


def _why_not(memo: Memo | None, request: Request, now: datetime, phones: Phones) -> _No | None:
    command = request.command
    no = _wrong_time(command, now)
    if no is not None:
        return no
    if memo is None:
        words = f"memo {command.memo}: {request.client} has none of this id. Use its whole id"
        return _No("rejected", "unknown_memo", words)
    return (
        _wrong_state(memo, request, now)
        or _wrong_revision(memo, command)
        or _too_much(memo, request)
        or (_not_called(memo, command, now, phones) if isinstance(command, Call) else None)
    )


def _not_called(memo: Memo, command: Call, now: datetime, phones: Phones) -> _No | None:
    found = call_decision.wanted(memo, command, phones, now)
    if isinstance(found, call_decision.Wanted):
        return None
    return _No("conflict" if found.code == "calling" else "rejected", found.code, found.problem)


def _wrong_time(command: Command, now: datetime) -> _No | None:
    if command.is_late(now):
        words = (
            f"ts = {command.ts.isoformat()}, ttl_s = {command.ttl_s}: it came at {now.isoformat()} "
            "by sipbot's clock. Look at the memo, set your clock, and ask under a new req"
        )
        return _No("expired", "late", words)
    if command.ts > now + timedelta(seconds=SKEW_S):
        why = f"later than {now.isoformat()}, which sipbot's clock says. Set your clock"
        return _No("rejected", "bad_field", told("ts", command.ts, why))
    if isinstance(command, Snooze) and not now < command.until <= now + SNOOZE_MAX:
        why = f"not within {SNOOZE_MAX.days} days from now"
        return _No("rejected", "bad_field", told("until", command.until, why))
    return None


def _wrong_state(memo: Memo, request: Request, now: datetime) -> _No | None:
    verb, holder = request.verb, memo.holder
    if verb == "note":
        return None
    if verb == "reopen":
        done = memo.status is Status.DONE
        return None if done else _No("conflict", "not_done", "The memo is open already")
    if holder is not None and holder != request.command.by:
        until = memo.held_until.isoformat() if memo.held_until else "it is given back"
        return _No("conflict", "claimed", f"{holder} has claimed it until {until}")
    if memo.status is Status.DONE:
        return _No("conflict", "done", "The memo is closed. Reopen it to go on")
    if verb == "release" and holder is None:
        return _No("conflict", "not_claimed", "Nobody has claimed it, or the claim has ended")
    if verb in _GIVES_UP and call_back.going(memo, now):
        return _No("conflict", "calling", "sipbot is calling back for it. Hang up first")
    return None


def _wrong_revision(memo: Memo, command: Command) -> _No | None:
    if command.expected_rev in (None, memo.rev):
        return None
    words = f"expected_rev = {command.expected_rev}, but the memo has {memo.rev}. Read it again"
    return _No("conflict", "rev", words)


def _too_much(memo: Memo, request: Request) -> _No | None:
    notes = sum(one.text is not None for one in memo.history)
    text = getattr(request.command, "text", None)
    if text and notes >= NOTES_MAX:
        return _No("rejected", "too_many_notes", f"It has {notes} notes, the most it can have")
    if text and len(memo.model_dump_json().encode()) + len(text.encode()) > BYTES_MAX:
        words = f"With it the memo would have more than {BYTES_MAX} bytes. Shorten it, or leave it"
        return _No("rejected", "too_many_notes", words)
    if len(memo.history) >= HISTORY_MAX and request.verb not in ("release", "done"):
        words = f"Its history has {len(memo.history)} entries: it can be given back or closed only"
        return _No("rejected", "history_full", words)
    return None


# -- what then -----------------------------------------------------------------------------------


def _next(
    memo: Memo,
    command: Command,
    now: datetime,
    what: str,
    update: Mapping[str, Any],
    until: datetime | None = None,
) -> Memo:
    return next_revision(
        memo,
        now,
        update,
        what=what,
        by=command.by,
        text=getattr(command, "text", None),
        outcome=command.outcome if isinstance(command, Callback) else None,
        until=until,
    )


def _claimed(memo: Memo, command: Command, now: datetime) -> Memo:
    assert isinstance(command, Claim)
    until = now + timedelta(seconds=command.lease_s)
    if memo.held_until is not None and call_back.going(memo, now):
        until = max(until, memo.held_until)  # not in the middle of a talk
    what = "claimed" if memo.holder is None else "prolonged"
    update = {
        "status": Status.CLAIMED,
        "holder": command.by,
        "held_until": until,
        "snoozed_until": None,
    }
    return _next(memo, command, now, what, update, until)


def _released(memo: Memo, command: Command, now: datetime) -> Memo:
    return _next(memo, command, now, "released", {**_FREE, "status": Status.OPEN})


def _noted(memo: Memo, command: Command, now: datetime) -> Memo:
    return _next(memo, command, now, "note", {})


def _snoozed(memo: Memo, command: Command, now: datetime) -> Memo:
    assert isinstance(command, Snooze)
    until = command.until.astimezone(UTC)
    update = {**_FREE, "status": Status.OPEN, "snoozed_until": until, "due_at": until}
    return _next(memo, command, now, "snoozed", update, until)


def _called_back(memo: Memo, command: Command, now: datetime) -> Memo:
    assert isinstance(command, Callback)
    return _next(
        memo, command, now, "called_back", {"result": command.outcome, "snoozed_until": None}
    )


def _closed(memo: Memo, command: Command, now: datetime) -> Memo:
    update = {**_FREE, "status": Status.DONE, "snoozed_until": None}
    return _next(memo, command, now, "done", update)


def _reopened(memo: Memo, command: Command, now: datetime) -> Memo:
    return _next(memo, command, now, "reopened", {"status": Status.OPEN})


_AFTER: dict[str, Callable[[Memo, Command, datetime], Memo]] = {
    "claim": _claimed,
    "release": _released,
    "note": _noted,
    "snooze": _snoozed,
    "callback": _called_back,
    "done": _closed,
    "reopen": _reopened,
}
