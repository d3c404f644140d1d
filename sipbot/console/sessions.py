"""Who is logged in: random tokens in browsers, their hashes in a file that survives a restart.

Whoever reads the file can log in as nobody.  A session ends by itself, by a logout, and when its
account goes or gets another password.
"""

import contextlib
import hmac
import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import structlog

from sipbot.accounts import Account, Accounts

IDLE_S = 4 * 3600.0
"""A page that listens for news is not idle; this is a browser that was left behind (our wish)."""

LONGEST_S = 16 * 3600.0
"""The longest shift that somebody has, twice (our wish)."""

SESSIONS_MAX = 5_000
OF_ONE_MAX = 20
"""Browsers of one account; the one that was used longest ago goes."""

SAVE_EVERY_S = 60.0
"""How old the last use in the file may be: a restart may make a session so much older."""

_TOKEN_BYTES = 32

_log = structlog.get_logger()


class Session(msgspec.Struct, kw_only=True):
    """One browser that has logged in."""

    account: str
    stamp: str
    """Of the account's password at the login; another password, another stamp."""
    created_s: float
    used_s: float
    """Both since 1970."""


class _File(msgspec.Struct, frozen=True):
    sessions: dict[str, Session]
    """By the SHA-256 of the token."""


class Sessions:
    """All sessions; everything here runs in the event loop.

    Args:
        path: of the file; made when the first session begins.
        now_s: the clock, in seconds since 1970.
    """

    def __init__(self, path: Path, now_s: Callable[[], float]) -> None:
        self._path = path
        self._now_s = now_s
        self._sessions = _read(path)
        self._saved_s = now_s()

    def begin(self, account: Account, accounts: Accounts) -> str:
        """Begin a session; return the token for the browser."""
        now_s = self._now_s()
        self._forget(now_s)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._sessions[_hash(token)] = Session(
            account=account.name,
            stamp=_stamp(accounts, account.name),
            created_s=now_s,
            used_s=now_s,
        )
        self._save()
        return token

    def find(self, token: str, accounts: Accounts) -> Account | None:
        """Return whose session this is and count it as used; None when it is over, or none."""
        key, now_s = _hash(token), self._now_s()
        session = self._sessions.get(key)
        if session is None:
            return None
        account = accounts.get(session.account)
        if account is None or not _lives(session, now_s) or _changed(session, accounts):
            del self._sessions[key]
            self._save()
            return None
        session.used_s = now_s
        if now_s - self._saved_s > SAVE_EVERY_S:
            self._save()
        return account

    def end(self, token: str) -> None:
        """End a session; one that is over already stays so."""
        if self._sessions.pop(_hash(token), None) is not None:
            self._save()

    def _forget(self, now_s: float) -> None:
        """Make room for one more."""
        living = [(k, s) for k, s in self._sessions.items() if _lives(s, now_s)]
        living.sort(key=lambda one: one[1].used_s, reverse=True)
        kept, of_one = dict[str, Session](), dict[str, int]()
        for key, session in living[: SESSIONS_MAX - 1]:
            of_one[session.account] = of_one.get(session.account, 0) + 1
            if of_one[session.account] < OF_ONE_MAX:
                kept[key] = session
        self._sessions = kept

    def _save(self) -> None:
        """Write the file; one that cannot be written costs a login after the next restart."""
        self._saved_s = self._now_s()
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                new.unlink()
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(_File(self._sessions)))
            new.replace(self._path)
        except OSError as error:
            _log.warning("sessions are not kept", file=str(self._path), problem=error.strerror)


def csrf_of(token: str) -> str:
    """Return what a page of this session sends along with everything that changes something."""
    return hmac.new(token.encode(), b"sipbot csrf", sha256).hexdigest()


def _read(path: Path) -> dict[str, Session]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).sessions
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("sessions are forgotten", file=str(path), problem=type(error).__name__)
        return {}


def _lives(session: Session, now_s: float) -> bool:
    # A clock that was set back makes a session older than it is, never younger.
    return abs(now_s - session.used_s) < IDLE_S and abs(now_s - session.created_s) < LONGEST_S


def _changed(session: Session, accounts: Accounts) -> bool:
    return not hmac.compare_digest(session.stamp, _stamp(accounts, session.account))


def _stamp(accounts: Accounts, name: str) -> str:
    return sha256(accounts.password_of(name).encode()).hexdigest()


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
