"""The linter finds what a caller would hear, and says what to do about it."""

import tomllib
from pathlib import Path

import numpy
import pytest

from sipbot import prompt_audio, prompt_manifest, prompt_phrases
from sipbot.prompt_audio import LINE_RATE_HZ, Samples
from sipbot.prompt_lint import Rules, lacking, lint
from sipbot.prompt_manifest import Entry

ROOT = Path(__file__).parent.parent


def hum(seconds: float, level: float = 0.2) -> Samples:
    at = numpy.arange(round(seconds * LINE_RATE_HZ)) / LINE_RATE_HZ
    return (level * numpy.sin(2 * numpy.pi * 440 * at)).astype(numpy.float32)


def silence(seconds: float) -> Samples:
    return numpy.zeros(round(seconds * LINE_RATE_HZ), numpy.float32)


def findings(
    folder: Path, samples: Samples, text: str = "はい。", longest_s: float = 30
) -> list[str]:
    path = folder / "p.wav"
    prompt_audio.write(path, samples)
    return [
        each.key
        for each in lint(path, Entry(file="p.wav", text=text), "ja", Rules(longest_s=longest_s))
    ]


def test_a_prompt_as_it_should_be_has_no_findings(tmp_path: Path) -> None:
    assert [] == findings(tmp_path, prompt_audio.ready(hum(3)))


@pytest.mark.parametrize(
    ("samples", "key"),
    [
        (hum(0.2), "length"),
        (hum(31), "length"),
        (numpy.concatenate((silence(1.2), hum(1))), "silence before"),
        (numpy.concatenate((hum(1), silence(1.6))), "silence after"),
        (hum(1, 0.03), "level"),
        (hum(1, 0.5), "level"),
        (silence(1), "level"),
        (numpy.concatenate((hum(4), numpy.full(1, 0.95, numpy.float32))), "peak"),
        (numpy.concatenate((hum(4), numpy.ones(3, numpy.float32))), "clipping"),
        (hum(1) + numpy.float32(0.02), "DC"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_of_the_sound_is_the_only_finding(
    tmp_path: Path, samples: Samples, key: str
) -> None:
    assert [key] == findings(tmp_path, samples)


def test_a_client_may_allow_longer_prompts(tmp_path: Path) -> None:
    assert [] == findings(tmp_path, hum(31), longest_s=40)


def test_a_file_that_cannot_be_played_is_a_finding_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    path.write_bytes(b"no sound")

    (finding,) = lint(path, Entry(file="p.wav", text="はい。"), "ja")

    assert "is not a WAV file" == finding.problem
    assert finding.remedy.startswith("Mend it with: sipbot prompts import ")


def test_a_text_that_nobody_wrote_down_is_a_finding(tmp_path: Path) -> None:
    assert ["text"] == findings(tmp_path, hum(3), text="")


def test_a_text_of_another_file_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    prompt_audio.write(path, hum(3))

    (finding,) = lint(path, Entry(file="p.wav", text="はい。", sha256="0" * 64), "ja")

    assert ("text", "was written down for another file of this name") == (
        finding.key,
        finding.problem,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("了解しました。", "了解し"),
        ("毎度ご苦労様です。", "ご苦労様"),
        ("なるほどですね。", "なるほどですね"),
        ("ご用件は以上でよろしかったでしょうか。", "よろしかったでしょうか"),
        ("お名前のほうをお願いいたします。", "のほうをお願い"),
        ("お名前を頂戴できますか。", "お名前を頂戴"),
        ("ただいま電話に出れません。", "出れま"),
        ("ご連絡してください。", "ご連絡してください"),
        ("先生がおっしゃられました。", "おっしゃられ"),
        ("担当者は席にいません。", "にいません"),
    ],
)
def test_what_is_not_said_on_the_telephone_is_found_with_what_to_say(text: str, found: str) -> None:
    ((words, phrase),) = prompt_phrases.avoided(text, "ja")

    assert found == words
    assert phrase.instead


@pytest.mark.parametrize(
    "text",
    [
        "担当の方をお願いできますでしょうか。",
        "お名前とご用件を残してください。",
        "発信音のあとにお話しください。",
        "承知いたしました。少々お待ちください。",
        "録音させていただきます。",
        "よろしければ1を押してください。",
        "電話に出られません。",
    ],
)
def test_good_japanese_is_left_alone(text: str) -> None:
    assert [] == list(prompt_phrases.avoided(text, "ja"))


@pytest.mark.parametrize("folder", ["sipbot/prompts", "dialplans/prompts"])
def test_the_prompts_that_ship_pass_their_own_linter(folder: str) -> None:
    place = ROOT / folder
    entries = tomllib.loads((place / "manifest.toml").read_text("utf-8"))["file"]
    spoken = {each["file"] for each in entries if each["kind"] == "prompt"}

    found = [
        str(finding)
        for name, entry in prompt_manifest.read(place).items()
        if name in spoken
        for finding in lint(place / name, entry, entry.language)
    ]

    assert [] == found


def test_forbidden_words_of_a_client_are_found_whatever_their_case(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    prompt_audio.write(path, hum(3))
    entry = Entry(file="p.wav", text="This is ACME  Ltd.", language="en")

    (finding,) = lint(path, entry, "en", Rules(forbid=("acme ltd",)))

    assert ("words", "acme ltd") == (finding.key, finding.value)


def test_a_required_phrase_may_be_said_in_any_prompt_but_must_be_in_one(tmp_path: Path) -> None:
    rules = Rules(require=("やまと工業", "録音"))

    (finding,) = lacking(tmp_path, ["やまと工業でございます。", "はい。"], rules)

    assert "録音" == finding.value
