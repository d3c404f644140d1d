"""The unit and the container file keep to what the program does; nobody reads them at 3 a.m."""

import re
from pathlib import Path

import pytest

from sipbot.app import STOP_CALLS_S, STOP_FEED_S
from sipbot.child import Limits
from sipbot.ledger_schema import BUSY_MS
from sipbot.mqtt import ACK_TIMEOUT_S
from sipbot.notify import BEATS_PER_LIMIT
from sipbot.supervisor import FIRST_WORD_S, SIGNS, SILENT_S, STOP_S

DEPLOY = Path(__file__).parent.parent / "deploy"
UNIT = DEPLOY / "sipbot.service"
CONTAINER = DEPLOY / "Containerfile"


def setting(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Type", "notify"),
        ("KillMode", "process"),
        ("Restart", "always"),
        ("StartLimitIntervalSec", "0"),
        ("LimitCORE", "0"),
        ("CapabilityBoundingSet", ""),
    ],
)
def test_unit_promises_what_its_document_says(name: str, expected: str) -> None:
    assert expected == setting(name)


def test_unit_waits_for_the_slowest_orderly_stop() -> None:
    slowest_s = STOP_CALLS_S + 2 * STOP_FEED_S + 2 * ACK_TIMEOUT_S + Limits().stop_s
    assert slowest_s < STOP_S < float(setting("TimeoutStopSec"))


def test_main_may_take_as_long_for_its_first_word_as_a_start() -> None:
    assert FIRST_WORD_S == float(setting("TimeoutStartSec"))


def test_watchdog_leaves_the_ledger_time_to_wait_for_a_lock() -> None:
    assert BUSY_MS / 1000 < SILENT_S * (1 - BEATS_PER_LIMIT / SIGNS)


def test_container_installs_what_is_locked_and_runs_without_privileges() -> None:
    text = CONTAINER.read_text(encoding="utf-8")
    assert "--require-hashes -r requirements/user.lock" in text
    assert ["sipbot"] == re.findall(r"^USER (\S+)$", text, re.MULTILINE)


def test_container_copies_only_files_that_exist() -> None:
    text = CONTAINER.read_text(encoding="utf-8")
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    sources = [source for line in lines for source in line.split()]
    assert [] == [source for source in sources if not (DEPLOY.parent / source).exists()]


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_deployment_names_no_host(path: Path) -> None:
    assert [] == re.findall(r"https?://\S+|index-url\S*", path.read_text(encoding="utf-8"))
