"""What is told to people by mail or chat, and who can be asked to tell it.  Pure.

Data path: ledger -> notice_watch -> [notice] -> ledger -> outbox -> notice_target -> apprise
"""

from datetime import datetime
from typing import Protocol

import msgspec

from sipbot.memo import Memo

TARGET_PREFIX = "notify:"
"""A delivery's target is this and the name of a ``[[notify.target]]`` of config.toml."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to people, as it lies in the ledger until it is sent."""

    ts: datetime
    """When it was stored, UTC-aware; `sipbot status` tells by it how long deliveries wait."""
    subject: str
    """One line."""
    body: str
    """Plain text, several lines."""
    urgent: bool = False

    def encode(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is sent with a message."""

    name: str
    """Such as ``sato-law-2026-W46.html``."""
    content: bytes


class Parcel(Notice, frozen=True, kw_only=True):
    """A message with files; it is sent as it is made, and never stored."""

    files: tuple[Attachment, ...]


class Notify(Protocol):
    """Who can tell people something; `sipbot.notice_watch.NoticeWatch` does."""

    async def tell(
        self, client: str, channel: str, subject: str, body: str, *, once: str = ""
    ) -> bool:
        """Store that a client's channel is to be told something; it is sent later, and again.

        When this returns, the message is in the ledger: neither a crash nor a target that is away
        loses it.  It may arrive twice when sipbot dies between sending it and storing that.

        Args:
            client: the client's id.
            channel: name of one of the client's ``[[notify]]`` tables.
            subject: one line, whole as it shall be read.
            body: plain text.
            once: the same words for the same client and channel are stored only once, however
                often this is called; empty: every call is a message of its own.

        Returns:
            False when the client has no channel of this name: nothing is stored.

        Raises:
            LedgerError: the ledger refuses; nothing is stored.
        """

    async def tell_of(self, channel: str, memo: Memo, why: str, *, once: str = "") -> bool:
        """Store that a channel of the memo's client is to be told of it, and why.

        The memo is shown as the channel's ``what`` says: masked, or in full.  See `tell` for what
        is promised, returned and raised.

        Args:
            channel: name of one of the client's ``[[notify]]`` tables.
            memo: as it is now.
            why: one line before the memo, without anything that the caller said.
            once: as for `tell`.
        """


def target_of(name: str) -> str:
    """Return how deliveries name a target of the settings."""
    return TARGET_PREFIX + name
