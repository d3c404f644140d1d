"""The catalogue, and what counts as installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sipbot.errors import ModelError, UsageError
from sipbot.models import Archive, Catalog, InstalledModel, Package, installed, tree_sha256, verify
from tests.model_samples import FILES, catalog, files_source, install_m, sha256, stock
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


def test_own_catalogue_can_be_read() -> None:
    assert {"ja", "en", "ko"} <= Catalog.load().languages.keys()


@pytest.mark.parametrize("name", sorted(Catalog.load().models))
def test_own_catalogue_pins_agree_with_each_other(name: str) -> None:
    model = Catalog.load().models[name]
    if model.tree_sha256:
        assert model.tree_sha256 == tree_sha256(model.files)
    assert sum(pin.bytes for pin in model.files.values()) <= model.unpacked_max_bytes


def test_own_catalogue_recommends_only_models_that_speak_the_language() -> None:
    known = Catalog.load()
    strangers = [
        (language, name)
        for language, ears in known.languages.items()
        for name in (*ears.live, *ears.second)
        if language not in known.models[name].languages
    ]

    assert [] == strangers


def test_own_catalogue_uses_only_https() -> None:
    sources = [source for model in Catalog.load().models.values() for source in model.sources]
    urls = [source.url for source in sources if not isinstance(source, Package)]
    urls += [source.list_url for source in sources if isinstance(source, Archive)]

    assert [] == [url for url in urls if url and not url.startswith("https://")]


@pytest.mark.parametrize(
    ("sources", "problem"),
    [
        ("", "source"),
        ("source = []", "has no source"),
        ('[[model.m.source]]\nkind = "archive"\nurl = "https://x/m.zip"', "neither hash"),
        ('[[model.m.source]]\nkind = "torrent"\nurl = "x"', "torrent"),
        ('[[model.m.source]]\nkind = "files"\nurl = "https://x"', "sha256 of every file"),
        ('[[model.m.source]]\nkind = "files"\nuri = "https://x"', "uri"),
    ],
)
def test_catalogue_with_a_mistake_is_refused(tmp_path: Path, sources: str, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        catalog(tmp_path, sources, files=False)


def test_catalogue_with_an_unknown_recommendation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"language\.ja names unknown model 'n'"):
        catalog(
            tmp_path, files_source("https://x"), ears='[language.ja]\nlive = ["n"]\nsecond = []'
        )


def test_find_of_a_misspelt_model_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'faster-whisper-base'"):
        Catalog.load().find("faster-wisper-base")


def test_installed_names_path_engine_and_languages(whole: Catalog, models_dir: Path) -> None:
    expected = InstalledModel(name="m", engine="vosk", languages=("ja",), path=models_dir / "m")

    assert (expected,) == installed(models_dir)


def test_installed_in_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert () == installed(tmp_path / "gone")


@pytest.mark.parametrize("file", ["sipbot-model.json", "model.bin"])
def test_installed_without_a_file_does_not_count(
    whole: Catalog, models_dir: Path, file: str
) -> None:
    (models_dir / "m" / file).unlink()

    assert () == installed(models_dir)


def test_installed_with_a_marker_that_cannot_be_read_does_not_count(
    whole: Catalog, models_dir: Path
) -> None:
    (models_dir / "m" / "sipbot-model.json").write_text("{")

    assert () == installed(models_dir)


def test_verify_of_a_changed_file_names_it_and_both_hashes(
    whole: Catalog, models_dir: Path
) -> None:
    same_size = b"W" * len(FILES["model.bin"])
    (models_dir / "m" / "model.bin").write_bytes(same_size)

    with pytest.raises(ModelError) as error:
        verify(models_dir, "m")
    expected = sha256(FILES["model.bin"])
    assert f"model.bin: SHA-256 {sha256(same_size)}, expected {expected}" in str(error.value)


def test_verify_of_an_added_file_names_it(whole: Catalog, models_dir: Path) -> None:
    (models_dir / "m" / "added").write_bytes(b"")

    with pytest.raises(ModelError, match="added: does not belong to the model"):
        verify(models_dir, "m")


def test_verify_of_a_forged_marker_fails_by_the_catalogue(whole: Catalog, models_dir: Path) -> None:
    forged = b"W" * len(FILES["model.bin"])
    (models_dir / "m" / "model.bin").write_bytes(forged)
    marker = models_dir / "m" / "sipbot-model.json"
    marker.write_text(marker.read_text().replace(sha256(FILES["model.bin"]), sha256(forged)))

    with pytest.raises(ModelError, match=r"model\.bin: SHA-256"):
        verify(models_dir, "m", whole.find("m"))


def test_verify_of_a_model_that_is_not_installed_says_how_to(models_dir: Path) -> None:
    with pytest.raises(ModelError, match="Remedy: sipbot models install m"):
        verify(models_dir, "m")
