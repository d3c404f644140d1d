"""What strangers send, made harmless for a terminal.  Pure.

Caller names, numbers and recognised text come from outside; an escape sequence in one of them could
clear the screen, forge a line or retype a command (CWE-150).
"""

import re
import unicodedata

_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that JSON leaves as they are and a terminal obeys: DEL, the C1 controls (U+009B begins
an escape sequence), the line separators, the marks that turn the direction of writing."""


def printable(text: str) -> str:
    """Return the text with a middle dot for every control character, line ends included."""
    return "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else "·" for char in text
    )


def printable_json(text: str) -> str:
    """Return JSON of the same meaning that does not steer the terminal it may be shown on."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
