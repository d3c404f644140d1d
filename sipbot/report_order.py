"""A report that is to be sent to a client, as it waits in the ledger.  Pure.

Data path: dialplan -> report_watch -> [report_order] -> ledger -> outbox -> report_target

An order names the report; the report itself, which names callers, is made when it is sent and is
never stored here: what is erased meanwhile is in no report any more.
"""

from datetime import datetime

import msgspec

from sipbot.archive_store import Server
from sipbot.report_form import ReportFileForm, ReportKind

PREFIX = "report:"
"""A delivery's target is this and the name of a ``[[notify.target]]``: reports have a lane of their
own, for an urgent memo must not wait until one is made."""

MARK = "report:"
"""Before kind and client in the ledger's table `meta`: up to when it is looked after, in s."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One report for one target."""

    ts: datetime
    """When it was stored, UTC-aware; `sipbot status` tells by it how long deliveries wait."""
    kind: ReportKind
    period: str
    """``2026-W46`` or ``2026-10``, of the client's zone."""
    files: tuple[ReportFileForm, ...]
    language: str
    """Of the reader: ja or en."""
    channel: str
    """Of the client's file; by it the client has asked for the report."""

    def encode(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)

    @property
    def what(self) -> str:
        """What is sent, for logs: ``weekly 2026-W46 (html csv)``."""
        return f"{self.kind} {self.period} ({' '.join(self.files)})"


class ReportAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known to make a report."""

    client: str
    order: Order
    now: datetime
    """When it is made, UTC-aware."""
    dialplans: str
    """Folder; of the clients' files those in force count."""
    region: str
    """ISO 3166-1 alpha-2, in whose manner their numbers are written."""
    var: str
    """Folder with the last good forms of the files."""
    archive: Server | None = None
    """Whose calls are all sites'; None: this site's own are meant."""


def key_of(kind: ReportKind, period: str) -> str:
    """Return what tells a client's report for a target from others."""
    return f"{PREFIX}{kind}:{period}"


def mark_of(kind: ReportKind, client: str) -> str:
    """Return the name under which the ledger keeps up to when a report is looked after."""
    return f"{MARK}{kind}:{client}"


def target_of(name: str) -> str:
    """Return how deliveries of reports name a target of the settings."""
    return PREFIX + name
