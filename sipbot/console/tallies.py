"""How many memos there are in each view, counted once for all who look.

Counting ten thousand takes 10 ms; fifty browsers want it after each change.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sipbot.console.cards import Card, Tally, Wanted, tally

KEPT_S = 10.0
"""How old a figure may be when nothing has changed but the time, up to which memos are put off."""


class Tallies:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._moment = (0, 0)
        """At which change and time they were counted."""
        self._kept: dict[tuple[tuple[str, ...] | str, str, str], Tally] = {}

    def counts(
        self,
        cards: Mapping[str, Card],
        change: int,
        clients: tuple[str, ...] | Literal["*"],
        wanted: Wanted,
        me: str,
        now: datetime,
    ) -> dict[str, int]:
        """Return how many memos each view has for somebody; see `cards.Tally.of`.

        Args:
            cards: every memo that is to be done.
            change: number of the last change to them.
            clients: whose may be counted.
            wanted: the client and category that are wanted, whatever the view.
            me: name of the account that asks.
            now: our clock.
        """
        moment = (change, int(now.timestamp() / KEPT_S))
        if moment != self._moment:
            self._moment = moment
            self._kept.clear()
        key = (clients, wanted.client, wanted.category)
        if key not in self._kept:
            self._kept[key] = tally(cards, clients, wanted, now)
        return self._kept[key].of(me)
