"""One call as a vCon, the IETF's container for conversations.  Pure.

Form: draft-ietf-vcon-vcon-core-04 (7 September 2026), syntax 0.4.0, unsigned: the bundle's manifest
signs all of them.  A recording is named, not repeated: ``filename`` is its path in the bundle and
``content_hash`` its SHA-512, as section 2.4 of the draft writes hashes.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.numbers import is_e164
from sipbot.recording_notice import verdict
from sipbot.records import EndState

SYNTAX = "0.4.0"

_CALLER, _CLIENT = 0, 1
"""Places in ``parties``."""

_NOT_HELD = {
    EndState.NO_MESSAGE: "voicemail-no-message",
    EndState.ABANDONED_RINGING: "hung-up",
    EndState.ABANDONED_GREETING: "hung-up",
    EndState.REFUSED_UNMAPPED: "failed",
    EndState.REFUSED_BLOCKED: "busy",
    EndState.REFUSED_CAPACITY: "congestion",
    EndState.REFUSED_SOURCE: "failed",
    EndState.FAILED_MEDIA: "failed",
    EndState.FAILED_INTERNAL: "failed",
}
"""What the draft calls the ends of calls without a conversation."""


def vcon_of(
    call: CallEntry,
    memo: Memo | None,
    *,
    say_name: str,
    made_at: datetime,
    recording: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return a call as a vCon, ready for JSON.

    Args:
        call: as the ledger has it.
        memo: what it left.
        say_name: of the client.
        made_at: UTC-aware; when the vCon is made.
        recording: path in the bundle and SHA-512 in hex; None when it does not go.
    """
    found: dict[str, Any] = {
        "vcon": SYNTAX,
        "uuid": call.offer.call,
        "created_at": made_at.isoformat(),
        "parties": [_caller(call, memo), _client(call, say_name)],
        "dialog": [_dialog(call, memo, recording)],
    }
    attached: list[dict[str, Any]] = []
    if memo is not None:
        found["subject"] = memo.category or "message"
        found["analysis"] = list(_analysis(memo))
        said = memo.model_dump(mode="json", by_alias=True)
        attached.append(_attached("memo", memo.call.started_at, said))
    attached += _notice(call)
    if attached:
        found["attachments"] = attached
    return found


def _notice(call: CallEntry) -> Iterator[dict[str, Any]]:
    """Yield what the caller was told of the recording, where that is known."""
    if call.notice is not None:
        began = call.notice.began_at or call.answered_at or call.offer.received_at
        said = msgspec.to_builtins(call.notice) | {"verdict": verdict(call.notice)}
        yield _attached("recording-notice", began, said)


def _attached(purpose: str, start: datetime, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "start": start.isoformat(),
        "party": _CLIENT,
        "dialog": 0,
        "mediatype": "application/json",
        "encoding": "json",
        "body": body,
    }


def _caller(call: CallEntry, memo: Memo | None) -> dict[str, Any]:
    party: dict[str, Any] = {"type": "caller"}
    if call.caller and is_e164(call.caller):
        party["tel"] = f"tel:{call.caller}"
    name = memo.caller.name if memo else None
    if name:
        party["name"] = name
    return party


def _client(call: CallEntry, say_name: str) -> dict[str, Any]:
    party: dict[str, Any] = {"type": "called", "org": say_name, "name": say_name}
    if call.number and is_e164(call.number):
        party["tel"] = f"tel:{call.number}"
    return party


def _dialog(
    call: CallEntry, memo: Memo | None, recording: tuple[str, str] | None
) -> dict[str, Any]:
    both = {"start": call.offer.received_at.isoformat(), "parties": [_CALLER, _CLIENT]}
    if memo is None:
        state = call.state or EndState.FAILED_INTERNAL
        if state is EndState.TRANSFERRED:
            return {"type": "transfer", **both, "transferee": _CALLER, "transferor": _CLIENT}
        return {"type": "incomplete", **both, "disposition": _NOT_HELD.get(state, "failed")}
    dialog: dict[str, Any] = {
        "type": "recording",
        **both,
        "originator": _CALLER,
        "duration": memo.audio.duration_s,
        "mediatype": "audio/x-wav",
    }
    if recording is not None:
        path, sha512 = recording
        digest = base64.urlsafe_b64encode(bytes.fromhex(sha512)).rstrip(b"=").decode()
        dialog |= {"filename": path, "content_hash": f"sha512-{digest}"}
    return dialog


def _analysis(memo: Memo) -> list[dict[str, Any]]:
    if memo.text is None:
        return []
    words = [word.model_dump(mode="json") for word in memo.words]
    return [
        {
            "type": "transcript",
            "dialog": 0,
            "vendor": memo.recognition.engine or "unknown",
            "product": memo.recognition.model or "unknown",
            "mediatype": "application/json",
            "encoding": "json",
            "body": {"language": memo.language, "text": memo.text, "words": words},
        }
    ]
