"""At the start: bring ledger and spool into step, in both directions.

Audio without a row (a ledger restored from an older backup) gets its row back from the note beside
it, and is then finished like any call that a crash left behind.  A memo without audio is told to a
person: there is nothing to listen to any more.
"""

import asyncio
from collections.abc import Callable

import structlog

from sipbot.errors import SpoolError
from sipbot.ledger import Ledger
from sipbot.spool import Note, Spool

Trouble = Callable[[str, str | None, str], None]


async def bring_into_step(ledger: Ledger, spool: Spool, trouble: Trouble) -> None:
    """Do all that this file does, in its order.

    Raises:
        LedgerError: the ledger cannot be read or written.
        OSError: the spool itself cannot be listed.
    """
    await adopt_orphans(ledger, spool, trouble)
    await unlock_what_is_due(ledger, spool, trouble)
    await find_lost_audio(ledger, spool, trouble)


async def adopt_orphans(ledger: Ledger, spool: Spool, trouble: Trouble) -> int:
    """Give every recording that the ledger does not know its row back.

    Returns:
        The number of rows that were written.

    Raises:
        LedgerError: the ledger cannot be read or written.
    """
    log = structlog.get_logger()
    adopted = 0
    known = await ledger.known_calls()
    orphans, problems = await asyncio.to_thread(_orphans, spool, known)
    if problems:
        _tell_of_disk(trouble, problems)
    for call in orphans:
        try:
            note = spool.note(call)
        except SpoolError as error:
            log.warning("audio of nobody", call=call, problem=str(error))
            trouble("orphan-audio", str(error), "Listen to it, then move it out of the spool")
            continue
        await _add(ledger, note)
        log.warning("audio without a row was adopted", call=call, client=note.client)
        adopted += 1
    return adopted


async def unlock_what_is_due(ledger: Ledger, spool: Spool, trouble: Trouble) -> int:
    """Decrypt what has still to be recognised: the ledger is older than the recordings.

    Recordings are encrypted when their calls have ended and all ears have read them, so the ears
    find plain ones, except where a backup of the ledger was put back.

    Returns:
        The number of recordings that were decrypted.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    due = [entry.offer.call for entry in await ledger.unfinished_calls()]
    after: str | None = ""
    while after is not None:
        page = await ledger.open_memos(after, pending=True)
        due += [memo.call.id for memo in page.memos]
        after = page.last
    done, problems = 0, list[str]()
    for call in due:
        try:
            done += await asyncio.to_thread(spool.recordings.unseal, call)
        except SpoolError as error:
            problems.append(str(error))
    if problems:
        remedy = "Bring the key back and start sipbot anew: what callers said is still there"
        problem = f"{len(problems)} encrypted recordings cannot be recognised: {problems[0]}"
        trouble("audio-locked", problem, remedy)
    return done


async def find_lost_audio(ledger: Ledger, spool: Spool, trouble: Trouble) -> list[str]:
    """Return the open memos whose recording is gone, and tell of them."""
    recordings = await ledger.open_recordings()
    lost, problems = await asyncio.to_thread(_without_audio, spool, recordings)
    if problems:
        _tell_of_disk(trouble, problems)
    if lost:
        shown = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        problem = f"{len(lost)} open memos have no recording any more: {shown}"
        trouble("audio-missing", problem, "Bring var/spool back from a backup")
    return lost


# Both in a thread beside the event loop: a look at the disk for each of thousands.
def _orphans(spool: Spool, known: set[str]) -> tuple[list[str], list[str]]:
    problems = list[str]()
    calls = [call for call in spool.calls() if call not in known]
    return [call for call in calls if _has_audio(spool, call, problems)], problems


def _without_audio(spool: Spool, recordings: dict[str, str]) -> tuple[list[str], list[str]]:
    problems = list[str]()
    pairs = recordings.items()
    return [memo for memo, call in pairs if not _has_audio(spool, call, problems)], problems


def _has_audio(spool: Spool, call: str, problems: list[str]) -> bool:
    """Count what the disk does not show as there: one bad inode must not keep calls waiting."""
    try:
        return spool.has_audio(call)
    except SpoolError as error:
        problems.append(str(error))
        return True


def _tell_of_disk(trouble: Trouble, problems: list[str]) -> None:
    problem = f"the disk does not show {len(problems)} recordings: {problems[0]}"
    remedy = "Check the disk, then start sipbot anew; or bring var/spool back from a backup"
    trouble("audio-unreadable", problem, remedy)


async def _add(ledger: Ledger, note: Note) -> None:
    await ledger.add_call(note.offer, note.client, note.rule, note.number, caller=note.caller)
