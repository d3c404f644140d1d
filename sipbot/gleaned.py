"""What can be understood of a message without having asked for it: items, and where each was said.

Pure data.  `gist` finds them; a memo shows them beside the answers to questions.
"""

from dataclasses import dataclass

NUMBER = "number"
NAME = "name"
COMPANY = "company"
WISH = "wish"
CALLBACK_WINDOW = "callback_window"

ITEMS = (NAME, COMPANY, WISH, CALLBACK_WINDOW)
"""What `gist` looks for; ``number`` is found by the finders of numbers, keys and the network."""


@dataclass(frozen=True, kw_only=True)
class Gleaned:
    """One item and the words that say it."""

    item: str
    """One of `ITEMS`."""
    text: str
    """``text[start:end]`` of what was read: never a word that nobody said."""
    start: int
    """Where it begins, in characters."""
    end: int
    """Where it ends, exclusive."""
    rule: str
    """Name of the rule that found it, such as ``ja-moushimasu``."""
