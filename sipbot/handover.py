"""What a hand-over bundle says of itself, and what may stand in one.  Pure.

A bundle carries one client from one site to another: an age-encrypted tar of open forms with a
signed manifest.  docs/handover.md describes the form for those who read it without sipbot.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from sipbot.errors import HandoverError

SCHEMA = 1
"""Of the bundle; another number is refused, never guessed at."""

FOLDER = "handover"
"""Everything in the tar is below it, so that unpacking by hand makes one folder."""

MANIFEST, SIGNATURE, SUMS = "manifest.json", "manifest.json.sig", "SHA256SUMS"
KEY, README, COVERAGE, CONSENT, BASELINE = (
    "site.pub.pem",
    "README.txt",
    "coverage.json",
    "consent.json",
    "baseline.json",
)
CALLS, PLANS, RESOLVED = "calls.jsonl", "dialplan", "dialplan/resolved.toml"
VOCABULARY, CARD, ROTA, PROMPT_TEXTS = "vocabulary.json", "card.json", "rota.json", "prompts.json"

Scope = Literal["memos", "history", "audio"]
SCOPES: tuple[Scope, ...] = ("memos", "history", "audio")
"""What a consent may allow beyond the client's own file, prompts and words: the open memos, all
calls and closed memos, the recordings of the memos that go."""

PATH_CHARS = 200
FILES_MAX = 500_000
MANIFEST_BYTES = 256 << 20
"""What a manifest of `FILES_MAX` files has at most, at 500 bytes each."""

_PART = re.compile(r"\w[\w.\-]*")


class FileFact(msgspec.Struct, frozen=True):
    """One file of a bundle."""

    path: str
    """Below `FOLDER`, parts joined by ``/``."""
    bytes: int
    sha256: str
    """In hex."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle is and holds."""

    schema: int
    id: str
    """UUIDv7; a bundle is taken in once."""
    client: str
    say_name: str
    site: str
    """That gives the client away."""
    region: str
    """Whose national numbers its dialplan means."""
    made_at: str
    """UTC, RFC 3339."""
    sipbot: str
    """Version that made it."""
    scope: tuple[Scope, ...]
    recipient: str
    """Who takes the client over, as the consent names them."""
    to: str
    """The key for which the bundle was locked (age's recipient): signed, so that nobody who may
    open it can lock it anew for somebody else."""
    missing: tuple[str, ...] = ()
    """Ids of memos whose recording was not there, or was not what the memo says."""
    files: tuple[FileFact, ...]
    """In the order of the tar; neither this manifest, nor its signature, nor the sums."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has allowed, or does not allow any more."""

    client: str
    kind: Literal["given", "withdrawn"]
    by: str
    """Who said so at the client's."""
    on: str
    """The date of the document, ISO 8601."""
    scope: tuple[Scope, ...]
    recipient: str
    document: str
    """Where the signed paper is."""
    sha256: str | None
    """Of the document; None where it is no file of this machine."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """What left this site, to whom, by which right."""

    kind: str
    """``export``: a bundle was made; ``accepted``: who took the client over has said so;
    ``report``: the client got a report."""
    client: str
    by: str
    recipient: str
    basis: str
    what: str
    sha256: str
    """Of the file that was handed over."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What one bundle has brought to this site; a roll-back takes out exactly this."""

    id: str
    client: str
    site: str
    sha256: str
    """Of the manifest."""
    calls: tuple[str, ...]
    memos: dict[str, int]
    """Id → revision as it was taken in."""
    files: dict[str, str]
    """Path below the folder of dialplans → SHA-256."""


def decode(content: bytes) -> Manifest:
    """Read a manifest and make sure that it can be relied on to be one.

    Raises:
        HandoverError: it is of another schema, or names what may not be in a bundle.
    """
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HandoverError(f"{MANIFEST}: is not one of a bundle: {error}") from error
    if found.schema != SCHEMA:
        raise HandoverError(
            f"{MANIFEST}: schema = {found.schema}: this sipbot reads schema {SCHEMA}. Ask for a "
            "bundle of that schema, or use the release that made this one"
        )
    if len(found.files) > FILES_MAX:
        raise HandoverError(f"{MANIFEST}: names {len(found.files)} files; {FILES_MAX} are allowed")
    seen: set[str] = set()
    for one in found.files:
        check_path(one.path)
        if one.path in seen or one.path in (MANIFEST, SIGNATURE, SUMS):
            raise HandoverError(f"{MANIFEST}: {one.path} stands there twice")
        if one.bytes < 0 or not re.fullmatch(r"[0-9a-f]{64}", one.sha256):
            raise HandoverError(f"{MANIFEST}: {one.path}: size or SHA-256 is none")
        seen.add(one.path)
    _check_names(found)
    return found


def check_path(path: str) -> None:
    """Make sure that a path stays below the bundle's folder and means one file everywhere.

    Raises:
        HandoverError: it does not.
    """
    parts = path.split("/")
    if len(path.encode()) > PATH_CHARS or not all(_PART.fullmatch(part) for part in parts):
        raise HandoverError(
            f"{path!r}: is no path of a bundle. Each part begins with a letter or digit and has "
            f"letters, digits, dots and hyphens only, {PATH_CHARS} bytes together; rename the file"
        )


def sums(files: Sequence[FileFact]) -> bytes:
    """Return what ``sha256sum -c`` reads."""
    return "".join(f"{one.sha256}  {one.path}\n" for one in files).encode()


def fingerprint(public_key: bytes) -> str:
    """Return the name of a key that people compare over the telephone.

    Args:
        public_key: the 32 bytes of Ed25519.
    """
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return "-".join(digest[place : place + 4] for place in range(0, 32, 4))


def _check_names(found: Manifest) -> None:
    ids = (("client", found.client), ("site", found.site), ("id", found.id))
    for name, value in ids:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value):
            raise HandoverError(f"{MANIFEST}: {name} = {value!r}: is no id")
