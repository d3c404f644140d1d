"""Files in the format of age, read from any place: what a recording is when it is encrypted.

The format is age-encryption.org/v1 (C2SP ``age.md``), recipients are X25519: ``age -d -i KEY FILE``
and ``rage`` open it.  Its payload is made of chunks of 64 KiB, each sealed by itself, so a listener
who jumps to the middle has one chunk decrypted and not the whole.

A stanza of our own in the header, which age passes over, says whose recording it is.  The header's
MAC covers it: a file in the place of another is refused.
"""

import base64
import binascii
import hashlib
import hmac
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sipbot.bech32 import decoded, encoded
from sipbot.errors import DamagedError, LockedError

CHUNK_BYTES = 65_536
"""Of plain bytes; each has its tag behind it (age.md, "Payload")."""
TAG_BYTES = 16
_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
_NONCE_BYTES = 16
_FILE_KEY_BYTES = 16
_KEY_BYTES = 32

_MAGIC = b"age-encryption.org/v1"
_OURS = "sipbot-recording"
"""Name of the stanza that says whose recording it is."""
_X25519 = "X25519"
_WRAP_INFO = b"age-encryption.org/v1/X25519"
_HEADER_MOST_BYTES = 65_536
"""Ours have 400; a damaged file must not be read to its end in search of one."""

_SECRET, _PUBLIC = "age-secret-key-", "age"
"""Prefixes of Bech32 (age.md, "The X25519 recipient type")."""


@dataclass(frozen=True, repr=False)
class Identity:
    """A private key, which opens what was sealed for its recipient."""

    secret: bytes
    """32 bytes."""

    @classmethod
    def new(cls) -> "Identity":
        """Make one."""
        return cls(os.urandom(_KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read ``AGE-SECRET-KEY-1…``.

        Raises:
            ValueError: it is none; the message has nothing of it.
        """
        secret = decoded(_SECRET, text)
        if secret is None or len(secret) != _KEY_BYTES:
            raise ValueError("is no identity of age (AGE-SECRET-KEY-1…)")
        return cls(secret)

    @property
    def text(self) -> str:
        """As a key file has it."""
        return encoded(_SECRET, self.secret).upper()

    @property
    def recipient(self) -> str:
        """What others seal for it with: ``age1…``."""
        return encoded(_PUBLIC, self.public)

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @property
    def _private(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.secret)

    def wrap(self, file_key: bytes) -> str:
        """Return the stanza in which this identity finds a file's key."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.public))
        body = ChaCha20Poly1305(self._wrap_key(share, shared)).encrypt(bytes(12), file_key, None)
        return f"-> {_X25519} {_b64(share)}\n{_b64(body)}\n"

    def unwrap(self, share: bytes, body: bytes) -> bytes | None:
        """Return the file's key; None when the stanza is for another identity."""
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(share))
            key = self._wrap_key(share, shared)
            return ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
        except (InvalidTag, ValueError):
            return None

    def _wrap_key(self, share: bytes, shared: bytes) -> bytes:
        return _derived(shared, salt=share + self.public, info=_WRAP_INFO)


@dataclass(frozen=True)
class _Header:
    """What stands before the payload."""

    stanzas: tuple[tuple[tuple[str, ...], bytes], ...]
    """Arguments and body of each."""
    under_mac: bytes
    mac: bytes
    length: int
    """Bytes, to where the payload's nonce begins."""

    @property
    def bound_to(self) -> str | None:
        """Whose recording it says to be."""
        ours = [words[1:] for words, _ in self.stanzas if words[0] == _OURS]
        return "/".join(map(unquote, ours[0])) if len(ours) == 1 else None


def seal(source: BinaryIO, target: BinaryIO, identity: Identity, bound_to: str) -> None:
    """Encrypt a file.

    Args:
        source: plain, read to its end.
        target: written from where it stands.
        identity: that will open it.
        bound_to: whose recording it is, ``CALL/NAME``; `Reader` wants the same.

    Raises:
        OSError: the disk refuses.
    """
    file_key, nonce = os.urandom(_FILE_KEY_BYTES), os.urandom(_NONCE_BYTES)
    target.write(_header(file_key, identity, bound_to))
    target.write(nonce)
    cipher = ChaCha20Poly1305(_payload_key(file_key, nonce))
    chunk, number = source.read(CHUNK_BYTES), 0
    while True:
        following = source.read(CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        target.write(cipher.encrypt(_chunk_nonce(number, last=not following), chunk, None))
        if not following:
            return
        chunk, number = following, number + 1


def rewrap(
    source: BinaryIO, target: BinaryIO, identities: Sequence[Identity], bound_to: str
) -> None:
    """Copy an encrypted file so that the first identity opens it; the payload stays as it is.

    Args:
        source: encrypted for one of the identities.
        target: written from where it stands.
        identities: the one to be, then those that may have been.
        bound_to: whose recording it is.

    Raises:
        LockedError: none of them opens it.
        DamagedError: it is no such file, or another's.
        OSError: the disk refuses.
    """
    header = _parsed(source)
    file_key = _file_key(header, identities, bound_to)
    target.write(_header(file_key, identities[0], bound_to))
    source.seek(header.length)
    while chunk := source.read(_SEALED_CHUNK_BYTES):
        target.write(chunk)


def opens(source: BinaryIO, identity: Identity) -> bool:
    """Tell whether a file is encrypted for this identity.

    Raises:
        DamagedError: it is no file of age.
        OSError: the disk refuses.
    """
    return _unwrapped(_parsed(source), [identity]) is not None


class Reader(io.RawIOBase):
    """The plain bytes of an encrypted file, from any place.

    Args:
        source: the encrypted file, which is closed along with this.
        identities: one of which opens it.
        bound_to: whose recording it must be.

    Raises:
        LockedError: none of the identities opens it.
        DamagedError: it is another's, cut off or changed.
        OSError: the disk refuses.
    """

    def __init__(self, source: BinaryIO, identities: Sequence[Identity], bound_to: str) -> None:
        super().__init__()
        self._source = source
        self._bound_to = bound_to
        header = _parsed(source)
        file_key = _file_key(header, identities, bound_to)
        source.seek(header.length)
        nonce = source.read(_NONCE_BYTES)
        self._begin = header.length + _NONCE_BYTES
        sealed = source.seek(0, io.SEEK_END) - self._begin
        self._chunks = max(1, -(-sealed // _SEALED_CHUNK_BYTES))
        self.size = sealed - self._chunks * TAG_BYTES
        """Plain bytes."""
        self._cipher = ChaCha20Poly1305(_payload_key(file_key, nonce))
        self._place = 0
        self._number, self._chunk = -1, b""
        # Only the last chunk proves that nothing is cut off behind it.
        self._take(self._chunks - 1)
        if self._chunks > 1 and not self._chunk:
            raise DamagedError("its last part is empty")

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """See `io.RawIOBase`.

        Raises:
            DamagedError: what stands there was changed.
        """
        if self._place >= self.size or not len(buffer):
            return 0
        number, start = divmod(self._place, CHUNK_BYTES)
        self._take(number)
        piece = self._chunk[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the encrypted file, too."""
        self._source.close()
        super().close()

    def _take(self, number: int) -> None:
        if number == self._number:
            return
        self._source.seek(self._begin + number * _SEALED_CHUNK_BYTES)
        sealed = self._source.read(_SEALED_CHUNK_BYTES)
        nonce = _chunk_nonce(number, last=number == self._chunks - 1)
        try:
            self._chunk = self._cipher.decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError):
            raise DamagedError(f"{self._bound_to}: it was changed or cut off") from None
        self._number = number


# -- the header -----------------------------------------------------------------------------------


def _header(file_key: bytes, identity: Identity, bound_to: str) -> bytes:
    words = " ".join(quote(part, safe="") for part in bound_to.split("/"))
    text = f"{_MAGIC.decode()}\n{identity.wrap(file_key)}-> {_OURS} {words}\n\n---".encode()
    return text + b" " + _b64(_mac(file_key, text)).encode() + b"\n"


def _parsed(source: BinaryIO) -> _Header:
    """Read the header; the file's beginning is its own, wherever the file stands."""
    source.seek(0)
    head = source.read(_HEADER_MOST_BYTES)
    before, found, rest = head.partition(b"\n--- ")
    mac_text, ends, _ = rest.partition(b"\n")
    lines = before.split(b"\n")
    if not found or not ends or lines[0] != _MAGIC:
        raise DamagedError("it has no header of age")
    stanzas: list[tuple[tuple[str, ...], bytes]] = []
    words: tuple[str, ...] = ()
    body: list[bytes] = []
    for line in lines[1:]:
        if not words:
            words, body = _arguments(line), []
            continue
        body.append(line)
        if len(line) < 64:  # a stanza ends with its first line that is not full
            stanzas.append((words, _unb64(b"".join(body))))
            words = ()
    if words:
        raise DamagedError("its header is cut off")
    return _Header(
        stanzas=tuple(stanzas),
        under_mac=before + b"\n---",
        mac=_unb64(mac_text),
        length=len(before) + len(found) + len(mac_text) + 1,
    )


def _arguments(line: bytes) -> tuple[str, ...]:
    first, *words = line.split(b" ")
    if first != b"->" or not words or not all(words):
        raise DamagedError("its header is none of age")
    try:
        return tuple(word.decode("ascii") for word in words)
    except UnicodeDecodeError:
        raise DamagedError("its header is none of age") from None


def _file_key(header: _Header, identities: Sequence[Identity], bound_to: str) -> bytes:
    file_key = _unwrapped(header, identities)
    if file_key is None:
        raise LockedError("it is encrypted for another key")
    if not hmac.compare_digest(_mac(file_key, header.under_mac), header.mac):
        raise DamagedError("its header was changed")
    if header.bound_to != bound_to:
        raise DamagedError(f"it is the recording of {header.bound_to}")
    return file_key


def _unwrapped(header: _Header, identities: Sequence[Identity]) -> bytes | None:
    for words, body in header.stanzas:
        if words[0] != _X25519 or len(words) != 2 or len(body) != _FILE_KEY_BYTES + TAG_BYTES:
            continue
        share = _unb64(words[1].encode())
        for identity in identities:
            if len(share) == _KEY_BYTES and (found := identity.unwrap(share, body)):
                return found
    return None


def _mac(file_key: bytes, text: bytes) -> bytes:
    return hmac.digest(_derived(file_key, salt=b"", info=b"header"), text, hashlib.sha256)


def _payload_key(file_key: bytes, nonce: bytes) -> bytes:
    return _derived(file_key, salt=nonce, info=b"payload")


def _derived(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=salt, info=info).derive(secret)


def _chunk_nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _unb64(text: bytes) -> bytes:
    """Only the one spelling that a text of Base64 has counts."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise DamagedError("its header is none of age") from None
    if _b64(data).encode() != text:
        raise DamagedError("its header is none of age")
    return data
