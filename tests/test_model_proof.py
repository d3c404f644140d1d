"""A model is what was installed, and that is found out without hashing it every time."""

import os
from pathlib import Path

import pytest

from sipbot import models
from sipbot.errors import ModelError
from sipbot.model_proof import prove
from sipbot.models import Marker
from sipbot.speech.ears import ModelRef
from sipbot.speech.loading import load
from tests.model_samples import FILES, catalog, files_source, install_m, stock
from tests.shelf import running_shelf


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An installed model, proven once."""
    with running_shelf() as shelf:
        stock(shelf)
        found = install_m(catalog(tmp_path, files_source(shelf.url)), tmp_path / "models")
    prove(found.path)
    return found.path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that are hashed from here on."""
    names: list[str] = []

    def verify(models_dir: Path, name: str) -> Marker:
        names.append(name)
        return real(models_dir, name)

    real = models.verify
    monkeypatch.setattr("sipbot.model_proof.verify", verify)
    return names


def test_model_that_nobody_touched_is_not_hashed_again(model: Path, hashed: list[str]) -> None:
    prove(model)

    assert [] == hashed


def test_model_with_an_unreadable_proof_is_hashed_again(model: Path, hashed: list[str]) -> None:
    (model / "sipbot-model.proof").write_bytes(b"{")

    prove(model)

    assert ["m"] == hashed


@pytest.mark.parametrize("damage", ["cut off", "same size", "missing"])
def test_damaged_model_is_refused_with_its_remedy(model: Path, damage: str) -> None:
    path = model / "model.bin"
    whole = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(whole[:-10] + (b"0123456789" if damage == "same size" else b""))
        os.utime(path, ns=(0, 0))

    with pytest.raises(ModelError, match=r"model\.bin: .*Remedy: sipbot models install m"):
        prove(model)


def test_language_whose_first_model_is_damaged_gets_the_next_one(
    model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    models = [
        ModelRef(name=path.name, engine="vosk", languages=("ja",), path=str(path))
        for path in (model, other)
    ]
    (model / "model.bin").write_bytes(FILES["model.bin"][:7])

    loaded = load(models, "live", lambda made: made.name)

    assert {"ja": "other"} == loaded.names
    assert ["m"] == list(loaded.problems)
    assert "model.bin" in loaded.problems["m"]
