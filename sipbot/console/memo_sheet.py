"""What the page of a memo shows, whoever owns the memo.

Data path: pages_memo, pages_elsewhere -> [memo_sheet] -> memo.html
"""

from typing import Any

import msgspec

from sipbot.console import memo_values, text_marks
from sipbot.console.cards import card_of_memo
from sipbot.console.memo_acts import Typed
from sipbot.console.pages_cards import client_card, to_read
from sipbot.console.text_marks import Shown
from sipbot.console.viewer import Viewer
from sipbot.console.waveform import Mark, Wave
from sipbot.console.words import Words
from sipbot.labels import labels_of
from sipbot.memo import Memo
from sipbot.memo_history import Outcome
from sipbot.memo_state import step


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that the page leads to."""

    list_of: str
    """The list that one came from."""
    memos: str
    """Of memos of the same site; an id comes after it."""
    memo: str
    """Of this one; a verb of its form comes after it."""
    audio: str
    tail: str = ""
    """From which list one came, with its question mark."""
    before: str | None = None
    """Id of the memo before this one in the list."""
    behind: str | None = None
    events: str = ""
    """Of news about this memo; empty: there are none."""
    site: str = ""
    """That owns the memo; empty: ours."""


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """What can be heard."""

    duration_s: float
    url: str = ""
    elsewhere: str = ""
    """Address of the recording at the site that owns it; a browser is let in there, not here."""
    problem: str = ""
    clock: str = ""
    """The length as a player shows it."""
    wave: Wave | None = None
    marks: list[Mark] = []


async def sheet(
    viewer: Viewer, memo: Memo, shown: Shown, where: Where, audio: Audio, typed: Typed
) -> dict[str, Any]:
    """Return the values of the page.

    Args:
        viewer: who looks.
        memo: as it is.
        shown: as this account may see it.
        where: its addresses.
        audio: what can be heard.
        typed: what stands in the fields.
    """
    now, words = viewer.parts.store.now(), viewer.look.words
    return {
        **viewer.values(now),
        **_said(shown, words),
        # Of numbers that are hidden nobody could tell.
        "disagree": memo_values.disagree(memo),
        "signs": [memo_values.sign(one, memo) for one in memo.callback.evidence],
        "can_act_here": viewer.can_act(memo.client),
        "memo": shown,
        "where": where,
        "later": card_of_memo(memo).is_later(now),
        "audio": audio,
        **await client_card(viewer, memo.client),
        "file_changed": bool(await to_read(viewer, memo.client)),
        "outcomes": [one.value for one in Outcome],
        "told_whom": lambda one: step(one, now, labels_of(viewer.look.language)),
        "kept": typed.text,
        "kept_until": typed.until,
        "full": lambda at: at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
    }


def _said(memo: Shown, words: Words) -> dict[str, Any]:
    """Return what the page says of the memo itself."""
    groups = text_marks.groups(memo)
    pieces = [piece for group in groups for piece in group.pieces]
    return {
        "heading": memo_values.heading(memo, words),
        "who_called": memo_values.caller(memo, words),
        "groups": groups,
        "legend": {
            "unsure": any(piece.unsure for piece in pieces),
            "mended": any(piece.heard for piece in pieces),
        },
        "no_text": memo_values.no_text(memo, words),
        "rows": memo_values.answers(memo, words),
        "read_by": memo_values.read_by(memo, words),
        "sources": memo_values.SOURCES,
        "part_of": lambda one: memo_values.part_of(one, memo),
        "remarks": lambda one: memo_values.remarks(one, memo, words),
        "meant": lambda one: memo_values.meant(one, memo),
        "why": lambda name: memo_values.why(getattr(memo.reasons, name) or "", words),
    }
