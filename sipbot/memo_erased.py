"""A memo of which a part was deleted: what stays is what nobody can be known by.  Pure.

Data path: retention -> [memo_erased] -> ledger_erasures -> feed, console, search

Deleting is a revision like any other, so whoever has a copy of the memo (console, search, programs
on the bus) is told in the same way as of every change, and can delete its own.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sipbot.memo import Caller, Memo, Status
from sipbot.memo_answers import Callback
from sipbot.memo_found import Reasons
from sipbot.memo_history import HistoryEntry, next_revision
from sipbot.retention import Kind

WHAT = "erased"
"""Of the entry in the history."""


def erased(
    memo: Memo, kinds: Collection[Kind], at: datetime, rule: str, *, close: bool = True
) -> Memo:
    """Return the next revision of a memo, without these parts, and done.

    Args:
        memo: as it stands.
        kinds: what goes.
        at: now, UTC-aware.
        rule: why; for the history.
        close: False where somebody has still to do something: it stays as it stands.
    """
    gone = tuple(kind.value for kind in Kind if kind in kinds or kind.value in memo.erased)
    update: dict[str, Any] = {
        "erased": gone,
        "history": tuple(_entry(one, kinds) for one in memo.history),
    }
    if close:
        nobody = dict.fromkeys(("holder", "held_until", "snoozed_until"))
        update |= {"status": Status.DONE, **nobody}
    if Kind.AUDIO in kinds:
        # A hash is as good as the recording to whoever has a copy of it.
        update["audio"] = memo.audio.model_copy(update={"url": "", "sha256": ""})
    if Kind.TEXT in kinds:
        update |= _without_words(memo)
    if Kind.CALLS in kinds:
        update |= _without_caller(memo)
    return next_revision(memo.model_copy(update=update), at, {}, what=WHAT, text=rule)


def _without_words(memo: Memo) -> dict[str, Any]:
    by_network = tuple(one for one in memo.callback.evidence if one.source == "caller_id")
    number = by_network[0] if by_network else None
    to_call = Callback(
        number=number and number.number, shown=number and number.shown, evidence=by_network
    )
    return {
        "callback": to_call,
        "answers": {},
        "asked": (),
        "missing": (),
        "discarded": (),
        "found": (),
        "gleaned": (),
        "corrections": (),
        "reasons": Reasons(),
        "text": None,
        "words": (),
        "recognition": memo.recognition.model_copy(update={"ears_pending": (), "problem": None}),
    }


def _without_caller(memo: Memo) -> dict[str, Any]:
    # Numbers that were said go with the words: without them nobody is called back any more.
    return {
        "call": memo.call.model_copy(update={"from_": "", "to": "", "diverted_from": ()}),
        "caller": Caller(anonymous=memo.caller.anonymous),
        "callback": Callback(),
    }


def _entry(entry: HistoryEntry, kinds: Collection[Kind]) -> HistoryEntry:
    update: dict[str, Any] = {}
    if Kind.TEXT in kinds and entry.what != WHAT:
        update["text"] = None
    if Kind.CALLS in kinds and entry.call_back is not None:
        update["call_back"] = entry.call_back.model_copy(update={"number": ""})
    return entry.model_copy(update=update) if update else entry
