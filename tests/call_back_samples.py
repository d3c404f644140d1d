"""Memos whose callers are called back, for the tests of ledger and main process."""

from datetime import UTC, datetime

from sipbot.call_decision import Phones
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.records import EndedBy, EndState
from tests.commands import a_request
from tests.memo_samples import AT, a_memo, a_memo_of, an_offer

PHONES = Phones(of={"hanako": "201"}, extensions=("3XX", "sip:desk@pbx.example"), region="JP")


def sure(memo: Memo | None = None) -> Memo:
    """Return a memo whose number is confirmed."""
    memo = memo or a_memo()
    return memo.model_copy(
        update={"callback": memo.callback.model_copy(update={"confirmed": True})}
    )


async def asked_for(ledger: Ledger, at: datetime | None = None) -> Memo:
    """Return a memo as it was before its caller was to be called back."""
    at = at or datetime.now(UTC)
    memo = sure(a_memo_of(an_offer()))
    await ledger.add_call(an_offer(memo.call.id), "yamato", "request-uri", "+81312345678")
    await ledger.end_call(memo.call.id, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    ledger.commands.phones = lambda: PHONES
    answer = await ledger.commands.obey(a_request("call", memo=memo.id, ts=at), at)
    assert answer is not None
    assert "accepted" == answer.status, answer.problem
    return memo


async def stored(ledger: Ledger, memo: Memo) -> Memo:
    """Return a memo as it is now."""
    found = await ledger.memo(memo.id)
    assert found is not None
    return found
