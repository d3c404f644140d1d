"""Passwords of the web console: argon2id hashes, made and compared; only importer of argon2.

With RFC 9106's second recommended parameters (64 MB, 3 passes), which is argon2-cffi's default.
"""

import argon2

LONGEST_CHARS = 1024
"""Of a password, where it is set and where it is asked for."""

_hasher = argon2.PasswordHasher()


def hashed(password: str) -> str:
    """Return the hash of a password, in the form that accounts.toml keeps."""
    return _hasher.hash(password)


def fits(known: str, password: str) -> bool:
    """Tell whether a hash is this password's; takes some 50 ms of a core.

    Args:
        known: from accounts.toml.
        password: as typed.
    """
    try:
        return _hasher.verify(known, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
