"""One message of a caller, and the number that is meant in it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Utterance:
    """A message as a correct transcript would have it."""

    text: str
    language: str
    region: str
    """ISO 3166-1 alpha-2; whose national numbers its caller says."""
    number: str
    """The telephone number to call back, in E.164; empty when the caller says none."""
