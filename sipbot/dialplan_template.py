"""A new client's file from the template of its trade, with comments in its language.

The templates are in ``sipbot/templates``: one file a trade, the words of the comments in
``words.toml``.  A new file uses only prompts that ship, so that it works as it is.
"""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from string import Template
from typing import Any

import msgspec
import tomli

from sipbot.dialplan_mutation import Mutant
from sipbot.hours import ZONES, Hours
from sipbot.plan import Dialplan

TEMPLATES = Path(__file__).parent / "templates"
_WORDS = TEMPLATES / "words.toml"
_SUFFIX = ".toml.in"

_REVIEW_AFTER = timedelta(days=365)
_TESTED_AFTER = timedelta(days=7)
"""Tests lie ahead, where an admin looks for them in the calendar."""
_LOOKED_AT = 500

_CLOSURES = {
    "ja": ("nenmatsu", "12-29", "01-03"),
    "en": ("year-end", "12-24", "01-01"),
    "ko": ("year-end", "12-31", "01-01"),
}
_SPOKEN = {
    "ja": ("山田と申します", "やまと工業です", "明日の午前中がいいです", "予約の件でお願いします"),
    "en": ("This is Jane Doe", "Acme Limited", "Tomorrow morning", "It is about my appointment"),
    "ko": ("홍길동입니다", "한국상사입니다", "내일 오전이 좋습니다", "예약 건으로 전화드렸습니다"),
}
_CALLERS = {"JP": "09012345678", "KR": "01012345678"}
"""Callers of the tests; elsewhere a number of no country: what counts is that it is shown."""
_ANY_CALLER = "12345678"


class NewClient(msgspec.Struct, frozen=True, kw_only=True):
    """What a new file is made of."""

    client: str
    say_name: str
    trade: str
    language: str
    numbers: tuple[str, ...]
    """As a person writes them; the client's own name, for a first call to try it, comes to them."""
    tz: str
    region: str


def zone_of(region: str) -> str:
    """The time zone of a region that has only one; empty for the others."""
    return ZONES.get(region, "")


def draft(client: NewClient, today: date) -> str:
    """The file without tests, to find out from which moments they can be made."""
    text = _filled(client, today, dict.fromkeys(("open", "closed", "day_off", "open_day"), "-"))
    return text.partition("\n[[test]]")[0] + "\n"


def written(client: NewClient, drafted: Dialplan, today: date) -> str:
    """The file with the tests of its steps.

    Args:
        client: what was asked for.
        drafted: the plan of `draft`.
        today: in the client's time zone.
    """
    return _filled(client, today, _moments(drafted.hours, today + _TESTED_AFTER))


def pinned(client: NewClient, missed: list[Mutant]) -> str:
    """The tests that hold the opening hours to the minute, to be put behind the file."""
    tests = dict.fromkeys(one.test for one in missed)
    comment = _words(client)["c_pinned"]
    return f"\n# {comment}\n" + "\n".join(tests) if tests else ""


def _filled(client: NewClient, today: date, moments: dict[str, str]) -> str:
    template = (TEMPLATES / f"{client.trade}{_SUFFIX}").read_text(encoding="utf-8")
    closure, first, last = _CLOSURES[client.language]
    name, company, window, wish = _SPOKEN[client.language]
    values = {
        "client": client.client,
        "say_name": _quoted(client.say_name),
        "numbers": ", ".join(
            f'"{_quoted(number)}"' for number in dict.fromkeys((*client.numbers, client.client))
        ),
        "language": client.language,
        "tz": client.tz,
        "review_by": (today + _REVIEW_AFTER).isoformat(),
        "closure": closure,
        "closure_from": first,
        "closure_to": last,
        "caller": _CALLERS.get(client.region, _ANY_CALLER),
        "says_name": name,
        "says_company": company,
        "says_window": window,
        "says_wish": wish,
    }
    return Template(template).substitute(values | _words(client) | moments)


def _words(client: NewClient) -> dict[str, str]:
    words: dict[str, Any] = tomli.loads(_WORDS.read_text(encoding="utf-8"))[client.language]
    known = {"client": client.client, "say_name": client.say_name}
    return {f"c_{key}": Template(text).substitute(known) for key, text in words.items()}


def _quoted(text: str) -> str:
    """The text as it stands between the quotes of a TOML string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _moments(hours: Hours, start: date) -> dict[str, str]:
    """When somebody is there, when nobody is at night, and when the client is on holiday."""
    found: dict[str, str] = {}
    for ahead in range(_LOOKED_AT):
        day = hours.bands(start + timedelta(days=ahead))
        midnight = datetime.combine(day.date, time())
        if day.because == "weekly" and day.bands and "open" not in found:
            first, last = day.bands[0], day.bands[-1]
            found["open"] = (midnight + timedelta(minutes=first.start + 60)).isoformat()
            found["closed"] = (midnight + timedelta(minutes=last.end + 60)).isoformat()
            found["open_day"] = day.date.isoformat()
        if day.because == "closure" and "day_off" not in found:
            found["day_off"] = (midnight + timedelta(hours=11)).isoformat()
    return found
