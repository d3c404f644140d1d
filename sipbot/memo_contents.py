"""What a memo says by another text, beside what it says by keys, routes and the network.  Pure.

A text may be replaced by a better one; then what the first one said is forgotten, and nothing else.
"""

from collections.abc import Mapping, Sequence

from sipbot import callback
from sipbot.callback import Doubts
from sipbot.categories import Sorted, beside
from sipbot.memo_answers import Asked, Callback, read_back
from sipbot.memo_found import Gleaned, Reasons
from sipbot.understanding import Understood

_BY_WORDS = "said "
"""How `categories` begins a reason that was found in a text."""


def answers_by(
    text: Understood,
    before: Mapping[str, str],
    gleaned: Sequence[Gleaned],
    asked: Sequence[Asked],
) -> dict[str, str]:
    """Return the answers; what a question brought comes before what nobody asked for.

    Args:
        text: the text that is shown from now on.
        before: the answers until now.
        gleaned: what the text until now said unasked.
        asked: what the caller was asked for; a spoken answer is a part of the text until now.
    """
    unasked = {one.item: one.text for one in gleaned}
    keyed = {one.item for one in asked if one.source == "keys"}
    spoken = {one.item for one in asked if one.source == "speech"} - keyed
    kept = {
        item: one for item, one in before.items() if item not in spoken and unasked.get(item) != one
    }
    return {one.item: one.text for one in text.gleaned} | kept | text.answers


def callback_by(
    text: Understood,
    engine: str,
    before: Callback,
    asked: tuple[Asked, ...],
    doubts: Doubts,
) -> Callback:
    """Return whom to call back, now that this ear has spoken, whether its text is shown or not.

    Args:
        text: what it wrote.
        engine: of the ear.
        before: whom until now.
        asked: what the caller was asked for.
        doubts: what the other ears may have to say, now that this one has spoken.
    """
    anew = callback.heard(text.numbers, engine, text.facts.region)
    evidence = callback.with_ear(before.evidence, engine, anew)
    return callback.decide(evidence, read_back=read_back(asked), doubts=doubts)


def callback_without(before: Callback, asked: tuple[Asked, ...], doubts: Doubts) -> Callback:
    """Return whom to call back, now that an ear has failed; the arguments are `callback_by`'s."""
    return callback.decide(before.evidence, read_back=read_back(asked), doubts=doubts)


def sorted_by(text: Understood, *, category: str | None, urgent: bool, reasons: Reasons) -> Sorted:
    """Return category and urgency; what another text said of them is forgotten.

    Args:
        text: the text that is shown from now on.
        category: until now.
        urgent: until now.
        reasons: of both, until now.
    """
    by_words = (reasons.category or "").startswith(_BY_WORDS)
    urgent_by_words = (reasons.urgency or "").startswith(_BY_WORDS)
    return beside(
        text.about,
        category=None if by_words else category,
        urgent=urgent and not urgent_by_words,
    )
