"""Encrypted audio: baresip encrypts, sipbot's agent records what was said."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from sipbot.sip import wire
from tests import ulaw
from tests.agents import real_agent, stack_on
from tests.baresip import baresip
from tests.bot import until
from tests.free_ports import free_ports

pytestmark = [pytest.mark.sip, pytest.mark.peer]

ENCRYPTING = {"modules": "module srtp.so\n", "account": ";mediaenc=srtp-mand"}


async def test_encrypted_call_is_recorded_in_the_clear_where_the_settings_take_it(
    tmp_path: Path, long_message_wav: Path
) -> None:
    recording = tmp_path / "audio.wav"
    stack = msgspec.structs.replace(stack_on(free_ports()), srtp="optional")
    with real_agent(tmp_path, stack) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)  # its port is open: baresip takes a closed one for a no
        async with baresip("softphone", long_message_wav, **ENCRYPTING) as phone:
            await phone.command("dial", f"sip:desk@127.0.0.1:{agent.port}")
            offered = await parent.next(wire.Offered)
            alone = wire.Alone(beep="", thanks="", recording="", max_s=9.0, finish_key="")
            parent.say(wire.Answer(call=offered.offer.call, alone=alone))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=offered.offer.call, path=str(recording)))
            await until(lambda: recording.exists() and recording.stat().st_size > 2 * 16_000)
            parent.say(wire.HangUp(call=offered.offer.call))
            await parent.next(wire.Ended)
        await parent.die()
        await agent.ended()
    # Deciphered wrongly, mu-law is noise at full level: half of all codes are above 1,000.
    heard = np.abs(ulaw.read(recording).astype(np.int32))
    assert 100 < int(heard.max())
    assert 1000 > int(np.median(heard))
