"""The page of one memo, and what an operator does on it.

Data path: store -> [pages_memo] -> browser; browser -> [pages_memo] -> main_line -> main

Every action is a plain form, answered by the same page: 303 to it when it was done, else the page
itself with what is in the way and what was typed.  Scripts only exchange the parts that changed.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import lru_cache, partial
from typing import Annotated, Any, Literal, cast
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from sipbot.accounts import may
from sipbot.command import NOTE_CHARS, VERBS
from sipbot.console import looks, memo_values, text_marks, waveform
from sipbot.console.audit import note
from sipbot.console.cards import card_of_memo
from sipbot.console.guard import Me, need
from sipbot.console.pages_cards import client_card, to_read
from sipbot.console.pages_list import query_of, wanted_of
from sipbot.console.text_marks import Shown
from sipbot.console.viewer import Viewer
from sipbot.console.waveform import Mark, Wave
from sipbot.console.words import Words
from sipbot.decision import Answer
from sipbot.errors import ConsoleError, LockedError, SpoolError
from sipbot.labels import labels_of
from sipbot.memo import Memo
from sipbot.memo_history import Outcome
from sipbot.memo_parts import clock
from sipbot.memo_state import step
from sipbot.recordings import AUDIO, MASKED, Recordings
from sipbot.topics import ID

MORNING = time(9)
"""When "tomorrow" is: offices open."""

_ONWARD = {"done", "snooze", "release"}
"""After these one goes on to the next memo."""

router = APIRouter(include_in_schema=False)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an action, in words."""

    kind: Literal["good", "bad"]
    words: str
    onward: bool = False


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """What can be heard."""

    duration_s: float
    url: str = ""
    problem: str = ""
    clock: str = ""
    """The length as a player shows it."""
    wave: Wave | None = None
    marks: list[Mark] = []


class Typed(BaseModel):
    """What stands in the fields of the form; what it does not know is left alone."""

    text: str = ""
    outcome: str = ""
    span: str = Field(default="", alias="for")
    until: str = ""
    number: str = ""
    """Whom sipbot is to call back: one of the memo's own numbers."""
    query: str = ""
    """From which list one came."""


@router.get("/memos/{identifier}", response_class=HTMLResponse)
async def memo_page(request: Request, me: Me, identifier: str) -> HTMLResponse:
    """Show a memo."""
    viewer = Viewer(request, me)
    memo = await _memo(viewer, identifier)
    if memo is None:
        return _missing(request, viewer, "no_memo")
    verb = request.query_params.get("told", "")
    told = None
    if verb in VERBS:
        words = viewer.look.words[f"told_{verb}"]
        told = Told(kind="good", words=words, onward=verb in _ONWARD)
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
    fields, wrong = _fields(verb, typed, viewer.parts.store.now())
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
    return await again(now_as, told=_refused(answer, viewer.look.words), status=409)


def _fields(verb: str, typed: Typed, now: datetime) -> tuple[dict[str, object], str]:
    """Return the fields of a command, and the key of what is wrong with them."""
    fields: dict[str, object] = {}
    # Forms send line ends as two characters (WHATWG HTML, section 4.10.21.8).
    text = typed.text.replace("\r\n", "\n").strip()[:NOTE_CHARS]
    if verb == "note" and not text:
        return fields, "need_text"
    if text and verb not in ("claim", "release"):
        fields["text"] = text
    if verb == "callback":
        if typed.outcome not in list(Outcome):
            return fields, "need_outcome"
        fields["outcome"] = typed.outcome
    if verb == "call" and typed.number:
        fields["number"] = typed.number
    if verb == "snooze":
        until = until_of(typed.span, typed.until, now)
        if until is None:
            return fields, "need_until"
        fields["until"] = until
    return fields, ""


def until_of(span: str, until: str, now: datetime) -> datetime | None:
    """Return until when a memo is put off; None when nobody said so.

    Args:
        span: ``15m``, ``1h``, ``tomorrow``, or nothing.
        until: as the browser's field has it, by the clock of this site.
        now: UTC-aware.
    """
    match span:
        case "15m":
            return now + timedelta(minutes=15)
        case "1h":
            return now + timedelta(hours=1)
        case "tomorrow":
            day = now.astimezone().date() + timedelta(days=1)
            return datetime.combine(day, MORNING).astimezone()
    try:
        return datetime.fromisoformat(until).astimezone()
    except (ValueError, OverflowError):
        return None


def _refused(answer: Answer, words: Words) -> Told:
    """Return why something was not done, as one would say it to a colleague."""
    if answer.status == "conflict" and answer.code == "claimed" and answer.until is not None:
        until = looks.clock(answer.until)
        said = words["told_conflict"].format(holder=answer.holder, until=until)
    elif answer.status == "conflict":
        known = words.of(f"not_{answer.code}")
        said = words["told_conflict_nobody"] if known == f"not_{answer.code}" else known
    elif answer.status == "expired":
        said = words["told_expired"]
    else:
        said = words["told_rejected"].format(problem=answer.problem or answer.code or "")
    return Told(kind="bad", words=said)


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
    store, words = viewer.parts.store, viewer.look.words
    now, card = store.now(), card_of_memo(memo)
    wanted = wanted_of(dict(parse_qsl(query)))
    before, behind = store.neighbours(viewer.clients, wanted, viewer.me.name, card)
    typed = typed or Typed()
    return looks.show(
        request,
        "memo.html",
        viewer.me,
        status=status,
        **viewer.values(now),
        **_said(shown, words),
        # Of numbers that are hidden nobody could tell.
        disagree=memo_values.disagree(memo),
        signs=[memo_values.sign(one, memo) for one in memo.callback.evidence],
        can_act_here=viewer.can_act(memo.client),
        memo=shown,
        seq=store.seq,
        query=query,
        told=told,
        before=before,
        behind=behind,
        later=card.is_later(now),
        audio=await _audio(viewer, memo),
        **await client_card(viewer, memo.client),
        file_changed=bool(await to_read(viewer, memo.client)),
        outcomes=[one.value for one in Outcome],
        told_whom=lambda one: step(one, now, labels_of(viewer.look.language)),
        kept=typed.text,
        kept_until=typed.until,
        full=lambda at: at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
    )


def _said(memo: Shown, words: Words) -> dict[str, Any]:
    """Return what the page says of the memo itself."""
    groups = text_marks.groups(memo)
    pieces = [piece for group in groups for piece in group.pieces]
    return {
        "heading": memo_values.heading(memo, words),
        "who_called": memo_values.caller(memo, words),
        "groups": groups,
        "legend": {
            "unsure": any(piece.unsure for piece in pieces),
            "mended": any(piece.heard for piece in pieces),
        },
        "no_text": memo_values.no_text(memo, words),
        "rows": memo_values.answers(memo, words),
        "read_by": memo_values.read_by(memo, words),
        "sources": memo_values.SOURCES,
        "audio_url": f"/memos/{memo.id}/audio",
        "part_of": lambda one: memo_values.part_of(one, memo),
        "remarks": lambda one: memo_values.remarks(one, memo, words),
        "meant": lambda one: memo_values.meant(one, memo),
        "why": lambda name: memo_values.why(getattr(memo.reasons, name) or "", words),
    }


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
