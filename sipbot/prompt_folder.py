"""Which prompts a folder of dialplans has, and which of them its clients name.

Dialplans are read as they stand, right or wrong: one may name the very prompt that is to be made.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sipbot import prompt_manifest
from sipbot.errors import PromptError, UsageError
from sipbot.form_parts import PROMPT_PATTERN
from sipbot.prompt_manifest import Entry
from sipbot.prompt_shelf import BUILTIN_PROMPTS, PROMPTS_FOLDER

BUILTIN = "builtin:"
"""What the names of prompts that ship begin with."""


def values_of(path: Path) -> dict[str, Any]:
    """Everything a dialplan says.

    Raises:
        UsageError: there is no such client.
        PromptError: it is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(plan.stem for plan in sorted(path.parent.glob("[!_]*.toml")))
        raise UsageError(f"{path.stem}: no client of this name. Clients: {known}") from None
    except (OSError, ValueError) as error:
        raise PromptError(f"{path}: cannot be read: {error}. See sipbot dialplan check") from error


def named_in(path: Path) -> list[str]:
    """Every prompt that a dialplan names, in its order."""
    return list(dict.fromkeys(_strings(values_of(path))))


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 -- whatever stands in the file
    if isinstance(value, str) and re.fullmatch(PROMPT_PATTERN, value):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def chosen(plans: Path, client: str | None) -> list[str]:
    """The prompts that a client's dialplan names; without a client, all files of the folder."""
    if client is not None:
        return named_in(plans / f"{client}.toml")
    return sorted(path.name for path in (plans / PROMPTS_FOLDER).glob("*.wav"))


def look_up(plans: Path, name: str) -> tuple[Path, Entry | None]:
    """Where a prompt is, or would be, and what the manifest beside it says."""
    shelf = BUILTIN_PROMPTS if name.startswith(BUILTIN) else plans / PROMPTS_FOLDER
    file = f"{name.removeprefix(BUILTIN)}.wav" if shelf is BUILTIN_PROMPTS else name
    return shelf / file, prompt_manifest.read(shelf).get(file)


def free_place(shelf: Path, name: str, *, replace: bool) -> Path:
    """Where a new prompt may be written.

    Raises:
        PromptError: there is a file already and it is not to be replaced, or a symbolic link.
    """
    path = shelf / name
    if shelf.is_symlink() or path.is_symlink():
        raise PromptError(f"{path}: is a symbolic link. Remove it, or choose another name")
    if path.exists() and not replace:
        raise PromptError(f"{path}: is there already. Choose another name, or add --replace")
    return path
