"""The definitions in docs/kpi.md and docs/ja/kpi.md; run it to write them anew."""

from pathlib import Path

from sipbot.kpi_definitions import DEFINITIONS, VERSION

DOCS = Path(__file__).parent.parent / "docs"

UNITS = {
    "en": {"calls": "calls", "percent": "%", "s": "s", "score": "points"},
    "ja": {"calls": "件", "percent": "%", "s": "秒", "score": "点"},
}
AIMS = {
    "en": {True: "more is better", False: "less is better", None: "no target"},
    "ja": {True: "高いほどよい", False: "低いほどよい", None: "目標なし"},
}
PLACES = {"en": DOCS / "kpi.md", "ja": DOCS / "ja" / "kpi.md"}

BEGINS = "<!-- From here on: python -m tests.kpi_page -->\n"


def page(language: str) -> str:
    """Return the whole page: its head as it stands, then the definitions."""
    head = PLACES[language].read_text(encoding="utf-8").partition(BEGINS)[0]
    parts = [f"{head}{BEGINS}\nVersion {VERSION}.\n"]
    for one in DEFINITIONS:
        aim = AIMS[language][one.at_least]
        parts.append(
            f"## {one.named(language)}\n\n`{one.key}`, {UNITS[language][one.unit]}, {aim}. "
            f"({one.source})\n\n{one.said(language)}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    for name, path in PLACES.items():
        path.write_text(page(name), encoding="utf-8")
