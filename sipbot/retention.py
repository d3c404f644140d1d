"""Which of what callers left has to go, and by which rule.  Pure: no clock, no disk.

Data path: keep_form -> [retention] -> sweep, ledger_erasures

A day is 24 hours from the end of the call.  What an operator has still to do is never deleted by a
rule: a memo that is open stays whole, however old it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from sipbot.keep_form import KeepForm


class Kind(StrEnum):
    """A part of what a call has left."""

    AUDIO = "audio"
    """The recording."""
    MASKED = "masked"
    """The copy of the recording in which numbers and names are silent."""
    TEXT = "text"
    """Words: text, answers, what was keyed, notes; also those kept beside the recording."""
    CALLS = "calls"
    """Who called: number, name, addresses, and whom operators called back."""


EVERYTHING = tuple(Kind)
"""In the order in which it goes."""

BY_HAND = "erase"
"""The rule of what somebody asked to have erased."""

MENTIONS = "says this number; another caller"
"""Why a call is found whose caller is not the one who asked; its words go, and it is not shown."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call, without anything of what the caller left."""

    call: str
    client: str | None
    """None: nobody claimed the number that was called."""
    ended_at: datetime
    """UTC-aware."""
    memo: str | None = None
    to_do: bool = False
    """Whether its memo is open or claimed."""
    gone: frozenset[Kind] = frozenset()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What of a call is to go."""

    call: str
    kinds: tuple[Kind, ...]
    rule: str
    """``text_days = 365``, or `BY_HAND`."""
    memo: str | None = None
    why: str = ""
    """For people who look before it is done: how it was found; never a number or a word."""


def due(facts: Facts, keep: KeepForm, now: datetime) -> Wanted | None:
    """Return what of a call has to go by now; None when nothing has.

    Args:
        facts: of the call, which has ended.
        keep: its client's rules.
        now: UTC-aware.
    """
    if facts.to_do:
        return None
    expired = dict(_expired(keep, now - facts.ended_at))
    if Kind.CALLS in expired:
        expired = {kind: expired.get(kind, expired[Kind.CALLS]) for kind in EVERYTHING}
    kinds = tuple(kind for kind in EVERYTHING if kind in expired and kind not in facts.gone)
    if not kinds:
        return None
    rules = dict.fromkeys(expired[kind] for kind in kinds)
    return Wanted(call=facts.call, kinds=kinds, rule=", ".join(rules), memo=facts.memo)


def oldest_kept(keep: KeepForm, now: datetime) -> datetime | None:
    """Return before when a call must have ended for anything of it to be due; None: never.

    Args:
        keep: the rules.
        now: UTC-aware.
    """
    days = [days for kind in Kind if (days := _days(keep, kind)) is not None]
    return now - timedelta(days=min(days)) if days else None


def _expired(keep: KeepForm, age: timedelta) -> Iterator[tuple[Kind, str]]:
    for kind in Kind:
        days = _days(keep, kind)
        if days is not None and age >= timedelta(days=days):
            yield kind, f"{kind.value}_days = {days}"


def _days(keep: KeepForm, kind: Kind) -> int | None:
    days: int | None = getattr(keep, f"{kind.value}_days")
    return days


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept how long, of all clients."""

    of: dict[str, KeepForm]
    """By client."""
    otherwise: KeepForm
    """Of calls that nobody claimed.  Of a client that has no form in force (its file is broken, or
    away for a moment) nothing is due: its own rule may be ten years."""

    def of_client(self, client: str | None) -> KeepForm:
        """Return the rules of a client; None: of calls that nobody claimed."""
        return self.otherwise if client is None else self.of.get(client, KeepForm())
