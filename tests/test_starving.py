"""Waiting for a core, as the kernel counts it, of real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sipbot.speech.starving import Starving

BUSY = "import os\nos.sched_setaffinity(0, {CORE})\nprint(flush=True)\nwhile True: pass"


@contextmanager
def busy() -> Iterator[int]:
    """A process that wants a certain core all the time."""
    core = min(os.sched_getaffinity(0))
    code = BUSY.replace("CORE", str(core))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def test_two_that_want_one_core_wait_for_it() -> None:
    """What one runs, the other waits (or this never ends)."""
    with busy() as one, busy():
        starving = Starving()
        starving.since_last_s(one)
        waited_s = starving.since_last_s(one)
        while not waited_s:
            waited_s = starving.since_last_s(one)

        assert waited_s > 0


def test_stopped_process_waits_for_nothing() -> None:
    """One that hangs, in a lock or stopped, is none that starves."""
    with busy() as pid:
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        starving = Starving()
        starving.since_last_s(pid)

        assert [0.0] * 100 == [starving.since_last_s(pid) for _ in range(100)]


def test_process_that_replaces_another_begins_anew() -> None:
    """Its threads have waited before we looked."""
    with busy() as one, busy() as other:
        starving = Starving()
        starving.since_last_s(one)

        assert 0.0 == starving.since_last_s(other)


def test_process_that_is_gone_waits_for_nothing() -> None:
    """Nor does one that does not live yet."""
    with subprocess.Popen(["true"]) as process:
        process.wait()

    assert [0.0, 0.0] == [Starving().since_last_s(pid) for pid in (process.pid, None)]
