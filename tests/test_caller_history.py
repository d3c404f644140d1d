"""What a memo says of its caller's earlier calls."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from sipbot.caller import WITHHELD, CallerId
from sipbot.caller_history import PREVIOUS_MAX, caller_with_history
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.records import EndedBy, EndState
from tests.commands import a_request
from tests.memo_samples import AT, a_memo_of, an_offer

NUMBER = "+81355501234"
CALLER = CallerId(number=NUMBER, name="", source="from")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def a_past_call(
    ledger: Ledger, *, days_ago: int, client: str = "yamato", caller: str | None = NUMBER
) -> Memo:
    at = AT - timedelta(days=days_ago)
    offer = msgspec.structs.replace(an_offer(), received_at=at)
    memo = a_memo_of(offer, client)
    memo = memo.model_copy(
        update={"call": memo.call.model_copy(update={"started_at": at}), "category": "repair"}
    )
    await ledger.add_call(offer, client, "request-uri", client, caller=caller)
    await ledger.end_call(offer.call, EndState.MEMO, at, EndedBy.CALLER, 200, memo)
    return memo


async def test_memo_names_the_latest_five_earlier_memos_of_its_number_newest_first(
    ledger: Ledger,
) -> None:
    """The operator sees that it is the third call about the same thing."""
    left = [await a_past_call(ledger, days_ago=days) for days in (9, 8, 7, 1, 3, 2)]

    known = await caller_with_history(CALLER, "yamato", ledger)

    assert PREVIOUS_MAX == len(known.previous)
    assert [left[n].id for n in (3, 5, 4, 2, 1)] == [one.memo for one in known.previous]
    assert (6, EndState.MEMO) == (known.calls_before, known.last_result)
    assert {("open", "repair")} == {(one.status, one.category) for one in known.previous}


async def test_memo_names_no_memo_of_another_client_or_another_number(ledger: Ledger) -> None:
    """What a number said to one client is no other client's business."""
    await a_past_call(ledger, days_ago=1, client="sato-law")
    await a_past_call(ledger, days_ago=1, caller="+819012345678")
    await a_past_call(ledger, days_ago=1, caller=None)

    known = await caller_with_history(CALLER, "yamato", ledger)

    assert ((), 0) == (known.previous, known.calls_before)


async def test_caller_who_withholds_the_number_has_no_history(ledger: Ledger) -> None:
    """Nobody is linked to others who withheld theirs."""
    await a_past_call(ledger, days_ago=1, caller=None)

    known = await caller_with_history(WITHHELD, "yamato", ledger)

    assert ((), None, True) == (known.previous, known.calls_before, known.anonymous)


async def test_caller_has_no_history_while_the_ledger_refuses(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is worth more than what is known of its caller."""

    async def refuse(*_: object) -> None:
        raise LedgerError("database disk image is malformed")

    await a_past_call(ledger, days_ago=1)
    monkeypatch.setattr(ledger, "memos_before", refuse)

    known = await caller_with_history(CALLER, "yamato", ledger)

    assert (NUMBER, ()) == (known.number, known.previous)


async def test_memo_says_what_came_of_calling_back_before(ledger: Ledger) -> None:
    """Who rang in vain yesterday tries another time today."""
    older = await a_past_call(ledger, days_ago=2)
    await a_past_call(ledger, days_ago=1)
    first = await caller_with_history(CALLER, "yamato", ledger)
    latest = first.previous[0].memo
    for memo, outcome in ((older.id, "reached"), (latest, "no_answer")):
        request = a_request("callback", req=memo, memo=memo, outcome=outcome)
        await ledger.commands.obey(request, AT)

    known = await caller_with_history(CALLER, "yamato", ledger)

    assert (EndState.MEMO, [None, None]) == (first.last_result, [p.result for p in first.previous])
    assert ("no_answer", ["no_answer", "reached"]) == (
        known.last_result,
        [p.result for p in known.previous],
    )
