"""A caller written packet by packet, for what no telephone would send."""

import asyncio
import itertools
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests import sipp
from tests.free_ports import free_ports

_EVENT_PT = 101
_EVENT_STEPS = 5
_numbers = itertools.count(1)


def sdp(rtp_port: int, *, host: str = "127.0.0.1", more: str = "") -> str:
    """An offer of PCMU and of telephone events; `more` is a line of the audio's own."""
    lines = sipp.SDP.replace("[local_ip]", "127.0.0.1").replace("[media_ip]", host)
    lines = lines.replace("[media_port] RTP/AVP 0", f"{rtp_port} RTP/AVP 0 {_EVENT_PT}")
    events = f"a=rtpmap:{_EVENT_PT} telephone-event/8000"
    return "\r\n".join([*lines.splitlines(), events, *([more] if more else []), ""])


class PacketCaller:
    """One call to ``127.0.0.1:port``, and the caller's two sockets.

    Args:
        port: of the agent.
        sip: bound, not blocking.
        audio: bound.
        contact: host of its Contact; empty for where it is.
    """

    def __init__(self, port: int, sip: socket.socket, audio: socket.socket, contact: str) -> None:
        self._agent = ("127.0.0.1", port)
        self._sip, self._audio = sip, audio
        self.port, self.rtp_port = sip.getsockname()[1], audio.getsockname()[1]
        self._contact = contact or f"127.0.0.1:{self.port}"
        self._id = f"packets{next(_numbers)}"
        self._to, self._audio_to, self._cseq = "<sip:desk@127.0.0.1>", 0, 0
        self._sequence, self._at = 1, 1000
        self._said = b""

    def say(self, method: str, body: str = "", kind: str = "application/sdp") -> None:
        """Send a request of this call."""
        self._cseq += method != "ACK"
        lines = [
            f"{method} sip:desk@127.0.0.1:{self._agent[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self._id}{method}{self._cseq}",
            f"From: <sip:packets@127.0.0.1>;tag={self._id}",
            f"To: {self._to}",
            f"Call-ID: {self._id}",
            f"CSeq: {self._cseq} {method}",
            "Max-Forwards: 70",
            f"Contact: <sip:packets@{self._contact}>",
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._said = "\r\n".join([*lines, "", body]).encode()
        self.say_again()

    def say_again(self) -> None:
        """Send a copy of the last request."""
        self._sip.sendto(self._said, self._agent)

    async def heard(self, start: str) -> str:
        """Return the next message that begins so; provisional ones and others are passed over."""
        loop = asyncio.get_running_loop()
        while True:
            message = (await loop.sock_recv(self._sip, 65_535)).decode(errors="replace")
            if message.startswith(start):
                return message

    async def is_answered(self) -> None:
        """Hear the 200, and confirm it."""
        answer = (await self.heard("SIP/2.0 200")).splitlines()
        self._to = next(line for line in answer if line.startswith("To:")).partition(":")[2].strip()
        audio = next(line for line in answer if line.startswith("m=audio"))
        self._audio_to = int(audio.split()[1])
        self.say("ACK")

    async def press(self, key: int) -> None:
        """Press a key as RFC 4733 tells it: with its end three times, in packets of 20 ms."""
        for step in range(_EVENT_STEPS + 3):
            over = 0x80 if step >= _EVENT_STEPS else 0
            marked = _EVENT_PT | (0x80 if step == 0 else 0)
            head = struct.pack("!BBHII", 0x80, marked, self._sequence, self._at, 7)
            event = struct.pack("!BBH", key, over | 10, 160 * min(step + 1, _EVENT_STEPS + 1))
            self._audio.sendto(head + event, ("127.0.0.1", self._audio_to))
            self._sequence += 1
            await asyncio.sleep(0.02)
        self._at += 2000


@asynccontextmanager
async def packets(port: int, *, contact: str = "") -> AsyncIterator[PacketCaller]:
    """A caller whose sockets are closed with the block."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as audio,
    ):
        sip.bind(("127.0.0.1", 0))
        sip.setblocking(False)
        audio.bind(("127.0.0.1", free_ports(2)))
        yield PacketCaller(port, sip, audio, contact)
