"""Keeps a main process alive: forks one that has everything loaded, and the next when it dies.

A start from nothing is a second of processor, nearly all of it imports, before the first call can
be answered; on two cores full of callers that was 2.7 s in the middle and 4.7 s at worst
(docs/torture.md).  This process has made the imports and does nothing else, so that the next main
process begins where they end.  It is to main what the service manager is to us:

* main dies of a signal: another is forked at once.  It ends by itself: we end with its exit code.
* main has said no word for `SILENT_S`: it hangs, is killed, and another is forked.
* we die: main goes on, and no caller notices.  The next supervisor adopts it.

There is no thread and no event loop here, for neither survives a fork; main makes its own.
docs/decisions/0019 has what else was weighed.
"""

import contextlib
import fcntl
import gc
import math
import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import structlog

from sipbot import __version__
from sipbot.child import CRASH_LOOP, YOUNG_S, restart_delay_s
from sipbot.control import already_runs
from sipbot.errors import ControlError
from sipbot.notify import BEATS_PER_LIMIT, Notifier

SILENT_S = 30.0
"""Without a sign of life for so long, main hangs.  It gives `SIGNS` in that time, so that a stop of
20 s, as a snapshot of a virtual machine makes it (docs/torture.md, stalls), is survived."""

SIGNS = 6
"""Of life, in `SILENT_S`."""

FIRST_WORD_S = 300.0
"""From its birth to main's first word: TimeoutStartSec of the unit, for the same reason, which is
the upgrade of a large ledger."""

STOP_S = 60.0
"""How long an orderly stop may take before main is killed: below the unit's TimeoutStopSec, because
the service manager would end us alone, and a main that hangs would stay."""

TICK_S = 0.5
"""Between two looks at the clock; limits are late by this at most."""

GAP_S = 3 * TICK_S
"""Longer between two looks: we were stopped ourselves, and may not have heard what was said."""

STOPS = (signal.SIGTERM, signal.SIGINT)

_FLOCK = struct.Struct("hhqqi4x")
"""``struct flock`` of 64-bit Linux (fcntl(2)): type, whence, start, length, pid."""

_VERSION_BYTES = 32

_DATAGRAM_BYTES = 4096
"""Longest word of main; a STATUS line is a hundred."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long main may take, in seconds."""

    silent_s: float = SILENT_S
    first_word_s: float = FIRST_WORD_S
    stop_s: float = STOP_S


@dataclass(kw_only=True)
class _Main:
    """One main process."""

    pid: int
    handle: int
    """Its pidfd (pidfd_open(2)): no other process can come by it when the pid is given away."""
    adopted: bool
    born_at: float
    heard_at: float | None = None
    """Monotonic; None until its first word, for a large ledger's upgrade takes its time."""


def keep(folder: Path, environ: MutableMapping[str, str], limits: Limits | None = None) -> None:
    """Be the supervisor, and return in each main process that is forked; it ends by SystemExit.

    Args:
        folder: for locks and the socket main speaks to; made when missing.
        environ: ours; main's names us as its service manager.
        limits: None for the usual ones.

    Raises:
        ControlError: another supervisor runs in this folder, or the folder cannot be used.
    """
    Supervisor(folder, environ, limits or Limits()).run()


class Supervisor:
    """See `keep`."""

    def __init__(self, folder: Path, environ: MutableMapping[str, str], limits: Limits) -> None:
        self._folder = folder
        self._environ = environ
        self._limits = limits
        self._manager = Notifier.from_environment(environ, os.getpid())
        self._main: _Main | None = None
        self._stop_by: float | None = None
        self._beat_at = self._looked_at = -math.inf
        self._ready_due = False
        self._was_ready = False
        self._spoke = False
        self._short_lives = 0
        self._log = structlog.get_logger()

    def run(self) -> None:
        """Return in a main process only."""
        try:
            # One by one: mkdir gives its mode to the last of several only.
            self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder.mkdir(exist_ok=True, mode=0o700)
            self._held = _hold(self._folder / "supervisor.lock")
            self._door = _door(self._folder / "notify.sock")
        except OSError as error:
            raise ControlError(
                f"{error.filename or self._folder}: {error.strerror or error}: give var in "
                "config.toml a folder that its owner can write to"
            ) from error
        for number in STOPS:
            signal.signal(number, self._told_to_stop)
        gc.freeze()  # the next main process need not copy what is loaded to look through it
        self._main = self._find()
        while True:
            if self._main is None and not self._fork():
                return
            self._ended(self._watch())

    # -- a life ----------------------------------------------------------------------------------

    def _find(self) -> _Main | None:
        """Return the main process whose supervisor has died; None when there is none."""
        running = holder(self._folder / "main.lock")
        if running is None:
            return None
        pid, version = running
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return None
        self._log.warning("supervisor adopts the main process of another that died", main=pid)
        now = time.monotonic()
        main = _Main(pid=pid, handle=handle, adopted=True, born_at=now, heard_at=now)
        if version != __version__:
            self._log.warning("it is of another release and is stopped in order", release=version)
            _send(main, signal.SIGTERM)
        return main

    def _fork(self) -> bool:
        """Make another main process, as soon as that is possible; False in that process."""
        parent = os.getpid()
        while True:
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
            if self._stop_by is not None:
                raise SystemExit(0)
            try:
                pid = os.fork()
                break
            except OSError as error:  # no memory, or too many processes: it passes
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
                self._short_lives += 1
                self._wait("no main process can be made", problem=error.strerror)
        if pid == 0:
            self._become_main(parent)
            return False
        now = time.monotonic()
        self._main = _Main(pid=pid, handle=os.pidfd_open(pid), adopted=False, born_at=now)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return True

    def _become_main(self, parent: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        os.close(self._held)
        self._door.close()
        _hold(self._folder / "main.lock")
        self._environ["NOTIFY_SOCKET"] = str(self._folder / "notify.sock")
        asked_s = self._limits.silent_s / SIGNS * BEATS_PER_LIMIT
        self._environ["WATCHDOG_USEC"] = str(int(asked_s * 1e6))
        self._environ["WATCHDOG_PID"] = str(os.getpid())
        self._log.info("main process begins", main=os.getpid(), supervisor=parent)

    def _watch(self) -> int | None:
        """Wait for the end of main; return its exit code, as subprocess has it; None: unknown."""
        main = self._main
        assert main is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._door, selectors.EVENT_READ)
            ended = selector.register(main.handle, selectors.EVENT_READ)
            while True:
                ready = [key for key, _ in selector.select(TICK_S)]
                self._listen(main)
                self._look_at_the_clock(main)
                if ended in ready:
                    break
        os.close(main.handle)
        self._main = None
        self._spoke = main.heard_at is not None
        lived_s = time.monotonic() - main.born_at
        self._short_lives = self._short_lives + 1 if lived_s < YOUNG_S else 0
        if main.adopted:  # only its parent is told how it ended
            return None
        return os.waitstatus_to_exitcode(os.waitpid(main.pid, 0)[1])

    def _ended(self, code: int | None) -> None:
        """Return when another main process is to be made."""
        if code is not None and code >= 0 and not self._fails_for_now(code):
            raise SystemExit(code)
        if self._stop_by is not None or (code is not None and -code in STOPS):
            raise SystemExit(128 - code if code is not None and code < 0 else code or 0)
        died = "the main process died; calls that agents have go on, and another is started"
        self._wait(died, code=code)

    def _fails_for_now(self, code: int) -> bool:
        """Whether an exit code is no last word.

        The settings are those with which another main was ready.  So what a successor stumbles over
        is what that one has left: a port or a file that a child of it still holds.
        """
        stumbled = code != 0 and self._was_ready and not self._spoke
        return stumbled and self._stop_by is None and self._short_lives < CRASH_LOOP

    def _wait(self, why: str, **what: object) -> None:
        """Say why, and wait as long as a crash loop demands."""
        pause_s = restart_delay_s(self._short_lives, 1.0)  # nobody else shares its cause
        self._log.error(why, short_lives=self._short_lives, pause_s=round(pause_s, 1), **what)
        again_at = time.monotonic() + pause_s
        while (left_s := again_at - time.monotonic()) > 0 and self._stop_by is None:
            self._beat()
            time.sleep(min(left_s, TICK_S))

    # -- what is heard and said ------------------------------------------------------------------

    def _listen(self, main: _Main) -> None:
        """Hear what main says, and pass on what the service manager wants to know."""
        with contextlib.suppress(BlockingIOError):
            while True:
                words = self._door.recv(_DATAGRAM_BYTES).decode(errors="replace")
                main.heard_at = time.monotonic()
                if words == "READY=1" or (main.adopted and not self._was_ready):
                    # An adopted one has said so to the supervisor before us.
                    self._was_ready = self._ready_due = True
                elif words == "STOPPING=1":
                    self._manager.stopping()
                elif words.startswith("STATUS="):
                    self._manager.status(words.removeprefix("STATUS="))

    def _look_at_the_clock(self, main: _Main) -> None:
        self._beat()
        now = time.monotonic()
        if now - self._looked_at > GAP_S and main.heard_at is not None:
            main.heard_at = now
        self._looked_at = now
        if main.heard_at is None:
            silent = now - main.born_at > self._limits.first_word_s
        else:
            silent = now - main.heard_at > self._limits.silent_s
        late = self._stop_by is not None and now > self._stop_by
        if silent or late:
            why = "does not stop" if late else "hangs"
            self._log.error("the main process is killed", why=why, main=main.pid)
            _send(main, signal.SIGKILL)

    def _beat(self) -> None:
        """Tell the service manager that main is ready, until it has heard it, and looked after."""
        if self._ready_due:
            self._ready_due = not self._manager.ready()
        limit_s = self._manager.watchdog_s
        if limit_s is not None and time.monotonic() - self._beat_at > limit_s / 3:
            self._beat_at = time.monotonic()
            self._manager.alive()

    # Called by Python between two instructions of this process's only thread.
    def _told_to_stop(self, number: int, _: FrameType | None) -> None:
        if self._stop_by is None:
            self._stop_by = time.monotonic() + self._limits.stop_s
        if self._main is not None:
            _send(self._main, number)


def _hold(path: Path) -> int:
    """Lock a file for the life of this process and write down who we are; return its descriptor.

    A record lock (fcntl(2)): a forked child does not have it, and it ends with the process.

    Raises:
        ControlError: another process holds it.
    """
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        os.close(held)
        raise already_runs(path) from error
    os.pwrite(held, f"{__version__:<{_VERSION_BYTES}}\n".encode("ascii"), 0)
    return held


def holder(path: Path) -> tuple[int, str] | None:
    """Return pid and release of who holds the lock, without taking it; None when nobody does."""
    try:
        looked = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        state, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(looked, fcntl.F_GETLK, asked))
        version = os.pread(looked, _VERSION_BYTES, 0).decode("ascii").strip()
    finally:
        os.close(looked)
    return None if state == fcntl.F_UNLCK else (pid, version)


def _send(main: _Main, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        signal.pidfd_send_signal(main.handle, number)


def _door(path: Path) -> socket.socket:
    """Return the socket main speaks to, where a supervisor before us may have left its own."""
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    door.bind(str(path))
    path.chmod(0o600)
    door.settimeout(0)
    return door
