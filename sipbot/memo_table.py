"""Memos as rows: ``sipbot memos list``, and what the live table shares with it.  Pure."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.table import Table

from sipbot.memo import Memo
from sipbot.memo_page import text
from sipbot.memo_state import Labels, about, due, number, people_did, state, step, who
from sipbot.terminal import printable

SHORT = 8
"""Characters of an id that people type: the last ones, for UUIDv7 ids of one day begin alike."""


def short(at: datetime, now: datetime) -> str:
    """Return a time as people at this machine say it; the year is in `show`."""
    return f"{at.astimezone(now.tzinfo):%m-%d %H:%M}"


def list_table(
    memos: Sequence[Memo],
    labels: Labels,
    now: datetime,
    *,
    wide: bool,
    sites: Sequence[str] | None = None,
) -> Table:
    """Return one row a memo; the message takes what room the rest leaves.

    Args:
        memos: in the order of the rows.
        labels: of the reader's language.
        now: of the reader's zone.
        wide: whether lines have no end: each memo is one line then, whatever its length.
        sites: whose each memo is, where they are of several.
    """
    table = Table(box=box.SIMPLE, show_edge=False, padding=(0, 1, 0, 0), expand=not wide)
    # The order of the columns is that of the cells below.
    table.add_column(labels["id"], no_wrap=True)
    table.add_column(labels["at"], no_wrap=wide, max_width=None if wide else 8)
    for name, width in (("client", 10), ("callback", 15), ("status", 14)):
        table.add_column(labels[name], overflow="fold", max_width=None if wide else width)
    table.add_column(labels["text"], overflow="fold", ratio=None if wide else 1)
    end = " " if wide else "\n"
    for place, memo in enumerate(memos):
        cells = (
            memo.id[-SHORT:],
            short(memo.call.started_at, now),
            memo.client if sites is None else f"{sites[place]}{end}{memo.client}",
            end.join(filter(None, (number(memo, labels), who(memo, labels)))),
            end.join(filter(None, (state(memo, now, labels), due(memo, now, labels)))),
            end.join((*marks(memo, labels), text(memo, labels), *_notes(memo, now, labels))),
        )
        table.add_row(*(end.join(map(printable, cell.split("\n"))) for cell in cells))
    return table


def marks(memo: Memo, labels: Labels) -> list[str]:
    """Return what stands before the message in brackets; nothing where there is nothing to say."""
    words = about(memo, labels)
    return [f"[{' · '.join(words)}]"] if words else []


def _notes(memo: Memo, now: datetime, labels: Labels) -> list[str]:
    """Return the notes and the outcomes, oldest first."""
    told = [one for one in people_did(memo) if one.text is not None or one.outcome is not None]
    return [f"– {step(one, now, labels)}" for one in told]
