"""The questions of the web console: none of them keeps sipbot from committing for long."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from sipbot import ledger_schema
from sipbot.ledger import Ledger
from sipbot.ledger_day import Clients
from sipbot.ledger_lists import latest_done


@pytest.mark.parametrize("clients", ["*", ("yamato",), ("yamato", "wakaba-law")], ids=str)
@pytest.mark.parametrize("before", ["", "0199"])
@pytest.mark.parametrize("category", [None, "sales"])
async def test_closed_memos_are_listed_from_an_index_alone_and_in_its_order(
    tmp_path: Path, clients: Clients, before: str, category: str | None
) -> None:
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path):
        pass
    query = latest_done(clients, before=before, category=category, limit=101)
    engine = ledger_schema.reader(path)
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))

    with engine.connect() as connection:
        plan = [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]

    engine.dispose()
    reached = " AND id<?" if before else ""
    assert [f"SEARCH memos USING COVERING INDEX memos_closed (status=?{reached})"] == plan
