"""Audio on disk: ``var/spool/<call>/audio.wav`` is written by the agent and is the queue.

A call's folder exists before its recording begins; nothing here ever deletes one.  `seal` makes a
closed (or cut off) recording safe: header repaired, file and folder fsynced, hashed.  Once nobody
recognises it any more it may be encrypted, which is for `sipbot.recordings`, as is listening to it.
"""

import asyncio
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sipbot.audio_keys import AudioKeys
from sipbot.disk import sync_folder
from sipbot.errors import DamagedError, SpoolError
from sipbot.recordings import AUDIO, Recordings
from sipbot.records import CallOffer, Recording
from sipbot.steps import Answer
from sipbot.wav import HEADER_BYTES, read_facts, repair_header

_CHUNK_BYTES = 1 << 20
_NOTE = "call.json"
_KEPT = "answers.json"


def spool_of(var: Path) -> Path:
    """Return where recordings are, below the folder of what sipbot writes."""
    return var / "spool"


def recording_of(spool: Path, call: str) -> Path:
    """Return where a call is recorded: for who writes there, and not for who listens."""
    return spool / call / AUDIO


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of a call when it is answered."""

    offer: CallOffer
    client: str
    rule: str
    number: str
    caller: str | None
    urgent: bool = False
    """The route says so."""
    category: str | None = None
    """What the route says the call is about."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller has answered so far, for a process that has to finish the call."""

    asked: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    """Spoken ones with their place in the recording; one that is not over yet has no end."""
    discarded: tuple[tuple[float, float], ...] = ()
    """From, to: seconds of the recording that the caller took back."""
    urgent: bool = False
    voice: tuple[float, float] | None = None
    """From, to: seconds of the recording between which the caller's voice is; None: not known."""


class Spool:
    """The folder with one folder a call.

    Args:
        folder: ``var/spool``; created when missing.
        keys: with which recordings are encrypted; None leaves them as they are.
    """

    def __init__(self, folder: Path, keys: AudioKeys | None = None) -> None:
        self._folder = folder
        self.recordings = Recordings(folder, keys)
        _make(folder)

    def audio(self, call: str) -> Path:
        """Return where this call is recorded: for the recorder, and the ears that follow it."""
        return recording_of(self._folder, call)

    def prepare(self, note: Note) -> None:
        """Make the call's folder and leave a note in it, before the call is answered.

        The note is the ledger's row once more: audio whose row was lost with the ledger (restored
        from an older backup, say) still finds its client and its caller.

        Raises:
            SpoolError: there is no room, or the folder cannot be written.
        """
        folder = self._folder / note.offer.call
        _make(folder)
        try:
            _write(folder / _NOTE, note)
        except OSError as error:
            raise SpoolError(f"{folder} cannot be written: {error.strerror}") from error

    def keep(self, call: str, kept: Kept) -> None:
        """Write down what the caller has answered so far, instead of what was written before.

        Raises:
            SpoolError: there is no room, or the folder cannot be written.
        """
        path = self._folder / call / _KEPT
        new = path.with_suffix(".new")
        try:
            _write(new, kept)
            new.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise SpoolError(f"{path} cannot be written: {error.strerror}") from error

    def kept(self, call: str) -> Kept:
        """Return what was written down of the caller's answers; nothing when nothing was.

        Raises:
            DamagedError: it was read, and is not what `keep` has written.
            SpoolError: it cannot be read now.
        """
        path = self._folder / call / _KEPT
        try:
            return msgspec.json.decode(path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            raise SpoolError(f"{path} cannot be read: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise DamagedError(f"{path} is damaged: {error}") from error

    def calls(self) -> list[str]:
        """Return the calls that have a folder, oldest first."""
        return self.recordings.calls()

    def note(self, call: str) -> Note:
        """Return the note that was left for a call.

        Raises:
            SpoolError: there is none, or it cannot be read.
        """
        path = self._folder / call / _NOTE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Note)
        except (OSError, msgspec.DecodeError) as error:
            raise SpoolError(
                f"{path}: {error}. The audio beside it has no row in the ledger and no note of "
                "whose it is; listen to it and move the folder out of the spool"
            ) from error

    def has_audio(self, call: str) -> bool:
        """Whether at least one sample of this call reached the disk.

        Raises:
            SpoolError: the disk does not say.
        """
        path = self.audio(call)
        try:  # one look: it may be put away encrypted meanwhile
            recorded = path.stat().st_size > HEADER_BYTES
        except FileNotFoundError:
            recorded = False
        except OSError as error:
            raise SpoolError(f"{path} cannot be looked at: {error.strerror}") from error
        return recorded or self.recordings.is_sealed(call)

    def last_written(self, call: str) -> datetime:
        """Return when the recording last grew, UTC.

        Raises:
            SpoolError: there is no recording, or the disk does not say.
        """
        return datetime.fromtimestamp(self.recordings.changed_ns(call) / 1e9, UTC)

    async def seal(self, call: str, *, cut_off: bool) -> Recording:
        """Make a recording that nobody writes to any more safe, and describe it.

        Args:
            call: its call.
            cut_off: whether a crash ended it.

        Raises:
            SpoolError: there is no recording, or it cannot be read or repaired.
        """
        return await asyncio.to_thread(_seal, self.audio(call), cut_off)

    async def unreadable(self, call: str) -> str:
        """Return what keeps a recording from being read to its end; empty when nothing does."""
        return await asyncio.to_thread(self._unreadable, call)

    def _unreadable(self, call: str) -> str:
        try:
            self.recordings.sha256(call)
        except OSError as error:
            return f"{self.audio(call)} cannot be read: {error.strerror}"
        except SpoolError as error:
            return str(error)
        return ""


def _write(path: Path, what: msgspec.Struct) -> None:
    with path.open("wb") as file:
        file.write(msgspec.json.encode(what))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
    except OSError as error:
        raise SpoolError(
            f"{folder} cannot be made: {error.strerror}. Recordings need a writable folder with "
            "free space; see `var` in config.toml"
        ) from error


def _seal(path: Path, cut_off: bool) -> Recording:
    try:
        repair_header(path)
        digest = hashlib.sha256()
        with path.open("rb") as audio:
            os.fsync(audio.fileno())
            while chunk := audio.read(_CHUNK_BYTES):
                digest.update(chunk)
        sync_folder(path.parent)
        facts = read_facts(path)
    except OSError as error:
        raise SpoolError(f"{path} cannot be made safe: {error.strerror}") from error
    return Recording(
        path=str(path),
        sha256=digest.hexdigest(),
        duration_s=facts.frames / facts.rate_hz,
        cut_off=cut_off,
    )
