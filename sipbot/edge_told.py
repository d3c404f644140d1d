"""What Kamailio's log tells sipbot: lines that begin with a token nobody else knows.  Pure.

Data path: Kamailio's standard error -> [edge_told] -> edge_wire -> edge -> switchboard -> ledger
"""

import base64
import binascii

from sipbot.edge_wire import Refused, Untold


def told(line: str, token: str) -> Refused | Untold | None:
    """Return what a line of Kamailio's log tells us; None: it is for people.

    Args:
        line: one line, with Kamailio's own prefix.
        token: `sipbot.edge_config.Plan.token`; what callers send can contain anything but this.
    """
    _, found, rest = line.partition(f"{token} ")
    if not found:
        return None
    match rest.split():
        case ["refused", why, code, source, raw] if code.isdecimal():
            text = _text(raw)
            if text is None:
                return None
            return Refused(why=why, code=int(code), source=source, raw=text)
        case ["untold", key, invites] if invites.isdecimal() and key.count(":") == 2:
            why, _, source = key.split(":")
            source = "" if source == "others" else source
            return Untold(why=why, source=source, invites=int(invites))
    return None


def _text(raw: str) -> str | None:
    try:
        return base64.b64decode(raw, validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return None
