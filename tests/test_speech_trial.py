"""A client's words tried with the real second ear."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipbot.cli import program
from sipbot.errors import ChildStartError, SipbotError
from sipbot.speech.ears import ModelRef
from sipbot.speech_trial import Said, hear, is_worse, judge, summed
from sipbot.vocabulary import Term

ROOT = Path(__file__).parent.parent
BANK = Said(
    name="ko_03",
    text="서울은행 이정훈 과장입니다. 대출 서류에 대해서 확인할 것이 있습니다. "
    "다시 전화드리겠습니다.",
    audio=ROOT / "tests" / "data" / "ko_03_8k.wav",
)
TERMS = (
    Term(write="서울은행", read="서울은행", kind="company"),
    Term(write="한빛전자", read="한빛전자", kind="company"),
)
WHISPER = ModelRef(
    name="faster-whisper-base",
    engine="faster-whisper",
    languages=("ja", "ko"),
    path=str(ROOT / "models" / "faster-whisper-base"),
)


@pytest.mark.asr
def test_company_that_the_second_ear_misspelt_is_found_with_the_clients_words() -> None:
    texts = asyncio.run(hear([BANK], [WHISPER], "ko", TERMS))

    heard = judge([BANK], texts, TERMS, "ko", None)

    bare, helped = summed(heard)["faster-whisper"]
    assert "서울은행" in heard[0].after
    assert (1, 1, 0) == (bare.said, helped.found, helped.invented)
    assert helped.errors <= bare.errors
    assert not is_worse(heard)


def test_language_without_an_ear_is_told_with_the_command_that_helps() -> None:
    with pytest.raises(SipbotError, match="models list"):
        asyncio.run(hear([BANK], [], "ko", TERMS))


def test_damaged_live_model_ends_the_trial_and_is_named(tmp_path: Path) -> None:
    damaged = ModelRef(name="small", engine="vosk", languages=("ko",), path=str(tmp_path))

    with pytest.raises(SipbotError, match=r"no vosk model hears 'ko'.*model small is damaged"):
        asyncio.run(hear([BANK], [damaged], "ko", TERMS))


def test_recogniser_that_does_not_start_ends_the_trial_as_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))

    with pytest.raises(ChildStartError, match="no-python cannot be started"):
        asyncio.run(hear([BANK], [WHISPER], "ko", TERMS))


@pytest.mark.asr
def test_recording_that_cannot_be_read_ends_the_trial_and_is_named(tmp_path: Path) -> None:
    torn = tmp_path / "torn.wav"
    torn.write_bytes(b"no sound")
    said = replace(BANK, audio=torn)

    with pytest.raises(SipbotError, match=r"torn\.wav: the ear failed"):
        asyncio.run(hear([said], [WHISPER], "ko", TERMS))


@pytest.mark.parametrize(
    ("client", "code", "told"),
    [
        ("hanbit", 1, "holds no reference"),
        ("wakaba-law", 2, "has no [[term]]"),
        ("nobody", 1, "no client of this name"),
    ],
)
def test_trial_without_words_or_recordings_says_what_is_missing(
    tmp_path: Path, client: str, code: int, told: str
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'site = "test"\ndialplans = "{ROOT / "dialplans"}"\n')

    done = CliRunner().invoke(
        program("speech"), ["speech", "test", client, "--config", str(settings)]
    )

    assert code == done.exit_code
    assert told in " ".join(done.output.split())
