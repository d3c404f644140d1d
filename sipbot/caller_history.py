"""Who called, together with what is known of the caller's earlier calls to the same client.

Data path: sip -> dialplan -> script -> calls -> [caller_history] -> memo
"""

import structlog

from sipbot.caller import CallerId
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.memo import Caller
from sipbot.memo_found import Previous

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
            "last_result": before.last_result,
            "previous": tuple(
                Previous(
                    memo=memo.id,
                    at=memo.call.started_at,
                    status=memo.status.value,
                    category=memo.category,
                )
                for memo in memos
            ),
        }
    )
