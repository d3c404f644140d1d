"""Brokers that are killed again and again, and operators who come back; part of `broker`.

Thousands of memos are wanted in minutes: the real ledger, outbox and feed, put together as in
`sipbot.app`, run in the harness's event loop, and the memos are made through the ledger's own API.
"""

import asyncio
import contextlib
import getpass
import json
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import msgspec
from structlog.testing import capture_logs
from uuid6 import uuid7

from sipbot.ledger import MQTT, Ledger
from sipbot.memo import Memo, with_failure
from sipbot.mqtt import Feed
from sipbot.outbox import Outbox
from sipbot.records import EndedBy, EndState
from tests.brokers import Kind, RunningBroker, running
from tests.memo_samples import AT, a_memo_of, an_offer
from tests.torture.broker_calls import CLIENTS
from tests.torture.operators import (
    MEMOS,
    SHOWN_WITHIN_S,
    Journal,
    introduce,
    mosquitto_sub,
    open_list,
    settled,
    subscriber,
)
from tests.torture.promise import Promise, Scale

KILLS, PER_KILL = 50, 50
AWAY_MEMOS = 1_500
"""The measures of the acceptance table."""

CHANGED = 0.2
"""Share of the memos that get a second revision, as they do when a text is ready."""

API = "memos made through the ledger's API, not by calls"


class Site(msgspec.Struct):
    """A broker's setting."""

    name: str
    kind: Kind
    conf: str = ""
    """Lines of a mosquitto.conf; empty: Mosquitto's defaults."""
    rounds: int = 25
    """Rounds with one ledger: after each, all that is open is said again, up to 1,250 memos."""

    def options(self, folder: Path) -> list[str]:
        """Write what the broker needs into its folder; return its arguments."""
        folder.mkdir(parents=True)
        if not self.conf:
            return []
        conf = folder / "mosquitto.conf"
        # Started by root, Mosquitto would change to a user that may not write here.
        own = f"user {getpass.getuser()}\npersistence_location {folder}/\n"
        conf.write_text(own + self.conf, encoding="utf-8")
        return ["-c", str(conf)]


DEFAULTS = Site("Mosquitto, defaults", "mosquitto")
PERSISTENT = Site(
    "Mosquitto, persistent, long queues",
    "mosquitto",
    "persistence true\nautosave_interval 1\nmax_queued_messages 100000\n",
)
"""As ``docs/mqtt.md`` says; saved every second, so that what comes back is old by that."""
EMBEDDED = Site("embedded broker", "embedded", rounds=10)
"""Written in Python, it takes 3 ms for what Mosquitto takes 0.2 ms for (measured)."""
SITES = (DEFAULTS, PERSISTENT, EMBEDDED)


# -- a broker that is killed again and again -------------------------------------------------------


async def kills(site: Site, scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Publish, kill the broker at a random instant, restart it, again and again."""
    rounds, killed = scale.of(KILLS), Killed()
    for number in range(math.ceil(rounds / site.rounds)):
        some = min(site.rounds, rounds - number * site.rounds)
        await _kills(site, some, rng, folder / str(number), killed)
    note = f"{API}; {killed.early} of {rounds} kills before all was shown; "
    note += f"{killed.dead} dead letters; the last memo of a ledger comes when nobody dies any more"
    harm = f"SIGKILL {site.name} while {PER_KILL} are published, {rounds} times"
    shown, listed = killed.shown, killed.listed
    return [
        shown.promise(harm, "memo shown once to a subscriber", note),
        listed.promise(harm, "retained open list complete at the end", "mosquitto_sub per client"),
    ]


class Tally(msgspec.Struct):
    """What was to be shown and was not, or was shown though it does not exist."""

    tries: int = 0
    lost: int = 0
    duplicated: int = 0
    repeated: int = 0

    def promise(self, harm: str, promise: str, note: str) -> Promise:
        """Return the row."""
        return Promise(
            harm=harm,
            promise=promise,
            tries=self.tries,
            lost=self.lost,
            duplicated=self.duplicated,
            note=f"{note}; {self.repeated} known revisions came again and were dropped",
        )

    def shown(self, made: Iterable[str], journal: Journal) -> None:
        """Add what was made, and what an operator was shown of it, in whatever revision."""
        ids, shown = set(made), set(journal.memos)
        self.tries += len(ids)
        self.lost += len(ids - shown)
        self.duplicated += len(shown - ids) + len(journal.contradictions)
        self.repeated += journal.repeated

    def listed(self, memos: Iterable[Memo], journal: Journal) -> None:
        """Add a retained list: each open memo in its last revision, and nothing else."""
        revs, wanted = journal.revs(), {memo.id: memo.rev for memo in memos}
        self.tries += len(wanted)
        self.lost += sum(revs.get(memo) != rev for memo, rev in wanted.items())
        self.duplicated += len(revs.keys() - wanted.keys())


class Killed(msgspec.Struct):
    """What came of some kills."""

    shown: Tally = msgspec.field(default_factory=Tally)
    listed: Tally = msgspec.field(default_factory=Tally)
    early: int = 0
    """Kills before everything had been made and shown."""
    dead: int = 0


async def _kills(site: Site, rounds: int, rng: random.Random, folder: Path, killed: Killed) -> None:
    """Do so many rounds with one ledger."""
    journal, made, window_s = Journal(), list[str](), 0.0
    broker = RunningBroker(site.kind, *site.options(folder))
    await broker.start()
    try:
        async with _publishing(folder, broker.port) as ledger, subscriber(broker.port, journal):
            for number in range(rounds):
                began = time.monotonic()
                async with asyncio.TaskGroup() as group:
                    making = group.create_task(_make(ledger, PER_KILL, rng, made))
                    if number:
                        await asyncio.sleep(rng.uniform(0, window_s))
                    else:  # how long it takes when nobody dies; killed right after
                        await making
                        await settled(journal, len(made), SHOWN_WITHIN_S)
                        window_s = 1.5 * (time.monotonic() - began)
                    killed.early += not (making.done() and len(journal.memos) == len(made))
                    await broker.kill()
                await broker.start()
                if rng.random() < 0.5:  # else the next death comes before it is told everything
                    await settled(journal, len(made), SHOWN_WITHIN_S)
            await _make(ledger, 1, rng, made)
            await _drained(ledger)
            await settled(journal, len(made), SHOWN_WITHIN_S)
            wanted = await ledger.memos(len(made))
            killed.dead += await ledger.dead_letters()
            held = await _whole_open_list(broker.port, wanted)
        killed.shown.shown(made, journal)
        killed.listed.listed(wanted, held)
    finally:
        await broker.kill()


@contextlib.asynccontextmanager
async def _publishing(folder: Path, port: int) -> AsyncIterator[Ledger]:
    """Put ledger, outbox and feed together as `sipbot.app` does; their log is in the folder."""
    with _log_kept(folder / "log.jsonl"):
        async with _composed(folder, port) as ledger:
            yield ledger


@contextlib.asynccontextmanager
async def _composed(folder: Path, port: int) -> AsyncIterator[Ledger]:
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        address = RunningBroker("mosquitto").address
        feed = Feed(msgspec.structs.replace(address, port=port), site="test", boot=str(uuid7()))
        outbox = Outbox(ledger, {MQTT: feed})
        feed.on_session = outbox.nudge
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(outbox.run()), group.create_task(feed.run())]
            try:
                yield ledger
            finally:
                for part in parts:
                    part.cancel()


@contextlib.contextmanager
def _log_kept(path: Path) -> Iterator[None]:
    """Keep thousands of lines off the terminal."""
    with capture_logs() as said:
        try:
            yield
        finally:
            path.write_bytes(b"\n".join(json.dumps(one, default=str).encode() for one in said))


async def _make(ledger: Ledger, number: int, rng: random.Random, made: list[str]) -> None:
    """End so many calls with a memo; some memos get a second revision."""
    for _ in range(number):
        client, offer = rng.choice(CLIENTS), an_offer()
        memo = a_memo_of(offer, client)
        await ledger.add_call(offer, client, "request-uri", client)
        made.append(memo.id)
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        if rng.random() < CHANGED:
            await ledger.revise_memo(memo.id, lambda old: with_failure(old, "no ear", AT))


async def _drained(ledger: Ledger) -> None:
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while (await ledger.waiting()).deliveries and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


async def _whole_open_list(port: int, wanted: Iterable[Memo]) -> Journal:
    """Return the open list once it is right, or when it should be.

    All memos are said again to the last broker page by page, with deliveries in between.
    """
    revs = {memo.id: memo.rev for memo in wanted}
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while True:
        held = await _open_list(port, wanted)
        if held.revs() == revs or time.monotonic() > deadline:
            return held


async def _open_list(port: int, wanted: Iterable[Memo]) -> Journal:
    """Return what operators are shown who come now, each to one client."""
    # Client by client, as they are allowed to operators: Mosquitto queues 1,000 for a subscriber.
    everything = Journal()
    for client, number in Counter(memo.client for memo in wanted).items():
        one = await open_list(port, client, number, SHOWN_WITHIN_S)
        everything.memos |= one.memos
    return everything


# -- an operator who is away -----------------------------------------------------------------------


async def away(site: Site, scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Publish while nobody listens; then see what those see who come."""
    made, memos = list[str](), scale.of(AWAY_MEMOS)
    rows = []
    async with running(site.kind, *site.options(folder)) as broker:
        await introduce(broker.port, "keeper")
        async with _publishing(folder, broker.port) as ledger:
            await _make(ledger, memos, rng, made)
            await _drained(ledger)
            for who, options in (
                ("clean session", []),
                ("persistent session", ["-c", "-i", "keeper"]),
            ):
                journal = Journal()
                # The open list with QoS 0, what follows with QoS 1: docs/mqtt.md says why.
                async with (
                    mosquitto_sub(broker.port, journal, "-q", "0", filters=MEMOS),
                    mosquitto_sub(broker.port, journal, *options),
                ):
                    await settled(journal, len(made), SHOWN_WITHIN_S)
                harm = f"operator away, {site.name}, {who}"
                tally = Tally()
                tally.shown(made, journal)
                rows.append(tally.promise(harm, "memo shown on return", API))
    return rows
