"""The ledger as other processes see it, such as ``sipbot memos list``: read only, short-lived."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from sipbot import kpi, ledger_board, ledger_kpi, ledger_report, ledger_review, ledger_search
from sipbot import ledger_deliveries as deliveries
from sipbot import ledger_lines as lines
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_usage as usage
from sipbot.board import Board, BoardAsk
from sipbot.capacity import LineUse
from sipbot.errors import LedgerError
from sipbot.kpi import Facts, Figures, Subject
from sipbot.ledger_console import Audited, audited
from sipbot.ledger_day import Span
from sipbot.ledger_deliveries import Undelivered
from sipbot.memo import Memo, Status
from sipbot.plan import Dialplan
from sipbot.quota import Ask
from sipbot.records import EndState
from sipbot.report.pack import Action, Reviewed
from sipbot.report.statement import Taken
from sipbot.search_file import When
from sipbot.search_words import Word
from sipbot.what_if import Held


class ReadOnlyLedger:
    """The view of another process, such as `sipbot memos list`; synchronous and short-lived."""

    def __init__(self, path: Path, connection: sa.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the ledger for reading.

        Raises:
            LedgerError: there is none, or it is of another release.
        """
        if not path.is_file():
            raise LedgerError(
                f"{path}: there is no ledger yet: start sipbot, or name its folder with --var"
            )
        with schema.reading(path) as connection:
            yield cls(path, connection)

    def memo(self, identifier: str) -> Memo | None:
        """Return the memo with this id, or whose id begins or ends so."""
        return queries.memo(self._connection, identifier)

    def call(self, identifier: str) -> queries.CallEntry | None:
        """Return one call."""
        return queries.call(self._connection, identifier)

    def memos(
        self,
        limit: int,
        client: str | None = None,
        status: Status | None = None,
        *,
        not_done: bool = False,
    ) -> list[Memo]:
        """Return the latest memos, newest first: of one status, or those that are not done."""
        found = queries.latest_memos(self._connection, limit, client, status, not_done=not_done)
        return found.memos

    def search(
        self,
        words: tuple[Word, ...],
        when: When,
        *,
        client: str | None = None,
        region: str,
        limit: int,
    ) -> list[Memo]:
        """Return the memos that hold all words, the latest first; see `ledger_search`."""
        return ledger_search.search(
            self._connection, words, when, client=client, region=region, limit=limit
        )

    def undelivered(self, *, dead_only: bool = False) -> list[Undelivered]:
        """Return the deliveries still to be made, in order per target and client."""
        return deliveries.undelivered(self._connection, dead_only=dead_only)

    def end_state_counts(self) -> dict[EndState, int]:
        """Return how many calls ended in each state."""
        return queries.end_state_counts(self._connection)

    def audited(
        self, limit: int, *, memo: str | None = None, account: str | None = None
    ) -> list[Audited]:
        """Return what people did in the web console, the latest first."""
        return audited(self._connection, limit, memo=memo, account=account)

    def calls_that_count(self, asks: Sequence[Ask]) -> list[int]:
        """Return how many calls count for each question, in their order."""
        return usage.calls_that_count(self._connection, asks)

    def taken(self, client: str, span: Span) -> list[Taken]:
        """Return a client's calls that came within a stretch of time, the first that came first."""
        return ledger_report.taken(self._connection, client, span)

    def actions(
        self, client: str | None, since: datetime, until: datetime = ledger_review.EVER
    ) -> list[Action]:
        """Return what was agreed on before `until`, open or done since; see `ledger_review`."""
        return ledger_review.actions_of(self._connection, client, since, until)

    def reviewed(self, client: str | None, span: Span) -> list[Reviewed]:
        """Return how memos of a stretch of time were judged, of one client or all."""
        return ledger_review.reviewed(self._connection, client, span)

    def acknowledged(
        self, *, client: str | None = None, operator: str | None = None
    ) -> list[ledger_review.Acknowledged]:
        """Return who has read which form of which client's file, the first first."""
        return ledger_review.acknowledged(self._connection, client=client, operator=operator)

    def handled(self, memos: Sequence[str]) -> dict[str, ledger_report.Handled]:
        """Return what people did with these memos, by memo."""
        return ledger_report.handled(self._connection, memos)

    def figures(self, plan: Dialplan, span: Span, now: datetime) -> Figures:
        """Return a client's figures of a stretch of time; see `ledger_kpi.figures`."""
        return ledger_kpi.figures(self._connection, plan, span, now)

    def figures_of(self, subject: Subject, span: Span, now: datetime) -> Figures:
        """Return the same, without the client's dialplan."""
        return kpi.figures(ledger_kpi.facts_of(self._connection, subject, span), now)

    def board(self, ask: BoardAsk) -> Board:
        """Return a client's board; see `ledger_board`."""
        return ledger_board.board(self._connection, ask)

    def facts(self, plan: Dialplan, span: Span) -> Facts:
        """Return what a client's figures are reckoned from."""
        return ledger_kpi.facts(self._connection, plan, span)

    def on_lines(self, span: Span) -> list[Held]:
        """Return everybody's calls that may hold a line within a stretch of time."""
        return ledger_kpi.held(self._connection, span)

    def line_uses(self, since: datetime) -> Iterator[LineUse]:
        """Return the calls that came since then, as far as they have to do with lines."""
        return lines.line_uses(self._connection, since)
