"""Takes out of a backup what is gone from the ledger since it was made.

Data path: tombstones -> [purge] -> a copy of ledger and spool

A backup that is kept for a year would keep what was erased for a year, and bring it back on the day
it is needed.  So the same is deleted in the copy, by the same code, and its free pages are given
back.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from sipbot.erase import delete_files
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.ledger_erasures import Tombstone
from sipbot.ledger_vacuum import vacuum
from sipbot.retention import EVERYTHING, Kind, Wanted

AT_ONCE = 200
"""Calls of one transaction: nobody waits for a copy, and 10,000 commits would take minutes."""


async def purge(copy: Path, spool: Path | None, gone: Sequence[Tombstone]) -> tuple[int, int]:
    """Delete in a copy what these tombstones name.

    Args:
        copy: of the ledger; of the same release, or an older one, which is brought up to it.
        spool: the copy of the recordings; None: there is none.
        gone: the tombstones of the ledger.

    Returns:
        Of how many calls something went, and how many folders were there.

    Raises:
        LedgerError: there is no copy, or it cannot be written.
        SpoolError: a file cannot be deleted.
    """
    if not await asyncio.to_thread(copy.is_file):
        raise LedgerError(f"{copy}: there is no such file: name a copy of the ledger")
    named = _wanted(gone)
    why = {one.call: (one.by, one.reason) for one in gone}
    folders = await asyncio.to_thread(delete_files, spool, named) if spool is not None else 0
    async with Ledger.open(copy) as ledger:
        known = await ledger.known_calls()
        had = [one for one in named if one.call in known]
        there = await ledger.erasures.still_there(had)
        calls = 0
        for (by, reason), some in groupby(there, lambda one: why[one.call]):
            for few in _some([*some]):
                now = datetime.now(UTC)
                # Open, or on the line, in the copy: since then it has ended, and is gone here.
                calls += len(await ledger.erasures.store(few, now, by, reason, force=True))
    await asyncio.to_thread(vacuum, copy)
    return calls, folders


def _some(wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Yield some at a time: each is a transaction, which is on disk before the next."""
    for start in range(0, len(wanted), AT_ONCE):
        yield wanted[start : start + AT_ONCE]


def _wanted(gone: Sequence[Tombstone]) -> list[Wanted]:
    kinds: dict[str, set[Kind]] = {}
    rules: dict[str, str] = {}
    for one in gone:
        kinds.setdefault(one.call, set()).add(one.kind)
        rules[one.call] = one.rule
    return [
        Wanted(
            call=call, kinds=tuple(kind for kind in EVERYTHING if kind in found), rule=rules[call]
        )
        for call, found in kinds.items()
    ]
