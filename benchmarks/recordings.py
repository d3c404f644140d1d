"""Recordings with what is said in them, from a folder's manifest."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sipbot.errors import SipbotError

OWN = Path(__file__).parent / "recordings.toml"
"""What comes with sipbot."""

MANIFEST = "manifest.toml"

REGIONS = {"ja": "JP", "en": "US", "ko": "KR"}
"""Whose national numbers are meant when a manifest does not say."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """One recording and what is said in it."""

    id: str
    language: str
    narrow: Path
    """8 kHz."""
    wide: Path | None
    """The same take in 16 kHz, where there is one."""
    forms: tuple[str, ...]
    """What is said, as people write it and as it is spoken; a text is held to the nearer one."""
    phone: str
    """The telephone number that is said, E.164; empty when none is."""
    region: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; a manifest may say more, which is nothing to us."""

    id: str
    kind: str
    file_8k: str
    language: str = ""
    file_16k: str = ""
    text: str = ""
    written: str = ""
    phone_e164: str = ""
    phone_region: str = ""


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    file: list[_File]


def references(manifest: Path, most: int | None = None) -> list[Reference]:
    """Return the messages of a manifest, by language.

    Args:
        manifest: a TOML file; its audio is found from its folder.
        most: of each language.

    Raises:
        SipbotError: it cannot be read, or names no message with text.
    """
    try:
        read = msgspec.convert(tomllib.loads(manifest.read_text(encoding="utf-8")), _Manifest)
    except (OSError, ValueError) as error:  # both decoders' errors are ValueErrors
        raise SipbotError(f"{manifest}: cannot be read ({error})") from error
    messages = [one for one in read.file if one.kind == "message" and one.written]
    if not messages:
        raise SipbotError(f"{manifest}: names no file with kind = 'message' and `written`")
    languages = dict.fromkeys(one.language for one in messages)
    return [
        _reference(one, manifest.parent.absolute())
        for language in languages
        for one in _first([each for each in messages if each.language == language], most)
    ]


def _first(files: Sequence[_File], most: int | None) -> Sequence[_File]:
    """Return so many, those with a number first: they can go wrong in more ways."""
    return sorted(files, key=lambda one: not one.phone_e164)[:most]


def _reference(one: _File, folder: Path) -> Reference:
    return Reference(
        id=one.id,
        language=one.language,
        narrow=folder / one.file_8k,
        wide=folder / one.file_16k if one.file_16k else None,
        forms=tuple(dict.fromkeys(filter(None, (one.written, one.text)))),
        phone=one.phone_e164,
        region=one.phone_region or REGIONS.get(one.language, "US"),
    )
