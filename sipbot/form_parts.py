"""What the forms of a dialplan file are built from: names, numbers, prompts, and their words.

Every model of the file is strict and frozen, and describes its keys by docstrings; the JSON Schema
and the error messages are made of these (`sipbot.toml_shape`).
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sipbot.toml_file import wrong

FROZEN = ConfigDict(
    extra="forbid",
    frozen=True,
    strict=True,
    allow_inf_nan=False,
    populate_by_name=True,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)

CLIENT_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
PROMPT_PATTERN = r"^([a-z0-9_-]{1,64}\.wav|builtin:(ja|en|ko)/[a-z0-9_]{1,32})$"
STEP_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
_STEP = re.compile(STEP_PATTERN)

Key = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]
FinishKey = Literal["#", "*", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ""]


def printable(value: str) -> str:
    """Return the text when it is one line with something on it.

    Raises:
        PydanticCustomError: it is empty or holds control characters.
    """
    if not value.isprintable() or not value.strip():
        raise wrong("is empty or holds control characters", "Write the name on one line")
    return value


def _step_name(value: str) -> str:
    if not _STEP.fullmatch(value):
        remedy = "Name a step by small letters, digits and hyphens, a letter first"
        raise wrong("is not the name of a step", remedy)
    return value


def _new_step_name(value: str) -> str:
    if value == "end":
        raise wrong("is reserved: end closes every call", "Name this step otherwise")
    return _step_name(value)


def _listed(value: Any) -> Any:  # noqa: ANN401 -- whatever stands in the file
    """One prompt is a list of one; whatever is neither is judged as it was written."""
    return (value,) if isinstance(value, str) else value


Prompt = Annotated[
    str,
    Field(pattern=PROMPT_PATTERN, examples=["builtin:ja/greeting", "yamato-greeting.wav"]),
]

_ONE = {"type": "string", "pattern": PROMPT_PATTERN, "examples": ["yamato-menu.wav"]}
Prompts = Annotated[
    tuple[Prompt, ...],
    Field(min_length=1, max_length=20, strict=False),
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1, "maxItems": 20}],
            "examples": ["yamato-menu.wav"],
        }
    ),
]
"""One prompt or a list of them, said one after the other."""

StepName = Annotated[
    str,
    AfterValidator(_step_name),
    WithJsonSchema({"type": "string", "pattern": STEP_PATTERN, "examples": ["record"]}),
]
"""Where to go on: a step of the file, ``record`` or ``end``."""

NewStepName = Annotated[
    str,
    AfterValidator(_new_step_name),
    WithJsonSchema({"type": "string", "pattern": STEP_PATTERN, "examples": ["main"]}),
]

Numbers = Annotated[tuple[str, ...], Field(max_length=1000, strict=False)]
"""Telephone numbers, patterns and names as people write them."""

Line = Annotated[str, Field(max_length=64), AfterValidator(printable)]
"""A name as people say it."""

CategoryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", examples=["emergency"])]
"""What a memo calls what it is about."""
