"""RTP from strangers into a call whose caller is silent: nothing is recorded, nothing is sent."""

import asyncio
import socket
import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sipbot.sip import wire
from tests import sipp, ulaw
from tests.agents import Parent, real_agent, stack_on
from tests.free_ports import free_ports

pytestmark = [pytest.mark.sip, pytest.mark.peer]

STRANGER = "127.0.0.2"
PACKETS = 50
"""pjsip follows ten packets from elsewhere (PJMEDIA_RTP_NAT_PROBATION_CNT)."""
FRAME_S = 0.02
SILENT_MS = 2500
"""The caller's; the strangers speak for one second of it."""


async def _speak(door: socket.socket, first_port: int, ports: int) -> None:
    """Say noise to every port that may be the call's."""
    noise = ulaw.encode(ulaw.noisy(np.zeros(PACKETS * 160, np.int16), seed=7, peak=8000))
    for n in range(PACKETS):
        header = struct.pack("!BBHII", 0x80, 0, n, n * 160, 0xBAD)
        payload = bytes(noise[n * 160 : (n + 1) * 160])
        for port in range(first_port, first_port + ports, 2):
            door.sendto(header + payload, ("127.0.0.1", port))
        await asyncio.sleep(FRAME_S)


async def _begin(parent: Parent, prompt: Path, recording: Path) -> None:
    call = (await parent.next(wire.Offered)).offer.call
    alone = wire.Alone(
        beep=str(prompt), thanks=str(prompt), recording=str(recording), max_s=9.0, finish_key="#"
    )
    parent.say(wire.Answer(call=call, alone=alone))
    await parent.next(wire.Answered)
    parent.say(wire.Record(call=call, path=str(recording)))
    parent.say(wire.Play(call=call, wav=str(prompt)))


@pytest.mark.parametrize(
    ("media_allow", "heard"),
    [((), False), ((f"{STRANGER}/32",), True)],
    ids=["stranger", "allowed"],
)
async def test_audio_from_elsewhere_is_neither_heard_nor_answered_unless_allowed(
    tmp_path: Path, silence: Path, media_allow: tuple[str, ...], heard: bool
) -> None:
    prompt, recording = tmp_path / "prompt.wav", tmp_path / "audio.wav"
    ulaw.write(prompt, ulaw.noisy(np.zeros(4 * ulaw.RATE_HZ, np.int16), seed=1))
    stack = msgspec.structs.replace(stack_on(free_ports()), media_allow=media_allow)
    with (
        real_agent(tmp_path, stack) as agent,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        stranger.bind((STRANGER, 0))
        stranger.setblocking(False)
        parent = await agent.parent()
        async with sipp.sipp(
            "message",
            *["-s", "desk", f"127.0.0.1:{agent.port}"],
            name="Caller",
            caller="silent",
            headers="",
            audio=silence,
            before_ms=SILENT_MS,
            speak_ms=0,
            middle="",
            end=sipp.fragment("hang_up"),
        ) as caller:
            await _begin(parent, prompt, recording)
            await _speak(stranger, stack.rtp_port, stack.rtp_ports)
            await caller.done()
        await parent.next(wire.Ended)
        await parent.die()
        await agent.ended()
        try:
            stranger.recv(2048)
            answered = True
        except BlockingIOError:
            answered = False
    loudest = int(np.abs(ulaw.read(recording)).max(initial=0))
    assert (heard, heard) == (answered, loudest > 1000)
