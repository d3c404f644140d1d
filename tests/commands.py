"""Commands of operators as they might be, for the tests of the desk, the ledger and the bus."""

import json
from datetime import UTC, datetime
from typing import Any

from sipbot.command import Request, read
from tests.memo_samples import AT, MEMO_ID


def payload(
    *,
    req: str = "r1",
    by: str = "hanako",
    memo: str = MEMO_ID,
    ts: datetime = AT,
    **fields: Any,
) -> bytes:
    """Return a command as an operator's program would send it."""
    return json.dumps({"req": req, "by": by, "memo": memo, "ts": ts.isoformat(), **fields}).encode()


def a_request(verb: str, client: str = "yamato", **fields: Any) -> Request:
    found = read(client, verb, payload(**fields))
    assert isinstance(found, Request), found
    return found


def now() -> datetime:
    """Return the time, for commands to a running sipbot."""
    return datetime.now(UTC)
