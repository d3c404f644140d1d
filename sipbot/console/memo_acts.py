"""What an operator asks for on the page of a memo, as a command, and what became of it in words.

Data path: browser -> pages_memo, pages_elsewhere -> [memo_acts] -> main_line -> main

Pure.
"""

from datetime import datetime, time, timedelta
from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from sipbot.command import NOTE_CHARS, VERBS
from sipbot.console import looks
from sipbot.console.words import Words
from sipbot.decision import Answer
from sipbot.memo_history import Outcome

MORNING = time(9)
"""When "tomorrow" is: offices open."""

_ONWARD = {"done", "snooze", "release"}
"""After these one goes on to the next memo."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an action, in words."""

    kind: Literal["good", "bad"]
    words: str
    onward: bool = False


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


def done(verb: str, words: Words) -> Told | None:
    """Return what to say after this verb was obeyed; None when it is none."""
    if verb not in VERBS:
        return None
    return Told(kind="good", words=words[f"told_{verb}"], onward=verb in _ONWARD)


def fields_of(verb: str, typed: Typed, now: datetime) -> tuple[dict[str, object], str]:
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


def refused(answer: Answer, words: Words) -> Told:
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
