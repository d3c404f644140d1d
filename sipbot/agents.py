"""All agents of a site: where they are, how they start, and when one is replaced by a fresh one.

Each agent has a client of its own (`sipbot.sip.client`) and knows of no other, so that one that
crashes is seen by nobody else.  Here is only what concerns them together.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sipbot.retired import RetiredAgent, retired_in
from sipbot.sip import wire
from sipbot.sip.client import AgentClient
from sipbot.sip.stack import StackSettings

STARTS_AT_ONCE = max(2, os.cpu_count() or 1)
"""Agents that load at the same time: a core each.  More would only make each of them later, and one
that needs more than `sipbot.sip.client.READY_S` is given up."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where an edge may send calls."""

    address: str
    port: int
    weight: int
    """How many calls it takes at the same time."""


class Agents:
    """The agents of a site; everything here runs in the event loop.

    Args:
        stacks: of each agent, in their order.
        allow: networks whose INVITEs they accept.
        run_folder: where their sockets live.
        recycle_after_calls: how many calls an agent has before it is replaced; 0: any number.
        on_event: called with every event of an agent.
        on_gone: called when an agent has died or was replaced.
        looping: returns what is told of crash loops, for an agent's name.
    """

    def __init__(
        self,
        stacks: Sequence[StackSettings],
        *,
        allow: tuple[str, ...],
        run_folder: Path,
        recycle_after_calls: int,
        on_event: Callable[[AgentClient, wire.Event], None],
        on_gone: Callable[[AgentClient], None],
        looping: Callable[[str], Callable[[int], None]],
    ) -> None:
        self._stacks, self._allow, self._run_folder = stacks, allow, run_folder
        self._recycle_after_calls = recycle_after_calls
        self._on_event, self._on_gone, self._looping = on_event, on_gone, looping
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self.all = [self._client(number) for number in range(len(stacks))]
        self.retired = [self._retired(one) for one in retired_in(run_folder, len(stacks))]
        """Those of an earlier run that are configured no longer."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when `in_force` returns something else than before."""
        self._told = self.in_force()

    def in_force(self) -> tuple[Backend, ...]:
        """Return the agents that take new calls now, in their order."""
        return tuple(
            Backend(address=stack.address, port=stack.port, weight=stack.lines)
            for stack, agent in zip(self._stacks, self.all, strict=True)
            if agent.serving
        )

    @property
    def everyone(self) -> tuple[AgentClient, ...]:
        """Every agent that may have callers, those that are out of service too."""
        return (*self.all, *self.retired)

    def drain(self) -> None:
        """Let every agent take no new calls, and end with its last caller."""
        for agent in self.all:
            agent.drain()
        self._tell()

    def _client(self, number: int) -> AgentClient:
        agent = AgentClient(
            number,
            stack=self._stacks[number],
            allow=self._allow,
            run_folder=self._run_folder,
            # Both in the event loop.
            on_event=lambda event: self._hear(agent, event),
            on_gone=lambda _: self._gone(agent),
            on_crash_loop=self._looping(f"agent-{number}"),
            starting=self._starting,
        )
        return agent

    def _retired(self, number: int) -> RetiredAgent:
        agent = RetiredAgent(
            number,
            stack=self._stacks[0],
            allow=self._allow,
            run_folder=self._run_folder,
            # Both in the event loop.
            on_event=lambda event: self._on_event(agent, event),
            on_gone=lambda _: self._on_gone(agent),
        )
        return agent

    # Both in the event loop, from an agent's client.
    def _hear(self, agent: AgentClient, event: wire.Event) -> None:
        self._on_event(agent, event)
        if isinstance(event, wire.Hello | wire.Ended):
            self._renew_one()
            self._tell()

    def _gone(self, agent: AgentClient) -> None:
        self._on_gone(agent)
        self._tell()

    def _renew_one(self) -> None:
        """Replace an agent that has had its calls and has none now; one at a time.

        What pjsip does not give back grows with the calls (pjproject #4350), and a fresh process is
        the one remedy for whatever else does.
        """
        limit = self._recycle_after_calls
        if not limit or not all(agent.serving for agent in self.all):
            return
        for agent in self.all:
            if agent.taken >= limit and agent.idle:
                agent.renew()
                return

    def _tell(self) -> None:
        now = self.in_force()
        if now != self._told:
            self._told = now
            self.on_change()
