"""Whose is a number that several clients want?  Pure.

The old owner stays: a file that claims a number of a client in force is refused, and of two files
that claim a number that nobody had both are.  What is refused leaves its client with the form that
was in force, whose numbers stay taken too; so refusing one may mean refusing another.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sipbot.dialplan import Dialplans
from sipbot.patterns import NumberIndex, fixed_digits, overlap
from sipbot.plan import Dialplan


class Claim(NamedTuple):
    """A number that a file must not have, and who else has or wants it."""

    place: int
    """Which of the file's numbers."""
    number: str
    """Of the other's, canonical; it may have wildcards."""
    other: Dialplan


Refused = dict[str, list[Claim]]
"""Client → why its new form is not taken."""


def settle(
    wanted: Mapping[str, Dialplan],
    standing: Dialplans,
    before: Callable[[str], Dialplan | None],
) -> Refused:
    """Say which new forms are refused, so that no number has two owners.

    Args:
        wanted: new forms, by client.
        standing: what is in force and stays so, without the clients of `wanted`.
        before: the form that a client of `wanted` falls back to; None when it has none.
    """
    refused: Refused = {}
    left = dict(wanted)
    while True:
        found = _against(left, standing) or _among(left, before)
        if not found:
            return refused
        for client, claims in found.items():
            refused[client] = claims
            del left[client]
        back = {client: before(client) for client in found}
        standing = standing.changed({client: plan for client, plan in back.items() if plan})


def _against(wanted: Mapping[str, Dialplan], standing: Dialplans) -> Refused:
    """New forms that want a number of a client in force."""
    found: Refused = {}
    if not standing.all:
        return found
    for client, plan in wanted.items():
        for place, number in enumerate(plan.numbers):
            for taken, other in standing.sharing(number):
                found.setdefault(client, []).append(Claim(place, taken, other))
    return found


def _among(wanted: Mapping[str, Dialplan], before: Callable[[str], Dialplan | None]) -> Refused:
    """New forms that want the same number: those that had it keep it, if they alone had it."""
    found: Refused = {}
    for one, other in _pairs(wanted.values()):
        (place, plan), (at, rival) = one, other
        number, wish = plan.numbers[place], rival.numbers[at]
        had, rival_had = _had(before(plan.client), wish), _had(before(rival.client), number)
        if rival_had or not had:
            found.setdefault(plan.client, []).append(Claim(place, wish, rival))
        if had or not rival_had:
            found.setdefault(rival.client, []).append(Claim(at, number, plan))
    return found


_Wish = tuple[int, Dialplan]


def _pairs(plans: Iterable[Dialplan]) -> list[tuple[_Wish, _Wish]]:
    """Numbers of different clients that overlap, so that everybody who has a rival is in one pair.

    Of many who want the very same number each is compared with the first alone.
    """
    wishes = [(number, (at, plan)) for plan in plans for at, number in enumerate(plan.numbers)]
    wishes.sort(key=lambda wish: fixed_digits(wish[0]))  # as NumberIndex.clashes wants it
    index: NumberIndex[_Wish] = NumberIndex()
    pairs = []
    for number, wish in wishes:
        rivals = [each for each in index.clashes(number) if each[1][1] is not wish[1]]
        pairs += [(rival, wish) for _, rival in rivals]
        if number not in (taken for taken, _ in rivals):
            index.add(number, wish)
    return pairs


def _had(plan: Dialplan | None, number: str) -> bool:
    return plan is not None and any(overlap(own, number) for own in plan.numbers)
