"""The UDP sockets of this process, which the library opens and closes without showing them."""

import socket
from collections.abc import Iterator
from pathlib import Path


def udp_sockets() -> Iterator[tuple[int, int]]:
    """Yield descriptor and port of each, by IPv4."""
    for file in Path("/proc/self/fd").iterdir():
        try:
            found = socket.socket(fileno=int(file.name))
        except OSError:  # no socket, or the folder's own descriptor, closed by now
            continue
        try:
            is_udp = (found.family, found.type) == (socket.AF_INET, socket.SOCK_DGRAM)
            port = found.getsockname()[1] if is_udp else 0
        except OSError:  # closed by another thread, in this moment
            continue
        finally:
            found.detach()
        if port:
            yield int(file.name), port
