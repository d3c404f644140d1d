"""How much of a month's calls a client has used, and what that means.  Pure.

Data path: ledger -> [quota] -> quota_watch -> alerts, status, metrics

A quota never refuses a call: whoever rings is answered, and the agency and its client talk about
the price later.  So this is about knowing in time, not about stopping anybody.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from sipbot.dialplan_form import Quota
from sipbot.plan import Dialplan
from sipbot.records import EndState
from sipbot.topics import ID

Level = Literal["below", "warned", "used_up"]

SHOWN_MAX = 10
"""Clients that a status names, the most used first: more than a terminal shows beside everything
else; ``sipbot quota`` has all of them."""

REMEDY = (
    "Calls are taken all the same. Talk with the client, or raise quota.calls_per_month in its "
    "dialplan; sipbot quota shows every client"
)

_ID_CHARS = 63
"""The most that an id in a topic may have (`topics.ID`)."""

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_UNLIMITED = Quota(calls_per_month=1)
"""What counts for a client who has no quota; its limit is not looked at."""


class Month(msgspec.Struct, frozen=True, order=True):
    """A month of the calendar; when it begins depends on the time zone."""

    year: int
    number: int
    """1 to 12."""

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> "Month | None":
        """Return the month of ``2026-11``; None when the text is no month."""
        found = _MONTH.fullmatch(text)
        # Year 0 is none, and the month after 9999-12 has no beginning.
        if found is None or not 1 < int(found[1]) < 9999:
            return None
        return cls(int(found[1]), int(found[2]))

    @property
    def following(self) -> "Month":
        """The next month."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def begins(self, tz: ZoneInfo) -> datetime:
        """Return the first moment at which clocks of this zone show the month, UTC."""
        return datetime(self.year, self.number, 1, tzinfo=tz).astimezone(UTC)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls of a client are to be counted."""

    client: str
    since: datetime
    """UTC-aware; a call belongs to the month in which it came, whenever it ended."""
    until: datetime
    """Not counted in."""
    counts: tuple[EndState, ...]
    exclude: tuple[str, ...]
    """Categories of memos."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has used of a month."""

    client: str
    month: str
    used: int
    limit: int | None
    """None: the client has no quota."""
    percent: int | None
    """Rounded down: 100 means that nothing is left."""
    level: Level


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How all clients stand."""

    clients: int
    """Those that have a quota."""
    warned: int
    """Those above their `warn_at` who have calls left."""
    used_up: int
    most: tuple[Use, ...]
    """Those who have used most of theirs, at most `SHOWN_MAX`."""


def month_of(at: datetime, tz: ZoneInfo) -> Month:
    """Return the month that a moment belongs to in this zone.

    Every moment belongs to one month, also where clocks are set back over midnight and show the old
    month twice (St John's did until 2011): a month that has begun does not end before the next.
    """
    local = at.astimezone(tz)
    month = Month(local.year, local.month)
    return month.following if month.following.begins(tz) <= at else month


def rule_of(plan: Dialplan) -> Quota:
    """Return what counts for a client, also for one without a quota."""
    return plan.quota or _UNLIMITED


def ask(plan: Dialplan, month: Month) -> Ask:
    """Return the question to the ledger: how many calls of this client count in this month?"""
    rule = rule_of(plan)
    return Ask(
        client=plan.client,
        since=month.begins(plan.hours.tz),
        until=month.following.begins(plan.hours.tz),
        counts=rule.counts,
        exclude=rule.exclude,
    )


def counts(
    asked: Ask, client: str | None, received_at: datetime, state: EndState | None, memo: str | None
) -> bool:
    """Tell whether one call counts: the rule that the ledger's query obeys.

    Args:
        asked: what is counted.
        client: whom the call was for.
        received_at: when its INVITE came.
        state: how it ended; None while it lasts.
        memo: the category of its memo; None when it has none.
    """
    theirs = client == asked.client and asked.since <= received_at < asked.until
    return theirs and state in asked.counts and memo not in asked.exclude


def use(plan: Dialplan, month: Month, used: int) -> Use:
    """Return what a client has used of a month, and whether somebody should know."""
    limit = plan.quota.calls_per_month if plan.quota else None
    return Use(
        client=plan.client,
        month=str(month),
        used=used,
        limit=limit,
        percent=used * 100 // limit if limit else None,
        level=level(used, plan.quota) if plan.quota else "below",
    )


def level(used: int, quota: Quota) -> Level:
    """Return how far a client is: warned from `warn_at` on, used up from the last call on."""
    if used >= quota.calls_per_month:
        return "used_up"
    # In decimal: 0.55 of 100 calls is 55, not the 55.00000000000001 that floats make of it.
    warned = Decimal(str(quota.warn_at)) * quota.calls_per_month
    return "warned" if used >= warned else "below"


def alert_of(client: str, kind: str = "quota") -> str:
    """Return the id of the alert about a client's quota, or the like, which is part of a topic.

    The longest client ids leave no room for the word before them and are shortened.
    """
    alert = f"{kind}-{client}"
    if ID.fullmatch(alert):
        return alert
    digest = hashlib.sha256(client.encode()).hexdigest()[:8]
    return f"{kind}-{client[: _ID_CHARS - len(kind) - len(digest) - 2]}-{digest}"


def problem(found: Use) -> str | None:
    """Return what an alert says of a client; None when there is nothing to say."""
    if found.level == "below":
        return None
    said = f"{found.client} has used {found.used} of its {found.limit} calls of {found.month}"
    return f"{said}: none is left" if found.level == "used_up" else f"{said} ({found.percent} %)"


def figures(uses: Iterable[Use]) -> Figures:
    """Return how all clients with a quota stand."""
    limited = [one for one in uses if one.limit is not None]
    most = sorted(limited, key=lambda one: (-one.used / (one.limit or 1), one.client))
    return Figures(
        clients=len(limited),
        warned=sum(one.level == "warned" for one in limited),
        used_up=sum(one.level == "used_up" for one in limited),
        most=tuple(most[:SHOWN_MAX]),
    )
