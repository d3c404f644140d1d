"""The dialplans in force, for pages: the form that main has, found by its hash and compiled again.

Data path: kept forms, folder of dialplans -> [plans] -> pages_plans

Main tells the hash of every form in force (`sipbot.console_plans`).  The bytes are those that it
has kept below ``var`` (`sipbot.last_good`), or the client's file while it is the same; what has
another hash is not in force and is not shown as if it were.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import structlog

from sipbot import console_wire as wire
from sipbot.dialplan import Dialplan, Loader
from sipbot.dialplan_defaults import DEFAULTS_FILE, no_defaults
from sipbot.errors import DialplanError, LedgerError
from sipbot.kept_prompts import KeptPrompts
from sipbot.last_good import APPLIED_FOLDER
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.prompt_shelf import PROMPTS_FOLDER
from sipbot.quota import Use, ask, month_of, use
from sipbot.toml_file import TomlFile, content_of, parse

KEPT_MAX = 500
"""Compiled forms that are kept, about 50 kB each: ten pages of the list."""

_log = structlog.get_logger()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A client's dialplan as it is in force."""

    plan: Dialplan
    since: datetime | None
    """Since when this form is in force; None while it is not kept yet."""


class Plans:
    """Belongs to the event loop, works in a thread.

    Args:
        folder: of the clients' files.
        var: folder of what sipbot writes.
        ledger: its path; calls of the month are counted there.
        region: of the site.
        in_force: returns the clients whose dialplans are in force, by id.
    """

    def __init__(
        self,
        folder: Path,
        var: Path,
        ledger: Path,
        region: str,
        in_force: Callable[[], Mapping[str, wire.Client]],
    ) -> None:
        self._folder = folder
        self._applied = var / APPLIED_FOLDER
        self._ledger = ledger
        self._region = region
        self._in_force = in_force
        self._kept: dict[tuple[str, str, str], Known] = {}
        """By client, hash of its form and of the defaults."""
        self._one_by_one = asyncio.Lock()

    async def some(self, clients: Sequence[str]) -> dict[str, Known]:
        """Return the dialplans of these clients; who is missing in it cannot be shown now."""
        wanted = [one for name in clients if (one := self._in_force().get(name)) is not None]
        async with self._one_by_one:
            new = [one for one in wanted if _key(one) not in self._kept]
            if new:
                self._kept |= await asyncio.to_thread(self._compiled, new)
            found = {one.client: self._kept[_key(one)] for one in wanted if _key(one) in self._kept}
            while len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
        return found

    async def one(self, client: str) -> Known | None:
        """Return the dialplan of one client, its prompts as they are now; None as in `some`."""
        wanted = self._in_force().get(client)
        if wanted is None:
            return None
        made = await asyncio.to_thread(self._compiled, [wanted])
        return made.get(_key(wanted))

    async def used(self, plans: Sequence[Dialplan], now: datetime) -> dict[str, Use]:
        """Return what clients with a quota have used of this month; nothing when nobody can say."""
        some = [plan for plan in plans if plan.quota is not None]
        return await asyncio.to_thread(self._used, some, now) if some else {}

    # A thread of asyncio's.
    def _used(self, plans: Sequence[Dialplan], now: datetime) -> dict[str, Use]:
        months = [month_of(now, plan.hours.tz) for plan in plans]
        asks = [ask(plan, month) for plan, month in zip(plans, months, strict=True)]
        try:
            with ReadOnlyLedger.open(self._ledger) as ledger:
                counted = ledger.calls_that_count(asks)
        except LedgerError as error:
            _log.warning("calls of quotas are not counted", problem=str(error))
            return {}
        pairs = zip(plans, months, counted, strict=True)
        return {plan.client: use(plan, month, number) for plan, month, number in pairs}

    # A thread of asyncio's.
    def _compiled(self, clients: Sequence[wire.Client]) -> dict[tuple[str, str, str], Known]:
        loaders: dict[str, Loader | None] = {}
        found = {}
        for one in clients:
            if one.defaults not in loaders:
                loaders[one.defaults] = self._loader(one.defaults)
            loader = loaders[one.defaults]
            known = self._known(one, loader) if loader is not None else None
            if known is not None:
                found[_key(one)] = known
        return found

    def _loader(self, sha256: str) -> Loader | None:
        """Return what fills in the defaults that are in force; None when they are not found."""
        defaults = no_defaults(self._folder) if not sha256 else self._form(DEFAULTS_FILE, sha256)
        if defaults is None:
            return None
        loader = Loader(self._folder, self._region, defaults)
        return None if loader.mistakes else loader

    def _known(self, one: wire.Client, loader: Loader) -> Known | None:
        name = f"{one.client}.toml"
        form = self._form(name, one.sha256)
        if form is None:
            return None
        prompts = KeptPrompts(self._applied / PROMPTS_FOLDER)
        try:
            plan = loader.build(form, partial(prompts.find, one.client))
        except DialplanError as error:
            _log.warning("a form in force cannot be compiled", client=one.client, error=str(error))
            return None
        kept = self._applied / name
        return Known(plan=plan, since=_changed_at(kept) if form.path == kept else None)

    def _form(self, name: str, sha256: str) -> TomlFile | None:
        """Return the file of this hash: the kept form, else the one in the folder."""
        for path in (self._applied / name, self._folder / name):
            try:
                content = content_of(path, DialplanError, links=False)
                if hashlib.sha256(content).hexdigest() == sha256:
                    return parse(path, content, DialplanError)
            except DialplanError:
                continue  # not kept yet, or gone: the other one is as good, for the hash decides
        return None


def _key(one: wire.Client) -> tuple[str, str, str]:
    return (one.client, one.sha256, one.defaults)


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
