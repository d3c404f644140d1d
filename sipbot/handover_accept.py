"""The taking site's word that it accepts a client as the parity report says, signed.

Data path: parity report -> [handover_accept] -> FILE -> the giving site's ledger

The file is JSON; ``acceptance`` is a text, so that its bytes are those that were signed.
"""

import base64
import binascii

import msgspec

from sipbot.errors import HandoverError
from sipbot.handover_parity import Item
from sipbot.seal import Keys, check_signature

SCHEMA = 1


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was accepted, by whom."""

    schema: int = SCHEMA
    bundle: str
    manifest_sha256: str
    client: str
    giver: str
    taker: str
    by: str
    at: str
    """UTC, RFC 3339."""
    hours_lost: float | None
    hours_gained: float | None
    differences: tuple[Item, ...]
    """Everything of the report that is not the same."""


class _File(msgspec.Struct, frozen=True):
    acceptance: str
    signature: str
    """Base64."""
    key: str
    """PEM."""


def encode(acceptance: Acceptance, keys: Keys) -> bytes:
    """Return the file, signed by this site.

    Raises:
        HandoverError: this site has no keys.
    """
    said = msgspec.json.format(msgspec.json.encode(acceptance), indent=1).decode()
    file = _File(
        acceptance=said,
        signature=base64.b64encode(keys.sign(said.encode())).decode(),
        key=keys.public_pem.decode(),
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def decode(content: bytes) -> tuple[Acceptance, str]:
    """Return what was accepted, and the fingerprint of who signed it.

    Raises:
        HandoverError: it is no acceptance, or was changed.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
        signature = base64.b64decode(file.signature, validate=True)
        signer = check_signature(file.acceptance.encode(), signature, file.key.encode())
        found = msgspec.json.decode(file.acceptance, type=Acceptance)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error) as error:
        raise HandoverError(f"is no acceptance of sipbot: {error}. Ask for it again") from error
    if found.schema != SCHEMA:
        raise HandoverError(f"schema = {found.schema}: this sipbot reads schema {SCHEMA}")
    return found, signer
