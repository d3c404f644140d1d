"""The documents leave nothing out: every command, every key with its default, every end state.

Written by hand and compared here, so that neither can change alone.  That what they tell people to
type exists is proved by test_readme.py.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sipbot import config, dialplan_form
from sipbot.cli import program
from sipbot.doctor import PEERS
from sipbot.records import EndState
from sipbot.toml_shape import dotted

ROOT = Path(__file__).parent.parent
OPERATIONS = ROOT / "docs" / "operations.md"

ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)


def words_of(group: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from words_of(command, (*name, word))
        else:
            yield (*name, word), command


COMMANDS = dict(words_of(typer.main.get_command(program())))
SETTINGS = {dotted(keys): found for keys, found in config.SHAPE.leaves().items()}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_help_of_a_command_has_an_example(name: tuple[str, ...]) -> None:
    command = COMMANDS[name]
    told = f"{command.help}\n{command.epilog}"
    assert re.search(rf"Examples?: sipbot {' '.join(name)}\b", told)


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_every_option_of_a_command_has_its_help(name: tuple[str, ...]) -> None:
    options = [p for p in COMMANDS[name].params if p.name != "help"]
    assert [] == [option.name for option in options if not getattr(option, "help", "")]


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_command_is_named_in_the_operations_document(name: tuple[str, ...]) -> None:
    assert f"`sipbot {' '.join(name)}`" in text(OPERATIONS)


def test_settings_table_has_every_key_and_no_other() -> None:
    section = text(OPERATIONS).partition("## Settings")[2].partition("\n## ")[0]
    assert list(SETTINGS) == [key for key, _ in ROW.findall(section)]


@pytest.mark.parametrize("key", SETTINGS)
def test_settings_table_gives_the_default_that_is_in_force(key: str) -> None:
    schema = SETTINGS[key].schema
    if "default" not in schema:
        expected = "must be given"
    elif schema["default"] == []:
        expected = "none"
    else:
        expected = f"`{json.dumps(schema['default'])}`"
    assert expected == dict(ROW.findall(text(OPERATIONS)))[key].strip()


@pytest.mark.parametrize("folder", ["docs", "docs/ja"])
def test_admins_documents_name_every_key_of_a_dialplan(folder: str) -> None:
    said = text(ROOT / folder / "admins.md") + text(ROOT / folder / "dialplans.md")
    keys = [dotted(keys) for keys in dialplan_form.SHAPE.leaves()]
    assert [] == [
        key for key in keys if key not in said and f"\n{key.split('.')[-1]} =" not in said
    ]


def test_operations_document_names_every_end_state() -> None:
    said = text(OPERATIONS)
    assert [] == [state for state in EndState if f"`{state}`" not in said]


@pytest.mark.parametrize("name", ["admins.md", "dialplans.md", "operators.md"])
def test_document_for_people_on_the_telephone_exists_in_japanese_too(name: str) -> None:
    assert f"](ja/{name})" in text(ROOT / "docs" / name)
    assert f"](../{name})" in text(ROOT / "docs" / "ja" / name)


def test_doctor_and_make_test_look_for_the_same_peers() -> None:
    needed = re.findall(r"^need (\S+) (\S+)$", text(ROOT / "tools" / "peers.sh"), re.MULTILINE)
    assert sorted(needed) == sorted(PEERS.values())
