"""Which call an event belongs to, and what becomes of calls that nobody leads.

Data path: sip -> [switchboard] -> dialplan -> calls -> ...

Every INVITE gets its row in the ledger here: an offered one before it is answered, a refused one
with its reason, and one that an earlier run of sipbot did not finish gets its end state.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import structlog

from sipbot import routes
from sipbot.call_tools import Agent, Gone, Tools, hang_up, refuse, tell_written
from sipbot.caller import CallerId, caller_number
from sipbot.calls import LiveCall
from sipbot.dialplan import Choice, Dialplans
from sipbot.errors import LedgerError, SipbotError, SpoolError
from sipbot.ledger import CallEntry
from sipbot.ledger_watch import LedgerWatch
from sipbot.memo import LIVE_EAR, SECOND_EAR
from sipbot.reading_facts import facts_of
from sipbot.records import CallOffer, EndState
from sipbot.script_events import Offered
from sipbot.sip import wire
from sipbot.speech import wire as speech
from sipbot.spool import Note
from sipbot.to_do import RETRY_S, ToDo
from sipbot.unreadable import Unreadable

REFUSED_AS = {
    "capacity": EndState.REFUSED_CAPACITY,
    "draining": EndState.REFUSED_CAPACITY,
    "rate": EndState.REFUSED_CAPACITY,
    "source": EndState.REFUSED_SOURCE,
    "replaces": EndState.REFUSED_BLOCKED,
    "body": EndState.FAILED_MEDIA,
    "media": EndState.FAILED_MEDIA,
}
"""`wire.Refused.why` → the end state in the ledger."""

_OFFERED = Offered()


class Switchboard:
    """Hands events to the calls they belong to, and begins and ends the calls' tasks.

    Args:
        dialplans: every client's; may be replaced while running, calls keep their own.
        tools: what every call needs.
        clock: the time, UTC-aware: clients have opening hours.
        look_at_disk: sets `refusing` anew.
        retry_s: between two tries to do what disk or ledger have refused.
    """

    def __init__(
        self,
        *,
        dialplans: Dialplans,
        tools: Tools,
        look_at_disk: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry_s: float = RETRY_S,
    ) -> None:
        self._clock = clock
        self.dialplans = dialplans
        self.calls: dict[str, LiveCall] = {}
        self._tools = tools
        tools.reading.facts = lambda client: facts_of(client, self.dialplans)
        self._look_at_disk = look_at_disk
        self.refusing = ""
        """Why no message can be taken now; empty when all is well."""
        self._adopted: dict[str, Agent] = {}
        self._finishing: dict[str, wire.Ended | None] = {}
        """Calls that nobody leads and that have no end yet, and how their agents say they ended."""
        self._log = structlog.get_logger()
        self._to_do = ToDo(tools.trouble, retry_s=retry_s)
        self._do = self._to_do.add
        self.ledger_watch = LedgerWatch(tools.trouble)
        """Whether rows of calls are refused."""
        self._unreadable = Unreadable(tools.spool, tools.trouble)

    async def run(self) -> None:
        """Lead all calls until cancelled."""
        await self._to_do.run()

    # -- from the agents: called in the event loop ----------------------------------------------

    def hear(self, agent: Agent, event: wire.Event) -> None:
        """Take an event of an agent."""
        match event:
            case wire.Hello(calls=calls):
                self._adopted |= dict.fromkeys(calls, agent)
            case wire.Offered(offer=offer):
                self._offered(agent, offer)
            case wire.Refused():
                self._do(partial(self._refused, agent, event))
            case wire.Fault(call=call, problem=problem):
                self._log.error("agent reports a fault", call=call, problem=problem)
            case wire.Refer(call=call, method=method):
                self._log.warning("refused a transfer or takeover", call=call, method=method)
            case wire.Registered(account=account, code=code, reason=reason):
                self._registered(account, code, reason)
            case wire.Ended(call=call) if call not in self.calls:
                self._adopted.pop(call, None)
                self._finish_soon(call, event, agent)
            case wire.Pong():
                pass
            case _:
                self._pass_on(event.call, event)

    def agent_gone(self, agent: Agent) -> None:
        """An agent died: its calls end here, with what reached the disk."""
        for call in list(self.calls.values()):
            if call.agent is agent:
                call.happen(Gone())
        for call_id in [call for call, owner in self._adopted.items() if owner is agent]:
            del self._adopted[call_id]
            self._finish_soon(call_id)

    def _registered(self, account: str, code: int, reason: str) -> None:
        if code < 300:
            self._log.info("registered", account=account, code=code)
            self._tools.trouble(f"account-{account}", None, "")
            return
        self._log.error("not registered", account=account, code=code, reason=reason)
        problem = f"account {account} is not registered: {code} {reason}"
        self._tools.trouble(f"account-{account}", problem, "Check user, password and realm")

    # -- from the recognisers: called in the event loop -----------------------------------------

    def heard_live(self, reply: speech.Reply) -> None:
        """Take a reply of the live recogniser."""
        self._heard(reply, LIVE_EAR)

    def heard_second(self, reply: speech.Reply) -> None:
        """Take a reply of the second recogniser."""
        self._heard(reply, SECOND_EAR)

    def _heard(self, reply: speech.Reply, engine: str) -> None:
        match reply:
            case speech.Final() | speech.Failed():
                self._do(partial(self._tools.reading.heard, reply, engine))
                if engine == LIVE_EAR:  # its call may wait to hear whether there were words
                    self._tools.reading.note(reply)
                    self._pass_on(reply.job, reply)
            case speech.Stalled(job=call, since_s=since_s):
                self._log.error("recording does not grow", call=call, since_s=since_s)
                problem = f"the recording of call {call} has not grown for {since_s:.0f} s"
                self._tools.trouble("recording-stalled", problem, "Disk full, or the agent hung?")
            case speech.Ready(ears=ears):
                self._do(partial(self._tools.reading.now_hears, engine, ears))
            case _ if not isinstance(reply, speech.Pong):
                self._tools.reading.note(reply)
                self._pass_on(reply.job, reply)

    # -- calls of an earlier run ----------------------------------------------------------------

    async def recover(self) -> None:
        """Give every call that an earlier run left behind its end, and every memo its text.

        Calls that an agent is still finishing alone are left to it; their `Ended` brings them here.
        """
        for entry in await self._tools.ledger.unfinished_calls():
            call = entry.offer.call
            if call not in self._adopted and call not in self.calls:
                self._log.warning("call was left unfinished", call=call, client=entry.client)
                self._finish_soon(call)
        await self._tools.reading.resume({p.client: p.language for p in self.dialplans.all})

    def _finish_soon(
        self, call: str, told: wire.Ended | None = None, agent: Agent | None = None
    ) -> None:
        """Finish a call that nobody leads, once: the first who knows how it ended is believed.

        Args:
            call: its id.
            told: what its agent said; None when it was a crash.
            agent: the one that said it.
        """
        known = call in self._finishing
        self._finishing[call] = self._finishing.get(call) or told
        if not known:
            self._do(partial(self._finish, call, agent))

    async def _finish(self, call: str, agent: Agent | None) -> None:
        entry = await self._tools.ledger.call(call)
        done = True
        if entry is not None and entry.state is None and call not in self.calls:
            done = await self._finish_entry(entry, self._finishing.get(call))
        if done:
            self._finishing.pop(call, None)
        await self._written(agent, call)

    async def _finish_entry(self, entry: CallEntry, told: wire.Ended | None) -> bool:
        """Return whether that was done; if not, it is tried again."""
        client = entry.client or ""
        plans = {plan.client: plan for plan in self.dialplans.all}
        call = LiveCall(
            note=Note(
                offer=entry.offer,
                client=client,
                rule=entry.rule,
                number=entry.number or "",
                caller=entry.caller,
            ),
            course=None,
            language=plans[client].language if client in plans else "",
            region=self.dialplans.region,
            caller=self._caller(entry.offer),
            agent=None,
            tools=self._tools,
            beside=self._do,
        )
        try:
            await call.resume(entry.answered_at, told)
        except SpoolError as error:
            if not self._unreadable.answers(call.call, error):
                raise
            await call.resume(entry.answered_at, told, with_answers=False)
        return await self._run(call)

    # -- new calls ------------------------------------------------------------------------------

    def _offered(self, agent: Agent, offer: CallOffer) -> None:
        """Find the client; from here on the call hears everything, an immediate CANCEL too."""
        choice = self.dialplans.choose(offer)
        if choice.dialplan is None:
            self._do(partial(self._unmapped, agent, offer, choice))
            return
        caller, region = self._caller(offer), self.dialplans.region
        routed = routes.choose(
            choice.dialplan,
            caller,
            choice.number,
            self._clock(),
            region,
            refuse=bool(self.refusing),
        )
        if routed.course is None:
            self._do(partial(self._blocked, agent, offer, choice, routed))
            return
        call = LiveCall(
            note=Note(
                offer=offer,
                client=choice.dialplan.client,
                rule=choice.rule,
                number=choice.number,
                caller=caller.number,
                urgent=routed.course.urgent,
                category=routed.course.category,
            ),
            course=routed.course,
            language=choice.dialplan.language,
            region=region,
            caller=caller,
            agent=agent,
            tools=self._tools,
            beside=self._do,
        )
        call.happen(_OFFERED)
        self.calls[offer.call] = call
        self._do(partial(self._lead, agent, call))

    async def _lead(self, agent: Agent, call: LiveCall) -> None:
        try:
            await self._add(call.note)
        except SipbotError as error:
            await self._look_at_disk()
            if not self.refusing:
                del self.calls[call.call]
                refuse(agent, call.call, 503)  # the trunk may try another site
                if isinstance(error, LedgerError):
                    self.ledger_watch.refused("calls", error)
                self._to_do.again(partial(self._no_row, call.note), error)
                return
            call.take_no_message(error)  # its row is written with its end
        await self._run(call)

    async def _add(self, note: Note) -> None:
        await self._tools.ledger.add_call(
            note.offer, note.client, note.rule, note.number, caller=note.caller
        )
        self.ledger_watch.served("calls")

    async def _no_row(self, note: Note) -> None:
        """Write down later that a call was refused because it could not be written down."""
        await self._tools.ledger.refuse_call(
            note.offer,
            EndState.FAILED_INTERNAL,
            503,
            rule=note.rule,
            client=note.client,
            number=note.number,
            caller=note.caller,
        )
        self.ledger_watch.served("calls")

    async def _unmapped(self, agent: Agent, offer: CallOffer, choice: Choice) -> None:
        self._log.warning("no client has this number", call=offer.call, number=choice.number)
        await self._turn_away(agent, offer, choice, EndState.REFUSED_UNMAPPED, 404)

    async def _blocked(
        self, agent: Agent, offer: CallOffer, choice: Choice, routed: routes.Routed
    ) -> None:
        self._log.warning("the client refuses this caller", call=offer.call, route=routed.route)
        await self._turn_away(agent, offer, choice, EndState.REFUSED_BLOCKED, 603)

    async def _turn_away(
        self, agent: Agent, offer: CallOffer, choice: Choice, state: EndState, code: int
    ) -> None:
        row = partial(
            self._tools.ledger.refuse_call,
            offer,
            state,
            code,
            rule=choice.rule,
            client=choice.dialplan.client if choice.dialplan else None,
            number=choice.number,
            caller=self._caller(offer).number,
        )
        try:
            await row()
        except SipbotError as error:
            self._to_do.again(row, error)
        refuse(agent, offer.call, code)

    async def _refused(self, agent: Agent, event: wire.Refused) -> None:
        choice = self.dialplans.choose(event.offer)
        self._log.warning("call refused", call=event.offer.call, why=event.why, code=event.code)
        await self._tools.ledger.refuse_call(
            event.offer,
            REFUSED_AS.get(event.why, EndState.FAILED_INTERNAL),  # a reason of a newer agent
            event.code,
            rule=event.why,
            client=choice.dialplan.client if choice.dialplan else None,
            number=choice.number,
            caller=self._caller(event.offer).number,
        )
        tell_written(agent, event.offer.call)

    async def _written(self, agent: Agent | None, call: str) -> None:
        """Let an agent forget a call once its end is written down.

        A call without a row is one whose refusal is still being written.
        """
        entry = await self._tools.ledger.call(call)
        if agent is not None and entry is not None and entry.state is not None:
            tell_written(agent, call)

    async def _run(self, call: LiveCall) -> bool:
        """Lead a call to its end; return False where it is to be finished later."""
        left = False
        self.calls[call.call] = call
        try:
            await call.run()
        except Exception as error:  # noqa: BLE001 - a caller must not be left on the line by it
            if call.agent is not None:
                hang_up(call.agent, call.call)
            if call.ending is not None and isinstance(error, SipbotError):
                work = partial(self._end, call, call.ending)
            elif isinstance(error, SpoolError) and await self._unreadable.recording(call.call):
                work = partial(self._end, call, EndState.FAILED_INTERNAL)
            else:
                left, self._finishing[call.call] = True, call.told
                work = partial(self._finish, call.call, call.agent)
            self._to_do.again(work, error)
        else:
            if call.agent is not None:
                tell_written(call.agent, call.call)
        finally:
            del self.calls[call.call]
        self._read(call)
        return not left

    async def _end(self, call: LiveCall, state: EndState) -> None:
        """Write down an end that ledger or disk have refused, and the row if that is missing."""
        await self._add(call.note)
        try:
            await call.end(state)
        except SpoolError:
            if not await self._unreadable.recording(call.call):
                raise
            await call.end(EndState.FAILED_INTERNAL)
        self._read(call)

    def _read(self, call: LiveCall) -> None:
        if call.memo is not None:
            self._do(partial(self._tools.reading.begin, call.memo, call.language))

    def _caller(self, offer: CallOffer) -> CallerId:
        return caller_number(offer, self.dialplans.region)

    def _pass_on(self, call: str, happening: wire.Event | speech.Reply) -> None:
        if call in self.calls:
            self.calls[call].happen(happening)
