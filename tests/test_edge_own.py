"""A Kamailio of one's own, started from what `sipbot edge config` prints, as operations.md says."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipbot.cli_edge import edge_app
from sipbot.edge import find
from tests.edges import peer
from tests.free_ports import free_ports
from tests.test_edge_many import Agent, answered

pytestmark = [pytest.mark.sip, pytest.mark.peer]

CONFIG = """
var = "{var}"
[sip]
port = {port}
inner_port = {inner}
lines = 4
[[sip.account]]
name = "trunk"
aor = "sip:100@trunk.example"
registrar = "sip:127.0.0.1:{registrar}"
user = "100"
password = "secret"
realm = "trunk.example"
[edge]
mode = "own"
"""

FILES = {
    "kamailio.cfg": "kamailio.cfg",
    "dispatcher.list": "dispatcher.list",
    "uacreg": "db/uacreg",
    "version": "db/version",
}


def written(config: Path, folder: Path) -> None:
    """Print every file to where the page says."""
    (folder / "db").mkdir(parents=True)
    for name, place in FILES.items():
        words = ["config", "--config", str(config), "--file", name]
        said = CliRunner().invoke(
            edge_app, [*words, "--folder", str(folder), "--run-folder", str(folder)]
        )
        assert 0 == said.exit_code, said.output
        (folder / place).write_text(said.stdout, encoding="utf-8")


@contextlib.contextmanager
def kamailio(folder: Path) -> Iterator[None]:
    """Run it, and leave none of its processes."""
    program = find("kamailio")
    assert program is not None
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [program, "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder)],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        started.terminate()
        started.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


async def test_kamailio_started_from_the_printed_files_takes_calls_and_answers_kamcmd(
    tmp_path: Path,
) -> None:
    config, folder = tmp_path / "config.toml", tmp_path / "kamailio"
    port, inner = free_ports(), free_ports(2) + 1
    text = CONFIG.format(var=tmp_path / "var", port=port, inner=inner, registrar=free_ports())
    config.write_text(text, encoding="utf-8")
    written(config, folder)
    loop = asyncio.get_running_loop()
    place = ("127.0.0.1", inner)
    transport, agent = await loop.create_datagram_endpoint(Agent, local_addr=place)
    with contextlib.closing(transport), kamailio(folder):
        while not (folder / "kamailio_ctl").exists():
            await asyncio.sleep(0.02)
        with peer(port) as caller:
            while "200" != await answered(caller, "ready", method="OPTIONS"):
                await asyncio.sleep(0.02)
            code = await answered(caller, "call")
        kamcmd = ["kamcmd", "-s", f"unix:{folder}/kamailio_ctl", "dispatcher.list"]
        listed = await asyncio.to_thread(subprocess.check_output, kamcmd, text=True)
    assert "200" == code
    assert {b"ccall"} == agent.calls
    assert f"sip:127.0.0.1:{inner}" in listed
