"""What the list of memos needs to know of each, and in which order they come.  Pure.

Ten thousand memos are held so in memory: what a row shows, and none of the words that the ears
heard one by one.  A row's place is a text that sorts as the rows do, so that the browser can put a
row that comes later where the server would have put it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

import msgspec

from sipbot.ledger_day import Clients
from sipbot.ledger_lists import Body
from sipbot.masking import MASK
from sipbot.memo import Memo, Stage, Status, Urgency
from sipbot.memo_history import Outcome

View = Literal["todo", "free", "mine", "later", "done"]
"""``todo``: all that are not done; of these ``free`` has nobody's name on it, ``later`` is put
off."""

VIEWS: tuple[View, ...] = get_args(View)

SNIPPET_CHARS = 280
"""Of the text in a row: three lines of a wide window."""

_KEY = re.compile(r"[01]-[01]-\d{13}-[a-z0-9-]{1,63}")


class _Call(msgspec.Struct, frozen=True):
    started_at: datetime
    cut_off: bool = False


class _Caller(msgspec.Struct, frozen=True):
    number: str | None = None
    name: str | None = None
    anonymous: bool = False


class _ToCall(msgspec.Struct, frozen=True):
    number: str | None = None
    shown: str | None = None
    confirmed: bool = False


class _Contents(msgspec.Struct, frozen=True):
    """The fields of a memo that a row shows; the others are skipped while reading."""

    stage: Stage
    call: _Call
    caller: _Caller
    callback: _ToCall
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    answers: dict[str, str] = {}
    text: str | None = None
    due_at: datetime | None = None
    holder: str | None = None
    held_until: datetime | None = None
    snoozed_until: datetime | None = None
    result: Outcome | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One memo in the list."""

    id: str
    rev: int
    client: str
    status: Status
    stage: Stage
    urgent: bool
    category: str | None
    at: datetime
    """When the call came."""
    due: datetime | None
    holder: str | None
    held_until: datetime | None
    snoozed_until: datetime | None
    name: str
    """What the caller said it was, else what the network said; empty when neither did."""
    company: str
    number: str
    """To call back, as people write it; empty when there is none."""
    confirmed: bool
    anonymous: bool
    text: str | None
    """The beginning."""
    cut_off: bool
    result: Outcome | None

    def is_later(self, now: datetime) -> bool:
        """Tell whether it is put off."""
        return self.snoozed_until is not None and self.snoozed_until > now

    def key(self, now: datetime) -> str:
        """Return the row's place: put off last; urgent first; then what is due, or waits, longest.

        What has no time at which it is due counts as due when the call came.
        """
        due = int((self.due or self.at).timestamp() * 1000)
        later, calm = self.is_later(now), not self.urgent
        return f"{later:d}-{calm:d}-{max(0, due):013d}-{self.id}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which memos somebody wants to see."""

    view: View = "todo"
    client: str = ""
    """Empty: of all clients that the account may see, like the next one."""
    category: str = ""

    def takes(self, card: Card, me: str, now: datetime) -> bool:
        """Tell whether a memo is among them.

        Args:
            card: the memo.
            me: name of the account that asks.
            now: our clock.
        """
        if self.client and card.client != self.client:
            return False
        if self.category and (card.category or "") != self.category:
            return False
        return is_in(card, self.view, me, now)


def is_in(card: Card, view: View, me: str, now: datetime) -> bool:
    """Tell whether a memo belongs to a view."""
    match view:
        case "todo":
            return card.status is not Status.DONE
        case "free":
            return card.status is Status.OPEN and not card.is_later(now)
        case "mine":
            return card.status is Status.CLAIMED and card.holder == me
        case "later":
            return card.status is not Status.DONE and card.is_later(now)
        case "done":
            return card.status is Status.DONE


def card_of(row: Body) -> Card | None:
    """Return a memo's row; None when this release cannot read the memo."""
    try:
        return _card(row, Status(row.status), msgspec.json.decode(row.body, type=_Contents))
    except (msgspec.DecodeError, ValueError):
        return None


def card_of_memo(memo: Memo) -> Card:
    """Return the row of a memo that is there as a whole."""
    return _card(memo, memo.status, memo)


def _card(which: Body | Memo, status: Status, memo: _Contents | Memo) -> Card:
    return Card(
        id=which.id,
        rev=which.rev,
        client=which.client,
        status=status,
        stage=memo.stage,
        urgent=memo.urgency is Urgency.URGENT,
        category=memo.category,
        at=memo.call.started_at,
        due=memo.due_at,
        holder=memo.holder,
        held_until=memo.held_until,
        snoozed_until=memo.snoozed_until,
        name=memo.answers.get("name") or memo.caller.name or "",
        company=memo.answers.get("company") or "",
        number=memo.callback.shown or memo.callback.number or "",
        confirmed=memo.callback.confirmed,
        anonymous=memo.caller.anonymous,
        text=memo.text if memo.text is None else memo.text[:SNIPPET_CHARS],
        cut_off=memo.call.cut_off,
        result=memo.result,
    )


def veiled(card: Card) -> Card:
    """Return a row for those who may not know who called: without words, names and numbers.

    The memo's own page shows the text with numbers and names hidden; a list of hundreds would make
    that for each of them, of which nobody reads most.
    """
    return msgspec.structs.replace(
        card,
        name=MASK,
        company="",
        number="",
        anonymous=False,
        text=None,
        holder=_mark(card.holder),
    )


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many memos there are of some clients and one category."""

    todo: int
    free: int
    later: int
    urgent: int
    """Of those that are free."""
    held: dict[str, int]
    """Operator to how many."""

    def of(self, me: str) -> dict[str, int]:
        """Return the figures for one operator: for each view but ``done``, and ``urgent``."""
        return {
            "todo": self.todo,
            "free": self.free,
            "mine": self.held.get(me, 0),
            "later": self.later,
            "urgent": self.urgent,
        }


def tally(cards: Mapping[str, Card], clients: Clients, wanted: Wanted, now: datetime) -> Tally:
    """Count memos by the client and category that are wanted, whatever the view."""
    every = Wanted(client=wanted.client, category=wanted.category)
    ours = [one for one in cards.values() if is_of(one, clients) and every.takes(one, "", now)]
    free = [one for one in ours if is_in(one, "free", "", now)]
    return Tally(
        todo=len(ours),
        free=len(free),
        later=sum(one.is_later(now) for one in ours),
        urgent=sum(one.urgent for one in free),
        held=Counter(one.holder for one in ours if one.holder),
    )


def is_of(card: Card, clients: Clients) -> bool:
    """Tell whether a memo is one of these clients'."""
    return clients == "*" or card.client in clients


def is_key(value: str) -> bool:
    """Tell whether a text may be a row's place, as `Card.key` gives it."""
    return _KEY.fullmatch(value) is not None


def _mark(holder: str | None) -> str | None:
    return MASK if holder else holder
