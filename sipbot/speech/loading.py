"""Loads the models of a recogniser: each is what was installed, or is not used and told of.

A damaged model must not take its recogniser down, nor may it go unnoticed: the other models of the
language are tried, the other ear hears on, and the parent is told what is wrong (`wire.Ready`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import structlog

from sipbot.errors import ModelError
from sipbot.model_proof import prove
from sipbot.speech.ears import ModelRef, Role, choose

E = TypeVar("E")

_log = structlog.get_logger()


class Loaded(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """What can be used, and what cannot."""

    ears: dict[str, tuple[E, ModelRef]]
    """Language → ear."""
    problems: dict[str, str]
    """Model → why it is not used."""

    @property
    def names(self) -> dict[str, str]:
        """Language → model."""
        return {language: model.name for language, (_, model) in self.ears.items()}


def load(models: Sequence[ModelRef], role: Role, make: Callable[[ModelRef], E]) -> Loaded[E]:
    """Load the model of every language, or the next one where the first is damaged.

    Args:
        models: installed models, preferred ones first.
        role: whose ears.
        make: loads one model; raises ModelError when it cannot.
    """
    made: dict[str, E] = {}
    problems: dict[str, str] = {}
    while True:
        left = [model for model in models if model.name not in problems]
        chosen = choose(left, role)
        new = next((model for model in chosen.values() if model.name not in made), None)
        if new is None:
            ears = {language: (made[model.name], model) for language, model in chosen.items()}
            return Loaded(ears=ears, problems=problems)
        try:
            prove(Path(new.path))
            made[new.name] = make(new)
        except ModelError as error:
            _log.error("model cannot be used", model=new.name, problem=str(error))
            problems[new.name] = str(error)
