"""Everything with a value that was said in a text.  Pure."""

from bisect import bisect_left
from datetime import datetime

from sipbot.said import Kind, Said
from sipbot.said_numbers import find_numbers
from sipbot.said_when import find_when


def find(text: str, language: str, region: str, at: datetime) -> tuple[Said, ...]:
    """Return numbers, amounts, addresses, dates and times, in the order of the text.

    Where two finders claim the same words, a telephone number comes before a date, and a date
    before any other number: `11-26-8754` is no day, and `ten thirty` no order number.

    Args:
        text: what was said, as an ear wrote it.
        language: of the text, a BCP 47 tag.
        region: ISO 3166-1 alpha-2, whose national telephone numbers are meant.
        at: the moment of the call in the client's time zone, aware.

    Returns:
        What was found; no two overlap.
    """
    numbers = find_numbers(text, language, region)
    first = [one for one in numbers if one.kind in (Kind.PHONE, Kind.EMAIL)]
    rest = [one for one in numbers if one.kind not in (Kind.PHONE, Kind.EMAIL)]
    kept: list[Said] = []
    for one in (*first, *find_when(text, language, at), *rest):
        _keep(kept, one)
    return tuple(kept)


def _keep(kept: list[Said], one: Said) -> None:
    """Insert in order, unless it overlaps what is kept."""
    place = bisect_left(kept, one.start, key=lambda other: other.start)
    free_before = place == 0 or kept[place - 1].end <= one.start
    free_after = place == len(kept) or one.end <= kept[place].start
    if free_before and free_after:
        kept.insert(place, one)
