"""What a caller was told of the recording before anything was recorded, call by call.  Pure.

Data path: calls -> notice_log -> [recording_notice] -> ledger -> cli_memos, disclosure, vcon

The notice is the first prompt after the answer, no key cuts it short, and the recording is opened
after it (`sipbot.script`); so what became of it is one row of a call.
"""

from datetime import datetime

import msgspec

HEARD = "heard to the end"
CUT = "not heard to the end"
NONE = "no notice"
UNKNOWN = "not known"
"""What `verdict` says; for programs too, so never translated."""


class RecordingNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The notice of one answered call."""

    prompt: str | None
    """As the client's file names it; None: none was in force, or no message could be taken."""
    sha256: str | None = None
    """Of the file that was played; None where it cannot be read any more."""
    text: str = ""
    """What is said in it, as far as sipbot knows."""
    began_at: datetime | None = None
    """UTC-aware; None for a notice of which only the end is known."""
    ended_at: datetime | None = None
    """When its last sample was sent, or the caller had gone; UTC-aware."""
    length_s: float | None = None
    """Of the file."""
    whole: bool = False
    """Whether it was played to its last sample while the call was up."""


def verdict(notice: RecordingNotice | None) -> str:
    """Return `HEARD`, `CUT`, `NONE` or `UNKNOWN` in one word for lists."""
    if notice is None:
        return UNKNOWN
    if notice.prompt is None:
        return NONE
    return HEARD if notice.whole else CUT


def at_s(notice: RecordingNotice, answered_at: datetime | None) -> tuple[float, float] | None:
    """Return from which to which second after the answer it was played; None: not known."""
    if answered_at is None or notice.began_at is None or notice.ended_at is None:
        return None
    began, ended = notice.began_at - answered_at, notice.ended_at - answered_at
    return began.total_seconds(), ended.total_seconds()
