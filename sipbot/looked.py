"""Writes down that somebody at the command line hears a caller, or takes their words along.

Data path: cli_memos, cli_ledger -> [looked] -> ledger's audit log -> cli_privacy

Before the first byte is heard or written, as the web console does it: what cannot be written down
does not happen.  The running sipbot writes it, for it alone writes the ledger; where none runs, the
command does.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sipbot import control
from sipbot import control_wire as wire
from sipbot.audit import Action, AuditEntry
from sipbot.errors import NotRunningError
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.system_user import me

PLACE = "command line"
"""Where the web console's rows have the address of a browser."""

AT_ONCE = 100
"""Rows of one request: each has some 300 bytes, and a request 65,536 (`control.REQUEST_BYTES`)."""


def heard(ledger: Path, memo: Memo, what: str) -> None:
    """Write down that the one who has typed this command is about to hear a recording; blocks.

    Args:
        ledger: the file, in the folder of what sipbot writes.
        memo: whose recording.
        what: which part, and whether it is kept; never a word of it.

    Raises:
        SipbotError: it cannot be written down.
    """
    _write_down(ledger, [_entry("listen", what, memo.client, memo.id)])


def taken(ledger: Path, memos: Sequence[Memo], what: str) -> None:
    """Likewise, that they take memos along: into a file, or another program.

    Args:
        ledger: the file.
        memos: which; of more than one the number is noted, client by client.
        what: in which form.

    Raises:
        SipbotError: it cannot be written down.
    """
    if len(memos) == 1:
        _write_down(ledger, [_entry("export", what, memos[0].client, memos[0].id)])
        return
    clients = Counter(one.client for one in memos)
    _write_down(
        ledger,
        [_entry("export", f"{n} memos, {what}", client) for client, n in sorted(clients.items())],
    )


def searched(ledger: Path, client: str | None, words: int) -> None:
    """Likewise, that they search; what for is a caller's name or number, and is not noted.

    Args:
        ledger: the file.
        client: only in this one's memos; None in all.
        words: how many.

    Raises:
        SipbotError: it cannot be written down.
    """
    _write_down(ledger, [_entry("search", f"{words} words", client)])


def copied(ledger: Path) -> None:
    """Likewise, that they copy the whole ledger; where there is none, nothing is copied.

    Raises:
        SipbotError: it cannot be written down.
    """
    if ledger.is_file():
        _write_down(ledger, [_entry("export", "a copy of the whole ledger")])


def _entry(
    action: Action, detail: str, client: str | None = None, memo: str | None = None
) -> AuditEntry:
    return AuditEntry(
        action=action, account=me(), address=PLACE, client=client, memo=memo, detail=detail
    )


def _write_down(ledger: Path, entries: Sequence[AuditEntry]) -> None:
    for start in range(0, len(entries), AT_ONCE):
        asyncio.run(_write(ledger, wire.Looked(entries=tuple(entries[start : start + AT_ONCE]))))


async def _write(ledger: Path, request: wire.Looked) -> None:
    try:
        await control.ask(control.socket_path(ledger.parent), request)
    except NotRunningError:
        async with Ledger.open(ledger) as opened:
            await opened.console.record(request.entries, datetime.now(UTC))
