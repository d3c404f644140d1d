"""Sees to it that somebody is told of each memo that nobody claims, step by step.

Data path: ledger -> [escalation_watch] -> ledger, notice_watch, on_call

What a memo has had stands in its own history, so a restart goes on where the last run was: a step
of the memo itself is one transaction; a notification is stored first, under a name of its own, and
the step after it; of the calls to people each end is written down before the next begins, so that a
crash repeats the call of one person at most.  The words of a call take seconds to be spoken, which
keeps no other memo waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

import structlog

from sipbot import escalation
from sipbot.dialplan import Dialplans
from sipbot.errors import LedgerError, UnreadableError, without_words
from sipbot.escalation import Next, Step, next_step, told, waiting
from sipbot.ledger_console import ConsoleRows
from sipbot.ledger_escalations import Escalations
from sipbot.memo import Memo, Status
from sipbot.notice import Notify
from sipbot.on_call import OnCallPhones
from sipbot.on_call_words import announcement
from sipbot.plan import Dialplan
from sipbot.sip.on_call_wire import OnCallEnd

LOOK_EVERY_S = 1.0
"""How late a step is at most."""

AGAIN = timedelta(seconds=10)
"""Until a line for a call is looked for again, or a memo that could not be told of is."""

AT_ONCE = 50
"""Memos looked at in one round: after a start there may be thousands, and callers come first."""

OLD_AT_ONCE = 10
"""How many of them at least are such that only a start or a changed dialplan brought up; what has
just changed, or is due by its time, waits for none of them."""

UNREACHED_MAX = timedelta(minutes=5)
"""How long somebody whom the network does not let be called is tried again, the others in between:
a trunk that is down for a minute must not use up the rota (our wish)."""

NOT_TAKEN = "escalation"
"""Alert: nobody on call has taken a message."""
NO_CHANNEL = "escalation-channel"
"""Alert: a step names a channel that the client does not have."""
NO_NETWORK = "on-call-unreachable"
"""Alert: the network lets nobody on call be called."""

_FIRST = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger()


class EscalationWatch:
    """Tells whom the clients' files name; everything here runs in the event loop.

    Args:
        ledger: the ledger's part.
        revisions: tells which memos have changed.
        plans: returns the dialplans in force.
        trouble: raises an alert (id, problem, remedy) or clears it (None).
        clock: the time, UTC-aware.
    """

    def __init__(
        self,
        *,
        ledger: Escalations,
        revisions: ConsoleRows,
        plans: Callable[[], Dialplans],
        trouble: Callable[[str, str | None, str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.phones: OnCallPhones | None = None
        """Who calls people; set before `run`."""
        self.notify: Notify | None = None
        """Who tells people outside; None: nobody is set up for it."""
        self._ledger = ledger
        self._revisions = revisions
        self._plans = plans
        self._trouble = trouble
        self._clock = clock
        self._seen: Sequence[Dialplan] = ()
        self._of: dict[str, Dialplan] = {}
        """Clients that have steps."""
        self._cursor: int | None = None
        """Up to where changes of memos are known; None before the first look."""
        self._due: dict[str, datetime] = {}
        """Memo → when to look at it."""
        self._old: dict[str, None] = {}
        """Memos to be looked at that a start or a changed dialplan brought up, in order."""
        self._to_call: asyncio.Queue[tuple[str, Callable[[], Awaitable[bool]]]] = asyncio.Queue()
        self._waiting: dict[str, str] = {}
        """Memo → who is to be called about it as soon as the words are spoken."""
        self._on_the_phone: frozenset[str] = frozenset()
        self._unreached: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        """Memo and person → when the network failed first, and last."""
        self._ends: list[tuple[str, str, OnCallEnd, Callable[[], None]]] = []
        self._not_taken: set[str] = set()
        self._no_channel: dict[tuple[str, str], Dialplan] = {}
        """Client and channel that it does not have → the dialplan that names it."""

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_again())
            group.create_task(self._place_all())

    async def _look_again(self) -> None:
        while True:
            try:
                await self.look()
            except LedgerError as error:
                _log.warning("nobody is told of memos that wait", problem=str(error))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all calls
                _log.error("nobody is told of memos that wait", problem=without_words(error))
            await asyncio.sleep(LOOK_EVERY_S)

    # Event loop, from the calls to people on call.
    def ended(self, memo: str, person: str, end: OnCallEnd, written: Callable[[], None]) -> None:
        """A call has ended; it is written down at the next look."""
        self._ends.append((memo, person, end, written))

    async def look(self) -> None:
        """Do what is due.

        Raises:
            LedgerError: the ledger refuses; the next look goes on.
        """
        if self._cursor is None:  # before the open memos are read: none comes in between unseen
            self._cursor = await self._revisions.newest()
        await self._follow_the_dialplans()
        await self._follow_the_memos(self._cursor)
        self._follow_the_calls()
        await self._write_ends()
        now = self._clock()
        ready = [memo for memo, at in self._due.items() if at <= now]
        due = sorted(ready, key=self._due.__getitem__)[:AT_ONCE]  # of equal ones the first come
        old = list(islice(self._old, max(AT_ONCE - len(due), OLD_AT_ONCE)))
        for memo in (*due, *old):
            self._old.pop(memo, None)
            await self._try(memo)

    async def _follow_the_dialplans(self) -> None:
        plans = self._plans().all
        if plans is self._seen:
            return
        of = {plan.client: plan for plan in plans if plan.escalation.steps}
        changed = [client for client, plan in of.items() if self._of.get(client) is not plan]
        for memo in await self._ledger.open_of(changed):
            self._old.setdefault(memo)
        self._seen, self._of = plans, of
        # Whoever it is about has mended the file, perhaps; of others it stays true.
        left = {key: plan for key, plan in self._no_channel.items() if of.get(key[0]) is plan}
        if left != self._no_channel:
            self._no_channel = left
            self._tell_no_channel()

    async def _follow_the_memos(self, cursor: int) -> None:
        while found := await self._revisions.revisions(cursor):
            for one in found:
                called = self.phones is not None and self.phones.going(one.memo)
                if one.client in self._of or called:
                    self._due[one.memo] = _FIRST
                self._cursor = cursor = one.delivery

    def _follow_the_calls(self) -> None:
        """Look at the memos of calls that have begun, or outlived an earlier run: somebody may have
        claimed them since, and closed ones, or those of other clients, nothing else brings up.
        """
        going = self.phones.memos() if self.phones is not None else frozenset()
        self._due |= dict.fromkeys(going - self._on_the_phone, _FIRST)
        self._on_the_phone = going

    async def _try(self, identifier: str) -> None:
        """Look at a memo; one that fails comes again, and keeps no other one waiting."""
        try:
            await self._look_at(identifier)
        except UnreadableError as error:  # it comes again with its next revision
            _log.error("a memo that waits cannot be read", problem=str(error))
            self._forget(identifier)
        except LedgerError:
            self._due[identifier] = self._clock() + AGAIN
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop all others
            _log.error("nobody is told of a memo", memo=identifier, problem=without_words(error))
            self._due[identifier] = self._clock() + AGAIN

    async def _look_at(self, identifier: str) -> None:
        memo = await self._ledger.memo(identifier)
        over = memo is not None and (memo.status is not Status.OPEN or not escalation.calling(memo))
        if over and self.phones is not None:
            self.phones.leave(identifier)
        plan = self._of.get(memo.client) if memo is not None else None
        if memo is None or plan is None or memo.status is not Status.OPEN:
            self._forget(identifier)
            return
        if escalation.not_taken(memo) and identifier not in self._not_taken:
            self._not_taken.add(identifier)
            self._tell_not_taken()
        now = self._clock()
        found = next_step(plan.escalation, waiting(memo), now, plan.hours)
        if escalation.calling(memo):
            await self._call_next(memo, plan)
            if found is not None and found.at <= now:  # others wait for no line
                await self._take(memo, plan, found)
            elif found is not None:
                self._due[identifier] = min(self._due[identifier], found.at)
        elif found is None:
            self._due.pop(identifier, None)
        elif found.at > now:
            self._due[identifier] = found.at
        else:
            await self._take(memo, plan, found)

    def _forget(self, memo: str) -> None:
        self._due.pop(memo, None)
        unreached = [key for key in self._unreached if key[0] == memo]
        for key in unreached:
            del self._unreached[key]
        if unreached and not self._unreached:
            self._trouble(NO_NETWORK, None, "")
        if memo in self._not_taken:
            self._not_taken.discard(memo)
            self._tell_not_taken()

    async def _take(self, memo: Memo, plan: Dialplan, found: Next) -> None:
        step = found.step
        if step.kind == "notify":
            await self._tell(memo, plan, step)
        now = self._clock()

        # The ledger's thread: the memo may have been claimed meanwhile.
        def decide(current: Memo) -> Memo | None:
            still = next_step(plan.escalation, waiting(current), now, plan.hours)
            due = still is not None and still.at <= now and still.step.key == step.key
            return told(current, step, now) if due else None

        if await self._ledger.change(memo.id, decide, now) is not None:
            _log.warning("escalated", memo=memo.id, client=memo.client, to=step.key, why=step.why)

    async def _tell(self, memo: Memo, plan: Dialplan, step: Step) -> None:
        once = f"{memo.id} {step.key}"
        notify = self.notify
        if notify is not None and await notify.tell_of(step.target, memo, step.why, once=once):
            return
        self._no_channel[memo.client, step.target] = plan
        self._tell_no_channel()

    def _tell_no_channel(self) -> None:
        some = sorted(f"{client} has no [[notify]] named {one}" for client, one in self._no_channel)
        problem = f"{'; '.join(some)}: nobody was told" if some else None
        self._trouble(NO_CHANNEL, problem, "Add it to the client's file, or mend its escalate")

    # -- calls to people on call -----------------------------------------------------------------

    async def _call_next(self, memo: Memo, plan: Dialplan) -> None:
        assert self.phones is not None
        now = self._clock()
        self._due[memo.id] = now + AGAIN
        if memo.id in self._waiting or self.phones.going(memo.id) or self._unwritten(memo.id):
            return
        asked = escalation.asked(memo)
        people = [one for one in plan.escalation.on_call(plan.hours, now) if one.name not in asked]
        if not people:
            await self._ledger.change(memo.id, partial(_nobody, now=now), now)
            return
        # Whom the network has not reached comes behind the others, and again after all of them.
        person = min(people, key=lambda one: self._failed_at(memo.id, one.name))
        if self.phones.ringing(person.name) or person.name in self._waiting.values():
            self._due[memo.id] = now + timedelta(seconds=LOOK_EVERY_S)  # it is this one's turn then
            return
        words = announcement(memo, plan.say_name, plan.language, now)
        still = partial(self._still, memo.id, person.name)
        self._waiting[memo.id] = person.name
        call = partial(self.phones.call, memo, person, plan.language, words, still)
        self._to_call.put_nowait((memo.id, call))

    def _failed_at(self, memo: str, person: str) -> datetime:
        return self._unreached.get((memo, person), (_FIRST, _FIRST))[1]

    async def _place_all(self) -> None:
        while True:
            await self.place()

    @property
    def placing(self) -> bool:
        """Whether somebody is to be called as soon as the words are spoken."""
        return bool(self._waiting)

    async def place(self) -> None:
        """Speak the words of the next call, and place it; waits until there is one."""
        memo, call = await self._to_call.get()
        try:
            await call()
        except LedgerError as error:  # the next look tries again
            _log.warning("nobody is called about a memo", memo=memo, problem=str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop all others
            _log.error("nobody is called about a memo", memo=memo, problem=without_words(error))
        finally:
            del self._waiting[memo]

    async def _still(self, identifier: str, person: str) -> bool:
        """Tell whether somebody is to be called as the memo stands now."""
        memo = await self._ledger.memo(identifier)
        if memo is None or memo.status is not Status.OPEN or self._unwritten(identifier):
            return False
        return escalation.calling(memo) and person not in escalation.asked(memo)

    def _unwritten(self, memo: str) -> bool:
        """Tell whether the end of a call about a memo is not in its history yet."""
        return any(memo == one for one, *_ in self._ends)

    def _tell_not_taken(self) -> None:
        problem = f"nobody on call has taken: {', '.join(sorted(self._not_taken))}"
        remedy = "Claim it; whoever is on call was called or cannot be reached"
        self._trouble(NOT_TAKEN, problem if self._not_taken else None, remedy)

    async def _write_ends(self) -> None:
        """Write down how calls ended; one that cannot be written goes behind the others."""
        for _ in range(len(self._ends)):
            memo, person, end, written = self._ends[0]
            try:
                await self._write_down(memo, person, end, written)
            except UnreadableError as error:  # nor will it be: let the agent forget the call
                _log.error("the end of a call cannot be written", memo=memo, problem=str(error))
                written()
            except Exception as error:  # noqa: BLE001 - other memos are told of all the same
                text = str(error) if isinstance(error, LedgerError) else without_words(error)
                _log.warning("the end of a call is not written yet", memo=memo, problem=text)
                self._ends.append(self._ends.pop(0))
                continue
            del self._ends[0]

    async def _write_down(
        self, memo: str, person: str, end: OnCallEnd, written: Callable[[], None]
    ) -> None:
        now = self._clock()
        again = end == "no_line" or (end == "unreachable" and self._may_be_reached(memo, person))
        told = "failed" if end == "unreachable" else end

        # The ledger's thread.
        def decide(current: Memo) -> Memo | None:
            done = again or person in escalation.asked(current)
            return None if done else escalation.called(current, person, told, now)

        await self._ledger.change(memo, decide, now)
        if end not in ("no_line", "unreachable"):
            self._trouble(NO_NETWORK, None, "")
        written()

    def _may_be_reached(self, memo: str, person: str) -> bool:
        """Note that the network let nobody be called; tell whether it is to be tried again."""
        now = self._clock()
        first, _ = self._unreached.get((memo, person), (now, now))
        self._unreached[memo, person] = first, now
        remedy = "See the log for the trunk's answer; sipbot doctor looks at accounts"
        self._trouble(NO_NETWORK, f"the network does not let {person} be called", remedy)
        return now - first < UNREACHED_MAX


def _nobody(memo: Memo, now: datetime) -> Memo | None:
    return escalation.nobody(memo, now) if escalation.calling(memo) else None
