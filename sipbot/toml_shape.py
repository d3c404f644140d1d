"""Which keys a TOML file may have: a reading of a pydantic model's JSON Schema.

The schema is what editors complete against and what the commands ``schema`` print; taking the words
of error messages from it as well keeps the two from telling different stories.
"""

import difflib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel

from sipbot.toml_places import Path

Keys = tuple[str, ...]
"""A path without array indexes."""

_SECRET = re.compile(r"pass|secret|token|credential", re.IGNORECASE)


_UNQUOTED = {
    "date": "a date without quotes",
    "date-time": "a date and time without quotes",
}
"""TOML's own types that JSON Schema takes for text."""


class Property(NamedTuple):
    """One key of the file, as the schema describes it."""

    schema: dict[str, Any]
    required: bool

    @property
    def secret(self) -> bool:
        """True when the value must never be shown."""
        return bool(self.schema.get("writeOnly"))

    @property
    def many(self) -> bool:
        """True for tables of which there may be many: ``[[route]]``."""
        return self.schema.get("type") == "array" and "$ref" in self.schema.get("items", {})

    @property
    def example(self) -> str:
        """A value as TOML: the schema's example, else its default; empty when it has neither."""
        for value in [*self.schema.get("examples", []), self.schema.get("default")]:
            if value is not None:
                return json.dumps(value, ensure_ascii=False)
        return ""

    @property
    def words(self) -> str:
        """What the value must be, such as ``a whole number from 5 to 1800``."""
        schema = self.schema
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return "one of " + ", ".join(json.dumps(choice) for choice in schema["enum"])
        if "anyOf" in schema:
            choices = [Property(choice, required=False).words for choice in schema["anyOf"]]
            return " or ".join(choices)
        if schema.get("format") in _UNQUOTED:
            return f"{_UNQUOTED[schema['format']]}, such as {self.example.strip(chr(34))}"
        kind = {
            "integer": "a whole number",
            "number": "a number",
            "boolean": "true or false, without quotes",
            "string": "text in quotes",
            "array": "a list in square brackets",
            "object": "a table",
        }.get(schema.get("type", ""), "another value")
        if schema.get("multipleOf") == 2:
            kind = "an even whole number"
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None:
            kind += f" from {_number(low)} to {_number(high)}"
        if schema.get("type") in ("string", "array") and schema.get("examples"):
            kind += f", such as {self.example}"
        return kind


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


class Spot(NamedTuple):
    """Where a mistake is: in the file, and among the tables that the model knows."""

    file: Path
    """The path in the file."""
    table: Keys
    """The table, with ``*`` for a name that the file gives and the kind of a table of many kinds:
    ``("step", "*", "menu")``."""
    key: str
    """The key in that table; empty for the table itself."""


class Shape:
    """The tables and keys that a model knows.

    Tables that the file names (``[step.main]``) are known as ``*``; where there are several kinds
    of them, told apart by one key, each kind has its own keys.

    Args:
        model: the pydantic model of the whole file.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema; made when first asked for, as a start after a crash is in a hurry."""
        plain: dict[str, Any] = _plain(self._model.model_json_schema(by_alias=True))
        return plain

    @cached_property
    def tables(self) -> dict[Keys, dict[str, Property]]:
        """The keys of every table, by its path."""
        return dict(self._walk((), self.schema))

    def leaves(self) -> dict[Keys, Property]:
        """Every key that holds a value or a list, by its path; tables themselves are left out."""
        return {
            (*table, key): found
            for table, keys in self.tables.items()
            for key, found in keys.items()
            if (*table, key) not in self.tables or found.schema.get("type") == "array"
        }

    def spot(self, loc: Path, values: object) -> Spot:
        """Find where pydantic's `loc` is.

        pydantic names the kind of a table and the place in a list of one, which the file does not;
        ``[key]`` at the end means the name itself.

        Args:
            loc: of an error.
            values: the file.
        """
        node, file, table = self.schema, list[str | int](), list[str]()
        for part in loc:
            node = self._resolve(node)
            if part == "[key]":
                continue
            kinds = node.get("discriminator", {}).get("mapping", {})
            if part in kinds:
                node = {"$ref": kinds[part]}
                table.append(str(part))
                continue
            file.append(part)
            if isinstance(part, int):
                node = _items(node)
                continue
            known = node.get("properties", {})
            table.append(part if part in known or not _named(node) else "*")
            node = known.get(part) or _named(node)
        return Spot(_written(file, values), *_split(table))

    def property(self, path: Path) -> Property | None:
        """The property at this path; an element of a list is described by the list's items."""
        *table, key = keys_of(path) or ("",)
        found = self.tables.get(tuple(table), {}).get(key)
        if found and path and isinstance(path[-1], int):
            return Property(self._resolve(_items(found.schema)), found.required)
        return found

    def elsewhere(self, path: Path) -> list[Keys]:
        """Other tables that know a key of this name; kinds of tables are not places to move to."""
        *table, key = keys_of(path)
        return [
            at
            for at, keys in self.tables.items()
            if key in keys and at != tuple(table) and "*" not in at
        ]

    def kinds(self, table: Keys, key: str = "") -> list[str]:
        """The kinds of a table of many kinds; with a key, only those that know it.

        Args:
            table: ending with ``*``, such as ``("step", "*")``.
            key: what the kinds must know; empty for any.
        """
        return [
            at[-1]
            for at, keys in self.tables.items()
            if at[:-1] == table and (not key or key in keys)
        ]

    def nearest(self, path: Path) -> str:
        """The known key of the same table whose name is most like this one; empty when none is."""
        *table, key = keys_of(path)
        known = self.tables.get(tuple(table), {})
        return next(iter(difflib.get_close_matches(key.lower(), known, n=1)), "")

    def hides(self, path: Path) -> bool:
        """Tell whether the value here is, or may be meant as, a secret: a misspelt password too."""
        found = self.property(path)
        if found:
            return found.secret or self._holds_secret(keys_of(path))
        *table, key = keys_of(path) or ("",)
        return bool(_SECRET.search(key)) or self._holds_secret(tuple(table))

    def _holds_secret(self, table: Keys) -> bool:
        return any(found.secret for found in self.tables.get(table, {}).values())

    def _walk(self, at: Keys, schema: dict[str, Any]) -> Iterator[tuple[Keys, dict[str, Property]]]:
        required = schema.get("required", [])
        table: dict[str, Property] = {}
        yield at, table
        for key, raw in schema.get("properties", {}).items():
            found = self._resolve(raw)
            table[key] = Property(found, key in required)
            inner = self._resolve(_items(found)) if _items(found) else found
            if "properties" in inner:
                yield from self._walk((*at, key), inner)
            kinds = _named(inner).get("discriminator", {}).get("mapping", {})
            for kind, reference in kinds.items():
                yield from self._walk((*at, key, "*", kind), self._resolve({"$ref": reference}))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref", "")
        if not reference:
            return schema
        target: dict[str, Any] = self.schema["$defs"][reference.rpartition("/")[2]]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _plain(schema: Any) -> Any:  # noqa: ANN401 -- any part of a JSON Schema
    """The schema without null: TOML has none, so "not written" is all it could mean."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema if each != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    plain = {
        key: _plain(value)
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }
    choices = plain.get("anyOf", [])
    if isinstance(choices, list) and len(choices) == 1:
        del plain["anyOf"]
        plain = {**choices[0], **plain}
    return plain


def _items(schema: dict[str, Any]) -> dict[str, Any]:
    """What the elements of a list must be; a value that may be a list is taken for one."""
    for choice in [schema, *schema.get("anyOf", [])]:
        if choice.get("items"):
            items: dict[str, Any] = choice["items"]
            return items
    return {}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """What the values of a table must be whose keys the file chooses; empty for other tables."""
    by_pattern = schema.get("patternProperties", {})
    found = next(iter(by_pattern.values()), schema.get("additionalProperties"))
    return found if isinstance(found, dict) else {}


def _split(table: list[str]) -> tuple[Keys, str]:
    return (tuple(table[:-1]), table[-1]) if table else ((), "")


def _written(path: list[str | int], values: object) -> Path:
    """The path without the index of a value that was written alone instead of in a list."""
    for place, part in enumerate(path):
        if isinstance(part, int):
            if not isinstance(values, list | tuple):
                return tuple(path[:place])
            values = values[part] if part < len(values) else None
        else:
            values = values.get(part) if isinstance(values, dict) else None
    return tuple(path)


def keys_of(path: Path) -> Keys:
    """The path without its array indexes."""
    return tuple(part for part in path if isinstance(part, str))


def dotted(path: Path) -> str:
    """The path as people write it: ``sip.account[0].realm``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
