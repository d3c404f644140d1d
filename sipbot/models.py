"""The catalogue of speech models, and which of them are installed.

A model is what its hash says, wherever the bytes come from: an official archive, official files,
a Python package, a folder on a memory stick.  The catalogue (models/catalog.toml) names the hashes
and the sources; install.py brings the bytes; this file says what is there and whether it is whole.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from sipbot.errors import ModelError, UsageError
from sipbot.unpack import safe_parts

Engine = Literal["vosk", "faster-whisper"]

MARKER = "sipbot-model.json"
"""Written last: a folder without it is a half-installed model and does not count."""

PROOF = "sipbot-model.proof"
"""What `model_proof` keeps beside it; names that begin so are no files of the model."""

_CHUNK_BYTES = 1 << 20

_log = structlog.get_logger()


class Pin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file must be."""

    bytes: int
    sha256: str = ""
    md5: str = ""
    """All that some publishers give; proves the transport, not the origin."""


class Archive(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="archive",
    tag_field="kind",
):
    """A zip with the model's files, usually below one top folder."""

    url: str
    bytes: int = 0
    sha256: str = ""
    md5: str = ""
    list_url: str = ""
    """The publisher's model list: gives bytes and md5 at install time when they are not pinned."""


class Files(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="files",
    tag_field="kind",
):
    """The model's files one by one; ``{file}`` in the URL stands for the file's name."""

    url: str


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Python package of a `Package` source."""

    distribution: str
    version: str
    bytes: int
    sha256: str


class Package(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="package",
    tag_field="kind",
):
    """Python packages that carry the model's files."""

    wheels: tuple[Wheel, ...]
    folder: str
    """Where the files are inside the packages."""
    joined: dict[str, tuple[str, ...]] = {}
    """File → the members it is made of, in order, where one package was too small for it."""

    def members(self, file: str) -> tuple[str, ...]:
        """Return the package members which, one after the other, are this file."""
        return self.joined.get(file, (f"{self.folder}/{file}",))


Source = Archive | Files | Package


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the catalogue."""

    name: str
    engine: Engine
    languages: tuple[str, ...]
    bytes: int
    """To be transferred, from the first source; 0 when only the publisher's list says it."""
    licence: str
    unpacked_max_bytes: int
    files: Mapping[str, Pin]
    """Relative path → pin; empty when only the archive is pinned."""
    tree_sha256: str
    sources: tuple[Source, ...]


class Ears(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The models a language wants: the first of each list, or the next where it cannot be had."""

    live: tuple[str, ...]
    second: tuple[str, ...]


class _ModelTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    engine: Engine
    languages: tuple[str, ...] | str
    licence: str
    unpacked_max_bytes: int
    source: tuple[Source, ...]
    files: dict[str, Pin] = {}
    tree_sha256: str = ""


class _CatalogFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: Literal[1]
    model: dict[str, _ModelTable]
    language: dict[str, Ears]
    language_sets: dict[str, tuple[str, ...]] = {}


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Every model sipbot knows how to fetch and verify."""

    models: Mapping[str, Model]
    languages: Mapping[str, Ears]

    @classmethod
    def load(cls, path: Path | None = None) -> "Catalog":
        """Read a catalogue.

        Args:
            path: a catalogue file; without it the one of the checkout (models/catalog.toml), or in
                an installed sipbot the copy that the wheel carries (sipbot/catalog.toml).

        Raises:
            ModelError: the file is missing or is not a catalogue.
        """
        path = path or _own_path()
        try:
            table = msgspec.toml.decode(path.read_bytes(), type=_CatalogFile)
            models = {n: _model(n, t, table.language_sets) for n, t in table.model.items()}
        except (OSError, msgspec.MsgspecError, ModelError) as error:
            raise ModelError(f"{path}: not a model catalogue: {error}") from error
        for language, ears in table.language.items():
            unknown = [name for name in (*ears.live, *ears.second) if name not in models]
            if unknown:
                raise ModelError(f"{path}: language.{language} names unknown model {unknown[0]!r}")
        return cls(models=models, languages=table.language)

    def find(self, name: str) -> Model:
        """Return the model of this name.

        Raises:
            UsageError: there is none; the message names the nearest.
        """
        if name not in self.models:
            near = difflib.get_close_matches(name, [*self.models, *self.languages], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise UsageError(
                f"unknown model or language {name!r}{hint} Models: see sipbot models list. "
                f"Languages: {', '.join(self.languages)}"
            )
        return self.models[name]


class InstalledModel(msgspec.Struct, frozen=True, kw_only=True):
    """A complete model on disk."""

    name: str
    engine: Engine
    languages: tuple[str, ...]
    path: Path


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """sipbot-model.json: what was installed, from where, and what every file was then."""

    schema: Literal[1] = 1
    name: str
    engine: Engine
    languages: tuple[str, ...]
    licence: str
    source: str
    """URL, packages or path the bytes came from."""
    verified: str
    """Which hash they were held against, in words."""
    installed_at: datetime
    tree_sha256: str
    files: dict[str, Pin]


def installed(models_dir: Path) -> tuple[InstalledModel, ...]:
    """Return the complete models below a folder, by name.

    Complete means: the marker is there and every file it names has its size.  Hashes are not read
    here (264 MB take a second); `verify` does that.
    """
    if not models_dir.is_dir():
        return ()
    found = []
    for folder in sorted(models_dir.iterdir()):
        marker = read_marker(folder)
        if marker is not None and not list(_wrong_sizes(folder, marker)):
            found.append(
                InstalledModel(
                    name=marker.name,
                    engine=marker.engine,
                    languages=marker.languages,
                    path=folder,
                )
            )
    return tuple(found)


def read_marker(folder: Path) -> Marker | None:
    """Return the marker of a model's folder, or None when the folder holds no complete model."""
    path = folder / MARKER
    if not path.is_file():
        return None
    try:
        marker = msgspec.json.decode(path.read_bytes(), type=Marker)
        for file in marker.files:
            safe_parts(file)
    except (OSError, msgspec.MsgspecError, ModelError) as error:
        _log.warning("model marker cannot be read", file=str(path), problem=str(error))
        return None
    if marker.name != folder.name:
        _log.warning("model folder was renamed", folder=str(folder), model=marker.name)
        return None
    return marker


def verify(models_dir: Path, name: str, model: Model | None = None) -> Marker:
    """Hash every file of an installed model again and return its marker.

    Args:
        models_dir: where models are installed.
        name: the model.
        model: its catalogue entry, whose pins count besides the marker's.

    Raises:
        ModelError: not installed, or a file is missing, changed or added.
    """
    folder = models_dir / name
    marker = read_marker(folder)
    remedy = f"Remedy: sipbot models install {name}"
    if marker is None:
        raise ModelError(f"{folder}: model {name!r} is not installed. {remedy}")
    now = hash_tree(folder)
    wanted = {**marker.files, **(model.files if model else {})}
    problems = [f"{file}: missing" for file in wanted if file not in now]
    problems += [f"{file}: does not belong to the model" for file in now if file not in wanted]
    problems += [
        f"{file}: SHA-256 {now[file].sha256}, expected {pin.sha256}"
        for file, pin in wanted.items()
        if file in now and now[file].sha256 != pin.sha256
    ]
    if problems:
        raise ModelError(f"{folder}: damaged model: {'; '.join(problems)}. {remedy}")
    return marker


def hash_tree(folder: Path) -> dict[str, Pin]:
    """Return size and SHA-256 of every file of a model by relative path, but of our own notes."""
    pins = {}
    for path in sorted(folder.rglob("*")):
        ours = path.parent == folder and (path.name == MARKER or path.name.startswith(PROOF))
        if path.is_file() and not ours:
            pins[path.relative_to(folder).as_posix()] = Pin(
                bytes=path.stat().st_size, sha256=hash_file(path, "sha256")
            )
    return pins


def hash_file(path: Path, algorithm: Literal["sha256", "md5"]) -> str:
    """Return the hexadecimal digest of a file."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def tree_sha256(files: Mapping[str, Pin]) -> str:
    """Return one hash for a whole model: SHA-256 of its sorted ``sha256  path`` lines.

    The same as ``find . -type f | sort | xargs sha256sum | sha256sum`` with ``./`` removed.
    """
    lines = "".join(f"{files[path].sha256}  {path}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _own_path() -> Path:
    package = Path(__file__).parent
    in_checkout = package.parent / "models" / "catalog.toml"
    return in_checkout if in_checkout.is_file() else package / "catalog.toml"


def _model(name: str, table: _ModelTable, sets: Mapping[str, tuple[str, ...]]) -> Model:
    languages = table.languages
    if isinstance(languages, str):
        if languages not in sets:
            raise ModelError(f"model.{name}.languages = {languages!r} is not in language_sets")
        languages = sets[languages]
    for path in (name, *table.files):
        safe_parts(path)
    _check_sources(name, table)
    return Model(
        name=name,
        engine=table.engine,
        languages=languages,
        bytes=_transfer_bytes(table.source[0], table.files),
        licence=table.licence,
        unpacked_max_bytes=table.unpacked_max_bytes,
        files=table.files,
        tree_sha256=table.tree_sha256,
        sources=table.source,
    )


def _check_sources(name: str, table: _ModelTable) -> None:
    if not table.source:
        raise ModelError(f"model.{name} has no source")
    for source in table.source:
        if isinstance(source, Archive):
            if not (source.list_url or (source.bytes and (source.sha256 or source.md5))):
                raise ModelError(f"model.{name}: {source.url} has neither hash nor list_url")
        elif not table.files or not all(pin.sha256 for pin in table.files.values()):
            raise ModelError(f"model.{name}.files must give the sha256 of every file")


def _transfer_bytes(source: Source, files: Mapping[str, Pin]) -> int:
    match source:
        case Archive():
            return source.bytes
        case Files():
            return sum(pin.bytes for pin in files.values())
        case Package():
            return sum(wheel.bytes for wheel in source.wheels)


def _wrong_sizes(folder: Path, marker: Marker) -> Iterator[str]:
    for file, pin in marker.files.items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != pin.bytes:
            _log.warning("model is incomplete", model=marker.name, file=str(path))
            yield file
