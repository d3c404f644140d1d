"""Callers who do one thing at a time, when they are told to: SIPp by SIP INFO, baresip by RFC 4733.

baresip sends telephone events without raw sockets, which SIPp's ``play_dtmf`` needs, and goes on
sending its microphone's silence all the while, as telephones do.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from tests import ulaw
from tests.baresip import Baresip, baresip
from tests.bot import Bot
from tests.free_ports import free_ports
from tests.sipp import Sipp, call, fragment

NOTHING_S = 300
"""Longer than any call here."""

INFO_TAKEN = re.compile(r"SIP/2\.0 200 OK\r?\n(?:[^\r\n]+\r?\n)*?CSeq: \d+ INFO")


class Telephone(Protocol):
    """What a caller can do."""

    def ready(self) -> bool:
        """Whether the last key has arrived."""

    async def press(self, key: str) -> None:
        """Press a key."""

    async def speak(self) -> None:
        """Say what there is to be said."""

    async def hang_up(self) -> None:
        """End the call."""


class SippTelephone:
    """A SIPp that waits for commands; it does what its scenario has in this place."""

    def __init__(self, peer: Sipp, writer: asyncio.StreamWriter, caller: str) -> None:
        self._peer, self._writer, self._caller = peer, writer, caller
        self._pressed = 0

    def ready(self) -> bool:
        # SIPp hears no command while it waits for the answer to the last one.
        return len(INFO_TAKEN.findall(self._peer.messages())) >= self._pressed

    async def press(self, key: str) -> None:
        self._pressed += 1
        await self._tell(key)

    async def speak(self) -> None:
        await self._tell("0")

    async def hang_up(self) -> None:
        await self._tell("0")

    async def begin(self) -> None:
        """Send the INVITE."""
        await self._tell("0")

    async def _tell(self, key: str) -> None:
        """Send a command; the byte 27 ends one (SIPp's manual, 3PCC).

        A SIPp whose call is over takes none; whoever compares says what went otherwise.
        """
        command = f"Call-ID: {self._caller}@rehearsed\r\nKey: {key}\r\n\r\n\x1b"
        self._writer.write(command.encode())
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


class BaresipTelephone:
    """A baresip in a call."""

    def __init__(self, phone: Baresip) -> None:
        self._phone = phone

    def ready(self) -> bool:
        return True  # it does one command after the other

    async def press(self, key: str) -> None:
        await self._phone.command("sndcode", key)

    async def speak(self) -> None:
        raise AssertionError("its microphone hears nothing")

    async def hang_up(self) -> None:
        await self._phone.command("hangup")


@contextlib.asynccontextmanager
async def by_sipp(
    bot: Bot,
    caller: str,
    number: str,
    acts: Sequence[str],
    *,
    agent: int,
    audio: Path,
    withheld: bool = False,
) -> AsyncIterator[Telephone]:
    """Call from a SIPp.

    Args:
        bot: who is called.
        caller: user part of From.
        number: what is dialled.
        acts: what the caller will do: ``pressed``, ``said``, ``caller_hangs_up``.
        agent: which agent of the bot is called.
        withheld: the caller's number is not shown.
        audio: what is said, raw mu-law, and the hiss of the line after it; that alone is in the
            file with the suffix ``.hiss``. Only who speaks is heard at all.
    """
    port = free_ports()
    end = "  <recvCmd/>\n" + fragment("hang_up")
    async with call(
        bot,
        "keys",
        caller,
        number,
        twin=f"127.0.0.1:{port}",
        agent=agent,
        middle="".join(_fragments(acts, audio)),
        end=end if acts[-1:] == ["caller_hangs_up"] else fragment("hung_up_on"),
        headers="Privacy: id\n" if withheld else "",
    ) as peer:
        writer = await _twin(port)
        telephone = SippTelephone(peer, writer, caller)
        await telephone.begin()
        try:
            yield telephone
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):  # SIPp has ended with the call
                await writer.wait_closed()


def _fragments(acts: Sequence[str], audio: Path) -> list[str]:
    """No loop and no retransmission: a SIPp that has sent one key twice answers every answer."""
    hiss = f'  <nop><action><exec rtp_stream="{audio}.hiss,1,0"/></action></nop>\n'
    parts = [hiss] if "said" in acts else []
    for place, act in enumerate(acts):
        if act == "pressed":
            parts.append(fragment("key_by_command", cseq=2 + place))
        elif act == "said":
            parts.append(fragment("speech_by_command", audio=str(audio)))
    return parts


@contextlib.asynccontextmanager
async def by_baresip(
    bot: Bot, caller: str, number: str, folder: Path, *, agent: int
) -> AsyncIterator[Telephone]:
    """Call from a baresip."""
    nothing = folder / "nothing.wav"
    if not nothing.exists():
        ulaw.write(nothing, np.zeros(NOTHING_S * ulaw.RATE_HZ, np.int16))
    async with baresip(caller, nothing) as phone:
        bot.invites += 1
        await phone.command("dial", f"sip:{number}@127.0.0.1:{bot.port + agent}")
        yield BaresipTelephone(phone)


async def _twin(port: int) -> asyncio.StreamWriter:
    """Connect to SIPp, which listens a moment after it was started."""

    async def connected() -> asyncio.StreamWriter | None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return None
        return writer

    for _ in range(1000):
        if (writer := await connected()) is not None:
            return writer
        await asyncio.sleep(0.05)
    raise AssertionError("SIPp does not listen for commands")
