"""Somebody wants another one's call, its audio, or a password (A2 to A5 of the acceptance table).

Through the edge, as callers reach more than one agent.  What counts is what the attackers got: a
call that went elsewhere, audio, a digest, a caller who was hung up on or whose words are missing.
"""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sipbot.records import EndedBy
from tests import ulaw
from tests.bot import running, until
from tests.brokers import ROOT
from tests.free_ports import free_ports
from tests.torture.hostile_messages import message
from tests.torture.hostile_site import MAD_TRUNK, STRANGER, Probes, exits_row, send
from tests.torture.promise import Promise, Scale
from tests.torture.strangers_audio import strangers
from tests.torture.takeover_messages import (
    EXTRAS,
    OWN_REALM,
    challenge,
    forged,
    realms,
    redirections,
    replacements,
    targets,
)
from tests.torture.takeover_peers import (
    TO_PERSON,
    TO_TRUNK,
    Answerer,
    TakeoverBot,
    answerer,
    challenger,
    sink,
)
from tests.torture.telephone import Telephone, microphone, port_of, say, telephone
from tests.torture.verdicts import found_frames

AGENTS = 2

VARIANTS, REALMS, LISTENED, CALLS, FORGED = 200, 50, 200, 20, 1000
"""The acceptance table's (A2, A3, A4, A5)."""

VICTIMS = 4
"""Callers who speak at the same time."""

PER_S = 250
"""Forged requests a second and call."""

RTP_LOST = 0.005
"""Share of a caller's frames that may be missing, as under load (L3)."""

LEAST_S = 6.0
"""Of a caller's speech: 300 frames, of which one may be missing."""

AFTER_S = 0.4
"""From a caller's last word to its BYE: what is in the agent's jitter buffer then is not kept."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do all of it to one bot."""
    ports = {"trunk": free_ports(), "person": free_ports()}
    bot = TakeoverBot(folder, free_ports(), ROOT / "models", agents=AGENTS, **ports)
    async with (
        answerer(ports["trunk"]) as trunk,
        answerer(ports["person"]) as person,
        running(bot),
    ):
        probes = Probes(bot=bot)
        rows = await transfers(bot, scale.of(VARIANTS * 4 // 5, 2 * VICTIMS))
        rows += await redirected(bot, [trunk, person], scale.of(VARIANTS // 5, 2))
        rows += await challenges(bot, trunk, person, scale.of(REALMS, 4))
        rows += await strangers(bot, scale.of(LISTENED, VICTIMS))
        rows += await forgeries(bot, rng, scale.of(CALLS, VICTIMS), scale.of(FORGED, 50))
        await probes.one()
        rows.append(probes.row("all of it"))
        rows.append(await probes.ledger_row("all of it"))
    return rows


# -- victims ---------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Victim:
    """A caller who speaks while somebody wants the call."""

    phone: Telephone
    ears: tuple[str, int]
    """Where the bot hears."""
    said: bytes
    agreed: bool = False
    """Whether its own BYE was agreed to: the call was still there."""


@asynccontextmanager
async def victim(bot: TakeoverBot, name: str, said: bytes) -> AsyncIterator[Victim]:
    """Call and speak while the block runs, to the end of what is to be said; then hang up."""
    async with telephone(name, bot.target) as phone, microphone() as mouth:
        answer = await phone.call_again(port_of(mouth))
        assert answer.code == 200, f"{name} heard {answer.code}"
        await bot.recording(name, at_least_s=0.0)
        one = Victim(phone=phone, ears=("127.0.0.1", answer.rtp_port), said=said)
        speaking = asyncio.create_task(say(mouth, one.ears, said))
        try:
            yield one
        finally:
            await speaking
            await asyncio.sleep(AFTER_S)
            one.agreed = await phone.hang_up()


def speech(seed: int, for_s: float) -> bytes:
    """Return mu-law of which every frame is another."""
    spoken = np.resize(ulaw.read(ROOT / "tests/data/ko_01_8k.wav"), int(for_s * ulaw.RATE_HZ))
    return ulaw.encode(ulaw.noisy(spoken, seed=seed))


async def victims_rows(bot: TakeoverBot, harm: str, victims: Sequence[Victim]) -> list[Promise]:
    """Return whether every caller kept its call to its own end, and its words are all there."""
    lost, missing = 0, [0.0]
    for one in victims:
        row = await bot.ended(one.phone.name)
        lost += not (one.agreed and row.ended_by is EndedBy.CALLER)
        heard = ulaw.read(bot.spool / row.offer.call / "audio.wav")
        # Not the first and the last: those lack without any harm, too (the last in 8 of 8 calls).
        judged = one.said[ulaw.FRAME : -ulaw.FRAME]
        frames = len(judged) // ulaw.FRAME
        missing.append((frames - found_frames(judged, heard)[0]) / frames)
    return [
        Promise(harm=harm, promise="callers keep their call", tries=len(victims), lost=lost),
        Promise(
            harm=harm,
            promise="callers on the line keep their audio",
            tries=len(victims),
            worst=round(max(missing), 4),
            limit=RTP_LOST,
            unit="of a call's frames missing",
        ),
    ]


def nothing_row(harm: str, promise: str, tries: int, got: int) -> Promise:
    """Return whether the attackers got nothing."""
    return Promise(harm=harm, promise=promise, tries=tries, lost=got)


# -- A2: transfers, replacements, redirections -----------------------------------------------------


async def transfers(bot: TakeoverBot, number: int) -> list[Promise]:
    """Ask in every form for a transfer, or for a caller's place."""
    harm = f"{number} forms of REFER and Replaces, inside and outside of the call"
    exits, each = bot.exits, -(-number // VICTIMS)
    victims = list[Victim]()

    async def one(n: int, elsewhere: str) -> tuple[int, int]:
        said = speech(n, max(LEAST_S, 0.25 * each))
        async with victim(bot, f"referred-{n}", said) as caller:
            victims.append(caller)
            return await _ask_for_all(bot, caller, range(n, number, VICTIMS), elsewhere)

    async with sink("127.0.0.1") as (heard, elsewhere):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(n, elsewhere)) for n in range(VICTIMS)]
        judged, accepted = (
            sum(counts) for counts in zip(*(t.result() for t in tasks), strict=True)
        )
    return [
        nothing_row(harm, "nobody else is called", number, len(heard.heard)),
        nothing_row(harm, "none whose answer tells it is accepted", judged, accepted),
        *await victims_rows(bot, harm, victims),
        exits_row(harm, number, bot.exits - exits, ""),
    ]


async def _ask_for_all(
    bot: TakeoverBot, caller: Victim, numbers: Sequence[int], elsewhere: str
) -> tuple[int, int]:
    """Try these forms; return of how many the answer tells, and how many it accepts.

    Nobody waits for the answer to a REFER outside of the call, and an INVITE with Join or
    Target-Dialog that is answered is a call of its own, to a place that nobody had.
    """
    judged, accepted, dialog = 0, 0, caller.phone.dialog
    for n in numbers:
        forms = targets(elsewhere, dialog)
        extras, kind = EXTRAS[n // 3 // len(forms) % len(EXTRAS)], n % 3
        refer = (f"Refer-To: {forms[n // 3 % len(forms)]}", *extras)
        if kind == 0:
            code = await caller.phone.ask("REFER", refer)
            judged, accepted = judged + 1, accepted + (200 <= code < 300)
        elif kind == 1:
            await send(
                MAD_TRUNK, bot.target, [message("REFER", "desk", f"refer{n}", headers=refer)], 0.1
            )
        else:
            wanted = replacements(dialog)
            headers = (*wanted[n // 3 % len(wanted)], *extras)
            code = await _taker(bot, f"taker-{n}", headers)
            if headers[0].startswith("Replaces"):
                judged, accepted = judged + 1, accepted + (code == 200)
    return judged, accepted


async def _taker(bot: TakeoverBot, name: str, headers: Sequence[str]) -> int:
    """Call with these headers from the mad trunk, hang up if answered; return the code."""
    async with telephone(name, bot.target, source=MAD_TRUNK) as phone, microphone(MAD_TRUNK) as ear:
        answer = await phone.call(port_of(ear), headers=headers, limit_s=4.0)
        if answer.code == 200:
            await phone.hang_up()
        return answer.code


async def redirected(bot: TakeoverBot, answerers: Sequence[Answerer], number: int) -> list[Promise]:
    """Let whom sipbot calls send it elsewhere."""
    harm = f"{number} redirections of sipbot's own calls"
    exits, before = bot.exits, sum(one.called for one in answerers)
    async with sink("127.0.0.1") as (heard, elsewhere):
        made = redirections(elsewhere)
        each = iter([made[n % len(made)] for n in range(number)])
        for one in answerers:
            one.answers = each  # of both together, each form once
        await _call_out(bot, "redirected", [TO_PERSON, TO_TRUNK] * number, number)
    called = sum(one.called for one in answerers) - before
    return [
        nothing_row(harm, "nobody else is called", called, len(heard.heard)),
        exits_row(harm, number, bot.exits - exits, ""),
    ]


async def _call_out(bot: TakeoverBot, prefix: str, numbers: Sequence[str], number: int) -> None:
    """Let callers be connected by sipbot, and hang up once that has failed."""
    places = asyncio.Semaphore(VICTIMS - 1)  # each takes two lines

    async def one(n: int) -> None:
        async with (
            places,
            telephone(f"{prefix}-{n}", bot.target, numbers[n]) as phone,
            microphone() as ear,
        ):
            answer = await phone.call_again(port_of(ear))
            assert answer.code == 200, f"{prefix}-{n} heard {answer.code}"
            call = (await bot.row(f"{prefix}-{n}")).offer.call
            await bot.logged("not transferred", call=call)
            await phone.hang_up()
            await bot.ended(f"{prefix}-{n}")

    async with asyncio.TaskGroup() as group:
        for n in range(number):
            group.create_task(one(n))


# -- A3: digests -----------------------------------------------------------------------------------


async def challenges(
    bot: TakeoverBot, trunk: Answerer, person: Answerer, number: int
) -> list[Promise]:
    """Ask for a digest: the trunk for other realms, everybody else for the trunk's own too."""
    harm = f"challenges of {number} realms"
    exits, foreign = bot.exits, realms(number)
    others = [OWN_REALM, OWN_REALM.upper(), *foreign][:number]
    before = trunk.called, person.called
    trunk.answers = iter([challenge(realm, n) for n, realm in enumerate(foreign)])
    person.answers = iter([challenge(realm, n) for n, realm in enumerate(others)])
    await _call_out(bot, "challenged", [TO_TRUNK, TO_PERSON] * number, 2 * number)
    for client, one, was in ((TO_TRUNK, trunk, before[0]), (TO_PERSON, person, before[1])):
        while one.called - was < number:  # an agent had no second line for it
            await _call_out(bot, f"challenged-{client}-{one.called}", [client], 1)
    told, called = len(trunk.told), trunk.called - before[0]
    trunk.answers = iter([challenge(OWN_REALM, 0)])
    await _call_out(bot, "own-realm", [TO_TRUNK], 1)
    answered = len(trunk.told) - told
    asked, hung_up = await _hung_up_on(bot, others)
    return [
        Promise(
            harm=harm,
            promise="the trunk gets no digest for another realm",
            tries=called,
            # Else the row proves nothing: nobody would have seen one.
            lost=told + (answered == 0),
            note=f"for its own realm it got {answered}",
        ),
        nothing_row(
            harm,
            "no digest is given to anybody else whom sipbot calls",
            person.called - before[1],
            len(person.told),
        ),
        nothing_row(harm, "no digest is given to a caller who is hung up on", asked, hung_up),
        exits_row(harm, 2 * number, bot.exits - exits, ""),
    ]


async def _hung_up_on(bot: TakeoverBot, asked: Sequence[str]) -> tuple[int, int]:
    """Let sipbot hang up on callers who want a digest; return how many asked, and who got one."""
    places = asyncio.Semaphore(VICTIMS)

    async def one(n: int, realm: str) -> tuple[int, int]:
        name = f"asks-{n}"
        async with (
            places,
            challenger(name, bot.target, "hasty", challenge(realm, n)) as phone,
            microphone() as ear,
        ):
            answer = await phone.call_again(port_of(ear))
            assert answer.code == 200, f"{name} heard {answer.code}"
            await bot.ended(name)
            await until(lambda: phone.asked)
            return 1, phone.told

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(n, realm)) for n, realm in enumerate(asked)]
    done = [task.result() for task in tasks]
    return sum(one[0] for one in done), sum(one[1] for one in done)


# -- A5: forged requests ---------------------------------------------------------------------------


async def forgeries(bot: TakeoverBot, rng: random.Random, calls: int, number: int) -> list[Promise]:
    """Forge BYE, CANCEL, re-INVITE and more within calls of others."""
    harm = f"{number} forged requests in each of {calls} calls"
    exits, victims = bot.exits, list[Victim]()
    async with sink(STRANGER) as (heard, elsewhere):
        for first in range(0, calls, VICTIMS):
            async with asyncio.TaskGroup() as group:
                for n in range(first, min(first + VICTIMS, calls)):
                    work = _forge(bot, n, number, random.Random(rng.random()), elsewhere, victims)
                    group.create_task(work)
    return [
        nothing_row(harm, "no audio and no call goes elsewhere", calls * number, len(heard.heard)),
        *await victims_rows(bot, harm, victims),
        exits_row(harm, calls * number, bot.exits - exits, ""),
    ]


async def _forge(
    bot: TakeoverBot,
    n: int,
    number: int,
    rng: random.Random,
    elsewhere: str,
    victims: list[Victim],
) -> None:
    edge = f"sip:desk@{bot.target[0]}:{bot.target[1]}"
    async with victim(bot, f"forged-{n}", speech(n, max(LEAST_S, number / PER_S + 2.0))) as caller:
        victims.append(caller)
        with SourceSockets() as sources:
            begin = time.monotonic()
            for k in range(number):
                wrong = (STRANGER, MAD_TRUNK)
                one = forged(
                    caller.phone.dialog, rng, n * number + k, wrong=wrong, sink=elsewhere, edge=edge
                )
                sources.send(one.source, one.packet, bot.target)
                await asyncio.sleep(max(0.0, begin + k / PER_S - time.monotonic()))


class SourceSockets:
    """A socket for each address that something is sent from."""

    def __init__(self) -> None:
        self._open: dict[str, socket.socket] = {}

    def __enter__(self) -> "SourceSockets":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open.values():
            one.close()

    def send(self, source: str, packet: bytes, target: tuple[str, int]) -> None:
        """Send a datagram; what comes back is not looked at."""
        if source not in self._open:
            self._open[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._open[source].bind((source, 0))
        self._open[source].sendto(packet, target)
