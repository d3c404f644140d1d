"""A port that is not to be had stops the start with one line that says what to do."""

import asyncio
import socket
from pathlib import Path

import pytest

from sipbot import ports
from sipbot.errors import ConfigError

FILE = Path("config.toml")


async def test_free_ports_are_right(tmp_path: Path) -> None:
    await ports.check(FILE, "127.0.0.1", [0], tmp_path, 0)


async def test_taken_ports_are_named_all_at_once(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
        socket.create_server(("127.0.0.1", 0)) as mqtt,
    ):
        sip.bind(("127.0.0.1", 0))
        sip_port, mqtt_port = sip.getsockname()[1], mqtt.getsockname()[1]
        with pytest.raises(ConfigError) as raised:
            await ports.check(FILE, "127.0.0.1", [sip_port], tmp_path, mqtt_port)

    assert ["sip.port", "mqtt.port"] == [mistake.key for mistake in raised.value.mistakes]
    assert f"127.0.0.1:{sip_port}/udp" in str(raised.value)
    assert "choose another port" in str(raised.value)


async def test_foreign_address_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sip\.address"):
        await ports.check(FILE, "192.0.2.9", [0], tmp_path, None)


async def test_port_of_an_agent_that_outlived_its_parent_is_ours(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as door,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
    ):
        door.bind(str(tmp_path / "agent-0.sock"))
        door.listen(1)
        sip.bind(("127.0.0.1", 0))

        await ports.check(FILE, "127.0.0.1", [sip.getsockname()[1]], tmp_path, None)


async def test_port_that_is_given_up_in_time_is_waited_for(tmp_path: Path) -> None:
    leaving = socket.create_server(("127.0.0.1", 0))
    port = leaving.getsockname()[1]
    asyncio.get_running_loop().call_later(0.1, leaving.close)

    await ports.check(FILE, "127.0.0.1", [0], tmp_path, port)

    assert "" == ports.tcp_problem("127.0.0.1", port)
