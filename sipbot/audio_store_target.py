"""The store of recordings as a target of the outbox.

Data path: audio_vault -> (ledger) -> outbox -> [audio_store_target] -> s3 -> store

A delivery says only whose files to look at; what is done is what the disk and the tombstones ask
for at that moment.  What a crash repeats changes nothing, and a store that is away is waited for.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, TypeVar

import structlog

from sipbot.audio_store import PREFIX, Stored, object_key, tag_of, todo
from sipbot.away import Away, Tell
from sipbot.errors import (
    AudioStoreError,
    AudioStoreRefusedError,
    FeedError,
    LedgerError,
    SpoolError,
)
from sipbot.ledger_audio_store import AudioStoreRows
from sipbot.recordings import BOTH, Recordings
from sipbot.s3 import S3, Bucket

ALERT = "audio-store"

Answer = TypeVar("Answer")

_log = structlog.get_logger()


class AudioStoreTarget:
    """A `sipbot.publisher.Publisher` of files; belongs to main's event loop.

    Args:
        bucket: where.
        rows: what the ledger knows.
        recordings: of this site, encrypted.
        tell: id of an alert, problem (None when it is over), remedy.
        open_store: how the bucket is reached.
    """

    def __init__(
        self,
        bucket: Bucket,
        rows: AudioStoreRows,
        recordings: Recordings,
        tell: Tell,
        open_store: Callable[[Bucket, threading.Event], S3] = S3,
    ) -> None:
        self._away = Away(ALERT, tell)
        self.connected = self._away.connected
        self.look = self._away.look
        self._bucket = bucket
        self._rows = rows
        self._recordings = recordings
        self._open_store = open_store
        self._store: S3 | None = None
        self._opening = threading.Lock()
        self._aborted = threading.Event()
        self._refused = False
        self._done = 0
        """Calls that the store has got, or got rid of."""
        self._failed = dict[str, int]()
        """Calls it has failed → how many others it had done by then."""

    @property
    def session(self) -> int:
        """Never rises: see `sipbot.publisher.Publisher`."""
        return 0

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """Nothing: the store has no memos."""

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """Nothing: the store has no events."""

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:  # noqa: ARG002 - Publisher
        """Bring what the store has of a call into step with what is here.

        Raises:
            FeedError: the store has not done it, or a file cannot be read here.
        """
        self._refused, call = False, req.removeprefix(PREFIX)
        try:
            await self._in_step(call)
        except (AudioStoreRefusedError, SpoolError) as error:
            self._refused = True
            raise FeedError(str(error)) from error
        except AudioStoreError as error:
            # A store that works for others must not be waited for, whatever it says of this one:
            # it would hold up its client for ever.
            self._refused = await self._works_for_others(call)
            if not self._refused:
                self._away.gone(str(error))
            raise FeedError(str(error)) from error
        except LedgerError as error:
            raise FeedError(str(error)) from error
        self._failed.pop(call, None)

    async def keys(self) -> list[str]:
        """Return the name of every object of our site.

        Raises:
            AudioStoreError: the store is away, or refuses us.
        """
        return await self._asked(lambda store: list(store.keys()))

    async def works(self) -> bool:
        """Whether the latest call was refused for what it is, by a store that is there."""
        return self._refused

    async def _works_for_others(self, call: str) -> bool:
        """Whether it has done others since it failed this call, or takes something else now."""
        since, self._failed[call] = self._failed.get(call, self._done), self._done
        if self._done > since:
            return True
        try:
            await self._asked(S3.try_out)
        except AudioStoreError as error:
            _log.debug("the store takes nothing else either", problem=str(error))
            return False
        self._away.there()
        return True

    async def _in_step(self, call: str) -> None:
        place = self._bucket.place
        kept = await self._rows.kept(place, call)
        # First, and from the ledger alone: what was erased must go, whatever the disk says here.
        gone = todo({}, kept).delete
        for name in gone:
            key = object_key(self._bucket.site, call, name)
            await self._ask(partial(_delete, key))
            await self._rows.deleted(place, call, name)
        here = await asyncio.to_thread(tags_here, self._recordings, call)
        new = todo(here, kept).put
        for name in new:
            if not await self._rows.under_way(place, call, name, _now()):
                continue
            stored = await self._ask(partial(self._put, call, name))
            if stored is not None:
                await self._rows.stored(place, stored, _now())
        if new or gone:
            _log.info("recordings stored", call=call, put=new, deleted=gone)

    async def _ask(self, what: Callable[[S3], Answer]) -> Answer:
        try:
            answer = await self._asked(what)
        except AudioStoreRefusedError:
            self._away.there()
            raise
        self._away.there()
        self._done += 1
        return answer

    async def _asked(self, what: Callable[[S3], Answer]) -> Answer:
        try:
            return await asyncio.to_thread(lambda: what(self._opened()))
        except asyncio.CancelledError:
            self._aborted.set()  # the end of the process would wait for its thread
            self._aborted, self._store = threading.Event(), None
            raise

    # A thread of asyncio's.
    def _opened(self) -> S3:
        with self._opening:
            if self._store is None:
                self._store = self._open_store(self._bucket, self._aborted)
            return self._store

    # A thread of asyncio's.
    def _put(self, call: str, name: str, store: S3) -> Stored | None:
        """Store a file; None: it is not here any more, and its tombstone comes after us."""
        with _sealed(self._recordings, call, name) as file:
            if file is None:
                return None
            tag, size = tag_of(file), file.seek(0, 2)
            file.seek(0)
            store.put(object_key(self._bucket.site, call, name), file, size)
        return Stored(call=call, name=name, tag=tag, size_bytes=size)


def _delete(key: str, store: S3) -> None:
    store.delete(key)


@contextmanager
def _sealed(recordings: Recordings, call: str, name: str) -> Iterator[BinaryIO | None]:
    """Open an encrypted file, if there is one; whatever its disk refuses is a `SpoolError`."""
    file = recordings.open_sealed(call, name)
    if file is None:
        yield None
        return
    try:
        with closing(file):
            yield file
    except OSError as error:
        problem = f"{recordings.folder(call)}: {name} cannot be read: {error.strerror}"
        raise SpoolError(problem) from error


def tags_here(recordings: Recordings, call: str) -> dict[str, str]:
    """Return the tags of a call's encrypted files, by name; blocks.

    Raises:
        SpoolError: the disk refuses.
    """
    found = dict[str, str]()
    for name in BOTH:
        with _sealed(recordings, call, name) as file:
            if file is not None:
                found[name] = tag_of(file)
    return found


def _now() -> datetime:
    return datetime.now(UTC)
