"""What nobody should send, sent: malformed SIP, mutations of it, and junk into live audio.

After each message, and in the middle of the rest, somebody calls who must be answered.
"""

import asyncio
import random
import struct
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tests import ulaw
from tests.bot import running
from tests.brokers import ROOT
from tests.free_ports import free_ports
from tests.torture.hostile_messages import aborting, ipv6, known, mutated, torture
from tests.torture.hostile_site import (
    MAD_TRUNK,
    STRANGER,
    HostileBot,
    Probes,
    exits_row,
    send,
)
from tests.torture.promise import Promise, Scale
from tests.torture.telephone import FRAME_S, microphone, port_of, say, telephone
from tests.torture.verdicts import found_frames

AGENTS = 2

PASSES, MUTATIONS, JUNK = 3, 100_000, 100_000
"""The acceptance table's (B1, B2)."""

ABORTS = 100
"""ACKs that abort an agent that hears them (B3)."""

PER_S = 500
"""Mutations a second, junk packets a second and call."""

BETWEEN_PROBES = 1000

UNACKNOWLEDGED_LIMIT_S = 10.0
"""How long a line may be held by one who does not acknowledge, as in `flood`."""

SPEAKERS = 2
SPEECH_S = 10.0
"""What callers say while junk comes; longer junk hears more of them."""

RECOVERED_S = 1.0
"""After junk from a caller's own port, until its speech is judged again: as much as the agent's
jitter buffer holds (JITTER_MAX_MS)."""

KEYS = 101
"""Payload type of RFC 4733 in the callers' SDP."""

RTP_LOST = 0.005
"""Share of a caller's frames that may be missing, as under load (L3)."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do all of it to one bot."""
    bot = HostileBot(folder, free_ports(), ROOT / "models", agents=AGENTS)
    async with running(bot):
        probes = Probes(bot=bot)
        rows = await malformed(bot, probes, scale.of(PASSES))
        rows += await aborts(bot, probes, scale.of(ABORTS))
        rows += await mutations(bot, probes, rng, scale.of(MUTATIONS, 200))
        rows += await junk(bot, rng, scale.of(JUNK, 2000))
        rows.append(await probes.ledger_row("all of it"))
    return rows


async def malformed(bot: HostileBot, probes: Probes, passes: int) -> list[Promise]:
    """Send each known message from a trunk that has gone mad, and call after each."""
    harm = "RFC 4475, RFC 5118, what ended pjproject"
    before, exits = len(probes.answers), bot.exits
    guilty: list[str] = []
    whole = {name: [message] for name, message in (torture() | ipv6("desk")).items()}
    for name, messages in (*whole.items(), *known("desk")) * passes:
        seen = bot.exits
        await send(MAD_TRUNK, bot.target, messages, 0.0)
        await probes.one()
        guilty += [name] * (bot.exits - seen)
    sent = len(probes.answers) - before
    return [
        probes.row(harm, before),
        exits_row(harm, sent, bot.exits - exits, ", ".join(sorted(set(guilty))[:4])),
    ]


async def aborts(bot: HostileBot, probes: Probes, number: int) -> list[Promise]:
    """Send INVITEs and the ACK that aborts an agent which hears it, and call after each.

    All of these INVITEs are whole and none is acknowledged, so they hold all lines in turn: the
    next call waits for a line as in `flood` where a trunk sends INVITEs and no ACK.
    """
    harm = "INVITEs, each with the ACK that aborts pjproject"
    before, exits = len(probes.answers), bot.exits
    for n in range(number):
        await send(MAD_TRUNK, bot.target, aborting("desk", n), 0.0)
        await probes.one()
    return [
        probes.row(harm, before, limit_s=UNACKNOWLEDGED_LIMIT_S),
        exits_row(harm, number, bot.exits - exits, ""),
    ]


async def mutations(
    bot: HostileBot, probes: Probes, rng: random.Random, number: int
) -> list[Promise]:
    """Send mutated messages without a pause; somebody calls again and again."""
    harm = f"{number:,} mutations of them, {PER_S} a second"
    before, exits = len(probes.answers), bot.exits
    whole = torture() | ipv6("desk")
    whole |= {name: message for name, (message, *_) in known("desk")}
    whole["ACK"] = aborting("desk", 0)[0]
    made = [mutated(whole, rng) for _ in range(number)]
    for first in range(0, number, BETWEEN_PROBES):
        batch = made[first : first + BETWEEN_PROBES]
        async with asyncio.TaskGroup() as group:
            group.create_task(send(MAD_TRUNK, bot.target, batch, 1 / PER_S))
            group.create_task(probes.one())
    await probes.one()
    return [probes.row(harm, before), exits_row(harm, number, bot.exits - exits, "")]


# -- audio -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Spoken:
    """One caller who spoke while junk came."""

    user: str
    said: bytes

    @property
    def judged(self) -> bytes:
        """What was said while no junk came from the caller's own port: mu-law."""
        third = len(self.said) // ulaw.FRAME // 3
        later = 2 * third + round(RECOVERED_S / FRAME_S)
        return self.said[: third * ulaw.FRAME] + self.said[later * ulaw.FRAME :]


async def junk(bot: HostileBot, rng: random.Random, number: int) -> list[Promise]:
    """Let callers speak while a stranger, and something on their own port, sends junk there."""
    harm = f"{number:,} junk packets of RTP, RTCP and keys into live calls"
    exits = bot.exits
    async with asyncio.TaskGroup() as group:
        share = number // SPEAKERS
        made = [group.create_task(_speaker(bot, n, rng, share)) for n in range(SPEAKERS)]
    spoken = [task.result() for task in made]
    missing, frames = [], 0
    for one in spoken:
        row = await bot.ended(one.user)
        heard = ulaw.read(bot.spool / row.offer.call / "audio.wav")
        found, _ = found_frames(one.judged, heard)
        sent = len(one.judged) // ulaw.FRAME
        frames += sent
        missing.append((sent - found) / sent)
    worst = round(max(missing), 4)
    return [
        Promise(
            harm=harm,
            promise="callers on the line keep their audio",
            tries=frames,
            worst=worst,
            limit=RTP_LOST,
            unit="of a call's frames missing",
            note="a third of the junk comes from the caller's own port; judged is the rest",
        ),
        exits_row(harm, number, bot.exits - exits, ""),
    ]


async def _speaker(bot: HostileBot, n: int, rng: random.Random, packets: int) -> _Spoken:
    """Call, speak for as long as junk comes, hang up."""
    least_s = max(SPEECH_S, packets / PER_S)
    speech = np.resize(ulaw.read(ROOT / "tests/data/ko_01_8k.wav"), int(least_s * ulaw.RATE_HZ))
    said = ulaw.encode(ulaw.noisy(speech, seed=rng.randrange(1 << 32)))
    made = [_packet(rng) for _ in range(packets)]
    own = [one for one in made[::3] if not _is_key(one)]  # a caller's own key ends the message
    user = f"speaker-{n}"
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(telephone(user, bot.target))
        mouth = await stack.enter_async_context(microphone())
        answer = await one.call_again(port_of(mouth))
        assert answer.code == 200, f"{user} heard {answer.code}"
        await bot.recording(user, at_least_s=0.0)
        ears = ("127.0.0.1", answer.rtp_port), ("127.0.0.1", answer.rtp_port + 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(say(mouth, ears[0], said))
            group.create_task(_shower(ears, [one for n, one in enumerate(made) if n % 3]))
            group.create_task(_own_shower(mouth, ears[0], own, least_s / 3))
        await one.hang_up()
    return _Spoken(user=user, said=said)


async def _shower(ears: Sequence[tuple[str, int]], packets: Sequence[bytes]) -> None:
    halves = [partial(send, STRANGER, ear, packets[n::2], 2 / PER_S) for n, ear in enumerate(ears)]
    async with asyncio.TaskGroup() as group:
        for half in halves:
            group.create_task(half())


async def _own_shower(
    mouth: asyncio.DatagramTransport, ear: tuple[str, int], packets: Sequence[bytes], third_s: float
) -> None:
    """Send junk from where the kernel lets it in, in the second third of the speech."""
    begin = time.monotonic() + third_s
    for n, one in enumerate(packets):
        await asyncio.sleep(max(0.0, begin + third_s * n / len(packets) - time.monotonic()))
        mouth.sendto(one, ear)


def _is_key(packet: bytes) -> bool:
    return len(packet) > 1 and packet[1] & 0x7F == KEYS


def _packet(rng: random.Random) -> bytes:
    """Return junk: RTP, a key of RFC 4733, RTCP, or bytes by chance."""
    kind = rng.randrange(4)
    rest = rng.randbytes(rng.choice((0, 1, 4, 160, 160, 1400)))
    head = (rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32))
    if kind == 0:
        return struct.pack(">BBHII", rng.randrange(0x80, 0xC0), rng.getrandbits(8), *head) + rest
    if kind == 1:
        event = struct.pack(">BBH", rng.randrange(16), 0x80 | rng.randrange(64), 1600)
        return struct.pack(">BBHII", 0x80, KEYS | rng.choice((0, 128)), *head) + event
    if kind == 2:
        return struct.pack(">BBHI", 0x81, rng.randrange(192, 224), *head[:2]) + rest
    return rest
