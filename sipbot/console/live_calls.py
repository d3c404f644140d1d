"""The calls that go on now, as the news tell of them.  Pure.

Data path: main_line -> hub -> [live_calls] -> pages_live

What was said before the console began is not known: such a call appears with its next piece of
news.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from sipbot import console_wire as wire
from sipbot.topics import LiveType

CALLS_MAX = 1_000
"""Calls that are kept; ten times the lines of a large site, in case ends are not told."""


class LiveCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that goes on."""

    call: str
    client: str
    since: datetime
    """When it was heard of first."""
    step: LiveType
    begun: bool
    """Whether its beginning was heard, which alone says who calls."""
    caller: str | None = None
    text: str = ""
    """What was heard so far."""


class LiveCalls:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._over: dict[str, None] = {}
        """Calls that were hung up, the latest at the end: the ear may still be reading the rest of
        what was said, and what it hears must not bring the call back."""

    def hear(self, news: wire.Live) -> None:
        """Take a piece of news."""
        payload, known = news.payload, self._calls.get(news.call)
        if payload.type == "hung_up":
            self._calls.pop(news.call, None)
            self._over[news.call] = None
            if len(self._over) > CALLS_MAX:
                del self._over[next(iter(self._over))]
            return
        if news.call in self._over:
            return
        self._calls[news.call] = LiveCall(
            call=news.call,
            client=news.client,
            since=known.since if known else payload.ts,
            step=payload.type,
            begun=payload.type in ("ringing", "answered") or (known is not None and known.begun),
            caller=payload.caller or (known.caller if known else None),
            text=payload.text or (known.text if known else ""),
        )
        if len(self._calls) > CALLS_MAX:
            del self._calls[next(iter(self._calls))]

    def of(self, clients: Callable[[str], bool]) -> list[LiveCall]:
        """Return the calls of these clients, the oldest first.

        Args:
            clients: tells whose calls may be followed.
        """
        return sorted(
            (one for one in self._calls.values() if clients(one.client)), key=lambda one: one.since
        )
