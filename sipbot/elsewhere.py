"""What is kept of a site in other places too: rows in PostgreSQL, recordings in an S3 store.

Data path: ledger, audio_vault -> [elsewhere] -> archive_target, audio_storing
"""

from collections.abc import Callable, Coroutine, Mapping

from sipbot.archive_store import Server
from sipbot.archive_target import Archiving
from sipbot.audio_storing import AudioStoring
from sipbot.away import Tell
from sipbot.ledger import Ledger
from sipbot.publisher import Publisher
from sipbot.recordings import Recordings
from sipbot.s3 import Bucket


class Elsewhere:
    """Belongs to main's event loop.

    Args:
        archive: where rows go; None: nowhere.
        bucket: where recordings go; None: nowhere.
        ledger: says what has changed.
        recordings: of this site.
        tell: id of an alert, problem (None when it is over), remedy.
    """

    def __init__(
        self,
        archive: Server | None,
        bucket: Bucket | None,
        ledger: Ledger,
        recordings: Recordings,
        tell: Tell,
    ) -> None:
        self._archiving = Archiving(archive, ledger.archive, tell)
        self._storing = AudioStoring(bucket, ledger.audio_store, recordings, tell)
        self.sealed = self._storing.sealed
        """Told of every recording that was encrypted; called in the event loop."""
        self.compare = self._storing.compare_soon
        """Has the recordings compared with the store; called in the event loop."""

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """The outbox's targets."""
        return {**self._archiving.publishers, **self._storing.publishers}

    def nudge_with(self, nudge: Callable[[], None]) -> None:
        """Name what has the outbox look again; called in the event loop."""
        self._archiving.nudge = self._storing.nudge = nudge

    def parts(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        """What main runs, by name."""
        return [("archive", self._archiving.run()), ("audio store", self._storing.run())]


async def follow(ledger: Ledger, archive: Server | None, bucket: Bucket | None) -> None:
    """Have the ledger note what these have to be told, from its opening on.

    Raises:
        LedgerError: it refuses.
    """
    await ledger.archive.follow(wanted=archive is not None)
    await ledger.audio_store.follow(None if bucket is None else bucket.place)
