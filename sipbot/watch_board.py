"""The open memos as a table that is always as things stand: what to do next is at the top.  Pure.

Urgent ones come first, then those that are due first, then the oldest; what is put off comes last.
Under them stand the calls that are up and the latest events.
"""

from collections import deque
from datetime import datetime, timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sipbot.memo import Memo, Urgency
from sipbot.memo_page import text
from sipbot.memo_state import Labels, about, due, number, put_off, state, who
from sipbot.memo_table import SHORT
from sipbot.terminal import printable
from sipbot.watch_lines import Lines
from sipbot.watched import Watched

EVENTS = 4
"""Latest events that are shown."""

AROUND = 7
"""Lines around the rows and the events: heading, calls, empty lines, what is left out."""

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Board:
    """What an operator looks at all day.

    Args:
        lines: what is known, and the words of events.
        labels: of the reader's language.
    """

    def __init__(self, lines: Lines, labels: Labels) -> None:
        self._lines = lines
        self._labels = labels
        self._events = deque[str](maxlen=EVENTS)
        self.away = False
        """Whether the broker is away, so that all this may be old."""

    def take(self, seen: Watched) -> None:
        """Note a message.

        Raises:
            ValueError, msgspec.MsgspecError, RecursionError: the payload is not one of sipbot's.
        """
        lines = self._lines.take(seen)
        if not seen.retained and seen.place.kind != "live":
            self._events.extend(lines)

    def note(self, event: str) -> None:
        """Show something among the events."""
        self._events.append(event)

    def memos(self, now: datetime) -> list[Memo]:
        """Return the open memos, what to do next first."""
        known = self._lines.known.values()
        memos = [one.memo for one in known if one.memo is not None and one.here]
        return sorted(memos, key=lambda memo: _order(memo, now))

    def page(self, now: datetime, height: int) -> RenderableType:
        """Return what to show.

        Args:
            now: of the reader's zone.
            height: lines there are.
        """
        memos = self.memos(now)
        room = max(1, height - AROUND - EVENTS - len(self._lines.calls))
        shown, more = memos[:room], len(memos) - room
        parts: list[RenderableType] = [self._heading(memos, now), self._table(shown, now)]
        if more > 0:
            parts.append(Text(self._labels["more_rows"].format(more=more), style="dim"))
        parts += [Text(""), *(self._call(identifier) for identifier in self._lines.calls)]
        parts += [
            Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._events
        ]
        return Group(*parts)

    def _heading(self, memos: list[Memo], now: datetime) -> Text:
        labels = self._labels
        heading = Text(f"{now:%m-%d %H:%M:%S}  {labels['open_memos']}: {len(memos)}", style="bold")
        urgent = sum(memo.urgency is Urgency.URGENT for memo in memos)
        if urgent:
            heading.append("  ").append(f"{labels['urgent']}: {urgent}", style="bold white on red")
        if self.away:
            heading.append("  ").append(labels["broker_away"], style="bold yellow")
        return heading

    def _table(self, memos: list[Memo], now: datetime) -> Table:
        labels = self._labels
        table = Table(box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0), expand=True)
        names = ("id", "age", "client", "caller", "callback", "status", "text")
        for name, width in zip(names, (SHORT, 7, 10, 16, 18, 22, None), strict=True):
            table.add_column(
                labels[name],
                max_width=width,
                no_wrap=True,
                overflow="ellipsis",
                ratio=1 if width is None else None,
            )
        for memo in memos:
            table.add_row(*self._row(memo, now), style="dim" if put_off(memo, now) else "")
        return table

    def _row(self, memo: Memo, now: datetime) -> tuple[Text, ...]:
        labels = self._labels
        late = memo.due_at is not None and memo.due_at <= now
        stands = (state(memo, now, labels, brief=True), due(memo, now, labels))
        words = " · ".join(filter(None, stands))
        style = "bold red" if late else "cyan" if memo.holder else ""
        message = Text()
        marked = about(memo, labels)
        for n, word in enumerate(marked):
            urgent = n == 0 and memo.urgency is Urgency.URGENT
            message.append(word, style="bold white on red" if urgent else "magenta").append("  ")
        message.append(printable(text(memo, labels).replace("\n", " ")))
        return (
            Text(memo.id[-SHORT:], style="dim"),
            Text(age(now - memo.call.started_at, labels)),
            Text(printable(memo.client)),
            Text(who(memo, labels)),
            Text(number(memo, labels), style="green" if memo.callback.confirmed else "yellow"),
            Text(words, style=style),
            message,
        )

    def _call(self, identifier: str) -> Text:
        call, labels = self._lines.calls[identifier], self._labels
        what = labels.get(call.event.type, call.event.type)
        said = call.event.text or ""
        line = printable(f"{labels['call']}  {call.client}  {call.caller}  {what}  {said}")
        return Text(line, style="green", no_wrap=True, overflow="ellipsis")


def age(since: timedelta, labels: Labels) -> str:
    """Return how long ago something was, in the largest unit of which there is one."""
    for unit, name in ((_DAY, "days"), (_HOUR, "hours")):
        if since >= unit:
            return labels[name].format(n=since // unit)
    return labels["minutes"].format(n=max(0, since // _MINUTE))


def _order(memo: Memo, now: datetime) -> tuple[bool, bool, datetime, str]:
    when = memo.snoozed_until if put_off(memo, now) else memo.due_at
    calm = memo.urgency is not Urgency.URGENT
    return put_off(memo, now), calm, when or memo.call.started_at, memo.id
