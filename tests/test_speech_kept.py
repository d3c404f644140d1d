"""Who lets ears read a caller's recording at the command line is written down first."""

import asyncio
from pathlib import Path

from sipbot import config
from sipbot.cli_speech import _kept
from sipbot.ledger import Ledger
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.looked import PLACE
from tests.consoles import DIALPLANS, left, memo_for


def test_recording_that_speech_test_reads_is_in_the_access_log(tmp_path: Path) -> None:
    memo = memo_for("yamato")
    file = tmp_path / "config.toml"
    file.write_text(f'var = "{tmp_path}"\ndialplans = "{DIALPLANS}"\n', encoding="utf-8")

    async def call() -> None:
        async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
            await left(ledger, tmp_path / "spool", memo, seconds=0.1)

    asyncio.run(call())
    _kept("yamato", [memo.id], config.load(file), tmp_path)

    with ReadOnlyLedger.open(tmp_path / "sipbot.sqlite3") as reader:
        (row,) = reader.audited(10)
    assert ("listen", PLACE, "yamato", memo.id) == (
        row.entry.action,
        row.entry.address,
        row.entry.client,
        row.entry.memo,
    )
