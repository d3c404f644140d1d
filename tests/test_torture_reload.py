"""Reloading in short: the same code as ``make torture PARTS=reload``, with few files."""

import random
from pathlib import Path

import pytest

from tests.torture.reload import harm

FILES, CALLERS = 100, 2


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.peer
@pytest.mark.timeout(240)
async def test_mutated_dialplans_during_live_calls_disturb_no_call(tmp_path: Path) -> None:
    rows = await harm(FILES, CALLERS, random.Random("1 reload"), tmp_path)
    assert [] == [row for row in rows if not row.whole]
