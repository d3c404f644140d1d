"""Who did what with a memo, and when; and how its next revision is made.  Pure.

Data path: [memo_history] -> memo -> command -> ledger
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, Self, TypeVar

from pydantic import AwareDatetime, Field

from sipbot.memo_answers import Part

SYSTEM = "sipbot"
"""``by`` of a change that no person made; no operator may have this name."""

ERASED = "What was deleted: `audio`, `masked`, `text`, `calls`; delete your copy of it, too."
"""Of a memo's ``erased``."""


class Outcome(StrEnum):
    """What came of calling back."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    MESSAGE_LEFT = "message_left"


class CalledBack(Part):
    """A call back that sipbot placed."""

    number: str = Field(description="Who was called, E.164.")
    ended: str | None = Field(
        default=None, description="How it ended; null while it goes on. See docs/mqtt.md."
    )
    talk_s: float | None = Field(
        default=None, description="How long both heard each other; null: not at all, or unknown."
    )


class Escalated(Part):
    """Somebody was told of a memo that nobody had claimed."""

    kind: Literal["to", "phone", "notify"] = Field(
        description="By the memo itself, by telephone, or by a notification."
    )
    target: str = Field(description="As the client's file names them: lead, rota, client.")
    why: str | None = Field(default=None, description="How long it was unclaimed, or what it is.")
    person: str | None = Field(default=None, description="Who of those on call was called.")
    end: str | None = Field(
        default=None, description="What came of the calls to those on call. See docs/mqtt.md."
    )


class HistoryEntry(Part):
    """Who changed what, and when."""

    rev: int
    at: AwareDatetime
    what: str
    by: str
    text: str | None = Field(default=None, description="What the operator noted.")
    outcome: Outcome | None = Field(default=None, description="Of a call back.")
    until: AwareDatetime | None = Field(
        default=None, description="Until when it was claimed or put off."
    )
    call_back: CalledBack | None = Field(
        default=None, description="In the entries of a call that sipbot placed."
    )
    escalated: Escalated | None = Field(
        default=None, description="In the entries of an escalation, and of the claim it led to."
    )


class Revised(Protocol):
    """What has revisions and a history; `sipbot.memo.Memo` is one."""

    @property
    def rev(self) -> int:
        """Rises by one with every change."""

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """Every change."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See pydantic."""


Memo = TypeVar("Memo", bound=Revised)


def next_revision(
    memo: Memo,
    at: datetime,
    update: Mapping[str, Any],
    *,
    what: str,
    by: str = SYSTEM,
    text: str | None = None,
    outcome: Outcome | None = None,
    until: datetime | None = None,
    call_back: CalledBack | None = None,
    escalated: Escalated | None = None,
) -> Memo:
    """Return the next revision of a memo.

    Args:
        memo: as it stands.
        at: now, UTC-aware.
        update: the fields that change, without ``rev`` and ``history``.
        what, by, text, outcome, until, call_back, escalated: of the new entry of the history.
    """
    rev = memo.rev + 1
    entry = HistoryEntry(
        rev=rev,
        at=at,
        what=what,
        by=by,
        text=text,
        outcome=outcome,
        until=until,
        call_back=call_back,
        escalated=escalated,
    )
    return memo.model_copy(update={**update, "rev": rev, "history": (*memo.history, entry)})
