"""Who works here, and what each may do with whose memos.  Pure.

Data path: accounts.toml -> accounts_file -> [accounts] -> (console, desk, broker, mqtt_acl)

Every part asks `may`, so that the page, the audio, the bus and the broker's rights say the same.  A
role says what one may do, the list of clients with whose memos, and a masked account sees numbers
and names nowhere: docs/admins.md, "Operators and their rights".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

import msgspec

Role = Literal["viewer", "operator", "lead", "admin"]
"""From the least to the most: each may also what the one before it may."""

Right = Literal["see", "listen", "live", "act", "plans", "export", "system"]
"""What is asked about: `see` memos and `listen` to recordings (their masked forms for a masked
account), follow a `live` call, `act` (claim, note, call back, close), read `plans` (the dialplan),
`export` memos and figures, and see the `system` (its alerts, the audit, who its clients are)."""

Language = Literal["", "en", "ja"]
"""Of the console's words; empty: the browser's."""

EVERY: Literal["*"] = "*"
"""Instead of a list of clients: all, also those that come later."""

OF_THE_SITE: frozenset[Right] = frozenset({"system"})
"""Rights that are about no client."""

_UNMASKED: frozenset[Right] = frozenset({"live", "act", "plans", "export"})
"""What shows who called, or needs it: nobody calls back without the number.  A dialplan has the
numbers of those on call and of callers who are refused."""

_RIGHTS: dict[Role, frozenset[Right]] = {
    "viewer": frozenset({"see", "listen", "live"}),
    "operator": frozenset({"see", "listen", "live", "act"}),
    "lead": frozenset({"see", "listen", "live", "act", "plans", "export"}),
    "admin": frozenset(get_args(Right)),
}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works with memos."""

    name: str
    """Id by which memos name their holder, and user name on the bus."""
    role: Role
    clients: tuple[str, ...] | Literal["*"]
    """Whose memos; `EVERY` for all."""
    masked: bool = False
    language: Language = ""
    extension: str = ""
    """Where the telephone of this person rings; empty when sipbot shall not call it."""


class Accounts:
    """All accounts of one moment.

    Args:
        accounts: with names that differ.
        passwords: argon2 hashes for the console by name; who has none cannot log in by password.
        bus_passwords: hashes for the broker by name; who has none is not on the bus.
        sha256: of the file, in hex; another file, another hash.
    """

    def __init__(
        self,
        accounts: Sequence[Account] = (),
        *,
        passwords: Mapping[str, str] | None = None,
        bus_passwords: Mapping[str, str] | None = None,
        sha256: str = "",
    ) -> None:
        self._accounts = {account.name: account for account in accounts}
        self._passwords = dict(passwords or {})
        self._bus_passwords = dict(bus_passwords or {})
        self.sha256 = sha256

    def __iter__(self) -> Iterator[Account]:
        """Every account, in the order of the file."""
        return iter(self._accounts.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._accounts)

    def get(self, name: str) -> Account | None:
        """Return the account of this name; None when there is none."""
        return self._accounts.get(name)

    def password_of(self, name: str) -> str:
        """Return the argon2 hash; empty when nobody can log in under this name by password."""
        return self._passwords.get(name, "")

    def bus_password_of(self, name: str) -> str:
        """Return the broker's hash of the bus password; empty when this account is not on the bus.

        Its form is that of `sipbot.bus_password`.
        """
        return self._bus_passwords.get(name, "")


def may(account: Account, what: Right, client: str | None = None) -> bool:
    """Tell whether this account may do that.

    Args:
        account: whose right.
        what: the right.
        client: with whose memos or dialplan; None for a right of the site, which is about none.
    """
    if account.masked and what in _UNMASKED:
        return False
    if what not in _RIGHTS[account.role]:
        return False
    if what in OF_THE_SITE:
        return client is None
    return client is not None and of_client(account, client)


def of_client(account: Account, client: str) -> bool:
    """Tell whether the account works for this client at all."""
    return account.clients == EVERY or client in account.clients
