"""Japanese is read by a real engine, and without it nothing is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import kana, voices
from sipbot.errors import PromptError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which pyopenjtalk is not installed."""
    kana._engine.cache_clear()
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    yield
    kana._engine.cache_clear()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("佐藤", "サトウ"),
        ("株式会社やまと工業", "カブシキガイシャヤマトコウギョウ"),
        ("ﾔﾏﾄ工業", "ヤマトコウギョウ"),
        ("、。 😀", ""),
        ("", ""),
    ],
)
def test_japanese_is_read_in_katakana_alone(text: str, read: str) -> None:
    assert read == kana.reading(text)


def test_same_sound_in_other_kanji_has_the_same_reading() -> None:
    assert kana.reading("山田電機") == kana.reading("山田電気")


@given(st.text(max_size=30))
def test_whatever_an_ear_writes_is_read_or_left_out(text: str) -> None:
    read = kana.reading(text)
    assert read is not None
    assert all("ァ" <= letter <= "ヺ" or letter == "ー" for letter in read)


def test_kanji_that_the_engine_does_not_know_is_survived_without_the_second_dictionary() -> None:
    program = (
        "import sys; sys.modules['sudachidict_core'] = None\n"
        "from sipbot import kana; print(kana.reading('囧さんと佐藤'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.strip().endswith("サントサトウ")


def test_readings_are_there_where_the_tests_run() -> None:
    assert kana.reading_is_there()


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_there_is_no_reading() -> None:
    assert kana.reading("佐藤") is None


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_its_voice_names_the_command_that_installs_it() -> None:
    with pytest.raises(PromptError, match=r"'\.\[tts-light\]'"):
        kana.speak("佐藤", 1.0)


def test_voice_of_the_engine_speaks() -> None:
    samples, rate_hz = voices.speak(voices.choose("ja", "open-jtalk"), "はい、もしもし。", "ja")
    assert 0.5 < len(samples) / rate_hz < 3
