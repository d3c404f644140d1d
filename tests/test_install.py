"""Installing from every kind of source: archive, files, given paths, packages."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipbot.errors import ModelError, UsageError
from sipbot.install import install, install_language
from sipbot.models import Catalog, Pin, installed, verify
from tests.model_samples import (
    ARCHIVE,
    FILES,
    archive_source,
    catalog,
    content,
    files_source,
    install_m,
    quiet,
    sha256,
    stock,
    zipped,
)
from tests.shelf import Shelf, running_shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with running_shelf() as shelf:
        stock(shelf)
        yield shelf


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def whole(tmp_path: Path, models_dir: Path, shelf: Shelf) -> Catalog:
    """A catalogue whose model is installed."""
    known = catalog(tmp_path, files_source(shelf.url))
    install_m(known, models_dir)
    return known


# -- sources -------------------------------------------------------------------------------------


def test_install_from_an_archive_unpacks_it_without_its_top_folder(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    known = catalog(tmp_path, archive_source(f"{shelf.url}/m.zip"), files=False)

    model = install_m(known, models_dir)
    assert FILES == content(model.path)
    assert ["m"] == [path.name for path in models_dir.iterdir()]


def test_install_from_files_fetches_each(tmp_path: Path, models_dir: Path, shelf: Shelf) -> None:
    known = catalog(tmp_path, files_source(shelf.url))

    assert FILES == content(install_m(known, models_dir).path)


def test_install_with_the_publishers_list_takes_size_and_md5_from_it(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    entry = {"name": "m", "size": len(ARCHIVE), "md5": hashlib.md5(ARCHIVE).hexdigest()}
    shelf.files["/list.json"] = json.dumps([entry]).encode()
    source = (
        f'[[model.m.source]]\nkind = "archive"\nurl = "{shelf.url}/m.zip"\n'
        f'list_url = "{shelf.url}/list.json"'
    )

    assert FILES == content(install_m(catalog(tmp_path, source, files=False), models_dir).path)


def test_install_records_source_hash_kind_and_every_sha256(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    known = catalog(tmp_path, archive_source(f"{shelf.url}/m.zip"), files=False)
    install_m(known, models_dir)

    marker = verify(models_dir, "m")
    pins = {name: Pin(bytes=len(body), sha256=sha256(body)) for name, body in FILES.items()}
    assert pins == marker.files
    assert f"{shelf.url}/m.zip" == marker.source
    assert "MD5 of the archive (publisher's only hash)" == marker.verified


def test_install_after_a_failed_source_takes_the_next(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    sources = archive_source(f"{shelf.url}/gone.zip") + files_source(shelf.url)
    install_m(catalog(tmp_path, sources), models_dir)

    assert verify(models_dir, "m").source == f"{shelf.url}/{{file}}"


def test_install_without_a_working_source_lists_every_failure_and_a_remedy(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    shelf.files["/m.zip"] = b"x" * len(ARCHIVE)
    sources = archive_source(f"{shelf.url}/m.zip") + files_source(f"{shelf.url}/gone")

    with pytest.raises(ModelError) as error:
        install_m(catalog(tmp_path, sources), models_dir)
    told = str(error.value)
    assert f"m.zip: expected MD5 {hashlib.md5(ARCHIVE).hexdigest()}, got " in told
    assert f"{shelf.url}/gone/model.bin: the server answers 404" in told
    assert "sipbot models install m --from PATH" in told


def test_install_that_failed_does_not_count_as_installed(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    del shelf.files["/conf/mfcc.conf"]
    with pytest.raises(ModelError):
        install_m(catalog(tmp_path, files_source(shelf.url)), models_dir)

    assert () == installed(models_dir)


def test_install_fetches_an_archive_anew_that_is_not_the_publishers_any_more(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    """One was kept by a try that failed after it, and the publisher has another by now."""
    kept = models_dir / ".partial-m" / "m.zip"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(len(ARCHIVE)))
    known = catalog(tmp_path, archive_source(f"{shelf.url}/m.zip"), files=False)

    assert FILES == content(install_m(known, models_dir).path)


def test_install_after_a_failure_fetches_only_what_is_missing(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    known = catalog(tmp_path, files_source(shelf.url))
    late = shelf.files.pop("/conf/mfcc.conf")
    with pytest.raises(ModelError):
        install_m(known, models_dir)
    shelf.files["/conf/mfcc.conf"] = late
    shelf.seen.clear()
    install_m(known, models_dir)

    assert ["/conf/mfcc.conf"] == [seen.path for seen in shelf.seen]


def test_install_of_an_archive_with_a_file_too_many_is_refused(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    body = shelf.files["/m.zip"] = zipped({**FILES, "evil.py": b""})

    with pytest.raises(ModelError, match=r"evil\.py does not belong to m"):
        install_m(catalog(tmp_path, archive_source(f"{shelf.url}/m.zip", body)), models_dir)


def test_install_of_an_archive_with_its_own_marker_is_refused(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    body = shelf.files["/m.zip"] = zipped({**FILES, "sipbot-model.json": b"{}"})
    known = catalog(tmp_path, archive_source(f"{shelf.url}/m.zip", body), files=False)

    with pytest.raises(ModelError, match="only sipbot may write"):
        install_m(known, models_dir)


def test_install_of_a_hostile_archive_writes_nothing_outside(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    body = shelf.files["/m.zip"] = zipped({"top/x": b"", "../../../escaped": b"x"})
    known = catalog(tmp_path, archive_source(f"{shelf.url}/m.zip", body), files=False)

    with pytest.raises(ModelError, match="unsafe path"):
        install_m(known, models_dir)
    assert [] == list(tmp_path.rglob("escaped"))


def test_install_of_a_whole_model_fetches_nothing(
    whole: Catalog, models_dir: Path, shelf: Shelf
) -> None:
    shelf.seen.clear()
    install_m(whole, models_dir)

    assert [] == shelf.seen


def test_install_of_a_damaged_model_mends_it(whole: Catalog, models_dir: Path) -> None:
    (models_dir / "m" / "model.bin").write_bytes(b"rot")
    install_m(whole, models_dir)

    assert FILES == content(models_dir / "m")


def test_install_where_nothing_can_be_written_names_the_folder(
    tmp_path: Path, shelf: Shelf
) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ModelError, match="choose a folder that can be written"):
        install_m(catalog(tmp_path, files_source(shelf.url)), tmp_path / "file" / "models")


def test_install_beside_another_installation_is_refused(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    known = catalog(tmp_path, files_source(shelf.url))
    problems: list[str] = []

    def meddle(what: str, done_bytes: int, total_bytes: int) -> None:
        with pytest.raises(ModelError) as error:
            install_m(known, models_dir)
        problems.append(str(error.value))

    install(known.find("m"), models_dir, meddle)
    assert "another installation is running there" in problems[0]


# -- --from --------------------------------------------------------------------------------------


def test_install_from_a_given_archive_checks_it(tmp_path: Path, models_dir: Path) -> None:
    known = catalog(tmp_path, archive_source("https://x/m.zip"), files=False)
    (tmp_path / "brought.zip").write_bytes(ARCHIVE)

    assert FILES == content(install_m(known, models_dir, tmp_path / "brought.zip").path)


def test_install_from_a_given_wrong_archive_is_refused(tmp_path: Path, models_dir: Path) -> None:
    known = catalog(tmp_path, archive_source("https://x/m.zip"), files=False)
    (tmp_path / "brought.zip").write_bytes(ARCHIVE[:-1] + b"x")

    with pytest.raises(ModelError, match="expected MD5"):
        install_m(known, models_dir, tmp_path / "brought.zip")


def test_install_from_a_given_folder_takes_the_files_of_the_model(
    tmp_path: Path, models_dir: Path
) -> None:
    known = catalog(tmp_path, files_source("https://x"))
    for name, body in {**FILES, "notes.txt": b"mine"}.items():
        path = tmp_path / "brought" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    assert FILES == content(install_m(known, models_dir, tmp_path / "brought").path)


def test_install_from_a_given_folder_without_hashes_is_refused(
    tmp_path: Path, models_dir: Path
) -> None:
    known = catalog(tmp_path, archive_source("https://x/m.zip"), files=False)

    with pytest.raises(ModelError, match="give the archive itself"):
        install_m(known, models_dir, tmp_path)


def test_install_from_a_path_that_is_not_there_is_a_usage_error(
    tmp_path: Path, models_dir: Path
) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        install_m(catalog(tmp_path, files_source("https://x")), models_dir, tmp_path / "gone")


# -- languages -----------------------------------------------------------------------------------

EARS = '[language.ja]\nlive = ["m"]\nsecond = ["m"]'


def test_install_language_without_any_source_misses_both_ears(
    tmp_path: Path, models_dir: Path, shelf: Shelf
) -> None:
    known = catalog(tmp_path, files_source(f"{shelf.url}/gone"), ears=EARS)

    result = install_language(known, "ja", models_dir, quiet)
    assert ["live", "second"] == sorted(result.missing)
    assert {} == result.installed
