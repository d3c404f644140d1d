"""The audit log is kept for as long as the settings say, and goes in small steps."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sipbot.audit import AuditEntry
from sipbot.audit_keep import STEP_ROWS, AuditKeep
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.ledger_console import ConsoleRows, audited
from tests.memo_samples import AT

LISTENED = AuditEntry(action="listen", account="hanako", client="yamato", memo="m")


async def kept(ledger: Ledger) -> list[datetime]:
    return [one.at for one in await ledger._run(lambda c: audited(c, 1000))]


async def wrote(ledger: Ledger, days_ago: Sequence[int], rows: int = 1) -> None:
    for days in days_ago:
        await ledger.console.record([LISTENED] * rows, AT - timedelta(days=days))


async def test_rows_older_than_the_settings_say_go_and_the_others_stay(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await wrote(ledger, [40, 31, 30, 1])
        gone = await AuditKeep(ledger.console, 30, lambda: AT).step()
        stay = await kept(ledger)
    assert (2, [AT - timedelta(days=days) for days in (1, 30)]) == (gone, stay)


async def test_many_old_rows_go_in_small_steps(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await wrote(ledger, [40], rows=STEP_ROWS + 1)
        keep = AuditKeep(ledger.console, 30, lambda: AT)
        gone = [await keep.step() for _ in range(3)]
    assert [STEP_ROWS, 1, 0] == gone


async def test_rows_of_a_day_to_come_keep_no_old_row_behind_them(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        await wrote(ledger, [-3650], rows=STEP_ROWS)
        await wrote(ledger, [400], rows=3)
        keep = AuditKeep(ledger.console, 30, lambda: AT)
        gone = [await keep.step() for _ in range(2)]
    assert [0, 3] == gone


class Refusing(ConsoleRows):
    """The rows of a ledger that refuses once."""

    def __init__(self) -> None:
        self.refused = 0
        self.asked_again = asyncio.Event()

    async def let_go(self, before: datetime, limit: int) -> int:
        if self.refused:
            self.asked_again.set()
            return 0
        self.refused += 1
        raise LedgerError(f"no room to let {limit} rows before {before} go")


async def test_ledger_that_refuses_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipbot.audit_keep.LOOK_EVERY_S", 0.0)
    rows = Refusing()
    running = asyncio.create_task(AuditKeep(rows, 30, lambda: AT).run())
    await rows.asked_again.wait()
    running.cancel()
    assert 1 == rows.refused
