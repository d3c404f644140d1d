"""A port that is not to be had stops the start with one line that says what to do."""

import socket
from pathlib import Path

import pytest

from sipbot import ports
from sipbot.errors import ConfigError

FILE = Path("config.toml")


def test_free_ports_are_right(tmp_path: Path) -> None:
    ports.check(FILE, "127.0.0.1", [0], tmp_path, 0)


def test_taken_ports_are_named_all_at_once(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
        socket.create_server(("127.0.0.1", 0)) as mqtt,
    ):
        sip.bind(("127.0.0.1", 0))
        sip_port, mqtt_port = sip.getsockname()[1], mqtt.getsockname()[1]
        with pytest.raises(ConfigError) as raised:
            ports.check(FILE, "127.0.0.1", [sip_port], tmp_path, mqtt_port)

    assert ["sip.port", "mqtt.port"] == [mistake.key for mistake in raised.value.mistakes]
    assert f"127.0.0.1:{sip_port}/udp" in str(raised.value)
    assert "choose another port" in str(raised.value)


def test_foreign_address_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sip\.address"):
        ports.check(FILE, "192.0.2.9", [0], tmp_path, None)


def test_port_of_an_agent_that_outlived_its_parent_is_ours(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as door,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
    ):
        door.bind(str(tmp_path / "agent-0.sock"))
        door.listen(1)
        sip.bind(("127.0.0.1", 0))

        ports.check(FILE, "127.0.0.1", [sip.getsockname()[1]], tmp_path, None)
