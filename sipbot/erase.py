"""Deletes what callers left: the files and the search's words first, then the tombstones.

Data path: retention -> [erase] -> spool, golden sets, ledger, search file

In this order a crash leaves nothing behind that a tombstone calls gone: whatever was not finished
is still due, and is done again.  Only words that the console reads into its search in the instant
before the tombstone may outlive a crash there, until it has brought its file into step again.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from sipbot import golden
from sipbot.disk import sync_folder
from sipbot.errors import SpoolError
from sipbot.ledger_erasures import Erasures
from sipbot.recordings import AUDIO, MASKED, files_of
from sipbot.retention import Kind, Wanted
from sipbot.search_forget import forget
from sipbot.whole_file import alone_in

AT_ONCE = 20
"""Calls of one transaction: each writes a memo and its delivery, and somebody's call may wait."""

WORDS = frozenset({Kind.TEXT, Kind.CALLS})
"""With any of these go the words that the search has."""

TOLD = 3
"""Folders that refuse and are named in full."""

FILES = {
    Kind.AUDIO: (*files_of(AUDIO), "audio.mended"),
    Kind.MASKED: (*files_of(MASKED), "audio-masked.json", "audio-masked.json.new"),
    Kind.TEXT: ("answers.json", "answers.new"),
}
"""In a call's folder; with `Kind.CALLS` the folder goes, with whatever is in it."""


SAID = frozenset({Kind.AUDIO, Kind.TEXT, Kind.CALLS})
"""With any of these goes what a golden set has of the memo: its words, or a copy of its sound."""


class Eraser:
    """Deletes; belongs to the event loop of the ledger's only writer.

    Args:
        rows: of the ledger.
        spool: the folder with one folder a call.
        search: the search's file, where there is one.
        dialplans: the folder of the dialplans, with the golden sets.
        clock: UTC-aware.
    """

    def __init__(
        self,
        rows: Erasures,
        spool: Path,
        search: Path,
        dialplans: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = rows
        self._spool = spool
        self._search = search
        self._dialplans = dialplans
        self._clock = clock

    async def erase(self, wanted: Sequence[Wanted], by: str, reason: str) -> list[Wanted]:
        """Delete what can be deleted now; return it.

        Args:
            wanted: what is to go.
            by: who asked for it.
            reason: for people; neither a number nor a word of a caller's.

        Raises:
            SpoolError: files of some calls cannot be deleted; all others are gone.
            LedgerError: ledger or search file refuses; what is left is still due.
        """
        done, problems = list[Wanted](), list[SpoolError]()
        for start in range(0, len(wanted), AT_ONCE):
            ready = await self._rows.ready(wanted[start : start + AT_ONCE])
            some, failed = await asyncio.to_thread(_without_files, self._spool, ready)
            problems += failed
            said = [one.memo for one in some if one.memo and SAID.intersection(one.kinds)]
            await asyncio.to_thread(golden.forget, self._dialplans, said)
            memos = [one.memo for one in some if one.memo and WORDS.intersection(one.kinds)]
            await asyncio.to_thread(forget, self._search, memos)
            done += await self._rows.store(some, self._clock(), by, reason)
            # Again: the console may have read one of them into the search in between.
            await asyncio.to_thread(forget, self._search, memos)
        if done:
            structlog.get_logger().info("what callers left was erased", calls=len(done), by=by)
        if problems:
            raise SpoolError(f"{len(done)} calls erased, {len(problems)} not: {_first(problems)}")
        return done


def _without_files(
    spool: Path, wanted: Sequence[Wanted]
) -> tuple[Sequence[Wanted], list[SpoolError]]:
    """Return whose files are gone, and what kept the others; one folder must not keep all."""
    try:
        delete_files(spool, wanted)
    except SpoolError:
        gone, problems = list[Wanted](), list[SpoolError]()
        for one in wanted:
            try:
                delete_files(spool, [one])
            except SpoolError as error:
                problems.append(error)
            else:
                gone.append(one)
        return gone, problems
    return wanted, []


def _first(problems: Sequence[SpoolError]) -> str:
    told = "; ".join(str(one) for one in problems[:TOLD])
    return told if len(problems) <= TOLD else f"{told}; and {len(problems) - TOLD} more"


def delete_files(spool: Path, wanted: Sequence[Wanted]) -> int:
    """Delete the files of these calls; blocks.  Return how many calls had a folder.

    Args:
        spool: the folder with one folder a call: of sipbot, or a copy of it.
        wanted: what is to go.

    Raises:
        SpoolError: one cannot be deleted.
    """
    found = 0
    for one in wanted:
        folder = spool / one.call
        if not folder.is_dir():
            continue
        found += 1
        try:
            with alone_in(folder):  # else who encrypts at this moment would put it back
                if Kind.CALLS in one.kinds:
                    shutil.rmtree(folder)
                    continue
                for name in (name for kind in one.kinds for name in FILES[kind]):
                    (folder / name).unlink(missing_ok=True)
                sync_folder(folder)
        except OSError as error:
            raise SpoolError(
                f"{folder}: cannot be deleted: {error.strerror}. Make it writable for sipbot, "
                "then erase again; nothing of this step is stored as gone"
            ) from error
    if found:
        sync_folder(spool)
    return found
