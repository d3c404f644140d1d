"""What telephones do within a call: keys that are told twice, and a caller who is put on hold."""

from pathlib import Path

import pytest

from sipbot.sip import wire
from tests.agents import an_agent
from tests.bot import until
from tests.packet_caller import packets, sdp

pytestmark = [pytest.mark.sip, pytest.mark.peer]

BYTES_PER_S = 16_000


def alone(recording: Path | None = None) -> wire.Alone:
    return wire.Alone(
        beep="", thanks="", recording=str(recording or ""), max_s=30.0, finish_key="#"
    )


async def test_key_that_comes_as_rfc_4733_and_as_info_counts_once(tmp_path: Path) -> None:
    """Some telephones can be set to send both (measured: 0901234567 was told with 20 digits)."""
    async with an_agent(tmp_path) as (agent, parent), packets(agent.port) as caller:
        caller.say("INVITE", sdp(caller.rtp_port))
        call = (await parent.next(wire.Offered)).offer.call
        parent.say(wire.Answer(call=call, alone=alone()))
        await caller.is_answered()
        await parent.next(wire.Answered)
        for key in (0, 9, 0):
            await caller.press(key)
            caller.say("INFO", f"Signal={key}\r\nDuration=160\r\n", "application/dtmf-relay")
            await caller.heard("SIP/2.0 200")
        caller.say("BYE")
        told = []
        while not isinstance(event := await parent.next(wire.Base), wire.Ended):
            told += [event.key] if isinstance(event, wire.Key) else []
    assert ["0", "9", "0"] == told


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
async def test_recording_goes_on_while_the_caller_is_on_hold(
    tmp_path: Path, direction: str
) -> None:
    """Its length is that of the time, or a whole message would count as cut."""
    recording = tmp_path / "audio.wav"
    async with an_agent(tmp_path) as (agent, parent), packets(agent.port) as caller:
        caller.say("INVITE", sdp(caller.rtp_port))
        call = (await parent.next(wire.Offered)).offer.call
        then = wire.Sequel(prompts=(), recording=str(recording))
        parent.say(wire.Answer(call=call, alone=alone(recording), then=then))
        await caller.is_answered()
        await parent.next(wire.Answered)
        held = sdp(caller.rtp_port, more=f"a={direction}").replace("1 1 IN", "1 2 IN")
        caller.say("INVITE", held)
        await caller.is_answered()
        size_bytes = recording.stat().st_size
        await until(lambda: recording.stat().st_size >= size_bytes + 2 * BYTES_PER_S)
        parent.say(wire.StopRecording(call=call))
        closed = await parent.next(wire.RecordingClosed)
    assert closed.recorded_s == pytest.approx(closed.audio_bytes / BYTES_PER_S, abs=0.5)
