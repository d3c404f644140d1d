"""What the outbox needs of whoever it delivers to."""

import asyncio
from typing import Protocol


class Publisher(Protocol):
    """What the outbox needs of a target; for MQTT sipbot/mqtt.py provides it."""

    connected: asyncio.Event
    """Set while the target is there."""

    @property
    def session(self) -> int:
        """Number of the present connection; rises with every reconnect.

        0 for a target that has none: what it refuses it refuses in words (`works`).
        """

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """Publish a memo and wait for the target to have it; an empty payload clears it.

        Raises:
            FeedError: the target has not acknowledged.
        """

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """Publish an event and wait for the target to have it.

        Raises:
            FeedError: the target has not acknowledged.
        """

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        """Publish the answer to an operator's command and wait for the target to have it.

        Raises:
            FeedError: the target has not acknowledged.
        """

    async def works(self) -> bool:
        """Whether the target acknowledges something else just now."""
