"""The outbox: order per client, nothing lost, everything said again to a broker that forgot."""

import asyncio
import contextlib
import signal
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.backoff import backoff_s
from sipbot.errors import FeedError
from sipbot.ledger import MQTT, Ledger, ReadOnlyLedger
from sipbot.memo import Memo, Status, with_transcript
from sipbot.mqtt import Feed
from sipbot.outbox import MAX_REFUSALS, RETRY_CAP_S, Outbox
from sipbot.records import EndedBy, EndState
from tests.brokers import PATIENCE_S, RunningBroker, running, subscribed
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

LATER = AT + timedelta(days=9999)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


class Notebook:
    """A publisher that writes down what it is given and refuses chosen clients or memos.

    It refuses by silence, or by closing the connection as an MQTT 3.1.1 broker does.
    """

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.session = 1
        self.memos: list[tuple[str, str]] = []
        self.events: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.closing = False
        self.working = True

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        if {client, memo} & self.refused:
            if self.closing:
                self.connected.clear()
            raise FeedError("no PUBACK")
        self.memos.append((client, memo))

    async def publish_feed(self, client: str, payload: bytes) -> None:
        self.events.append(client)

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        self.answers.append((client, req))

    async def works(self) -> bool:
        return self.working

    def reconnect(self) -> None:
        if not self.connected.is_set():
            self.session += 1
            self.connected.set()


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


async def end_with_memo(ledger: Ledger, client: str = "yamato") -> Memo:
    return await end_with(ledger, a_memo_of(an_offer(), client))


async def end_with(ledger: Ledger, memo: Memo) -> Memo:
    await ledger.add_call(an_offer(memo.call.id), memo.client, "request-uri", memo.client)
    assert await ledger.end_call(memo.call.id, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def test_outbox_delivers_memo_and_event_once(ledger: Ledger) -> None:
    """What was acknowledged is not sent again in the same session."""
    notebook = Notebook()
    outbox = Outbox(ledger, {MQTT: notebook}, now=Clock())
    memo = await end_with_memo(ledger)
    await outbox.run_once()

    await outbox.run_once()

    assert ([("yamato", memo.id)], ["yamato"]) == (notebook.memos, notebook.events)


async def test_outbox_defers_a_refused_delivery_and_that_client_only(ledger: Ledger) -> None:
    """One client's trouble is not the others'."""
    notebook = Notebook()
    notebook.refused = {"yamato"}
    outbox = Outbox(ledger, {MQTT: notebook}, now=Clock(), die=lambda: 0.0)
    for client in ("yamato", "sakura", "yamato"):
        await end_with_memo(ledger, client)

    await outbox.run_once()

    assert ["sakura"] == notebook.events
    assert AT + timedelta(seconds=0.5) == await ledger.next_due()


async def test_outbox_delivers_deferred_in_order_when_due(ledger: Ledger) -> None:
    """A later memo of a client never overtakes an earlier one."""
    notebook, clock = Notebook(), Clock()
    notebook.refused = {"yamato"}
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, die=lambda: 0.0)
    memos = [await end_with_memo(ledger) for _ in range(3)]
    await outbox.run_once()
    notebook.refused = set()
    clock.at += timedelta(seconds=0.5)

    await outbox.run_once()

    assert [("yamato", memo.id) for memo in memos] == notebook.memos


async def test_outbox_in_new_session_says_open_memos_again_and_waits_for_nothing(
    ledger: Ledger,
) -> None:
    """A broker that came back may have forgotten everything, and back-offs are void."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, die=lambda: 0.0)
    known = await end_with_memo(ledger)
    await outbox.run_once()
    notebook.refused = {"yamato"}
    waiting = await end_with_memo(ledger)
    await outbox.run_once()
    notebook.refused = set()
    notebook.memos.clear()
    notebook.session = 2

    await outbox.run_once()

    assert [("yamato", known.id), ("yamato", waiting.id)] == notebook.memos


async def test_outbox_makes_what_is_due_between_pages_of_the_open_list_and_goes_on_after_a_failure(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new memo waits neither for a long list nor for a connection that lasts so long."""
    monkeypatch.setattr("sipbot.ledger_queries.OPEN_PAGE", 2)
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, die=lambda: 0.0)
    old = [await end_with_memo(ledger) for _ in range(4)]
    await outbox.run_once()
    new = await end_with_memo(ledger)
    notebook.memos.clear()
    notebook.session, notebook.refused, notebook.working = 2, {old[3].id}, False
    await outbox.run_once()
    notebook.refused, notebook.working = set(), True

    await outbox.run_once()

    said = [memo for _, memo in notebook.memos]
    assert [old[0].id, old[1].id, new.id, old[2].id, old[3].id] == said[:5]


async def test_outbox_that_is_stopped_stores_what_was_delivered(ledger: Ledger) -> None:
    """Only a crash says anything twice."""
    notebook, hangs = Notebook(), asyncio.Event()
    first, second = await end_with_memo(ledger), await end_with_memo(ledger)
    takes = notebook.publish_memo

    async def publish(client: str, memo: str, payload: bytes) -> None:
        if memo == second.id:
            hangs.set()
            await asyncio.Event().wait()
        await takes(client, memo, payload)

    notebook.publish_memo = publish  # type: ignore[method-assign]  # a target that hangs
    notebook.session = 0  # no new one, where what is open would be said again
    outbox = Outbox(ledger, {MQTT: notebook}, now=Clock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(outbox.run_once())
        await hangs.wait()
        task.cancel()

    assert [("yamato", first.id)] == notebook.memos
    assert [second.id] == [one.memo for one in await ledger.due_deliveries(LATER, 10)]


async def test_outbox_stores_at_once_that_a_memo_is_off_the_open_list(ledger: Ledger) -> None:
    """A crash just then would put it back for whoever subscribes in that moment."""
    notebook = Notebook()
    closed, other = await end_with_memo(ledger), await end_with_memo(ledger)
    await ledger.revise_memo(
        closed.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
    )
    last = await end_with_memo(ledger, "sakura")
    due: list[str | None] = []
    takes = notebook.publish_memo

    async def publish(client: str, memo: str, payload: bytes) -> None:
        if memo == last.id:
            due.extend(one.memo for one in await ledger.due_deliveries(LATER, 10))
        await takes(client, memo, payload)

    notebook.publish_memo = publish  # type: ignore[method-assign]  # looks at the ledger then
    notebook.session = 0  # no new one, where what is open would be said again
    await Outbox(ledger, {MQTT: notebook}, now=Clock()).run_once()

    assert {closed.id, other.id, last.id} == {memo for _, memo in notebook.memos}
    assert [last.id] == due


async def test_outbox_stores_later_what_the_ledger_refused_and_tells_it_once(
    impatient: Ledger, tmp_path: Path
) -> None:
    """It was delivered, whatever the ledger says."""
    notebook = Notebook()
    outbox = Outbox(impatient, {MQTT: notebook}, now=Clock())
    memo = await end_with_memo(impatient)
    tells = notebook.publish_feed
    with contextlib.ExitStack() as until_later:

        async def publish(client: str, payload: bytes) -> None:
            await tells(client, payload)
            until_later.enter_context(lock_held(tmp_path))

        notebook.publish_feed = publish  # type: ignore[method-assign]  # a lock just then
        await outbox.run_once()
    waits = await impatient.due_deliveries(LATER, 10)

    await outbox.run_once()

    assert [memo.id] == [one.memo for one in waits]
    assert (["yamato"], []) == (notebook.events, await impatient.due_deliveries(LATER, 10))


async def test_outbox_does_not_say_closed_memos_again(ledger: Ledger) -> None:
    """A closed memo is off the open list for good."""
    notebook = Notebook()
    outbox = Outbox(ledger, {MQTT: notebook}, now=Clock())
    memo = await end_with_memo(ledger)
    await ledger.revise_memo(
        memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
    )
    await ledger.make_due(AT, suspect=2)
    for delivery in await ledger.due_deliveries(AT + timedelta(days=9999), 10):
        await ledger.delivered([delivery.id], AT)

    await outbox.run_once()

    assert [] == notebook.memos


@pytest.fixture
async def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    """A ledger that waits for nobody's lock."""
    monkeypatch.setattr("sipbot.ledger_schema.BUSY_MS", 1)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


@contextlib.contextmanager
def lock_held(path: Path) -> Iterator[None]:
    """Hold the lock that the ledger's every transaction needs."""
    with contextlib.closing(sqlite3.connect(path / "sipbot.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("idle", [False, True], ids=["from the start", "while it waits"])
async def test_outbox_outlives_a_ledger_that_refuses_and_delivers_when_it_answers(
    impatient: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, idle: bool
) -> None:
    """A lock held too long must not end the calls that are up; it is said, and said to be over."""
    monkeypatch.setattr("sipbot.outbox.RETRY_BASE_S", 0.01)
    notebook, told, dead = Notebook(), asyncio.Queue[str | None](), asyncio.Queue[int]()
    outbox = Outbox(
        impatient, {MQTT: notebook}, on_trouble=told.put_nowait, on_dead=dead.put_nowait
    )
    memo = await end_with_memo(impatient)
    running_outbox = asyncio.create_task(outbox.run())
    async with asyncio.timeout(PATIENCE_S):
        if idle:
            await dead.get()
        with lock_held(tmp_path):
            outbox.nudge()
            problem = await told.get()
        over = await told.get()
        while not notebook.events:
            await asyncio.sleep(0)
    running_outbox.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running_outbox

    assert "database is locked" in (problem or "")
    assert None is over
    assert [("yamato", memo.id)] == list(dict.fromkeys(notebook.memos))


async def test_outbox_asked_once_of_a_ledger_that_refuses_leaves_everything_due(
    impatient: Ledger, tmp_path: Path
) -> None:
    """An orderly stop ends in order, whatever the ledger says."""
    notebook, told = Notebook(), list[str | None]()
    outbox = Outbox(impatient, {MQTT: notebook}, on_trouble=told.append)
    await end_with_memo(impatient)

    with lock_held(tmp_path):
        await outbox.run_once()

    assert (1, []) == (len(told), notebook.events)
    assert 1 == len(await impatient.due_deliveries(LATER, 10))


async def until_quiet(
    outbox: Outbox, clock: Clock, notebook: Notebook, rounds: int = 3 * MAX_REFUSALS
) -> None:
    """Let time pass, a connection that was closed come back, and what is due be delivered."""
    for _ in range(rounds):
        notebook.reconnect()
        await outbox.run_once()
        clock.at += timedelta(seconds=RETRY_CAP_S)


def states(path: Path) -> list[tuple[int | None, bool]]:
    """Return (rev, dead) of everything that is not delivered."""
    with ReadOnlyLedger.open(path / "sipbot.sqlite3") as reader:
        return [(one.rev, one.dead_at is not None) for one in reader.undelivered()]


@pytest.mark.parametrize("closing", [False, True], ids=["silent", "closing"])
async def test_delivery_refused_again_and_again_is_put_aside_and_the_next_goes_out(
    ledger: Ledger, tmp_path: Path, *, closing: bool
) -> None:
    """One memo that the broker cannot take must not keep a client from all others."""
    notebook, clock, told = Notebook(), Clock(), list[int]()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, on_dead=told.append)
    memos = [await end_with_memo(ledger) for _ in range(3)]
    notebook.refused, notebook.closing = {memos[1].id}, closing

    await until_quiet(outbox, clock, notebook)

    assert {("yamato", memos[0].id), ("yamato", memos[2].id)} == set(notebook.memos)
    assert [("yamato", memos[0].id), ("yamato", memos[2].id)] == list(dict.fromkeys(notebook.memos))
    assert [(1, True)] == states(tmp_path)
    assert [1] == told


async def test_delivery_is_not_put_aside_before_its_last_refusal(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A broker has minutes to come to its senses."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
    await end_with_memo(ledger)
    notebook.refused = {"yamato"}

    await until_quiet(outbox, clock, notebook, MAX_REFUSALS - 1)

    assert [(1, False)] == states(tmp_path)


async def test_delivery_is_never_put_aside_while_the_broker_answers_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A hung broker is a broker that is away, however long."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
    await end_with_memo(ledger)
    notebook.refused, notebook.working = {"yamato"}, False

    await until_quiet(outbox, clock, notebook, 10 * MAX_REFUSALS)

    assert [(1, False)] == states(tmp_path)


async def test_delivery_that_closes_every_connection_does_not_close_each_new_one(
    ledger: Ledger,
) -> None:
    """From its second refusal on it waits, and the other clients have the connection."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, die=lambda: 0.0)
    bad = await end_with_memo(ledger)
    notebook.refused, notebook.closing = {bad.id}, True
    for _ in range(2):
        notebook.reconnect()
        await outbox.run_once()
    good = await end_with_memo(ledger, "sakura")
    notebook.reconnect()

    await outbox.run_once()

    assert notebook.connected.is_set()
    assert [("sakura", good.id)] == notebook.memos


async def test_later_revision_supersedes_a_dead_letter(ledger: Ledger, tmp_path: Path) -> None:
    """A memo is told whole, so the old revision is not needed any more, and must never follow."""
    notebook, clock, told = Notebook(), Clock(), list[int]()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, on_dead=told.append)
    memo = await end_with_memo(ledger)
    notebook.refused = {memo.id}
    await until_quiet(outbox, clock, notebook)
    notebook.refused, clock.at = set(), LATER
    await ledger.revise_memo(memo.id, lambda old: with_transcript(old, a_transcript("a"), AT))

    await outbox.run_once()

    assert [] == states(tmp_path)
    assert [1, 0] == told
    assert ((), (1,)) == tuple(msgspec.structs.astuple(await outbox.retry([1])))


async def test_dead_letter_that_is_tried_again_is_delivered(ledger: Ledger, tmp_path: Path) -> None:
    """Once the broker was put right, nothing is missing."""
    notebook, clock, told = Notebook(), Clock(), list[int]()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, on_dead=told.append)
    memo = await end_with_memo(ledger)
    notebook.refused = {memo.id}
    await until_quiet(outbox, clock, notebook)
    notebook.refused = set()

    await outbox.retry([], all_dead=True)
    await outbox.run_once()

    assert [("yamato", memo.id)] == notebook.memos
    assert [] == states(tmp_path)
    assert [1, 0] == told


async def test_dead_letter_tried_again_goes_before_the_revision_that_waits(ledger: Ledger) -> None:
    """Revisions of a memo never arrive in the wrong order."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
    memo = await end_with_memo(ledger)
    notebook.refused = {memo.id}
    await until_quiet(outbox, clock, notebook)
    await ledger.revise_memo(memo.id, lambda old: with_transcript(old, a_transcript("a"), AT))

    await outbox.retry([], all_dead=True)

    assert [1, 2] == [d.rev for d in await ledger.due_deliveries(LATER, 10)]


async def test_dead_letter_is_not_published_with_the_open_memos(ledger: Ledger) -> None:
    """What closed the connection as a delivery would close it as an open memo too."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
    memo = await end_with_memo(ledger)
    notebook.refused, notebook.closing = {memo.id}, True
    await until_quiet(outbox, clock, notebook)
    notebook.session += 1

    await outbox.run_once()

    assert notebook.connected.is_set()


async def test_open_memo_that_is_refused_now_dies_as_a_delivery_and_blocks_nobody(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A broker may take less today than it took yesterday."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
    memos = [await end_with_memo(ledger, client) for client in ("yamato", "sakura")]
    await outbox.run_once()
    notebook.refused, notebook.closing = {memos[0].id}, True
    notebook.session += 1
    notebook.memos.clear()

    await until_quiet(outbox, clock, notebook)

    assert [(1, True)] == states(tmp_path)
    assert ("sakura", memos[1].id) in notebook.memos


async def test_number_of_dead_letters_is_told_at_the_start(ledger: Ledger) -> None:
    """An alert of an earlier run is raised again."""
    notebook, clock = Notebook(), Clock()
    notebook.refused = {"yamato"}
    await end_with_memo(ledger)
    await until_quiet(Outbox(ledger, {MQTT: notebook}, now=clock), clock, notebook)
    told: asyncio.Queue[int] = asyncio.Queue()
    outbox = Outbox(ledger, {MQTT: notebook}, now=clock, on_dead=told.put_nowait)

    async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
        task = group.create_task(outbox.run())
        assert 1 == await told.get()
        task.cancel()


async def test_each_target_has_every_memo_at_its_own_pace(tmp_path: Path) -> None:
    """A second target needs a publisher and a name, and the first does not wait for it."""
    async with Ledger.open(tmp_path / "l.sqlite3", (MQTT, "archive")) as ledger:
        bus, archive, clock = Notebook(), Notebook(), Clock()
        archive.connected.clear()
        outbox = Outbox(ledger, {MQTT: bus, "archive": archive}, now=clock)
        memos = [("yamato", (await end_with_memo(ledger)).id) for _ in range(3)]
        await outbox.run_once()
        seen_early = list(archive.memos)
        archive.reconnect()

        await outbox.run_once()

    assert [] == seen_early
    assert (memos, memos) == (bus.memos, archive.memos)


async def test_dead_letter_of_one_target_is_delivered_to_the_other(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3", (MQTT, "archive")) as ledger:
        bus, archive, clock = Notebook(), Notebook(), Clock()
        archive.refused = {"yamato"}
        outbox = Outbox(ledger, {MQTT: bus, "archive": archive}, now=clock)
        memo = await end_with_memo(ledger)

        await until_quiet(outbox, clock, archive)

        with ReadOnlyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
            [letter] = reader.undelivered(dead_only=True)
    assert ("archive", memo.id) == (letter.target, letter.memo)
    assert [("yamato", memo.id)] == bus.memos


@settings(deadline=None, max_examples=15)
@given(
    clients=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=8),
    bad=st.sets(st.integers(0, 7)),
    closing=st.booleans(),
)
def test_every_delivery_is_made_in_order_or_is_a_dead_letter(
    clients: list[str], bad: set[int], *, closing: bool
) -> None:
    """Whatever is refused and however: nothing vanishes, nothing overtakes."""

    async def play(path: Path) -> None:
        notebook, clock = Notebook(), Clock()
        async with Ledger.open(path) as ledger:
            outbox = Outbox(ledger, {MQTT: notebook}, now=clock)
            memos = [await end_with_memo(ledger, client) for client in clients]
            refused = [memo for index, memo in enumerate(memos) if index in bad]
            notebook.refused, notebook.closing = {memo.id for memo in refused}, closing
            await until_quiet(outbox, clock, notebook, 2 * MAX_REFUSALS * len(memos))
        with ReadOnlyLedger.open(path) as reader:
            dead = {letter.memo for letter in reader.undelivered(dead_only=True)}
            assert dead == {letter.memo for letter in reader.undelivered()}
        assert {memo.id for memo in refused} == dead
        firsts = list(dict.fromkeys(notebook.memos))
        for client in set(clients):
            made = [memo for by, memo in firsts if by == client]
            assert [m.id for m in memos if m.client == client and m.id not in dead] == made

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder) / "l.sqlite3"))


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_half_and_whole_of_its_step(failures: int, die: float) -> None:
    """It grows to its cap, never hammers and never overflows."""
    wait_s = backoff_s(failures, base_s=1.0, cap_s=60.0, die=die)

    step_s = min(60.0, 2.0 ** min(failures - 1, 10))
    assert step_s / 2 <= wait_s <= step_s


@pytest.fixture(params=["mosquitto", "embedded"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[RunningBroker]:
    async with running(request.param) as started:
        yield started


@asynccontextmanager
async def delivering(
    ledger: Ledger, broker: RunningBroker, on_dead: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Feed]:
    feed = Feed(broker.address, site="main", boot="b1", die=lambda: 0.0)
    outbox = Outbox(ledger, {MQTT: feed}, on_dead=on_dead)
    feed.on_session = outbox.nudge
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run())
        loop = group.create_task(outbox.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await feed.connected.wait()
            yield feed
        finally:
            loop.cancel()
            feed.stop()


@pytest.mark.broker
@pytest.mark.peer
async def test_late_subscriber_holds_open_memos_at_once(
    ledger: Ledger, broker: RunningBroker
) -> None:
    """The memo is retained, whole, at its newest revision."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, feed.topics.state, feed.topics.feed("yamato")) as early,
    ):
        await early.until("starting")
        memo = await end_with_memo(ledger)
        await ledger.revise_memo(memo.id, lambda old: with_transcript(old, a_transcript("a"), AT))
        events = [(await early.next()).json for _ in range(2)]
        async with subscribed(broker.port, "sipbot/1/main/client/yamato/memo/+") as late:
            held = await late.next()

    assert [("new", 1, 1), ("update", 2, 2)] == [(e["type"], e["rev"], e["seq"]) for e in events]
    assert ["stage", "text", "language", "words", "recognition"] == events[1]["changed"]
    assert (True, 2, "a") == (held.retained, held.json["rev"], held.json["text"])


@pytest.mark.broker
@pytest.mark.peer
async def test_closed_memo_leaves_the_open_list(ledger: Ledger, broker: RunningBroker) -> None:
    """An empty retained payload clears the topic; the feed says end."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, "sipbot/1/main/state", "sipbot/1/main/client/#") as subscriber,
    ):
        await subscriber.until("starting")
        memo = await end_with_memo(ledger)
        await ledger.revise_memo(
            memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
        )
        heard = await subscriber.until('"end"')

    cleared = [m for m in heard if m.topic == feed.topics.memo("yamato", memo.id)][-1]
    assert "" == cleared.payload


@pytest.mark.broker
@pytest.mark.peer
async def test_killed_broker_holds_all_open_memos_again_and_misses_none(
    ledger: Ledger, broker: RunningBroker
) -> None:
    """Memos of before, and memos taken while the broker was away, in order."""
    async with delivering(ledger, broker) as feed:
        async with subscribed(broker.port, "sipbot/1/main/client/#") as subscriber:
            memos = [await end_with_memo(ledger) for _ in range(5)]
            await subscriber.until('"seq":5')
        await broker.kill()
        memos += [await end_with_memo(ledger) for _ in range(5)]
        await broker.start()
        async with subscribed(
            broker.port, feed.topics.state, "sipbot/1/main/client/+/memo/+"
        ) as subscriber:
            held = await subscriber.until(memos[-1].id)
            shown = {m.json["id"] for m in held if "/memo/" in m.topic}
            while len(shown) < len(memos):
                shown.add((await subscriber.next()).json["id"])

    assert {memo.id for memo in memos} == shown


@pytest.mark.broker
@pytest.mark.peer
async def test_feed_of_each_client_arrives_in_order(ledger: Ledger, broker: RunningBroker) -> None:
    """Numbers without gaps, however the clients' calls are mixed."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, feed.topics.state, "sipbot/1/main/client/+/feed") as subscriber,
    ):
        await subscriber.until("starting")
        for index in range(24):
            await end_with_memo(ledger, f"client-{index % 3}")
        events = [await subscriber.next() for _ in range(24)]

    for client in ("client-0", "client-1", "client-2"):
        seqs = [m.json["seq"] for m in events if client in m.topic]
        assert list(range(1, 9)) == seqs


@pytest.mark.broker
@pytest.mark.peer
async def test_memo_too_long_for_the_broker_dies_alone(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mosquitto refuses a long packet as MQTT 3.1.1 says: it closes the connection."""
    monkeypatch.setattr("sipbot.outbox.RETRY_BASE_S", 0.01)
    monkeypatch.setattr("sipbot.outbox.RETRY_CAP_S", 0.05)
    limits = tmp_path / "mosquitto.conf"
    limits.write_text("max_packet_size 20000\n", encoding="ascii")
    told: asyncio.Queue[int] = asyncio.Queue()
    async with (
        running("mosquitto", "-c", str(limits)) as broker,
        delivering(ledger, broker, told.put_nowait) as feed,
        subscribed(broker.port, feed.topics.state, "sipbot/1/main/client/+/memo/+") as seen,
        asyncio.timeout(PATIENCE_S),
    ):
        await seen.until("starting")
        assert 0 == await told.get()
        long = a_memo_of(an_offer()).model_copy(update={"text": "x" * 30_000})
        await end_with(ledger, long)
        after = [await end_with_memo(ledger, client) for client in ("sakura", "yamato")]
        assert 1 == await told.get()
        shown = {m.topic for m in await seen.until(after[1].id)}

    assert {feed.topics.memo(memo.client, memo.id) for memo in after} <= shown
    with ReadOnlyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
        [letter] = reader.undelivered(dead_only=True)
    assert long.id == letter.memo
    assert "the connection was closed over it" in (letter.last_error or "")


@pytest.mark.broker
@pytest.mark.peer
async def test_hung_broker_is_away_and_has_refused_nothing(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection stands and nothing is acknowledged; it goes on where it stopped."""
    monkeypatch.setattr("sipbot.mqtt.ACK_TIMEOUT_S", 0.5)
    async with running("mosquitto") as broker, asyncio.timeout(PATIENCE_S):
        assert broker.process is not None
        feed = Feed(broker.address, site="main", boot="b1")
        outbox = Outbox(ledger, {MQTT: feed})
        async with asyncio.TaskGroup() as group:
            group.create_task(feed.run())
            await feed.connected.wait()
            await outbox.run_once()
            broker.process.send_signal(signal.SIGSTOP)
            await end_with_memo(ledger)
            await outbox.run_once()
            with ReadOnlyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
                [waiting] = reader.undelivered()
            broker.process.send_signal(signal.SIGCONT)
            await outbox.retry([waiting.id])
            await outbox.run_once()
            feed.stop()

    assert (1, 0, None) == (waiting.attempts, waiting.refusals, waiting.dead_at)
    assert [] == states(tmp_path)
