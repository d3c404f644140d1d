"""Is a host's name known?  Asked before pjsip asks it, because pjsip waits for the answer.

pjsip resolves names with the system's resolver on the agent's one thread.  Where DNS is down that
can take longer than a parent waits for a sign of life, and the agent would be killed with four
callers in it.  A name that was found a moment ago is found again at once.
"""

import socket
import threading
import time
from ipaddress import AddressValueError, IPv4Address

LOOKUP_S = 3.0
"""The stub resolver's own limit is 5 s a server (resolv.conf(5)), and so is a parent's patience."""


class Lookup:
    """One question, answered by another thread, which touches nothing of pjsua2.

    Args:
        host: name or address.
    """

    def __init__(self, host: str) -> None:
        self._until = time.monotonic() + LOOKUP_S
        self._known: bool | None = None
        try:
            IPv4Address(host)
        except AddressValueError:
            threading.Thread(target=self._ask, args=(host,), daemon=True).start()
        else:
            self._known = True

    # Its own thread.
    def _ask(self, host: str) -> None:
        try:
            self._known = bool(socket.getaddrinfo(host, None, socket.AF_INET))
        except (OSError, UnicodeError):
            self._known = False

    def known(self) -> bool | None:
        """Return whether the name is known; None while nobody has said so."""
        if self._known is None and time.monotonic() >= self._until:
            return False
        return self._known
