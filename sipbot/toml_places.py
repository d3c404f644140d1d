"""Where each key of a TOML file stands, so that a mistake can be shown as ``file:line:column``.

`tomllib` gives values without places and the editors' libraries keep them to themselves, hence this
scanner.  It reads only text that `tomllib` has already accepted, so it need not judge anything: it
walks over keys, strings, arrays and inline tables (TOML 1.0.0) and notes where each key begins.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and array indexes from the top of the file, as pydantic gives them in ``loc``."""

DEPTH = 8
"""Deepest key that is looked at; sipbot's own files need 4."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_STRINGS = (
    re.compile(r'\"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class Place(NamedTuple):
    """Where a key or an array element begins, and its value as written (empty for a table)."""

    line: int
    """1-based."""
    column: int
    """1-based, in characters."""
    written: str


class Places:
    """The places of all keys of one valid TOML text.

    Args:
        text: what `tomllib.loads` has accepted.

    Raises:
        RecursionError: a key is deeper than `DEPTH`; `tomllib` says the same of deep arrays.
    """

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._lines = [0, *(match.end() for match in re.finditer("\n", self._text))]
        self._at = 0
        self._places: dict[Path, Place] = {}
        self._counts: dict[Path, int] = {}
        self._scan()

    def find(self, path: Path) -> Place | None:
        """The place of this key, or of the table around it; None when neither is written."""
        for end in range(len(path), 0, -1):
            place = self._places.get(path[:end])
            if place:
                return place if end == len(path) else place._replace(written="")
        return None

    def _scan(self) -> None:
        table: Path = ()
        self._blank()
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._blank()

    def _header(self) -> Path:
        start = self._at
        many = self._text.startswith("[[", start)
        self._at += 2 if many else 1
        path = self._resolve(self._keys())
        self._at += 2 if many else 1
        if many:
            index = self._counts.get(path, 0)
            self._counts[path] = index + 1
            self._note(path, start, "")
            path = (*path, index)
        self._note(path, start, "")
        return path

    def _resolve(self, keys: list[str]) -> Path:
        """A header below an array of tables means the array's last element (TOML 1.0.0)."""
        path: Path = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if number < len(keys) - 1 and path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        keys = self._keys()
        path = (*table, *keys)
        if len(path) > DEPTH:
            raise RecursionError(f"a key is deeper than {DEPTH} tables")
        self._at += 1  # the equals sign
        self._blank()
        value = self._at
        self._value(path)
        written = self._text[value : self._at].strip()
        for end in range(len(table) + 1, len(path)):
            self._note(path[:end], start, "")
        self._note(path, start, written)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._blank()
            match = _BARE_KEY.match(self._text, self._at)
            if match:
                keys.append(match.group())
                self._at = match.end()
            else:
                keys.append(self._quoted_key())
            self._blank()
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _quoted_key(self) -> str:
        start = self._at
        self._string()
        inner = self._text[start + 1 : self._at - 1]
        return inner if self._text[start] == "'" else _ESCAPE.sub(_unescape, inner)

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening in "\"'":
            self._string()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._at = self._match(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        self._blank()
        index = 0
        while self._text[self._at] != "]":
            start = self._at
            self._value((*path, index))
            self._note((*path, index), start, self._text[start : self._at].strip())
            index += 1
            self._comma()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._blank()
        while self._text[self._at] != "}":
            self._pair(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        self._blank()
        if self._text[self._at] == ",":
            self._at += 1
        self._blank()

    def _string(self) -> None:
        for pattern in _STRINGS:
            match = pattern.match(self._text, self._at)
            if match:
                self._at = match.end()
                return
        raise ValueError("not the text that tomllib accepted")

    def _blank(self) -> None:
        self._at = self._match(_BLANK)

    def _match(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError("not the text that tomllib accepted")
        return match.end()

    def _note(self, path: Path, start: int, written: str) -> None:
        if len(path) > DEPTH:
            raise RecursionError(f"a key is deeper than {DEPTH} tables")
        if path not in self._places:
            line = bisect_right(self._lines, start)
            self._places[path] = Place(line, start - self._lines[line - 1] + 1, written)


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else _ESCAPED[match.group(3)]
