"""What the service manager is told: ready, alive, stopping (sd_notify(3), systemd.service(5)).

The protocol is one datagram of ``NAME=value`` lines to the Unix socket in ``$NOTIFY_SOCKET``.
Without that variable nobody listens and nothing is sent.  A service manager that cannot be reached
is never a reason to stop answering calls.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping

import structlog

BEATS_PER_LIMIT = 2
"""Signs of life within ``WATCHDOG_USEC``: half of it, as sd_watchdog_enabled(3) recommends."""


class Notifier:
    """Speaks with the service manager.

    Args:
        address: path of its datagram socket, or ``@name`` in the abstract namespace; empty when
            nobody listens.
        watchdog_s: silence after which it ends and restarts us, in seconds; None without watchdog.
    """

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._log = structlog.get_logger()
        self._unheard = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int) -> "Notifier":
        """Return what the variables of the service manager say.

        Args:
            environ: environment of this process.
            pid: of this process; a watchdog that is meant for another is not ours.
        """
        limit_us = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        watched = ours and limit_us.isdecimal() and int(limit_us) > 0
        return cls(environ.get("NOTIFY_SOCKET", ""), int(limit_us) / 1e6 if watched else None)

    def ready(self) -> bool:
        """Calls can be answered; False when this was not heard and must be said again."""
        return self._say("READY=1")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._say("STOPPING=1")

    def status(self, words: str) -> None:
        """Say in one line how it is, for ``systemctl status``."""
        self._say(f"STATUS={' '.join(words.split())}")

    def alive(self) -> None:
        """Give one sign of life."""
        self._say("WATCHDOG=1")

    async def watch(self, alive: Callable[[], Awaitable[None]]) -> None:
        """Say that we are alive until cancelled; without a watchdog, return at once.

        Args:
            alive: returns when what must answer has answered; while it does not, or while the
                event loop hangs, nothing is said, and the service manager does its duty.
        """
        if not self._address or self.watchdog_s is None:
            return
        while True:
            await alive()
            self.alive()
            await asyncio.sleep(self.watchdog_s / BEATS_PER_LIMIT)

    def _say(self, words: str) -> bool:
        if not self._address:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                # DONTWAIT: a service manager that hangs must not make us hang
                sender.sendto(words.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError as error:
            if not self._unheard:
                self._log.warning(
                    "who started sipbot was not reached, and would not replace it",
                    problem=str(error),
                    address=self._address,
                )
            self._unheard = True
            return False
        self._unheard = False
        return True
