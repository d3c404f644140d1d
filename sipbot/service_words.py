"""What a client is told of its service, in its words; nothing of any caller.  Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sipbot.kpi import Value
from sipbot.kpi_definitions import BY_KEY
from sipbot.notice_form import NotifyForm
from sipbot.plan import Dialplan
from sipbot.report.files import reader_of
from sipbot.report.words import Say
from sipbot.service import Lapse
from sipbot.targets_form import TargetsForm

SETTLED = timedelta(hours=1)
"""So long a figure has to be met before that is told: a share that wavers about its target would
else be told every five minutes (our wish)."""

_WORDS = {
    "en": {
        "fell": "service below what was agreed",
        "met": "service as agreed again",
        "looked": "In the last {hours} hours, as of {now} ({tz}):",
        "below": "- {name}: {value} (agreed: {target})",
        "unclaimed": "- {name}: {value} (agreed: {target}), with {n} messages that wait",
        "again": "- {name}: {value} (agreed: {target}); it was below since {since}",
        "end": "You are told when it is as agreed again.",
    },
    "ja": {
        "fell": "サービスがお約束の水準を下回っています",
        "met": "サービスがお約束の水準に戻りました",
        "looked": "直近{hours}時間の実績です（{now} 現在、{tz}）。",
        "below": "・{name}: {value}（お約束: {target}）",
        "unclaimed": "・{name}: {value}（お約束: {target}）。お待ちの伝言 {n}件を含みます",
        "again": "・{name}: {value}（お約束: {target}）。{since} から下回っていました",
        "end": "水準に戻りましたら、あらためてお知らせします。",
    },
}
"""Language → words; whoever reads another one reads English, as in reports."""


def settled(since: datetime, now: datetime) -> bool:
    """Tell whether a figure has been met so long that it counts as met again."""
    return now - since >= SETTLED


def fallen_text(
    plan: Dialplan, fallen: Sequence[Lapse], channel: NotifyForm, now: datetime
) -> tuple[str, str]:
    """Return subject and text about figures that are below their targets.

    Args:
        plan: the client's.
        fallen: at least one.
        channel: who reads it.
        now: since when that is known, UTC-aware.
    """
    say = _say(plan, channel)
    words = _WORDS[say.language]
    lines = [
        words["unclaimed" if one.unclaimed else "below"].format(
            name=BY_KEY[one.key].named(say.language),
            value=say.number(one.value, BY_KEY[one.key].unit),
            target=_agreed(one.key, one.target, say),
            n=one.unclaimed,
        )
        for one in fallen
    ]
    return _whole(plan, "fell", [*lines, words["end"]], say, now)


def met_text(
    plan: Dialplan,
    back: Sequence[tuple[Value, datetime]],
    channel: NotifyForm,
    now: datetime,
) -> tuple[str, str]:
    """Return subject and text about figures that are met again.

    Args:
        plan: the client's.
        back: each with the time since which it was below; at least one.
        channel: who reads it.
        now: UTC-aware.
    """
    say = _say(plan, channel)
    lines = [
        _WORDS[say.language]["again"].format(
            name=BY_KEY[one.key].named(say.language),
            value=say.number(one.value, BY_KEY[one.key].unit),
            target=_agreed(one.key, one.target or 0.0, say),
            since=say.stamp(since),
        )
        for one, since in back
    ]
    return _whole(plan, "met", lines, say, now)


def _say(plan: Dialplan, channel: NotifyForm) -> Say:
    return Say(channel.language or reader_of(plan), plan.hours.tz)


def _agreed(key: str, target: float, say: Say) -> str:
    about = BY_KEY[key]
    at = "at_least" if about.at_least else "at_most"
    return say.say(at, value=say.number(target, about.unit))


def _whole(
    plan: Dialplan, about: str, lines: Sequence[str], say: Say, now: datetime
) -> tuple[str, str]:
    words, form = _WORDS[say.language], plan.form.targets or TargetsForm()
    looked = words["looked"].format(hours=form.window_h, now=say.stamp(now), tz=plan.hours.tz.key)
    return f"{plan.say_name}: {words[about]}", "\n".join([looked, *lines])
