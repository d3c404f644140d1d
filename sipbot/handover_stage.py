"""What waits in ``var/handover/<id>`` until a client is here, and how it gets to its place.

Data path: handover_take -> [handover_stage] -> ledger, then spool and dialplans

Nothing is visible before the ledger's one transaction.  After it everything is decided: whoever
has stored the rows moves the files to their places, the client's own last; whoever comes next
(`sipbot run`, `sipbot client`) goes on moving when that one was killed in between.  A roll-back is
the same the other way round.  A bundle's folder is locked from before its rows are read until its
files are moved, for the command that has asked for it may be gone by then.
"""

import fcntl
import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import pydantic
import structlog

from sipbot import handover, prompt_manifest
from sipbot.disk import sync_folder
from sipbot.erase import SAID
from sipbot.errors import HandoverError
from sipbot.golden import SPEECH_FOLDER
from sipbot.handover import Taken
from sipbot.ledger_check import reading
from sipbot.ledger_erasures import tombstones
from sipbot.ledger_handovers import Handover, handovers, known_calls
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.prompt_manifest import Entry
from sipbot.prompt_shelf import PROMPTS_FOLDER
from sipbot.retention import Kind
from sipbot.spool import recording_of, spool_of

FOLDER = "handover"
"""Below ``var``."""
ASIDE = "handover-set-aside"
"""Below ``var`` too: what a roll-back did not delete."""
PLACE, TAKEN, CALLS, MEMOS = "place", "taken.json", "calls.jsonl", "memos.jsonl"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a site has its things."""

    var: Path
    dialplans: Path
    ledger: Path


class Erased(NamedTuple):
    """What of a client's is not to come back."""

    unheard: frozenset[str]
    """Calls whose recording was erased."""
    silent: frozenset[str]
    """Memos of which what was said was erased: nothing of a golden set is named after them."""

    def silences(self, target: str) -> bool:
        """Whether a file below the folder of dialplans is such a one of a golden set."""
        path = Path(target)
        return path.parts[0] == SPEECH_FOLDER and path.name.partition(".")[0] in self.silent


def erased(ledger: Path, client: str) -> Erased:
    """Return what the tombstones say."""
    with reading(ledger) as opened:
        stones = tombstones(opened, client, -1)
    return Erased(
        unheard=frozenset(one.call for one in stones if one.kind is Kind.AUDIO),
        silent=frozenset(one.memo for one in stones if one.memo and one.kind in SAID),
    )


@contextmanager
def locked(var: Path) -> Iterator[Path]:
    """Hold the folder of hand-overs, so that two commands do not meet in it.

    Raises:
        HandoverError: another command works there, or it cannot be written.
    """
    folder = var.absolute() / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HandoverError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except BlockingIOError:
        raise HandoverError(f"{folder}: another hand-over is at work: wait for its end") from None
    finally:
        os.close(lock)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Keep everybody else from what waits in a bundle's folder; a process that dies lets go of it.

    Args:
        folder: ``var/handover/<id>``.

    Raises:
        HandoverError: nothing waits there, or somebody is at work in it.
    """
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _nothing_in(folder) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), folder.stat()):
                raise _nothing_in(folder)
        except BlockingIOError:
            raise HandoverError(
                f"{folder}: sipbot is still at work on this bundle: wait a minute, then try again"
            ) from None
        except FileNotFoundError as error:
            raise _nothing_in(folder) from error
        yield
    finally:
        os.close(lock)


def staged(var: Path, identifier: str) -> tuple[Taken, list[CallEntry], list[Memo]]:
    """Return what `stage` has put beside for the ledger.

    Raises:
        HandoverError: there is nothing of this id.
    """
    folder = var.absolute() / FOLDER / identifier
    try:
        taken = msgspec.json.decode((folder / TAKEN).read_bytes(), type=Taken)
        calls = [
            msgspec.json.decode(line, type=CallEntry)
            for line in (folder / CALLS).read_bytes().splitlines()
        ]
        memos = [
            Memo.model_validate_json(line) for line in (folder / MEMOS).read_bytes().splitlines()
        ]
    except (OSError, msgspec.DecodeError, pydantic.ValidationError) as error:
        raise HandoverError(
            f"{folder}: what was put beside cannot be read ({type(error).__name__}): import again"
        ) from None
    return taken, calls, memos


def finish(places: Places) -> list[str]:
    """Move to its place what the ledger has and the disk has not yet; return the bundles' ids.

    What the ledger does not know was never decided, and is thrown away.

    Raises:
        HandoverError: another hand-over or the running sipbot is at work, or the disk refuses.
    """
    folder = places.var.absolute() / FOLDER
    if not folder.is_dir() or not any(one.is_dir() for one in folder.iterdir()):
        return []
    with locked(places.var):
        return finish_locked(places)


def finish_locked(places: Places) -> list[str]:
    """As `finish`, by whoever holds the lock."""
    folder = places.var.absolute() / FOLDER
    done = []
    for each in sorted(one for one in folder.iterdir() if one.is_dir()):
        with at_work(each):
            if settle(places, each):
                done.append(each.name)
    return done


def settle(places: Places, folder: Path) -> bool:
    """Do with one folder what the ledger says; whether its files have gone to their places.

    Args:
        places: of this site.
        folder: ``var/handover/<id>``, held by `at_work`; it is gone afterwards.

    Raises:
        HandoverError: the disk refuses.
    """
    one = _decided(places.ledger, folder.name)
    is_here = one is not None and one.state == "taken"
    try:
        if one is not None and is_here:
            _move(places, folder / PLACE, one.taken)
        elif one is not None:
            remove_recordings(places, one.taken)
        shutil.rmtree(folder)
    except OSError as error:
        raise HandoverError(f"{folder}: cannot be moved to its place: {error}") from error
    return is_here


def _decided(ledger: Path, identifier: str) -> Handover | None:
    if not ledger.is_file():
        return None
    with reading(ledger) as opened:
        return next((one for one in handovers(opened) if one.taken.id == identifier), None)


@contextmanager
def leaving(places: Places, taken: Taken) -> Iterator[None]:
    """Say on disk that a bundle goes; `finish` ends what somebody was killed at."""
    mark = places.var.absolute() / FOLDER / taken.id
    mark.mkdir(mode=0o700)
    sync_folder(mark.parent)
    yield
    mark.rmdir()


def remove_recordings(places: Places, taken: Taken) -> int:
    """Delete the recordings of a bundle's calls that have no row any more; return how many.

    Args:
        places: of this site.
        taken: what the bundle had brought.

    Raises:
        HandoverError: the disk refuses.
    """
    with reading(places.ledger) as ledger:
        staying = known_calls(ledger, taken.calls)
    count = 0
    for call in taken.calls:
        folder = recording_of(spool_of(places.var), call).parent
        if call in staying or not folder.is_dir():
            continue
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise HandoverError(f"{folder}: cannot be deleted: {error}") from error
        count += 1
    return count


def _move(site: Places, place: Path, taken: Taken) -> None:
    """Every step may have been done before, and things may have been erased since the rows came."""
    recordings, aside = place / "spool", site.var.absolute() / ASIDE / taken.id
    gone = erased(site.ledger, taken.client)
    for each in sorted(recordings.iterdir()) if recordings.is_dir() else ():
        if each.name in gone.unheard:
            continue
        source = recording_of(recordings, each.name)
        kept = recording_of(spool_of(site.var), each.name)
        # Below its call's folder: all recordings have one name.
        _put(source, kept, recording_of(aside / recordings.name, each.name))
    for target in taken.files:
        if target != f"{taken.client}.toml" and not gone.silences(target):
            _put(place / "dialplans" / target, site.dialplans / target, aside / target)
    texts = place / handover.PROMPT_TEXTS
    if texts.is_file():
        _note_texts(site.dialplans / PROMPTS_FOLDER, texts.read_bytes(), taken)
    plan = f"{taken.client}.toml"
    _put(place / "dialplans" / plan, site.dialplans / plan, aside / plan)


def _put(source: Path, target: Path, aside: Path) -> None:
    """Move a file to its place; aside, where another was made there meanwhile."""
    if not source.is_file():
        return
    if target.exists() and not filecmp.cmp(source, target, shallow=False):
        target = aside
        structlog.get_logger().error(
            "a file that was handed over is not in force, because another is in its place",
            aside=str(target),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError:  # another file system
        draft = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    sync_folder(target.parent)


def _nothing_in(folder: Path) -> HandoverError:
    return HandoverError(f"{folder}: nothing waits there any more: give the command again")


def _note_texts(prompts: Path, content: bytes, taken: Taken) -> None:
    for one in msgspec.json.decode(content):
        if one["entry"] and f"{PROMPTS_FOLDER}/{one['name']}" in taken.files:
            prompt_manifest.put(prompts, msgspec.convert(one["entry"], Entry, strict=False))


def write(path: Path, content: bytes) -> None:
    """Write a file that is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
