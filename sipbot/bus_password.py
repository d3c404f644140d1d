"""Passwords for the broker: chance, not words, and hashed as Mosquitto does.

Data path: `sipbot accounts bus` -> [bus_password] -> accounts.toml -> (Mosquitto, embedded broker)

A broker cannot check the argon2 hash of the console's password, and checks its own, weaker kind in
the thread that carries all messages.  So the bus has a password of its own, of 160 bits of chance:
with that, no kind of hash can be searched, and nobody's own words stand in the broker's file.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

ITERATIONS = 101
"""Of PBKDF2, what mosquitto_passwd 2.0 takes; more would protect words, and hold up the broker."""

WORD_ITERATIONS = 210_000
"""For a password that a person may have chosen (OWASP's Password Storage Cheat Sheet for
PBKDF2-HMAC-SHA512): sipbot's own, which is checked once a connection."""

ITERATIONS_MAX = 1_000_000
"""More would stop a broker for a second at each login."""

SALT_BYTES, HASH_BYTES = 12, 64
"""Of mosquitto_passwd 2.0; the hash is a whole SHA-512."""

CHANCE_BYTES = 20
"""Of a new password: 160 bits, 32 letters and digits."""

_FORM = re.compile(r"\$7\$([1-9][0-9]{0,6})\$([A-Za-z0-9+/]{16,44}={0,2})\$([A-Za-z0-9+/]{86}==)")
"""mosquitto_passwd's: 7 is PBKDF2-HMAC-SHA512."""


def new_password() -> str:
    """Return a password that nobody can guess, of small letters and digits."""
    return base64.b32encode(secrets.token_bytes(CHANCE_BYTES)).decode().lower()


def new_hash(password: str, iterations: int = ITERATIONS) -> str:
    """Return a hash of the password under a new salt, as a line of Mosquitto's file has it."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _digest(password, salt, iterations)
    return f"$7${iterations}${_text(salt)}${_text(digest)}"


def is_bus_hash(text: str) -> bool:
    """Tell whether this is such a hash."""
    return parts_of(text) is not None


def is_right(password: str, hashed: str) -> bool:
    """Tell whether this is the password; False too when there is no hash."""
    found = parts_of(hashed)
    if found is None:
        return False
    iterations, salt, digest = found
    return hmac.compare_digest(_digest(password, salt, iterations), digest)


def parts_of(hashed: str) -> tuple[int, bytes, bytes] | None:
    """Return iterations, salt and digest; None when it is no such hash."""
    match = _FORM.fullmatch(hashed)
    if match is None or int(match[1]) > ITERATIONS_MAX:
        return None
    try:
        salt = base64.b64decode(match[2], validate=True)
        digest = base64.b64decode(match[3], validate=True)
    except binascii.Error:
        return None
    return int(match[1]), salt, digest


def _digest(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, HASH_BYTES)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
