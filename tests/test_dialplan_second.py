"""All mistakes are told at once, also those that a wrong key or a wrong file used to hide."""

from pathlib import Path

import pytest

from sipbot.dialplan import load_file
from sipbot.dialplan_tried import load_tried
from sipbot.errors import DialplanError
from tests.clients import write_client

STEP = '[step.menu]\ndo = "menu"\nprompt = "menu.wav"\nkeys = { 1 = "reocrd" }\n'
TEST = '[[test]]\nat = 2026-09-24T10:00:00\nexpect = { outcome = "transferred" }\n'


def keys(folder: Path, text: str) -> list[str]:
    with pytest.raises(DialplanError) as refused:
        load_file(write_client(folder, text), "JP")
    return [one.key for one in refused.value.mistakes]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (["answer.afer_s", "step.menu.keys.1"], f"afer_s = 3\n{STEP}"),
        (["answer.after_s", "step.menu.keys.1"], f'after_s = "3"\n{STEP}'),
        (["record.max_s", "step.menu.keys.1"], f"[record]\nmax_s = 99999\n{STEP}"),
        (["step.menu.keys.1", "step.menu.timeout_s"], f'{STEP}timeout_s = "a"\n'),
    ],
)
def test_wrong_key_hides_no_other_mistake(tmp_path: Path, expected: list[str], text: str) -> None:
    assert expected == keys(tmp_path, text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (["stpe"], '[stpe.main]\ndo = "say"\nprompt = "menu.wav"\n[step.a]\ndo = "hang_up"\n'),
        (["step.a.do"], '[step.a]\ndo = "sya"\n[step.b]\ndo = "say"\nthen = "a"\n'),
        (["answer.start"], f"start = 5\n{STEP}"),
    ],
)
def test_key_that_others_may_refer_to_makes_no_second_mistake(
    tmp_path: Path, expected: list[str], text: str
) -> None:
    found = keys(tmp_path, text)

    assert expected == found[: len(expected)]
    assert "step.b.then" not in found


def test_tests_of_a_right_file_are_run_also_when_another_is_wrong(tmp_path: Path) -> None:
    path = write_client(tmp_path, TEST)
    other = path.read_text("utf-8").replace("sato", "tanaka").replace("5678", "9999")
    (tmp_path / "tanaka.toml").write_text(other.replace("schema", "shcema"), encoding="utf-8")

    with pytest.raises(DialplanError) as refused:
        load_tried(tmp_path, "JP")

    assert {("sato.toml", "test[0].expect.outcome"), ("tanaka.toml", "shcema")} <= {
        (one.file.name, one.key) for one in refused.value.mistakes
    }


def test_number_of_a_wrong_file_that_another_has_is_told_too(tmp_path: Path) -> None:
    path = write_client(tmp_path)
    other = path.read_text("utf-8").replace("sato", "tanaka").replace("schema", "shcema")
    written = '["not a number!", 5, "03-1234-56XX"]'
    (tmp_path / "tanaka.toml").write_text(
        other.replace('["+81312345678"]', written), encoding="utf-8"
    )

    with pytest.raises(DialplanError) as refused:
        load_tried(tmp_path, "JP")

    (clash,) = [one for one in refused.value.mistakes if "is claimed by" in one.problem]
    assert ("sato.toml", "numbers[0]") == (clash.file.name, clash.key)
    assert f"{tmp_path / 'tanaka.toml'}:4" in clash.problem


def test_no_test_is_run_while_the_defaults_are_wrong(tmp_path: Path) -> None:
    write_client(tmp_path, TEST)
    (tmp_path / "_defaults.toml").write_text("schema = 1\n[record]\nmaxs = 5\n", encoding="utf-8")

    with pytest.raises(DialplanError) as refused:
        load_tried(tmp_path, "JP")

    assert ["record.maxs"] == [one.key for one in refused.value.mistakes]
