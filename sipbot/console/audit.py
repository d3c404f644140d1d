"""Writes into the audit log what people do here."""

from fastapi import Request

from sipbot.audit import DETAIL_CHARS, Action, AuditEntry
from sipbot.console.parts import parts_of


async def note(
    request: Request,
    action: Action,
    account: str = "",
    *,
    client: str | None = None,
    memo: str | None = None,
    detail: str = "",
) -> None:
    """Store what somebody does, before it is done.

    Args:
        request: by which it is asked for.
        action: what.
        account: name of an account that is known to exist; empty: nobody's.
        client, memo: what it is about.
        detail: never what a caller said.

    Raises:
        ConsoleError: it could not be stored, so it must not be done.
    """
    entry = AuditEntry(
        action=action,
        account=account,
        address=str(request.state.address)[:63],
        client=client,
        memo=memo,
        detail=detail[:DETAIL_CHARS],
    )
    await parts_of(request).main.record(entry)
