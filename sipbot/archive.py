"""What an archive holds of a site: the rows of calls and memos, and what was promised.  Pure.

Data path: ledger_archive -> [archive] -> archive_store

The archive is a copy for history and reports of several sites; each row's owner is the site that
wrote it, and nobody else changes it.
"""

import json
from datetime import datetime
from typing import Any

import msgspec

TARGET = "archive"
"""Of deliveries."""

CALL, TERMS = "call:", "terms:"
"""Before what is to be archived, in a delivery that is about no memo."""

_NUL = "\\u0000"
"""In JSON; PostgreSQL stores no such character, neither as text nor in jsonb (its manual, 8.14)."""


class ArchivedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One INVITE."""

    call: str
    rev: int
    """Rises: 1 goes on, 2 has ended, 3 the caller was erased."""
    client: str | None
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    state: str | None
    sip_code: int | None
    rule: str
    number: str | None
    caller: str | None
    taken_here: bool
    """False for a call that another site took, from which its client came."""


class ArchivedMemo(msgspec.Struct, frozen=True, kw_only=True):
    """One memo at its latest revision."""

    id: str
    rev: int
    call: str
    client: str
    status: str
    stage: str
    category: str | None
    updated_at: datetime
    payload: str
    """The memo as JSON."""


class ArchivedTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a client was promised from some time on."""

    client: str
    since: datetime
    dialplan: str
    body: str
    """`sipbot.kpi.Terms` as JSON."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored in one transaction."""

    calls: tuple[ArchivedCall, ...] = ()
    memos: tuple[ArchivedMemo, ...] = ()
    terms: tuple[ArchivedTerms, ...] = ()
    gone_calls: tuple[str, ...] = ()
    """Calls that the site has no more; their memos go with them."""

    def __len__(self) -> int:
        """How many rows are stored or deleted."""
        return sum(map(len, (self.calls, self.memos, self.terms, self.gone_calls)))


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is of a site, in its ledger or in the archive."""

    site: str
    calls: int
    memos: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls somebody wants to read; their memos come with them."""

    clients: tuple[str, ...]
    since: datetime
    until: datetime
    """Does not belong to it."""


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """What all sites have of the calls that were asked for, as far as figures need it."""

    calls: tuple[ArchivedCall, ...]
    memos: tuple[ArchivedMemo, ...]
    terms: tuple[ArchivedTerms, ...]


class SiteMemo(msgspec.Struct, frozen=True, kw_only=True):
    """A memo and the site that owns it."""

    site: str
    payload: str
    """The memo as JSON."""


class OpenMemo(msgspec.Struct, frozen=True, kw_only=True):
    """What a row of a list shows of a memo, and the site that owns it."""

    site: str
    id: str
    rev: int
    client: str
    status: str
    body: str
    """JSON with the fields of `LISTED` that the memo has."""


LISTED = (
    *("stage", "call", "caller", "callback", "category", "urgency", "answers", "text"),
    *("due_at", "holder", "held_until", "snoozed_until", "result"),
)
"""Fields of a memo that a row of a list is made of; not its words, which are most of it."""


def storable(text: str) -> str:
    """Return JSON without the one character that PostgreSQL cannot store."""
    return json.dumps(_without_nul(json.loads(text)), ensure_ascii=False) if _NUL in text else text


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(one) for one in value]
        case dict():
            return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    return value
