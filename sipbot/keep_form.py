"""How long what callers left is kept, as the key of a client's file says it.  Pure.

Data path: dialplan_form -> [keep_form] -> retention -> sweep
"""

from pydantic import BaseModel, Field, model_validator

from sipbot.form_parts import FROZEN
from sipbot.toml_file import wrong

DAYS_MAX = 36_500
"""A hundred years: longer is "for ever", which is said by leaving the key out."""

_CONTENTS = ("audio_days", "masked_days", "text_days")


class KeepForm(BaseModel):
    """After how many days what callers left is deleted; what is not named stays for ever."""

    model_config = FROZEN

    audio_days: int | None = Field(default=None, ge=1, le=DAYS_MAX, examples=[90])
    """Days from the end of the call until its recording is deleted."""
    masked_days: int | None = Field(default=None, ge=1, le=DAYS_MAX, examples=[180])
    """Days until the copy of the recording is deleted in which numbers and names are silent."""
    text_days: int | None = Field(default=None, ge=1, le=DAYS_MAX, examples=[365])
    """Days until the words of a memo are deleted: text, answers, numbers said or keyed, notes."""
    calls_days: int | None = Field(default=None, ge=1, le=DAYS_MAX, examples=[730])
    """Days until the caller's number and name are deleted, and whatever is left of the above."""

    @model_validator(mode="after")
    def _calls_last(self) -> "KeepForm":
        for key in _CONTENTS:
            days = getattr(self, key)
            if self.calls_days is not None and days is not None and days > self.calls_days:
                problem = f"is longer than calls_days = {self.calls_days}, by which all is deleted"
                raise wrong(problem, "Lower it, or raise calls_days", key)
        return self

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is ever deleted by this."""
        return self == KeepForm()
