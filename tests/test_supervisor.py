"""The supervisor forks real processes here; what main does in them is a few lines of Python."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from sipbot.notify import BEATS_PER_LIMIT
from sipbot.supervisor import GAP_S, SIGNS, TICK_S, Limits, holder
from tests.bot import until
from tests.brokers import ROOT

MAIN = """
import os, signal, sys, time
from pathlib import Path
from sipbot import supervisor
from sipbot.notify import Notifier

folder, what, limits = Path(sys.argv[1]), sys.argv[2], map(float, sys.argv[3:])
limits = dict(zip(("silent_s", "first_word_s", "stop_s"), limits))
supervisor.keep(folder, os.environ, supervisor.Limits(**limits))
lives = folder / "lives"
lives.write_text((lives.read_text() if lives.exists() else "") + "x")
second = lives.read_text() == "xx"

def leave(*_):
    print("leaves", flush=True)
    raise SystemExit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN if what == "deaf" else leave)
if second and what == "mute":
    signal.pause()
if second and what == "stumbles":
    raise SystemExit(4)
manager = Notifier.from_environment(os.environ, os.getpid())
manager.ready()
manager.status("ready, 0 of 4 lines")
print("main-pid", os.getpid(), manager.watchdog_s, flush=True)
if what == "ends":
    raise SystemExit(3)
while what != "silent":
    manager.alive()
    time.sleep(0.05)
signal.pause()
"""


class Life:
    """One supervisor after the other in one folder, and all that they and their mains print."""

    def __init__(self, folder: Path, what: str, limits: Limits) -> None:
        self.folder = folder
        self.said = folder.parent / f"said-{uuid.uuid4()}"
        times = (limits.silent_s, limits.first_word_s, limits.stop_s)
        self._argv = [str(folder), what, *map(str, times)]
        self._read = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> subprocess.Popen[bytes]:
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", MAIN, *self._argv],
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        return self.process

    async def line(self, word: str) -> str:
        """Wait for the next line with this word."""

        def look() -> str | None:
            lines = self.said.read_text(encoding="utf-8").splitlines(keepends=True)
            for at, line in enumerate(lines[self._read :], start=self._read + 1):
                if word in line and line.endswith("\n"):
                    self._read = at
                    return line
            return None

        return await until(look)

    async def main(self) -> int:
        """Wait for the next main process."""
        return int((await self.line("main-pid ")).split()[1])

    async def ended(self) -> int:
        """Wait for the supervisor's exit code."""
        process = self.process
        assert process is not None
        await until(lambda: process.poll() is not None)
        return process.wait()

    def clear_away(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if running := holder(self.folder / "main.lock"):
            os.kill(running[0], signal.SIGKILL)


@contextlib.asynccontextmanager
async def life(folder: Path, what: str = "works", **limits: float) -> AsyncIterator[Life]:
    one = Life(folder, what, Limits(**{"silent_s": 60.0, **limits}))
    try:
        yield one
    finally:
        one.clear_away()


async def test_main_that_is_killed_is_followed_by_another(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        one.start()
        first = await one.main()
        os.kill(first, signal.SIGKILL)
        second = await one.main()
    assert first != second


async def test_main_that_ends_by_itself_ends_the_supervisor_with_its_code(tmp_path: Path) -> None:
    async with life(tmp_path, "ends") as one:
        one.start()
        code = await one.ended()
    assert 3 == code


async def test_stop_is_passed_on_and_waited_for(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        process = one.start()
        await one.main()
        process.terminate()
        code = await one.ended()
    assert 0 == code
    assert "leaves\n" in one.said.read_text(encoding="utf-8")


async def test_interrupt_ends_both_and_is_told(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        process = one.start()
        await one.main()
        process.send_signal(signal.SIGINT)
        code = await one.ended()
    assert 128 + signal.SIGINT == code


async def test_main_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    async with life(tmp_path, "deaf", stop_s=0.2) as one:
        process = one.start()
        await one.main()
        process.terminate()
        await one.ended()
        left = holder(tmp_path / "main.lock")
    assert None is left


async def test_main_that_is_silent_is_killed_and_followed(tmp_path: Path) -> None:
    async with life(tmp_path, "silent", silent_s=0.5) as one:
        one.start()
        first, second = await one.main(), await one.main()
    assert first != second


async def test_main_that_hangs_before_its_first_word_is_followed(tmp_path: Path) -> None:
    async with life(tmp_path, "mute", first_word_s=1.0) as one:
        one.start()
        os.kill(await one.main(), signal.SIGKILL)
        third = await one.main()
    assert third
    assert "xxx" == (tmp_path / "lives").read_text(encoding="ascii")


async def test_successor_that_finds_no_room_yet_is_followed(tmp_path: Path) -> None:
    async with life(tmp_path, "stumbles") as one:
        one.start()
        os.kill(await one.main(), signal.SIGKILL)
        third = await one.main()
    assert third
    assert "xxx" == (tmp_path / "lives").read_text(encoding="ascii")


async def test_main_is_not_killed_for_silence_while_the_machine_stood_still(
    tmp_path: Path,
) -> None:
    async with life(tmp_path, silent_s=GAP_S) as one:
        process = one.start()
        main = await one.main()
        for pid in (process.pid, main):
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(2 * GAP_S)
        for pid in (process.pid, main):
            os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(2 * TICK_S)
        left = holder(tmp_path / "main.lock")
    assert left is not None
    assert main == left[0]


async def test_folder_of_messages_is_its_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        async with life(tmp_path / "var" / "run") as one:
            one.said = tmp_path / "said"
            one.start()
            await one.main()
    finally:
        os.umask(umask)
    assert 0o700 == stat.S_IMODE((tmp_path / "var").stat().st_mode)


async def test_supervisor_that_is_killed_leaves_main_to_the_next(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        process = one.start()
        first = await one.main()
        process.kill()
        await one.ended()
        one.start()
        await one.line("adopts")
        os.kill(first, signal.SIGKILL)
        second = await one.main()
    assert first != second


async def test_adopted_main_is_stopped_in_order(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        process = one.start()
        await one.main()
        process.kill()
        await one.ended()
        again = one.start()
        await one.line("adopts")
        again.terminate()
        code = await one.ended()
    assert 0 == code
    assert "leaves\n" in one.said.read_text(encoding="utf-8")


async def test_adopted_main_of_another_release_is_replaced(tmp_path: Path) -> None:
    async with life(tmp_path) as one:
        process = one.start()
        first = await one.main()
        process.kill()
        await one.ended()
        (tmp_path / "main.lock").write_text(f"{first} 0.0.1\n", encoding="ascii")
        one.start()
        second = await one.main()
    assert first != second
    assert "leaves\n" in one.said.read_text(encoding="utf-8")


async def test_second_supervisor_of_a_folder_is_refused(tmp_path: Path) -> None:
    async with life(tmp_path) as one, life(tmp_path) as other:
        one.start()
        await one.main()
        other.start()
        code = await other.ended()
        left = holder(tmp_path / "main.lock")
    assert 0 != code
    assert None is not left
    assert "a sipbot already runs in this folder" in other.said.read_text(encoding="utf-8")


async def test_service_manager_hears_that_main_is_ready_and_looked_after(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "systemd.sock"))
        manager.settimeout(0)
        async with life(tmp_path / "run") as one:
            address = str(tmp_path / "systemd.sock")
            one.start(NOTIFY_SOCKET=address, WATCHDOG_USEC="300000000")
            words = {await _received(manager) for _ in range(3)}
    assert {"READY=1", "STATUS=ready, 0 of 4 lines", "WATCHDOG=1"} == words


async def test_service_manager_that_did_not_hear_it_is_told_again_that_main_is_ready(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        async with life(tmp_path / "run") as one:
            one.start(NOTIFY_SOCKET=str(tmp_path / "systemd.sock"))
            await one.line("who started sipbot was not reached")
            manager.bind(str(tmp_path / "systemd.sock"))
            manager.settimeout(0)
            words = {await _received(manager)}
            while "READY=1" not in words:
                words.add(await _received(manager))
    assert "READY=1" in words


async def test_main_is_asked_for_several_signs_of_life_within_the_limit(tmp_path: Path) -> None:
    async with life(tmp_path, silent_s=30.0) as one:
        one.start()
        watchdog_s = float((await one.line("main-pid ")).split()[2])
    assert 30.0 / SIGNS == watchdog_s / BEATS_PER_LIMIT


def test_lock_of_a_dead_process_is_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "main.lock"
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"from sipbot.supervisor import _hold, Path; _hold(Path({str(path)!r}))",
        ],
        cwd=ROOT,
        check=True,
    )
    assert path.read_text(encoding="ascii")
    assert None is holder(path)


async def _received(manager: socket.socket) -> str:
    words = await asyncio.get_running_loop().sock_recv(manager, 4096)
    return words.decode()
