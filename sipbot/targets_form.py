"""What service a client was promised, as its file says it: the table ``[targets]``.  Pure.

The figures are those of `sipbot.kpi_definitions`.  What is not written was not promised.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from sipbot.form_parts import FROZEN

WITHIN_S = 20.0
"""The telephone trade's usual 80 % in 20 s (callcenternavi.jp)."""

WINDOW_H, FEWEST_CALLS = 24, 10
"""A day holds every hour of the day once; of fewer calls one alone is worth more than ten percent
(our wish)."""

_MINUTE_S = 60.0

Percent = Annotated[float, Field(ge=0, le=100)]
Minutes = Annotated[float, Field(ge=0.1, le=10080)]


class TargetsForm(BaseModel):
    """What was promised, and when somebody is told that it is not kept."""

    model_config = FROZEN

    within_s: float = Field(default=WITHIN_S, ge=1, le=120)
    """Seconds within which a call counts as answered in time, for the service level."""
    answer_rate: Percent | None = Field(default=None, examples=[98.0])
    """Fewest answered calls, in percent of those offered."""
    service_level: Percent | None = Field(default=None, examples=[80.0])
    """Fewest calls answered in time, in percent of those offered."""
    missed_rate: Percent | None = Field(default=None, examples=[15.0])
    """Most missed calls, in percent of those offered."""
    answer_s: float | None = Field(default=None, ge=0.1, le=120, examples=[10.0])
    """Longest mean time from a call's coming to its answer, in seconds."""
    claim_min: Minutes | None = Field(default=None, examples=[15.0])
    """Longest mean time from a call's end until somebody claims its message, in minutes."""
    call_back_min: Minutes | None = Field(default=None, examples=[60.0])
    """Longest mean time from a call's end to the first call back, in minutes."""
    handle_min: Minutes | None = Field(default=None, examples=[20.0])
    """Longest mean handling time, in minutes."""
    fcr: Percent | None = Field(default=None, examples=[75.0])
    """Least first-call resolution, in percent."""
    fcr_by_result: Percent | None = Field(default=None, examples=[60.0])
    """Least first-call resolution by result, in percent."""
    csat: float | None = Field(default=None, ge=1, le=5, examples=[4.0])
    """Least satisfaction, 1 to 5."""
    nps: float | None = Field(default=None, ge=-100, le=100, examples=[20.0])
    """Least recommendation, -100 to 100."""
    window_h: int = Field(default=WINDOW_H, ge=1, le=744)
    """Hours that are looked back on to tell whether the service is below these targets."""
    fewest_calls: int = Field(default=FEWEST_CALLS, ge=1, le=10_000)
    """With fewer measured in those hours nothing is told."""

    def limits(self) -> dict[str, float]:
        """Return the targets by figure, times in seconds; what was not promised is not in it."""
        minutes = {
            "claim_time": self.claim_min,
            "call_back_time": self.call_back_min,
            "handle_time": self.handle_min,
        }
        found = {
            "answer_rate": self.answer_rate,
            "service_level": self.service_level,
            "missed_rate": self.missed_rate,
            "answer_time": self.answer_s,
            **{key: None if one is None else one * _MINUTE_S for key, one in minutes.items()},
            "fcr": self.fcr,
            "fcr_by_result": self.fcr_by_result,
            "csat": self.csat,
            "nps": self.nps,
        }
        return {key: one for key, one in found.items() if one is not None}
