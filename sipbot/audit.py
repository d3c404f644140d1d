"""Who did what in the web console, or heard at the command line: a row of the audit log.  Pure.

Data path: console -> console_link -> ledger -> report, export; looked -> ledger

Never what a caller said: a row names memos by their id.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Action = Literal[
    "login",
    "login_failed",
    "locked_out",
    "logout",
    "refused",
    "listen",
    "export",
    "search",
    "command",
    "callback",
    "change",
]
"""``refused`` is an attempt at what the account may not do (of one who tries often, now and then);
``command`` a verb of docs/mqtt.md; ``change`` anything else that alters what the site does."""

ACCOUNT_CHARS = 63
"""Of who did it: the name of an account, or of a system account and who acted as it."""

DETAIL_CHARS = 300
"""Of what is noted beside an action: a verb, the range that was listened to, the page refused."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did, or tried to do."""

    action: Action
    account: Annotated[str, Meta(max_length=ACCOUNT_CHARS)] = ""
    """Empty while nobody is logged in; a name that is not an account's is never written down, for
    people type passwords there.  At the command line the system's account."""
    address: Annotated[str, Meta(max_length=63)] = ""
    """Of the browser, as far as the console knows it; ``command line`` there."""
    client: Annotated[str, Meta(max_length=63)] | None = None
    memo: Annotated[str, Meta(max_length=63)] | None = None
    detail: Annotated[str, Meta(max_length=DETAIL_CHARS)] = ""
    """For people; never what a caller said, nor what was searched for."""
