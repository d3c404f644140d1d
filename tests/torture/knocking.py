"""A caller who knocks: the same INVITE ten times a second until somebody answers.

RFC 3261 lets a caller repeat an INVITE after 0.5, 1.5 and 3.5 s only, which is too coarse to
measure whether calls are answered again within 3 s.  Hence this one, which has T1 = 100 ms without
back-off.  It speaks just enough SIP to be answered and to leave.
"""

import asyncio
import itertools
import os
import random
import re
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial

from tests.torture.callers import NUMBER
from tests.torture.journal import Event, Journal, What

EVERY_S = 0.1
"""Between two knocks."""

REFUSED_S = 0.25
"""From a refusal to the next call: each is a row in the ledger."""

PATIENCE_S = 15.0
"""After this nobody is expected to come any more."""

RINGING = "ringing"
"""The client whose callers hear ringing for a minute, see `tests.bot.CLIENTS`."""

GIVEN_UP_S = 2.0
"""How long a caller who has hung up waits to hear that this was understood."""

_numbers = itertools.count(1)


class Knocker(asyncio.DatagramProtocol):
    """One caller with a socket of its own.

    Args:
        port: whom it calls.
        journal: where it writes.
    """

    def __init__(self, port: int, journal: Journal) -> None:
        self._port, self._journal = port, journal
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    # Event loop, for each datagram.
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Queue what came."""
        self._heard.put_nowait(data.decode("utf-8", "replace"))

    # Event loop; a port that nobody listens at is why we knock again.
    def error_received(self, exc: Exception) -> None:
        """Knock again, which happens anyway."""

    async def call(self, transport: asyncio.DatagramTransport, rtp_port: int) -> int:
        """Knock until there is a final response; answer it, leave, and return its code."""
        caller = f"knock-{next(_numbers)}"
        local = transport.get_extra_info("sockname")[1]
        invite = _request("INVITE", caller, self._port, local, body=_sdp(rtp_port))
        self._write("invite", caller)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            transport.sendto(invite)
            code, to = await self._response(caller, "INVITE", EVERY_S)
            if 100 <= code < 200:  # it is there; it needs no more knocks, if it lives
                self._write("response", caller, code)
                code, to = await self._response(caller, "INVITE", 1.0)
            if code < 200:
                continue
            if code < 300:
                self._write("answered", caller)
                transport.sendto(_request("ACK", caller, self._port, local, to=to, own="ack"))
                await self._leave(transport, caller, local, to)
            else:
                self._write("response", caller, code)
                # Within the INVITE's transaction (RFC 3261 section 17.1.1.3), hence its branch.
                transport.sendto(_request("ACK", caller, self._port, local, to=to, own=""))
            self._write("over", caller)
            return code
        self._write("over", caller)
        return 0

    async def _leave(
        self, transport: asyncio.DatagramTransport, caller: str, local: int, to: str
    ) -> None:
        self._write("bye", caller)
        for _ in range(20):  # 2 s: an agent that was killed again does not answer
            transport.sendto(_request("BYE", caller, self._port, local, to=to, own="bye"))
            code, _ = await self._response(caller, "BYE", EVERY_S)
            if code >= 200:
                return

    async def _response(self, caller: str, method: str, limit_s: float) -> tuple[int, str]:
        """Return code and To of the next response to a request of this call; 0 for none."""
        until = time.monotonic() + limit_s
        while (left_s := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    said = await self._heard.get()
            except TimeoutError:
                break
            first = re.match(r"SIP/2\.0 (\d{3})", said)
            if first and f"Call-ID: {caller}\r" in said and f" {method}\r" in said:
                to = re.search(r"^To: (.*?)\r$", said, re.MULTILINE)
                return int(first[1]), to[1] if to else ""
        return 0, ""

    def _write(self, what: What, call: str, code: int = 0) -> None:
        self._journal.write(Event(at=time.time(), what=what, call=call, port=self._port, code=code))


class Ringer(Knocker):
    """A caller of a client who lets it ring; it gives up before anybody answers."""

    async def ring(self, transport: asyncio.DatagramTransport, rtp_port: int, for_s: float) -> int:
        """Call, hang up after so much ringing, and return the final response; 0 for none."""
        caller = f"ring-{next(_numbers)}"
        local = transport.get_extra_info("sockname")[1]
        request = partial(_request, caller=caller, port=self._port, local=local, number=RINGING)
        self._write("invite", caller)
        transport.sendto(request("INVITE", body=_sdp(rtp_port)))
        code, to = await self._progress(caller, for_s)
        if 100 <= code < 200:
            transport.sendto(request("CANCEL"))  # in the INVITE's transaction, RFC 3261 section 9.1
            code, to = await self._progress(caller, GIVEN_UP_S)
        if code >= 200:
            transport.sendto(request("ACK", to=to))
        self._write("over", caller)
        return code if code >= 200 else 0

    async def _progress(self, caller: str, limit_s: float) -> tuple[int, str]:
        """Write responses down until a final one or the limit; return code and To of the last."""
        last, last_to, until = 0, "", time.monotonic() + limit_s
        while last < 200 and (left_s := until - time.monotonic()) > 0:
            code, to = await self._response(caller, "INVITE", left_s)
            if code:
                self._write("response", caller, code)
                last, last_to = code, to
        return last, last_to


async def ring_again_and_again(
    ports: Sequence[int], journal: Journal, rng: random.Random, over: Callable[[], bool]
) -> None:
    """Let one agent after the other ring until it is over."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.1", 0))
        while not over():
            port = rng.choice(ports)
            transport, ringer = await loop.create_datagram_endpoint(
                partial(Ringer, port, journal), remote_addr=("127.0.0.1", port)
            )
            try:
                await ringer.ring(transport, rtp.getsockname()[1], rng.uniform(0.1, 2.0))
            finally:
                transport.close()
            await asyncio.sleep(REFUSED_S)


async def knock(port: int, journal: Journal, enough: Callable[[], bool]) -> None:
    """Call, again and again when refused, until answered or until it is enough."""
    loop = asyncio.get_running_loop()
    until = time.monotonic() + PATIENCE_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:  # deaf, but there
        rtp.bind(("127.0.0.1", 0))
        transport, knocker = await loop.create_datagram_endpoint(
            lambda: Knocker(port, journal), remote_addr=("127.0.0.1", port)
        )
        try:
            while not enough() and time.monotonic() < until:
                if await knocker.call(transport, rtp.getsockname()[1]) == 200:
                    return
                await asyncio.sleep(REFUSED_S)
        finally:
            transport.close()


def _request(
    method: str,
    caller: str,
    port: int,
    local: int,
    *,
    to: str = "",
    own: str = "",
    body: str = "",
    number: str = NUMBER,
) -> bytes:
    """Return a request; `own` makes its branch, and thus its transaction, another than INVITE's."""
    turn = 2 if method == "BYE" else 1
    branch = f"z9hG4bK{os.getpid()}{caller}{own}"
    lines = [
        f"{method} sip:{number}@127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{local};branch={branch}",
        f"From: <sip:{caller}@127.0.0.1>;tag={caller}",
        f"To: {to or f'<sip:{number}@127.0.0.1>'}",
        f"Call-ID: {caller}",
        f"CSeq: {turn} {method}",
        f"Contact: <sip:{caller}@127.0.0.1:{local}>",
        "Max-Forwards: 70",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def _sdp(rtp_port: int) -> str:
    return (
        "v=0\r\no=knock 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {rtp_port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
    )
