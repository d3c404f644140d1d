"""Those who would profit: a place that nobody must ever call, and answerers that ask for more."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

from tests.torture.hostile_site import HostileBot
from tests.torture.takeover_messages import OWN_REALM
from tests.torture.telephone import Telephone

ACCOUNT = """
[[sip.account]]
name = "trunk"
aor = "sip:100@127.0.0.1"
registrar = "sip:127.0.0.1:{port}"
user = "100"
password = "nobody-shall-know"
realm = "{realm}"
"""

TRANSFER = """
schema = 1
client = "{name}"
say_name = "{name}"
numbers = ["{name}"]
language = "ko"

[answer]
greeting = "greeting.wav"
thanks = "thanks.wav"
start = "ask"

[step.ask]
do = "transfer"
to = "{to}"
prompt = "greeting.wav"
"""

TO_TRUNK, TO_PERSON = "trunk", "person"
"""Clients whose callers are connected with a number by the trunk, and with an address."""

_COPIED = re.compile(
    r"^(?:Via|From|To|Call-ID|CSeq|Record-Route):.*?\r\n", re.IGNORECASE | re.MULTILINE
)


class TakeoverBot(HostileBot):
    """A bot with a trunk whose password it knows.

    Args:
        folder: empty; the bot's own.
        mqtt_port: where a broker listens.
        models: folder with the speech models.
        agents: how many; more than one are behind an edge.
        trunk: port of the trunk.
        person: port of the person.
    """

    def __init__(
        self,
        folder: Path,
        mqtt_port: int,
        models: Path,
        *,
        agents: int,
        trunk: int,
        person: int,
    ) -> None:
        super().__init__(folder, mqtt_port, models, agents=agents)
        config = folder / "config.toml"
        text = config.read_text(encoding="utf-8")
        text = re.sub(r"^(allow = .*)$", r'\1\ntransfer_via = "trunk"', text, flags=re.MULTILINE)
        account = ACCOUNT.format(port=trunk, realm=OWN_REALM)
        config.write_text(text.replace("\n[edge]", f"{account}\n[edge]"), encoding="utf-8")
        for name, to in (
            (TO_TRUNK, "+81312345678"),
            (TO_PERSON, f"sip:person@127.0.0.1:{person}"),
        ):
            dialplan = TRANSFER.format(name=name, to=to)
            (folder / "dialplans" / f"{name}.toml").write_text(dialplan, encoding="utf-8")


class Sink(asyncio.DatagramProtocol):
    """A socket that must never hear anything."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    # Event loop, for each datagram.
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep what came."""
        self.heard.append(data[:200])


@contextlib.asynccontextmanager
async def sink(address: str) -> AsyncIterator[tuple[Sink, str]]:
    """Open a sink while the block runs; yield it and its ``address:port``."""
    loop = asyncio.get_running_loop()
    transport, one = await loop.create_datagram_endpoint(Sink, local_addr=(address, 0))
    try:
        yield one, "{}:{}".format(*transport.get_extra_info("sockname"))
    finally:
        transport.close()


class Answerer(asyncio.DatagramProtocol):
    """A trunk that lets everybody register, and answers each call with the next of its answers."""

    def __init__(self) -> None:
        self.answers: Iterator[tuple[int, str]] = iter(())
        """Code and header, one for each new call."""
        self.called = 0
        """Calls that were answered so."""
        self.told: list[str] = []
        """Requests that carry a digest."""
        self._said: dict[str, tuple[int, str]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    # Event loop.
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    # Event loop, for each datagram.
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request."""
        text = data.decode("utf-8", "replace")
        method = text.partition(" ")[0]
        if method in {"ACK", "SIP/2.0"}:
            return
        if method == "REGISTER":
            self._answer(text, 200, "Expires: 300", addr)
            return
        if re.search(r"^(?:Proxy-)?Authorization:", text, re.IGNORECASE | re.MULTILINE):
            self.told.append(text)
        code, header = self._of_call(text) if method == "INVITE" else (200, "")
        self._answer(text, code, header, addr)

    def _of_call(self, text: str) -> tuple[int, str]:
        found = re.search(r"^Call-ID: *(\S+)", text, re.IGNORECASE | re.MULTILINE)
        call = found[1] if found else ""
        if call not in self._said:
            self._said[call] = next(self.answers, (486, ""))
            self.called += 1
        return self._said[call]

    def _answer(self, text: str, code: int, header: str, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        copied = "".join(_COPIED.findall(text))
        tagged = re.sub(
            r"^(To:[^\r]*?)(;tag=[^\r]*)?\r\n", r"\1;tag=there\r\n", copied, flags=re.MULTILINE
        )
        head = f"{header}\r\n" if header else ""
        said = f"SIP/2.0 {code} So\r\n{tagged}{head}Content-Length: 0\r\n\r\n"
        self._transport.sendto(said.encode(), addr)


@contextlib.asynccontextmanager
async def answerer(port: int) -> AsyncIterator[Answerer]:
    """Let an answerer listen while the block runs."""
    loop = asyncio.get_running_loop()
    transport, one = await loop.create_datagram_endpoint(Answerer, local_addr=("127.0.0.1", port))
    try:
        yield one
    finally:
        transport.close()


class Challenger(Telephone):
    """A caller who asks for a digest when it is hung up on, and agrees to what carries one."""

    challenge: tuple[int, str] = (407, "")
    asked = 0
    """Requests that were challenged."""
    told = 0
    """Requests that carried a digest."""

    def _agree(self, request: str, addr: tuple[str, int]) -> None:
        if re.search(r"^(?:Proxy-)?Authorization:", request, re.IGNORECASE | re.MULTILINE):
            self.told += 1
            super()._agree(request, addr)
            return
        self.asked += 1
        code, header = self.challenge
        copied = "".join(_COPIED.findall(request))
        said = f"SIP/2.0 {code} So\r\n{copied}{header}\r\nContent-Length: 0\r\n\r\n"
        assert self._transport is not None
        self._transport.sendto(said.encode(), addr)


@contextlib.asynccontextmanager
async def challenger(
    name: str, target: tuple[str, int], number: str, challenge: tuple[int, str]
) -> AsyncIterator[Challenger]:
    """Plug such a telephone in while the block runs."""
    loop = asyncio.get_running_loop()
    transport, one = await loop.create_datagram_endpoint(
        lambda: Challenger(name, target, number), local_addr=("127.0.0.1", 0)
    )
    one.challenge = challenge
    try:
        yield one
    finally:
        transport.close()
