"""The demo, as a stranger runs it: a separate program, real SIP, real audio, real text."""

import hashlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from sipbot.demo import CALLER, sample, settings_for

ROOT = Path(__file__).parent.parent


def bare(text: str) -> str:
    """Return the characters that are spoken: no spaces, no punctuation, one width."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(char for char in normal if unicodedata.category(char)[0] not in "ZPSC")


def character_error_rate(expected: str, heard: str) -> float:
    """Return the edit distance per expected character."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(expected, 1):
        last, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (wanted != got))
    return row[-1] / len(expected)


@pytest.mark.sip
@pytest.mark.asr
@pytest.mark.broker
def test_demo_turns_a_spoken_message_into_a_memo_with_text_number_and_audio(
    tmp_path: Path,
) -> None:
    (tmp_path / "models").symlink_to(ROOT / "models")

    done = subprocess.run(
        [sys.executable, "-m", "sipbot", "demo", "--json"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    memo = json.loads(done.stdout)
    assert "transcribed" == memo["stage"]
    assert CALLER == memo["caller"]["number"]
    assert 0.15 >= character_error_rate(bare(sample().text), bare(memo["text"])), memo["text"]
    audio = Path(unquote(urlparse(memo["audio"]["url"]).path))
    assert memo["audio"]["sha256"] == hashlib.sha256(audio.read_bytes()).hexdigest()


def test_demo_does_not_ask_for_the_accounts_of_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "accounts.toml").touch()
    monkeypatch.chdir(tmp_path)
    settings = settings_for(tmp_path / "demo", usual_ports=False)
    assert tmp_path / "demo" / "accounts.toml" == settings.console.accounts


@pytest.mark.parametrize(
    ("rate", "heard"), [(0.0, "abcd"), (0.25, "abxd"), (0.25, "abd"), (0.5, "xabcde"), (1.0, "")]
)
def test_character_error_rate_counts_edits_per_expected_character(rate: float, heard: str) -> None:
    assert rate == character_error_rate("abcd", heard)
