"""Which operators have not read a client's file as it is in force.

Data path: dialplans, accounts, ledger_review -> [unread] -> cli_client_ack, console
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from sipbot.accounts import Account, may
from sipbot.ledger_review import Acknowledged


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A client's file that an operator has not read as it is now."""

    client: str
    operator: str
    sha256: str
    """Of the file as it is now."""
    read_before: datetime | None
    """When the operator last read another form of it; None: never."""


def works_for(account: Account, client: str) -> bool:
    """Tell whether this account has to know a client's file: it takes the client's memos."""
    return may(account, "act", client)


def unread(
    files: Mapping[str, str], accounts: Iterable[Account], read: Iterable[Acknowledged]
) -> list[Unread]:
    """Return who has still to read which client's file.

    Args:
        files: client → SHA-256 of its file in force.
        accounts: whose reading is asked for.
        read: what was read, the first that was read first.
    """
    some = list(read)
    known = {(one.client, one.operator, one.sha256) for one in some}
    latest = {(one.client, one.operator): one.at for one in some}
    whose = list(accounts)
    return [
        Unread(
            client=client,
            operator=account.name,
            sha256=sha256,
            read_before=latest.get((client, account.name)),
        )
        for client, sha256 in files.items()
        for account in whose
        if works_for(account, client) and (client, account.name, sha256) not in known
    ]
