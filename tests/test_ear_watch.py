"""A damaged model is told of, and its recogniser is started again when it is back."""

import shutil
from pathlib import Path

import pytest

from sipbot.config import Speech
from sipbot.ear_watch import EarWatch, models_of
from sipbot.speech.client import SpeechClient
from tests.model_samples import FILES, catalog, files_source, install_m, stock
from tests.shelf import running_shelf

ON = Speech()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    with running_shelf() as shelf:
        stock(shelf)
        install_m(catalog(tmp_path, files_source(shelf.url)), tmp_path / "models")
    return tmp_path / "models"


class Told(list[str | None]):
    """What was told of the alert."""

    remedy = ""

    def __call__(self, alert: str, problem: str | None, remedy: str = "") -> None:
        self.append(problem)
        if problem is not None:
            self.remedy = remedy


async def test_damaged_model_raises_an_alert_that_is_cleared_when_it_is_back(
    models: Path,
) -> None:
    told = Told()
    live = SpeechClient("live", models_of(models, ON), lambda _: None)
    watch = EarWatch(models, ON, [live], lambda: (), told)
    await watch.look()
    (models / "m" / "model.bin").write_bytes(b"cut")
    await watch.look()
    (models / "m" / "model.bin").write_bytes(FILES["model.bin"])

    await watch.look()

    assert [None, "model m is damaged: a file is missing or cut off", None] == told
    assert "sipbot models install m; the other ear hears until then" == told.remedy


async def test_recogniser_is_given_a_model_that_has_come(models: Path, tmp_path: Path) -> None:
    aside = shutil.move(models / "m", tmp_path / "m")
    live = SpeechClient("live", models_of(models, ON), lambda _: None)
    watch = EarWatch(models, ON, [live], lambda: (), Told())
    await watch.look()
    shutil.move(aside, models / "m")

    await watch.look()

    assert ["m"] == [model.name for model in live.models]
