"""One node: a sipbot with an edge, which can be ended as a power cut would."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

from sipbot.agent_places import rtp_ports_of
from sipbot.front_config import Node
from sipbot.sip.stack import LINES
from tests.bot import _main
from tests.torture.broker_calls import DeafBot

START_S = 120.0
"""On a busy machine; a node is there after 4 s on a free one."""


class NodeBot(DeafBot):
    """One sipbot with an edge, without a speech model."""

    site = ""

    @classmethod
    def of(cls, folder: Path, site: str, mqtt_port: int, agents: int) -> "NodeBot":
        """Lay it out; the dialplans of all nodes are the same."""
        models = folder / "models"
        models.mkdir(parents=True)
        bot = cls(folder, mqtt_port, models, agents=agents, edge="always")
        config = folder / "config.toml"
        text = config.read_text(encoding="utf-8").replace('site = "test"', f'site = "{site}"')
        config.write_text(text, encoding="utf-8")
        bot.site, bot.agents_wanted = site, agents
        first = int(text.partition("rtp_port = ")[2].split()[0])
        bot.rtp = range(first, first + rtp_ports_of(LINES) * agents)
        return bot

    agents_wanted = 0
    rtp = range(0)

    @property
    def node(self) -> Node:
        """What a front must know of it."""
        lines = 4 * self.agents_wanted
        return Node(site=self.site, address="127.0.0.1", port=self.port, lines=lines)

    async def start(self) -> None:
        """Start it and wait until its edge and its agents are there, and the broker."""
        self._launch()

        async def ready() -> bool:
            now = await self.ask()
            there = {c.name for c in now.children if c.pid is not None} if now else set()
            wanted = {"edge", *(f"agent-{n}" for n in range(self.agents_wanted))}
            return now is not None and now.broker_connected and wanted <= there

        async with asyncio.timeout(START_S):
            while not await ready():
                await asyncio.sleep(0.05)

    def power_cut(self) -> float:
        """End every process of this node at one moment; return when."""
        assert self.process is not None
        pids = _family({self.process.pid, *filter(None, [_main(self.folder)]), *self.agents()})
        # None may notice that another is dead and act on it: in a power cut nobody does.
        for how in (signal.SIGSTOP, signal.SIGKILL):
            at = time.time()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
        self.process.wait()
        return at


def _family(roots: set[int]) -> set[int]:
    """Return these processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat = (entry / "stat").read_text(encoding="ascii", errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = set[int](), [*roots]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found
