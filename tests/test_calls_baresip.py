"""A call by baresip: its user speaks, presses ``#`` and is thanked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sipbot.records import EndedBy, EndState
from tests.baresip import baresip
from tests.bot import Bot, running

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]


async def test_message_of_baresip_ended_by_a_key_becomes_a_memo(
    make_bot: Callable[[], Bot], long_message_wav: Path
) -> None:
    async with running(make_bot()) as bot, baresip("softphone", long_message_wav) as phone:
        bot.invites += 1
        await phone.command("dial", f"sip:desk@127.0.0.1:{bot.port}")
        await phone.event("CALL_ESTABLISHED")
        await bot.recording("softphone", at_least_s=4.0)
        await phone.command("sndcode", "#")
        closed = await phone.event("CALL_CLOSED")
        row, memo = await bot.ended("softphone"), await bot.memo("softphone", "transcribed")
    assert "Connection reset by peer" == closed["param"]
    assert (EndState.MEMO, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert memo.text
