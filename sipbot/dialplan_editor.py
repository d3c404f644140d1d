"""What an editor needs to help with dialplans: a schema that taplo understands, and where it is.

taplo (the language server of "Even Better TOML" and the command of the same name) reads JSON Schema
Draft 4 and nothing newer; ours is Draft 2020-12.  `draft4` says the same in the older words.
"""

import json
from pathlib import Path
from typing import Any

SCHEMA_FILE = "dialplan.schema.json"
TAPLO_FILE = ".taplo.toml"
VSCODE_FILE = ".vscode/settings.json"

_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_UNKNOWN = frozenset({"$defs", "const", "discriminator", "propertyNames", "title"})
"""Keywords that Draft 4 does not have, and titles, which only repeat the keys."""


def draft4(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in the words of JSON Schema Draft 4.

    ``$defs`` become ``definitions``, ``const`` an ``enum`` of one, and a ``$ref`` with something
    beside it an ``allOf``: Draft 4 ignores whatever stands beside a reference.
    """
    found: dict[str, Any] = {"$schema": _DRAFT_4, **_older(schema)}
    found["definitions"] = {name: _older(one) for name, one in schema.get("$defs", {}).items()}
    return found


def _older(schema: Any) -> Any:  # noqa: ANN401 -- any part of a schema
    if isinstance(schema, list):
        return [_older(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties"):
            found[key] = {name: _older(one) for name, one in value.items()}
        elif key in ("default", "examples", "enum"):
            found[key] = value
        elif key == "const":
            found["enum"] = [value]
        elif key == "$ref":
            found[key] = value.replace("#/$defs/", "#/definitions/")
        elif (key, value) == ("format", "date-time"):
            continue  # taplo wants an offset then; a client's times are local (measured, 0.9.3)
        elif key not in _UNKNOWN:
            found[key] = _older(value)
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def editor_files(schema: dict[str, Any], dialplans: Path) -> dict[str, str]:
    """The files to put beside the folder of dialplans, each with its text.

    VS Code's extension takes a relative path in its settings from the wrong folder (taplo issue
    479), hence the URI; ``.taplo.toml`` is taken from its own folder and stays relative.

    Args:
        schema: of a dialplan.
        dialplans: the folder of dialplans; absolute.
    """
    home = dialplans.parent
    pattern = f"{dialplans.name}/[!_.]*.toml"
    taplo = f"""# For taplo and the editors that use it: it completes and checks dialplans.
include = ["{dialplans.name}/*.toml"]

[[rule]]
include = ["{pattern}"]

[rule.schema]
path = "./{SCHEMA_FILE}"
enabled = true
"""
    settings = {
        "evenBetterToml.schema.enabled": True,
        "evenBetterToml.schema.associations": {
            rf".*/{dialplans.name}/[^_./][^/]*\.toml$": (home / SCHEMA_FILE).as_uri()
        },
    }
    return {
        SCHEMA_FILE: _json(draft4(schema)),
        TAPLO_FILE: taplo,
        VSCODE_FILE: _json(settings),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
