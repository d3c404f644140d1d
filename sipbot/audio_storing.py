"""What the running sipbot has of the store of recordings: it finds what that one lacks.

Data path: audio_vault, recordings -> [audio_storing] -> (ledger) -> outbox -> audio_store_target
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from sipbot.audio_store import TARGET, UNDER_WAY, File, files_in
from sipbot.audio_store_target import AudioStoreTarget, tags_here
from sipbot.away import Tell
from sipbot.errors import AudioStoreError, LedgerError, SpoolError
from sipbot.ledger_audio_store import AudioStoreRows
from sipbot.publisher import Publisher
from sipbot.recordings import Recordings
from sipbot.s3 import Bucket

FIRST_S = 45.0
"""After the start: callers come first, then the encryption of what a crash left plain."""

COMPARE_EVERY_S = 86_400.0
"""Between two lists of what the store really has: a thousand files are one request of it."""

LOOK_EVERY_S = 600.0
"""Between two looks at all recordings, as `sipbot.audio_vault`: for what was encrypted while nobody
told us, and for those whose key was changed."""

AWAY_EVERY_S = 5.0
"""Between two looks at how long the store has been away."""

AT_ONCE = 200
"""Calls compared in one statement: some 2 ms of the ledger's thread."""

_log = structlog.get_logger()


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
        self._bucket = bucket
        self._target: AudioStoreTarget | None = None
        if bucket is not None:
            self._target = AudioStoreTarget(bucket, rows, recordings, tell)
        self._sealed: asyncio.Queue[str] = asyncio.Queue()
        self.nudge: Callable[[], None] = lambda: None
        """Has the outbox look again; called in the event loop."""
        self._asked = asyncio.Event()

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """The outbox's target."""
        return {} if self._target is None else {TARGET: self._target}

    def sealed(self, call: str) -> None:
        """A recording of this call was encrypted just now; called in the event loop."""
        if self._target is not None:
            self._sealed.put_nowait(call)

    def compare_soon(self) -> None:
        """Have `compare` done as soon as nothing else is looked at; called in the event loop."""
        self._asked.set()

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
        self.nudge()  # another process may have left something to do

    async def compare(self) -> None:
        """Compare what the store really has with what the ledger says; see `compared`."""
        if self._target is None or self._bucket is None:
            return
        began = _now()
        keys = await self._target.keys()
        await compared(self._bucket, self._rows, self._recordings, keys, began)
        self.nudge()

    async def _look_at_all(self) -> None:
        await asyncio.sleep(FIRST_S)
        compared_at: float | None = None
        while True:
            now = asyncio.get_running_loop().time()
            if compared_at is None or now - compared_at >= COMPARE_EVERY_S or self._asked.is_set():
                self._asked.clear()
                compared_at = now if await self._carefully(self.compare()) else None
            await self._carefully(self.look())
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()

    async def _look_at_new(self) -> None:
        while True:
            await self._carefully(self._want([await self._sealed.get()]))

    @staticmethod
    async def _look_at_store(look: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(AWAY_EVERY_S)
            look()

    @staticmethod
    async def _carefully(looking: Awaitable[None]) -> bool:
        """What a disk, the ledger or the store refuses now is found by the next look at all."""
        try:
            await looking
        except (OSError, LedgerError, AudioStoreError) as error:
            _log.error("recordings not compared with the store", problem=str(error))
            return False
        return True

    async def _want(self, calls: Iterable[str]) -> None:
        if self._bucket is None:
            return
        here = await asyncio.to_thread(self._tags_of, calls)
        if here and await self._rows.want(self._bucket.place, here, _now()):
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


async def compared(
    bucket: Bucket,
    rows: AudioStoreRows,
    recordings: Recordings,
    keys: Sequence[str],
    listed_at: datetime,
) -> None:
    """Have the ledger know what a store really has, and have stored again what it has lost.

    What is there and was erased is to be deleted; so are files of a call that an older ledger, put
    back, knew nothing of.  Files of calls without any trace here stay (`sipbot audio-store status`
    names them): after such a loss they may be all that there is.

    Args:
        bucket: where.
        rows: what the ledger knows.
        recordings: of this site.
        keys: of every object that the store has of it.
        listed_at: when they were asked for, UTC-aware; what was stored since may not be among them.

    Raises:
        LedgerError: it refuses.
    """
    there = sorted(files_in(bucket.site, keys))
    new = 0
    for start in range(0, len(there), AT_ONCE):
        new += await rows.found(bucket.place, there[start : start + AT_ONCE], _now())
    has, after, again = frozenset(there), "", 0
    while page := await rows.page(bucket.place, after, AT_ONCE):
        after = page[-1][0].call
        gone = [
            (file.call, file.name)
            for file, at in page
            if file.tag != UNDER_WAY and at < listed_at and (file.call, file.name) not in has
        ]
        lost = await asyncio.to_thread(_sealed_of, recordings, gone)
        await rows.lost(bucket.place, lost, _now())
        again += len(lost)
    if new or again:
        _log.warning("the store was not as the ledger says", unknown=new, stored_again=again)


def _sealed_of(recordings: Recordings, files: Iterable[File]) -> list[File]:
    return [file for file in files if recordings.is_sealed(*file)]


def _now() -> datetime:
    return datetime.now(UTC)
