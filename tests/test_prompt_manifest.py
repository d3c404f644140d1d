"""The manifest beside the prompts: entries come and go, what a person wrote stays."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot import prompt_manifest
from sipbot.errors import PromptError
from sipbot.prompt_manifest import Entry

HEAD = "# Recorded by Ms Tanaka, June.\n"
OLD = f"""{HEAD}
[[file]]
file = "a.wav"
text = "first"  # said slowly

[[file]]
file = "b.wav"
text = "second"
extra = 1
"""

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40)


def test_a_folder_without_a_manifest_has_no_entries(tmp_path: Path) -> None:
    assert {} == prompt_manifest.read(tmp_path)


def test_a_new_entry_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(OLD)

    prompt_manifest.put(tmp_path, Entry(file="c.wav", text="third"))

    assert path.read_text().startswith(OLD)
    assert ["a.wav", "b.wav", "c.wav"] == list(prompt_manifest.read(tmp_path))


def test_an_entry_is_replaced_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(OLD)

    prompt_manifest.put(tmp_path, Entry(file="a.wav", text="anew"))

    assert path.read_text().startswith(HEAD)
    assert {"a.wav": "anew", "b.wav": "second"} == {
        name: entry.text for name, entry in prompt_manifest.read(tmp_path).items()
    }
    assert 1 == tomllib.loads(path.read_text())["file"][1]["extra"]


@settings(max_examples=30, deadline=None)  # each brings a file to the disk
@given(words, words)
def test_any_line_of_text_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str, voice: str
) -> None:
    folder = tmp_path_factory.mktemp("prompts")
    entry = Entry(file="a.wav", text=text, voice=voice, duration_s=1.5)

    prompt_manifest.put(folder, Entry(file="a.wav", text="before"))
    prompt_manifest.put(folder, entry)

    assert {"a.wav": entry} == prompt_manifest.read(folder)


@pytest.mark.parametrize("broken", ["[[file]\n", "[[file]]\ntext = 1\n", 'file = "a"\n'])
def test_a_broken_manifest_is_named_and_not_written_over(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(broken)

    with pytest.raises(PromptError, match=r"manifest\.toml: "):
        prompt_manifest.put(tmp_path, Entry(file="a.wav"))
    assert broken == path.read_text()


def test_speech_is_found_again_by_its_recipe_until_somebody_touches_the_file(
    tmp_path: Path,
) -> None:
    made_from = prompt_manifest.recipe("kokoro", "ja", "はい。", 1.0)
    wav = tmp_path / "a.wav"
    wav.write_bytes(b"speech")
    digest = prompt_manifest.sha256(wav)
    prompt_manifest.put(tmp_path, Entry(file="a.wav", made_from=made_from, sha256=digest))

    found = prompt_manifest.same(tmp_path, made_from)
    wav.write_bytes(b"another")
    changed = prompt_manifest.same(tmp_path, made_from)

    assert ([wav], []) == (found, changed)


def test_a_recipe_tells_texts_voices_languages_and_speeds_apart() -> None:
    recipes = {
        prompt_manifest.recipe(voice, language, text, speed)
        for voice in ("kokoro", "open-jtalk")
        for language in ("ja", "en")
        for text in ("はい", "いいえ")
        for speed in (1.0, 1.1)
    }

    assert 16 == len(recipes)
