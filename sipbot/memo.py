"""The memo: what an operator reads before calling back.  Pure: no clock, no disk, no network.

A memo is published the moment its recording is safe and again, same id and higher ``rev``, each
time something about it changes.  What was not measured is null, never 0.  Its JSON form is a
contract with other programs: ``docs/memo.schema.json`` is generated from this file and a test keeps
them in step.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from sipbot import callback
from sipbot.callback import Doubts
from sipbot.caller import CallerId
from sipbot.categories import BY_ROUTE, BY_ROUTE_OR_KEY
from sipbot.memo_answers import Asked, Callback, Left, MemoWord, Part, Span, missing
from sipbot.memo_contents import answers_by, callback_by, callback_without, sorted_by
from sipbot.memo_found import Corrected, Found, Gleaned, Previous, Reasons
from sipbot.memo_history import ERASED, SYSTEM, HistoryEntry, Outcome, next_revision
from sipbot.records import CallOffer, EndedBy, EndState, Recording, Transcript
from sipbot.text_rule import Rule, Verdict, judge
from sipbot.understanding import ClientFacts, Understood, understand

LIVE_EAR = "vosk"
SECOND_EAR = "faster-whisper"


class Stage(StrEnum):
    """How far the machine has come with a memo."""

    RECORDED = "recorded"
    TRANSCRIBED = "transcribed"
    RECOGNITION_FAILED = "recognition_failed"


class Status(StrEnum):
    """How far people have come with a memo."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


class Urgency(StrEnum):
    """How soon the caller should be called back, by the client's own rules."""

    NORMAL = "normal"
    URGENT = "urgent"


class MemoCall(Part):
    """The call that left the memo."""

    id: str
    from_: str = Field(alias="from", description="URI in From, as received.")
    to: str = Field(description="URI in To, as received.")
    diverted_from: tuple[str, ...] = Field(
        default=(), description="URIs in Diversion or History-Info, the most recent first."
    )
    started_at: AwareDatetime = Field(description="When the INVITE arrived.")
    answered_at: AwareDatetime | None = None
    ended_at: AwareDatetime
    duration_s: float | None = Field(
        default=None, description="From answer to end; null when the call was never answered."
    )
    ended_by: EndedBy
    cut_off: bool = Field(
        default=False, description="Not all of the message is in the recording (crash, full disk)."
    )


class Caller(Part):
    """Who called, as far as the network says."""

    number: str | None = Field(default=None, description="E.164; null when withheld or unknown.")
    name: str | None = None
    anonymous: bool = False
    calls_before: int | None = Field(
        default=None, description="Earlier calls to this client; null when the number is unknown."
    )
    last_result: EndState | Outcome | None = Field(
        default=None, description="What came of calling back last; else how the last call ended."
    )
    previous: tuple[Previous, ...] = Field(
        default=(), description="This number's earlier memos, the newest first, at most five."
    )


class Recognition(Part):
    """Which ear wrote the text, and which ears have not yet spoken."""

    engine: str | None = None
    model: str | None = None
    ears_pending: tuple[str, ...] = ()
    problem: str | None = Field(default=None, description="Why there is no text.")
    rule: str | None = Field(default=None, description="Why this ear's text is shown.")
    not_understood: tuple[str, ...] = Field(
        default=(),
        description="Ears in whose text nothing was looked for, by a fault of sipbot's; no "
        "call-back number is confirmed then.",
    )


class Audio(Part):
    """Where to listen; the bytes never travel on the bus."""

    url: str
    sha256: str
    duration_s: float
    speech_from_s: float | None = Field(
        default=None, description="Where the voice begins; before it are silence or tones."
    )
    speech_to_s: float | None = Field(
        default=None, description="Where the voice ends; null: not looked for, or no voice."
    )


class Memo(Part):
    """One message for one client, revision by revision."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(description="UUIDv7.")
    rev: int = Field(ge=1, description="Rises by one with every change.")
    stage: Stage
    status: Status
    client: str
    call: MemoCall
    caller: Caller
    callback: Callback
    answers: dict[str, str] = Field(
        default_factory=dict, description="Item to the keys or the words of the answer."
    )
    asked: tuple[Asked, ...] = Field(default=(), description="In the order of the questions.")
    missing: tuple[str, ...] = Field(
        default=(), description="What was asked for and has no answer, as far as is known."
    )
    discarded: tuple[Span, ...] = Field(
        default=(), description="What the caller took back and recorded again; not in the text."
    )
    found: tuple[Found, ...] = Field(
        default=(), description="Values in the text, in its order; never overlapping."
    )
    gleaned: tuple[Gleaned, ...] = Field(
        default=(), description="Understood without a question; fills `answers` where none was."
    )
    corrections: tuple[Corrected, ...] = Field(
        default=(), description="Words that were mended with the client's terms."
    )
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    reasons: Reasons = Reasons()
    text: str | None = Field(
        default=None, description="Null: not read yet. Empty: an ear listened and heard no words."
    )
    language: str | None = None
    confidence: float | None = None
    words: tuple[MemoWord, ...] = ()
    recognition: Recognition = Recognition()
    audio: Audio
    due_at: AwareDatetime | None = None
    holder: str | None = Field(default=None, description="The operator who has claimed it.")
    held_until: AwareDatetime | None = Field(
        default=None, description="When the claim ends by itself, unless it is prolonged."
    )
    snoozed_until: AwareDatetime | None = Field(default=None, description="Put off until then.")
    escalated_to: str | None = Field(default=None, description="Who was told last, unclaimed.")
    result: Outcome | None = Field(default=None, description="Of the latest call back.")
    history: tuple[HistoryEntry, ...] = ()
    erased: tuple[str, ...] = Field(default=(), description=ERASED)


def call_facts(
    offer: CallOffer,
    caller: CallerId,
    *,
    answered_at: datetime | None,
    ended_at: datetime,
    ended_by: EndedBy,
    cut_off: bool,
) -> MemoCall:
    """Return what a memo says of its call; nothing of a caller who withholds the number."""
    hops = (*offer.diversions, *reversed(offer.history))
    up = ended_at - answered_at if answered_at is not None else None
    return MemoCall(
        id=offer.call,
        from_="" if caller.source == "withheld" else offer.from_.uri,
        to=offer.to.uri,
        diverted_from=tuple(hop.party.uri for hop in hops),
        started_at=offer.received_at,
        answered_at=answered_at,
        ended_at=ended_at,
        duration_s=round(up.total_seconds(), 3) if up is not None else None,
        ended_by=ended_by,
        cut_off=cut_off,
    )


def first_memo(
    *,
    memo_id: str,
    client: str,
    call: MemoCall,
    caller: Caller,
    recording: Recording,
    audio_url: str,
    at: datetime,
    ears: tuple[str, ...] = (),
    left: Left | None = None,
    region: str = "",
) -> Memo:
    """Return revision 1: the recording is safe, nobody has read it yet.

    Args:
        memo_id: a UUIDv7 in text form.
        client: id of the client that was called.
        call: the call's facts.
        caller: who called; a known number becomes the unconfirmed call-back number.
        recording: the finished recording.
        audio_url: where an operator can listen.
        at: now, UTC-aware.
        ears: engines that will read the recording.
        left: what the caller answered; None when nothing was asked.
        region: ISO 3166-1 alpha-2, in whose form numbers are shown.
    """
    left = left or Left()
    evidence = (
        *callback.keyed(left.number, region),
        *callback.shown_by_network(caller.number, region),
    )
    return Memo(
        id=memo_id,
        rev=1,
        stage=Stage.RECORDED,
        status=Status.OPEN,
        client=client,
        call=call,
        caller=caller,
        callback=callback.decide(evidence, read_back=left.confirmed),
        answers=left.answers,
        asked=left.asked,
        missing=missing(left.asked, left.answers),
        discarded=left.discarded,
        category=left.category,
        urgency=Urgency.URGENT if left.urgent else Urgency.NORMAL,
        reasons=Reasons(
            category=BY_ROUTE if left.category else None,
            urgency=BY_ROUTE_OR_KEY if left.urgent else None,
        ),
        recognition=Recognition(ears_pending=ears),
        audio=Audio(url=audio_url, sha256=recording.sha256, duration_s=recording.duration_s),
        history=(HistoryEntry(rev=1, at=at, what=Stage.RECORDED.value, by=SYSTEM),),
    )


def with_transcript(
    memo: Memo, transcript: Transcript, at: datetime, understood: Understood | None = None
) -> Memo | None:
    """Return the next revision after an ear has read the recording; None when it changes nothing.

    `text_rule` says which text is shown.  An ear that was awaited is crossed off either way, and
    what it heard of a number counts either way.

    Args:
        memo: the memo as it stands.
        transcript: of one ear.
        at: now, UTC-aware.
        understood: what the transcript says; None when nothing of the client is known.
    """
    if memo.erased:
        return None
    if understood is None:
        understood = understand(
            transcript,
            ClientFacts(),
            at=memo.call.started_at,
            asked=memo.asked,
            discarded=memo.discarded,
        )
    pending = tuple(ear for ear in memo.recognition.ears_pending if ear != transcript.engine)
    unread = tuple(ear for ear in memo.recognition.not_understood if ear != transcript.engine)
    unread += (transcript.engine,) if understood.failed else ()
    verdict = _verdict(memo, understood.text, transcript)
    doubts = Doubts(awaited=bool(pending), unread=bool(unread))
    to_call = callback_by(understood, transcript.engine, memo.callback, memo.asked, doubts)
    if verdict.replaces:
        recognition = Recognition(
            engine=transcript.engine,
            model=transcript.model,
            ears_pending=pending,
            rule=verdict.rule.value,
            not_understood=unread,
        )
        update = {
            "stage": Stage.TRANSCRIBED,
            "language": transcript.language,
            "confidence": transcript.confidence,
            "recognition": recognition,
            "callback": to_call,
            **_contents(memo, understood),
        }
        return next_revision(memo, at, update, what=Stage.TRANSCRIBED.value)
    if pending == memo.recognition.ears_pending:
        return None
    kept = {"ears_pending": pending, "rule": verdict.rule.value, "not_understood": unread}
    recognition = memo.recognition.model_copy(update=kept)
    update = {"recognition": recognition, "callback": to_call}
    return next_revision(memo, at, update, what="text_kept")


def with_failure(
    memo: Memo, problem: str, at: datetime, *, engine: str | None = None
) -> Memo | None:
    """Return the next revision after recognition failed; None when it changes nothing.

    A memo that has been read keeps its text and stage; a memo that another ear has still to read
    keeps its stage and says what went wrong so far.

    Args:
        memo: the memo as it stands.
        problem: why, in words for the operator; never what the caller said.
        at: now, UTC-aware.
        engine: the ear that failed; None when all of them did.
    """
    before = memo.recognition
    if memo.erased:
        return None
    pending = tuple(ear for ear in before.ears_pending if engine is not None and ear != engine)
    if memo.stage is Stage.TRANSCRIBED:
        if pending == before.ears_pending:
            return None
        kept = before.model_copy(update={"ears_pending": pending})
        doubts = Doubts(awaited=bool(pending), unread=bool(kept.not_understood))
        to_call = callback_without(memo.callback, memo.asked, doubts)
        return next_revision(memo, at, {"recognition": kept, "callback": to_call}, what="text_kept")
    after = before.model_copy(update={"ears_pending": pending, "problem": problem})
    stage = memo.stage if pending else Stage.RECOGNITION_FAILED
    if stage is memo.stage and after == before:
        return None
    update = {"stage": stage, "recognition": after}
    return next_revision(memo, at, update, what=Stage.RECOGNITION_FAILED.value)


def changed(old: Memo | None, new: Memo) -> list[str]:
    """Return the names of the top-level fields that differ, in the contract's order.

    ``rev`` and ``history`` change every time and are left out; a first revision changes nothing.
    """
    if old is None:
        return []
    before, after = old.model_dump(), new.model_dump()
    return [
        name for name in after if name not in {"rev", "history"} and before[name] != after[name]
    ]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a published memo."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Memo.model_json_schema(mode="serialization"),
    }


def _verdict(memo: Memo, text: str, transcript: Transcript) -> Verdict:
    return judge(
        (memo.text or "") if memo.stage is Stage.TRANSCRIBED else None,
        text,
        shown_is_second=memo.recognition.engine == SECOND_EAR,
        new_is_second=transcript.engine == SECOND_EAR,
        looped=transcript.looped or memo.recognition.rule in {Rule.LOOP, Rule.PARTLY},
    )


def _contents(memo: Memo, text: Understood) -> dict[str, Any]:
    answers = answers_by(text, memo.answers, memo.gleaned, memo.asked)
    sort = sorted_by(
        text,
        category=memo.category,
        urgent=memo.urgency is Urgency.URGENT,
        reasons=memo.reasons,
    )
    return {
        "text": text.text,
        "words": text.words,
        "found": text.found,
        "gleaned": text.gleaned,
        "corrections": text.corrections,
        "answers": answers,
        "missing": missing(memo.asked, answers),
        "category": sort.category,
        "urgency": Urgency.URGENT if sort.urgent else Urgency.NORMAL,
        "reasons": Reasons(
            category=sort.category_reason or None, urgency=sort.urgency_reason or None
        ),
    }
