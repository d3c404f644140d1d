"""How browsers' connections are kept: so many of one address, and none that only waits.

uvicorn bounds all connections together and gives a first request all the time in the world, so that
a few hundred silent sockets of one host would keep everybody out.

A proxy's are not counted: it holds the connections of all browsers, and knows how many it opens.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from sipbot.console.places import is_from, neighbourhood_of

OF_ADDRESS_MAX = 350
"""At the same time from one address (one /64, with IPv6): 50 operators behind one, each with six
connections, as browsers open to a host, and a few that are about to end.  Of 500 in all, a single
host leaves 150 to the others."""

REQUEST_S = 10.0
"""In which a request has come whole, its body too: 64 kB at most, 10 kB a second."""


def protocol(proxies: Sequence[str]) -> type[asyncio.Protocol]:
    """Return what uvicorn speaks HTTP with.

    Args:
        proxies: networks whose connections are not counted.
    """

    counter = Counter[str]()

    class Connection(_Connection):
        trusted = tuple(proxies)
        there = counter

    return Connection


class _Connection(H11Protocol):
    """One connection; everything here runs in the event loop."""

    trusted: tuple[str, ...]
    there: Counter[str]
    """How many there are of each address that is not a proxy's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._counted = ""
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count it; one too many is closed without a word."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not is_from(address, self.trusted):
            self._counted = neighbourhood_of(address)
            self.there[self._counted] += 1
            if self.there[self._counted] > OF_ADDRESS_MAX:
                transport.abort()
                return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come; the rest of a request must follow in time."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        super().connection_lost(exc)
        self._let_be()
        if self._counted:
            self.there[self._counted] -= 1
            if not self.there[self._counted]:
                del self.there[self._counted]

    def _watch(self) -> None:
        """Give what is on its way its time; what is being answered has all it needs."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self.cycle.more_body:
            self._let_be()
        elif self._late is None:
            self._late = self.loop.call_later(REQUEST_S, self._give_up)

    def _let_be(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    # Event loop, from its timer.
    def _give_up(self) -> None:
        self._late = None
        self.transport.close()
