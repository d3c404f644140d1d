"""The store of recordings as a target of the outbox.

Data path: audio_vault -> (ledger) -> outbox -> [audio_store_target] -> s3 -> store

A delivery says only whose files to look at; what is done is what the disk and the tombstones ask
for at that moment.  What a crash repeats changes nothing, and a store that is away is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, TypeVar

import structlog

from sipbot.audio_store import PREFIX, TARGET, Stored, object_key, tag_of, todo
from sipbot.away import Away, Tell
from sipbot.errors import (
    AudioStoreError,
    AudioStoreRefusedError,
    FeedError,
    LedgerError,
    SpoolError,
)
from sipbot.ledger_audio_store import AudioStoreRows
from sipbot.publisher import Publisher
from sipbot.recordings import BOTH, Recordings
from sipbot.s3 import S3, Bucket

ALERT = "audio-store"

FIRST_S = 45.0
"""After the start: callers come first, then the encryption of what a crash left plain."""

LOOK_EVERY_S = 600.0
"""Between two looks at all recordings, as `sipbot.audio_vault`: for what was encrypted while nobody
told us, and for those whose key was changed."""

AWAY_EVERY_S = 5.0
"""Between two looks at how long the store has been away."""

AT_ONCE = 200
"""Calls compared in one statement: some 2 ms of the ledger's thread."""

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
        open_store: Callable[[Bucket], S3] = S3,
    ) -> None:
        self._away = Away(ALERT, tell)
        self.connected = self._away.connected
        self.look = self._away.look
        self._bucket = bucket
        self._rows = rows
        self._recordings = recordings
        self._open_store = open_store
        self._store: S3 | None = None
        self._refused = False

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
        self._refused = False
        try:
            await self._in_step(req.removeprefix(PREFIX))
        except (AudioStoreRefusedError, SpoolError) as error:
            self._refused = True
            raise FeedError(str(error)) from error
        except AudioStoreError as error:
            self._away.gone(str(error))
            raise FeedError(str(error)) from error
        except LedgerError as error:
            raise FeedError(str(error)) from error

    async def works(self) -> bool:
        """Whether the latest call was refused for what it is, by a store that is there."""
        return self._refused

    async def _in_step(self, call: str) -> None:
        here = await asyncio.to_thread(tags_here, self._recordings, call)
        do = todo(here, await self._rows.kept(call))
        for name in do.put:
            if not await self._rows.under_way(call, name, _now()):
                continue
            stored = await self._ask(partial(self._put, call, name))
            if stored is not None:
                await self._rows.stored(stored, _now())
        for name in do.delete:
            key = object_key(self._bucket.site, call, name)
            await self._ask(partial(_delete, key))
            await self._rows.deleted(call, name)
        if do.put or do.delete:
            _log.info("recordings stored", call=call, put=do.put, deleted=do.delete)

    async def _ask(self, what: Callable[[S3], Answer]) -> Answer:
        try:
            answer = await asyncio.to_thread(lambda: what(self._opened()))
        except asyncio.CancelledError:
            if self._store is not None:  # the end of the process would wait for its thread
                self._store.abort()
                self._store = None
            raise
        self._away.there()
        return answer

    # A thread of asyncio's, one at a time.
    def _opened(self) -> S3:
        if self._store is None:
            self._store = self._open_store(self._bucket)
        return self._store

    # A thread of asyncio's.
    def _put(self, call: str, name: str, store: S3) -> Stored | None:
        """Store a file; None: it is not here any more, and its tombstone comes after us."""
        return put(store, self._bucket.site, self._recordings, call, name)


def _delete(key: str, store: S3) -> None:
    store.delete(key)


def put(store: S3, site: str, recordings: Recordings, call: str, name: str) -> Stored | None:
    """Store an encrypted file; blocks.  Return what is stored now; None: there is no such file.

    Raises:
        AudioStoreError: the store is away, or does not take it.
        SpoolError: the disk refuses.
    """
    with _sealed(recordings, call, name) as file:
        if file is None:
            return None
        tag, size = tag_of(file), file.seek(0, 2)
        file.seek(0)
        store.put(object_key(site, call, name), file, size)
    return Stored(call=call, name=name, tag=tag, size_bytes=size)


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


class AudioStoring:
    """What the running sipbot has of the store; nothing where the settings name none.

    Args:
        bucket: where it is; None: there is none.
        rows: what the ledger knows.
        recordings: of this site.
        tell: id of an alert, problem (None when it is over), remedy.
    """

    def __init__(
        self, bucket: Bucket | None, rows: AudioStoreRows, recordings: Recordings, tell: Tell
    ) -> None:
        self._rows = rows
        self._recordings = recordings
        self._target = None
        if bucket is not None:
            self._target = AudioStoreTarget(bucket, rows, recordings, tell)
        self._sealed: asyncio.Queue[str] = asyncio.Queue()
        self.nudge: Callable[[], None] = lambda: None
        """Has the outbox look again; called in the event loop."""

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """The outbox's target."""
        return {} if self._target is None else {TARGET: self._target}

    def sealed(self, call: str) -> None:
        """A recording of this call was encrypted just now; called in the event loop."""
        if self._target is not None:
            self._sealed.put_nowait(call)

    async def run(self) -> None:
        """Have stored what the store has not, until cancelled."""
        if self._target is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_at_all(), name="audio store, all")
            group.create_task(self._look_at_new(), name="audio store, new")
            group.create_task(self._look_at_store(self._target.look), name="audio store, away")

    async def look(self) -> None:
        """Compare all recordings with what the store has."""
        calls = await asyncio.to_thread(self._recordings.calls)
        for start in range(0, len(calls), AT_ONCE):
            await self._want(calls[start : start + AT_ONCE])

    async def _look_at_all(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self._carefully(self.look())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_new(self) -> None:
        while True:
            await self._carefully(self._want([await self._sealed.get()]))

    @staticmethod
    async def _look_at_store(look: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(AWAY_EVERY_S)
            look()

    @staticmethod
    async def _carefully(looking: Awaitable[None]) -> None:
        """What a disk or the ledger refuses now is found by the next look at all."""
        try:
            await looking
        except (OSError, LedgerError) as error:
            _log.error("recordings not compared with the store", problem=str(error))

    async def _want(self, calls: Iterable[str]) -> None:
        here = await asyncio.to_thread(self._tags_of, calls)
        if here and await self._rows.want(here, _now()):
            self.nudge()

    # A thread of asyncio's.
    def _tags_of(self, calls: Iterable[str]) -> dict[str, dict[str, str]]:
        found = dict[str, dict[str, str]]()
        for call in calls:
            try:
                tags = tags_here(self._recordings, call)
            except SpoolError as error:  # it must not keep the others
                _log.error("a recording is not compared with the store", problem=str(error))
            else:
                found |= {call: tags} if tags else {}
        return found


def _now() -> datetime:
    return datetime.now(UTC)
