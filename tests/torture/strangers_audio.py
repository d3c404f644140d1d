"""A stranger's audio and keys: what of it is heard, and what of the caller's it gets (A4)."""

import asyncio
import contextlib
import socket
import struct

import numpy as np

from sipbot.records import EndedBy
from tests import ulaw
from tests.torture.hostile_site import STRANGER, HostileBot, exits_row
from tests.torture.promise import Promise
from tests.torture.telephone import microphone, port_of, say, telephone

AT_ONCE = 4
"""Calls at the same time."""

TONE_HZ, TONE_LIMIT_DB = 1000, -50.0
"""What a stranger plays, and how loud it may be in a recording, of full scale (A4)."""

SILENT_DB = -120.0
"""Of a recording without any of it."""

LISTEN_S = 1.0
"""How long a stranger plays to each call."""


async def strangers(bot: HostileBot, calls: int) -> list[Promise]:
    """Let a stranger play a tone and press keys into calls whose callers say nothing."""
    harm = f"a stranger plays and presses keys into {calls} calls"
    exits, places = bot.exits, asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> tuple[int, float, bool]:
        async with places:
            return await _played_to(bot, f"silent-{n}")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(n)) for n in range(calls)]
    done = [task.result() for task in tasks]
    return [
        Promise(
            harm=harm,
            promise="no packet goes to the stranger",
            tries=calls,
            lost=sum(one[0] for one in done),
        ),
        Promise(
            harm=harm,
            promise="the tone is not in the recording",
            tries=calls,
            worst=round(max(one[1] for one in done), 1),
            limit=TONE_LIMIT_DB,
            unit="dB of full scale",
        ),
        Promise(
            harm=harm,
            promise="no key of it does anything",
            tries=calls,
            lost=sum(not one[2] for one in done),
        ),
        exits_row(harm, calls, bot.exits - exits, ""),
    ]


async def _played_to(bot: HostileBot, name: str) -> tuple[int, float, bool]:
    """Return packets the stranger got, how loud it is heard, and whether the call went on."""
    async with (
        telephone(name, bot.target) as phone,
        microphone() as mouth,
    ):
        answer = await phone.call_again(port_of(mouth))
        assert answer.code == 200, f"{name} heard {answer.code}"
        ear = ("127.0.0.1", answer.rtp_port)
        silence = ulaw.encode(np.zeros(int(LISTEN_S * ulaw.RATE_HZ), np.int16))
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(_play(ear, name))
            group.create_task(say(mouth, ear, silence))
        agreed = await phone.hang_up()
    row = await bot.ended(name)
    path = bot.spool / row.offer.call / "audio.wav"
    level = tone_db(ulaw.read(path))
    return playing.result(), level, agreed and row.ended_by is EndedBy.CALLER


async def _play(ear: tuple[str, int], name: str) -> int:
    """Send a tone and the finish key from a stranger's address; return what came back there.

    To that very socket: a library that follows the source of packets would send our voice there.
    """
    rate, frames = ulaw.RATE_HZ, round(LISTEN_S * 50)
    time_s = np.arange(frames * ulaw.FRAME) / rate
    tone = ulaw.encode((12_000 * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.int16))
    ssrc, heard = hash(name) & 0xFFFFFFFF, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.bind((STRANGER, 0))
        mouth.settimeout(0)
        for n in range(frames):
            head = struct.pack(">BBHII", 0x80, 0, n, n * ulaw.FRAME, ssrc)
            mouth.sendto(head + tone[n * ulaw.FRAME : (n + 1) * ulaw.FRAME], ear)
            if n % 10 == 0:
                key = struct.pack(">BBHII", 0x80, 101 | 128, n, n * ulaw.FRAME, ssrc)
                mouth.sendto(key + struct.pack(">BBH", 11, 0x8A, 800), ear)  # 11: the key "#"
            await asyncio.sleep(LISTEN_S / frames)
            with contextlib.suppress(BlockingIOError):  # nothing, as it should be
                while mouth.recv(2048):
                    heard += 1
    return heard


def tone_db(heard: ulaw.Samples) -> float:
    """Return how loud the stranger's tone is in a recording, in dB of full scale."""
    if not heard.size:
        return SILENT_DB
    samples = heard.astype(np.float64) / 32_768
    wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(samples.size) / ulaw.RATE_HZ)
    return float(20 * np.log10(max(2 * abs(np.mean(samples * wave)), 1e-6)))
