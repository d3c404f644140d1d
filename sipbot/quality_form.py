"""What is looked at when memos are judged, as a client's file says it: ``[quality]``.  Pure."""

from typing import Annotated

from pydantic import BaseModel, Field

from sipbot.form_parts import FROZEN

Item = Annotated[str, Field(min_length=1, max_length=100)]

PER_OPERATOR = 3
"""Memos of each operator and client in a week (our wish: a quarter of an hour of listening)."""


class QualityForm(BaseModel):
    """How memos are judged."""

    model_config = FROZEN

    checklist: tuple[Item, ...] = Field(
        min_length=1, max_length=30, strict=False, examples=[["greeting", "number read back"]]
    )
    """What is judged of each memo; nothing else can be."""
    memos: int = Field(default=PER_OPERATOR, ge=1, le=100, examples=[3])
    """How many of each operator are chosen in a week."""
