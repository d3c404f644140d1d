"""What a transfer can call: the one grammar that dialplans are checked by and calls are placed by.

Pure, and free of the telephone: whoever checks a file need not load it.
"""

import re
from typing import NamedTuple

SIP_PORT = 5060
"""Of an address that says none (RFC 3261 section 19.1.2)."""

NOT_A_TARGET = "is neither a telephone number nor a SIP URI"

_SCHEMES = ("sip:", "sips:")

_NUMBER = re.compile(r"\+?[0-9]{1,15}")
"""ITU-T E.164: at most 15 digits; short ones are extensions."""

_DIGITS = re.compile(r"\+?[0-9]+")

_URI = re.compile(
    r"sip:(?P<user>[A-Za-z0-9._~!*'()&=+$/%-]{1,64})@(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,120}"
    r"[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
"""A SIP URI without parameters and headers (RFC 3261 section 19.1.1): a parameter could choose
another transport or host, a header could become part of the INVITE."""

_PORTS = range(1, 65536)


class Address(NamedTuple):
    """The parts of a SIP URI that can be called."""

    user: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port, in one spelling."""
        return f"{self.host.lower()}:{self.port}"


def is_uri(to: str) -> bool:
    """Tell whether this is meant as a SIP URI rather than as a number."""
    return to.lower().startswith(_SCHEMES)


def is_number(to: str) -> bool:
    """Tell whether this number, in one spelling, can be dialled."""
    return bool(_NUMBER.fullmatch(to))


def address(uri: str) -> Address | None:
    """The parts of a SIP URI; None when it cannot be called."""
    match = _URI.fullmatch(uri)
    port = int(match["port"] or SIP_PORT) if match else 0
    if match is None or port not in _PORTS:
        return None
    return Address(match["user"], match["host"], port)


def flaw(to: str) -> str:
    """Why no call can be placed to this, as the rest of a sentence; empty when one can.

    Args:
        to: a number in one spelling (`sipbot.numbers.canonical`), or a SIP URI.
    """
    if to.lower().startswith("sips:"):
        return "is a sips: URI, and transfers are called without TLS"
    if is_uri(to):
        what = "is not a SIP URI of a user, a name or IPv4 address, and a port up to 65535 alone"
        return "" if address(to) else what
    if is_number(to):
        return ""
    if _DIGITS.fullmatch(to):
        return "has more than the 15 digits of a telephone number"
    return NOT_A_TARGET
