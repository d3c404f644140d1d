"""Who types a command, as the system knows it: not as the environment says, which anybody can set.

The kernel remembers under which account somebody has logged in (``/proc/self/loginuid``), also
after ``su`` and ``sudo``; a job of the system has none, and is named by the account it runs as.
"""

import os
import pwd
from pathlib import Path

from sipbot.audit import ACCOUNT_CHARS

_LOGIN = Path("/proc/self/loginuid")
_NOBODY = 2**32 - 1
"""What the kernel says where nobody has logged in (proc_pid_loginuid, AUDIT_UID_UNSET)."""


def me(login: Path = _LOGIN) -> str:
    """Return the account, such as ``hanako``, or ``hanako as sipbot`` after ``sudo -u sipbot``.

    Args:
        login: where the kernel says who has logged in.
    """
    acting = _name(os.getuid())
    try:
        uid = int(login.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without audit, or a container that hides it
        uid = _NOBODY
    name = acting if uid == _NOBODY else _name(uid)
    return (acting if name == acting else f"{name} as {acting}")[:ACCOUNT_CHARS]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
