"""After a sweep no byte of what callers said is in any file of a site; `tests.aged` does it big."""

from pathlib import Path

import pytest

from tests.aged import store_of, try_out
from tests.brokers import running


@pytest.mark.broker
@pytest.mark.peer
async def test_swept_site_has_tombstones_and_no_byte_of_a_caller_s(tmp_path: Path) -> None:
    async with running("mosquitto", "-c", str(store_of(tmp_path))) as broker:
        result = await try_out(tmp_path, 3, broker)

    everywhere = {"sipbot.sqlite3", "search.sqlite3", "backup.sqlite3", "mosquitto.db"}
    assert everywhere | {"audio.wav", "audio-masked.wav", "answers.json"} <= set(result.before)
    assert (3, [], 0) == (result.swept, result.after, result.problems)
