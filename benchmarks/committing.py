"""One transaction of the ledger, durable on the disk: a call's row, as before every answer."""

import time
from datetime import UTC, datetime
from pathlib import Path

import uuid6

from benchmarks.figures import Figure
from sipbot.ledger import Ledger
from sipbot.records import CallOffer, Party

COMMITS = 300


async def committing(folder: Path) -> Figure:
    """Measure in `folder`, which must be on the disk that the ledger would be on."""
    samples = []
    async with Ledger.open(folder / "commit.sqlite3") as ledger:
        for number in range(COMMITS):
            offer = CallOffer(
                call=str(uuid6.uuid7()),
                received_at=datetime.now(UTC),
                source="127.0.0.1:5060",
                sip_call_id=f"{number}@bench",
                request_uri="sip:bench@127.0.0.1",
                to=Party(uri="sip:bench@127.0.0.1"),
                from_=Party(uri=f"sip:0{number}@127.0.0.1"),
            )
            began = time.monotonic()
            await ledger.add_call(offer, "bench", "request-uri", "bench")
            samples.append(round(1000 * (time.monotonic() - began), 3))
    return Figure(name="ledger commit (a call's row)", unit="ms", samples=tuple(samples))
