"""Operators who fight for the same memos on a real bus, and a referee who keeps the books.

Each operator wants every memo, in an order of their own, and waits for the answer before the next
command, as people do.  A share of the commands is sent twice, sent again later, held back and sent
after others, sent before the one that was written first, or far too late.  A fifth of the winners
gives the memo back, so that it changes hands.

By hand: ``python -m tests.bus_fight --broker mosquitto --operators 50 --memos 1000``
"""

import argparse
import asyncio
import contextlib
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import get_args

import msgspec
import structlog
from rich.console import Console
from rich.table import Table

from sipbot.decision import Answer
from sipbot.desk import CommandDesk
from sipbot.ledger import MQTT, Ledger
from sipbot.ledger_invariants import Breach, examine
from sipbot.link import Broker
from sipbot.memo import Memo
from sipbot.mqtt import Feed
from sipbot.outbox import Outbox
from sipbot.topics import Topics
from tests.brokers import PATIENCE_S, Kind, running
from tests.commands import now, payload
from tests.plain_client import PlainClient, plain_client
from tests.test_ledger_commands import a_memo_in

TOPICS = Topics("main")
CLIENT = "yamato"
"""Everything goes to one client's topics: answers and memos of one client are told in order, one
after the other, so this is the slowest that there is."""

SHARES = {"plain": 0.60, "twice": 0.15, "again": 0.10, "held": 0.08, "swapped": 0.05, "late": 0.02}
"""Of the commands: sent once; twice at once; again later; written now and sent later; after the one
that was written next; with a time long ago."""

BACK = 0.2
"""Of the winners who give the memo back."""

HELD_FOR = (1, 20)
"""Commands of the same operator that overtake one that is held back."""

ANSWER_S = 120.0
"""What is not answered by then is not answered; on loopback it takes milliseconds."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of a fight."""

    broker: str
    operators: int
    memos: int
    requests: int
    """Different ones."""
    sent: int
    """Commands on the bus, copies included."""
    shares: dict[str, int]
    answers: int
    """Heard by the referee."""
    unanswered: int
    answered_again: int
    """Answers beyond the first of a request."""
    statuses: dict[str, int]
    double_holders: int
    """Claims that were accepted while somebody else held the memo, by the memos' histories."""
    misled: int
    """Claims that were accepted by the answer and not by the memo's history, or the other way."""
    won: int
    """Memos that somebody has won."""
    handed_on: int
    """Claims beyond the first of a memo."""
    problems: tuple[Breach, ...]
    """Of the ledger, by `sipbot ledger check`."""
    seconds: float


class Referee:
    """Hears every answer."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes]] = {}
        self.last = asyncio.Event()

    # Event loop, for each message.
    def hear(self, topic: str, words: bytes) -> None:
        req = topic.rsplit("/", 1)[1]
        self.answers.setdefault(req, []).append(words)
        if req == "last":
            self.last.set()


class Letter(msgspec.Struct, frozen=True):
    """A command as it goes on the bus."""

    verb: str
    req: str
    words: bytes
    memo: Memo


class Operator:
    """One operator's program.

    Args:
        name: of the operator.
        chance: decides what becomes of each command.
    """

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.requests: list[str] = []
        self.sent = 0
        self.shares = Counter[str]()
        self._chance = chance
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._later: list[tuple[int, Letter, bool]] = []
        """After how many commands, which one, and whether it is a copy."""

    # Event loop, for each message.
    def hear(self, topic: str, words: bytes) -> None:
        waiting = self._waiting.get(topic)
        if waiting is not None and not waiting.done():
            waiting.set_result(msgspec.json.decode(words, type=Answer))

    async def fight(self, link: PlainClient, memos: Sequence[Memo]) -> None:
        """Want every memo."""
        wanted = [(memo, self._share()) for memo in self._chance.sample(memos, len(memos))]
        before: Letter | None = None
        for n, (memo, share) in enumerate(wanted):
            letter = self._written("claim", memo, share)
            if share == "swapped" and before is None:
                before = letter
                continue
            if share == "held":
                self._later.append((n + self._chance.randint(*HELD_FOR), letter, False))
            else:
                await self._ask(link, [letter, *filter(None, [before])], twice=share == "twice")
                before = None
            if share == "again":
                self._later.append((n + self._chance.randint(*HELD_FOR), letter, True))
            await self._send_held(link, n)
        if before is not None:
            await self._ask(link, [before])
        await self._send_held(link, sys.maxsize)

    async def _send_held(self, link: PlainClient, until: int) -> None:
        due = [one for one in self._later if one[0] <= until]
        self._later = [one for one in self._later if one[0] > until]
        for _, letter, copy in due:
            await (self._send(link, letter) if copy else self._ask(link, [letter]))

    def _share(self) -> str:
        (share,) = self._chance.choices(list(SHARES), list(SHARES.values()))
        self.shares[share] += 1
        return share

    def _written(self, verb: str, memo: Memo, share: str = "plain") -> Letter:
        req = f"{self.name}-{len(self.requests)}"
        self.requests.append(req)
        at = now() - timedelta(hours=2) if share == "late" else now()
        words = payload(req=req, by=self.name, memo=memo.id, ts=at, ttl_s=3600)
        return Letter(verb, req, words, memo)

    async def _ask(
        self, link: PlainClient, letters: Sequence[Letter], *, twice: bool = False
    ) -> None:
        """Send commands in this order, wait for their answers, give back some of what is won."""
        loop = asyncio.get_running_loop()
        topics = [TOPICS.answer(CLIENT, letter.req) for letter in letters]
        answers = [self._waiting.setdefault(topic, loop.create_future()) for topic in topics]
        for topic in topics:
            await link.subscribe(topic)
        for letter in letters:
            await self._send(link, letter)
            if twice:
                await self._send(link, letter)
        async with asyncio.timeout(ANSWER_S):
            told = [await answer for answer in answers]
        for topic in topics:
            del self._waiting[topic]
            await link.unsubscribe(topic)
        for letter, answer in zip(letters, told, strict=True):
            won = letter.verb == "claim" and answer.status == "accepted"
            if won and self._chance.random() < BACK:
                await self._ask(link, [self._written("release", letter.memo)])

    async def _send(self, link: PlainClient, letter: Letter) -> None:
        self.sent += 1
        await link.publish(TOPICS.command(CLIENT, letter.verb), letter.words)


async def fight(
    kind: Kind, operators: int, memos: int, seed: int, folder: Path, *options: str
) -> Outcome:
    """Let operators fight for memos over a broker of this kind.

    Args:
        kind: of the broker.
        operators, memos: how many; the embedded broker has room for some 200 operators.
        seed: of everything that is left to chance.
        folder: for the ledger.
        options: of the broker.
    """
    path = folder / "sipbot.sqlite3"
    everybody = [Operator(f"operator-{n}", random.Random(f"{seed} {n}")) for n in range(operators)]
    async with running(kind, *options) as broker, Ledger.open(path) as ledger:
        wanted = [await a_memo_in(ledger, CLIENT) for _ in range(memos)]
        keeps = msgspec.structs.replace(broker.address, outlives_us=kind == "mosquitto")
        referee = Referee()
        async with running_desk(keeps, ledger), plain_client(broker.port, referee.hear) as watching:
            await watching.subscribe(TOPICS.answer(CLIENT, "x").removesuffix("x") + "+")
            began_s = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for one in everybody:
                    group.create_task(_takes_part(one, broker.port, wanted), name=one.name)
            seconds = time.monotonic() - began_s
            # What is answered once more comes before the answer to what is asked last.
            last = payload(req="last", by="referee", memo="nobody", ts=now())
            await watching.publish(TOPICS.command(CLIENT, "claim"), last)
            async with asyncio.timeout(ANSWER_S):
                await referee.last.wait()
            after = [memo for one in wanted if (memo := await ledger.memo(one.id)) is not None]
    return _outcome(kind, everybody, referee, after, path, seconds)


async def _takes_part(one: Operator, port: int, memos: Sequence[Memo]) -> None:
    async with plain_client(port, one.hear) as link:
        await one.fight(link, memos)


@contextlib.asynccontextmanager
async def running_desk(
    address: Broker, ledger: Ledger, desk: CommandDesk | None = None
) -> AsyncIterator[CommandDesk]:
    """Run desk, outbox and feed as sipbot does, and stop them in the clean way."""
    desk = desk or CommandDesk(TOPICS, ledger.commands)
    feed = Feed(address, site="main", boot="b1", on_command=desk.hear, die=lambda: 0.0)
    outbox = Outbox(ledger, {MQTT: feed})
    feed.on_session = outbox.nudge
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(one.run()) for one in (desk, outbox)]
        going = group.create_task(feed.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await feed.connected.wait()
            yield desk
        finally:
            feed.stop()
            await asyncio.wait([going])
            for part in parts:
                part.cancel()


# -- the books -------------------------------------------------------------------------------------


def _outcome(
    kind: Kind,
    everybody: Sequence[Operator],
    referee: Referee,
    memos: Sequence[Memo],
    path: Path,
    seconds: float,
) -> Outcome:
    requests = [req for one in everybody for req in one.requests]
    heard = {req: referee.answers.get(req, []) for req in requests}
    told = [msgspec.json.decode(words[0], type=Answer) for words in heard.values() if words]
    won = {
        (str(answer.memo), answer.rev, answer.by)
        for answer in told
        if (answer.verb, answer.status) == ("claim", "accepted")
    }
    claims = [
        (memo.id, step.rev, step.by)
        for memo in memos
        for step in memo.history
        if step.what == "claimed"
    ]
    return Outcome(
        broker=kind,
        operators=len(everybody),
        memos=len(memos),
        requests=len(requests),
        sent=sum(one.sent for one in everybody),
        shares=dict(sum((one.shares for one in everybody), Counter[str]())),
        answers=sum(map(len, heard.values())),
        unanswered=sum(not words for words in heard.values()),
        answered_again=sum(len(words) - 1 for words in heard.values() if words),
        statuses=dict(Counter(answer.status for answer in told)),
        double_holders=sum(double_holders(memo) for memo in memos),
        misled=len(won.symmetric_difference(claims)),
        won=len({memo for memo, _, _ in claims}),
        handed_on=len(claims) - len({memo for memo, _, _ in claims}),
        problems=examine(path, None).problems,
        seconds=seconds,
    )


def double_holders(memo: Memo) -> int:
    """Count the claims in a memo's history that came while somebody else held it."""
    holder: str | None = None
    doubled = 0
    for step in memo.history:
        if step.what in ("claimed", "prolonged"):
            doubled += holder not in (None, step.by)
            holder = step.by
        elif step.what in ("released", "snoozed", "done", "lease_over"):
            holder = None
    return doubled + (holder != memo.holder)


def shown(outcomes: Sequence[Outcome]) -> Table:
    """Return the outcomes side by side."""
    table = Table("", *(one.broker for one in outcomes))
    for name in Outcome.__struct_fields__[1:]:
        table.add_row(name, *(str(getattr(one, name)) for one in outcomes))
    rates = (f"{one.requests / one.seconds:.0f}" for one in outcomes)
    table.add_row("requests_per_second", *rates)
    return table


def main() -> int:
    """Fight once on each broker that was asked for; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.bus_fight", description=__doc__)
    parser.add_argument("--broker", choices=[*get_args(Kind), "both"], default="both")
    parser.add_argument("--operators", type=int, default=50)
    parser.add_argument("--memos", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    kinds = [kind for kind in get_args(Kind) if asked.broker in (kind, "both")]
    outcomes: list[Outcome] = []
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="bus-fight-") as folder:
            wanted = (asked.operators, asked.memos, asked.seed, Path(folder))
            outcomes.append(asyncio.run(fight(kind, *wanted)))
        Console().print(shown(outcomes))
    return 0 if all(kept(one) for one in outcomes) else 1


def kept(one: Outcome) -> bool:
    """Tell whether nobody held a memo beside another and every request had one answer."""
    faults = (one.unanswered, one.answered_again, one.double_holders, one.misled)
    return not any(faults) and not one.problems and one.won == one.memos


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(main())
