"""Encrypts recordings once nobody needs them plain: their call has ended and all ears have read.

Data path: reading -> [audio_vault] -> recordings

What is done is on the disk and nowhere else: a recording is plain, or it is not.  So whatever was
interrupted, refused, or recorded before there was a key is found by looking, and done then.
"""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from sipbot.errors import SipbotError
from sipbot.ledger import Ledger
from sipbot.memo_id import memo_id
from sipbot.reading import Reading
from sipbot.recordings import AUDIO, BOTH, MASKED, Recordings
from sipbot.records import EndState

ALERT = "audio-encryption"

FIRST_S = 30.0
"""After the start: calls that a crash left behind are ended, and callers come first."""

LOOK_EVERY_S = 600.0
"""Between two looks at all recordings: for what was refused, or brought by a hand-over."""

AGAIN_S = 10.0
"""A call whose recording is read may not have its end yet."""

TRIES = 30
"""So long is a call waited for by itself (five minutes); then it is for the next look."""

Tell = Callable[[str, str | None, str], None]

_REMEDY = "Nothing is lost: recordings stay unencrypted meanwhile. sipbot doctor looks at the key"

_log = structlog.get_logger()


class AudioVault:
    """Belongs to main's event loop; files are worked on in a thread, one at a time.

    Args:
        ledger: says which calls and memos are through.
        recordings: with their keys.
        tell: id of an alert, problem (None when it is over), remedy.
        sealed: told of every call with a recording that was encrypted.
    """

    def __init__(
        self,
        ledger: Ledger,
        recordings: Recordings,
        tell: Tell,
        sealed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._recordings = recordings
        self._sealed = sealed
        self._tell = tell
        self._due: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self._refused: dict[str, str] = {}
        """Call to why its recording stays plain."""

    def through(self, call: str) -> None:
        """Nobody recognises this recording any more; called in the event loop."""
        self._due.put_nowait((call, 0))

    async def run(self) -> None:
        """Encrypt until cancelled."""
        loop = asyncio.get_running_loop()
        next_look = loop.time() + FIRST_S
        while True:
            try:
                async with asyncio.timeout_at(next_look):
                    call, tries = await self._due.get()
            except TimeoutError:
                await self.look()
                next_look = loop.time() + LOOK_EVERY_S
                continue
            if not await self.put_away(call) and tries < TRIES:
                loop.call_later(AGAIN_S, self._due.put_nowait, (call, tries + 1))

    async def look(self) -> None:
        """Encrypt whatever may be; those that vanished meanwhile are no trouble any more."""
        try:
            plain = await asyncio.to_thread(self._plain)
        except OSError as error:
            _log.error("the folder of recordings cannot be read", problem=str(error))
            self._tell(ALERT, f"{self._recordings.spool}: {error.strerror}", _REMEDY)
            return
        self._refused = {call: why for call, why in self._refused.items() if call in plain}
        for call in plain:
            await self.put_away(call)
        self._say()

    async def put_away(self, call: str) -> bool:
        """Encrypt what a call has left; return whether it has not to be asked for again soon."""
        try:
            through, sha256 = await self._state(call)
            if not through:
                return False
            for name in BOTH:
                known = sha256 if name == AUDIO else None
                if await asyncio.to_thread(self._recordings.seal, call, name, sha256=known):
                    _log.info("a recording was encrypted", call=call, masked=name == MASKED)
                    self._sealed(call)
        except SipbotError as error:
            if self._refused.get(call) != str(error):
                _log.error("a recording stays unencrypted", call=call, problem=str(error))
            self._refused[call] = str(error)
            self._say()
            return True
        if self._refused.pop(call, None):
            self._say()
        return True

    async def _state(self, call: str) -> tuple[bool, str | None]:
        """Whether nobody needs it plain, and the hash that its memo names.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        entry = await self._ledger.call(call)
        if entry is None or entry.state is None:
            return False, None  # adopted at the next start, or not ended yet
        memo = await self._ledger.memo(memo_id(entry.offer))
        if memo is None:
            return entry.state is not EndState.MEMO, None  # else nobody knows who still reads it
        if memo.recognition.ears_pending:
            return False, None
        return True, None if memo.erased else memo.audio.sha256

    # A thread of asyncio's.
    def _plain(self) -> list[str]:
        kept = self._recordings
        return [one for one in kept.calls() if any(kept.is_plain(one, name) for name in BOTH)]

    def _say(self) -> None:
        problem = None
        if self._refused:
            first = next(iter(self._refused.values()))
            problem = f"{len(self._refused)} recordings could not be encrypted: {first}"
        self._tell(ALERT, problem, _REMEDY)


def parts(
    ledger: Ledger,
    reading: Reading,
    recordings: Recordings,
    tell: Tell,
    sealed: Callable[[str], None],
) -> list[tuple[str, Coroutine[None, None, None]]]:
    """Return what main runs, by name: nothing where there is no key."""
    if recordings.keys is None:
        return []
    vault = AudioVault(ledger, recordings, tell, sealed)
    reading.through = vault.through
    return [("audio vault", vault.run())]
