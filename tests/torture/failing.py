"""A disk that fails on command, for one bot: failing.c compiled, preloaded and steered."""

import errno
import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

from tests.bot import DIALPLAN, Bot
from tests.brokers import ROOT

SOURCE = Path(__file__).with_name("failing.c")

MAX_S = 20
"""Longest message of the bots here: it decides how much room sipbot wants for each line."""

_DESK = {
    "name": "desk",
    "after_s": 0,
    "greeting": "greeting.wav",
    "beep": "false",
    "no_speech_s": 15,
    "end_silence_s": 10,
}


class Role(IntEnum):
    """Whose writes fail; the numbers are those of failing.c."""

    MAIN = 1
    AGENT = 2
    EAR = 3
    """The live recogniser, which writes nothing but brings recordings to the disk (fsync)."""


class Control:
    """The memory that a preloaded process looks at before each of its writes.

    Args:
        path: made here; nine 64-bit numbers, see ``struct control`` in failing.c.
    """

    _FORM = struct.Struct("=9q")
    _ARMED, _ERROR, _NTH, _FOREVER, _COUNT, _FAILED, _ROOM, _FILES, _AT = range(9)

    def __init__(self, path: Path) -> None:
        path.write_bytes(self._FORM.pack(0, 0, 0, 0, 0, 0, -1, -1, 0))
        self.path = path
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), self._FORM.size)

    def arm(self, role: Role, nth: int, *, error: int = errno.ENOSPC, forever: bool) -> None:
        """Let the `nth` write of a process from now on fail, and with `forever` all after it."""
        self.disarm()
        for field, value in (
            (self._ERROR, error),
            (self._NTH, nth),
            (self._FOREVER, int(forever)),
            (self._COUNT, 0),
            (self._FAILED, 0),
            (self._AT, 0),
        ):
            self._set(field, value)
        self._set(self._ARMED, role)

    def disarm(self) -> int:
        """Let everything succeed again; return how many writes have failed."""
        self._set(self._ARMED, 0)
        return self._get(self._FAILED)

    @property
    def failed_at(self) -> float | None:
        """When the first write since `arm` failed, by the monotonic clock; None: none has."""
        at_ns = self._get(self._AT)
        return at_ns / 1e9 if at_ns else None

    @property
    def count(self) -> int:
        """Writes since it was armed."""
        return self._get(self._COUNT)

    def tell(self, *, room_bytes: int, files: int) -> None:
        """Say how much a small disk still takes; -1 stands for what the real disk takes."""
        self._set(self._FILES, files)
        self._set(self._ROOM, room_bytes)

    @property
    def room_bytes(self) -> int:
        """What the small disk still takes."""
        return self._get(self._ROOM)

    def close(self) -> None:
        """Let go of the memory; processes that have it keep it."""
        self._memory.close()

    def _set(self, field: int, value: int) -> None:
        struct.pack_into("=q", self._memory, field * 8, value)

    def _get(self, field: int) -> int:
        value: int = struct.unpack_from("=q", self._memory, field * 8)[0]
        return value


def build(folder: Path) -> Path:
    """Compile failing.c for this machine.

    Raises:
        AssertionError: there is no C compiler, or it refused; with its own words.
    """
    library = folder / "failing.so"
    compiler = shutil.which("cc")
    assert compiler, "cc is missing: apt-get install gcc libc6-dev"
    done = subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{compiler} {SOURCE.name}: {done.stderr}"
    return library


class FailingBot(Bot):
    """A bot whose ``var`` can be made to fail.

    Args:
        folder: see `Bot`.
        mqtt_port: see `Bot`.
        models: see `Bot`.
        library: what `build` has made; None for a bot whose disk is really small.
        control: what steers the library.
        agents: see `Bot`.
    """

    def __init__(
        self,
        folder: Path,
        mqtt_port: int,
        models: Path,
        *,
        library: Path | None,
        control: Control | None,
        agents: int = 1,
    ) -> None:
        super().__init__(folder, mqtt_port, models, agents=agents)
        (folder / "var").mkdir(exist_ok=True)
        self.lines = 4 * agents
        self._added: Mapping[str, str] = {}
        if library is not None and control is not None:
            self._added = {
                "LD_PRELOAD": str(library),
                "FAILING_UNDER": str(folder / "var"),
                "FAILING_CONTROL": str(control.path),
            }
        for plan in (folder / "dialplans").glob("*.toml"):
            plan.unlink()
        text = DIALPLAN.format(**_DESK) + f"max_s = {MAX_S}\n"
        (folder / "dialplans" / "desk.toml").write_text(text, encoding="utf-8")

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sipbot", "run", "--config", self.folder / "config.toml"],
                cwd=ROOT,
                env=os.environ | self._added,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
