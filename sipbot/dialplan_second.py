"""What else is wrong with a file whose tables are wrong: its form without the keys that are.  Pure.

pydantic makes no form of a file with one wrong key, and everything that needs the rest of the file
(prompts, steps, numbers, hours) would be told only after that key is mended.  A key that is unknown
or has a wrong value is left out for that; a value that others refer to is not, or its absence would
be told as a mistake as well.
"""

import copy
from typing import Any

from pydantic import ValidationError

from sipbot.dialplan_form import SHAPE, DialplanForm
from sipbot.toml_places import Path as KeyPath

_LEFT_OUT = frozenset(
    {
        "extra_forbidden",
        "int_type",
        "int_from_float",
        "float_type",
        "bool_type",
        "finite_number",
        "multiple_of",
        "greater_than_equal",
        "less_than_equal",
    }
)
"""pydantic's names of mistakes about a key that nothing else refers to."""


def without_wrong_keys(values: dict[str, Any], error: ValidationError) -> DialplanForm | None:
    """Return the form of the rest of a file; None when it has none.

    Args:
        values: of the file.
        error: what pydantic says of them.
    """
    rest = copy.deepcopy(values)
    for detail in error.errors(include_url=False):
        path = SHAPE.spot(detail["loc"], values).file
        if detail["type"] not in _LEFT_OUT or not _leave_out(rest, path):
            return None
    try:
        return DialplanForm.model_validate(rest)
    except ValidationError:
        return None


def _leave_out(values: Any, path: KeyPath) -> bool:  # noqa: ANN401 - whatever stands in the file
    """Take a key out, unless it is a table or a list: others may refer to what is in it."""
    for part in path[:-1]:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return False
    key = path[-1] if path else ""
    if not isinstance(values, dict) or key not in values or isinstance(values[key], dict | list):
        return False
    del values[key]
    return True
