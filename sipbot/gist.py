"""Who calls, from where, with what wish, and when to call back: as the caller said it.  Pure.

Data path: ear → Transcript → vocabulary → said → readable → [gist] → callback → memo

Rules, not a model: each finding is a span of the text with the name of the rule that found it, so
that an operator can see why, and a rule that errs can be mended.  What nobody said is missing.
The rules of each language are in `gist_ja`, `gist_en` and `gist_ko`; other languages have none.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields

from sipbot import gist_en, gist_ja, gist_ko
from sipbot.gleaned import CALLBACK_WINDOW, COMPANY, NAME, NUMBER, WISH, Gleaned
from sipbot.said import Said

MOST_VALUABLE_FIRST = (NUMBER, NAME, WISH, COMPANY, CALLBACK_WINDOW)
"""The order in which missing items are worth a question.  Without a number nobody can be called
back, whatever else is known.  Without a name the operator does not know whom to ask for.  The wish
is mostly in the message itself, found by a rule or not, and can be listened to.  A company helps to
find the caller's records.  When to call back saves a second try, at most."""

_RULES: dict[str, Callable[[str, tuple[Said, ...]], tuple[Gleaned, ...]]] = {
    "ja": gist_ja.find,
    "en": gist_en.find,
    "ko": gist_ko.find,
}


@dataclass(frozen=True, kw_only=True)
class Gist:
    """What was understood; None for what nobody said, or no rule found."""

    name: Gleaned | None = None
    """Of the caller, without title."""
    company: Gleaned | None = None
    wish: Gleaned | None = None
    """Cut to something short; a span of the text, like the others."""
    callback_window: Gleaned | None = None
    """When the caller wants to be called back."""

    @property
    def found(self) -> tuple[Gleaned, ...]:
        """The items that were said, in the order of these fields."""
        found = (getattr(self, field.name) for field in fields(self))
        return tuple(one for one in found if one is not None)


def gist(text: str, said: tuple[Said, ...], language: str) -> Gist:
    """Return what a message says.

    Args:
        text: as an ear wrote it, errors included.
        said: the values in it (`said_all.find`); telephone numbers are no names, times help to
            find when to call back.
        language: BCP 47 tag; of one without rules, nothing is understood.
    """
    rules = _RULES.get(language.split("-", 1)[0].lower())
    if rules is None:
        return Gist()
    return Gist(**{one.item: one for one in rules(text, said)})


def missing_items(required: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the required items that are not known, in the order in which they are required."""
    return tuple(dict.fromkeys(item for item in required if item not in known))


def most_valuable(missing: Collection[str]) -> str | None:
    """Return the item that is worth the one question; None when none is missing.

    The client's own items come after those of `MOST_VALUABLE_FIRST`, in the order given.
    """
    known_first = (item for item in MOST_VALUABLE_FIRST if item in missing)
    return next(known_first, next(iter(missing), None))
