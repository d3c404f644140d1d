"""Works on a recording again and again, each time in a process that is killed one step later.

A step is whatever changes a name on the disk, or brings something there.  After each death it
prints the hash of what the recording sounds like then, encrypts it, and prints that once more.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from sipbot import age_file  # noqa: F401 - once, not in each process
from sipbot.audio_keys import AudioKeys
from sipbot.recordings import Recordings

STEPS = ("fsync", "replace", "rename", "unlink", "utime", "open", "close")
STEPS_MOST = 400


def killing(step: int) -> None:
    """Let this process die before the step of this number."""
    done = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            nonlocal done
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            return function(*args, **named)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def main() -> None:
    """See the module."""
    spool, key, call, work = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    recordings = Recordings(spool, AudioKeys(key))
    before = spool.with_name("before")
    shutil.copytree(spool, before)
    for step in range(STEPS_MOST):
        child = os.fork()
        if child == 0:
            killing(step)
            getattr(recordings, work)(call)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            return
        assert -signal.SIGKILL == os.waitstatus_to_exitcode(status)
        print(recordings.sha256(call))
        recordings.seal(call)
        assert not recordings.is_plain(call)
        print(recordings.sha256(call))
        shutil.rmtree(spool)
        shutil.copytree(before, spool)
    raise SystemExit("it has no end")


if __name__ == "__main__":
    main()
