"""A memo for readers who may not know who called.  Pure.

Every field is built here by name: what is new in a memo is not in the masked one until somebody
decides that it may be.  Its JSON form is a contract as the memo's is;
``docs/masked-memo.schema.json`` is generated from this file.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from sipbot.masking import MASK, Mask, MaskedText, is_hidden_item, text_of
from sipbot.memo import Caller, Memo, MemoCall, Recognition, Stage, Status, Urgency
from sipbot.memo_answers import Asked, Callback, Evidence, MemoWord, Part, Span
from sipbot.memo_found import Corrected, Found, Gleaned, Heard, Reasons
from sipbot.memo_history import ERASED, HistoryEntry, Outcome

_BY_SIPBOT = "sipbot"


class MaskedAudio(Part):
    """Where to listen to what may be heard."""

    url: str | None = Field(
        default=None,
        description="Null until the text is final, and where it is not the second ear's.",
    )
    sha256: str | None = None
    duration_s: float


class HiddenPart(Heard):
    """One stretch of the text that was hidden."""

    kind: str = Field(
        description="`phone`, `extension`, `order`, `amount`, `email`, `date`, `time`, `when`, "
        "`name`, or `digits`: figures that nobody understood."
    )
    text_from: int = Field(description="In characters of `text`; there stands `●●●`.")
    text_to: int


class MaskedMemo(Part):
    """A memo in which numbers and names are `●●●`; the fields are those of a memo."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: str
    rev: int = Field(ge=1)
    stage: Stage
    status: Status
    client: str
    call: MemoCall
    caller: Caller
    callback: Callback
    answers: dict[str, str] = Field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
    missing: tuple[str, ...] = ()
    discarded: tuple[Span, ...] = ()
    found: tuple[Found, ...] = ()
    gleaned: tuple[Gleaned, ...] = ()
    corrections: tuple[Corrected, ...] = ()
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    reasons: Reasons = Reasons()
    text: str | None = None
    language: str | None = None
    confidence: float | None = None
    words: tuple[MemoWord, ...] = ()
    recognition: Recognition = Recognition()
    audio: MaskedAudio
    due_at: AwareDatetime | None = None
    holder: str | None = None
    held_until: AwareDatetime | None = None
    snoozed_until: AwareDatetime | None = None
    escalated_to: str | None = None
    result: Outcome | None = None
    history: tuple[HistoryEntry, ...] = ()
    erased: tuple[str, ...] = Field(default=(), description=ERASED)
    hidden: tuple[HiddenPart, ...] = Field(
        default=(), description="What was hidden in `text`, in its order."
    )


def masked(memo: Memo, mask: Mask, *, url: str | None = None, sha256: str = "") -> MaskedMemo:
    """Return a memo without numbers and names.

    Args:
        memo: the memo.
        mask: from `masking.mask_of`.
        url: of the masked audio; None while there is none.
        sha256: of that file.
    """
    text = text_of(memo, mask)
    words = tuple(_words(memo, text, mask))
    return MaskedMemo(
        id=memo.id,
        rev=memo.rev,
        stage=memo.stage,
        status=memo.status,
        client=memo.client,
        call=_call(memo.call),
        caller=_caller(memo.caller),
        callback=_callback(memo.callback),
        answers={item: _answer(memo, item, text, mask) for item in memo.answers},
        asked=memo.asked,
        missing=memo.missing,
        discarded=memo.discarded,
        found=tuple(_found(one, text, mask) for one in memo.found),
        gleaned=tuple(_gleaned(one, memo, text, mask) for one in memo.gleaned),
        corrections=tuple(_corrected(one, text, mask) for one in memo.corrections),
        category=memo.category,
        urgency=memo.urgency,
        reasons=Reasons(
            category=_reason(memo.reasons.category, memo, text, mask),
            urgency=_reason(memo.reasons.urgency, memo, text, mask),
        ),
        text=None if memo.text is None else text.text,
        language=memo.language,
        confidence=memo.confidence,
        words=words,
        recognition=_recognition(memo.recognition, mask),
        audio=MaskedAudio(url=url, sha256=sha256 or None, duration_s=memo.audio.duration_s),
        due_at=memo.due_at,
        holder=_mark(memo.holder),
        held_until=memo.held_until,
        snoozed_until=memo.snoozed_until,
        escalated_to=memo.escalated_to,
        result=memo.result,
        history=tuple(_entry(one) for one in memo.history),
        erased=memo.erased,
        hidden=tuple(_hidden(memo, text)),
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a published masked memo."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **MaskedMemo.model_json_schema(mode="serialization"),
    }


def _mark(value: str | None) -> str | None:
    return MASK if value else value


def _part(value: str, memo: Memo, text: MaskedText, mask: Mask) -> str:
    """What is quoted of the text is shown as it is shown there: by itself it may read otherwise.

    In "4170 8292 7951, 7월 22일" alone nobody knows where the number ends.
    """
    at = (memo.text or "").find(value)
    if at < 0 or not value:
        return mask.text(value).text
    start, end = text.moved(at, at + len(value))
    return text.text[start:end]


def _reason(value: str | None, memo: Memo, text: MaskedText, mask: Mask) -> str | None:
    return None if value is None else _part(value, memo, text, mask)


def _recognition(one: Recognition, mask: Mask) -> Recognition:
    """How it was read; what went wrong is told in words, and words may quote."""
    return Recognition(
        engine=one.engine,
        model=one.model,
        ears_pending=one.ears_pending,
        problem=None if one.problem is None else mask.text(one.problem).text,
        rule=one.rule,
        not_understood=one.not_understood,
    )


def _call(call: MemoCall) -> MemoCall:
    """When it was and how it ended; not who called whom."""
    return MemoCall(
        id=call.id,
        from_=_mark(call.from_) or "",
        to=_mark(call.to) or "",
        diverted_from=(MASK,) * len(call.diverted_from),
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        duration_s=call.duration_s,
        ended_by=call.ended_by,
        cut_off=call.cut_off,
    )


def _caller(caller: Caller) -> Caller:
    """Whether the caller is known, and how well; earlier memos would tell who it is."""
    return Caller(
        number=_mark(caller.number),
        name=_mark(caller.name),
        anonymous=caller.anonymous,
        calls_before=caller.calls_before,
        last_result=caller.last_result,
    )


def _callback(to_call: Callback) -> Callback:
    return Callback(
        number=_mark(to_call.number),
        shown=_mark(to_call.shown),
        confirmed=to_call.confirmed,
        evidence=tuple(
            Evidence(
                source=one.source,
                number=MASK,
                shown=_mark(one.shown),
                valid=one.valid,
                doubted=one.doubted,
                engine=one.engine,
                audio_from_s=one.audio_from_s,
                audio_to_s=one.audio_to_s,
            )
            for one in to_call.evidence
        ),
    )


def _answer(memo: Memo, item: str, text: MaskedText, mask: Mask) -> str:
    """Keyed answers are figures; spoken ones are text."""
    keyed = any(one.item == item and one.source == "keys" for one in memo.asked)
    answer = memo.answers[item]
    return MASK if keyed or is_hidden_item(item) else _part(answer, memo, text, mask)


def _found(one: Found, text: MaskedText, mask: Mask) -> Found:
    start, end = text.moved(one.text_from, one.text_to)
    hide = text.hides(one.text_from, one.text_to) or not mask.stays(one.kind, one.value, one.valid)
    return Found(
        kind=one.kind,
        value=MASK if hide else one.value,
        shown=MASK if hide else one.shown,
        valid=one.valid,
        corrected=one.corrected,
        source=one.source,
        text_from=start,
        text_to=end,
        audio_from_s=one.audio_from_s,
        audio_to_s=one.audio_to_s,
    )


def _gleaned(one: Gleaned, memo: Memo, text: MaskedText, mask: Mask) -> Gleaned:
    return Gleaned(
        item=one.item,
        text=MASK if is_hidden_item(one.item) else _part(one.text, memo, text, mask),
        reading=_mark(one.reading),
        rule=one.rule,
        audio_from_s=one.audio_from_s,
        audio_to_s=one.audio_to_s,
    )


def _corrected(one: Corrected, text: MaskedText, mask: Mask) -> Corrected:
    start, end = text.moved(one.text_from, one.text_to)
    written = mask.text(one.written).text
    hide = written != one.written or text.hides(one.text_from, one.text_to)
    return Corrected(
        heard=MASK if hide else mask.text(one.heard).text,
        written=MASK if hide else one.written,
        text_from=start,
        text_to=end,
        audio_from_s=one.audio_from_s,
        audio_to_s=one.audio_to_s,
    )


def _words(memo: Memo, text: MaskedText, mask: Mask) -> Iterator[MemoWord]:
    """The words that stay; those of a hidden stretch, and those without a place, are marks."""
    whole = memo.text or ""
    for word in memo.words:
        start, end = word.text_from, word.text_to
        seen = None
        if start is not None and end is not None and not text.hides(start, end):
            # Words are as the ear wrote them: the text may have been mended meanwhile.
            same = whole[start:end] == word.text
            seen = word.text if same else mask.text(word.text).text
        place = (None, None) if start is None or end is None else text.moved(start, end)
        yield MemoWord(
            text=MASK if seen is None else seen,
            start_s=word.start_s,
            end_s=word.end_s,
            confidence=word.confidence,
            text_from=place[0],
            text_to=place[1],
        )


def _entry(one: HistoryEntry) -> HistoryEntry:
    by = one.by if one.by == _BY_SIPBOT else MASK
    return HistoryEntry(
        rev=one.rev,
        at=one.at,
        what=one.what,
        by=by,
        text=_mark(one.text),
        outcome=one.outcome,
        until=one.until,
        call_back=one.call_back and one.call_back.model_copy(update={"number": MASK}),
        escalated=one.escalated
        and one.escalated.model_copy(update={"person": _mark(one.escalated.person)}),
    )


def _hidden(memo: Memo, text: MaskedText) -> Iterator[HiddenPart]:
    for one in text.hidden:
        said = [
            word
            for word in memo.words
            if word.text_from is not None
            and word.text_to is not None
            and word.text_from < one.end
            and one.start < word.text_to
        ]
        start, end = text.moved(one.start, one.end)
        yield HiddenPart(
            kind=one.kind,
            text_from=start,
            text_to=end,
            audio_from_s=min(word.start_s for word in said) if said else None,
            audio_to_s=max(word.end_s for word in said) if said else None,
        )
