"""A real PostgreSQL of its own for the tests: a private cluster, reached by a Unix socket only.

PostgreSQL refuses to run as root, so as root it runs as ``nobody``; every process is ended by its
pid.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 60.0

PORT = 5432
"""Of the socket's name alone: nothing listens on a network."""

USER = "sipbot"


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL's; Debian keeps them apart by version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or name


class Postgres:
    """A cluster that can be killed and started again; its data stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.process: subprocess.Popen[bytes] | None = None
        nobody = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._user = nobody.pw_uid if nobody else None
        self._group = nobody.pw_gid if nobody else None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={PORT}"

    def make(self) -> None:
        """Make the cluster.  What tests lose in a crash of the machine is theirs to lose."""
        if self._user is not None and self._group is not None:
            os.chown(self.folder, self._user, self._group)
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        argv = [program("postgres"), "-D", str(self.data), "-k", str(self.folder), "-p", str(PORT)]
        argv += ["-c", "listen_addresses=", "-c", "max_connections=20"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                group=self._group,
                process_group=0,
            )
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, "PostgreSQL does not take connections"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would, with all its children."""
        assert self.process is not None
        pid = self.process.pid
        # Each is in a group of its own, and one that still ends holds the memory that the next
        # server wants.
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.process.kill()
        self.process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError):  # it went with its parent
                os.kill(int(child), signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < end, "PostgreSQL's children do not end"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, without waiting for whoever is connected."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE_S)

    def database(self, name: str) -> str:
        """Make a database; return its address."""
        self._run("createdb", "-h", self.folder, "-p", str(PORT), "-U", USER, name)
        return self.url(name)

    def _answers(self) -> bool:
        argv = [program("pg_isready"), "-q", "-h", str(self.folder), "-p", str(PORT), "-U", USER]
        return subprocess.run(argv, check=False).returncode == 0

    def _run(self, name: str, *options: str | Path) -> None:
        done = subprocess.run(
            [program(name), *map(str, options)],
            check=False,
            capture_output=True,
            user=self._user,
            group=self._group,
        )
        assert done.returncode == 0, f"{name}: {done.stderr.decode()}"


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """A server in a folder of its own: a socket's path may have 107 bytes, pytest's are longer."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Postgres(folder)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
