"""Memos for accounts that must not learn who called: numbers and names hidden, in text and sound.

The same masking as on the bus (`sipbot.masked_feed`), made when such an account asks.  It needs the
client's dialplan; while the file that is read here is not the one in force, or cannot be read,
nothing of a memo is shown: what cannot be masked stays unseen.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from sipbot import console_wire as wire
from sipbot import kana
from sipbot.dialplan import Dialplans, load_file
from sipbot.errors import SipbotError, SpoolError
from sipbot.masked_audio import MaskedCopy, heard_pieces, is_sure, kept_copy, masked_copy
from sipbot.masked_memo import MaskedMemo, masked
from sipbot.masking import mask_of, text_of
from sipbot.memo import Memo
from sipbot.reading_facts import facts_of
from sipbot.recordings import Recordings
from sipbot.understanding import ClientFacts

KEPT_MAX = 200
"""Memos that are kept masked: those that are looked at in one shift."""

_log = structlog.get_logger()


class Veiled(msgspec.Struct, frozen=True, kw_only=True):
    """A memo, masked."""

    memo: MaskedMemo
    recorded: bool
    """False until its text is final, and where its recording cannot be masked."""


class Veil:
    """Masks memos; belongs to the event loop, works in a thread.

    Args:
        dialplans: folder of the clients' files.
        region: of the site.
        recordings: beside which the masked ones are put.
        in_force: returns the clients whose dialplans are in force, by id.
    """

    def __init__(
        self,
        dialplans: Path,
        region: str,
        recordings: Recordings,
        in_force: Callable[[], Mapping[str, wire.Client]],
    ) -> None:
        self._dialplans = dialplans
        self._region = region
        self._recordings = recordings
        self._in_force = in_force
        self._facts: dict[str, tuple[str, ClientFacts]] = {}
        """Client to its facts and the hash of the file that they are from."""
        self._kept: dict[tuple[str, int, str], Veiled] = {}
        """By memo, revision, and hash of the dialplan."""
        self._one_by_one = asyncio.Lock()

    async def memo(self, memo: Memo) -> MaskedMemo | None:
        """Return a memo masked; None when it cannot be."""
        found = await self._veiled(memo)
        return None if found is None else found.memo

    async def has_recording(self, memo: Memo) -> bool:
        """Tell whether the masked recording is there."""
        found = await self._veiled(memo)
        return found is not None and found.recorded

    async def _veiled(self, memo: Memo) -> Veiled | None:
        known = self._in_force().get(memo.client)
        if known is None:
            return None
        key = (memo.id, memo.rev, known.sha256)
        async with self._one_by_one:
            if key in self._kept:
                return self._kept[key]
            made = await asyncio.to_thread(self._made, memo, known.sha256)
            # What went wrong is tried again when it is asked for again.
            if made is not None and (made.recorded or not is_sure(memo)):
                self._kept[key] = made
                while len(self._kept) > KEPT_MAX:
                    del self._kept[next(iter(self._kept))]
        return made

    # A thread of asyncio's; one at a time.
    def _made(self, memo: Memo, sha256: str) -> Veiled | None:
        facts = self._facts_of(memo.client, sha256)
        if facts is None:
            return None
        try:
            return self._masked(memo, facts)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must show nothing, not stop all
            # Neither message nor values: both may hold what the caller said.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "a memo could not be masked; it is not shown to masked accounts",
                memo=memo.id,
                error=type(error).__name__,
                place=f"{place.name}:{place.lineno}",
            )
            return None

    def _masked(self, memo: Memo, facts: ClientFacts) -> Veiled:
        language = (memo.language or "").split("-", 1)[0]
        mask = mask_of(memo, facts, kana.reading if language == "ja" else None)
        copy: MaskedCopy | None = None
        if memo.erased:
            copy = kept_copy(self._recordings, memo.call.id)
        elif is_sure(memo):
            try:
                pieces = heard_pieces(memo, text_of(memo, mask))
                copy = masked_copy(self._recordings, memo.call.id, pieces)
            except SpoolError as error:
                _log.warning("no masked audio", memo=memo.id, error=str(error))
        shown = masked(memo, mask, url=None, sha256=copy.sha256 if copy else "")
        return Veiled(memo=shown, recorded=copy is not None)

    def _facts_of(self, client: str, sha256: str) -> ClientFacts | None:
        known = self._facts.get(client)
        if known is not None and known[0] == sha256:
            return known[1]
        try:
            plan = load_file(self._dialplans / f"{client}.toml", self._region)
        except SipbotError as error:
            _log.warning("a client's dialplan cannot be read", client=client, problem=str(error))
            return None
        if plan.sha256 != sha256:
            return None
        facts = facts_of(client, Dialplans((plan,), self._region))
        self._facts[client] = (sha256, facts)
        return facts
