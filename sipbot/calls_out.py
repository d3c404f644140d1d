"""The calls that sipbot places: back to callers, and to people on call.

Data path: agents -> [calls_out] -> call_backs, on_call
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sipbot.call_backs import Agent, CallBacks, Manner
from sipbot.call_decision import Phones
from sipbot.dialplan import Dialplans
from sipbot.escalation_watch import EscalationWatch
from sipbot.ledger import Ledger
from sipbot.on_call import OnCallPhones
from sipbot.sip import wire
from sipbot.spool import Spool


class CallsOut:
    """Puts both together; everything here runs in the event loop.

    Args:
        ledger: open.
        spool: where recordings are.
        agents: returns all there are.
        plans: returns the dialplans in force.
        manner: how calls back are placed.
        phones: returns who may have whom called back.
        folder: where announcements are kept while they are said.
        trouble: raises an alert (id, problem, remedy) or clears it (None).
    """

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        *,
        agents: Callable[[], Sequence[Agent]],
        plans: Callable[[], Dialplans],
        manner: Manner,
        phones: Callable[[], Phones],
        folder: Path,
        trouble: Callable[[str, str | None, str], None],
    ) -> None:
        self.back = CallBacks(
            ledger.calls_back,
            agents=agents,
            manner=manner,
            languages=lambda: {plan.client: plan.language for plan in plans().all},
            trouble=trouble,
        )

        # Runs in the ledger's thread.
        def answered_here(number: str) -> bool:
            return plans().find(number) is not None

        ledger.commands.phones = lambda: replace(phones(), answered_here=answered_here)
        ledger.commands.on_call = self.back.asked
        self.escalation = EscalationWatch(
            ledger=ledger.escalations, revisions=ledger.console, plans=plans, trouble=trouble
        )
        self._on_call = self.escalation.phones = OnCallPhones(
            agents=agents,
            recordings=spool.recordings,
            folder=folder,
            ended=self.escalation.ended,
            trouble=trouble,
        )

    @property
    def lines(self) -> int:
        """How many lines of the agents these calls take."""
        return self.back.lines() + self._on_call.lines()

    async def recover(self) -> None:
        """End what an earlier run has left behind and no agent knows of.

        Raises:
            LedgerError: the ledger refuses.
        """
        await self.back.recover()
        self._on_call.tidy()

    # Both in the event loop, from an agent's client.
    def hear(self, agent: Agent, event: wire.Event) -> None:
        """Take an event of an agent."""
        self.back.hear(agent, event)
        self._on_call.hear(agent, event)

    def agent_gone(self, agent: Agent) -> None:
        """An agent died."""
        self.back.agent_gone(agent)
        self._on_call.agent_gone(agent)
