"""The door of the console: a name and a password, or a while of waiting.

A wrong name takes as long as a wrong password and gets the same answer, so that nobody learns who
works here.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from sipbot.accounts import Account, Accounts
from sipbot.console.limits import Locks
from sipbot.console.places import neighbourhood_of
from sipbot.passwords import LONGEST_CHARS

GUESSES = 5
"""Failures of one name from one address that close the door for a minute: people mistype twice."""

GUESSES_OF_ADDRESS = 30
"""Of one address with whatever names: an office behind one address has many people."""

GUESSES_OF_NAME = 60
"""Of one name from whatever addresses: whoever has many addresses can close somebody else's door
with it, so it takes many, and a guesser gets no further than a few hundred a day."""

CLOSED_S, CLOSED_MAX_S = 60.0, 900.0

AT_ONCE = 2
"""Passwords looked at at the same time: each takes a core for 50 ms and 64 MB (argon2id)."""

QUEUE_MAX = 20
"""Logins that wait for it: a second of waiting."""

Verify = Callable[[str, str], bool]
"""Tells whether a password is the one of a hash: (hash, password)."""


class Closed(msgspec.Struct, frozen=True):
    """Come back later."""

    wait_s: float
    locked: bool
    """Whether it is for too many failures; else too many people are logging in."""


class Doors:
    """Everything here runs in the event loop, but for the passwords.

    Args:
        verify: looks at a password; runs in a thread.
        dummy: a hash of nobody's password, for names that nobody has.
        now_s: a clock that never goes back.
    """

    def __init__(
        self, verify: Verify, dummy: str, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._verify = verify
        self._dummy = dummy
        self._now_s = now_s
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._locks = {
            "name+address": Locks(GUESSES, CLOSED_S, CLOSED_MAX_S),
            "address": Locks(GUESSES_OF_ADDRESS, CLOSED_S, CLOSED_MAX_S),
            "name": Locks(GUESSES_OF_NAME, CLOSED_S, CLOSED_MAX_S),
        }

    async def knock(
        self, accounts: Accounts, name: str, password: str, address: str
    ) -> Account | Closed | None:
        """Return who it is; None when name or password are wrong.

        Args:
            accounts: in force.
            name, password: as typed.
            address: of the browser.
        """
        keys = _keys(name, address)
        wait_s = self.wait_s(name, address)
        if wait_s > 0:
            return Closed(wait_s, locked=True)
        if self._waiting >= QUEUE_MAX:
            return Closed(1.0, locked=False)
        # Counted before it is known to be wrong: many at once are many guesses.
        for kind, key in keys.items():
            self._locks[kind].failed(key, self._now_s())
        account = accounts.get(name)
        known = accounts.password_of(name)
        right = await self._fits(known or self._dummy, password)
        if account is None or not known or not right:
            return None
        self._locks["name+address"].succeeded(keys["name+address"])
        self._locks["name"].succeeded(keys["name"])
        self._locks["address"].succeeded(keys["address"])
        return account

    def wait_s(self, name: str, address: str) -> float:
        """Return for how many seconds this name is let in from this address by no password."""
        now_s = self._now_s()
        return max(
            self._locks[kind].wait_s(key, now_s) for kind, key in _keys(name, address).items()
        )

    async def _fits(self, known: str, password: str) -> bool:
        if len(password) > LONGEST_CHARS:
            return False
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(self._verify, known, password)
        finally:
            self._waiting -= 1


def _keys(name: str, address: str) -> dict[str, str]:
    name, address = name[:64], neighbourhood_of(address)
    return {"name+address": f"{name}\n{address}", "address": address, "name": name}
