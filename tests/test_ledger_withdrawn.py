"""An erasure finds what belongs to a memo without reading what belongs to all the others."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sipbot.ledger import Ledger
from sipbot.memo import Status
from sipbot.memo_history import next_revision
from sipbot.records import EndedBy, EndState
from sipbot.retention import EVERYTHING, Wanted
from tests.memo_samples import AT, a_memo_of, an_offer


async def test_no_table_is_read_whole_for_a_call_that_is_erased(tmp_path: Path) -> None:
    offer = an_offer()
    memo = a_memo_of(offer)
    asked: list[tuple[str, Any]] = []
    steps = list[str]()

    def listen(connection: sa.Connection) -> None:
        sa.event.listen(
            connection.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3]))
        )

    def explain(connection: sa.Connection) -> None:
        told = asked.copy()  # explaining is heard, too
        for query, values in told:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
            steps.extend(row[3] for row in plan)

    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await ledger.add_call(offer, "yamato", "to", "yamato", caller="+81355501234")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        done = {"status": Status.DONE}
        await ledger.revise_memo(
            memo.id, lambda old: next_revision(old, AT, done, what="done", by="hanako")
        )
        await ledger._run(listen)
        gone = await ledger.erasures.store(
            [Wanted(call=offer.call, kinds=EVERYTHING, rule="calls")], AT, "hanako", "request 17"
        )
        await ledger._run(explain)
    assert 1 == len(gone)
    assert any("SEARCH deliveries" in step for step in steps)
    assert [] == [step for step in steps if step.startswith("SCAN")]
