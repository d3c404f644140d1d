"""Whom sipbot may be asked to call back, and at which telephone.  Pure.

Data path: command -> decision, [call_decision] -> ledger

A request names nobody freely: the number is one of the memo's own, the telephone is the operator's
or one that the settings allow.  docs/decisions/0015-call-back.md
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sipbot import call_back, toll
from sipbot.command import Call, told
from sipbot.memo import Memo
from sipbot.numbers import canonical
from sipbot.patterns import matches
from sipbot.transfer_target import flaw

_SHOWN_MAX = 3
"""Numbers of a memo that an answer lists; a caller can have said any amount of them."""


def _nobodys(_number: str) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Phones:
    """What settings and accounts say of calls back."""

    of: Mapping[str, str] = field(default_factory=dict)
    """Operator → number or SIP URI of their telephone."""
    extensions: tuple[str, ...] = ()
    """Telephones that a command may name: numbers, patterns, SIP URIs."""
    numbers: tuple[str, ...] = ()
    """Beginnings of the numbers that may be called; none: the region's own."""
    region: str = ""
    answered_here: Callable[[str], bool] = _nobodys
    """Whether a number is a client's own: sipbot would answer itself, and make a memo of it."""


NOBODY = Phones()
"""Before the settings are known, and where calls back are not set up."""


class No(NamedTuple):
    """Why not: the answer's code and words."""

    code: str
    problem: str


class Wanted(NamedTuple):
    """Whom to call, and from which telephone."""

    extension: str
    number: str


def wanted(memo: Memo, command: Call, phones: Phones, now: datetime) -> Wanted | No:
    """Return whom to call, or why nobody is.

    Args:
        memo: as it stands.
        command: from somebody who may call this memo's caller.
        phones: of the settings.
        now: our clock, UTC-aware.
    """
    if call_back.going(memo, now):
        return No("calling", "sipbot is calling back for this memo already")
    extension = _extension(command, phones)
    if isinstance(extension, No):
        return extension
    number = _number(memo, command, phones.region)
    if isinstance(number, No):
        return number
    problem = toll.flaw(number, phones.numbers, phones.region)
    if not problem and phones.answered_here(number):
        problem = "is a client's own number, which sipbot answers"
    if problem:
        return No("number_not_allowed", f"{number} {problem}. Call it yourself, or not at all")
    return Wanted(extension, number)


def begun(memo: Memo, command: Call, phones: Phones, now: datetime) -> Memo:
    """Return the memo of which `wanted` has said whom to call."""
    found = wanted(memo, command, phones, now)
    assert isinstance(found, Wanted)
    return call_back.begun(memo, command.by, found.number, now, command.text)


def _extension(command: Call, phones: Phones) -> str | No:
    own = phones.of.get(command.by)
    asked = command.extension
    if asked is None:
        if own is not None:
            return own
        return No(
            "no_extension",
            f"by = {command.by}: no telephone of this operator is known. Write extension = … into "
            "their account (accounts.toml), where there are no accounts a [[call_back.phone]] into "
            "config.toml, or name one that call_back.extensions allows",
        )
    there = asked if ":" in asked else canonical(asked, phones.region)
    allowed = (*phones.extensions, *([own] if own is not None else []))
    if flaw(there) or not any(matches(one, there) for one in allowed):
        return No("bad_field", told("extension", asked))
    return there


def _number(memo: Memo, command: Call, region: str) -> str | No:
    valid = list(dict.fromkeys(one.number for one in memo.callback.evidence if one.valid))
    if command.number is not None:
        asked = canonical(command.number, region)
        return asked if asked in valid else No("bad_field", told("number", command.number))
    if memo.callback.number is None:
        return No("no_number", "The memo has no number: listen to it")
    if memo.callback.confirmed:
        return memo.callback.number
    return No("unconfirmed", f"The number is not confirmed. Say which: number = {_some(valid)}")


def _some(numbers: Iterable[str]) -> str:
    known = list(numbers)
    return " or ".join(known[:_SHOWN_MAX]) + (" …" if len(known) > _SHOWN_MAX else "")
