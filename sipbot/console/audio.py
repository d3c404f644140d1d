"""Recordings for a browser: whole or in ranges, the few seconds of a number, and masked ones.

Data path: spool -> [audio] -> browser

Every request is in the audit log before a byte of it is sent; pages fetch nothing before somebody
presses play.  A masked account hears the masked copy, whatever address it asks for.
"""

import asyncio
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from sipbot.console.audit import note
from sipbot.console.guard import Me, need
from sipbot.console.viewer import Viewer
from sipbot.errors import SpoolError
from sipbot.memo import Memo
from sipbot.memo_clip import MARGIN_S
from sipbot.memo_parts import listenable
from sipbot.spool import recording_of
from sipbot.topics import ID
from sipbot.wav import cut

_WAV = "audio/wav"

router = APIRouter(include_in_schema=False)


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
    path = await _path(viewer, memo)
    name = f"{memo.id}{f'-{part}' if part else ''}{'-masked' if viewer.hidden else ''}.wav"
    what = f"part {part}" if part else request.headers.get("range", "") or "whole"
    await _noted(viewer, request, memo, f"masked, {what}" if viewer.hidden else what)
    if part:
        return await _part(path, memo, part, name)
    return FileResponse(path, media_type=_WAV, filename=name, content_disposition_type="inline")


@router.get("/memos/{identifier}/masked-audio")
async def masked_audio(request: Request, me: Me, identifier: str) -> Response:
    """Return the masked recording, to whoever may listen at all."""
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    need(me, "listen", memo.client)
    path = await viewer.parts.veil.recording(memo)
    if path is None:
        raise HTTPException(404, "there is no masked recording of this memo, or not yet")
    await _noted(viewer, request, memo, f"masked, {request.headers.get('range', '') or 'whole'}")
    return FileResponse(path, media_type=_WAV, filename=f"{memo.id}-masked.wav")


async def _noted(viewer: Viewer, request: Request, memo: Memo, what: str) -> None:
    await note(request, "listen", viewer.me.name, client=memo.client, memo=memo.id, detail=what)


async def _memo(viewer: Viewer, identifier: str) -> Memo:
    found = None
    if ID.fullmatch(identifier):
        found = await viewer.parts.store.memo(viewer.clients, identifier)
    if found is None:
        raise HTTPException(404, "there is no such memo")
    return found


async def _path(viewer: Viewer, memo: Memo) -> Path:
    """Return the file that this account may hear."""
    if viewer.hidden:
        path = await viewer.parts.veil.recording(memo)
    else:
        path = recording_of(Path(viewer.parts.settings.spool), memo.call.id)
    if path is None or not path.is_file():
        raise HTTPException(404, "there is no recording of this memo, or not yet")
    return path


async def _part(path: Path, memo: Memo, part: int, name: str) -> Response:
    parts = listenable(memo)
    if not 0 < part <= len(parts):
        raise HTTPException(404, "there is no such part")
    one = parts[part - 1]
    from_s = max(0.0, (one.audio_from_s or 0.0) - MARGIN_S)
    to_s = min(memo.audio.duration_s, (one.audio_to_s or 0.0) + MARGIN_S)
    try:
        content = await asyncio.to_thread(cut, path, from_s, to_s)
    except SpoolError as error:
        raise HTTPException(404, "the recording cannot be read") from error
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type=_WAV, headers=headers)
