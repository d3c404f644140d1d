"""Whether a model is still what was installed, found out in microseconds when nothing has changed.

Hashing is the proof and takes a second of processor for each GB (0.14 s for 148 MB, measured), too
long for a recogniser that is to be back within a second after a crash.  So a proof is kept beside
the model: size, time of change and inode of every file that was hashed.  As long as these stay,
the hashes are not asked again; ``sipbot doctor --deep`` always asks them.
"""

import tempfile
from pathlib import Path

import msgspec
import structlog

from sipbot.errors import ModelError
from sipbot.models import MARKER, PROOF, Marker, read_marker, verify

_log = structlog.get_logger()


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was when it was hashed; enough to notice that it was written to."""

    bytes: int
    changed_ns: int
    inode: int


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    tree_sha256: str
    """The marker's, so that a model that was installed anew is hashed anew."""
    files: dict[str, _Seen]


def prove(folder: Path) -> None:
    """Hold a model against the hashes of its installation; cheap when it was done before.

    A folder that sipbot has not installed has no hashes and is left to its engine.

    Args:
        folder: the model's.

    Raises:
        ModelError: a file is missing, changed or added.
    """
    if not (folder / MARKER).exists():
        if not folder.is_dir():
            raise ModelError(
                f"{folder}: model {folder.name} is missing. "
                f"Remedy: sipbot models install {folder.name}"
            )
        return
    marker = read_marker(folder)
    proof = _read(folder)
    if proof is not None and marker is not None and proof == _seen(folder, marker):
        return
    _write(folder, _seen(folder, verify(folder.parent, folder.name)))


def _seen(folder: Path, marker: Marker) -> _Proof | None:
    """Return what the model's files are now; None when one is missing."""
    files = {}
    for file in marker.files:
        try:
            found = (folder / file).stat()
        except OSError:
            return None
        files[file] = _Seen(bytes=found.st_size, changed_ns=found.st_ctime_ns, inode=found.st_ino)
    return _Proof(tree_sha256=marker.tree_sha256, files=files)


def _read(folder: Path) -> _Proof | None:
    try:
        return msgspec.json.decode((folder / PROOF).read_bytes(), type=_Proof)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.info("model is hashed again", model=folder.name, problem=str(error))
        return None


def _write(folder: Path, proof: _Proof | None) -> None:
    """Keep a proof; where the folder may not be written, hashing is repeated at every start."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=PROOF, delete=False) as file:
            file.write(msgspec.json.encode(proof))
        Path(file.name).replace(folder / PROOF)
    except OSError as error:
        _log.info("proof of a model cannot be kept", model=folder.name, problem=error.strerror)
