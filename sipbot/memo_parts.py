"""The parts of a recording that a memo points to, numbered: what to listen to in doubt.  Pure.

An operator reads ``listen 0:12-0:16 (#2)`` in `memos show` and hears it with `memos clip --part 2`.
"""

from sipbot.memo import Memo
from sipbot.memo_answers import Evidence
from sipbot.memo_found import Heard

Listenable = Heard | Evidence


def listenable(memo: Memo) -> tuple[Listenable, ...]:
    """Return what can be listened to, in the order in which `memos show` names it.

    What is at the same place as something before it has that one's number.
    """
    every: tuple[Listenable, ...] = (
        *memo.callback.evidence,
        *memo.gleaned,
        *memo.found,
        *memo.corrections,
    )
    places: dict[tuple[float, float], Listenable] = {}
    for one in every:
        if one.audio_from_s is not None and one.audio_to_s is not None:
            places.setdefault((one.audio_from_s, one.audio_to_s), one)
    return tuple(places.values())


def number_of(one: Listenable, memo: Memo) -> int | None:
    """Return the number of a part, from 1; None when it cannot be listened to."""
    places = [(part.audio_from_s, part.audio_to_s) for part in listenable(memo)]
    place = (one.audio_from_s, one.audio_to_s)
    return places.index(place) + 1 if place in places else None


def clock(seconds: float) -> str:
    """Return a place in a recording as people say it: minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def clock_span(from_s: float, to_s: float) -> str:
    """Return a piece of a recording in whole seconds that hold all of it."""
    upper = int(to_s) + (to_s > int(to_s))
    return f"{clock(from_s)}-{clock(max(upper, int(from_s) + 1))}"
