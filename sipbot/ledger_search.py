"""Memos that hold words, read from the ledger itself: for a command, which has no file of its own.

Data path: ledger -> [ledger_search] -> ledger_reader -> sipbot memos search

The web console has a file beside the ledger (`sipbot.search_file`), which it alone writes; both
look for the same (`sipbot.search_words`).  Here all memos are read, the latest first and a hundred
at a time, so that no statement holds up a commit: 100,000 take some ten seconds.
"""

import sqlalchemy as sa

from sipbot import ledger_queries as queries
from sipbot.ledger_schema import memos
from sipbot.memo import Memo
from sipbot.search_file import When
from sipbot.search_words import Searched, Word, holds, searched

AT_ONCE = 100
"""Memos of one statement: 3 ms in which sipbot cannot commit."""


def search(
    connection: sa.Connection,
    words: tuple[Word, ...],
    when: When,
    *,
    client: str | None,
    region: str,
    limit: int,
) -> list[Memo]:
    """Return the memos that hold all words, the latest first.

    Args:
        connection: the ledger.
        words: which.
        when: the calls came.
        client: only this one's; None for all.
        region: of the site, whose national numbers are meant.
        limit: how many at most.

    Raises:
        UnreadableError: one that was found is not as this release writes memos.
    """
    query = sa.select(memos.c.id, memos.c.body).order_by(memos.c.id.desc()).limit(AT_ONCE)
    if client is not None:
        query = query.where(memos.c.client == client)
    hits, rows = list[str](), connection.execute(query).all()
    while rows and len(hits) < limit:
        for row in rows:
            found = searched(row.body)
            if found is not None and _is_in(found, when) and holds(found.document(region), words):
                hits.append(row.id)
        rows = connection.execute(query.where(memos.c.id < rows[-1].id)).all()
    return [memo for one in hits[:limit] if (memo := queries.memo_of(connection, one)) is not None]


def _is_in(found: Searched, when: When) -> bool:
    at = found.call.started_at
    if when.since is not None and at < when.since:
        return False
    return when.until is None or at < when.until
