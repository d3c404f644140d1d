"""Takes over what changes in the dialplans while sipbot runs; calls on the line keep their own.

Data path: the folder of dialplans -> watcher -> [reload] -> switchboard (the next call's plan)

Judging runs in a worker thread, a few milliseconds at a time, so that the event loop goes on
leading calls; what it comes to is put in force here, in the event loop, by one assignment.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import structlog

from sipbot.dialplan_judge import Judging, begin, take
from sipbot.errors import SpoolError
from sipbot.in_force import (
    DEFAULTS,
    Changes,
    InForce,
    Refusal,
    alert_of,
    consequence,
    own_prompts,
    rather_than_nobody,
    told,
)
from sipbot.last_good import APPLIED_FOLDER, LastGood, Mark
from sipbot.status import DialplanStatus
from sipbot.terminal import printable
from sipbot.watcher import QUIET_S, Seen, Watcher, scan

SLICE_S = 0.02
"""How long files are judged before the others' turn; one file takes 2 ms (measured)."""

REST_S = 0.005
"""Between two slices: what has waited for the interpreter is done then."""

LONG_SLICES = 20
"""From so many on, a judging is one of all clients."""

TRIES = 5
"""How often files that are being written are judged anew before the verdict about those that are
quiet counts all the same."""

KEEP_AGAIN_S = 5.0
"""Between two tries to keep what the disk has refused (our wish: a restart soon after room was made
finds everything)."""

_NAMED = 20
"""Names in one line of the log."""

FOLDER_ALERT = "dialplans-folder"

_REMEDY = "Put the files back, or mend the folder; every client stays in force meanwhile"


class Start(NamedTuple):
    """What was found when the dialplans were read for a start."""

    in_force: InForce
    seen: Seen
    kept: LastGood
    left: frozenset[str]
    """Alerts about dialplans that an earlier run has left."""


def start(folder: Path, region: str, var: Path) -> Start:
    """Read the dialplans for a start.

    Args:
        folder: of the dialplans.
        region: whose national numbers are meant.
        var: folder of what sipbot writes.

    Raises:
        DialplanError: a client's file is wrong, and there is no good form of it.
    """
    kept = LastGood(var / APPLIED_FOLDER)
    try:
        seen = scan(folder)  # before the files are read: what changes meanwhile is read again
    except OSError:
        seen = {}  # `begin` says what is wrong with the folder
    left = frozenset(kept.marks())
    # What is read here stays.  Python's collector would look through it again and again: a quarter
    # of the start, and later 0.7 s at a time in which no call is led (measured, 10 000 clients).
    gc.disable()
    try:
        in_force = begin(folder, region, kept, datetime.now(UTC))
    finally:
        gc.enable()
    gc.freeze()
    return Start(in_force, seen, kept, left)


class Reload:
    """Keeps what is in force in step with the folder.

    Args:
        start: what was found.
        put: makes new calls be led by what is in force now.
        publish: tells the bus the hash of every form in force.
        trouble: raises an alert: id, problem (None when it is over), remedy.
        clock: the time, UTC-aware.
    """

    def __init__(
        self,
        start: Start,
        *,
        put: Callable[[InForce], None],
        publish: Callable[[Mapping[str, str]], Awaitable[None]],
        trouble: Callable[[str, str | None, str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.in_force = start.in_force
        self._watcher = Watcher(start.in_force.folder, start.seen)
        self._kept = start.kept
        self._left = start.left
        self._put = put
        self._publish = publish
        self._trouble = trouble
        self._clock = clock
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        """Of who changes `in_force`, and reads or writes the kept forms."""
        self._not_kept = asyncio.Event()
        self._unkept_problem = ""
        self._to_forget: frozenset[str] = frozenset()
        """Clients whose files are gone, and of whom a form may still be kept."""
        self._held = Changes()
        """Changes that would leave nobody in force: they wait for the next."""
        self._behind = _behind(self.in_force)
        self._alerts = _alerts(self.in_force)
        self._behind_of = self.in_force.refused
        self._log = structlog.get_logger()

    @property
    def hashes(self) -> dict[str, str]:
        """Client → SHA-256 of the form in force."""
        return {plan.client: plan.sha256 for plan in self.in_force.plans.all}

    @property
    def alerts(self) -> frozenset[str]:
        """Ids of the alerts about files that are not in force."""
        self._look()
        return self._alerts

    @property
    def behind(self) -> tuple[DialplanStatus, ...]:
        """Files that are not in force, by name."""
        self._look()
        return self._behind

    def _look(self) -> None:
        """Take up which files are not in force, when that has changed."""
        if self._behind_of is not self.in_force.refused:
            self._behind_of, self._behind = self.in_force.refused, _behind(self.in_force)
            self._alerts = _alerts(self.in_force)

    async def run(self) -> None:
        """Take over changes until cancelled."""
        self._tell({}, self.in_force.refused)
        for alert in self._left - {alert_of(name) for name in self.in_force.refused}:
            self._trouble(alert, None, "")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._spread(), name="hashes")
                group.create_task(self._keep_again(), name="kept forms")
                async with self._turn:
                    await self._keep(frozenset())
                while True:
                    changes = await self._watcher.changes()
                    async with self._turn:
                        await self._take(changes)
        finally:
            self._watcher.close()

    async def _take(self, changes: Changes | None) -> None:
        if changes is None:
            self._tell_of_folder(self._watcher.problem)
            return
        changes = self._held.then(changes)
        began = time.monotonic()
        before = self.in_force
        # It ends: from `TRIES` on, each round judges fewer files than the last one.
        for tries in count(1):
            after = await _in_slices(take(before, changes, self._kept, self._clock()))
            # A file may have been written anew while it was read, and half of it judged.
            judged, changes = changes, await asyncio.to_thread(self._watcher.still, changes)
            if changes == Changes():
                self._tell_of_folder(self._watcher.problem)
                return
            if judged == changes and (tries >= TRIES or await self._were_quiet(before, after)):
                break
        stays = rather_than_nobody(before, after)
        self._held = changes if stays else Changes()
        after, removed = (stays, frozenset()) if stays else (after, changes.removed)
        self._tell_of_folder(self._watcher.problem)
        self.in_force = after
        self._put(after)
        self._log_changes(before, after, changes, round(1000 * (time.monotonic() - began), 1))
        self._tell(before.refused, after.refused)
        self._changed.set()
        await self._keep(removed)

    def _tell_of_folder(self, problem: str) -> None:
        """Tell why nothing, or not everything, of the folder is taken over."""
        if not problem and self._held != Changes():
            problem = f"{self.in_force.folder} holds no dialplan that can be in force"
        self._trouble(FOLDER_ALERT, problem or None, _REMEDY)
        if problem:
            self._log.error("the dialplans are not there", problem=problem)

    async def _were_quiet(self, before: InForce, after: InForce) -> bool:
        """Whether what is newly refused was not being written; waits a moment if it was.

        New defaults, say, make every client's file be read, at whatever moment that is.
        """
        refused = Changes(
            files=frozenset(
                name
                for name, each in after.refused.items()
                if name not in before.refused or before.refused[name].mistakes != each.mistakes
            )
        )
        if await asyncio.to_thread(self._watcher.still, refused) == refused:
            return True
        await asyncio.sleep(QUIET_S)
        return False

    def _log_changes(self, before: InForce, after: InForce, changes: Changes, ms: float) -> None:
        seen = {
            "files": sorted(map(printable, changes.files))[:_NAMED],
            "removed": sorted(map(printable, changes.removed))[:_NAMED],
            "prompts": sorted(map(printable, changes.prompts))[:_NAMED],
        }
        self._log.info(
            "dialplans changed", ms=ms, **{k: names for k, names in seen.items() if names}
        )
        old = {plan.client: plan.sha256 for plan in before.plans.all}
        for plan in after.plans.all:
            if old.pop(plan.client, None) != plan.sha256:
                self._log.info("dialplan in force", client=plan.client, sha256=plan.sha256)
        for client in old:
            self._log.warning("client taken out: its file is gone", client=client)
        if after.defaults is not before.defaults:
            self._log.info("defaults in force", sha256=after.defaults.sha256)

    def _tell(self, before: Mapping[str, Refusal], after: Mapping[str, Refusal]) -> None:
        """Raise and clear the alerts."""
        for name in before.keys() - after.keys():
            self._trouble(alert_of(name), None, "")
        for name, refusal in after.items():
            if before.get(name) is None or before[name].mistakes != refusal.mistakes:
                problem, remedy = told(refusal, self.in_force.form(name))
                file = printable(str(refusal.path))
                self._log.error("dialplan not in force", file=file, problem=problem)
                self._trouble(alert_of(name), problem, remedy)

    async def _keep(self, removed: frozenset[str]) -> None:
        """Keep what is in force now for the next start; calls go on when the disk refuses."""
        after = self.in_force
        self._to_forget = frozenset(n for n in self._to_forget | removed if not after.form(n))
        try:
            await asyncio.to_thread(_keep, self._kept, after, self._to_forget)
        except SpoolError as error:
            self._not_kept.set()
            if str(error) != self._unkept_problem:
                self._unkept_problem = str(error)
                self._log.error("the last good dialplans are not kept", problem=str(error))
                self._trouble("dialplans-kept", str(error), "Make room in var")
            return
        self._not_kept.clear()
        self._unkept_problem = ""
        self._to_forget = frozenset()
        self._trouble("dialplans-kept", None, "")
        self.in_force = replace(after, unkept={})

    async def _keep_again(self) -> None:
        """Keep what the disk has refused as soon as it takes it."""
        while True:
            await self._not_kept.wait()
            await asyncio.sleep(KEEP_AGAIN_S)
            async with self._turn:
                if self._not_kept.is_set():
                    await self._keep(frozenset())

    async def _spread(self) -> None:
        """Publish what is in force; many changes in a row are told as one."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._publish(self.hashes)


def _alerts(in_force: InForce) -> frozenset[str]:
    return frozenset(alert_of(name) for name in in_force.refused)


def _behind(in_force: InForce) -> tuple[DialplanStatus, ...]:
    return tuple(
        DialplanStatus(
            name=printable(name),
            sha256=in_force.form(name) or None,
            since=each.since,
            problem=printable(str(each.mistakes[0])),
            mistakes=len(each.mistakes),
            words=printable(f"{each.path.name}: {consequence(each, in_force.form(name))}"),
        )
        for name, each in sorted(in_force.refused.items())
    )


async def _in_slices(judging: Judging) -> InForce:
    """Let a worker thread judge, and others work in between."""
    slices = 0
    while (decided := await asyncio.to_thread(_slice, judging)) is None:
        slices += 1
        if slices > LONG_SLICES:
            gc.freeze()  # thousands of plans that will stay: see `start`
        await asyncio.sleep(REST_S)
    return decided


# A worker thread, one at a time.
def _slice(judging: Judging) -> InForce | None:
    until = time.monotonic() + SLICE_S
    try:
        while time.monotonic() < until:
            next(judging)
    except StopIteration as done:
        decided: InForce = done.value
        return decided
    return None


# A worker thread, one at a time.
def _keep(kept: LastGood, after: InForce, removed: frozenset[str]) -> None:
    texts = {name: text for name, text in after.unkept.items() if text}
    kept.keep(texts)
    plans = {name: plan for name in texts if (plan := after.plans.of(name))}
    kept.prompts.keep({name: own_prompts(plan) for name, plan in plans.items()})
    for name in (after.unkept.keys() - texts.keys()) | (removed - {DEFAULTS}):
        kept.forget(name)
    marks = {alert_of(name): Mark(since=each.since) for name, each in after.refused.items()}
    known = kept.marks()
    new = {alert: mark for alert, mark in marks.items() if alert not in known}
    kept.mark(new, known.keys() - marks.keys())
