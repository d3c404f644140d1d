"""Dialplans with quotas, for the tests of what they count."""

from pathlib import Path

from sipbot.dialplan import Dialplans, load_all

_FILE = """
schema = 1
client = "{client}"
say_name = "{client}"
numbers = ["{client}"]
language = "ja"

[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"

[hours]
tz = "{tz}"
open = "24/7"
holidays = ""
"""


def write(folder: Path, client: str, quota: str = "", *, tz: str = "Asia/Tokyo") -> None:
    """Write a client's file; `quota` holds the keys of its ``[quota]``, empty for none."""
    folder.mkdir(exist_ok=True)
    text = _FILE.format(client=client, tz=tz) + (f"\n[quota]\n{quota}\n" if quota else "")
    (folder / f"{client}.toml").write_text(text, encoding="utf-8")


def plans(folder: Path, **quotas: str) -> Dialplans:
    """Return the dialplans of clients with these quotas, and of nobody else."""
    for client, quota in quotas.items():
        write(folder, client, quota)
    return load_all(folder, "JP")
