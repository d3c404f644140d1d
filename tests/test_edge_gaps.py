"""What once slipped past the edge, or past its record: its routes as text, and its program."""

import io
import json
from pathlib import Path

import pytest

from sipbot import edge_program, edge_wire
from sipbot.edge import secret_of
from sipbot.edge_config import TRIES, kamailio_cfg
from sipbot.edge_program import EdgeProgram, Orders
from tests.edges import plan_on


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Return what the edge's program says to main."""
    said = io.BytesIO()
    monkeypatch.setattr(edge_program, "claim_stdout", lambda: said)
    return said


def program(folder: Path) -> EdgeProgram:
    return EdgeProgram(Orders(folder, "kamailio", 15059, "token"))


def test_kamailio_asks_as_many_agents_as_an_invite_is_offered_to(tmp_path: Path) -> None:
    assert f"\nmax_branches={TRIES}\n" in kamailio_cfg(plan_on(tmp_path))


def test_answers_from_outside_that_nobody_waits_for_are_dropped(tmp_path: Path) -> None:
    plan = plan_on(tmp_path)
    inner = f'$Rp == {plan.inner_port} && $Ri == "127.0.0.1"'
    text = kamailio_cfg(plan)
    assert f"onreply_route {{\n    if (!({inner}) && !t_check_trans()) drop;\n}}" in text


def test_caller_who_gives_up_before_any_agent_took_the_call_is_told(tmp_path: Path) -> None:
    _, _, route = kamailio_cfg(plan_on(tmp_path)).partition("failure_route[NEXT_AGENT]")
    given_up, _, _ = route.partition("exit;")
    assert "$var(code) = 487;\n            route(TELL);" in given_up


def test_invites_refused_before_kamailio_is_ready_are_told_after_it(
    tmp_path: Path, out: io.BytesIO
) -> None:
    edge = program(tmp_path)
    edge._hear("token refused capacity 503 192.0.2.1:5060 SU5WSVRF\n")
    edge._hear("token untold source:1:192.0.2.2 7\n")
    assert b"" == out.getvalue()
    edge._ready = True
    edge._emit(edge_wire.Ready(pid=1))
    kinds = [next(iter(json.loads(line).values())) for line in out.getvalue().splitlines()]
    assert 3 == len(kinds)
    assert out.getvalue().index(b'"pid"') < out.getvalue().index(b"192.0.2.1")


def test_line_of_kamailio_is_cut_and_steers_no_terminal(
    tmp_path: Path, out: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path)._hear("\x1b[2Jbad" + "x" * 65_000 + "\n")
    said = capsys.readouterr().err
    assert said.startswith("kamailio: ?[2Jbad")
    assert len("kamailio: \n") + edge_program.WORD_CHARS == len(said)
    assert b"" == out.getvalue()


def test_folders_above_the_edges_secret_are_this_users_alone(tmp_path: Path) -> None:
    secret_of(tmp_path / "var" / "run" / "edge" / "secret")
    made = [tmp_path / part for part in ("var", "var/run", "var/run/edge")]
    assert [0o700] * 3 == [folder.stat().st_mode & 0o777 for folder in made]
