"""Fronts before several sipbots, as their admins make them: front.toml, `sipbot edge front`, run.

Every Kamailio has a free port and a folder of its own, and is ended by its process group.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sipbot.edge_program import ask
from sipbot.front_config import Node
from tests.bot import until
from tests.brokers import ROOT
from tests.free_ports import free_ports

SECRET = "0123456789abcdef" * 4

_OPTIONS = (
    "OPTIONS sip:front@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK{n}\r\n"
    "From: <sip:look@{here}>;tag=1\r\nTo: <sip:front@127.0.0.1>\r\nCall-ID: {n}@{here}\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


class Front:
    """One Kamailio that can be killed and started again.

    Args:
        folder: its own.
        nodes: whom it gives calls to.
        allow: who may call.
    """

    def __init__(
        self, folder: Path, nodes: Sequence[Node], *, allow: Sequence[str] = ("127.0.0.0/8",)
    ) -> None:
        self.port = free_ports()
        self._folder = folder
        self._kamailio: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        tables = [
            f'[[node]]\nsite = "{node.site}"\naddress = "{node.address}"\n'
            f"port = {node.port}\nlines = {node.lines}\n"
            for node in nodes
        ]
        head = f'address = "127.0.0.1"\nport = {self.port}\nallow = {json.dumps(allow)}\n'
        text = "\n".join((head + f'secret = "{SECRET}"\n', *tables))
        (folder / "front.toml").write_text(text, encoding="utf-8")

    @property
    def target(self) -> tuple[str, int]:
        """Where callers reach it."""
        return ("127.0.0.1", self.port)

    async def write(self) -> str:
        """Write Kamailio's files by the command; return what it says."""
        toml, files = self._folder / "front.toml", self._folder / "files"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sipbot", "edge", "front", toml, "--folder", files),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert 0 == process.returncode, said.decode()
        return said.decode()

    async def start(self) -> None:
        """Start Kamailio with the command that `write` was told, and wait until it answers."""
        said = await self.write() if not (self._folder / "files").exists() else ""
        command = self._folder / "command"
        if said:
            command.write_text(said.splitlines()[-1], encoding="utf-8")
        (self._folder / "files" / "kamailio.sock").unlink(missing_ok=True)
        self._launch([*command.read_text(encoding="utf-8").split(), "-m", "32", "-M", "8"])
        await until(self._answers)

    def _launch(self, argv: list[str]) -> None:
        with (self._folder / "kamailio.log").open("ab") as log:
            self._kamailio = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._kamailio is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._kamailio.pid, signal.SIGKILL)
            self._kamailio.wait()

    def says(self) -> str:
        """Everything in its log."""
        return (self._folder / "kamailio.log").read_text(encoding="utf-8", errors="replace")

    def serving(self) -> int:
        """How many nodes it gives calls to now."""
        answer = ask(self._folder / "files", "dispatcher.list") or {}
        return json.dumps(answer).count('"AP"')

    def _answers(self) -> bool:
        """Whether it has a node to give calls to: it says 503 to an OPTIONS until then."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.connect(self.target)
            door.settimeout(0.2)
            here = "{}:{}".format(*door.getsockname())
            with contextlib.suppress(OSError):
                door.send(_OPTIONS.format(here=here, n=os.urandom(4).hex()).encode())
                return door.recv(4096).startswith(b"SIP/2.0 200")
        return False


@contextlib.asynccontextmanager
async def pair(folder: Path, nodes: Sequence[Node]) -> AsyncIterator[tuple[Front, Front]]:
    """Run two fronts before the same nodes and leave nothing of them behind."""
    both = Front(folder / "front-1", nodes), Front(folder / "front-2", nodes)
    try:
        await asyncio.gather(*(one.start() for one in both))
        yield both
    finally:
        for one in both:
            one.kill()
