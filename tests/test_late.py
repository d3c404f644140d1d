"""Expressions that are compiled at their first use behave as compiled ones, and all are right."""

import copy
import gc
import pkgutil
import re
import subprocess
import sys
from importlib import import_module

import pytest

import sipbot
from sipbot import late


def texts_rules() -> list[late.Late]:
    """Every late expression that any module of the package makes when it is imported."""
    for module in pkgutil.iter_modules(sipbot.__path__, "sipbot."):
        if module.name != "sipbot.__main__":
            import_module(module.name)
    gc.unfreeze()  # a test of the start may have put them where nobody looks
    return [each for each in gc.get_objects() if isinstance(each, late.Late)]


def test_every_late_expression_of_the_package_compiles() -> None:
    rules = texts_rules()
    wrong = []
    for each in rules:
        try:
            re.compile(each.pattern, each._flags)
        except re.error as error:
            wrong.append(f"{each.pattern}: {error}")
    assert (True, []) == (len(rules) > 100, wrong)


@pytest.mark.parametrize("method", ["search", "match", "fullmatch"])
def test_a_late_expression_finds_what_a_compiled_one_finds(method: str) -> None:
    said = "Noon"
    late_one, compiled = (
        late.compile("(?P<o>o+)|noon", re.IGNORECASE),
        re.compile("(?P<o>o+)|noon", re.IGNORECASE),
    )
    first = getattr(late_one, method)(said)
    again = getattr(late_one, method)(said)
    wanted = getattr(compiled, method)(said)
    assert 2 * [wanted and wanted.span()] == [first and first.span(), again and again.span()]


def test_a_late_expression_replaces_and_splits_as_a_compiled_one() -> None:
    one = late.compile(r",\s*")
    assert ("a;b", ["a", "b"]) == (one.sub(";", "a, b"), one.split("a, b"))


def test_a_late_expression_names_its_groups_before_its_first_use() -> None:
    assert {"day": 1} == dict(late.compile("(?P<day>[0-9])").groupindex)


def test_a_late_expression_tells_its_source_without_being_compiled() -> None:
    assert "(" == late.compile("(").pattern


def test_a_wrong_late_expression_is_found_by_its_first_use() -> None:
    with pytest.raises(re.error):
        late.compile("(").search("")


def test_a_copy_of_a_late_expression_finds_the_same() -> None:
    copied = copy.copy(late.compile("a"))
    assert copied.search("cab") is not None


STARTED = """
import gc, sys
from sipbot import cli, late
cli.program("run")
known = [each for each in gc.get_objects() if isinstance(each, late.Late)]
print(len(known) > 100, sum("search" in vars(each) for each in known))
print(*sorted(sys.modules.keys() & set(sys.argv[1:])))
"""


def started(*looked_for: str) -> list[str]:
    """What a process says that has imported all that ``sipbot run`` imports."""
    command = [sys.executable, "-c", STARTED, *looked_for]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")


def test_a_start_compiles_none_of_the_rules_of_texts() -> None:
    assert "True 0" == started()[0]


def test_a_start_loads_nothing_that_only_an_upgrade_a_terminal_or_an_ear_needs() -> None:
    heavy = ("alembic", "rich.live", "sipbot.view", "vosk", "faster_whisper", "jinja2")
    assert "" == started(*heavy)[1]
