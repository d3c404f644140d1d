"""baresip as the caller: a softphone that nobody here wrote, led over its control port."""

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.bot import PATIENCE_S
from tests.free_ports import free_ports

CONFIG = """
sip_listen 127.0.0.1:{sip_port}
net_interface 127.0.0.1
audio_player aubridge,nobody
audio_source aufile,{said}
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ctrl_tcp_listen 127.0.0.1:{control_port}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module account.so
module menu.so
module ctrl_tcp.so
"""


class Baresip:
    """A running baresip."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def command(self, name: str, params: str = "") -> None:
        """Give a command of its menu."""
        text = json.dumps({"command": name, "params": params, "token": name})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()

    async def event(self, kind: str) -> dict[str, Any]:
        """Wait for an event of this type."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads((await self._reader.readexactly(length + 1))[:-1])
                if message.get("type") == kind:
                    return dict(message)


@contextlib.asynccontextmanager
async def baresip(
    caller: str, said: Path, *, modules: str = "", account: str = ""
) -> AsyncIterator[Baresip]:
    """Start baresip with one account and a WAV for a microphone; end it with the block.

    Args:
        caller: user of its account.
        said: what it says.
        modules: further lines of its configuration.
        account: further parameters of its account, each with its semicolon.
    """
    folder = Path(tempfile.mkdtemp(prefix="baresip-"))
    control_port = free_ports()
    config = CONFIG.format(sip_port=free_ports(), said=said, control_port=control_port)
    config += modules
    (folder / "config").write_text(config, encoding="utf-8")
    own = f"<sip:{caller}@127.0.0.1>;regint=0;audio_codecs=PCMU/8000/1;dtmfmode=rtpevent{account}"
    (folder / "accounts").write_text(own + "\n", encoding="utf-8")
    (folder / "contacts").write_text("", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *["baresip", "-4", "-f", str(folder)],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while b"baresip is ready" not in (line := await process.stdout.readline()):
                assert line, "baresip ended before it was ready"
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read_away(process.stdout), name="baresip's output")
            reader, writer = await asyncio.open_connection("127.0.0.1", control_port)
            try:
                yield Baresip(reader, writer)
            finally:
                writer.close()
                reading.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        shutil.rmtree(folder)


async def _read_away(output: asyncio.StreamReader) -> None:
    while await output.readline():
        pass
