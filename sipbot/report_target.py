"""One target of reports, as the outbox needs it: has the report made, sends it, writes that down.

Data path: ledger -> outbox -> [report_target] -> reckoning -> notice_target -> mail, a folder

Each has a lane of the outbox of its own beside that of its target's notifications.  What was sent
is written down before anything else is done, so that only a crash between the two repeats it.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from sipbot.errors import LedgerError, ReportError
from sipbot.handover import Disclosure
from sipbot.ledger_notices import Notices
from sipbot.notice import Attachment, Parcel
from sipbot.notice_sender import Sent
from sipbot.notice_target import NoticeTarget
from sipbot.report_letter import letter
from sipbot.report_order import Order

KIND = "report"
"""Of the row that says what left this site."""

AGAIN_S = 1.0
"""Until a ledger that refuses is asked again (as the outbox does)."""

_log = structlog.get_logger()

Make = Callable[[str, Order], Awaitable[list[Attachment]]]
"""Makes a client's report; raises ReportError when it never can, LedgerError when not now."""

NameOf = Callable[[str, str, Order], str | None]
"""Client, target and order to the client's name; None: they are to get no such report any more."""


class ReportTarget:
    """A `sipbot.publisher.Publisher` of reports; everything runs in the event loop.

    Args:
        name: of the target in the settings.
        ledger: where it is written down what was sent.
        make: makes a report.
        name_of: says who may still get one.
        way: sends it.
        clock: the time, UTC-aware.
    """

    def __init__(
        self,
        name: str,
        ledger: Notices,
        make: Make,
        name_of: NameOf,
        way: NoticeTarget,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._ledger = ledger
        self._make = make
        self._name_of = name_of
        self._way = way
        self._clock = clock
        self.connected = way.connected

    @property
    def session(self) -> int:
        """Never rises: see `sipbot.publisher.Publisher`."""
        return self._way.session

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """Refuse, as `NoticeTarget` does."""
        await self._way.publish_memo(client, memo, payload)

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """Refuse, likewise."""
        await self._way.publish_feed(client, payload)

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        """Make the report that was ordered, and send it.

        Raises:
            FeedError: it could not be made, or the target has not taken it.
        """
        order = msgspec.json.decode(payload, type=Order)
        if await self._ledger.was_sent(KIND, client, self._name, order.what):
            _log.info("a report was sent before a crash", client=client, report=order.what)
            return
        say_name = self._name_of(client, self._name, order)
        if say_name is None:
            words = f"{client} is to get no {order.kind} report here any more"
            self._way.failed(client, req, Sent(done=False, for_good=True, words=words))
        try:
            files = await self._make(client, order)
        except ReportError as error:
            sent = Sent(done=False, for_good=True, words=str(error))
            self._way.failed(client, req, sent)
        except LedgerError as error:
            self._way.failed(client, req, Sent(done=False, words=str(error)))
        subject, body = letter(order, say_name)
        parcel = Parcel(ts=self._clock(), subject=subject, body=body, files=tuple(files))
        await self._way.tell(client, req, parcel)
        await self._note(client, order, files)

    async def works(self) -> bool:
        """Whether the latest report was refused for good, or can never be made."""
        return await self._way.works()

    async def _note(self, client: str, order: Order, files: Sequence[Attachment]) -> None:
        """Write down what was sent, however long the ledger refuses: else it would go out twice."""
        rows = [
            Disclosure(
                kind=KIND,
                client=client,
                by="sipbot",
                recipient=self._name,
                basis=f"[[notify]] {order.channel} of the client's file",
                what=f"{order.what}: {one.name}",
                sha256=hashlib.sha256(one.content).hexdigest(),
            )
            for one in files
        ]
        while True:
            try:
                await self._ledger.note_sent(rows, self._clock())
            except LedgerError as error:
                _log.warning("what was sent is not written down yet", problem=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                _log.info("report sent", client=client, report=order.what, target=self._name)
                return


def alert_of(name: str) -> str:
    """Return the alert about reports to a target."""
    return f"report-{name}"
