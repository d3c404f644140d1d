"""One telephone that calls, follows the route of its call (RFC 3261 section 12.2) and speaks.

It calls an agent alone or through a proxy: what is sent within a call goes to the Contact of the
answer, by way of its Record-Route.
"""

import asyncio
import contextlib
import itertools
import os
import random
import re
import struct
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from tests import ulaw

T1_S = 0.5
"""RFC 3261 section 17.1.1.1: after so long an INVITE is sent again, then after twice as long."""

AGAIN_S = 0.25
"""From a refusal to the next call of a probe: each is a row in the ledger."""

PATIENCE_S = 30.0
"""After this nobody is expected to answer any more."""

FRAME_S = 0.02

_COPIED = re.compile(r"(Via|From|To|Call-ID|CSeq|Record-Route):", re.IGNORECASE)
"""Headers of a request that its answer repeats (RFC 3261 section 8.2.6.2)."""

_calls = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of an INVITE."""

    code: int
    """Of the final response; 0 for none."""
    after_s: float
    """From the first INVITE to it."""
    rtp_port: int = 0
    """Where the other side hears; 0 unless it answered."""


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """What somebody who has listened knows of a call."""

    call_id: str
    own: str
    """The caller's From, with its tag."""
    theirs: str
    """The other side's To, with its tag."""
    contact: str
    """URI that requests within the call go to."""
    routes: tuple[str, ...]
    branch: str
    """Of the INVITE; a CANCEL copies it."""
    address: str
    """``address:port`` of the caller."""


class Telephone(asyncio.DatagramProtocol):
    """One call at a time, from a socket of its own.

    Args:
        name: user part of From; nobody else has it.
        target: address and port that are called.
        number: who is called.
    """

    def __init__(self, name: str, target: tuple[str, int], number: str) -> None:
        self.name = name
        self._target, self._number = target, number
        self._heard: asyncio.Queue[str] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None
        self._call, self._turn = "", 1
        self._to, self._contact, self._routes = "", "", list[str]()

    # Event loop.
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    # Event loop, for each datagram.
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue what came; agree to every request."""
        text = data.decode("utf-8", "replace")
        if text.startswith("SIP/2.0 "):
            self._heard.put_nowait(text)
        elif not text.startswith("ACK "):
            self._agree(text, addr)

    # Event loop; a port that nobody listens at is why INVITEs are sent again.
    def error_received(self, exc: Exception) -> None:
        """Send again, which happens anyway."""

    async def call(
        self,
        rtp_port: int,
        *,
        limit_s: float = PATIENCE_S,
        deaf_s: float = PATIENCE_S,
        ack: bool = True,
        headers: Sequence[str] = (),
    ) -> Answer:
        """Send an INVITE and wait for what comes of it.

        Args:
            rtp_port: where this telephone hears.
            limit_s: how long to wait for a final response.
            deaf_s: how long to wait for the first response of any kind.
            ack: whether a 200 is acknowledged; a refusal always is.
            headers: more of them, in the INVITE.
        """
        self._call, self._turn = f"{self.name}-{os.getpid()}-{next(_calls)}", 1
        self._to, self._contact, self._routes = "", "", []
        invite = self._request("INVITE", 1, body=self._sdp(rtp_port), headers=headers)
        began, wait_s = time.monotonic(), T1_S
        code, said = 0, ""
        while code < 200 and (gone_s := time.monotonic() - began) < limit_s:
            if code < 100:
                if gone_s >= deaf_s:
                    break
                self._send(invite)
            left_s = min(wait_s, deaf_s - gone_s) if code < 100 else 1.0
            code, said = await self._response("INVITE", left_s, code)
            wait_s *= 2
        after_s = time.monotonic() - began
        if code < 200:
            return Answer(code=0, after_s=after_s)
        self._remember(said)
        if code >= 300:
            self._send(self._request("ACK", 1, within=False))
            return Answer(code=code, after_s=after_s)
        if ack:
            self._send(self._request("ACK", 1))
        found = re.search(r"^m=audio (\d+) ", said, re.MULTILINE)
        return Answer(code=code, after_s=after_s, rtp_port=int(found[1]) if found else 0)

    async def call_again(self, rtp_port: int) -> Answer:
        """Call, again after each refusal, until answered; the time is that from the first try."""
        began = time.monotonic()
        while True:
            answer = await self.call(rtp_port)
            after_s = time.monotonic() - began
            if answer.code == 200 or after_s > PATIENCE_S:
                return replace(answer, after_s=after_s)
            await asyncio.sleep(AGAIN_S)

    async def hang_up(self, limit_s: float = 4.0) -> bool:
        """Send BYE until it is agreed to; False when it never is."""
        until, wait_s = time.monotonic() + limit_s, T1_S
        self._turn += 1
        bye = self._request("BYE", self._turn)
        while time.monotonic() < until:
            self._send(bye)
            code, _ = await self._response("BYE", wait_s, 0)
            if code >= 200:
                return True
            wait_s *= 2
        return False

    async def ask(self, method: str, headers: Sequence[str] = (), *, limit_s: float = 2.0) -> int:
        """Send a request within the call; return the code of its final response, 0 for none."""
        self._turn += 1
        self._send(self._request(method, self._turn, headers=headers))
        code, until = 0, time.monotonic() + limit_s
        while code < 200 and (left_s := until - time.monotonic()) > 0:
            code, _ = await self._response(method, left_s, code)
        return code

    @property
    def dialog(self) -> Dialog:
        """The call that is up."""
        return Dialog(
            call_id=self._call,
            own=f"<sip:{self.name}@{self._here}>;tag={self.name}",
            theirs=self._to,
            contact=self._contact,
            routes=tuple(self._routes),
            branch=f"z9hG4bK{self._call}",
            address=self._here,
        )

    def _remember(self, said: str) -> None:
        self._to = _header(said, "To") or self._to
        self._contact = (re.search(r"<([^>]+)>", _header(said, "Contact")) or [""])[0].strip("<>")
        routes = re.findall(r"^Record-Route: *(.*?)\r$", said, re.MULTILINE | re.IGNORECASE)
        self._routes = [one.strip() for line in routes for one in line.split(",")][::-1]

    async def _response(self, method: str, limit_s: float, last: int) -> tuple[int, str]:
        """Return code and text of this call's next response; the last code when none comes."""
        until = time.monotonic() + limit_s
        while (left_s := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    said = await self._heard.get()
            except TimeoutError:
                break
            mine = f"\nCall-ID: {self._call}\r" in said and f" {method}\r" in said
            if mine and (found := re.match(r"SIP/2\.0 (\d{3})", said)):
                return int(found[1]), said
        return last, ""

    def _agree(self, request: str, addr: tuple[str, int]) -> None:
        head = request.partition("\r\n\r\n")[0].split("\r\n")[1:]
        kept = [line for line in head if _COPIED.match(line)]
        lines = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto("\r\n".join(lines).encode(), addr)

    def _send(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(request, self._target)

    @property
    def _here(self) -> str:
        assert self._transport is not None
        return "{}:{}".format(*self._transport.get_extra_info("sockname"))

    def _request(
        self,
        method: str,
        turn: int,
        *,
        body: str = "",
        within: bool = True,
        headers: Sequence[str] = (),
    ) -> bytes:
        """Return a request of this call; the ACK to a refusal is not `within` its dialog."""
        inside = within and bool(self._contact)
        number = f"sip:{self._number}@{self._target[0]}:{self._target[1]}"
        branch = f"{self._call}{f'{method}{turn}' if inside else ''}"
        lines = [
            f"{method} {self._contact if inside else number} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};rport;branch=z9hG4bK{branch}",
            f"From: <sip:{self.name}@{self._here}>;tag={self.name}",
            f"To: {self._to or f'<{number}>'}",
            f"Call-ID: {self._call}",
            f"CSeq: {turn} {method}",
            f"Contact: <sip:{self.name}@{self._here}>",
            *(f"Route: {route}" for route in self._routes if inside),
            "Max-Forwards: 70",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        return "\r\n".join(lines).encode()

    def _sdp(self, rtp_port: int) -> str:
        host = self._here.rpartition(":")[0]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {rtp_port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
        )


def _header(said: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", said, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


@contextlib.asynccontextmanager
async def telephone(
    name: str, target: tuple[str, int], number: str = "desk", *, source: str = "127.0.0.1"
) -> AsyncIterator[Telephone]:
    """Plug a telephone in while the block runs."""
    loop = asyncio.get_running_loop()
    transport, one = await loop.create_datagram_endpoint(
        lambda: Telephone(name, target, number), local_addr=(source, 0)
    )
    try:
        yield one
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def microphone(source: str = "127.0.0.1") -> AsyncIterator[asyncio.DatagramTransport]:
    """Open a socket for RTP; what comes is not listened to."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=(source, 0)
    )
    try:
        yield transport
    finally:
        transport.close()


async def say(mouth: asyncio.DatagramTransport, target: tuple[str, int], codes: bytes) -> None:
    """Send mu-law as RTP at the speed of speech; a late packet is followed by the next at once."""
    ssrc, begin = random.getrandbits(32), time.monotonic()
    for n in range(len(codes) // ulaw.FRAME):
        head = struct.pack(">BBHII", 0x80, 0, n & 0xFFFF, n * ulaw.FRAME, ssrc)
        mouth.sendto(head + codes[n * ulaw.FRAME : (n + 1) * ulaw.FRAME], target)
        await asyncio.sleep(max(0.0, begin + (n + 1) * FRAME_S - time.monotonic()))


def port_of(transport: asyncio.DatagramTransport) -> int:
    """Return the port that a socket is bound to."""
    port: int = transport.get_extra_info("sockname")[1]
    return port


async def probe(name: str, target: tuple[str, int]) -> Answer:
    """Call until answered, hang up at once, and return the answer."""
    async with telephone(name, target) as one, microphone() as ear:
        answer = await one.call_again(port_of(ear))
        if answer.code == 200:
            await one.hang_up()
        return answer
