"""The Unix socket by which a parent reaches its agent."""

import socket
import struct
from pathlib import Path

from sipbot.errors import ChildStartError

PARENT_LIMIT_S = 30.0
"""An agent whose parent never comes must not keep the port; a parent gives up after 10 s."""


def listen(path: Path) -> socket.socket:
    """Open the socket; only this user may connect."""
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    path.chmod(0o600)
    door.listen(16)  # parents that died while this agent hung wait in the same queue
    return door


def first_parent(door: socket.socket) -> socket.socket:
    """Wait for the parent that started us.

    Raises:
        ChildStartError: none came.
    """
    door.settimeout(PARENT_LIMIT_S)
    try:
        parent = next_parent(door)
    except TimeoutError as error:
        raise ChildStartError(
            f"no parent came within {PARENT_LIMIT_S:g} s; agents are started by sipbot run"
        ) from error
    door.setblocking(False)  # noqa: FBT003 - the library's signature
    return parent


def next_parent(door: socket.socket) -> socket.socket:
    """Let a parent in who is at the door.

    Raises:
        BlockingIOError: there is none (poll(2): what was ready may be so no longer).
    """
    parent, _ = door.accept()
    parent.setblocking(False)  # noqa: FBT003 - the library's signature
    return parent


def heard(parent: socket.socket) -> bytes:
    """Return what a parent has said; nothing when it is gone.

    Raises:
        BlockingIOError: it has said nothing yet.
    """
    try:
        return parent.recv(1 << 16)
    except ConnectionError:
        return b""


def peer_pid(connection: socket.socket) -> int:
    """Return who is at the other end (SO_PEERCRED, unix(7)): a hung agent cannot tell."""
    size = struct.calcsize("3i")
    pid, _, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return int(pid)
