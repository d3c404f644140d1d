"""A memo that was found, as its row shows it: what was looked for is marked.  Pure.

Data path: finder -> [hits] -> pages_search
"""

from typing import Literal

import msgspec

from sipbot.console.cards import Card, card_of
from sipbot.ledger_lists import Body
from sipbot.search_words import Piece, Searched, Word, pieces, searched

BEFORE_CHARS = 60
"""Of the text before the first mark: the sentence it stands in."""

SNIPPET_CHARS = 280
"""Three lines of a wide window, as in the lists."""

Where = Literal["text", "note", "answer"]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One memo, with the words that were looked for marked."""

    card: Card
    name: list[Piece]
    company: list[Piece]
    number: list[Piece]
    what: list[Piece]
    """The text where the words stand; its beginning, when they stand in none that is shown."""
    where: Where
    """Whose text that is: the message's, a note's or an answer's."""


def hit_of(body: Body, words: tuple[Word, ...]) -> Hit | None:
    """Return a memo's row; None when this release cannot read the memo.

    Args:
        body: the memo.
        words: that were looked for.
    """
    card, found = card_of(body), searched(body.body)
    if card is None or found is None:
        return None
    where, text = _shown(found, words)
    return Hit(
        card=card,
        name=pieces(card.name, words),
        company=pieces(card.company, words),
        number=pieces(card.number, words),
        what=snippet(pieces(text, words)),
        where=where,
    )


def snippet(text: list[Piece]) -> list[Piece]:
    """Return a text from a little before its first mark on, as much as a row has room for."""
    first, at = 0, 0
    for piece in text:
        if piece.marked:
            first = max(0, at - BEFORE_CHARS)
            break
        at += len(piece.text)
    cut, at = list[Piece](), 0
    for piece in text:
        start, end = max(0, first - at), max(0, first + SNIPPET_CHARS - at)
        if piece.text[start:end]:
            cut.append(Piece(piece.text[start:end], piece.marked))
        at += len(piece.text)
    before = [Piece("…", marked=False)] if first else []
    behind = [Piece("…", marked=False)] if at > first + SNIPPET_CHARS else []
    return before + cut + behind


def _shown(memo: Searched, words: tuple[Word, ...]) -> tuple[Where, str]:
    texts: list[tuple[Where, str]] = [("text", memo.text or "")]
    texts += [("note", note) for note in memo.notes]
    texts += [("answer", answer) for answer in memo.answers.values()]
    marked = (one for one in texts if any(piece.marked for piece in pieces(one[1], words)))
    return next(marked, texts[0])
