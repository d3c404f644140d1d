"""``sipbot models`` as a person and as a program use it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sipbot.cli_models import app
from tests.model_samples import catalog, files_source, stock
from tests.shelf import Shelf, running_shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with running_shelf() as shelf:
        stock(shelf)
        yield shelf


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def two_ears(tmp_path: Path, shelf: Shelf) -> list[str]:
    """Options for a catalogue with a live ear that can be had and a second that cannot."""
    catalog(tmp_path, files_source(shelf.url))
    path = tmp_path / "catalog.toml"
    lost = (
        '\n[model.lost]\nengine = "faster-whisper"\nlanguages = ["ja"]\nlicence = "MIT"\n'
        "unpacked_max_bytes = 1\n[[model.lost.source]]\n"
        f'kind = "archive"\nurl = "{shelf.url}/lost.zip"\nbytes = 1\nmd5 = "00"\n'
        '[language.ja]\nlive = ["lost", "m"]\nsecond = ["lost"]\n'
    )
    path.write_text(path.read_text() + lost)
    return ["--catalog", str(path), "--models-dir", str(tmp_path / "models")]


def rows(stdout: str) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(stdout)}


def test_cli_list_shows_what_is_installed(two_ears: list[str]) -> None:
    run("install", "m", *two_ears)

    code, stdout, _ = run("list", "--json", *two_ears)
    assert code == 0
    assert {"m": True, "lost": False} == {n: r["installed"] for n, r in rows(stdout).items()}
    assert "SHA-256 of every file" == rows(stdout)["m"]["verified"]


def test_cli_list_for_people_names_every_model(two_ears: list[str]) -> None:
    code, stdout, _ = run("list", *two_ears)

    assert code == 0
    assert "lost" in stdout


def test_cli_install_of_a_language_with_one_ear_warns_and_succeeds(two_ears: list[str]) -> None:
    code, stdout, stderr = run("install", "ja", *two_ears)

    assert code == 0
    assert "installed m (ja, live ear)" in stdout
    assert "warning: ja: second ear (lost) is missing" in stderr
    assert "sipbot models install lost --from PATH" in stderr


def test_cli_install_of_a_model_without_source_fails(two_ears: list[str]) -> None:
    code, _, stderr = run("install", "lost", *two_ears)

    assert code == 1
    assert "/lost.zip: the server answers 404" in stderr


def test_cli_install_json_has_only_json_on_stdout(two_ears: list[str]) -> None:
    code, stdout, _ = run("install", "ja", "--json", *two_ears)

    assert code == 0
    assert ["live"] == [model["ear"] for model in json.loads(stdout)[0]["installed"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["install", "no-such-model"],
        ["install", "ja", "--from", "."],
        ["install", "m", "lost", "--from", "."],
        ["install"],
        ["verify", "no-such-model"],
    ],
)
def test_cli_with_a_wrong_command_line_exits_with_2(
    two_ears: list[str], arguments: list[str]
) -> None:
    assert run(*arguments, *two_ears)[0] == 2


def test_cli_verify_of_a_whole_model_succeeds(two_ears: list[str]) -> None:
    run("install", "m", *two_ears)

    assert (0, "m: 2 files are as they should be\n", "") == run("verify", "m", *two_ears)


def test_cli_verify_of_a_missing_model_fails(two_ears: list[str]) -> None:
    assert run("verify", "m", *two_ears)[0] == 1


@pytest.mark.parametrize("command", ["list", "install", "verify"])
def test_cli_help_has_an_example(command: str) -> None:
    assert "Example" in run(command, "--help")[1]
