"""What an agent tells its parent of a call of its own: its recording is closed, and it is over.

Data path: pjsua_call -> [telling] -> agent -> client
"""

from datetime import UTC, datetime

from sipbot.records import EndedBy
from sipbot.sip import wire
from sipbot.sip.pjsua_call import Line


def closed(line: Line, path: str, audio_bytes: int) -> wire.RecordingClosed:
    """Return what is told of a recording whose header is written.

    Args:
        line: the call.
        path: of the recording.
        audio_bytes: how much of it reached the disk.
    """
    return wire.RecordingClosed(
        call=line.call,
        path=path,
        audio_bytes=audio_bytes,
        recorded_s=line.recorded_s,
        whole=line.whole,
    )


def over(line: Line, code: int, reason: str, *, transferred: bool) -> wire.Ended:
    """Return what is told of a call that has just ended.

    Args:
        line: the call.
        code: what ended it; of a call that was answered, the BYE's cause.
        reason: in words.
        transferred: whether the caller has spoken with a person.
    """
    return wire.Ended(
        call=line.call,
        by=EndedBy.SIPBOT if line.hung_up_here else EndedBy.CALLER,
        code=200 if line.confirmed else code,  # the INVITE's final response
        reason=reason,
        answered=line.confirmed,
        transferred=transferred,
        at=datetime.now(UTC),
    )
