"""What doctor says of the web console."""

import socket
from pathlib import Path
from typing import Any

import pytest

from sipbot import config, doctor_console
from sipbot.doctor_finding import Finding, State
from tests.free_ports import free_ports

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "a" * 43
HANAKO = (
    f'[[account]]\nname = "hanako"\nrole = "operator"\nclients = ["yamato"]\npassword = "{HASH}"\n'
)


async def found(folder: Path, *, running: bool = False, **console: Any) -> list[Finding]:
    wanted = {"port": free_ports(), **console}
    settings = config.from_values({"console": wanted}, folder)
    return await doctor_console.examine(settings, running=running)


def states(findings: list[Finding]) -> list[State]:
    return [one.state for one in findings]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(HANAKO, encoding="utf-8")
    path.chmod(0o600)
    return tmp_path


async def test_console_that_is_switched_off_is_not_looked_at(tmp_path: Path) -> None:
    assert [] == await found(tmp_path, port=0)


async def test_console_with_people_and_a_free_port_is_fine(folder: Path) -> None:
    findings = await found(folder)
    assert ["ok", "ok"] == states(findings)
    assert "1 of 1 may log in" in findings[0].found


async def test_console_of_a_running_sipbot_has_its_port(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        findings = await found(folder, running=True, port=taken.getsockname()[1])
    assert ["ok", "ok"] == states(findings)


async def test_port_that_somebody_has_fails(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        findings = await found(folder, port=taken.getsockname()[1])
    assert ["ok", "failed"] == states(findings)


async def test_console_into_which_nobody_can_log_in_is_a_warning(folder: Path) -> None:
    (folder / "accounts.toml").write_text("", encoding="utf-8")
    assert ["warning", "ok"] == states(await found(folder))


async def test_missing_accounts_are_a_warning_that_names_the_command(tmp_path: Path) -> None:
    findings = await found(tmp_path)
    assert ["warning", "ok"] == states(findings)
    assert "sipbot accounts add" in findings[0].remedy


async def test_address_that_others_reach_without_a_proxy_is_a_warning(folder: Path) -> None:
    findings = await found(folder, running=True, address="192.0.2.10")
    assert ["ok", "warning", "ok"] == states(findings)


async def test_proxy_that_is_not_named_is_a_warning(folder: Path) -> None:
    findings = await found(folder, url="https://console.example")
    assert ["ok", "warning", "ok"] == states(findings)


async def test_accounts_that_others_can_read_are_a_warning(folder: Path) -> None:
    (folder / "accounts.toml").chmod(0o644)
    findings = await found(folder, port=0)
    assert ["warning", "ok"] == states(findings)
    assert "chmod 600" in findings[0].remedy


async def test_operator_with_two_telephones_is_a_warning(folder: Path) -> None:
    (folder / "accounts.toml").write_text(f'{HANAKO}extension = "201"\n', encoding="utf-8")
    phone = {"operator": "hanako", "at": "202"}
    settings = config.from_values({"call_back": {"phone": [phone]}}, folder)
    findings = await doctor_console.examine(settings, running=False)
    assert ["warning", "ok"] == states(findings)
    assert "201" in findings[0].found
