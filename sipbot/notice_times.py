"""When people are told of a memo: whether it is ready, and what is due for a channel.  Pure.

A memo is told once, as it is when its text is ready; a text that does not come is not waited for
longer than `TEXT_WAIT`.  Times of day are wall-clock times of the client's zone: one that the
clocks skip comes an hour later, one that they repeat comes once, the first time.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sipbot.hours import Hours
from sipbot.memo import Memo, Stage, Urgency
from sipbot.notice_form import NotifyForm
from sipbot.osm_hours import DAY_MIN
from sipbot.routes import hours_fit

TEXT_WAIT = timedelta(minutes=2)
"""After a call has ended.  Both ears have then read most messages (docs/benchmarks.md); a person
who should know at once is not helped by a better text later (our wish)."""

LOOK_BACK_DAYS = 400
"""How far back, and ahead, the times of a digest are looked for: a site that was off longer tells
at the next time that comes."""


def is_ready(memo: Memo, now: datetime) -> bool:
    """Tell whether people can be told of a memo: every ear has read it, or enough was waited."""
    if memo.stage is not Stage.RECORDED and not memo.recognition.ears_pending:
        return True
    return now - memo.call.ended_at >= TEXT_WAIT


def tells(channel: NotifyForm, *, urgent: bool) -> bool:
    """Tell whether a channel tells of a memo by itself."""
    if "memo" not in channel.on:
        return False
    return channel.when in ("each", "digest") or (channel.when == "urgent" and urgent)


def channels_for(memo: Memo, channels: Sequence[NotifyForm]) -> tuple[str, ...]:
    """Return the names of the channels that are to be told of a memo."""
    urgent = memo.urgency is Urgency.URGENT
    return tuple(one.name for one in channels if tells(one, urgent=urgent))


def next_time(channel: NotifyForm, hours: Hours, since: datetime) -> datetime | None:
    """Return when a memo will be told that comes now; None: not within `LOOK_BACK_DAYS`.

    Args:
        channel: of the client.
        hours: of the client.
        since: when the memo came; aware.
    """
    if channel.when != "digest" and hours_fit(channel.hours, hours.at(since)):
        return since
    today = since.astimezone(hours.tz).date()
    for ahead in range(LOOK_BACK_DAYS):
        day = today + timedelta(days=ahead)
        times = map(time.fromisoformat, channel.at) if channel.at else _changes(hours, day)
        for one in sorted(times):
            at = datetime.combine(day, one, hours.tz)
            if at > since and hours_fit(channel.hours, hours.at(at)):
                return at
    return None


def _changes(hours: Hours, day: date) -> set[time]:
    """Return when hours may change on a day: at midnight, and where they begin and end."""
    bands = [(hours.bands(day), 0), (hours.bands(day - timedelta(days=1)), DAY_MIN)]
    edges = {edge - back for plan, back in bands for band in plan.bands for edge in band}
    return {time(0)} | {time(edge // 60, edge % 60) for edge in edges if 0 <= edge < DAY_MIN}


def due_until(channel: NotifyForm, hours: Hours, since: datetime, now: datetime) -> datetime | None:
    """Return up to when memos that were kept for a channel are to be told now.

    Args:
        channel: of the client.
        hours: of the client.
        since: when the oldest of them was kept, UTC-aware.
        now: UTC-aware.

    Returns:
        None when nothing is due.
    """
    if channel.when == "digest":
        return _latest(channel, hours, since, now)
    fits = hours_fit(channel.hours, hours.at(now))
    return now if fits else None


def _latest(channel: NotifyForm, hours: Hours, since: datetime, now: datetime) -> datetime | None:
    """Return the latest of a digest's times after `since` and up to now; None: there is none."""
    times = sorted((time.fromisoformat(one) for one in channel.at), reverse=True)
    today = now.astimezone(hours.tz).date()
    for back in range(LOOK_BACK_DAYS):
        day = today - timedelta(days=back)
        for one in times:
            at = datetime.combine(day, one, hours.tz).astimezone(now.tzinfo)
            if at <= since:
                if day < since.astimezone(hours.tz).date():
                    return None
                continue
            if at <= now and hours_fit(channel.hours, hours.at(at)):
                return at
    return None
