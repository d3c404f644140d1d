"""A tiny model ``m``, as files, as an archive and in a catalogue of its own."""

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

from sipbot.install import install
from sipbot.models import Catalog, InstalledModel
from tests.shelf import Shelf

FILES = {"model.bin": b"weights" * 1000, "conf/mfcc.conf": b"--sample-frequency=16000\n"}


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


ARCHIVE = zipped({f"the-model/{name}": body for name, body in FILES.items()})


def catalog(folder: Path, sources: str, *, files: bool = True, ears: str = "") -> Catalog:
    """A catalogue with one model, ``m``; `sources` is TOML."""
    pins = "".join(
        f'"{name}" = {{ bytes = {len(body)}, sha256 = "{sha256(body)}" }}\n'
        for name, body in FILES.items()
    )
    path = folder / "catalog.toml"
    path.write_text(
        f'schema = 1\n[language]\n{ears}\n[model.m]\nengine = "vosk"\nlanguages = ["ja"]\n'
        f'licence = "MIT"\nunpacked_max_bytes = 100000\n'
        f"{'[model.m.files]' if files else ''}\n{pins if files else ''}\n{sources}"
    )
    return Catalog.load(path)


def archive_source(url: str, body: bytes = ARCHIVE) -> str:
    md5 = hashlib.md5(body).hexdigest()
    return (
        f'[[model.m.source]]\nkind = "archive"\nurl = "{url}"\nbytes = {len(body)}\nmd5 = "{md5}"\n'
    )


def files_source(url: str) -> str:
    return f'[[model.m.source]]\nkind = "files"\nurl = "{url}/{{file}}"\n'


def quiet(what: str, done_bytes: int, total_bytes: int) -> None:
    """Report to nobody."""


def install_m(known: Catalog, models_dir: Path, given: Path | None = None) -> InstalledModel:
    return install(known.find("m"), models_dir, quiet, given=given)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "sipbot-model.json"
    }


def stock(shelf: Shelf) -> None:
    """Put the archive and the files of ``m`` on a shelf."""
    shelf.files["/m.zip"] = ARCHIVE
    shelf.files |= {f"/{name}": body for name, body in FILES.items()}
