"""The names and payloads on the bus.  Pure: what goes where, never when or by whom.

Every topic of ``docs/mqtt.md`` is built here and nowhere else, from ids that were checked, so that
no client id or call id can smuggle a wildcard or a level into a topic
(GHSA-vcg2-pq78-9mhr).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from sipbot.errors import FeedError

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Form of every id in a topic; a UUID in text form is one."""

INFO_OF_ALL = "sipbot/1/+/info"
"""Filter of the `Topics.info` of every site."""

SiteState = Literal["ready", "degraded", "full", "stopping", "lost"]
FeedType = Literal["new", "update", "end"]
LiveType = Literal["ringing", "answered", "partial", "transferring", "connected", "hung_up"]


def checked(identifier: str) -> str:
    """Return the id unchanged.

    Raises:
        FeedError: it is not of the form above.
    """
    if ID.fullmatch(identifier) is None:
        raise FeedError(
            f"id {identifier!r} cannot be part of a topic: use 1 to 63 of a-z, 0-9 and -, "
            "not starting with -"
        )
    return identifier


def site_of(topic: str) -> str:
    """Return the site that a topic belongs to."""
    return topic.split("/", maxsplit=3)[2]


class Topics:
    """All topics of one site.

    Args:
        site: id of the site.
    """

    def __init__(self, site: str) -> None:
        self._root = f"sipbot/1/{checked(site)}"

    @property
    def state(self) -> str:
        """Retained: is the site able to take calls?"""
        return f"{self._root}/state"

    @property
    def info(self) -> str:
        """Retained: version and applied dialplans."""
        return f"{self._root}/info"

    def alert(self, alert: str) -> str:
        """Retained until cleared: something a person must look at."""
        return f"{self._root}/alert/{checked(alert)}"

    def memo(self, client: str, memo: str) -> str:
        """Retained while the memo is open: the whole memo."""
        return f"{self._client(client)}/memo/{checked(memo)}"

    def stats(self, client: str, period: str) -> str:
        """Retained: the client's figures of a period, ``today`` or ``month``."""
        return f"{self._client(client)}/stats/{checked(period)}"

    def feed(self, client: str) -> str:
        """Not retained: which memo changed, and how."""
        return f"{self._client(client)}/feed"

    def masked_memo(self, client: str, memo: str) -> str:
        """Retained while the memo is open: the memo with numbers and names hidden."""
        return f"{self._client(client)}/masked/memo/{checked(memo)}"

    def masked_feed(self, client: str) -> str:
        """Not retained: the feed's events, for readers of masked memos."""
        return f"{self._client(client)}/masked/feed"

    def answer(self, client: str, req: str) -> str:
        """Not retained: the answer to a command."""
        return f"{self._client(client)}/ack/{checked(req)}"

    def command(self, client: str, verb: str, by: str = "") -> str:
        """Not retained: what an operator asks for.

        Args:
            client, verb: what it is about.
            by: who sends it, which a broker can check that knows its users; empty to leave it out.
        """
        sender = f"/{checked(by)}" if by else ""
        return f"{self._client(client)}/cmd/{checked(verb)}{sender}"

    @property
    def commands(self) -> tuple[str, str]:
        """Filters for the commands of all clients: without their sender, and with it."""
        every = f"{self._root}/client/+/cmd/+"
        return every, f"{every}/+"

    def commands_by(self, client: str | None, by: str) -> str:
        """Filter for the commands to one client, or to all (None), that name this sender."""
        base = f"{self._root}/client/+" if client is None else self._client(client)
        return f"{base}/cmd/+/{checked(by)}"

    def asked(self, topic: str) -> "Asked | None":
        """Return what a command's topic says; None when it is of no command."""
        prefix = f"{self._root}/client/"
        match topic.removeprefix(prefix).split("/") if topic.startswith(prefix) else []:
            case [client, "cmd", verb, *by] if len(by) <= 1:
                if all(map(ID.fullmatch, (client, verb, *by))):
                    return Asked(client=client, verb=verb, sender=by[0] if by else None)
        return None

    def live(self, client: str, call: str) -> str:
        """Not retained, QoS 0: a call in progress."""
        return f"{self._client(client)}/live/{checked(call)}"

    def below(self, client: str | None, *, masked: bool = False) -> str:
        """Filter for whatever is below one client, or all (None); only the masked, if wanted."""
        base = f"{self._root}/client/+" if client is None else self._client(client)
        return f"{base}/masked/#" if masked else f"{base}/#"

    @property
    def alerts(self) -> str:
        """Filter for all alerts."""
        return f"{self._root}/alert/+"

    @property
    def site(self) -> str:
        """Filter for whatever the site says."""
        return f"{self._root}/#"

    def everything_of(self, client: str | None) -> tuple[str, ...]:
        """Filters for the memos, the feed and the calls of one client, or of all (None)."""
        base = self._client(client) if client is not None else f"{self._root}/client/+"
        return (f"{base}/memo/+", f"{base}/feed", f"{base}/live/+")

    def answers_of(self, client: str | None) -> str:
        """Filter for the answers to commands about one client's memos, or all clients' (None)."""
        base = self._client(client) if client is not None else f"{self._root}/client/+"
        return f"{base}/ack/+"

    def parse(self, topic: str) -> "Place | None":
        """Return what a topic is about; None when it is no client's memo, feed, live or ack."""
        prefix = f"{self._root}/client/"
        if not topic.startswith(prefix):
            return None
        match topic.removeprefix(prefix).split("/"):
            case [client, "feed"]:
                return Place(client=client, kind="feed")
            case [client, "memo", identifier]:
                return Place(client=client, kind="memo", id=identifier)
            case [client, "live", identifier]:
                return Place(client=client, kind="live", id=identifier)
            case [client, "ack", identifier]:
                return Place(client=client, kind="ack", id=identifier)
            case _:
                return None

    def _client(self, client: str) -> str:
        return f"{self._root}/client/{checked(client)}"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the topic of a command says."""

    client: str
    verb: str
    sender: str | None
    """The account that the broker let write there; None when the topic does not say."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What one of a client's topics is about."""

    client: str
    kind: Literal["memo", "feed", "live", "ack"]
    id: str = ""
    """Memo id, call id, or the name of a request; empty for the feed."""


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    schema: Literal[1] = 1

    def encode(self) -> bytes:
        """Return the payload as JSON, times in UTC with offset."""
        return msgspec.json.encode(self)


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The figures behind a state; null means "not measured"."""

    lines: int
    lines_in_use: int
    recognition_backlog_s: float | None = None
    """Audio that is on disk and has not been read by every ear that will read it."""
    deliveries_waiting: int | None = None
    """Memo revisions and answers that the broker has not acknowledged, dead letters included."""
    dead_letters: int | None = None
    """Those that the broker refused so often that nobody tries any more."""
    oldest_undelivered_s: float | None = None
    """Age of the oldest of them; 0 when none waits."""
    disk_free_bytes: int | None = None
    disk_days_left: float | None = None
    """If every line recorded round the clock, down to what sipbot keeps free."""
    quotas_warned: int | None = None
    """Clients who have used so much of this month's quota that somebody was warned."""
    quotas_used_up: int | None = None
    """Clients who have used all of it; their calls are taken all the same."""


class StatePayload(_Payload, frozen=True, kw_only=True):
    """Payload of ``state``; the last will carries ``lost`` with the same ``boot``."""

    state: SiteState
    boot: str
    """New at every start: a ``lost`` of an earlier boot is old news."""
    ts: datetime
    reasons: Sequence[str] = ()
    numbers: Numbers | None = None
    """As of `ts`; null in a last will."""


class InfoPayload(_Payload, frozen=True, kw_only=True):
    """Payload of ``info``."""

    version: str
    boot: str
    ts: datetime
    clients: Mapping[str, str] = {}
    """Client id to SHA-256 of the dialplan file in force."""


class AlertPayload(_Payload, frozen=True, kw_only=True):
    """Payload of ``alert/<id>``."""

    ts: datetime
    problem: str
    remedy: str = ""


class FeedPayload(_Payload, frozen=True, kw_only=True):
    """Payload of ``feed``."""

    type: FeedType
    memo: str
    rev: int
    seq: int
    """Rises by one per client; a gap means missed events, and the retained memos have it all."""
    changed: Sequence[str] = ()


class LivePayload(_Payload, frozen=True, kw_only=True):
    """Payload of ``live/<call>``."""

    type: LiveType
    ts: datetime
    text: str | None = None
    """Words heard so far; only with ``partial``."""
    caller: str | None = None
    """Number of the caller; only with ``ringing`` and ``answered``, null when it is withheld."""


def says_lost(payload: object) -> bool:
    """Tell whether a payload of our own state topic is a last will; strangers' junk is not."""
    if not isinstance(payload, bytes):
        return False
    try:
        return msgspec.json.decode(payload, type=StatePayload).state == "lost"
    except msgspec.DecodeError:
        return False
