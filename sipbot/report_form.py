"""What a client is handed, as its file says it: the table ``[report]``.  Pure."""

from typing import Literal

from pydantic import BaseModel, Field

from sipbot.form_parts import FROZEN, CategoryName


class ReportForm(BaseModel):
    """What the client is handed."""

    model_config = FROZEN

    language: Literal["", "ja", "en"] = ""
    """Of the reader; empty: the client's."""
    complaints: tuple[CategoryName, ...] = Field(
        default=(), max_length=50, strict=False, examples=[["complaint"]]
    )
    """Categories of memos that are complaints; each is in the weekly pack with its result."""
