"""The broken files of tests/broken, and what sipbot must say about each.

The first line of each file tells: ``#: line | key | words of the remedy``.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "broken"


@dataclass(frozen=True)
class Broken:
    """One broken file and the mistake that must be found in it."""

    path: Path
    line: int
    key: str
    remedy: str


def broken_files(kind: str) -> list[Broken]:
    """All broken files of a kind, ``config`` or ``dialplan``."""
    found = []
    for path in sorted((FOLDER / kind).glob("*.toml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        line, key, remedy = (part.strip() for part in first.removeprefix("#:").split(" | "))
        found.append(Broken(path, int(line), key, remedy))
    return found
