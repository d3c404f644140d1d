"""A bot that hostile peers can reach, what became of its processes, and who was answered."""

import asyncio
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bot import Bot
from tests.torture.promise import Promise
from tests.torture.telephone import Answer, probe
from tests.torture.verdicts import each_once

MAD_TRUNK = "127.0.0.3"
"""An address whose calls are accepted, and which has gone mad."""

STRANGER = "127.0.0.2"
"""An address whose calls are refused."""

PROBE_LIMIT_S = 2.0
"""The acceptance table's (B1, A1)."""

PROBE = "probe-"
"""How the users of those begin who only want to be answered."""

ENDED = b'"event": "agent ended"', b'"event": "child ended"'
"""What main logs when an agent or another child, such as the edge, has gone."""


class HostileBot(Bot):
    """A bot that takes calls from a sane trunk and a mad one.

    Args:
        folder: empty; the bot's own.
        mqtt_port: where a broker listens.
        models: folder with the speech models.
        agents: how many; more than one are behind an edge.
    """

    def __init__(self, folder: Path, mqtt_port: int, models: Path, *, agents: int) -> None:
        super().__init__(folder, mqtt_port, models, agents=agents, edge="auto")
        config = folder / "config.toml"
        text = config.read_text(encoding="utf-8")
        allowed = f'allow = ["127.0.0.1/32", "{MAD_TRUNK}/32"]'
        config.write_text(re.sub(r"allow = .*", allowed, text), encoding="utf-8")

    @property
    def target(self) -> tuple[str, int]:
        """Where callers call: the edge, or the only agent."""
        return "127.0.0.1", self.port

    @property
    def exits(self) -> int:
        """How many processes have gone since the start."""
        log = self.log.read_bytes()
        return sum(map(log.count, ENDED))

    def memory_kb(self) -> int:
        """Memory of all agents together that is theirs alone or their share (PSS)."""
        return sum(_pss_kb(pid) for pid in self.agents())


def _pss_kb(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


@dataclass(kw_only=True)
class Probes:
    """Calls placed in between, to see that the next caller is answered.

    Args:
        bot: that is called.
    """

    bot: HostileBot
    answers: dict[str, Answer] = field(default_factory=dict)
    """User → what came of it."""

    async def one(self) -> Answer:
        """Call, again when refused, until answered."""
        name = f"{PROBE}{len(self.answers)}"
        self.answers[name] = answer = await probe(name, self.bot.target)
        return answer

    def row(self, harm: str, since: int = 0, *, limit_s: float = PROBE_LIMIT_S) -> Promise:
        """Return whether everybody was answered, and how soon.

        Args:
            harm: what was done meanwhile.
            since: how many probes were placed before that.
            limit_s: how long the one who waited longest may have waited.
        """
        answers = list(self.answers.values())[since:]
        waited = sorted(answer.after_s for answer in answers)
        return Promise(
            harm=harm,
            promise="the next call is answered",
            tries=len(answers),
            lost=sum(answer.code != 200 for answer in answers),
            worst=round(waited[-1], 2) if waited else None,
            limit=limit_s,
            note=f"median {waited[len(waited) // 2]:.3f} s" if waited else "",
        )

    async def ledger_row(self, harm: str) -> Promise:
        """Return whether every probe that was answered has a call in the ledger."""
        wanted = [name for name, answer in self.answers.items() if answer.code == 200]
        for name in wanted:
            await self.bot.ended(name)
        rows = [row for row in self.bot.rows() if row.offer.from_.user.startswith(PROBE)]
        # Who hangs up at once may be gone before it is told that the answer was acknowledged.
        found = [row.offer.from_.user for row in rows if row.sip_code == 200]
        note = f"{len(rows) - len(found)} refusals of theirs have rows too"
        return each_once(harm, "who was answered is in the ledger, once", wanted, found, note)


def exits_row(harm: str, tries: int, exits: int, what: str) -> Promise:
    """Return whether no process has gone."""
    return Promise(harm=harm, promise="no process ends", tries=tries, lost=exits, note=what)


async def send(
    source: str, target: tuple[str, int], messages: Sequence[bytes], every_s: float
) -> None:
    """Send datagrams from one socket of this address; what comes back is not looked at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for one in messages:
            sender.sendto(one, target)
            await asyncio.sleep(every_s)
