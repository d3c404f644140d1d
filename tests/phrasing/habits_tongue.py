"""What a language brings to a message: pools of phrases."""

from dataclasses import dataclass

from tests.phrasing.habits_phones import STYLES


def pool_of(text: str) -> dict[str, list[str]]:
    """Lines `styles:phrase`, as a pool for each style."""
    pool: dict[str, list[str]] = {style: [] for style in STYLES}
    for line in text.strip().splitlines():
        styles, _, phrase = line.strip().partition(":")
        for style in styles:
            pool[style].append(phrase)
    return pool


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language."""

    openings: dict[str, list[str]]
    who: dict[str, list[str]]
    reasons: dict[str, list[str]]
    first: dict[str, list[str]]
    calls: dict[str, list[str]]
    closings: dict[str, list[str]]
    without: dict[str, list[str]]
    bare: tuple[str, ...]
    fillers: tuple[str, ...]
    corrections: tuple[str, ...]
    restarts: tuple[str, ...]
    last_part: tuple[str, ...]
    again: tuple[str, ...]
    area: tuple[str, ...]
    plus: tuple[str, ...]
    names: tuple[str, ...]
    firms: tuple[str, ...]
