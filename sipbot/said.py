"""What callers say that has a value: numbers, times, amounts, addresses.  Pure.

The finders (`said_*.py`) read a text as an ear wrote it and return where in it something with a
value is said, what the value is, and how people write it.  Nothing is thrown away: the text stays,
and whoever shows it decides.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of value was said."""

    PHONE = "phone"
    EXTENSION = "extension"
    ORDER = "order"
    """An order, customer, receipt or room number: digits that are not a telephone number."""
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time"
    WHEN = "when"
    """A date together with a time of day."""
    EMAIL = "email"


@dataclass(frozen=True, kw_only=True)
class Said:
    """One value in a text."""

    kind: Kind
    value: str
    """For programs: E.164 for a valid telephone number, else its digits as said; ISO 8601 for DATE,
    TIME (``15:00``) and WHEN (``2026-11-23T15:00``, the client's local time); ``12000 JPY`` for an
    AMOUNT; plain digits (and letters) for EXTENSION and ORDER; an address for EMAIL."""
    shown: str
    """As people of this language write it, such as ``03-6743-1209`` or ``明日の午後3時``.
    It takes the place of the words in the text, so a day keeps its name; for the date that it
    was, see `said_when.calendar_form`.  A correction that nobody understood is shown in
    the words that were heard."""
    start: int
    """Where it begins in the text, in characters."""
    end: int
    """Where it ends in the text, exclusive."""
    valid: bool = True
    """False: it was said, but cannot be what it claims to be (a telephone number of nine digits,
    the 30th of February).  Shown to operators, never believed."""
    corrected: bool = False
    """The speaker corrected it on the way ("no, five six"); the value is the corrected one."""
    rejected: bool = False
    """The speaker says not to call this number ("not 202… but my mobile")."""
    doubted: bool = False
    """Something near this number may say not to call it; it is not confirmed."""
