"""How reports say things: words, figures, times and amounts in a reader's language.  Pure."""

from datetime import date, datetime
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from sipbot.console.words import ALL
from sipbot.numbers import display
from sipbot.report import words_en, words_ja
from sipbot.report.statement import unit

Word = str | tuple[str, ...]

OWN: dict[str, dict[str, Word]] = {
    "en": cast("dict[str, Word]", words_en.WORDS),
    "ja": cast("dict[str, Word]", words_ja.WORDS),
}
"""Language to its words; reports in another language are made in English."""

LANGUAGES = tuple(OWN)

_HOME = {"ja": "JP"}
"""Language → the country whose numbers its readers write without country code; no other has one."""


class Say:
    """Says everything in one language and time zone.

    Args:
        language: the reader's; English where it is neither.
        tz: of the client.
    """

    def __init__(self, language: str, tz: ZoneInfo) -> None:
        self.language = language if language in OWN else "en"
        self.tz = tz
        self._words = OWN[self.language]
        self._console = ALL[self.language]

    def __getitem__(self, key: str) -> str:
        """Return a word; KeyError for one that nobody wrote."""
        return str(self._words[key])

    def say(self, key: str, **values: str | int) -> str:
        """Return a sentence with its values."""
        return self[key].format(**values)

    @property
    def days(self) -> tuple[str, ...]:
        """Names of the days, Monday first."""
        return cast("tuple[str, ...]", self._words["days"])

    def end(self, state: str) -> str:
        """Return how an end of a call is called, as in the console."""
        return self._console[f"end_{state}"]

    def outcome(self, result: str) -> str:
        """Return what came of a call back, as in the console."""
        return self._console.of(result)

    def caller(self, number: str | None) -> str:
        """Return who called, as readers of the language write a number."""
        return display(number, _HOME.get(self.language, "")) if number else self["withheld"]

    def number(self, value: float | None, name: str) -> str:
        """Return a figure with its unit; None is "not measured", whatever the unit.

        Args:
            value: the figure.
            name: of the unit: ``percent``, ``s``, ``calls`` or ``score``.
        """
        if value is None:
            return self["not_measured"]
        if name == "s" and value >= 60:
            return self.length(value)
        digits = 0 if name == "calls" or (name == "s" and value >= 10) else 1
        return self.say(f"unit_{name}", n=f"{value:,.{digits}f}")

    def bare(self, value: float | None, name: str) -> str:
        """Return a figure for a narrow place, its unit said elsewhere; a dash when not measured."""
        if value is None:
            return "–"
        return f"{value:,.{0 if name == 'calls' or (name == 's' and value >= 100) else 1}f}"

    def length(self, seconds: float | None) -> str:
        """Return a length of time."""
        if seconds is None:
            return self["not_measured"]
        whole = round(seconds)
        if whole >= 3600:
            return self.say("hours", h=whole // 3600, m=whole % 3600 // 60)
        if whole >= 60:
            return self.say("minutes", m=whole // 60, s=whole % 60)
        return self.say("unit_s", n=str(whole))

    def day(self, when: date) -> str:
        """Return a day of the calendar."""
        months = cast("tuple[str, ...]", self._words["months"])
        name = self.days[when.weekday()]
        return self.say("day_form", day=name, d=when.day, month=months[when.month - 1])

    def moment(self, at: datetime) -> str:
        """Return a time by the client's clock."""
        local = at.astimezone(self.tz)
        return f"{self.day(local.date())} {local:%H:%M}"

    def stamp(self, at: datetime) -> str:
        """Return a time with its year by the client's clock."""
        return f"{at.astimezone(self.tz):%Y-%m-%d %H:%M}"

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount; more decimals than the currency has are kept, none is lost."""
        places = max(-int(unit(currency).as_tuple().exponent), _decimals(amount))
        return f"{amount:,.{places}f} {currency}"


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -int(exponent))
