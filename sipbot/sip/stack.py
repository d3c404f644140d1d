"""What a SIP endpoint is told, and how much it can carry; for those who must not load pjsua2.

The main process, the command line and the wire speak of endpoints; only the child programs have
one (`sipbot.sip.pjsua`).
"""

from pathlib import Path
from typing import Literal

import msgspec

LINES = 4
"""Calls one process can carry: PJSUA_MAX_CALLS of the published wheel (docs/decisions/0001)."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A trunk that knows us by a name and a password."""

    name: str
    aor: str
    registrar: str
    user: str
    password: str
    realm: str
    """Exact realm; ``*`` would answer anybody's challenge with the trunk's password digest."""
    expires_s: int
    registers: bool = True
    """Whether this endpoint registers; without it, the account is for outgoing calls only."""


class StackSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint needs to know."""

    user_agent: str
    address: str
    port: int
    """0 lets the system choose (the test caller)."""
    rtp_port: int
    rtp_ports: int
    media_address: str = ""
    """Where audio is sent from and to; empty for `address`.  Behind an edge the two differ."""
    lines: int = LINES
    """Calls at the same time."""
    media_allow: tuple[str, ...] = ()
    """Networks whose audio every call takes; others only from where their call comes."""
    srtp: Literal["never", "optional", "always"] = "never"
    """Whether audio is encrypted (RFC 3711, keys by RFC 4568)."""
    public_address: str = ""
    identity: str = ""
    """From of outgoing calls; empty for ``sip:sipbot@<address>``."""
    accounts: tuple[Account, ...] = ()
    transfer_via: str = ""
    """Account by which telephone numbers are called; empty when there is none."""
    edge: str = ""
    """``address:port`` of the proxy in front of us, by which calls come and go; empty for none."""
    log_level: int = 0
    """pjsip's own log on standard error, 0 (off) to 6; it contains whole SIP messages."""


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent is told at its start."""

    stack: StackSettings
    allow: tuple[str, ...]
    """Networks in CIDR notation whose INVITEs are accepted."""
    fingerprint: str
    """Hash of the settings and release; a new parent with another one lets this agent run out."""


def asked_file(socket_path: Path) -> Path:
    """Return where an agent notes INVITEs that the library may refuse by itself."""
    return socket_path.with_suffix(".asked")


def untold_file(socket_path: Path) -> Path:
    """Return where an agent leaves the events that no parent was there to hear."""
    return socket_path.with_suffix(".untold")
