"""The ``SIPBOT_*`` environment variables: settings for containers and secrets.

A variable names its key in capitals, tables joined by two underscores: ``SIPBOT_MQTT__PASSWORD``.
Numbers and booleans are written as in TOML, lists as JSON or separated by commas.
"""

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec

from sipbot.errors import Mistake
from sipbot.toml_shape import Keys, Property, Shape, dotted

PREFIX = "SIPBOT_"
OTHERS = frozenset({"SIPBOT_CONFIG"})
"""Variables that are read but are no setting: which config.toml to read."""
ORIGIN = Path("environment")
"""What stands in a `Mistake` in place of a file."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")


class Environment:
    """The variables of this process that belong to the keys of one shape.

    Args:
        shape: the keys there are.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._known = {
            name_of(keys): found
            for keys, found in shape.leaves().items()
            if not any(_is_list(shape, keys[:end]) for end in range(1, len(keys)))
        }
        self._set = {
            keys: name_of(keys)
            for keys in shape.leaves()
            if name_of(keys) in self._known and name_of(keys) in os.environ
        }

    def values(self) -> dict[str, Any]:
        """The overriding values as a nested dict, each text read as the type that its key has."""
        values: dict[str, Any] = {}
        for keys, name in self._set.items():
            table = values
            for key in keys[:-1]:
                table = table.setdefault(key, {})
            table[keys[-1]] = _typed(os.environ[name], self._known[name])
        return values

    def unknown(self) -> list[Mistake]:
        """One mistake for every ``SIPBOT_*`` variable that nothing reads: a misspelt setting."""
        return [
            Mistake(
                file=ORIGIN,
                key=name,
                problem="is not a known setting",
                remedy=self._remedy(name),
            )
            for name in sorted(os.environ)
            if name.upper().startswith(PREFIX) and name not in self._known and name not in OTHERS
        ]

    def blame(self, mistake: Mistake) -> Mistake:
        """The same mistake, pointing at the variable when its value came from one."""
        for keys, name in self._set.items():
            key = dotted(keys)
            if mistake.key == key or mistake.key.startswith((f"{key}[", f"{key}.")):
                value = "(hidden)" if self._shape.hides(keys) else os.environ[name]
                return msgspec.structs.replace(
                    mistake, file=ORIGIN, line=0, column=0, key=name, value=value[:60]
                )
        return mistake

    def _remedy(self, name: str) -> str:
        nearest = difflib.get_close_matches(name.upper(), [*self._known, *OTHERS], n=1)
        return f"Did you mean {nearest[0]}?" if nearest else "Unset it; see: sipbot config schema"


def name_of(keys: Keys) -> str:
    """The variable of a key: ``("mqtt", "host")`` is ``SIPBOT_MQTT__HOST``."""
    return PREFIX + "__".join(keys).upper()


def _is_list(shape: Shape, keys: Keys) -> bool:
    found = shape.property(keys)
    return found is not None and found.schema.get("type") == "array"


def _typed(text: str, found: Property) -> object:
    """The text as its key's type; a text that does not fit stays one, and the model refuses it."""
    kind = found.schema.get("type")
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "array":
        return _list(text)
    return text


def _list(text: str) -> object:
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
