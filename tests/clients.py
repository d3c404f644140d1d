"""Clients' files for tests of what becomes of them."""

import shutil
from pathlib import Path

from sipbot.caller import CallerId
from sipbot.dialplan import load_file
from sipbot.plan import Dialplan

BEEP = Path(__file__).parent / "data" / "beep_8k.wav"
OWN_PROMPTS = ("open", "closed", "day-off", "new-year", "menu")

_HEAD = """schema = 1
client = "sato"
say_name = "佐藤法律事務所"
numbers = {numbers}
language = "ja"
"""
_ANSWER = """
[answer]
greeting = "open.wav"
after_hours = "closed.wav"
holiday = "day-off.wav"
thanks = "builtin:ja/thanks"
"""


def folder_of_clients(folder: Path) -> Path:
    """Put prompts into a folder of dialplans."""
    (folder / "prompts").mkdir(exist_ok=True)
    for name in OWN_PROMPTS:
        shutil.copy(BEEP, folder / "prompts" / f"{name}.wav")
    return folder


def write_client(
    folder: Path, text: str = "", *, numbers: str = '["+81312345678"]', answer: str = _ANSWER
) -> Path:
    """Write the file of the client sato."""
    path = folder_of_clients(folder) / "sato.toml"
    path.write_text(_HEAD.format(numbers=numbers) + answer + text, encoding="utf-8")
    return path


def client(folder: Path, text: str = "", *, numbers: str = '["+81312345678"]') -> Dialplan:
    """The plan of the client sato with these further tables."""
    return load_file(write_client(folder, text, numbers=numbers), "JP")


def caller(number: str | None) -> CallerId:
    """A caller of this canonical number; None: withheld."""
    return CallerId(number=number, name="", source="from" if number else "withheld")
