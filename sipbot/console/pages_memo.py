"""The page of one memo, and what an operator does on it.

Data path: store -> [pages_memo] -> browser; browser -> [pages_memo] -> main_line -> main

Every action is a plain form, answered by the same page: 303 to it when it was done, else the page
itself with what is in the way and what was typed.  Scripts only exchange the parts that changed.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sipbot.accounts import may
from sipbot.command import VERBS
from sipbot.console import looks, memo_values, waveform
from sipbot.console.audit import note
from sipbot.console.cards import card_of_memo
from sipbot.console.guard import Me, need
from sipbot.console.memo_acts import Told, Typed, done, fields_of, refused
from sipbot.console.memo_sheet import Audio, Where, sheet
from sipbot.console.pages_list import query_of, wanted_of
from sipbot.console.text_marks import Shown
from sipbot.console.viewer import Viewer
from sipbot.console.waveform import Wave
from sipbot.errors import ConsoleError, LockedError, SpoolError
from sipbot.memo import Memo
from sipbot.memo_parts import clock
from sipbot.recordings import AUDIO, MASKED, Recordings
from sipbot.topics import ID

router = APIRouter(include_in_schema=False)


@router.get("/memos/{identifier}", response_class=HTMLResponse)
async def memo_page(request: Request, me: Me, identifier: str) -> HTMLResponse:
    """Show a memo."""
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    if memo is None:
        return _missing(request, viewer, "no_memo")
    told = done(request.query_params.get("told", ""), viewer.look.words)
    return await _page(request, viewer, memo, _query(request.query_params.items()), told)


@router.post("/memos/{identifier}/{verb}")
async def act(
    request: Request,
    me: Me,
    identifier: str,
    verb: str,
    typed: Annotated[Typed, Form()],
) -> Response:
    """Do what an operator asks for, by way of main."""
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    if memo is None or verb not in VERBS:
        return _missing(request, viewer, "no_memo")
    need(me, "act", memo.client)
    back = _query(parse_qsl(typed.query))
    again = partial(_page, request, viewer, query=back, typed=typed)
    fields, wrong = fields_of(verb, typed, viewer.parts.store.now())
    if wrong:
        told = Told(kind="bad", words=viewer.look.words[wrong])
        return await again(memo, told=told, status=422)
    await note(request, "command", me.name, client=memo.client, memo=memo.id, detail=verb)
    try:
        answer = await viewer.parts.main.obey(
            memo.client, verb, {"by": me.name, "memo": memo.id, **fields}
        )
    except ConsoleError:
        told = Told(kind="bad", words=viewer.look.words["told_unanswered"])
        return await again(memo, told=told, status=503)
    if answer.status == "accepted":
        where = f"/memos/{memo.id}?{f'{back}&' if back else ''}told={verb}"
        return RedirectResponse(where, status_code=303)
    now_as = await _memo(viewer, identifier) or memo
    return await again(now_as, told=refused(answer, viewer.look.words), status=409)


async def _memo(viewer: Viewer, identifier: str) -> Memo | None:
    if ID.fullmatch(identifier) is None:
        return None
    return await viewer.parts.store.memo(viewer.clients, identifier)


def _missing(request: Request, viewer: Viewer, word: str) -> HTMLResponse:
    words = viewer.look.words[word]
    return looks.show(request, "missing.html", viewer.me, status=404, problem=words)


def _query(items: Iterable[tuple[str, str]]) -> str:
    """Return which list one came from, as a part of an address."""
    return query_of(wanted_of(dict(items)))


async def _page(
    request: Request,
    viewer: Viewer,
    memo: Memo,
    query: str,
    told: Told | None,
    *,
    typed: Typed | None = None,
    status: int = 200,
) -> HTMLResponse:
    need(viewer.me, "see", memo.client)
    shown: Shown | None = memo
    if viewer.hidden:
        shown = await viewer.parts.veil.memo(memo)
    if shown is None:
        return _missing(request, viewer, "not_masked")
    store, tail = viewer.parts.store, f"?{query}" if query else ""
    wanted, card = wanted_of(dict(parse_qsl(query))), card_of_memo(memo)
    before, behind = store.neighbours(viewer.clients, wanted, viewer.me.name, card)
    where = Where(
        list_of="/",
        memos="/memos/",
        memo=f"/memos/{memo.id}",
        audio=f"/memos/{memo.id}/audio",
        tail=tail,
        before=before,
        behind=behind,
        events=f"/events?memo={memo.id}&since={store.seq}",
    )
    audio = await _audio(viewer, memo)
    values = await sheet(viewer, memo, shown, where, audio, typed or Typed())
    return looks.show(
        request, "memo.html", viewer.me, status=status, **values, query=query, told=told
    )


async def _audio(viewer: Viewer, memo: Memo) -> Audio:
    words, duration_s = viewer.look.words, memo.audio.duration_s
    if not may(viewer.me, "listen", memo.client):
        return Audio(duration_s=duration_s, problem=words["no_listening"])
    if viewer.hidden and not await viewer.parts.veil.has_recording(memo):
        return Audio(duration_s=duration_s, problem=words["no_masked_audio"])
    try:
        recordings, name = viewer.parts.recordings, MASKED if viewer.hidden else AUDIO
        wave = await asyncio.to_thread(_wave, recordings, memo.call.id, name)
    except LockedError:
        return Audio(duration_s=duration_s, problem=words["audio_locked"])
    except SpoolError:
        # Its message names a path of the server, which is nobody's business here.
        return Audio(duration_s=duration_s, problem=words["no_audio"])
    spans = [(from_s, to_s, cast("Any", kind)) for from_s, to_s, kind in memo_values.spans(memo)]
    return Audio(
        duration_s=duration_s,
        url=f"/memos/{memo.id}/audio",
        clock=clock(duration_s),
        wave=wave,
        marks=waveform.marks_of(spans, wave, duration_s),
    )


# A thread of asyncio's.
def _wave(recordings: Recordings, call: str, name: str) -> Wave:
    return _kept_wave(recordings, call, name, recordings.changed_ns(call, name))


@lru_cache(maxsize=200)
def _kept_wave(recordings: Recordings, call: str, name: str, _changed_ns: int) -> Wave:
    with recordings.open(call, name) as file:
        return waveform.wave_of(file, call)
