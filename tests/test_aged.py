"""After a sweep no byte of what callers said is in any file of a site; `tests.aged` does it big."""

from pathlib import Path

import pytest

from tests.aged import store_of, try_out
from tests.brokers import running
from tests.postgres import Postgres


@pytest.mark.broker
@pytest.mark.peer
async def test_swept_site_has_tombstones_and_no_byte_of_a_caller_s(
    tmp_path: Path, pg: Postgres
) -> None:
    async with running("mosquitto", "-c", str(store_of(tmp_path))) as broker:
        result = await try_out(tmp_path, 3, broker, pg)

    files = {"sipbot.sqlite3", "search.sqlite3", "backup.sqlite3", "mosquitto.db", "answers.json"}
    plain = {"audio.wav", "audio-masked.wav"}
    assert files | plain | {f"{one}.age" for one in plain} <= set(result.before)
    assert 0 < min(result.rows[0], result.tables[0], result.reports[0])
    assert (1, 2, [], [], 0) == (
        result.erased,
        result.swept,
        result.after,
        result.with_key,
        result.problems,
    )
    assert (0, 0, 0) == (result.rows[1], result.tables[1], result.reports[1])
