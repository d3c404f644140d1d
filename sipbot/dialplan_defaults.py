"""What all clients have in common: ``_defaults.toml`` beside their files.

A client's own file overrides it key by key; closures and categories are merged by their names,
terms by how they are written.  The file can give what an agency decides for everybody: how calls
are answered and recorded, the usual closures, who may call, the quota, the words of the trade, how
things are said.  Numbers, steps, routes, contacts and tests belong to one client and stay in its
file.

``[hours]`` and the closures are filled in only for clients who have ``[hours]``: the others are
always open, and an agency's holidays do not close them.  ``[[term]]``, ``[[category]]``,
``[card]`` and ``[[faq]]`` count for the clients who speak the `language` of the defaults.
"""

from pathlib import Path
from typing import Any

from sipbot.dialplan_form import SHAPE
from sipbot.errors import DialplanError, Mistake
from sipbot.toml_file import TomlFile, read

DEFAULTS_FILE = "_defaults.toml"

ALLOWED = (
    "schema",
    "language",
    "answer",
    "record",
    "hours",
    "closure",
    "callers",
    "quota",
    "price",
    "report",
    "quality",
    "targets",
    "keep",
    "speech",
    "term",
    "category",
    "notify",
    "escalate",
    "rota",
    "card",
    "faq",
)
ALLOWED_HOURS = ("tz", "holidays", "holiday_open")

_MERGED = {
    "closure": "name",
    "term": "write",
    "category": "name",
    "notify": "name",
    "faq": "question",
}
"""Lists that are put together, and by which key two of their tables are the same."""

_SPOKEN = ("term", "category", "card", "faq")
"""Words of a language."""

_ANYBODY: dict[str, Any] = {
    "schema": 1,
    "client": "defaults",
    "say_name": "defaults",
    "numbers": ["defaults"],
    "language": "ja",
    "answer": {"greeting": "builtin:ja/greeting", "thanks": "builtin:ja/thanks"},
    "hours": {"open": "24/7", "tz": "UTC"},
}
"""The least a client can be: the defaults are checked as the file of such a client."""


def read_defaults(folder: Path) -> TomlFile:
    """Read the defaults of all clients; those that say nothing when there is no such file.

    Raises:
        DialplanError: the file cannot be read, or is not TOML.
    """
    path = folder / DEFAULTS_FILE
    if not path.exists() and not path.is_symlink():
        return no_defaults(folder)
    return read(path, DialplanError, links=False)


def no_defaults(folder: Path) -> TomlFile:
    """What counts where there is no such file."""
    return TomlFile(path=folder / DEFAULTS_FILE, sha256="", values={}, text=None)


def misplaced(defaults: TomlFile) -> list[Mistake]:
    """What stands in the defaults and belongs into the clients' files."""
    hours = defaults.values.get("hours")
    wrong = [*_foreign(defaults.values, ()), *_foreign(hours, ("hours",))]
    remedy = f"Move it into the clients' files; here may stand {', '.join(ALLOWED)}"
    mistakes = [defaults.mistake(key, "is not for all clients", remedy) for key in wrong]
    for key in _SPOKEN:
        if key in defaults.values and "language" not in defaults.values:
            remedy = 'Add language = "ja" (or en, ko): they count for the clients who speak it'
            mistakes.append(defaults.mistake((key,), "is of no language", remedy))
    return mistakes


def of_anybody(defaults: TomlFile) -> TomlFile:
    """The defaults as the file of a client who adds nothing to them."""
    foreign = {key[-1] for key in _foreign(defaults.values, ())}
    allowed = {key: value for key, value in defaults.values.items() if key not in foreign}
    hours = allowed.get("hours")
    if isinstance(hours, dict):
        foreign = {key[-1] for key in _foreign(hours, ("hours",))}
        allowed["hours"] = {key: hours[key] for key in hours if key not in foreign}
    elif "closure" in allowed:
        allowed["hours"] = _ANYBODY["hours"]
    values = filled(allowed, _ANYBODY)
    return TomlFile(path=defaults.path, sha256=defaults.sha256, values=values, text=defaults.text)


def _foreign(table: object, at: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Keys of a client's file that are not for all clients; a misspelt key is no such key."""
    allowed = ALLOWED if not at else ALLOWED_HOURS
    known = SHAPE.tables[at]
    keys = table if isinstance(table, dict) else {}
    return [(*at, key) for key in keys if key in known and key not in allowed]


def filled(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """A client's values with what the defaults add to them."""
    full = dict(values)
    for key, usual in defaults.items():
        if key in ("hours", "closure") and "hours" not in values:
            continue
        spoken = defaults.get("language")
        if key in _SPOKEN and values.get("language", spoken) != spoken:
            continue
        own = values.get(key)
        if key in _MERGED:
            full[key] = _by_name(own, usual, _MERGED[key])
        elif isinstance(usual, dict) and isinstance(own, dict):
            full[key] = {**usual, **own}
        elif own is None:
            full[key] = usual
    return full


def instead_of_broken() -> dict[str, Any]:
    """What to check clients with while the defaults are broken: nothing they need is missing."""
    return {key: _ANYBODY[key] for key in ("language", "answer")}


def _by_name(own: object, usual: object, name: str) -> object:
    """The client's closures or terms, then those of the defaults that it does not have."""
    if own is None:
        return usual
    if not isinstance(own, list) or not isinstance(usual, list):
        return own
    names = [one.get(name) for one in own if isinstance(one, dict)]
    return own + [one for one in usual if isinstance(one, dict) and one.get(name) not in names]
