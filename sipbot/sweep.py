"""Deletes every day what the clients' rules say has been kept long enough.

Data path: dialplans -> retention -> [sweep] -> erase -> ledger, spool
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from sipbot import control
from sipbot import control_wire as wire
from sipbot.erase import AT_ONCE, Eraser
from sipbot.errors import SipbotError, SpoolError, SweepError
from sipbot.handover_stage import Places
from sipbot.in_force import InForce
from sipbot.keep_form import KeepForm
from sipbot.ledger import Ledger
from sipbot.memo_history import SYSTEM
from sipbot.retention import Rules
from sipbot.search_forget import search_path
from sipbot.spool import spool_of

if TYPE_CHECKING:
    from sipbot.reload import Reload
    from sipbot.switchboard import Switchboard

FIRST_S = 600.0
"""After the start: whatever a crash has left is finished by then, and the models are loaded."""

EVERY_S = 24 * 3600.0
"""Rules count in days."""

BETWEEN_S = 0.5
"""Between two steps of `erase.AT_ONCE` calls, so that a year's calls at once are a trickle."""

QUIET_S = 10.0
"""Between two looks whether somebody is on the line."""

LONGEST_S = 24 * 3600.0
"""After this the ledger is written anew though somebody is: callers may hear it ring for seconds,
and what was erased must go."""

LIVE_BYTES = 1 << 30
"""Up to which a ledger is written anew while sipbot takes calls: 10 s at the 112 MB/s measured
(docs/decisions/0034), and whoever watches main takes 30 s for a fault (`sipbot.ledger_thread`)."""

ALERT, RESTS = "retention", "retention-rests"

_REMEDY = "See the log; the next sweep tries again, and so does sipbot privacy sweep"

Tell = Callable[[str, str | None, str], None]

_log = structlog.get_logger()


class Sweep:
    """Belongs to main's event loop.

    Args:
        ledger: whose only writer we are.
        path: of its file.
        eraser: deletes.
        rules: those in force.
        tell: id of an alert, problem (None when it is over), remedy.
        clock: UTC-aware.
        on_line: how many calls are up.
    """

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        eraser: Eraser,
        rules: Callable[[], Rules],
        tell: Tell,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_line: Callable[[], int] = lambda: 0,
    ) -> None:
        self._on_line = on_line
        self._erased = asyncio.Event()
        self._ledger = ledger
        self._path = path
        self._eraser = eraser
        self._rules = rules
        self._tell = tell
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and then, and leave no rests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every_day(), name="daily sweep")
            group.create_task(self._tidy_after_erasures(), name="rests")

    async def _every_day(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.sweep()
                self._tell(ALERT, None, "")
            except SipbotError as error:
                _log.error("what has been kept long enough stays", problem=str(error))
                self._tell(ALERT, f"not all was deleted that should be: {error}", _REMEDY)
            self._erased.set()  # or an earlier run was stopped before it had tidied
            await asyncio.sleep(EVERY_S)

    async def _tidy_after_erasures(self) -> None:
        while True:
            await self._erased.wait()
            self._erased.clear()
            try:
                await self.tidy()
                self._tell(RESTS, None, "")
            except SipbotError as error:
                _log.error("copies of what was erased may be left", problem=str(error))
                self._tell(RESTS, str(error), _REMEDY)

    async def tidy(self) -> None:
        """Write the ledger anew as soon as nobody is on the line, if something was erased.

        Raises:
            LedgerError: it cannot be done; it stays due.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                while self._on_line():
                    await asyncio.sleep(QUIET_S)
        if await self._ledger.erasures.leave_no_rest(self._path, LIVE_BYTES):
            _log.info("the ledger was written anew after an erasure")

    async def sweep(self) -> int:
        """Delete what is due; return of how many calls something went.

        Raises:
            SweepError: files, or the ledger, refuse; all that could go is gone, the rest is due.
        """
        rules, count, problems = self._rules(), 0, list[str]()
        for client in await self._ledger.erasures.clients():
            gone, refused = await self._sweep_client(client, rules.of_client(client))
            count += gone
            problems += [f"client {client}: {problem}" for problem in refused]
        if problems:
            raise SweepError("; ".join(problems))
        return count

    async def _sweep_client(self, client: str | None, keep: KeepForm) -> tuple[int, list[str]]:
        """Return of how many calls something went, and what refused."""
        count, problems, after, more = 0, list[str](), "", True
        while more:
            due, after = await self._ledger.erasures.due(client, keep, self._clock(), after)
            more = bool(after)
            for start in range(0, len(due), AT_ONCE):
                try:
                    some = due[start : start + AT_ONCE]
                    count += len(await self._eraser.erase(some, SYSTEM, ""))
                except SpoolError as error:
                    problems.append(str(error))
                await asyncio.sleep(BETWEEN_S)
        return count, problems

    def handlers(self) -> Mapping[type[wire.Request], control.Handler]:
        """Return what the running sipbot does for `sipbot privacy`."""
        return {wire.Erase: self._erase, wire.Disclosed: self._note, wire.Looked: self._looked}

    # All in the event loop, for a client of the control socket.
    async def _erase(self, request: wire.Erase) -> wire.Reply:
        done = await self._eraser.erase(request.wanted, request.by, request.reason)
        self._erased.set()
        return wire.Erased(tuple(one.call for one in done))

    async def _note(self, request: wire.Disclosed) -> wire.Reply:
        await note(self._ledger, request)
        return wire.Noted()

    async def _looked(self, request: wire.Looked) -> wire.Reply:
        await self._ledger.console.record(request.entries, self._clock())
        return wire.Noted()


def sweep_of(
    places: Places,
    ledger: Ledger,
    reload: "Reload",
    board: "Switchboard",
    tell: Tell,
) -> Sweep:
    """Return what main runs.

    Args:
        places: of this site.
        ledger: open.
        reload: knows what callers meet now.
        board: knows the calls that are up.
        tell: id of an alert, problem (None when it is over), remedy.
    """
    return Sweep(
        ledger,
        places.ledger,
        eraser_of(places.var, places.dialplans, ledger),
        lambda: rules_of(reload.in_force),
        tell,
        on_line=lambda: len(board.calls),
    )


def eraser_of(var: Path, dialplans: Path, ledger: Ledger) -> Eraser:
    """Return what deletes at this site; `var` is the folder of what sipbot writes."""
    return Eraser(ledger.erasures, spool_of(var), search_path(var), dialplans)


def rules_of(in_force: InForce) -> Rules:
    """Return how long things are kept, by the dialplans that are in force."""
    usual = in_force.defaults.values.get("keep", {})
    return Rules(
        of={plan.client: plan.form.keep for plan in in_force.plans.all},
        # They were checked before they came into force.
        otherwise=KeepForm.model_validate(usual),
    )


async def note(ledger: Ledger, said: wire.Disclosed) -> None:
    """Write down that something is handed over."""
    await ledger.erasures.note_disclosure(
        datetime.now(UTC),
        said.client,
        said.by,
        said.recipient,
        said.basis,
        said.what,
        said.sha256,
    )
