"""``[[escalate]]`` and ``[[rota]]`` of a client's file: who is told of a memo that nobody claims.

What becomes of them is in `sipbot.escalation` and `sipbot.rota`; what needs the rest of the file is
found by `sipbot.escalation_compile`.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from sipbot.form_parts import FROZEN, CategoryName
from sipbot.hours_form import is_date, text_of_date, week_text
from sipbot.toml_file import wrong

STEPS_MAX = 20
SHIFTS_MAX = 500

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""Of a person, a role or a channel; an operator's in a command is written likewise."""

AFTER_MAX_MIN = 7 * 24 * 60
"""A week: whoever is told later is told too late (our wish)."""

Holidays = Literal["also", "not", "only"]

_Name = Annotated[str, Field(pattern=NAME_PATTERN)]


def _day_or_none(value: str) -> str:
    return is_date(value) if value else value


_Day = Annotated[str, BeforeValidator(text_of_date), AfterValidator(_day_or_none)]


class EscalateForm(BaseModel):
    """Who is told of a memo that nobody claims, and when: once for each memo."""

    model_config = FROZEN

    after_min: int = Field(ge=0, le=AFTER_MAX_MIN, examples=[15])
    """Minutes for which nobody has claimed the memo; 0: at once."""
    to: Annotated[_Name, Field(examples=["lead"])] | None = None
    """Who is told by the memo itself: operators' programs show it."""
    phone: Literal["rota"] | None = None
    """Who is called: those of [[rota]] who are on call then."""
    notify: Annotated[_Name, Field(examples=["client"])] | None = None
    """The [[notify]] by which a notification is sent."""
    urgent: bool = False
    """Only urgent memos."""
    categories: tuple[CategoryName, ...] = Field(
        default=(), max_length=100, strict=False, examples=[["complaint"]]
    )
    """Only memos of these categories."""
    hours: tuple[str, ...] = Field(
        default=(), max_length=20, strict=False, examples=[["closed", "holiday"]]
    )
    """Only while one of these holds, as in a [[route]]."""

    @model_validator(mode="after")
    def _tells_one(self) -> "EscalateForm":
        told = [key for key in ("to", "phone", "notify") if getattr(self, key) is not None]
        if not told:
            raise wrong("tells nobody", 'Add to = "lead", phone = "rota" or notify = "client"')
        if len(told) > 1:
            remedy = f"Write one [[escalate]] for {' and one for '.join(told)}"
            raise wrong(f"is said beside {told[0]}", remedy, told[1])
        return self


class RotaForm(BaseModel):
    """One person's time on call; who comes first in the file is called first."""

    model_config = FROZEN

    name: Annotated[_Name, Field(examples=["sato"])]
    """The person, as operators are named: who takes a message holds its memo by this name."""
    number: str = Field(max_length=200, examples=["+819012345678"])
    """Telephone number or SIP URI."""
    hours: Annotated[str, AfterValidator(week_text)] = Field(
        default="24/7", examples=["Mo-Fr 18:00-09:00; Sa,Su 00:00-24:00"]
    )
    """When the person is on call, in the notation of [hours]."""
    holidays: Holidays = "also"
    """Whether that counts on public holidays and in closures as well, not then, or only then."""
    from_: _Day = Field(default="", alias="from", examples=["2026-12-01"])
    """First day; empty: always."""
    to: _Day = Field(default="", examples=["2026-12-31"])
    """Last day, counted in; empty: for ever."""
    last_resort: bool = False
    """Called when nobody who is on call answers, whatever the time."""

    @model_validator(mode="after")
    def _holds_together(self) -> "RotaForm":
        if self.from_ and self.to and self.to < self.from_:
            raise wrong(f"is before from = {self.from_}", "Swap the two, or mend the year", "to")
        if self.last_resort and self.model_fields_set & {"hours", "holidays", "from_", "to"}:
            remedy = "Remove it, or write a second [[rota]] with this person's hours"
            key = next(
                one for one in ("hours", "holidays", "from_", "to") if one in self.model_fields_set
            )
            raise wrong("is said of a last resort, who is always on call", remedy, key.strip("_"))
        return self
