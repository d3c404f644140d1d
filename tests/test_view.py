"""The live view: what a person at the terminal sees, and what must never reach the terminal."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from sipbot.memo import Memo, Stage, with_failure, with_transcript
from sipbot.view import CallRow, Snapshot, render
from tests.free_ports import free_ports
from tests.memo_samples import a_memo, a_transcript

ROOT = Path(__file__).parent.parent

WIDE = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm-256color"}

AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)

SPEAKING = CallRow(
    client="yamato",
    caller="+81355501234",
    phase="recording",
    seconds=12.4,
    partial="見積書の件で",
)


def a_snapshot(
    *calls: CallRow,
    memos: tuple[Memo, ...] = (),
    reasons: tuple[str, ...] = (),
    connected: bool = True,
) -> Snapshot:
    return Snapshot(
        site="osaka",
        at=AT,
        state="degraded" if reasons else "ready",
        reasons=reasons,
        lines_in_use=len(calls),
        lines=4,
        broker="127.0.0.1:1883",
        connected=connected,
        calls=calls,
        memos=memos,
    )


def seen(snapshot: Snapshot) -> str:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=120, height=40, file=nowhere, force_terminal=True)
        console.print(render(snapshot))
        return console.export_text(styles=False)


def test_head_of_a_degraded_site_names_state_and_reasons() -> None:
    text = seen(a_snapshot(reasons=("no ear for yamato (ja)",)))
    assert "sipbot osaka  degraded" in text
    assert "no ear for yamato (ja)" in text


def test_head_with_one_call_counts_the_lines_in_use() -> None:
    assert "lines 1 of 4" in seen(a_snapshot(SPEAKING))


def test_head_without_broker_says_where_the_memos_wait() -> None:
    assert "NOT REACHED, memos wait in the ledger" in seen(a_snapshot(connected=False))


def test_call_row_shows_client_caller_phase_seconds_and_what_is_heard() -> None:
    (row,) = [line for line in seen(a_snapshot(SPEAKING)).splitlines() if "yamato" in line]
    assert ["yamato", "+81355501234", "recording", "12", "見積書の件で"] == row.split()


def test_call_without_a_number_is_shown_as_withheld() -> None:
    nameless = CallRow(client="yamato", caller=None, phase="ringing", seconds=0.0, partial="")
    assert "withheld" in seen(a_snapshot(nameless))


def test_memo_with_text_shows_its_first_line_and_stage() -> None:
    memo = with_transcript(a_memo(), a_transcript("やまとです"), AT)
    assert memo is not None
    memo = memo.model_copy(update={"text": "やまとです\n二行目"})
    text = seen(a_snapshot(memos=(memo,)))
    assert "transcribed" in text
    assert "やまとです" in text
    assert "二行目" not in text


def test_memo_whose_recognition_failed_says_so_in_place_of_a_text() -> None:
    memo = with_failure(a_memo(), "no model", AT)
    assert memo is not None
    assert Stage.RECOGNITION_FAILED is memo.stage
    assert "(no text: recognition failed)" in seen(a_snapshot(memos=(memo,)))


def test_memo_in_which_nothing_was_understood_is_not_shown_as_unread() -> None:
    memo = with_transcript(a_memo(), a_transcript(""), AT)
    assert memo is not None
    assert "(no words were heard)" in seen(a_snapshot(memos=(memo,)))


def test_control_characters_of_a_caller_never_reach_the_terminal() -> None:
    hostile = CallRow(
        client="yamato", caller="\x1b]0;owned\x07", phase="ringing", seconds=1.0, partial="\x1b[2J"
    )
    text = seen(a_snapshot(hostile))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_markup_in_what_is_heard_is_shown_and_not_obeyed() -> None:
    row = CallRow(client="c", caller="1", phase="recording", seconds=1.0, partial="[red]56[/]")
    assert "[red]56[/]" in seen(a_snapshot(row))


def test_standard_error_of_a_child_goes_to_the_log_and_afterwards_back(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from sipbot.view import stderr_to\n"
        "with stderr_to(Path(sys.argv[1])):\n"
        "    subprocess.run(['sh', '-c', 'echo of a child >&2'], check=True)\n"
        "    sys.stderr.write('of the parent\\n')\n"
        "sys.stderr.write('afterwards\\n')\n"
    )
    log = tmp_path / "var" / "sipbot.log"
    done = subprocess.run(
        [sys.executable, "-c", program, str(log)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert "afterwards\n" == done.stderr
    assert "of a child\nof the parent\n" == log.read_text(encoding="utf-8")


CONFIG = """
site = "osaka"
sip.port = {sip}
sip.rtp_port = 46000
mqtt.port = {mqtt}
"""

DIALPLAN = """
schema = 1
client = "yamato"
say_name = "Yamato"
numbers = ["yamato"]
language = "ja"
[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"
"""


def read_until(terminal: int, wanted: bytes) -> bytes:
    """What the program wrote to its terminal, up to something; pytest's limit ends a vain wait."""
    shown = b""
    while wanted not in shown:
        shown += os.read(terminal, 1 << 16)
    return shown


def read_to_the_end(terminal: int) -> bytes:
    shown = b""
    with contextlib.suppress(OSError):  # Linux says EIO when the last program has left a terminal
        while more := os.read(terminal, 1 << 16):
            shown += more
    return shown


@pytest.mark.sip
@pytest.mark.broker
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_run_on_a_terminal_shows_the_view_logs_to_a_file_and_ends_in_order(
    tmp_path: Path, stop: signal.Signals
) -> None:
    (tmp_path / "dialplans").mkdir()
    (tmp_path / "dialplans" / "yamato.toml").write_text(DIALPLAN, encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(sip=free_ports(), mqtt=free_ports()), encoding="utf-8")
    ours, theirs = os.openpty()
    argv = [sys.executable, "-m", "sipbot", "run", "--config", str(config)]
    process = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env={**os.environ, **WIDE}
    )
    os.close(theirs)
    try:
        read_until(ours, b"none yet")
        process.send_signal(stop)
        rest = read_to_the_end(ours)
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    log = (tmp_path / "var" / "sipbot.log").read_text(encoding="utf-8").splitlines()
    assert 0 == code
    assert b"Traceback" not in rest
    assert "stopping" in [json.loads(line)["event"] for line in log]
