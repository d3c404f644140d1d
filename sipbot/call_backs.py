"""Calls back that are going on: each is given to an agent, and what it tells is written down.

Data path: ledger_commands -> [call_backs] -> sip/call_back -> [call_backs] -> ledger

The agent leads them by itself, so nothing here is lost with the main process: what has not ended is
a row in the ledger, and an agent tells the end until somebody has written it down.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import msgspec
import structlog

from sipbot import call_back
from sipbot.call_tools import tell_written
from sipbot.errors import ChildGoneError
from sipbot.ledger_calls_back import CallBackEntry, CallsBack
from sipbot.prompt_shelf import BUILTIN_PROMPTS
from sipbot.ringback import ringback
from sipbot.sip import wire
from sipbot.sip.on_call_wire import is_on_call
from sipbot.to_do import ToDo

LOST_S = 30.0
"""How long an agent whose connection ended may need until it, or the next one, says which calls it
has: it is started within seconds, unless its port is taken (our wish)."""


class Agent(Protocol):
    """What is needed of an agent."""

    @property
    def serving(self) -> bool:
        """Whether it takes new calls."""

    @property
    def pong(self) -> wire.Pong | None:
        """Its last sign of life."""

    def send(self, command: wire.Command) -> None:
        """Send a command; raises ChildGoneError when the agent is not there."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How calls back are placed."""

    region: str
    """ISO 3166-1 alpha-2, whose ringing tone operators hear."""
    shown_in_from: bool
    """Whether From names the client too; see `sipbot.sip.target.dial_back`."""


class CallBacks:
    """Begins what operators ask for, and follows it to its end.

    Args:
        ledger: the ledger's part.
        agents: all there are; asked when one is needed.
        manner: of the settings.
        languages: client → language of its dialplan, as of now.
        trouble: tells what a person should look at: id, problem (None when it is over), remedy.
    """

    def __init__(
        self,
        ledger: CallsBack,
        *,
        agents: Callable[[], Sequence[Agent]],
        manner: Manner,
        languages: Callable[[], Mapping[str, str]],
        trouble: Callable[[str, str | None, str], None],
    ) -> None:
        self._ledger = ledger
        self._agents = agents
        self._manner = manner
        self._languages = languages
        self._to_do = ToDo(trouble)
        self._led: dict[str, Agent | None] = {}
        """Id → its agent; None while it is said that there is none."""
        self._asked: set[str] = set()
        """Asked for in this run: nobody is called for what an earlier one was asked."""
        self._ending: set[str] = set()
        """Ends that an agent has told and that are not written yet: no other end counts."""
        self._adrift: dict[str, tuple[Agent, datetime]] = {}
        """Calls whose agent's connection has ended, and when: it may be alive all the same."""
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Do what there is to do until cancelled."""
        await self._to_do.run()

    def lines(self) -> int:
        """Return how many lines these calls take: two each, the second from the first answer on."""
        return 2 * sum(agent is not None for agent in self._led.values())

    # Event loop, from the ledger's part for commands.
    def asked(self, call: str) -> None:
        """Begin a call back that is stored."""
        self._asked.add(call)
        self._to_do.add(self._begin_all)

    # Event loop, from an agent.
    def hear(self, agent: Agent, event: wire.Event) -> None:
        """Take an event of an agent; those of other calls are somebody else's."""
        match event:
            case wire.Hello(calls_back=calls):
                self._meet(agent, [call for call in calls if not is_on_call(call)])
            case wire.CallBackStep(call=call, at=at):
                self._log.info("call back: connected", call=call)
                self._to_do.add(partial(self._connected, call, at))
            case wire.CallBackEnded(call=call, reason=reason):
                how = call_back.told(event)
                self._log.info("call back: ended", call=call, end=how.end.value, reason=reason)
                self._ending.add(call)
                self._to_do.add(partial(self._ended, call, how, agent))

    # Event loop, from an agent's client.
    def agent_gone(self, agent: Agent) -> None:
        """An agent died, and its calls with it; or it only let go of us, and says so at once.

        So they are lost when the next `Hello` does not name them, or none comes.
        """
        at = datetime.now(UTC)
        for call in [call for call, owner in self._led.items() if owner is agent]:
            self._adrift[call] = agent, at
        # Runs in the event loop.
        asyncio.get_running_loop().call_later(LOST_S, self._give_up, agent, at)

    def _meet(self, agent: Agent, calls: Sequence[str]) -> None:
        """Take over what an agent says that it has; what it has no more is lost."""
        self._led |= dict.fromkeys(calls, agent)
        for call in calls:
            self._adrift.pop(call, None)
        self._give_up(agent)

    def _give_up(self, agent: Agent, gone_at: datetime | None = None) -> None:
        """Tell the end of what an agent had when its connection ended; None: whenever that was."""
        for call, (owner, at) in tuple(self._adrift.items()):
            if owner is agent and gone_at in (None, at):
                del self._adrift[call]
                self._to_do.add(partial(self._lost, call, at))

    async def recover(self) -> None:
        """Tell the end of what an earlier run left behind and no agent knows of."""
        at = datetime.now(UTC)
        for entry in await self._ledger.going():
            if not any(entry.id in known for known in (self._led, self._asked, self._ending)):
                self._log.warning("call back was left unfinished", call=entry.id)
                self._to_do.add(partial(self._ended, entry.id, call_back.interrupted(at), None))

    async def _begin_all(self) -> None:
        for entry in await self._ledger.going():
            if entry.id in self._asked and entry.id not in self._led:
                self._asked.discard(entry.id)
                self._begin(entry)

    def _begin(self, entry: CallBackEntry) -> None:
        agent = self._least_busy()
        self._led[entry.id] = agent
        log = self._log.bind(call=entry.id, client=entry.client, memo=entry.memo)
        if agent is not None:
            try:
                agent.send(self._order(entry))
            except ChildGoneError as error:
                log.warning("call back: its agent has just gone", problem=str(error))
            else:
                log.info("call back: begun", by=entry.by)
                return
        log.warning("call back: there is no agent for it")
        how = call_back.without_line(datetime.now(UTC))
        self._to_do.add(partial(self._ended, entry.id, how, None))

    def _least_busy(self) -> Agent | None:
        """The agent that has most lines free, as far as is known: it alone knows, and may refuse.

        Of equal ones the last: trunks try the first one first.
        """

        def load(agent: Agent) -> int:
            calls = agent.pong.calls if agent.pong is not None else 0
            return calls + 2 * list(self._led.values()).count(agent)

        serving = [agent for agent in self._agents() if agent.serving]
        return min(reversed(serving), key=load, default=None)

    def _order(self, entry: CallBackEntry) -> wire.CallBack:
        prompt = BUILTIN_PROMPTS / self._languages().get(entry.client, "") / "transfer.wav"
        return wire.CallBack(
            call=entry.id,
            phone=entry.extension,
            number=entry.number,
            shown=entry.shown,
            shown_in_from=self._manner.shown_in_from,
            prompt=str(prompt) if prompt.is_file() else "",
            ringback=str(ringback(self._manner.region)),
            phone_ring_s=call_back.PHONE_RING_S,
            ring_s=call_back.RING_S,
        )

    async def _connected(self, call: str, at: datetime) -> None:
        await self._ledger.connected(call, at, datetime.now(UTC))

    async def _ended(self, call: str, how: call_back.Ended, agent: Agent | None) -> None:
        await self._ledger.ended(call, how, datetime.now(UTC))
        self._led.pop(call, None)
        self._ending.discard(call)
        if agent is not None:
            tell_written(agent, call)

    async def _lost(self, call: str, at: datetime) -> None:
        if call in self._ending:
            return
        known = {entry.id: entry for entry in await self._ledger.going()}
        since = known[call].connected_at if call in known else None
        await self._ended(call, call_back.interrupted(at, since), None)
