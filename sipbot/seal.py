"""The keys of a site, and what they do: sign, check a signature, lock a file for one site, open it.

Data path: [seal] -> var/keys

Signatures are Ed25519 (RFC 8032), written as ``openssl pkeyutl -verify -rawin`` reads them; locks
are age's (age-encryption.org/v1), X25519, which the programs age and rage open.  Both libraries are
loaded by the commands that need them, never by the process that leads calls.
"""

import os
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sipbot.disk import sync_folder
from sipbot.errors import HandoverError
from sipbot.handover import fingerprint

FOLDER = "keys"
"""Below ``var``."""
SIGNING, IDENTITY = "signing.pem", "handover.agekey"
PUBLIC = "signing.pub.pem"


class Keys:
    """The two pairs of keys of one site.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> bool:
        """Make what is missing; tell whether anything was.

        Raises:
            HandoverError: the folder cannot be written.
        """
        made = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (self.folder / SIGNING).exists():
                made = True
                self._make_signing()
            if not (self.folder / IDENTITY).exists():
                made = True
                identity = pyrage.x25519.Identity.generate()
                words = f"# public key: {identity.to_public()}\n{identity}\n"
                _write(self.folder / IDENTITY, words.encode())
        except OSError as error:
            raise HandoverError(f"{self.folder}: cannot be written: {error.strerror}") from error
        return made

    def sign(self, content: bytes) -> bytes:
        """Return the 64 bytes of this site's signature.

        Raises:
            HandoverError: there is no key.
        """
        return self._signing().sign(content)

    @property
    def public_pem(self) -> bytes:
        """This site's public key of signatures, as PEM."""
        return _pem(self._signing().public_key())

    @property
    def recipient(self) -> str:
        """What others lock bundles for this site with: ``age1...``."""
        return str(self._identity().to_public())

    def open(self, sealed: Path, clear: Path) -> None:
        """Open a file that was locked for this site.

        Raises:
            HandoverError: it was locked for somebody else, or changed.
        """
        identity = self._identity()
        os.close(os.open(clear, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            pyrage.decrypt_file(str(sealed), str(clear), [identity])
        except (pyrage.DecryptError, OSError) as error:
            clear.unlink(missing_ok=True)
            raise HandoverError(
                f"{sealed}: cannot be opened with {self.folder / IDENTITY}: {error}. Was it made "
                f"for this site, with --to {identity.to_public()}? Else it was changed on its way: "
                "ask for it again"
            ) from error

    def _make_signing(self) -> None:
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _write(self.folder / SIGNING, private)
        _write(self.folder / PUBLIC, _pem(key.public_key()))

    def _signing(self) -> Ed25519PrivateKey:
        path = self.folder / SIGNING
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except FileNotFoundError:
            raise self._none_yet() from None
        except (OSError, ValueError, TypeError) as error:
            raise HandoverError(f"{path}: is no private key: {error}. Restore it") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise HandoverError(f"{path}: is no key of Ed25519. Restore it from your backup")
        return key

    def _identity(self) -> pyrage.x25519.Identity:
        path = self.folder / IDENTITY
        try:
            lines = path.read_text(encoding="ascii").splitlines()
            secret = next(line for line in lines if line and not line.startswith("#"))
            return pyrage.x25519.Identity.from_str(secret)
        except FileNotFoundError:
            raise self._none_yet() from None
        except (OSError, ValueError, StopIteration, pyrage.IdentityError) as error:
            raise HandoverError(f"{path}: is no identity of age. Restore it") from error

    def _none_yet(self) -> HandoverError:
        return HandoverError(f"{self.folder}: this site has no keys yet. Run: sipbot client key")


def check_signature(content: bytes, signature: bytes, public_pem: bytes) -> str:
    """Make sure that a key has signed this; return the key's fingerprint.

    Raises:
        HandoverError: it has not.
    """
    key = _public(public_pem)
    try:
        key.verify(signature, content)
    except InvalidSignature:
        raise HandoverError(
            "the signature does not belong to what was signed: it was changed. Ask for it again"
        ) from None
    return _fingerprint(key)


def fingerprint_of(public_pem: bytes) -> str:
    """Return the fingerprint of a public key.

    Raises:
        HandoverError: it is none of Ed25519.
    """
    return _fingerprint(_public(public_pem))


def lock(clear: Path, sealed: Path, recipient: str) -> None:
    """Lock a file so that only the recipient can open it.

    Raises:
        HandoverError: the recipient is none, or the disk refuses.
    """
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise HandoverError(
            f"--to {recipient}: is no recipient of age ({error}). Who takes the client over prints "
            "theirs with: sipbot client key"
        ) from error
    os.close(os.open(sealed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        pyrage.encrypt_file(str(clear), str(sealed), [key])
        with sealed.open("rb") as file:
            os.fsync(file.fileno())
    except (pyrage.EncryptError, OSError) as error:
        raise HandoverError(f"{sealed}: cannot be written: {error}") from error


def _public(pem: bytes) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise HandoverError(f"a public key is no key: {error}. Ask for it again") from error
    if not isinstance(key, Ed25519PublicKey):
        raise HandoverError("a public key is none of Ed25519. Ask for the right one")
    return key


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _fingerprint(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return fingerprint(raw)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
