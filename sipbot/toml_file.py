"""Reading a TOML file that a person edits, and saying everything that is wrong with it at once.

config.toml and the dialplans are read through here.  Limits: 256 kB (the largest dialplan of a
busy agency is below 20 kB), regular files only, UTF-8 without NUL.  A secret's value is never
repeated in a mistake.
"""

import hashlib
import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from sipbot.errors import Mistake, MistakesError
from sipbot.toml_places import Path as KeyPath
from sipbot.toml_places import Places
from sipbot.toml_shape import Shape, dotted, keys_of

LIMIT_BYTES = 256 * 1024
_SHOWN_CHARS = 60
_TOO_DEEP = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""", re.ASCII
)
"""Measured: one key of 100 000 parts makes tomllib take all memory, so it must not see any."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_PROBLEMS = {
    "greater_than_equal": "is out of range",
    "less_than_equal": "is out of range",
    "finite_number": "is not a number that can be used",
    "multiple_of": "is not even",  # nothing is counted in other steps than 2
    "literal_error": "is not one of the choices",
    "string_pattern_mismatch": "does not have the right form",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
}


@dataclass(frozen=True, kw_only=True)
class TomlFile:
    """A TOML file as it was at one moment."""

    path: Path
    sha256: str
    """Of the bytes, in hex."""
    values: dict[str, Any]
    places: Places | None
    """None when the values were not read from a text."""

    def mistake(
        self, key: KeyPath, problem: str, remedy: str, *, hide: bool = False, value: bool = True
    ) -> Mistake:
        """A mistake at this key, with its place and its value as written.

        Args:
            key: the path of the key; the table around it is pointed at when it is not written.
            problem: continues the sentence "the key …".
            remedy: an instruction, without its full stop.
            hide: the value is a secret.
            value: whether there is a value to show.
        """
        place = self.places.find(key) if self.places else None
        nowhere = 1 if self.places else 0
        written = place.written if place and value else ""
        return Mistake(
            file=self.path,
            line=place.line if place else nowhere,
            column=place.column if place else nowhere,
            key=dotted(key),
            value="(hidden)" if hide and written else _shortened(written),
            problem=problem,
            remedy=remedy,
        )


def wrong(problem: str, remedy: str, key: str = "") -> PydanticCustomError:
    """Return the error by which a model's validator says what is wrong and what to do.

    Args:
        problem: continues the sentence "the key …".
        remedy: an instruction, without its full stop.
        key: the key to point at, when the validator saw a whole table.
    """
    context = {"problem": problem, "remedy": remedy, "key": key}
    return PydanticCustomError("wrong", "{problem}", context)


def read(path: Path, error: type[MistakesError], *, links: bool = True) -> TomlFile:
    """Read and parse a TOML file.

    Args:
        path: the file.
        error: the class of what is raised.
        links: whether the file may be a symbolic link.

    Raises:
        MistakesError: of the class `error`; the file is missing, unreadable, no regular file, too
            large, not UTF-8, or not TOML.
    """
    content = _bytes(path, error, links=links)
    text = _text(path, content, error)
    too_deep = _unreadable(path, "is nested too deeply", "Keep to two levels")
    if _TOO_DEEP.search(text):
        raise error([too_deep])
    try:
        values = tomllib.loads(text)
        places = Places(text)
    except RecursionError:
        raise error([too_deep]) from None
    except ValueError as cause:
        raise error([_syntax(path, text, cause)]) from None
    digest = hashlib.sha256(content).hexdigest()
    return TomlFile(path=path, sha256=digest, values=values, places=places)


def explain(error: ValidationError, shape: Shape, file: TomlFile) -> list[Mistake]:
    """Turn pydantic's errors into mistakes with their places, in the order of the file."""
    details = error.errors(include_url=False)
    misplaced = {
        keys_of(detail["loc"])[-1]
        for detail in details
        if detail["type"] == "extra_forbidden" and shape.elsewhere(detail["loc"])
    }
    found = [
        _mistake(detail, shape, file)
        for detail in details
        # A key in the wrong table is one mistake, not also a missing key.
        if not (detail["type"] == "missing" and detail["loc"][-1] in misplaced)
        # A list that pydantic calls too short because its entries are wrong is not.
        and not (detail["type"] == "too_short" and detail["input"])
    ]
    return sorted(found, key=lambda mistake: (mistake.line, mistake.column))


def _bytes(path: Path, error: type[MistakesError], *, links: bool) -> bytes:
    # Without O_NONBLOCK, opening a FIFO named *.toml would wait for ever.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
    if not links and path.is_symlink():
        raise error([_unreadable(path, "is a symbolic link", "Put the file itself here")])
    try:
        descriptor = os.open(path, flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise error([_unreadable(path, "is not a regular file", "Put a TOML file here")])
            content = os.pread(descriptor, LIMIT_BYTES + 1, 0)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else "not a possible file name"
        problem = f"cannot be read: {why}"
        raise error([_unreadable(path, problem, "Check that it exists and is readable")]) from None
    if len(content) > LIMIT_BYTES:
        problem = f"is larger than {LIMIT_BYTES // 1024} kB"
        raise error([_unreadable(path, problem, "Check that this is the right file")])
    return content


def _text(path: Path, content: bytes, error: type[MistakesError]) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        remedy = "Save it as UTF-8 without BOM"
        raise error([_unreadable(path, "begins with a byte order mark", remedy, 1)])
    zero = content.find(b"\0")
    if zero >= 0:
        line = content.count(b"\n", 0, zero) + 1
        remedy = "Save it as plain UTF-8 text"
        raise error([_unreadable(path, "contains a NUL byte", remedy, line)])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        problem, remedy = "is not UTF-8 text", "Save it as UTF-8 (not Shift_JIS or EUC-JP)"
        raise error([_unreadable(path, problem, remedy, line)]) from None


def _unreadable(path: Path, problem: str, remedy: str, line: int = 0) -> Mistake:
    column = 1 if line else 0
    return Mistake(
        file=path, line=line, column=column, key="(file)", problem=problem, remedy=remedy
    )


def _syntax(path: Path, text: str, cause: ValueError) -> Mistake:
    message = str(cause)
    place = _PLACE.search(message)
    if place and place.group(1):
        line, column = int(place.group(1)), int(place.group(2))
    else:
        lines = text.splitlines() or [""]
        line, column = len(lines), len(lines[-1]) + 1
    problem = message[: place.start()] if place else "holds a value that cannot be read"
    return Mistake(
        file=path,
        line=line,
        column=column,
        key="(syntax)",
        problem=f"is not TOML: {problem[0].lower()}{problem[1:]}",
        remedy="Look at this line and the one before it: texts need quotes, a key is written once",
    )


def _mistake(detail: ErrorDetails, shape: Shape, file: TomlFile) -> Mistake:
    context = detail.get("ctx", {})
    loc = detail["loc"]
    path: KeyPath = (*loc, context["key"]) if context.get("key") else loc
    problem, remedy = _words(detail, path, shape)
    there = detail["type"] != "missing"
    return file.mistake(path, problem, remedy, hide=shape.hides(path), value=there)


def _words(detail: ErrorDetails, path: KeyPath, shape: Shape) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "wrong":
        return str(context["problem"]), str(context["remedy"])
    if kind == "extra_forbidden":
        return _unknown(path, shape)
    known = shape.property(path)
    if kind == "missing":
        *table, key = keys_of(path)
        if known and known.words == "a table":
            return "is missing", f"Add a table [{'.'.join(keys_of(path))}]"
        example = f" = {known.example}" if known and known.example else ""
        return "is missing", f"Add {key}{example} {_where(tuple(table))}"
    words = known.words if known else "another value"
    kind_of_value = re.split(r",| from ", words)[0]
    default = f"is not {kind_of_value}" if kind.endswith("_type") else detail["msg"].lower()
    return _PROBLEMS.get(kind, default), f"Write {words}"


def _unknown(path: KeyPath, shape: Shape) -> tuple[str, str]:
    *table, key = keys_of(path)
    name = f"[{'.'.join(table)}]" if table else "this file"
    problem = f"is not a key of {name}"
    elsewhere = shape.elsewhere(path)
    if elsewhere:
        places = " or ".join(_where(at) for at in elsewhere)
        return f"{problem}, it landed in the wrong table", f"Move {key} {places}"
    nearest = shape.nearest(path)
    if nearest:
        return problem, f"Did you mean {nearest}?"
    return problem, f"Remove it; known are {', '.join(sorted(shape.tables[tuple(table)]))}"


def _where(table: tuple[str, ...]) -> str:
    return f"below [{'.'.join(table)}]" if table else "to the top, before the first [table]"


def _shortened(written: str) -> str:
    line = " ".join(written.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
