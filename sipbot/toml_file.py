"""Reading a TOML file that a person edits, and saying everything that is wrong with it at once.

config.toml and the dialplans are read through here.  The parser is tomli, the code of Python's own
`tomllib` in compiled form: an agency of thousands of clients starts seconds sooner.  Limits: 256 kB
(the largest dialplan of a busy agency is below 20 kB), regular files only, UTF-8 without NUL.  A
secret's value is never repeated in a mistake.
"""

import difflib
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli
from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from sipbot.errors import Mistake, MistakesError
from sipbot.toml_places import DEPTH, Places
from sipbot.toml_places import Path as KeyPath
from sipbot.toml_shape import Shape, Spot, dotted

LIMIT_BYTES = 256 * 1024
_SHOWN_CHARS = 60
_PLACES_SHOWN = 3
"""A key that more tables than these know is rather mistyped than in the wrong one."""
_DOTS = 32
"""So many are in a key that `_TOO_DEEP` finds; few files hold them at all."""
_TOO_DEEP = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""", re.ASCII
)
"""Measured: one key of 100 000 parts makes the parser take all memory, so it must not see any."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_PROBLEMS = {
    "greater_than_equal": "is out of range",
    "less_than_equal": "is out of range",
    "finite_number": "is not a number that can be used",
    "multiple_of": "is not even",  # nothing is counted in other steps than 2
    "literal_error": "is not one of the choices",
    "enum": "is not one of the choices",
    "string_pattern_mismatch": "does not have the right form",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
}


FORMS = {
    r"^[a-z0-9][a-z0-9-]{0,62}$": "small letters a to z, digits and hyphens, 63 at most",
    r"^([a-z0-9_-]{1,64}\.wav|builtin:(ja|en|ko)/[a-z0-9_]{1,32})$": "a WAV of the folder prompts, "
    "by its name alone (small letters, digits, _ and -), or builtin: with ja/, en/ or ko/",
}
"""Patterns of texts, in words for those who do not read patterns."""


@dataclass(frozen=True, kw_only=True)
class TomlFile:
    """A TOML file as it was at one moment."""

    path: Path
    sha256: str
    """Of the bytes, in hex."""
    values: dict[str, Any]
    text: str | None
    """None when the values were not read from a text."""

    @cached_property
    def places(self) -> Places | None:
        """Where the keys are; looked for when the first mistake asks, as most files have none."""
        return None if self.text is None else Places(self.text)

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
    return parse(path, content_of(path, error, links=links), error)


def parse(path: Path, content: bytes, error: type[MistakesError]) -> TomlFile:
    """Parse what a file holds, or held.

    Args:
        path: where it stands, for messages.
        content: its bytes.
        error: the class of what is raised.

    Raises:
        MistakesError: of the class `error`; it is not UTF-8, or not TOML.
    """
    text = _text(path, content, error)
    too_deep = _unreadable(path, "is nested too deeply", "Keep to two levels")
    if text.count(".") >= _DOTS and _TOO_DEEP.search(text):
        raise error([too_deep])
    try:
        values = tomli.loads(text)
    except RecursionError:
        raise error([too_deep]) from None
    except ValueError as cause:
        raise error([_syntax(path, text, cause)]) from None
    if _deeper(values, DEPTH):
        raise error([too_deep])
    digest = hashlib.sha256(content).hexdigest()
    return TomlFile(path=path, sha256=digest, values=values, text=text)


def explain(error: ValidationError, shape: Shape, file: TomlFile) -> list[Mistake]:
    """Turn pydantic's errors into mistakes with their places, in the order of the file."""
    found = [
        (detail, shape.spot(detail["loc"], file.values))
        for detail in error.errors(include_url=False)
    ]
    misplaced = {
        spot.key
        for detail, spot in found
        if detail["type"] == "extra_forbidden" and shape.elsewhere((*spot.table, spot.key))
    }
    mistakes = [
        _mistake(detail, spot, shape, file)
        for detail, spot in found
        # A key in the wrong table is one mistake, not also a missing key.
        if not (detail["type"] == "missing" and spot.key in misplaced)
        # A list that pydantic calls too short because its entries are wrong is not.
        and not (detail["type"] == "too_short" and detail["input"])
    ]
    return sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column))


def _deeper(values: dict[str, Any], levels: int) -> bool:
    """Tell whether a key is deeper; the parser itself has ended what is deeper than Python goes."""
    filled: list[Any] = [values]
    for _ in range(levels):
        filled = [
            each
            for table in filled
            for each in (table.values() if isinstance(table, dict) else table)
            if each and isinstance(each, (dict, list))
        ]
        if not filled:
            return False
    return True


def content_of(path: Path, error: type[MistakesError], *, links: bool = True) -> bytes:
    """Read a file that may be anything: a FIFO, a device, too large, not there.

    Args:
        path: the file.
        error: the class of what is raised.
        links: whether it may be a symbolic link.

    Raises:
        MistakesError: of the class `error`; it is no regular file, unreadable or too large.
    """
    # Without O_NONBLOCK, opening a FIFO named *.toml would wait for ever.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise error([_unreadable(path, "is not a regular file", "Put a TOML file here")])
            content = os.pread(descriptor, LIMIT_BYTES + 1, 0)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as cause:
        if not links and path.is_symlink():
            remedy = "Put the file itself here"
            raise error([_unreadable(path, "is a symbolic link", remedy)]) from None
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


def _mistake(detail: ErrorDetails, spot: Spot, shape: Shape, file: TomlFile) -> Mistake:
    key = str(detail.get("ctx", {}).get("key", ""))
    if key:
        table = (*spot.table, spot.key) if spot.key else ()
        spot = Spot((*spot.file, key), table, key)
    elif detail["type"].startswith("union_tag"):
        spot = spot._replace(file=(*spot.file, detail["ctx"]["discriminator"].strip("'")))
    problem, remedy = _words(detail, spot, shape)
    there = detail["type"] not in ("missing", "union_tag_not_found")
    hide = shape.hides((*spot.table, spot.key) if spot.key else ())
    return file.mistake(spot.file, problem, remedy, hide=hide, value=there)


def _words(detail: ErrorDetails, spot: Spot, shape: Shape) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "wrong":
        return str(context["problem"]), str(context["remedy"])
    if kind == "extra_forbidden":
        return _unknown(spot, shape)
    if kind.startswith("union_tag"):
        return _kind(spot, context.get("tag"), shape)
    element = (0,) if spot.file and isinstance(spot.file[-1], int) else ()
    known = shape.property((*spot.table, spot.key, *element))
    if kind == "missing":
        if known and known.words == "a table":
            return "is missing", f"Add a table [{dotted(spot.file)}]"
        example = f" = {known.example}" if known and known.example else ""
        return "is missing", f"Add {spot.key}{example} {_where(spot.file[:-1])}"
    if known and known.many and kind == "tuple_type":
        return "is one table where many may stand", f"Write [[{dotted(spot.file)}]] in two brackets"
    if kind == "string_pattern_mismatch":
        return _PROBLEMS[kind], _form(str(context["pattern"]), known.example if known else "")
    words = known.words if known else "another value"
    kind_of_value = re.split(r",| from ", words)[0]
    default = f"is not {kind_of_value}" if kind.endswith("_type") else detail["msg"].lower()
    return _PROBLEMS.get(kind, default), f"Write {words}"


def _form(pattern: str, example: str) -> str:
    """What to write where a text is there, and is not of the form that is wanted."""
    if pattern in FORMS:
        return f"Write {FORMS[pattern]}" + (f", such as {example}" if example else "")
    return f"Write it like {example}" if example else f"Write what fits {pattern}"


def _kind(spot: Spot, written: str | None, shape: Shape) -> tuple[str, str]:
    """The words for a table of several kinds whose kind is missing or unknown."""
    kinds = shape.kinds((*spot.table, spot.key))
    if written is None:
        return "is missing", f'Add {spot.file[-1]} = "…": one of {", ".join(kinds)}'
    nearest = difflib.get_close_matches(str(written), kinds, n=1)
    if nearest:
        return "is not one of the choices", f"Did you mean {nearest[0]}?"
    return "is not one of the choices", f"Write one of {', '.join(kinds)}"


def _unknown(spot: Spot, shape: Shape) -> tuple[str, str]:
    path = (*spot.table, spot.key)
    name = _header(spot.file[:-1]) or "this file"
    problem = f"is not a key of {name}"
    elsewhere = shape.elsewhere(path)
    if elsewhere and len(elsewhere) <= _PLACES_SHOWN:
        places = " or ".join(_where(_indexed(at, shape)) for at in elsewhere)
        return f"{problem}, it landed in the wrong table", f"Move {spot.key} {places}"
    nearest = shape.nearest(path)
    if nearest:
        return problem, f"Did you mean {nearest}?"
    kinds = shape.kinds(spot.table[:-1], spot.key) if "*" in spot.table else []
    if kinds:
        return f"{problem}, which is a {spot.table[-1]}", f"Steps that know it: {', '.join(kinds)}"
    return problem, f"Remove it; known are {', '.join(sorted(shape.tables.get(spot.table, ())))}"


def _where(table: KeyPath) -> str:
    return f"below {_header(table)}" if table else "to the top, before the first [table]"


def _header(table: KeyPath) -> str:
    """The table's header as it is written in the file."""
    names = ".".join(part for part in table if isinstance(part, str))
    if not table:
        return ""
    return f"[[{names}]]" if isinstance(table[-1], int) else f"[{names}]"


def _indexed(table: tuple[str, ...], shape: Shape) -> KeyPath:
    """The table as a path, with an index where it is one of many."""
    known = shape.property(table)
    return (*table, 0) if known and known.schema.get("type") == "array" else table


def _shortened(written: str) -> str:
    line = " ".join(written.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
