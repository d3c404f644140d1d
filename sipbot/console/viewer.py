"""What every page about memos needs beside the memos: who reads, in which words, at what time.

Templates call its methods by name, so that a row that is sent later reads as the page did.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import Request

from sipbot.accounts import Account, may
from sipbot.console import looks
from sipbot.console.parts import Parts, parts_of
from sipbot.ledger_day import Clients


class Viewer:
    """One account that looks at memos, in one browser.

    Args:
        request: of that browser.
        me: the account.
    """

    def __init__(self, request: Request, me: Account) -> None:
        self.me = me
        self.look = looks.look_of(request, me)
        self._parts = parts_of(request)

    @property
    def parts(self) -> Parts:
        """Everything that serves a request."""
        return self._parts

    @property
    def clients(self) -> Clients:
        """Whose memos this account may see at all; every question to the store has it."""
        return self.me.clients

    @property
    def hidden(self) -> bool:
        """Whether this account must not learn who called."""
        return self.me.masked

    def can_act(self, client: str) -> bool:
        """Tell whether it may work on this client's memos."""
        return may(self.me, "act", client)

    def client_name(self, client: str) -> str:
        """Return what a client is called; its id when its dialplan is not in force."""
        known = self._parts.hub.clients.get(client)
        return known.name if known is not None and known.name else client

    def values(self, now: datetime) -> dict[str, Any]:
        """Return what templates need at this moment."""
        words = self.look.words

        def bound(words_of: Callable[..., str]) -> Callable[[datetime], str]:
            return lambda at: words_of(at, now, words)

        return {
            "now": now,
            "hidden": self.hidden,
            "can_act": self.can_act,
            "client_name": self.client_name,
            "can_read_plan": lambda client: may(self.me, "plans", client),
            "due_words": bound(looks.due_words),
            "age_words": bound(looks.age_words),
            "since_words": bound(looks.since_words),
            "day_clock": lambda at: looks.day_clock(at, now, self.look.language),
            "local": lambda at: at.astimezone().strftime("%Y-%m-%dT%H:%M"),
        }
