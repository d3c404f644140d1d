"""A host's name, looked up by a thread of its own, because the answer may take longer than a call.

The system's resolver is asked, so that ``/etc/hosts`` counts; pjsip would ask it on the agent's one
thread.  Where DNS is down that can take longer than a parent waits for a sign of life, and the
agent would be killed with four callers in it.
"""

import os
import socket
import threading
import time
from ipaddress import AddressValueError, IPv4Address

LOOKUP_S = 3.0
"""How long a name is waited for: a caller hears a ringing tone meanwhile, or waits for a BYE."""

AGAIN_S = 0.1
"""Between two questions, where the resolver gives up sooner than we do."""

_LIMITS = "timeout:1 attempts:1"
"""resolv.conf(5): one second a name server, which is asked once; by default it is 5 s, twice."""


def limit_resolver() -> None:
    """Let each question of this process end within a second a name server; before the first one.

    For what the library asks all the same, such as a name in the SDP of an ACK.
    """
    os.environ["RES_OPTIONS"] = f"{os.environ.get('RES_OPTIONS', '')} {_LIMITS}".strip()


class Lookup:
    """One question, answered by another thread, which touches nothing of pjsua2.

    Args:
        host: name or address.
        may_ask: False: a name is not known at once.
    """

    def __init__(self, host: str, *, may_ask: bool = True) -> None:
        self._until = time.monotonic() + LOOKUP_S
        self._found: tuple[IPv4Address, ...] | None = None
        try:
            self._found = (IPv4Address(host),)
        except AddressValueError:
            if not may_ask:
                self._found = ()
                return
            threading.Thread(target=self._ask, args=(host,), daemon=True).start()

    # Its own thread.
    def _ask(self, host: str) -> None:
        found: tuple[IPv4Address, ...] = ()
        while not found and time.monotonic() < self._until:
            try:
                answers = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
                found = tuple(IPv4Address(address[0]) for *_, address in answers)
            except socket.gaierror as error:
                if error.errno != socket.EAI_AGAIN:
                    break
                time.sleep(AGAIN_S)
            except (OSError, UnicodeError):
                break
        self._found = found

    def addresses(self) -> tuple[IPv4Address, ...] | None:
        """Return the host's addresses, none if its name is not known; None while nobody knows."""
        if self._found is None and time.monotonic() >= self._until:
            return ()
        return self._found

    def known(self) -> bool | None:
        """Return whether the name is known; None while nobody has said so."""
        addresses = self.addresses()
        return None if addresses is None else bool(addresses)
