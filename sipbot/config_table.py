"""What all tables of config.toml have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

FROZEN = ConfigDict(
    extra="forbid",
    frozen=True,
    strict=True,
    allow_inf_nan=False,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)
"""Read once, never changed; a key that does not exist is a mistake, and no value is guessed at."""

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""Sites, clients and accounts: safe as an MQTT topic level, a file name and a DNS label."""


def _empty_as_none(value: object) -> object:
    return None if value == "" else value


OptionalFile = Annotated[
    Annotated[Path, Field(strict=False)] | None,
    BeforeValidator(_empty_as_none),
    WithJsonSchema({"type": "string"}),
]
"""Path of a file; empty for none."""
