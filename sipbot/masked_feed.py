"""Whatever goes to a client's memo and feed topics goes to its masked topics too, masked.

It stands between the outbox and the session with the broker, so the masked topics have the
outbox's guarantees: a delivery is made only when the broker has acknowledged both, in order per
client, again after a crash, all open memos again after a reconnect, and cleared when done.

What cannot be masked is not shown: its masked topic is cleared, the alert ``masking-failed`` is
raised, and deliveries go on.  A memo whose recording cannot be masked is shown without one, with
the alert ``masked-audio-failed``.
"""

import traceback
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from sipbot import kana
from sipbot.errors import SpoolError
from sipbot.masked_audio import MaskedCopy, heard_pieces, is_sure, masked_copy
from sipbot.masked_memo import masked
from sipbot.masking import mask_of, text_of
from sipbot.memo import Memo
from sipbot.outbox import Publisher
from sipbot.recordings import Recordings
from sipbot.text_thread import TextThread
from sipbot.topics import Topics
from sipbot.understanding import ClientFacts

EVERYBODY = "*"
"""In `mqtt.masked`: all clients."""

_TEXT, _AUDIO = "masking-failed", "masked-audio-failed"
"""The alerts."""
_TOLD = {
    _TEXT: (
        "memos that cannot be masked and are not shown",
        "The log tells where it failed: report it; the memos themselves are complete",
    ),
    _AUDIO: (
        "masked memos without a recording",
        "The log tells why: room, or the disk; each is tried again with its memo's next revision",
    ),
}
"""Alert to problem and remedy."""

_log = structlog.get_logger()


class Bus(Publisher, Protocol):
    """A publisher that takes any topic; `sipbot.mqtt.Feed` is one."""

    topics: Topics

    async def publish(self, topic: str, data: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait for the broker's acknowledgement.

        Raises:
            FeedError: the broker has not acknowledged.
        """


class Facts(Protocol):
    """Who knows what a dialplan says about reading texts; `sipbot.reading.Reading` is one."""

    def facts(self, client: str, /) -> ClientFacts:
        """Return what the dialplan of a client says."""


class MaskedFeed:
    """A publisher for the outbox that tells the bus everything twice: as it is, and masked.

    Args:
        bus: the session with the broker.
        clients: ids of those whose memos are masked too; `EVERYBODY` for all.
        recordings: beside which the masked ones are put.
        reading: is asked for a client's facts when one of its memos goes out.
        trouble: raises an alert (id, problem, remedy) or clears it (None); in the event loop.
        texts: where memos are masked.
        url: makes the address of a masked recording, of its path and its memo's id.
    """

    def __init__(
        self,
        bus: Bus,
        clients: Collection[str],
        recordings: Recordings,
        reading: Facts,
        trouble: Callable[[str, str | None, str], None],
        texts: TextThread,
        *,
        url: Callable[[Path, str], str] = lambda path, _: path.as_uri(),
    ) -> None:
        self.connected = bus.connected
        self.remember: Callable[[Collection[str]], Awaitable[Collection[str]]] | None = None
        """Keeps whose memos are masked, and returns whose ever were; None where nobody keeps it."""
        self._ever: Collection[str] | None = None
        self._bus = bus
        self._clients = clients
        self._recordings = recordings
        self._url = url
        self._reading = reading
        self._trouble = trouble
        self._texts = texts
        self._failed: dict[str, set[str]] = {_TEXT: set(), _AUDIO: set()}
        """Alert to the memos that are its reason since they last went out."""

    @property
    def session(self) -> int:
        """See `sipbot.outbox.Publisher`."""
        return self._bus.session

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`."""
        ever = await self._ever_masked()
        await self._bus.publish_memo(client, memo, payload)
        topic = self._bus.topics.masked_memo(client, memo)
        if self._wanted(client):
            hidden = await self._hidden(memo, payload)
            await self._bus.publish(topic, hidden, retain=True)
        elif client in ever or EVERYBODY in ever:
            # Every open memo goes out again at the start, so this takes its masked form away.
            await self._bus.publish(topic, b"", retain=True)

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`; an event tells nothing but ids and names of fields."""
        await self._bus.publish_feed(client, payload)
        if self._wanted(client):
            await self._bus.publish(self._bus.topics.masked_feed(client), payload)

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`; it names operators and has no masked form."""
        await self._bus.publish_answer(client, req, payload)

    async def works(self) -> bool:
        """See `sipbot.outbox.Publisher`."""
        return await self._bus.works()

    async def _ever_masked(self) -> Collection[str]:
        if self._ever is None:
            self._ever = await self.remember(self._clients) if self.remember else ()
        return self._ever

    def _wanted(self, client: str) -> bool:
        return client in self._clients or EVERYBODY in self._clients

    async def _hidden(self, memo: str, payload: bytes) -> bytes:
        """Return a memo masked; nothing when it is done, or when it may not be shown."""
        try:
            work = partial(self._masked, payload)
            hidden, silent = await self._texts.run(work) if payload else (b"", False)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all deliveries
            # Neither message nor values: both may hold what the caller said.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "a memo could not be masked; it is left out of the masked topics",
                memo=memo,
                error=type(error).__name__,
                place=f"{place.name}:{place.lineno}",
            )
            self._remember(_TEXT, memo, failed=True)
            hidden, silent = b"", False
        else:
            self._remember(_TEXT, memo, failed=False)
        self._remember(_AUDIO, memo, failed=silent)
        return hidden

    def _remember(self, alert: str, memo: str, *, failed: bool) -> None:
        memos = self._failed[alert]
        if failed == (memo in memos):
            return
        memos ^= {memo}
        problem, remedy = _TOLD[alert]
        if failed:
            self._trouble(alert, f"{problem}: {len(memos)}, as {memo}", remedy)
        elif not memos:
            self._trouble(alert, None, "")

    # The thread of the texts: reads, computes, and writes a copy of the recording.
    def _masked(self, payload: bytes) -> tuple[bytes, bool]:
        """Return a memo masked, and whether its recording could not be."""
        memo = Memo.model_validate_json(payload)
        facts = self._reading.facts(memo.client)
        if not facts.known:
            _log.info("memo of a client without a dialplan is not masked", memo=memo.id)
            return b"", False
        language = (memo.language or "").split("-", 1)[0]
        mask = mask_of(memo, facts, kana.reading if language == "ja" else None)
        copy: MaskedCopy | None = None
        failed = False
        if is_sure(memo):
            try:
                pieces = heard_pieces(memo, text_of(memo, mask))
                copy = masked_copy(self._recordings, memo.call.id, pieces)
            except SpoolError as error:
                # The memo is worth more than its sound; the next revision or reconnect tries again.
                failed = True
                _log.warning("no masked audio", memo=memo.id, error=str(error))
        url = self._url(Path(copy.path), memo.id) if copy else None
        hidden = masked(memo, mask, url=url, sha256=copy.sha256 if copy else "")
        return hidden.model_dump_json().encode(), failed
