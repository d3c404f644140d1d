"""Public holidays by country, with how sure they are.  Pure; the only importer of `holidays`.

The library computes Japan's holidays from the law (国民の祝日に関する法律), equinoxes by formula.
The equinoxes become law only when the National Astronomical Observatory publishes the next year's
calendar (暦要項) in the gazette on the first working day of February, and the Cabinet Office then
announces the year's holidays; what lies beyond is called provisional.

Names are in the language of the country: the library would otherwise choose by the environment of
the process, so that a service and a shell disagree.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays

ANNOUNCED_THROUGH = {"JP": 2027}
"""Country → the last year whose holidays are announced and were compared with the library's.

JP: Cabinet Office, 2026-02-02, the national holidays of 2027 (equinoxes 03-21 and 09-23); the
tests hold the list.  A later release raises the year.
"""

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,4})?")


@lru_cache(256)
def is_country(code: str) -> bool:
    """Tell whether holidays are known for this ISO 3166 code, such as ``JP`` or ``US-CA``."""
    if not _CODE.fullmatch(code):
        return False
    country, _, part = code.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        return False
    return True


@lru_cache(256)
def years_known(code: str) -> range:
    """The years for which the library has the country's holidays; outside them it knows none."""
    country = holidays.country_holidays(code.partition("-")[0])
    return range(country.start_year, country.end_year + 1)


@lru_cache(1024)
def public_holidays(code: str, year: int) -> Mapping[date, str]:
    """The days on which everything is closed by law, with their names in the country's language.

    Args:
        code: a country that `is_country` knows.
        year: of the calendar.
    """
    country, _, part = code.partition("-")
    language = holidays.country_holidays(country).default_language
    found = holidays.country_holidays(country, subdiv=part or None, years=year, language=language)
    return MappingProxyType({day: name for day, name in found.items() if day.year == year})


def is_provisional(code: str, year: int) -> bool:
    """Tell whether the year's holidays may still change; only asked where they are announced."""
    announced = ANNOUNCED_THROUGH.get(code.partition("-")[0])
    return announced is not None and year > announced
