"""One target of notifications, as the outbox needs it.

Data path: ledger -> outbox -> [notice_target] -> notice_sender -> mail, chat

Each target has a lane of the outbox of its own, so one that is away holds up neither the bus nor
another target.  It has no topics and no session: nothing is said again, and a crash between
sending a message and storing that repeats that one message.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import msgspec

from sipbot.errors import FeedError
from sipbot.notice import Notice
from sipbot.notice_sender import Sent

_Key = tuple[str, str]
"""Client and ``req`` of a message."""

ALARM_AFTER = 3
"""Messages in a row that were not taken before somebody is alerted: with the outbox's waits, some
seconds, so a mail server that restarts alarms nobody (our wish)."""

LONGEST_S = 60.0
"""How long a message may take; apprise gives up earlier by itself, except on a service that sends
its answer byte by byte."""

LET_GO_S = 600.0
"""After how long a message whose answer never ends keeps the others no longer: each such leaves a
thread behind, so not much sooner (our wish).  It may be taken twice then."""


@dataclass(frozen=True)
class _Going:
    """A message that is being sent."""

    key: _Key
    since: float
    """On the event loop's clock."""
    answer: asyncio.Future[Sent]


class NoticeTarget:
    """A `sipbot.publisher.Publisher` of notices.

    Args:
        name: of the target in the settings.
        send: sends one notice, in a thread of its own; blocks.
        trouble: raises an alert (id, problem, remedy) or clears it (None); in the event loop.
        alert: which it raises; empty: that of the target's notifications.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Notice], Sent],
        trouble: Callable[[str, str | None, str], None],
        *,
        alert: str = "",
    ) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self._name = name
        self._alert = alert or alert_of(name)
        self._send = send
        self._trouble = trouble
        self._failures = 0
        self._refused = False
        self._going: _Going | None = None
        """What is being sent, given up or not: a service that hangs gets no second one before
        `LET_GO_S`."""
        self._given_up: dict[_Key, bool] = {}
        """Messages that took too long → whether they were taken all the same, later."""

    @property
    def session(self) -> int:
        """Never rises: see `sipbot.publisher.Publisher`."""
        return 0

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """Refuse: memos are told as notices.

        Raises:
            FeedError: always.
        """
        what = f"memo {memo} of {client}, {len(payload)} bytes"
        raise FeedError(f"{self._name}: takes notices only, not {what}")

    async def publish_feed(self, client: str, payload: bytes) -> None:  # noqa: ARG002 - Publisher
        """Refuse, likewise.

        Raises:
            FeedError: always.
        """
        raise FeedError(f"{self._name}: takes notices only, no events of {client}")

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        """Send a notice.

        Raises:
            FeedError: the target has not taken it.
        """
        await self.tell(client, req, msgspec.json.decode(payload, type=Notice))

    async def tell(self, client: str, req: str, notice: Notice) -> None:
        """Send a notice that needs no decoding.

        Raises:
            FeedError: the target has not taken it.
        """
        sent = await self._sent((client, req), notice)
        if not sent.done:
            self.failed(client, req, sent)
        self._refused = False
        self._failures = 0
        self._trouble(self._alert, None, "")

    def failed(self, client: str, req: str, sent: Sent) -> NoReturn:
        """Count that a notice was not sent, or could not be made.

        Raises:
            FeedError: always.
        """
        self._refused = sent.for_good
        self._failures += 1
        if self._failures >= ALARM_AFTER:
            remedy = f"Try it: sipbot notify test {client}; messages wait meanwhile"
            self._trouble(self._alert, f"{self._name}: {sent.words}", remedy)
        raise FeedError(f"{self._name}: {sent.words} ({req})")

    async def works(self) -> bool:
        """Whether the latest message was refused for good, by a target that is there."""
        return self._refused

    async def _sent(self, key: _Key, notice: Notice) -> Sent:
        """Send it, behind what is still being sent; wait no longer than `LONGEST_S`."""
        try:
            async with asyncio.timeout(LONGEST_S):
                while not self._given_up.get(key):
                    going = self._begun(key, notice)
                    sent = await asyncio.shield(going.answer)
                    if self._going is going:
                        self._going = None
                    if going.key == key:
                        self._given_up.pop(key, None)
                        return sent
        except TimeoutError:
            self._given_up.setdefault(key, False)
            return Sent(done=False, words=f"the service did not answer within {LONGEST_S:g} s")
        del self._given_up[key]
        return Sent(done=True)

    def _begun(self, key: _Key, notice: Notice) -> _Going:
        """Return what is being sent; this message, when there is nothing that can be waited for."""
        now = asyncio.get_running_loop().time()
        if self._going is None or now - self._going.since >= LET_GO_S:
            answer = self._in_a_thread(notice)
            answer.add_done_callback(partial(self._came, key))
            self._going = _Going(key, now, answer)
        return self._going

    # Event loop, as soon as a service has answered, and before whoever waits for it goes on.
    def _came(self, key: _Key, answer: asyncio.Future[Sent]) -> None:
        if key in self._given_up and not answer.cancelled():
            self._given_up[key] |= answer.result().done

    def _in_a_thread(self, notice: Notice) -> "asyncio.Future[Sent]":
        # Of its own, and no worker of a pool: a service that hangs must hold up neither others'
        # work nor our end.
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sent] = loop.create_future()

        def settle(sent: Sent) -> None:
            if not answer.done():
                answer.set_result(sent)

        # Runs in the thread.
        def work() -> None:
            try:
                sent = self._send(notice)
            except Exception as error:  # noqa: BLE001 - a fault in a service of apprise is no end of ours
                words = f"apprise failed with {type(error).__name__}"
                sent = Sent(done=False, words=words)
            with suppress(RuntimeError):  # the loop has ended meanwhile: the message stays due
                loop.call_soon_threadsafe(settle, sent)

        threading.Thread(target=work, name=f"notify {self._name}", daemon=True).start()
        return answer


def alert_of(name: str) -> str:
    """Return the alert about a target."""
    return f"notify-{name}"
