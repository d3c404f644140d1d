"""What `sipbot status` shows a person, and what its exit code tells a monitor."""

import os
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from sipbot.cli_status import render, works
from sipbot.quota import Figures, Level, Use
from sipbot.status import Alerts, AlertStatus, DialplanStatus, Status
from sipbot.topics import Numbers
from tests.test_metrics import STATUS

BUSY = "8 of 8 lines in use"


def seen(status: Status) -> str:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=100, file=nowhere)
        console.print(render(status))
        return console.export_text(styles=False)


def test_head_names_site_state_and_every_reason() -> None:
    text = seen(STATUS)
    assert "sipbot osaka  degraded" in text
    assert "agent 1 is not running" in text


def test_dialplan_that_is_not_in_force_is_shown_with_its_first_mistake() -> None:
    behind = DialplanStatus(
        name="sato",
        sha256="9f86d081",
        since=STATUS.at,
        problem="dialplans/sato.toml:8:1: answer.afer_s: is not a key. Did you mean after_s?",
        mistakes=3,
        words="sato.toml: The last good form (9f86d081) stays in force",
    )
    text = seen(msgspec.structs.replace(STATUS, dialplans=(behind,)))
    assert "sato.toml:8:1: answer.afer_s" in text
    assert "(and 2 more)" in text


def test_alert_is_shown_with_its_problem_and_remedy() -> None:
    alert = AlertStatus(id="disk", since=STATUS.at, problem="is full", remedy="Make room")
    text = seen(msgspec.structs.replace(STATUS, alerts=Alerts(some=(alert,), others=2)))
    shown = " ".join(text.split())
    assert f"alert disk, since {STATUS.at.astimezone():%H:%M %Z}: is full. Make room" in shown
    assert "and 2 more alerts" in shown


def test_figures_are_shown_with_their_units() -> None:
    lines = [line.split() for line in seen(STATUS).splitlines()]
    assert ["lines", "in", "use", "3", "of", "8"] in lines
    assert ["audio", "still", "to", "be", "read", "12.5", "s"] in lines
    assert ["calls,", "all", "5:", "5", "memo"] in lines


def test_waiting_deliveries_are_shown_with_the_way_to_the_dead_ones() -> None:
    assert "2, the oldest for 7 s; 1 dead letters: sipbot outbox list --dead" in seen(STATUS)


def test_what_was_not_measured_is_not_shown_as_nothing() -> None:
    blind = Numbers(lines=8, lines_in_use=0)
    text = seen(msgspec.structs.replace(STATUS, numbers=blind, counts=None))
    named = ("to be read", "deliveries waiting", "disk free", "every line busy", "calls and memos")
    rows = [line for line in text.splitlines() if any(name in line for name in named)]
    assert [True] * len(named) == ["not measured" in row for row in rows]


def test_process_between_two_lives_is_shown_without_pid_and_memory() -> None:
    (row,) = [line for line in seen(STATUS).splitlines() if line.split()[:1] == ["agent-1"]]
    assert ["agent-1", "-", "not", "measured", "2"] == row.split()


@pytest.mark.parametrize(
    ("state", "reasons", "in_use", "expected"),
    [
        ("ready", (), 0, True),
        ("degraded", ("the broker is not connected",), 0, False),
        ("full", (BUSY,), 8, True),
        ("full", (BUSY, "the broker is not connected"), 8, False),
        ("full", ("the disk has no room for another message",), 0, False),
        ("stopping", (), 0, False),
    ],
)
def test_only_trouble_is_a_failure(
    state: str, reasons: tuple[str, ...], in_use: int, expected: bool
) -> None:
    numbers = Numbers(lines=8, lines_in_use=in_use)
    status = msgspec.structs.replace(STATUS, state=state, reasons=reasons, numbers=numbers)
    assert expected == works(status)


def a_use(client: str, used: int, level: Level) -> Use:
    return Use(client=client, month="2026-11", used=used, limit=10, percent=used * 10, level=level)


def test_only_clients_of_whom_somebody_was_told_are_named() -> None:
    most = (a_use("sato", 11, "used_up"), a_use("kita", 8, "warned"), a_use("mori", 1, "below"))
    figures = Figures(clients=40, warned=1, used_up=1, most=most)
    lines = [
        line.split() for line in seen(msgspec.structs.replace(STATUS, quotas=figures)).splitlines()
    ]
    assert ["quotas", "40", "clients,", "1", "warned,", "1", "used", "up"] in lines
    named = [line for line in lines if line and line[0] in {"sato", "kita", "mori"}]
    assert [["sato", "2026-11", "11", "10", "110"], ["kita", "2026-11", "8", "10", "80"]] == named


def test_quotas_that_were_not_counted_yet_are_not_shown_as_none() -> None:
    (row,) = [line for line in seen(STATUS).splitlines() if line.split()[:1] == ["quotas"]]
    assert ["quotas", "not", "measured"] == row.split()
