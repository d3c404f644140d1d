"""What a notification says: one memo, several together, or a test.  Pure.

The subject is one line for the lock of a telephone: which client, how urgent, who, what for.  The
body has what somebody needs who calls back without the console, in the order of the memo's page.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sipbot.masked_memo import MaskedMemo
from sipbot.memo import Memo, Stage, Status, Urgency
from sipbot.notice import Notice
from sipbot.notice_words import WORDS
from sipbot.terminal import printable

SUBJECT_MAX = 120
"""Characters; longer ones are cut by what shows them (RFC 5322 section 2.1.1 recommends 78 octets
to a line, and a Japanese character is three of them)."""

TEXT_MAX = 2_000
"""Characters of a message's text: chat services refuse messages from 2,000 (Discord) to 40,000
characters, and the whole is behind the link."""

_MORE = "…"

_BRACKETS = str.maketrans("<>[]", "‹›［］")
"""Chat services and mail read orders in them: Slack's <!channel>, Chatwork's [toall], links."""

_EVERYBODY = re.compile(
    r"(?<![a-z0-9._%+-])@(?=(?:all|channel|everyone|here)(?![a-z0-9]))", re.IGNORECASE
)
"""Rings at everybody's in Slack, Discord, Mattermost and Google Chat; no address of somebody's."""

_LINK = re.compile(r"(?<![a-z0-9])(?:(www)\.|(mailto|tel):)", re.IGNORECASE)
"""What mail and chat services make a link of without ``://``."""

Shown = Memo | MaskedMemo
"""A memo, in full or masked."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one channel is told."""

    language: str
    say_name: str
    """Name of the client."""
    zone: tzinfo
    """The client's."""
    link: str = ""
    """Address of a memo in the web console up to its id; empty: there is none."""


def notice_of(memos: Sequence[Shown | str], style: Style, now: datetime, why: str = "") -> Notice:
    """Return the notification about some memos.

    Args:
        memos: in order, at least one; in place of one that may not be shown, its id.
        style: how.
        now: UTC-aware.
        why: one line before them; empty: they have just come.
    """
    urgent = any(_is_urgent(one) for one in memos)
    head = _subject(memos[0], style) if len(memos) == 1 else _many(memos, style)
    parts = [printable(why)] if why else []
    parts += ["\n".join(_lines(one, style)) for one in memos]
    mark = f"{WORDS[style.language]['urgent']} " if urgent else ""
    return Notice(
        ts=now,
        subject=cut(printable(f"{mark}{style.say_name}: {head}"), SUBJECT_MAX),
        body="\n\n".join(parts),
        urgent=urgent,
    )


def trial_notice(channel: str, style: Style, now: datetime) -> Notice:
    """Return a notification that says that it is a test."""
    words = WORDS[style.language]
    return Notice(
        ts=now,
        subject=printable(f"{style.say_name}: {words['test_subject']}"),
        body=words["test"].format(channel=channel),
    )


def cut(text: str, longest: int) -> str:
    """Return a text, shortened with a mark of it when it is longer than so many characters."""
    return text if len(text) <= longest else text[: longest - len(_MORE)] + _MORE


def _is_urgent(memo: Shown | str) -> bool:
    return not isinstance(memo, str) and memo.urgency is Urgency.URGENT


def _many(memos: Sequence[Shown | str], style: Style) -> str:
    return WORDS[style.language]["many"].format(number=len(memos))


def _subject(memo: Shown | str, style: Style) -> str:
    words = WORDS[style.language]
    if isinstance(memo, str):
        return words["new"]
    wish = harmless(memo.answers.get("wish", ""))
    who = _who(memo) or words["unknown"]
    return f"{who} - {wish}" if wish else who


def _lines(memo: Shown | str, style: Style) -> Iterator[str]:
    words = WORDS[style.language]
    if isinstance(memo, str):
        yield words["hidden"]
        yield from _where(memo, style)
        return
    yield f"{words['client']}: {style.say_name}"
    yield f"{words['who']}: {_who(memo) or words['unknown']}"
    if memo.answers.get("company"):
        yield f"{words['company']}: {harmless(memo.answers['company'])}"
    yield f"{words['callback']}: {_number(memo, words)}"
    if memo.answers.get("wish"):
        yield f"{words['wish']}: {harmless(memo.answers['wish'])}"
    yield f"{words['urgency']}: {words['urgent' if _is_urgent(memo) else 'normal']}"
    if memo.due_at is not None:
        yield f"{words['due']}: {_moment(memo.due_at, style)}"
    yield f"{words['received']}: {_moment(memo.call.started_at, style)}"
    if memo.status is not Status.OPEN:
        yield f"{words['status']}: {words[memo.status.value]}"
    yield f"{words['message']}: {_text(memo, words)}"
    yield from _where(memo.id, style)


def _where(memo: str, style: Style) -> Iterator[str]:
    words = WORDS[style.language]
    yield f"{words['id']}: {memo}"
    if style.link:
        yield f"{words['link']}: {style.link}{memo}"


def harmless(text: str) -> str:
    """Return a stranger's words as one line that is text wherever it is shown.

    They keep their letters; what a service would take for an order, a link or a call to everybody
    has the sign of the same look instead, and what cannot be seen a middle dot.  Addresses of
    people and names of sites without ``www.`` stay as they are: whoever calls back may need them,
    and what shows them may make links of them.
    """
    plain = printable(text).translate(_BRACKETS).replace("://", "：//")
    linkless = _LINK.sub(lambda found: f"{found[1]}．" if found[1] else f"{found[2]}：", plain)
    return _EVERYBODY.sub("＠", linkless)


def _who(memo: Shown) -> str:
    return harmless(memo.answers.get("name") or memo.caller.name or "")


def _number(memo: Shown, words: dict[str, str]) -> str:
    number = memo.callback.shown or memo.callback.number
    if number is None:
        return words["no_number"]
    sure = words["confirmed" if memo.callback.confirmed else "unconfirmed"]
    return f"{harmless(number)} ({sure})"


def _text(memo: Shown, words: dict[str, str]) -> str:
    ending = f" {words['cut_off']}" if memo.call.cut_off else ""
    if memo.text:
        return cut(_several_lines(memo.text), TEXT_MAX) + ending
    if memo.stage is Stage.RECOGNITION_FAILED:
        return words["failed"] + ending
    return words["silence" if memo.stage is Stage.TRANSCRIBED else "unread"] + ending


def _several_lines(text: str) -> str:
    return "\n".join(harmless(line) for line in text.splitlines())


def _moment(at: datetime, style: Style) -> str:
    return f"{at.astimezone(style.zone):%Y-%m-%d %H:%M}"
