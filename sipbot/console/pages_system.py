"""How the site is: its state and why, its figures, its processes, the dialplans out of force.

Data path: gauges -> console_link -> main_line -> hub -> [pages_system] -> browser

It is what ``sipbot status`` and the bus say, as main told it last; only admins may read it.
"""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sipbot.accounts import may
from sipbot.console import looks
from sipbot.console.guard import Me, need
from sipbot.console.viewer import Viewer
from sipbot.console.words import Words
from sipbot.status import Status
from sipbot.topics import Numbers

UNKNOWN = "–"
"""Instead of a figure that was not measured, which is not 0."""

OLD_S = 30.0
"""Age from which what main said is called old, in seconds: it speaks every few seconds."""

router = APIRouter()

looks.PAGES.append(looks.Place("/system", "system", lambda account: may(account, "system")))


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure with its name."""

    word: str
    value: str
    bad: bool = False


@router.get("/system", response_class=HTMLResponse)
async def system(request: Request, me: Me) -> HTMLResponse:
    """Show how the site is."""
    need(me, "system")
    viewer = Viewer(request, me)
    site = viewer.parts.hub.site
    told = None if site is None else msgspec.json.decode(site.status, type=Status)
    now, words = viewer.parts.store.now(), viewer.look.words
    return looks.show(
        request,
        "system.html",
        me,
        **viewer.values(now),
        told=told,
        figures=figures_of(told.numbers, words) if told else [],
        old=told is not None and _age_s(told.at, now) > OLD_S,
        span=lambda at: looks.span_words(_age_s(at, now), words),
        size=_size,
        unknown=UNKNOWN,
    )


def figures_of(numbers: Numbers, words: Words) -> list[Figure]:
    """Return the figures of a state, those that ask for a person marked as bad."""
    oldest_s, backlog_s = numbers.oldest_undelivered_s, numbers.recognition_backlog_s
    waits = UNKNOWN if oldest_s is None else looks.span_words(oldest_s, words)
    full = numbers.lines_in_use >= numbers.lines
    return [
        Figure(word="lines", value=f"{numbers.lines_in_use} / {numbers.lines}", bad=full),
        Figure(word="backlog", value=_shown(backlog_s, words["seconds_of_audio"])),
        Figure(word="outbox", value=_shown(numbers.deliveries_waiting)),
        Figure(word="outbox_oldest", value=waits),
        Figure(
            word="dead_letters",
            value=_shown(numbers.dead_letters),
            bad=bool(numbers.dead_letters),
        ),
        Figure(word="disk_free", value=_size(numbers.disk_free_bytes)),
        Figure(word="disk_days", value=_shown(numbers.disk_days_left, words["unit_d"])),
        Figure(word="quotas_warned", value=_shown(numbers.quotas_warned)),
        Figure(
            word="quotas_used_up",
            value=_shown(numbers.quotas_used_up),
            bad=bool(numbers.quotas_used_up),
        ),
    ]


def _shown(value: float | None, form: str = "{n}") -> str:
    return UNKNOWN if value is None else form.format(n=f"{value:.0f}")


def _size(value: int | None) -> str:
    """Return so many bytes in the unit that disks and memory are sold in."""
    if value is None:
        return UNKNOWN
    return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def _age_s(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())
