"""``sipbot prompts`` as an admin uses it, in a folder of dialplans of its own."""

import json
import shlex
from pathlib import Path

import msgspec
import numpy
import pytest
from typer.testing import CliRunner

from sipbot import prompt_audio, prompt_manifest, voices
from sipbot.cli_prompts import prompts_app
from sipbot.errors import PromptError
from sipbot.prompt_audio import Samples
from sipbot.prompt_shelf import PromptShelf
from sipbot.wav import check_prompt

PLAN = """schema = 1
client = "midori"
language = "ja"
[answer]
greeting = "midori-open.wav"
thanks = "builtin:ja/thanks"
"""


def hum(text: str, language: str, speed: float) -> tuple[Samples, int]:
    """An engine that hums, the longer the text the longer, and is installed everywhere."""
    del language
    at = numpy.arange(round(2400 * len(text) / speed)) / 24000
    return (0.3 * numpy.sin(2 * numpy.pi * 300 * at)).astype(numpy.float32), 24000


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    humming = voices.Voice(
        name="hum",
        languages=("ja",),
        licence="CC0",
        speak=hum,
        there=lambda: True,
        install="",
    )
    monkeypatch.setattr(voices, "VOICES", (humming, *voices.VOICES))
    monkeypatch.setattr(voices, "step_back", lambda: None)  # this process has other tests to run
    (tmp_path / "midori.toml").write_text(PLAN, "utf-8")
    (tmp_path / "prompts").mkdir()
    return tmp_path


def run(plans: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(prompts_app, [*arguments, "--dialplans", str(plans)])
    return result.exit_code, result.stdout, result.stderr


def render(plans: Path, text: str, *arguments: str) -> tuple[int, str, str]:
    return run(plans, "render", "--client", "midori", "--text", text, *arguments)


def recording(plans: Path, seconds: float = 2.0) -> Path:
    path = plans / "from-the-client.wav"
    prompt_audio.write(path, 0.05 * hum("あ" * round(10 * seconds), "ja", 3.0)[0])
    return path


def test_a_rendered_prompt_can_be_played_and_simulate_knows_its_text(plans: Path) -> None:
    code, stdout, stderr = render(plans, "みどり不動産でございます。", "midori-open")

    prompt = PromptShelf(plans).find("midori-open.wav")
    assert (0, "") == (code, stderr)
    assert "みどり不動産でございます。" == prompt.text
    assert "midori-open.wav" in stdout


def test_a_rendered_prompt_says_in_the_manifest_how_it_was_made(plans: Path) -> None:
    render(plans, "はい、みどりでございます。", "midori-open.wav", "--speed", "1.2")

    entry = prompt_manifest.read(plans / "prompts")["midori-open.wav"]
    assert ("ja", "hum", "CC0", 1.2) == (entry.language, entry.voice, entry.licence, entry.speed)
    assert entry.sha256 == prompt_manifest.sha256(plans / "prompts/midori-open.wav")


def test_the_same_text_in_the_same_voice_is_spoken_once(
    plans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(plans, "はい、みどりでございます。", "one")
    mute = msgspec.structs.replace(voices.VOICES[0], speak=None)
    monkeypatch.setattr(voices, "VOICES", (mute,))

    code, _, _ = render(plans, "はい、みどりでございます。", "two")
    again, stdout, _ = render(plans, "はい、みどりでございます。", "two")

    one, two = (plans / "prompts" / name for name in ("one.wav", "two.wav"))
    assert (0, 0) == (code, again)
    assert one.read_bytes() == two.read_bytes()
    assert "says so already" in stdout


def test_a_prompt_is_never_written_over_unasked(plans: Path) -> None:
    render(plans, "はい、みどりでございます。", "one")
    before = (plans / "prompts/one.wav").read_bytes()

    code, _, stderr = render(plans, "少々お待ちください。", "one")
    replaced, _, _ = render(plans, "少々お待ちください。", "one", "--replace")

    assert (1, 0) == (code, replaced)
    assert "one.wav: is there already. Choose another name, or add --replace" in stderr
    assert before != (plans / "prompts/one.wav").read_bytes()


def test_a_missing_engine_is_told_with_its_command_and_nothing_is_written(
    plans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tuple(msgspec.structs.replace(each, there=lambda: False) for each in voices.VOICES[1:])
    monkeypatch.setattr(voices, "VOICES", gone)

    code, _, stderr = render(plans, "はい。", "one")

    assert 1 == code
    assert ".venv/bin/pip install -e '.[tts-light]'" in stderr
    assert [] == list((plans / "prompts").iterdir())


@pytest.mark.parametrize("name", ["../one", "One", "a b", "é", "", "x" * 65])
def test_a_name_that_no_dialplan_could_write_is_refused(plans: Path, name: str) -> None:
    code, _, stderr = render(plans, "はい。", name)

    assert 2 == code
    assert "is not a name for a prompt" in stderr


def test_a_symbolic_link_is_not_written_through(plans: Path, tmp_path: Path) -> None:
    (plans / "prompts/one.wav").symlink_to(tmp_path / "elsewhere.wav")

    code, _, stderr = render(plans, "はい。", "one", "--replace")

    assert 1 == code
    assert "is a symbolic link" in stderr
    assert not (tmp_path / "elsewhere.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--client", "midorii"], "midorii: no client of this name. Clients: midori"),
        ([], "which language?"),
        (["--language", "fr"], "--language fr: is not known. Write one of ja, en, ko"),
        (["--language", "ja", "--text", " "], "--text: is empty"),
    ],
)
def test_what_cannot_be_rendered_is_told_as_usage(
    plans: Path, arguments: list[str], told: str
) -> None:
    code, _, stderr = run(plans, "render", "one", "--text", "はい。", *arguments)

    assert 2 == code
    assert told in stderr


def test_an_imported_recording_is_brought_to_the_level_of_the_others(plans: Path) -> None:
    source = recording(plans)

    code, _, stderr = run(plans, "import", str(source), "midori-open", "--text", "みどりです。")

    samples = prompt_audio.read_prompt(plans / "prompts/midori-open.wav")
    assert (0, "") == (code, stderr)
    assert prompt_audio.LEVEL_DBFS == pytest.approx(prompt_audio.level_dbfs(samples), abs=0.5)
    assert "みどりです。" == PromptShelf(plans).find("midori-open.wav").text


def test_an_import_without_its_text_warns_that_nobody_can_read_it(plans: Path) -> None:
    code, _, stderr = run(plans, "import", str(recording(plans)), "midori-open")

    assert 0 == code
    assert "warning: " in stderr
    assert "text: is not written down" in stderr


def test_a_prompt_imported_again_keeps_its_text(plans: Path) -> None:
    run(plans, "import", str(recording(plans)), "one", "--text", "はい。", "--language", "ja")

    path = plans / "prompts/one.wav"
    code, _, _ = run(plans, "import", str(path), "one", "--replace")

    entry = prompt_manifest.read(plans / "prompts")["one.wav"]
    assert (0, "はい。", "ja") == (code, entry.text, entry.language)


def test_the_command_in_the_refusal_of_a_prompt_makes_one_that_can_be_played(plans: Path) -> None:
    path = plans / "prompts" / "From the Client.wav"
    path.write_bytes(recording(plans).read_bytes()[:-50])
    with pytest.raises(PromptError) as refused:
        check_prompt(path)
    command = shlex.split(str(refused.value).partition("Mend it with: ")[2])

    run(plans, *command[2:])

    assert ["sipbot", "prompts"] == command[:2]
    assert PromptShelf(plans).has("from-the-client-8k.wav")


def test_a_recording_of_silence_names_the_file(plans: Path) -> None:
    path = plans / "silence.wav"
    prompt_audio.write(path, numpy.zeros(8000, numpy.float32))

    code, _, stderr = run(plans, "import", str(path), "one")

    assert 1 == code
    assert f"{path}: holds no sound at all. Record it again\n" == stderr


def test_lint_says_everything_at_once_with_exit_code_1(plans: Path) -> None:
    render(plans, "了解しました、ちょっとお待ちください。", "one")
    render(plans, "はい。", "two")

    code, stdout, _ = run(plans, "lint", "--json", "--require", "みどり", "--forbid", "はい")

    told = json.loads(stdout)
    assert 1 == code
    assert [
        ("one.wav", "了解し"),
        ("one.wav", "ちょっと"),
        ("two.wav", "はい"),
        ("prompts", "みどり"),
    ] == [(Path(each["file"]).name, each["value"]) for each in told["mistakes"]]


def test_lint_of_a_client_judges_what_its_dialplan_names(plans: Path) -> None:
    render(plans, "みどり不動産でございます。", "midori-open")
    render(plans, "了解しました。", "another-clients")

    code, stdout, _ = run(plans, "lint", "--client", "midori", "--require", "みどり不動産")

    assert (0, "2 prompts are right.\n") == (code, stdout)


def test_lint_of_a_client_finds_the_prompt_that_is_not_there(plans: Path) -> None:
    code, _, stderr = run(plans, "lint", "--client", "midori")

    assert 1 == code
    assert "midori-open.wav: format: prompt cannot be read: No such file" in stderr


def test_list_shows_who_uses_what_and_what_is_missing(plans: Path) -> None:
    code, stdout, _ = run(plans, "list", "--client", "midori", "--json")

    missing, thanks = json.loads(stdout)
    assert 0 == code
    assert ("midori-open.wav", None, ["midori"]) == (
        missing["name"],
        missing["duration_s"],
        missing["clients"],
    )
    assert thanks["text"].startswith("ご伝言を承りました。")


def test_list_for_people_shows_the_whole_text_on_a_narrow_terminal(plans: Path) -> None:
    render(plans, "みどり不動産でございます。ただいま電話に出ることができません。", "midori-open")

    code, stdout, _ = run(plans, "list")

    assert 0 == code
    assert "…" not in stdout
