"""Calls by SIPp, memos by mosquitto_sub: nothing is lost between two programs that are not ours."""

import os
from pathlib import Path
from typing import Any

import pytest

from sipbot.memo import Stage
from sipbot.records import EndState
from tests import ulaw
from tests.bot import PATIENCE_S, Bot, running, until
from tests.brokers import RunningBroker, Subscriber, subscribed
from tests.sipp import call

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

CALLS = int(os.environ.get("CALLS_BY_SIPP", "40"))
"""Ten on each of the four lines; 100 take six minutes, most of them for the live ear."""
AT_ONCE = 4
"""The lines of one agent."""
CALL_S = 10.0
"""Longer than one call of `message.xml` by a factor of two."""


def codes(path: Path) -> bytes:
    return path.read_bytes()


async def transcribed(feed: Subscriber, wanted: int) -> dict[str, dict[str, Any]]:
    """Return the last revision of each memo, once as many as wanted have their text."""
    memos: dict[str, dict[str, Any]] = {}
    while sum(memo["stage"] == "transcribed" for memo in memos.values()) < wanted:
        message = await feed.next()
        memos[message.json["id"]] = message.json
    return memos


@pytest.mark.timeout(2 * CALLS * CALL_S / AT_ONCE + 2 * PATIENCE_S)
async def test_calls_of_sipp_four_at_a_time_all_arrive_whole_and_become_memos(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker, message: Path
) -> None:
    bot = Bot(tmp_path, mosquitto.port, vosk_models)
    said = codes(message)[: -ulaw.FRAME]  # SIPp does not send the last packet
    async with running(bot), subscribed(mosquitto.port, "sipbot/1/test/client/+/memo/+") as feed:
        async with call(
            bot,
            "message",
            "0312345678",
            calls=CALLS,
            at_once=AT_ONCE,
            trace=False,
            audio=message,
            speak_ms=3300,
        ) as sipp:
            await sipp.done(CALLS * CALL_S)
            counted = sipp.statistics()
        await until(
            lambda: all(memo.stage is Stage.TRANSCRIBED for memo in bot.memos()), CALLS * CALL_S
        )
        memos = await transcribed(feed, CALLS)
        rows = bot.rows()

    arrived = [
        ulaw.frames_that_arrived(said, ulaw.read(bot.spool / row.offer.call / "audio.wav"))
        for row in rows
    ]
    frames, sent = (sum(counts) for counts in zip(*arrived, strict=True))
    print(f"{frames} of {sent} frames arrived exactly; worst call {min(arrived)}")
    assert {EndState.MEMO: CALLS} == bot.counts()
    assert {row.offer.call for row in rows} == {memo["call"]["id"] for memo in memos.values()}
    assert CALLS == len(rows) == len(memos)
    assert frames / sent >= 0.998
    assert (str(CALLS), "0") == (counted["SuccessfulCall(C)"], counted["FailedCall(C)"])
    assert "0" == counted["Retransmissions(C)"]
