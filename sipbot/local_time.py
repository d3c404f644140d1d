"""The time zone in which people read and write times: one for all programs of a site.

Everything that is stored or sent is UTC; whatever is shown, and "tomorrow at 9", is of the
process's own zone, as `datetime.astimezone` takes it from the C library.  Children inherit it.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from sipbot.errors import ConfigError, Mistake
from sipbot.toml_file import wrong

KEY = "timezone"


def known(name: str) -> str:
    """Return the name of a time zone, or an empty one for the machine's.

    Raises:
        ValueError: for pydantic: there is no such zone.
    """
    if name and name not in available_timezones():
        raise wrong("is not a time zone", 'Write an IANA name such as "Asia/Tokyo", or "" for none')
    return name


def titled(word: str) -> str:
    """Return the title of a column of local times, with their zone: when (JST)."""
    return f"{word} ({datetime.now().astimezone():%Z})"


def be_in(name: str, file: Path) -> None:
    """Let this process, and those that it starts, have this local time; empty: leave it.

    Args:
        name: as `known` returns it.
        file: the settings, for the message.

    Raises:
        ConfigError: the C library has no such zone, and would take UTC without a word.
    """
    if not name:
        return
    os.environ["TZ"] = name
    time.tzset()
    year, zone = datetime.now(UTC).year, ZoneInfo(name)
    for month in (1, 7):  # with summer time and without, on both halves of the globe
        at = datetime(year, month, 1, tzinfo=UTC)
        if at.astimezone().utcoffset() != at.astimezone(zone).utcoffset():
            problem = f'"{name}" is not on this machine'
            remedy = "Install it: apt install tzdata"
            raise ConfigError([Mistake(file=file, key=KEY, problem=problem, remedy=remedy)])
