"""`sipbot doctor`: what it sees, what it says, and that a running sipbot does not notice it."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sipbot import config, doctor, doctor_folders, doctor_probes, ledger_check, ports
from sipbot.cli_doctor import verdict
from sipbot.disk import AUDIO_BYTES_PER_S, RESERVE_BYTES, Room
from sipbot.doctor import ears_finding, works
from sipbot.doctor_finding import Finding, State
from sipbot.doctor_folders import disk_finding, ledger_finding, readers
from sipbot.ledger import Ledger
from sipbot.ledger_check import LedgerHealth
from sipbot.sip import wire
from sipbot.sip.client import AgentClient
from sipbot.sip.stack import LINES, StackSettings
from tests.memo_samples import an_offer
from tests.model_samples import archive_source, catalog, install_m, stock
from tests.shelf import running_shelf

ROOT = Path(__file__).parent.parent

DIALPLAN = """
schema = 1
client = "yamato"
say_name = "やまと工業"
numbers = ["yamato"]
language = "ja"
[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"
"""


@contextlib.contextmanager
def taken(kind: socket.SocketKind) -> Iterator[int]:
    """A port of this machine that somebody has."""
    with socket.socket(socket.AF_INET, kind) as ours:
        ours.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            ours.listen()
        yield ours.getsockname()[1]


def free(kind: socket.SocketKind) -> int:
    with taken(kind) as port:
        return port


class Site:
    """A folder with a config.toml and one dialplan, and what doctor says about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values: dict[str, Any] = {
            "sip.port": free(socket.SOCK_DGRAM),
            "mqtt.port": free(socket.SOCK_STREAM),
            "speech.second": False,
        }
        (folder / "dialplans").mkdir()
        (folder / "dialplans" / "yamato.toml").write_text(DIALPLAN, encoding="utf-8")
        (folder / "models").mkdir()

    @property
    def path(self) -> Path:
        path = self.folder / "config.toml"
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in self.values.items()]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def make_var(self) -> Path:
        var = self.folder / "var"
        var.mkdir()
        return var

    async def examine(self, *, deep: bool = False, dev: bool = False) -> list[Finding]:
        return await doctor.examine(self.path, deep=deep, dev=dev)

    async def said(self, part: str, *, deep: bool = False) -> list[tuple[State, str]]:
        findings = await self.examine(deep=deep)
        return [(f.state, f.found) for f in findings if f.part == part]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def give_an_ear(site: Site) -> Path:
    """Install a small model that nobody can hear with, and return its folder."""
    with running_shelf() as shelf:
        stock(shelf)
        known = catalog(site.folder, archive_source(f"{shelf.url}/m.zip"))
        return install_m(known, site.folder / "models").path


def run_doctor(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "sipbot", "doctor", "--config", str(site.path), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)


# -- the whole ------------------------------------------------------------------------------------


@pytest.mark.broker
@pytest.mark.sip
def test_doctor_where_all_needed_parts_work_exits_0_and_names_each_part(site: Site) -> None:
    give_an_ear(site)
    done = run_doctor(site, "--json")
    said = json.loads(done.stdout)
    assert 0 == done.returncode
    assert said["ok"] is True
    parts = {finding["part"] for finding in said["findings"]}
    needed = {"Python", "pjsua2", "agent", "SIP port", "reach", "SQLite", "ledger", "disk"}
    assert set() == (needed | {"embedded broker", "dialplans", "ears for ja", "vosk"}) - parts
    versions = {finding["part"]: finding["version"] for finding in said["findings"]}
    assert versions["pjsua2"].startswith(versions["agent"])


@pytest.mark.broker
@pytest.mark.sip
def test_doctor_changes_nothing(site: Site) -> None:
    give_an_ear(site)
    before = sorted([site.path, *site.folder.rglob("*")])
    run_doctor(site)
    assert before == sorted([site.path, *site.folder.rglob("*")])


@pytest.mark.broker
@pytest.mark.sip
def test_doctor_where_a_needed_part_is_missing_exits_1_and_says_what_to_do(site: Site) -> None:
    done = run_doctor(site)
    assert 1 == done.returncode
    assert "sipbot models install ja" in done.stdout
    assert "sipbot cannot do its work: ears for ja." in done.stdout


async def test_doctor_with_an_unknown_key_says_place_and_remedy(site: Site) -> None:
    site.values["sip.prt"] = 5060
    findings = await site.examine()
    (broken,) = [finding for finding in findings if finding.part == "settings"]
    assert "failed" == broken.state
    assert "config.toml:4:1: sip.prt" in broken.found
    assert "port" in broken.remedy
    assert not works(findings)


async def test_doctor_without_config_still_examines_the_libraries(tmp_path: Path) -> None:
    findings = await doctor.examine(tmp_path / "none.toml", deep=False, dev=False)
    states = {finding.part: finding.state for finding in findings}
    assert ("ok", "failed") == (states["pjsua2"], states["settings"])


@pytest.mark.peer
@pytest.mark.broker
@pytest.mark.sip
async def test_doctor_dev_names_the_programs_of_the_tests(site: Site) -> None:
    findings = await site.examine(dev=True)
    assert {"ok"} == {finding.state for finding in findings if finding.part in doctor.PEERS}


# -- parts of a site ------------------------------------------------------------------------------


@pytest.mark.broker
@pytest.mark.sip
async def test_sip_port_that_another_program_has_is_a_failure(site: Site) -> None:
    with taken(socket.SOCK_DGRAM) as port:
        site.values["sip.port"] = port
        ((state, found),) = await site.said("SIP port")
    assert "failed" == state
    assert f"127.0.0.1:{port}/udp: Address already in use" == found


@pytest.mark.broker
@pytest.mark.sip
async def test_address_of_another_machine_is_a_failure(site: Site) -> None:
    site.values["sip.address"] = "192.0.2.10"
    ((state, found),) = await site.said("SIP port")
    assert "failed" == state
    assert "Cannot assign requested address" in found


@pytest.mark.broker
@pytest.mark.sip
async def test_agent_that_strangers_can_reach_without_an_edge_is_a_warning(site: Site) -> None:
    site.values |= {"sip.address": "192.0.2.10", "sip.allow": ["192.0.2.0/24"]}
    ((state, found),) = await site.said("reach")
    assert "warning" == state
    assert "without an edge" in found


@pytest.mark.broker
@pytest.mark.sip
async def test_outer_address_that_allows_only_this_machine_is_a_warning(site: Site) -> None:
    site.values["sip.address"] = "192.0.2.10"
    ((state, found),) = await site.said("allowed sources")
    assert ("warning", "sip.allow = 127.0.0.0/8: no other machine can call") == (state, found)


@pytest.mark.broker
@pytest.mark.sip
async def test_mqtt_port_that_another_program_has_is_a_failure(site: Site) -> None:
    with taken(socket.SOCK_STREAM) as port:
        site.values["mqtt.port"] = port
        ((state, found),) = await site.said("embedded broker")
    assert "failed" == state
    assert f"127.0.0.1:{port}/tcp" in found


@pytest.mark.broker
@pytest.mark.sip
async def test_broker_of_ours_that_is_not_there_is_a_failure(site: Site) -> None:
    site.values["mqtt.host"] = "127.0.0.1"
    ((state, found),) = await site.said("broker")
    assert "failed" == state
    assert f"broker 127.0.0.1:{site.values['mqtt.port']}" in found


@pytest.mark.broker
@pytest.mark.sip
async def test_dialplan_with_a_mistake_is_a_failure_with_its_place(site: Site) -> None:
    plan = site.folder / "dialplans" / "yamato.toml"
    plan.write_text(DIALPLAN.replace("builtin:ja/thanks", "thanks.wav"), encoding="utf-8")
    ((state, found),) = await site.said("dialplans")
    assert "failed" == state
    assert "yamato.toml:9:" in found


@pytest.mark.broker
@pytest.mark.sip
async def test_transfer_to_a_number_that_no_account_can_call_is_a_warning(site: Site) -> None:
    plan = site.folder / "dialplans" / "yamato.toml"
    step = '[step.boss]\ndo = "transfer"\nto = "03-5550-1234"\n'
    plan.write_text(f'{DIALPLAN}start = "boss"\n{step}', encoding="utf-8")
    ((state, found),) = await site.said("transfers")
    assert "warning" == state
    assert found.endswith("yamato.toml [step.boss] to +81355501234")


@pytest.mark.broker
@pytest.mark.sip
async def test_changed_model_is_found_only_when_hashes_are_read(site: Site) -> None:
    model = give_an_ear(site) / "model.bin"
    body = bytearray(model.read_bytes())
    body[0] ^= 1
    model.write_bytes(body)
    settings = config.load(site.path)
    ((state, _),) = await site.said("ears for ja")
    (finding,) = doctor.hashes(settings)
    assert ("ok", "failed") == (state, finding.state)
    assert "model.bin: SHA-256" in finding.found


@pytest.mark.asr
async def test_recogniser_without_models_still_gets_ready() -> None:
    probe = await doctor_probes.ear("live", ())
    assert (True, "starts and loads no model") == (probe.works, probe.found)


# -- beside a running sipbot ----------------------------------------------------------------------


def test_socket_that_an_agent_left_behind_does_not_count_as_running(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "agent-0.sock"))
    assert [] == ports.agents_up(tmp_path)


def test_socket_that_an_agent_listens_on_counts_as_running(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(tmp_path / "agent-1.sock"))
        alive.listen()
        assert [1] == ports.agents_up(tmp_path)


@contextlib.asynccontextmanager
async def running_agent(site: Site, gone: list[str]) -> AsyncIterator[AgentClient]:
    greeted = asyncio.Event()

    def hear(event: wire.Event) -> None:
        if isinstance(event, wire.Hello):
            greeted.set()

    client = AgentClient(
        0,
        stack=StackSettings(
            user_agent="test",
            address="127.0.0.1",
            port=site.values["sip.port"],
            rtp_port=41100,
            rtp_ports=10,
        ),
        allow=("127.0.0.1/32",),
        run_folder=site.folder / "var" / "run",
        on_event=hear,
        on_gone=gone.append,
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.run())
        await greeted.wait()
        yield client
        client.drain()
        await asyncio.wait({task})


@pytest.mark.broker
@pytest.mark.sip
async def test_running_agent_keeps_its_parent_and_its_port_while_doctor_looks(site: Site) -> None:
    gone: list[str] = []
    site.values["mqtt.host"] = "127.0.0.1"  # a refusal at once; the broker is not the question
    async with running_agent(site, gone) as client:
        assert client.hello is not None
        pid = client.hello.pid
        findings = {finding.part: finding for finding in await site.examine()}
        client.send(wire.Ping(n=1))
        assert client.hello is not None
        assert pid == client.hello.pid
    assert [] == gone
    assert "running, agents [0]" == findings["sipbot"].found
    assert "ok" == findings["SIP port"].state
    assert "ok" == findings["agent"].state


def own_children() -> str:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii")


@pytest.mark.broker
@pytest.mark.sip
async def test_probes_leave_no_child_behind() -> None:
    before = own_children()
    await doctor_probes.agent()
    await doctor_probes.embedded_broker(free(socket.SOCK_STREAM))
    assert before == own_children()


@pytest.mark.sip
async def test_more_calls_than_pjsua2_was_built_for_are_told_with_how_many_it_allows() -> None:
    probe = await doctor_probes.agent(LINES + 1)
    assert not probe.works
    assert probe.remedy.startswith(f"Set sip.calls_per_agent = {LINES}, or build")


async def test_agent_that_cannot_start_is_told_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    probe = await doctor_probes.agent()
    assert not probe.works
    assert "exit code 1" in probe.found
    assert "pjsua2-python" in probe.remedy


# -- the ledger -----------------------------------------------------------------------------------


@pytest.fixture
async def ledger(tmp_path: Path) -> Path:
    """A ledger with one call in progress."""
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as opened:
        await opened.add_call(an_offer(), "yamato", "to", "yamato")
    return path


async def test_sound_ledger_is_whole_and_counts_unfinished_calls(ledger: Path) -> None:
    health = ledger_check.examine(ledger)
    assert ((), True, 1, 1, 0) == (
        health.problems,
        health.whole,
        health.calls,
        health.unfinished,
        health.waiting,
    )


def overwrite_second_half(path: Path) -> None:
    body = path.read_bytes()
    half = len(body) // 2
    path.write_bytes(body[:half] + b"\xff" * (len(body) - half))


async def test_ledger_with_overwritten_pages_is_a_failure(site: Site) -> None:
    path = site.make_var() / "sipbot.sqlite3"
    async with Ledger.open(path):
        pass
    overwrite_second_half(path)
    finding = doctor_folders.ledger(config.load(site.path))
    assert ("ledger", "failed") == (finding.part, finding.state)


async def test_check_that_would_hold_up_the_writer_is_ended_and_said(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_check, "_OPS_BETWEEN_LOOKS", 1)
    health = ledger_check.examine(ledger, limit_s=-1.0)
    assert not health.whole
    assert "warning" == ledger_finding(health).state


async def test_call_of_the_future_is_a_clock_that_went_back(site: Site) -> None:
    async with Ledger.open(site.make_var() / "sipbot.sqlite3") as opened:
        offer = an_offer()
        soon = datetime.now(UTC) + timedelta(days=1)
        await opened.add_call(msgspec.structs.replace(offer, received_at=soon), "c", "to", "c")
    finding = doctor_folders.ledger(config.load(site.path))
    assert ("clock", "failed") == (finding.part, finding.state)


# -- what findings mean ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "state"), [(30.0, "ok"), (1.0, "ok"), (0.5, "warning"), (0.04, "failed")]
)
def test_disk_finding_grows_worse_as_days_run_out(days: float, state: State) -> None:
    free_bytes = RESERVE_BYTES + int(4 * days * 24 * 3600 * AUDIO_BYTES_PER_S)
    room = Room(free_bytes=free_bytes, free_files=0, total_files=0)
    assert state == disk_finding(room, 4).state


def test_ears_with_one_of_two_models_are_a_warning() -> None:
    finding = ears_finding("ja", "yamato", {"live": None, "second": "faster-whisper-base"})
    assert "warning" == finding.state
    assert "the live ear has no model" in finding.found


def test_ears_without_any_model_are_a_failure_that_names_the_clients() -> None:
    finding = ears_finding("ja", "yamato", {"live": None, "second": None})
    assert ("failed", "sipbot models install ja") == (finding.state, finding.remedy)
    assert "yamato" in finding.found


def test_ears_that_are_switched_off_are_a_warning() -> None:
    assert "warning" == ears_finding("ja", "yamato", {}).state


def test_damaged_ledger_is_a_failure_in_the_words_of_sqlite() -> None:
    health = LedgerHealth(
        problems=("row 1 missing",),
        whole=True,
        calls=1,
        unfinished=0,
        waiting=0,
        newest_call_at=None,
    )
    finding = ledger_finding(health)
    assert ("failed", "damaged: row 1 missing") == (finding.state, finding.found)


def test_verdict_with_only_warnings_says_that_needed_parts_work() -> None:
    warning = Finding(part="vosk", state="warning", found="")
    assert "All needed parts work. 1 warning(s)." == verdict([warning])


@pytest.mark.parametrize(("mode", "warnings"), [(0o700, 0), (0o750, 1), (0o705, 1)])
def test_folder_that_others_may_look_into_is_a_warning(
    mode: int, warnings: int, tmp_path: Path
) -> None:
    tmp_path.chmod(mode)
    assert ["warning"] * warnings == [finding.state for finding in readers(tmp_path)]


@pytest.mark.sip
async def test_agent_that_takes_too_long_is_no_broken_wheel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sipbot.sip.client.READY_S", 0.0)
    probe = await doctor_probes.agent()
    assert "Too slow: is this machine busy? Run sipbot doctor again when it is not" == probe.remedy
