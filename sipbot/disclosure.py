"""What is held of a caller, as one archive that needs no sipbot to be read.

Data path: ledger_privacy, spool, golden -> [disclosure] -> cli_privacy
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from sipbot import golden
from sipbot.disk import sync_folder
from sipbot.errors import UsageError
from sipbot.ledger_privacy import Held
from sipbot.recordings import Recordings

_README = """What {client} holds of the calls from {number}, {at}.

calls.json       every call: when it came, how it ended, what the network said of the caller,
                 who was called back, and who looked at the memo or listened to it
memos/*.json     every message, as operators see it: text, answers, numbers, notes, history
audio/*.wav      the recordings, 8 kHz, 16 bit, one channel
speech/*/*       what people wrote down of a message, named after it, to try the recognition with;
                 there is none for most messages
{elsewhere}
Times are UTC.  calls.json and memos/ are UTF-8 text; any editor opens them.
"""


def write_archive(
    path: Path,
    held: Sequence[Held],
    recordings: Recordings,
    dialplans: Path,
    *,
    client: str,
    number: str,
    others: int,
    at: datetime,
    note: Callable[[str], None],
) -> str:
    """Write the archive; return its SHA-256.

    Args:
        path: must not be there yet; it appears when the disclosure is written down.
        held: of the calls.
        recordings: the door to them; they are handed over as they were said, not encrypted.
        dialplans: their folder, in which the golden sets are.
        client: whose calls.
        number: whose data, as people write it.
        others: memos of other callers that say the number, which are not in it.
        at: now, UTC-aware.
        note: writes the disclosure down, given the archive's SHA-256; what it raises leaves no
            archive.

    Raises:
        UsageError: there is something at `path`, or it cannot be written.
    """
    if path.exists():
        raise UsageError(f"{path}: is there already: name another file")
    elsewhere = f"Not in it: {others} messages of other callers that say this number.\n"
    readme = _README.format(
        client=client, number=number, at=at.isoformat(), elsewhere=elsewhere if others else ""
    )
    partial = path.with_name(f".{path.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("README.txt", readme)
                for name, content in _files(held, recordings, dialplans):
                    archive.writestr(name, content)
            file.flush()
            os.fsync(file.fileno())
        sha256 = hashlib.sha256(partial.read_bytes()).hexdigest()
        note(sha256)
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        problem = f"{path}: cannot be written: {error.strerror}"
        raise UsageError(f"{problem}. Name a file in a folder that is writable") from error
    finally:
        partial.unlink(missing_ok=True)
    return sha256


def _files(
    held: Sequence[Held], recordings: Recordings, dialplans: Path
) -> Iterator[tuple[str, bytes]]:
    yield "calls.json", _json([_call(one) for one in held])
    for one in held:
        if one.memo is not None:
            yield f"memos/{one.memo.id}.json", _json(one.memo.model_dump(mode="json"))
        call = one.call.offer.call
        if recordings.is_there(call):
            with recordings.open(call) as audio:
                yield f"audio/{call}.wav", audio.read()
    for path in golden.named_after(dialplans, [one.memo.id for one in held if one.memo]):
        yield f"speech/{path.parent.name}/{path.name}", path.read_bytes()


def _call(held: Held) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(held.call)
    return found | {
        "memo": held.memo and held.memo.id,
        "calls_back": msgspec.to_builtins(held.calls_back),
        "who_looked": msgspec.to_builtins(held.who_looked),
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
