"""Who called, together with what is known of the caller's earlier calls to the same client.

Data path: sip -> dialplan -> script -> calls -> [caller_history] -> memo
"""

import structlog

from sipbot.caller import CallerId
from sipbot.errors import LedgerError
from sipbot.ledger import CallsBefore, Ledger
from sipbot.memo import Caller, Memo
from sipbot.memo_found import Previous
from sipbot.memo_history import Outcome
from sipbot.records import EndState

_log = structlog.get_logger()

PREVIOUS_MAX = 5
"""Earlier memos that a memo names; whoever wants more asks for the list of the client."""


async def caller_with_history(caller: CallerId, client: str, ledger: Ledger) -> Caller:
    """Return what a memo says of its caller.

    Args:
        caller: as operators may see it; one without a number has no history.
        client: whom the call was for; what the number said to other clients is theirs alone.
        ledger: where calls and memos are; while it refuses, the caller has no history: the
            message is worth more.
    """
    known = Caller(
        number=caller.number,
        name=caller.name or None,
        anonymous=caller.source == "withheld",
    )
    if not caller.number:
        return known
    try:
        before = await ledger.calls_before(caller.number, client)
        memos = await ledger.memos_before(caller.number, client, PREVIOUS_MAX)
    except LedgerError as error:
        _log.warning("a memo is made without its caller's history", problem=str(error))
        return known
    return known.model_copy(
        update={
            "calls_before": before.count,
            "last_result": _came_of(before, memos),
            "previous": tuple(
                Previous(
                    memo=memo.id,
                    at=memo.call.started_at,
                    status=memo.status.value,
                    category=memo.category,
                    result=memo.result,
                )
                for memo in memos
            ),
        }
    )


def _came_of(before: CallsBefore, memos: list[Memo]) -> EndState | Outcome | None:
    """Of the latest call: what came of calling back, where that was noted; else how it ended."""
    if before.last_result is EndState.MEMO and memos and memos[0].result is not None:
        return memos[0].result
    return before.last_result
