"""The prompts and sample callers that sipbot ships are what their manifests say."""

import hashlib
import math
import tomllib
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pytest
from numpy.typing import NDArray

from sipbot.wav import check_prompt

ROOT = Path(__file__).parents[1]
FOLDERS = (
    ROOT / "sipbot" / "prompts",
    ROOT / "sipbot" / "samples",
    ROOT / "dialplans" / "prompts",
)

FRAME_SAMPLES = 160  # 20 ms at 8 kHz, one RTP packet of G.711
SPEECH_FLOOR_DBFS = -45  # frames below are pauses and do not count for loudness
LOUDNESS_DBFS = (-20, -14)  # measured: prompts -17.1 to -15.0, sample callers -18.7 to -16.9
LOUDNESS_SPREAD_DB = 3  # a listener hears one voice go on, not a jump
SHIPPED_LIMIT_BYTES = 9_000_000  # 132 files in three languages, 8.8 MB; 7.0 MB in a wheel

DIGITS = [f"d{digit}" for digit in range(10)]
BUILTIN = (
    *("greeting", "after_hours", "holiday", "welcome", "closed", "day_off", "notice"),
    *("thanks", "goodbye", "sorry", "transfer", "no_input", "no_match", "again", "urgent"),
    *("name", "company", "wish", "callback_window", "callback", "review", "csat", "nps"),
    *("read_back", "confirm", *DIGITS),
)


@dataclass(frozen=True)
class Shipped:
    """One entry of a manifest and its file."""

    path: Path
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"


def shipped() -> list[Shipped]:
    return [
        Shipped(path=folder / facts["file"], facts=facts)
        for folder in FOLDERS
        for facts in tomllib.loads((folder / "manifest.toml").read_text("utf-8"))["file"]
    ]


ALL = shipped()
SPOKEN = [each for each in ALL if each.facts["kind"] != "tone"]
every_file = pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
every_voice = pytest.mark.parametrize("each", SPOKEN, ids=lambda each: each.id)


def samples(path: Path) -> NDArray[numpy.float64]:
    with wave.open(str(path), "rb") as file:
        pcm = file.readframes(file.getnframes())
    return numpy.frombuffer(pcm, "<i2").astype(numpy.float64) / 32768


def dbfs(ratio: float) -> float:
    return 20 * math.log10(ratio)


def loudness_dbfs(path: Path) -> float:
    """Level of the frames that hold speech, after the idea of ITU-T P.56's active level."""
    signal = samples(path)
    frames = signal[: len(signal) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (frames**2).mean(axis=1)
    active = power[power > 10 ** (SPEECH_FLOOR_DBFS / 10)]
    return dbfs(math.sqrt(active.mean()))


@every_file
def test_shipped_file_is_playable_on_a_telephone_line(each: Shipped) -> None:
    facts = check_prompt(each.path)

    assert facts.rate_hz == 8000


@every_file
def test_shipped_file_has_the_hash_of_its_manifest(each: Shipped) -> None:
    digest = hashlib.sha256(each.path.read_bytes()).hexdigest()

    assert each.facts["sha256"] == digest


@every_file
def test_shipped_file_has_the_duration_of_its_manifest(each: Shipped) -> None:
    duration_s = check_prompt(each.path).duration_s

    assert each.facts["duration_s"] == pytest.approx(duration_s, abs=0.001)


@every_file
def test_shipped_file_stays_clear_of_clipping(each: Shipped) -> None:
    peak_dbfs = dbfs(numpy.abs(samples(each.path)).max())

    assert -10 < peak_dbfs <= -2.9


@every_voice
def test_shipped_speech_is_as_loud_as_the_rest(each: Shipped) -> None:
    low, high = LOUDNESS_DBFS

    level = loudness_dbfs(each.path)

    assert low <= level <= high


def test_prompts_do_not_jump_in_loudness_from_one_to_the_next() -> None:
    levels = [loudness_dbfs(each.path) for each in SPOKEN if each.facts["kind"] == "prompt"]

    assert max(levels) - min(levels) <= LOUDNESS_SPREAD_DB


@pytest.mark.parametrize(
    "each", [each for each in ALL if "lead_s" in each.facts], ids=lambda each: each.id
)
def test_rendered_speech_begins_and_ends_in_the_silence_of_its_manifest(each: Shipped) -> None:
    signal = samples(each.path)
    lead = round(each.facts["lead_s"] * 8000)
    tail = round(each.facts["tail_s"] * 8000)

    assert not signal[:lead].any()
    assert not signal[-tail:].any()


@pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}"
)
def test_manifest_names_every_wav_file_once(folder: Path) -> None:
    listed = [each.facts["file"] for each in ALL if each.path.is_relative_to(folder)]

    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.wav"))

    assert sorted(listed) == found


@every_voice
def test_shipped_speech_says_what_it_says_and_under_which_licence(each: Shipped) -> None:
    given = {key for key in ("text", "voice", "licence", "tool") if each.facts[key].strip()}

    assert {"text", "voice", "licence", "tool"} == given


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
@pytest.mark.parametrize("name", BUILTIN)
def test_every_language_has_its_builtin_prompts(language: str, name: str) -> None:
    files = {each.facts["file"]: each.facts["language"] for each in ALL}

    assert language == files[f"{language}/{name}.wav"]


def test_every_builtin_prompt_is_in_the_document_for_admins() -> None:
    said = (ROOT / "sipbot/prompts/README.md").read_text("utf-8")

    assert [] == [name for name in BUILTIN if f"`{name}`" not in said and name not in DIGITS]


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
def test_every_language_has_a_sample_caller(language: str) -> None:
    files = {each.facts["file"]: each.facts["language"] for each in ALL}

    assert language == files[f"caller-{language}.wav"]


def test_shipped_sound_stays_small_enough_for_a_wheel() -> None:
    total_bytes = sum(each.path.stat().st_size for each in ALL)

    assert total_bytes < SHIPPED_LIMIT_BYTES
