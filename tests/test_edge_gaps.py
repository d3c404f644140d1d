"""What once slipped past the edge, or past its record: its routes as text, and its program."""

import io
import json
import socket
from pathlib import Path

import msgspec
import pytest

from sipbot import edge_program, edge_wire, ports
from sipbot.edge import secret_of
from sipbot.edge_config import TRIES, Tls, kamailio_cfg
from sipbot.edge_program import EdgeProgram, Orders
from sipbot.errors import ConfigError
from tests.edges import RunningEdge, plan_on
from tests.free_ports import free_ports


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


@pytest.mark.parametrize("kind", ["tcp", "tls"])
async def test_tcp_port_that_somebody_has_is_told_before_kamailio_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(ports, "PATIENCE_S", 0.0)
    plan, tls_port = plan_on(tmp_path), free_ports()
    if kind == "tcp":
        plan, key, port = msgspec.structs.replace(plan, tcp=True), r"sip\.port", plan.port
    else:
        tls = Tls(port=tls_port, certificate="/c.pem", key="/k.pem")
        plan, key, port = msgspec.structs.replace(plan, tls=tls), r"edge\.tls_port", tls_port
    edge = RunningEdge(plan, kamailio="true").edge  # it is not come to
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ConfigError, match=rf"{key}.*127\.0\.0\.1:{port}/tcp"),
    ):
        await edge.prepare(Path("config.toml"))


def test_folders_above_the_edges_secret_are_this_users_alone(tmp_path: Path) -> None:
    secret_of(tmp_path / "var" / "run" / "edge" / "secret")
    made = [tmp_path / part for part in ("var", "var/run", "var/run/edge")]
    assert [0o700] * 3 == [folder.stat().st_mode & 0o777 for folder in made]
