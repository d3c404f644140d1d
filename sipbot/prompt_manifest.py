"""``manifest.toml`` beside the prompts: what is said in each file, and where it came from.

A file without an entry is played all the same; the entry is for people (``simulate`` and ``show``
print what is said) and for the linter.  One ``[[file]]`` table is written at a time; the others and
what stands before the first are left as they are, comments included.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sipbot.errors import PromptError

NAME = "manifest.toml"
_HEAD = "# What is said in the prompts of this folder; `sipbot prompts` keeps it.\n"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of the folder, as its table in the manifest says."""

    file: str
    kind: str = "prompt"
    language: str = ""
    text: str = ""
    """What is heard; empty when nobody wrote it down."""
    voice: str = ""
    """Engine, or ``recorded``."""
    speed: float = 1.0
    tool: str = ""
    licence: str = ""
    made_from: str = ""
    """Hash of everything that decides how rendered speech sounds (`recipe`)."""
    duration_s: float = 0.0
    sha256: str = ""
    """Of the file, when the entry was written."""


def recipe(voice: str, language: str, text: str, speed: float) -> str:
    """Hash of what decides how rendered speech sounds; the same recipe is spoken once only."""
    told = json.dumps([voice, language, text, speed], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def read(folder: Path) -> dict[str, Entry]:
    """Entries of a folder by file name; none when there is no manifest.

    Raises:
        PromptError: the manifest is no TOML, or an entry is no entry.
    """
    path = folder / NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PromptError(f"{path}: cannot be read: {error}. Mend it, or move it away") from error
    try:
        entries = msgspec.convert(values.get("file", []), list[Entry], strict=False)
    except msgspec.ValidationError as error:
        raise PromptError(f"{path}: {error}. An entry is a table [[file]] with file = …") from error
    return {entry.file: entry for entry in entries}


def sha256(path: Path) -> str:
    """Hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same(folder: Path, made_from: str) -> list[Path]:
    """Files of the folder that were rendered by this recipe and that nobody touched since."""
    return [
        folder / entry.file
        for entry in read(folder).values()
        if entry.made_from == made_from
        and (folder / entry.file).is_file()
        and sha256(folder / entry.file) == entry.sha256
    ]


def put(folder: Path, entry: Entry) -> None:
    """Write an entry in place of the one of the same file, or at the end.

    Raises:
        PromptError: the manifest cannot be read or written.
    """
    _change(folder, lambda old: _replaced(old, entry))


def drop(folder: Path, file: str) -> None:
    """Take out the entry of a file, if there is one.

    Raises:
        PromptError: the manifest cannot be read or written.
    """
    if file in read(folder):
        _change(folder, lambda old: _without(old, file))


def _change(folder: Path, changed: Callable[[str], str]) -> None:
    read(folder)  # a manifest that is broken already is not to be made worse
    path = folder / NAME
    draft = path.with_name(f".{NAME}.new")
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else _HEAD
        with draft.open("w", encoding="utf-8") as file:
            file.write(changed(old))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise PromptError(f"{path}: cannot be written: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        problem = f"{path}: its tables cannot be told apart: {error}"
        raise PromptError(f"{problem}. Write every [[file]] on a line of its own") from error


def _replaced(old: str, entry: Entry) -> str:
    head, *tables = _split(old)
    new = _table(msgspec.to_builtins(entry))
    kept = [table for table in tables if _file_of(table) != entry.file]
    place = next((n for n, table in enumerate(tables) if _file_of(table) == entry.file), len(kept))
    kept.insert(place, new)
    return _joined([head, *kept])


def _without(old: str, file: str) -> str:
    head, *tables = _split(old)
    return _joined([head, *(table for table in tables if _file_of(table) != file)])


def _joined(parts: Sequence[str]) -> str:
    bare = [part.rstrip("\n") for part in parts]
    return "\n\n".join(part for part in bare if part) + "\n"


def _split(text: str) -> list[str]:
    """The text before the first ``[[file]]``, then one part for each such table."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if line.strip() == "[[file]]":
            parts.append("")
        parts[-1] += line
    return parts


def _file_of(table: str) -> str:
    """Name of the file a table is about.

    A comment before the next table belongs, for the splitter, to this one; TOML reads over it.
    """
    (entry,) = tomllib.loads(table)["file"]
    return str(entry.get("file", ""))


def _table(values: Mapping[str, Any]) -> str:
    # A basic string of TOML is written as one of JSON, but for DEL, which one line of text has not.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["[[file]]", *lines]) + "\n"
