"""Which number to call back, what speaks for it, and whether that is enough.  Pure.

Three kinds of evidence: what the caller keyed, what the caller said, and what the network says.
Two ears that agree are one kind, for they hear the same voice through the same line.

A number is confirmed only when

* the caller said that the read-back of the keyed number was right, and no other one was heard; or
* two kinds of evidence give it, and no other number was keyed or heard.  What was only heard waits
  for the other ear, which may hear another number.  Unless the caller both keyed and said it, a
  number that was heard and cannot be one (a digit was lost) counts as another: "from 03… here, but
  call 090…" with the second misheard must not confirm the first.

A number that the caller says not to call ("not at 03… but my mobile"), or near which a negation
stands, is confirmed by nothing, as far as `said_negation` knows the words.

Digits that are no number of the site's region, and are all of the caller ID's as people of its own
country say them ("four one five…" from +1 415…, 90… from +81 90…), give that number.  Fewer of
them, the end of it, give no number and contradict none: `is_end_of` tells those who show them.

On disagreement nothing is confirmed, all of it is shown, and the number to try first is the keyed
one (fingers err less than ears: of 30 numbers in Japanese speech 13 were understood right); else
one that was heard twice, by two ears or in two places (of those that ears agreed on, 25 of 27 were
right); else the network's, which at least reached us from a telephone that exists; else the last
that was said, since callers put first the number that they do not want to be called at.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sipbot.memo_answers import Callback, Evidence
from sipbot.numbers import display, is_e164, national

NATIONAL_MIN = 8
"""Digits of a whole national number, at least (Singapore's, Hong Kong's); fewer are alike by
chance."""

END_MIN = 6
"""Digits of a number's end that are not alike by chance: one number in a million ends so."""

EXTENSION_DIGITS_MAX = 6
"""Longest internal extension; digits beyond that are a telephone number or a slip."""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A telephone number in the text of an ear."""

    number: str
    """E.164; its digits when it cannot be a number."""
    valid: bool
    """False: no number can be so, or the caller says not to call it."""
    doubted: bool = False
    """Words near it may say not to call it."""
    audio_from_s: float | None = None
    audio_to_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """What is not known of a recording, and may speak against a number."""

    awaited: bool = False
    """An ear has still to read it: what was only heard may be another number."""
    unread: bool = False
    """An ear wrote a text that could not be understood: any number may be in it."""


_NO_DOUBTS = Doubts()


def keyed(number: str | None, region: str) -> tuple[Evidence, ...]:
    """Return the evidence of the keys; none without a number."""
    if not number:
        return ()
    return (_evidence("keys", number, region, valid=_may_be_called(number)),)


def shown_by_network(number: str | None, region: str) -> tuple[Evidence, ...]:
    """Return the evidence of the caller ID; none when it was withheld."""
    return (_evidence("caller_id", number, region),) if number else ()


def heard(spoken: Iterable[Spoken], engine: str, region: str) -> tuple[Evidence, ...]:
    """Return the evidence of one ear, one for each time that a number was said."""
    return tuple(
        _evidence("speech", one.number, region, valid=one.valid).model_copy(
            update={
                "engine": engine,
                "doubted": one.doubted,
                "audio_from_s": one.audio_from_s,
                "audio_to_s": one.audio_to_s,
            }
        )
        for one in spoken
    )


def with_ear(before: Sequence[Evidence], engine: str, anew: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence with what this ear says now instead of what it said before."""
    return [one for one in before if one.engine != engine or one.source != "speech"] + list(anew)


def decide(
    evidence: Iterable[Evidence], *, read_back: bool, doubts: Doubts = _NO_DOUBTS
) -> Callback:
    """Return whom to call back.

    Args:
        evidence: all there is; of each source and each ear.
        read_back: the caller said that the keyed number was read back right.
        doubts: what is not known of the recording.
    """
    ordered = _nationally(_in_order(evidence))
    first = _first(ordered)
    return Callback(
        number=first.number if first else None,
        shown=first.shown if first else None,
        confirmed=first is not None
        and not doubts.unread
        and _sure(first.number, ordered, read_back=read_back, awaited=doubts.awaited),
        evidence=ordered,
    )


def is_end_of(one: Evidence, number: str | None) -> bool:
    """Tell whether digits that are no number are the end of this one: the rest was not heard."""
    digits = one.number
    return number is not None and _is_rest(one) and number.endswith(digits) and digits != number


def _is_rest(one: Evidence) -> bool:
    """Whether it is heard, and no number: not one that the caller says not to call."""
    is_digits = one.number.isdecimal() and len(one.number) >= END_MIN
    return one.source == "speech" and not one.valid and is_digits


def _nationally(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Give the caller ID's number to digits that are all of it in its own country."""
    network = next((one for one in evidence if one.source == "caller_id"), None)
    if network is None or not is_e164(network.number):
        return tuple(evidence)
    home = national(network.number)
    given = {"number": network.number, "shown": network.shown, "valid": True}
    return tuple(
        one.model_copy(update=given)
        if _is_rest(one) and not one.doubted and one.number == home and len(home) >= NATIONAL_MIN
        else one
        for one in evidence
    )


def _evidence(source: str, number: str, region: str, *, valid: bool = True) -> Evidence:
    shown = display(number, region)
    return Evidence.model_validate(
        {
            "source": source,
            "number": number,
            "shown": shown if shown != number else None,
            "valid": valid,
        }
    )


def _may_be_called(number: str) -> bool:
    return is_e164(number) or len(number) <= EXTENSION_DIGITS_MAX


def _in_order(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Keys, speech in the order in which it was said, the network."""
    rank = {"keys": 0, "speech": 1, "caller_id": 2}

    def place(one: Evidence) -> tuple[int, float, str, str]:
        return rank[one.source], one.audio_from_s or 0.0, one.engine or "", one.number

    return tuple(sorted(evidence, key=place))


def _first(evidence: Sequence[Evidence]) -> Evidence | None:
    """The one to try first; one that cannot be called only when there is no other."""
    for usable in ([one for one in evidence if one.valid], evidence):
        spoken = [one for one in usable if one.source == "speech"]
        keys, network = (
            next((one for one in usable if one.source == source), None)
            for source in ("keys", "caller_id")
        )
        first = keys or _heard_twice(spoken) or network or (spoken[-1] if spoken else None)
        if first is not None:
            return first
    return None


def _heard_twice(spoken: Sequence[Evidence]) -> Evidence | None:
    """The number that was heard most often, at least twice and oftener than any other."""
    ranking = Counter(one.number for one in spoken).most_common(2)
    if not ranking or ranking[0][1] < 2 or (len(ranking) > 1 and ranking[1][1] == ranking[0][1]):
        return None
    return next(one for one in spoken if one.number == ranking[0][0])


def _sure(number: str, evidence: Sequence[Evidence], *, read_back: bool, awaited: bool) -> bool:
    kinds = {one.source for one in evidence if one.number == number and one.valid}
    others = [one for one in evidence if one.number != number and one.source != "caller_id"]
    rejected = any(one.number == number and (one.doubted or not one.valid) for one in evidence)
    if any(one.valid for one in others) or not kinds or rejected:
        return False
    if "keys" in kinds and (read_back or "speech" in kinds):
        return True
    return len(kinds) > 1 and not others and not (awaited and "speech" in kinds)
