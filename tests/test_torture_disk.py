"""The disk part of the fault injection, small; and that its comparison can tell kept from lost."""

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from tests import ulaw
from tests.bot import thanks
from tests.memo_samples import a_memo
from tests.torture import disk, failing_writes
from tests.torture.disk import Outcome
from tests.torture.failing import Control, Role, build
from tests.torture.failing_writes import Fired, Shot
from tests.torture.full_disk import Full
from tests.torture.listening import Story, heard_s, missing_s, sorry
from tests.torture.promise import Promise

Test = TypeVar("Test", bound=Callable[..., object])


def real(test: Test) -> Test:
    """Mark a test that places real calls; 40 s on two quiet cores, some minutes on busy ones."""
    names = (pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer)
    for mark in (*names, pytest.mark.timeout(400)):
        test = mark(test)
    return test


def broken(rows: list[Promise]) -> list[Promise]:
    return [row for row in rows if not row.whole]


# -- the real thing, small -------------------------------------------------------------------------


@real
async def test_disk_that_fills_up_costs_no_message_that_was_thanked_for(
    tmp_path: Path, vosk_models: Path
) -> None:
    rows = await disk.full(random.Random(7), tmp_path / "full", vosk_models, times=1)

    assert [] == broken(rows)


@real
async def test_disk_that_only_seems_small_is_survived_as_well(
    tmp_path: Path, vosk_models: Path
) -> None:
    rows = await disk.full(random.Random(7), tmp_path / "full", vosk_models, times=1, mount=False)

    assert [] == broken(rows)


@real
async def test_write_that_fails_costs_no_message_that_was_thanked_for(
    tmp_path: Path, vosk_models: Path
) -> None:
    rows = await disk.failing(random.Random(7), tmp_path / "failing", vosk_models, 2)

    assert [] == broken(rows)


# -- the preloaded library -------------------------------------------------------------------------


PROGRAM = """
import os, sys
path = sys.argv[1]
for _ in range(4):
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, b"x")
        print("ok")
    except OSError as error:
        print(error.errno)
    os.close(descriptor)
print(os.statvfs(os.path.dirname(path)).f_favail)
"""


def write_four_times(tmp_path: Path, control: Control, name: str = "var/file") -> list[str]:
    """What a process that counts as main meets at four writes, and how many inodes it is told."""
    added = {
        "LD_PRELOAD": str(build(tmp_path)),
        "FAILING_UNDER": str(tmp_path / "var"),
        "FAILING_CONTROL": str(control.path),
    }
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / name), "run"]
    return subprocess.check_output(command, env=os.environ | added, text=True).split()


@pytest.fixture
def control(tmp_path: Path) -> Control:
    (tmp_path / "var").mkdir()
    return Control(tmp_path / "control")


def test_write_fails_once_where_it_is_told_to(tmp_path: Path, control: Control) -> None:
    before = time.monotonic()
    control.arm(Role.MAIN, 2, error=errno.EIO, forever=False)
    met = write_four_times(tmp_path, control)[:4]

    assert ["ok", str(errno.EIO), "ok", "ok"] == met
    assert 1 == control.disarm()
    assert before < (control.failed_at or 0.0) < time.monotonic()


def test_write_fails_from_there_on_when_told_to(tmp_path: Path, control: Control) -> None:
    control.arm(Role.MAIN, 3, error=errno.ENOSPC, forever=True)

    assert ["ok", "ok", *[str(errno.ENOSPC)] * 2] == write_four_times(tmp_path, control)[:4]


def test_write_of_another_process_does_not_fail(tmp_path: Path, control: Control) -> None:
    control.arm(Role.AGENT, 1, forever=True)

    assert ["ok"] * 4 == write_four_times(tmp_path, control)[:4]


def test_write_elsewhere_does_not_fail(tmp_path: Path, control: Control) -> None:
    control.arm(Role.MAIN, 1, forever=True)

    assert ["ok"] * 4 == write_four_times(tmp_path, control, "elsewhere")[:4]


def test_small_disk_takes_what_it_has_room_for_and_tells_its_inodes(
    tmp_path: Path, control: Control
) -> None:
    control.tell(room_bytes=2, files=5)

    assert ["ok", "ok", *[str(errno.ENOSPC)] * 2, "5"] == write_four_times(tmp_path, control)


# -- what the callers heard ------------------------------------------------------------------------


def through_g711(samples: ulaw.Samples) -> ulaw.Samples:
    return ulaw.decode(ulaw.encode(samples))


def test_apology_is_recognised_after_its_way_through_a_telephone_line() -> None:
    silence = np.zeros(3333, np.int16)
    heard, whole = heard_s(sorry(), np.concatenate((silence, through_g711(sorry()), silence)))

    assert whole == heard


def test_half_an_apology_is_not_a_whole_one() -> None:
    heard, whole = heard_s(sorry(), through_g711(sorry()[: len(sorry()) // 2]))

    assert 0.3 * whole < heard < 0.7 * whole


def test_thanks_are_no_apology() -> None:
    heard, _ = heard_s(sorry(), thanks())

    assert 0 == heard


def test_piece_that_is_not_in_the_recording_is_missing(tmp_path: Path) -> None:
    said = through_g711(ulaw.noisy(np.zeros(16_000, np.int16), seed=1, peak=4000))
    ulaw.write(tmp_path / "audio.wav", np.concatenate((said[:4000], said[8000:])))

    assert 0.5 == missing_s(ulaw.encode(said), tmp_path / "audio.wav")


def test_recording_that_is_not_there_misses_everything(tmp_path: Path) -> None:
    assert 0.04 == missing_s(bytes(320), tmp_path / "audio.wav")


# -- the comparison: each row can say no -----------------------------------------------------------


def story(**own: object) -> Story:
    spoke = {"caller": "a", "hangs_up": False, "began_at": 10.0, "spoke_at": 11.0, "spoke_s": 3.0}
    return Story(**(spoke | {"over_at": 15.0, "code": 200, "by": "callee"} | own))  # type: ignore[arg-type]  # mixed


def outcome(told: Story, *, missing: float = 0.0, states: tuple[str, ...] = ("memo",)) -> Outcome:
    kept = a_memo() if states == ("memo",) else None
    return Outcome(
        story=told,
        states=list(states),
        memo=kept,
        missing_s=missing,
        recorded=states != ("failed_internal",),
        sound=True,
    )


def full(**own: object) -> Full:
    found = {"harm": "no byte", "at": 12.0, "room_at": 20.0, "status": "full", "alerts": ["disk"]}
    return Full(**(found | {"alert_s": 1.0, "cleared_s": 1.0, "taken_s": 1.0} | own))  # type: ignore[arg-type]  # mixed


CAUGHT = story(hangs_up=True, by="caller")
"""Met by the full disk while he spoke."""

GOOD = (
    outcome(CAUGHT, missing=3.0, states=("failed_internal",)),
    outcome(story(thanked=30)),
    outcome(story(hangs_up=True, by="caller", over_at=11.9)),
    outcome(CAUGHT),
    outcome(story(sorry_s=5.0, sorry_whole=True), states=("refused_capacity",)),
)


def promises_broken(*outcomes: Outcome, times: Full | None = None, problem: str = "") -> list[str]:
    rows = disk.full_rows([*GOOD, *outcomes], [times or full()], "a small disk", problem)
    return [row.promise for row in rows if not row.kept]


def test_run_in_which_all_is_well_breaks_no_promise() -> None:
    assert [] == promises_broken()


@pytest.mark.parametrize(
    ("found", "promise"),
    [
        (outcome(story(thanked=1), missing=0.6), "who heard the thanks has a complete memo"),
        (outcome(story(thanked=9), states=("no_message",)), "who heard the thanks"),
        (outcome(story(hangs_up=True, by="caller", over_at=11.9), missing=0.6), "who hung up"),
        (outcome(story(code=503, spoke_s=0.0), states=("failed_internal",)), "who cannot be taken"),
        (outcome(story(sorry_s=2.0), states=("refused_capacity",)), "who cannot be taken"),
        (outcome(CAUGHT, missing=3.0), "a complete memo, or what"),
        (outcome(CAUGHT, missing=3.0, states=("no_message",)), "a complete memo, or what"),
        (outcome(story(thanked=30), states=()), "one end state per INVITE"),
        (outcome(story(thanked=30), states=("none",)), "one end state per INVITE"),
        (outcome(story(thanked=30), states=("memo", "memo")), "one end state per INVITE"),
    ],
)
def test_outcome_that_must_not_be_is_found(found: Outcome, promise: str) -> None:
    assert any(one.startswith(promise) for one in promises_broken(found))


@pytest.mark.parametrize(
    ("times", "promise"),
    [
        (full(alert_s=None), "alert disk or recording-unsafe"),
        (full(alert_s=5.1), "alert disk or recording-unsafe"),
        (full(cleared_s=None), "the alert is cleared"),
        (full(taken_s=None), "calls are taken"),
        (full(status="ready"), "sipbot status says full"),
    ],
)
def test_full_disk_that_is_not_told_of_is_found(times: Full, promise: str) -> None:
    assert [promise] == promises_broken(times=times)


@pytest.mark.parametrize(
    "said",
    [{"thanked": 9}, {"hangs_up": True, "by": "caller"}],
    ids=["thanked", "hung up after 3 s"],
)
def test_accepted_message_that_a_failing_write_has_cost_is_found(said: dict[str, object]) -> None:
    shot = Shot(role=Role.MAIN, nth=3, error=errno.EIO, forever=False)
    lost = outcome(story(**said), states=("no_message",))

    row = disk.shot_row(shot.name, [(Fired(shot=shot, story=lost.story, failed=1), lost)])

    assert (1, 1, False) == (row.tries, row.lost, row.kept)


def test_unsound_ledger_is_found() -> None:
    assert ["the ledger is sound (sipbot ledger check)"] == promises_broken(problem="torn page")


@pytest.mark.parametrize(("failed", "whole"), [((0, 0), False), ((0, 2), True)])
def test_shots_of_which_none_hit_prove_nothing(failed: tuple[int, ...], *, whole: bool) -> None:
    shot = Shot(role=Role.MAIN, nth=1, error=errno.EIO, forever=False)

    row = disk.hit_row(Role.MAIN, [Fired(shot=shot, story=story(), failed=n) for n in failed])

    assert whole == row.whole


@pytest.mark.parametrize(
    ("role", "while_speaking", "thanked", "lost"),
    [
        (Role.EAR, True, 0, 0),
        (Role.EAR, True, 9, 1),
        (Role.EAR, False, 9, 0),
        (Role.AGENT, True, 9, 0),
    ],
)
def test_thanks_for_what_the_recogniser_could_not_bring_to_the_disk_are_found(
    role: Role, *, while_speaking: bool, thanked: int, lost: int
) -> None:
    shot = Shot(role=role, nth=1, error=errno.EIO, forever=False)
    fired = Fired(shot=shot, story=story(thanked=thanked), failed=1, while_speaking=while_speaking)

    assert lost == disk.unsynced_row([fired]).lost


def test_full_measure_has_every_n_in_main_once_and_lasting() -> None:
    shots = failing_writes.plan(random.Random(1), failing_writes.MAIN_WRITES)
    in_main = {(shot.nth, shot.forever) for shot in shots if shot.role is Role.MAIN}

    assert {(n, lasting) for n in range(1, 201) for lasting in (False, True)} == in_main
