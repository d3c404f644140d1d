"""Recordings for a browser: whole or in ranges, the few seconds of a number, and masked ones.

Data path: spool -> [audio] -> browser

Every request is in the audit log before a byte of it is sent; pages fetch nothing before somebody
presses play.  A masked account hears the masked copy, whatever address it asks for.
"""

import asyncio
from typing import BinaryIO

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from sipbot.console.audit import note
from sipbot.console.guard import Me, need
from sipbot.console.sound import WAV, Sound
from sipbot.console.viewer import Viewer
from sipbot.errors import LockedError, SpoolError
from sipbot.memo import Memo
from sipbot.memo_clip import MARGIN_S
from sipbot.memo_parts import listenable
from sipbot.recordings import AUDIO, MASKED
from sipbot.topics import ID
from sipbot.wav import cut

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger()


@router.get("/memos/{identifier}/audio")
async def audio(request: Request, me: Me, identifier: str, part: int = 0) -> Response:
    """Return a recording, or one part of it.

    Args:
        request: may ask for a range.
        me: who listens.
        identifier: of the memo.
        part: its number in `memo_parts.listenable`; 0 is the whole.
    """
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    need(me, "listen", memo.client)
    file = await _opened(viewer, memo)
    name = f"{memo.id}{f'-{part}' if part else ''}{'-masked' if viewer.hidden else ''}.wav"
    what = f"part {part}" if part else request.headers.get("range", "") or "whole"
    try:
        await _noted(viewer, request, memo, f"masked, {what}" if viewer.hidden else what)
    except BaseException:
        file.close()
        raise
    if part:
        return await _part(file, memo, part, name)
    etag = f"{memo.id}-{memo.rev}-masked" if viewer.hidden else memo.audio.sha256
    return Sound(request, file, etag=etag, filename=name, inline=True)


@router.get("/memos/{identifier}/masked-audio")
async def masked_audio(request: Request, me: Me, identifier: str) -> Response:
    """Return the masked recording, to whoever may listen at all."""
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    need(me, "listen", memo.client)
    if not await viewer.parts.veil.has_recording(memo):
        raise HTTPException(404, "there is no masked recording of this memo, or not yet")
    await _noted(viewer, request, memo, f"masked, {request.headers.get('range', '') or 'whole'}")
    file = await _file(viewer, memo, MASKED)
    name = f"{memo.id}-masked.wav"
    etag = f"{memo.id}-{memo.rev}-masked"
    return Sound(request, file, etag=etag, filename=name, inline=False)


async def _noted(viewer: Viewer, request: Request, memo: Memo, what: str) -> None:
    await note(request, "listen", viewer.me.name, client=memo.client, memo=memo.id, detail=what)


async def _memo(viewer: Viewer, identifier: str) -> Memo:
    found = None
    if ID.fullmatch(identifier):
        found = await viewer.parts.store.memo(viewer.clients, identifier)
    if found is None:
        raise HTTPException(404, "there is no such memo")
    return found


async def _opened(viewer: Viewer, memo: Memo) -> BinaryIO:
    """Open what this account may hear."""
    if viewer.hidden and not await viewer.parts.veil.has_recording(memo):
        raise HTTPException(404, "there is no recording of this memo, or not yet")
    return await _file(viewer, memo, MASKED if viewer.hidden else AUDIO)


async def _file(viewer: Viewer, memo: Memo, name: str) -> BinaryIO:
    try:
        return await asyncio.to_thread(viewer.parts.recordings.open, memo.call.id, name)
    except LockedError as error:
        _log.error("a recording cannot be opened", memo=memo.id, problem=str(error))
        raise HTTPException(503, viewer.look.words["audio_locked"]) from error
    except SpoolError as error:
        _log.warning("a recording cannot be read", memo=memo.id, problem=str(error))
        raise HTTPException(404, "there is no recording of this memo, or not yet") from error


async def _part(file: BinaryIO, memo: Memo, part: int, name: str) -> Response:
    parts = listenable(memo)
    if not 0 < part <= len(parts):
        file.close()
        raise HTTPException(404, "there is no such part")
    one = parts[part - 1]
    from_s = max(0.0, (one.audio_from_s or 0.0) - MARGIN_S)
    to_s = min(memo.audio.duration_s, (one.audio_to_s or 0.0) + MARGIN_S)
    try:
        content = await asyncio.to_thread(cut, file, memo.call.id, from_s, to_s)
    except SpoolError as error:
        raise HTTPException(404, "the recording cannot be read") from error
    finally:
        file.close()
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type=WAV, headers=headers)
