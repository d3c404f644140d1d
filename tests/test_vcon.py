"""A call as a vCon has what the draft asks for, and no more of the caller than was shown."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest

from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo, with_transcript
from sipbot.records import EndedBy, EndState
from sipbot.vcon import vcon_of
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

MADE = datetime(2026, 11, 22, tzinfo=UTC)
SHA512 = hashlib.sha512(b"wav").hexdigest()


def a_call(state: EndState = EndState.MEMO, caller: str | None = "+81355501234") -> CallEntry:
    return CallEntry(
        offer=an_offer(),
        client="yamato",
        rule="to",
        number="+81120000000",
        caller=caller,
        answered_at=AT,
        ended_at=AT,
        ended_by=EndedBy.CALLER,
        sip_code=200,
        state=state,
    )


def a_read_memo(call: CallEntry) -> Memo:
    memo = with_transcript(a_memo_of(call.offer), a_transcript("moshi moshi"), AT)
    assert memo is not None
    return memo


def test_call_with_a_message_has_recording_transcript_and_memo() -> None:
    call = a_call()
    memo = a_read_memo(call)

    found = vcon_of(call, memo, say_name="Yamato", made_at=MADE, recording=("audio/x.wav", SHA512))

    digest = base64.urlsafe_b64encode(hashlib.sha512(b"wav").digest()).rstrip(b"=").decode()
    assert "recording" == found["dialog"][0]["type"]
    assert f"sha512-{digest}" == found["dialog"][0]["content_hash"]
    assert memo.text == found["analysis"][0]["body"]["text"]
    assert memo == Memo.model_validate(found["attachments"][0]["body"], strict=False)
    assert call.offer.call == json.loads(json.dumps(found))["uuid"]


@pytest.mark.parametrize("state", [one for one in EndState if one is not EndState.MEMO])
def test_call_without_a_message_says_how_it_ended(state: EndState) -> None:
    (dialog,) = vcon_of(a_call(state), None, say_name="Yamato", made_at=MADE)["dialog"]

    assert {"start", "parties"} <= dialog.keys()
    assert ("transfer" if state is EndState.TRANSFERRED else "incomplete") == dialog["type"]
    assert (state is EndState.TRANSFERRED) == ("disposition" not in dialog)


def test_caller_who_withholds_the_number_has_none() -> None:
    found = vcon_of(a_call(caller=None), None, say_name="Yamato", made_at=MADE)

    assert {"type": "caller"} == found["parties"][0]
