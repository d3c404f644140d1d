"""Figures of many clients, reckoned by a process that ends: ``python -m sipbot.reckoning``.

Data path: ledger -> kpi, board -> [reckoning] -> service_watch, console/boards
           ledger -> report/made -> [reckoning] -> report_target

A month of figures holds 1.4 KB for each of its calls while it is reckoned, which the memory
allocator then keeps (measured: main grew by 1.9 MB with every 1,000 calls), and it holds up whoever
waits for the ledger's thread (0.6 s for 6,000 calls).  So it is done elsewhere, with the lowest
priority, from the ledger as every reader sees it; the process takes its memory with it.

Both sides are here: a `_Figures`, `_Boards` or `_Report` as JSON on standard input, what it asks
for in the same order on standard output.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from sipbot.board import Board, BoardAsk
from sipbot.errors import LedgerError, ReportError, SipbotError
from sipbot.kpi import Figures, Subject
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.notice import Attachment
from sipbot.report_order import ReportAsk

LIMIT_S = 240.0
"""Longer than any look takes on a busy machine, shorter than the time between two (our wish)."""

NICE = 19
"""Whoever calls is served first."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Which figures are wanted."""

    subject: Subject
    span: Span
    now: datetime
    """When they are made, UTC-aware."""


class _Figures(msgspec.Struct, frozen=True, kw_only=True, tag="figures"):
    asks: tuple[Ask, ...]


class _Boards(msgspec.Struct, frozen=True, kw_only=True, tag="boards"):
    asks: tuple[BoardAsk, ...]


class _Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    ask: ReportAsk


_Question = _Figures | _Boards | _Report

_NEVER = 3
"""Exit code of what can never be made; 1 is Python's own for an error, 2 argparse's."""


class Reckoner:
    """Has figures reckoned by a process of its own.

    Args:
        ledger: the ledger's file.
        limit_s: how long the process may take.
    """

    def __init__(self, ledger: Path, limit_s: float = LIMIT_S) -> None:
        self._argv = (sys.executable, "-m", "sipbot.reckoning", str(ledger))
        self._limit_s = limit_s

    async def figures(self, asks: Sequence[Ask]) -> list[Figures]:
        """Return the figures of each, in their order.

        Raises:
            LedgerError: the ledger cannot be read, or the process did not end well.
        """
        found = await self._run(_Figures(asks=tuple(asks)))
        return msgspec.json.decode(found, type=list[Figures])

    async def boards(self, asks: Sequence[BoardAsk]) -> list[Board]:
        """Return the board of each, in their order; raises as `figures`."""
        found = await self._run(_Boards(asks=tuple(asks)))
        return msgspec.json.decode(found, type=list[Board])

    async def report(self, ask: ReportAsk) -> list[Attachment]:
        """Return a report as its files.

        Raises:
            ReportError: it can never be made.
            LedgerError: it could not be made now.
        """
        return msgspec.json.decode(await self._run(_Report(ask=ask)), type=list[Attachment])

    async def _run(self, question: _Question) -> bytes:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(self._limit_s):
                found, said = await process.communicate(msgspec.json.encode(question))
        except TimeoutError as error:
            raise LedgerError(
                f"figures were not reckoned within {self._limit_s:g} s; they are tried again"
            ) from error
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode:
            words = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            if process.returncode == _NEVER:
                raise ReportError(words)
            raise LedgerError(f"figures were not reckoned (exit {process.returncode}): {words}")
        return found


def _found(
    ledger: ReadOnlyLedger, question: _Question
) -> list[Figures] | list[Board] | list[Attachment]:
    match question:
        case _Boards():
            return [ledger.board(ask) for ask in question.asks]
        case _Report():
            # Pages and their libraries are loaded for a report alone.
            from sipbot.report.made import made  # noqa: PLC0415

            return made(ledger, question.ask)
        case _Figures():
            return [ledger.figures_of(one.subject, one.span, one.now) for one in question.asks]


def main() -> int:
    """Reckon what standard input asks for."""
    os.nice(NICE)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=_Question)
    try:
        with ReadOnlyLedger.open(Path(sys.argv[1])) as ledger:
            found = _found(ledger, question)
    except ReportError as error:
        sys.stderr.write(f"{error}\n")
        return _NEVER
    except SipbotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
