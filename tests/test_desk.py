"""The desk on a real bus: real clients, commands twice and out of order, a broker of each kind."""

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sipbot.command import Request
from sipbot.decision import Answer, Verdict
from sipbot.desk import CommandDesk
from sipbot.ledger import Ledger
from sipbot.ledger_invariants import examine
from sipbot.link import Heard, open_link
from sipbot.memo import Memo, Status
from sipbot.topics import Topics
from tests.brokers import PATIENCE_S, ROOT, RunningBroker, publish, running, subscribed
from tests.bus_fight import fight, running_desk
from tests.commands import now, payload
from tests.memo_samples import AT
from tests.plain_client import plain_client
from tests.test_ledger_commands import a_memo_in, answers, stored

TOPICS = Topics("main")
OPERATORS, MEMOS = 5, 10
"""Operators who fight, and the memos that each of them wants; more: python -m tests.bus_fight."""

pytestmark = [pytest.mark.broker, pytest.mark.peer]


@pytest.fixture(params=["mosquitto", "embedded"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[RunningBroker]:
    async with running(request.param) as started:
        yield started


async def test_each_memo_has_one_holder_and_every_request_one_answer(
    broker: RunningBroker, tmp_path: Path
) -> None:
    """Operators want the same memos; commands come twice, late, and before earlier ones.

    With 50 operators and 1,000 memos: docs/mqtt.md.
    """
    outcome = await fight(broker.kind, OPERATORS, MEMOS, 1, tmp_path)

    assert (0, 0) == (outcome.unanswered, outcome.answered_again)
    assert (0, 0, ()) == (outcome.double_holders, outcome.misled, outcome.problems)
    assert (MEMOS, True) == (outcome.won, outcome.sent > outcome.requests)
    assert {"accepted", "conflict"} <= set(outcome.statuses)


async def test_claim_by_mosquitto_pub_is_answered_after_the_memo_has_changed(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    """Plain clients take part, and whoever reads the answer finds the memo in its revision."""
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        topics = (TOPICS.memo("yamato", memo.id), TOPICS.answer("yamato", "r1"))
        async with (
            running_desk(mosquitto.address, ledger),
            subscribed(mosquitto.port, *topics) as operator,
        ):
            await operator.until('"rev":1')
            words = payload(memo=memo.id, ts=now()).decode()
            await publish(mosquitto.port, TOPICS.command("yamato", "claim"), words)
            seen = await operator.until("/ack/")

    assert [2, "accepted"] == [seen[-2].json["rev"], seen[-1].json["status"]]
    assert ("hanako", "hanako", False) == (
        seen[-2].json["holder"],
        seen[-1].json["holder"],
        seen[-1].retained,
    )


async def test_example_of_the_document_is_answered_word_for_word(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    """A stranger with the page and mosquitto-clients can take part."""
    page = (ROOT / "docs" / "mqtt.md").read_text(encoding="utf-8")
    example = next(block for block in page.split("```") if "cmd/claim" in block)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        async with running_desk(mosquitto.address, ledger):
            shell = await asyncio.create_subprocess_exec(
                *["sh", "-c", example.replace("-p 1883", f"-p {mosquitto.port}")],
                env={**os.environ, "memo": memo.id},
                stdout=asyncio.subprocess.PIPE,
            )
            said, _ = await shell.communicate()

    answer = msgspec.json.decode(said, type=Answer)
    assert ("accepted", "hanako", memo.id) == (answer.status, answer.holder, answer.memo)


async def test_done_clears_the_memo_for_those_who_come_later_and_reopen_brings_it_back(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        async with (
            running_desk(mosquitto.address, ledger),
            subscribed(mosquitto.port, "sipbot/1/main/client/yamato/#") as operator,
        ):
            for verb in ("done", "reopen"):
                words = payload(req=verb, memo=memo.id, ts=now()).decode()
                await publish(mosquitto.port, TOPICS.command("yamato", verb), words)
                await operator.until(f"ack/{verb}")
                async with subscribed(
                    mosquitto.port, TOPICS.memo("yamato", memo.id), "sipbot/1/main/state"
                ) as late:
                    found = await late.until("/state")
                assert (verb == "reopen") == any("/memo/" in one.topic for one in found)


async def test_retained_command_is_not_obeyed_by_whoever_subscribes_later(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        old = payload(req="old", memo=memo.id, ts=now()).decode()
        await publish(mosquitto.port, TOPICS.command("yamato", "claim"), old, "-r")
        async with (
            running_desk(mosquitto.address, ledger),
            subscribed(mosquitto.port, TOPICS.answer("yamato", "new")) as operator,
        ):
            fresh = payload(req="new", by="taro", memo=memo.id, ts=now()).decode()
            await publish(mosquitto.port, TOPICS.command("yamato", "claim"), fresh)
            answer = (await operator.next()).json

    assert ("accepted", "taro") == (answer["status"], answer["holder"])


_DESK = """
import asyncio, sys
from pathlib import Path
from sipbot.desk import CommandDesk
from sipbot.ledger import MQTT, Ledger
from sipbot.link import Broker
from sipbot.mqtt import Feed
from sipbot.outbox import Outbox
from sipbot.topics import Topics

async def main() -> None:
    address = Broker(host="127.0.0.1", port=int(sys.argv[2]), outlives_us=True)
    async with Ledger.open(Path(sys.argv[1])) as ledger:
        desk = CommandDesk(Topics("main"), ledger.commands)
        feed = Feed(address, site="main", boot="b1", on_command=desk.hear)
        outbox = Outbox(ledger, {MQTT: feed})
        feed.on_session = outbox.nudge
        async with asyncio.TaskGroup() as group:
            for part in (desk, outbox, feed):
                group.create_task(part.run())

asyncio.run(main())
"""


@asynccontextmanager
async def killed_later(path: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the desk as a process of its own; it ends by SIGKILL."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-c", _DESK, str(path), str(port)],
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_commands_are_answered_once_through_sigkill_and_absence(
    mosquitto: RunningBroker, tmp_path: Path
) -> None:
    """The broker keeps what sipbot has not acknowledged: none is lost, none is obeyed twice."""
    path, number = tmp_path / "sipbot.sqlite3", 30
    async with Ledger.open(path) as ledger:
        memo = await a_memo_in(ledger)
    topic = TOPICS.command("yamato", "note")

    async def note(n: int) -> None:
        words = payload(req=f"n{n}", memo=memo.id, ts=now(), ttl_s=3600, text="x")
        async with open_link(mosquitto.address, None) as link:
            await link.publish(topic, words, qos=1, retain=False)

    every = TOPICS.answer("yamato", "x")[:-1] + "+"
    async with subscribed(mosquitto.port, TOPICS.state, every) as operator:
        async with killed_later(path, mosquitto.port):
            await operator.until("starting")  # from now on the broker knows of it
            await note(0)
            await operator.until("/ack/n0")
            async with asyncio.TaskGroup() as group:
                for n in range(1, number // 2):
                    group.create_task(note(n))
        for n in range(number // 2, number):
            await note(n)
        async with killed_later(path, mosquitto.port):
            told = dict[str, set[str]]()
            while len(told) < number - 1:
                heard_now = await operator.next()
                if "/ack/" in heard_now.topic:
                    told.setdefault(heard_now.json["req"], set()).add(heard_now.payload)
            # What is answered twice comes before the answer to what is asked last.
            await note(number)
            for late in await operator.until(f"/ack/n{number}"):
                if "/ack/" in late.topic:
                    told.setdefault(late.json["req"], set()).add(late.payload)
    async with Ledger.open(path) as ledger:
        after = await stored(ledger, memo)

    # A crash may repeat an answer, never decide anew; of n0 the one was heard before it.
    assert 1 >= len(told.pop("n0", ()))
    assert {f"n{n}": 1 for n in range(1, number + 1)} == {
        req: len(said) for req, said in told.items()
    }
    assert number + 1 == len(after.history) - 1
    assert () == examine(path, None).problems


# -- without a bus ---------------------------------------------------------------------------------


def heard(verb: str, words: bytes, done: list[str], *, retained: bool = False) -> Heard:
    topic = TOPICS.command("yamato", verb)
    return Heard(
        topic=topic, payload=words, retained=retained, acknowledge=lambda: done.append(verb)
    )


async def test_what_nobody_can_answer_is_acknowledged_and_counted(tmp_path: Path) -> None:
    """It would come again for ever otherwise."""
    done: list[str] = []
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        desk = CommandDesk(TOPICS, ledger.commands)
        desk.hear(heard("claim", b"{junk", done))
        desk.hear(heard("claim", payload(), done, retained=True))

    assert (["claim", "claim"], 1) == (done, desk.unanswered)


async def test_command_that_came_again_since_it_was_not_acknowledged_is_answered_no_second_time(
    tmp_path: Path,
) -> None:
    """The desk dies between the commit and the acknowledgement, the worst moment there is."""
    acknowledged = asyncio.Event()

    def die() -> None:
        raise RuntimeError("died before the acknowledgement")

    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        first = heard("note", payload(memo=memo.id, text="x"), [])
        desk = CommandDesk(TOPICS, ledger.commands, now=lambda: AT)
        desk.hear(msgspec.structs.replace(first, acknowledge=die))
        with pytest.raises(ExceptionGroup):
            await desk.run()
        after_death = await answers(ledger)

        again = CommandDesk(TOPICS, ledger.commands, now=lambda: AT)
        again.hear(msgspec.structs.replace(first, acknowledge=acknowledged.set))
        running_again = asyncio.create_task(again.run())
        async with asyncio.timeout(PATIENCE_S):
            await acknowledged.wait()
        running_again.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running_again
        changed, said = await stored(ledger, memo), await answers(ledger)

    assert (1, after_death) == (len(said), said)
    assert ["x"] == [step.text for step in changed.history if step.what == "note"]


def refuse_changes_of(path: Path, memo: Memo) -> None:
    """Let SQLite refuse every change of one memo, and nothing else."""
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "CREATE TRIGGER damaged BEFORE UPDATE ON memos "
            f"WHEN NEW.id = '{memo.id}' BEGIN SELECT RAISE(ABORT, 'damaged'); END"
        )


async def obeyed_all(desk: CommandDesk, messages: Sequence[Heard]) -> None:
    """Run a desk until each of these messages was acknowledged."""
    left = len(messages)
    none_left = asyncio.Event()

    def acknowledge() -> None:
        nonlocal left
        left -= 1
        if not left:
            none_left.set()

    for one in messages:
        desk.hear(msgspec.structs.replace(one, acknowledge=acknowledge))
    going = asyncio.create_task(desk.run())
    async with asyncio.timeout(PATIENCE_S):
        await none_left.wait()
    going.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await going


async def test_command_that_the_ledger_alone_refuses_is_given_up_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.desk.AGAIN_S", 0.0)
    path, faults = tmp_path / "sipbot.sqlite3", list[str]()
    async with Ledger.open(path) as ledger:
        bad, good = await a_memo_in(ledger), await a_memo_in(ledger)
        refuse_changes_of(path, bad)
        desk = CommandDesk(TOPICS, ledger.commands, now=lambda: AT)
        desk.on_fault = faults.append
        await obeyed_all(
            desk,
            [
                heard("claim", payload(req="r1", memo=bad.id), []),
                heard("claim", payload(req="r2", memo=good.id), []),
            ],
        )
        said = await answers(ledger)
        held = await stored(ledger, good)

    assert [("r1", "rejected", "internal"), ("r2", "accepted", None)] == [
        (one["req"], one["status"], one["code"]) for one in said
    ]
    assert ("hanako", 1, ()) == (held.holder, len(faults), examine(path, None).problems)


async def test_command_that_trips_a_mistake_of_ours_is_answered_and_its_words_are_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistaken(_memo: Memo, request: Request, *_: object) -> Verdict:
        raise ValueError(getattr(request.command, "text", ""))

    monkeypatch.setattr("sipbot.ledger_commands.decide", mistaken)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        note = heard("note", payload(memo=memo.id, text="between us"), [])
        await obeyed_all(CommandDesk(TOPICS, ledger.commands, now=lambda: AT), [note])
        said = await answers(ledger)

    assert ["internal"] == [one["code"] for one in said]
    printed = capsys.readouterr()
    assert "ValueError in mistaken" in printed.out + printed.err
    assert "between us" not in printed.out + printed.err


async def test_commands_wait_however_long_the_ledger_refuses_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.desk.AGAIN_S", 0.0)
    path, looks = tmp_path / "sipbot.sqlite3", 0

    def in_time() -> datetime:
        """Mend the ledger when the desk has tried a command for the twentieth time."""
        nonlocal looks
        looks += 1
        if looks == 20:
            with contextlib.closing(sqlite3.connect(path)) as raw, raw:
                raw.execute("DROP TRIGGER full")
        return AT

    async with Ledger.open(path) as ledger:
        memo = await a_memo_in(ledger)
        with contextlib.closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(
                "CREATE TRIGGER full BEFORE INSERT ON commands "
                "BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        claims = [heard("claim", payload(req=req, memo=memo.id), []) for req in ("r1", "r2")]
        await obeyed_all(CommandDesk(TOPICS, ledger.commands, now=in_time), claims)
        said = await answers(ledger)

    assert [("r1", "accepted"), ("r2", "accepted")] == [(one["req"], one["status"]) for one in said]


class _Reluctant(CommandDesk):
    """A desk that begins when it has asked the broker to wait."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(TOPICS, ledger.commands)
        self.full = asyncio.Event()

    def hear(self, heard: Heard) -> Awaitable[object] | None:
        room = super().hear(heard)
        if room is not None:
            self.full.set()
        return room

    async def run(self) -> None:
        await self.full.wait()
        await super().run()


async def test_more_commands_than_may_wait_make_the_broker_wait_and_are_all_answered(
    broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is dropped, and what sipbot publishes meanwhile gets through afterwards."""
    monkeypatch.setattr("sipbot.desk.WAITING_MAX", 4)
    monkeypatch.setattr("sipbot.desk.ROOM_AT", 2)
    wanted = {f"n{n}" for n in range(30)}
    told, every = set[str](), asyncio.Event()

    # Event loop, for each answer.
    def hear(topic: str, _: bytes) -> None:
        told.add(topic.rsplit("/", 1)[1])
        if told == wanted:
            every.set()

    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        desk = _Reluctant(ledger)
        async with running_desk(broker.address, ledger, desk), plain_client(broker.port, hear) as a:
            await a.subscribe(TOPICS.answer("yamato", "x").removesuffix("x") + "+")
            for req in sorted(wanted):
                words = payload(req=req, memo=memo.id, ts=now(), ttl_s=3600, text="x")
                await a.publish(TOPICS.command("yamato", "note"), words)
            async with asyncio.timeout(PATIENCE_S):
                await every.wait()

    assert (wanted, True) == (told, desk.full.is_set())


async def test_claim_that_ended_while_nobody_ran_is_ended_at_the_start(tmp_path: Path) -> None:
    late = AT + timedelta(days=1)
    changed = asyncio.Event()
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        memo = await a_memo_in(ledger)
        done: list[str] = []
        early = CommandDesk(TOPICS, ledger.commands, now=lambda: AT)
        ledger.on_delivery = changed.set
        async with asyncio.timeout(PATIENCE_S):
            await _until(changed, early, heard("claim", payload(memo=memo.id), done))
            held = await stored(ledger, memo)
            await _until(changed, CommandDesk(TOPICS, ledger.commands, now=lambda: late))
        free = await stored(ledger, memo)
        said: list[dict[str, Any]] = await answers(ledger)

    assert (Status.CLAIMED, Status.OPEN, "lease_over") == (
        held.status,
        free.status,
        free.history[-1].what,
    )
    assert (["claim"], ["accepted"]) == (done, [one["status"] for one in said])


async def _until(changed: asyncio.Event, desk: CommandDesk, *messages: Heard) -> None:
    """Run a desk until something was stored."""
    changed.clear()
    running_desk = asyncio.create_task(desk.run())
    for one in messages:
        desk.hear(one)
    await changed.wait()
    # The acknowledgement follows the storing in the same step of the event loop.
    await asyncio.sleep(0)
    running_desk.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running_desk
