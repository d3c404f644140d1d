"""The prompts that dialplans name: the ones that ship with sipbot, and the clients' own.

A prompt is looked at once a load, however many clients name it: 10 000 files that all use the
builtin thanks open one WAV.  What is said in it stands in the folder's ``manifest.toml`` where
somebody wrote it down; people read it in ``simulate`` and ``show``.
"""

import difflib
from collections.abc import Callable
from pathlib import Path

import tomli

from sipbot.errors import PromptError
from sipbot.steps import Prompt
from sipbot.wav import check_prompt, mended

BUILTIN_PROMPTS = Path(__file__).parent / "prompts"
PROMPTS_FOLDER = "prompts"
"""Sub-folder of the dialplans' folder that holds the clients' own prompts."""

_BUILTIN = "builtin:"
_MANIFEST = "manifest.toml"


class UnplayableError(PromptError):
    """Raised when a prompt cannot be played; whoever knows the file adds the place."""

    def __init__(self, problem: str, remedy: str, instead: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        self.instead = instead
        """What to write in place of the prompt's name, where that is known."""
        super().__init__(problem)


class PromptShelf:
    """All prompts that one folder of dialplans can name.

    Args:
        folder: of the dialplans; absolute.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._found: dict[str, Prompt | UnplayableError] = {}
        self._texts: dict[Path, dict[str, str]] = {}

    def find(self, name: str) -> Prompt:
        """The prompt of this name.

        Args:
            name: as a dialplan writes it: ``builtin:ja/thanks``, ``yamato-greeting.wav``.

        Raises:
            UnplayableError: there is none, or it cannot be played.
        """
        found = self._found.get(name)
        if found is None:
            try:
                found = self._builtin(name) if name.startswith(_BUILTIN) else self._own(name)
            except UnplayableError as problem:
                found = problem
            self._found[name] = found
        if isinstance(found, UnplayableError):
            raise found
        return found

    def has(self, name: str) -> bool:
        """Tell whether there is a playable prompt of this name."""
        try:
            self.find(name)
        except UnplayableError:
            return False
        return True

    def _builtin(self, name: str) -> Prompt:
        path = BUILTIN_PROMPTS / f"{name.removeprefix(_BUILTIN)}.wav"
        if not path.is_file():
            known = builtin_names()
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            of_language = [one for one in known if one.startswith(name.partition("/")[0])]
            remedy = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(of_language)}"
            raise UnplayableError("does not exist", remedy)
        return self._checked(name, path, BUILTIN_PROMPTS)

    def _own(self, name: str) -> Prompt:
        folder = self.folder / PROMPTS_FOLDER
        path = folder / name
        where = f"{self.folder.name}/{PROMPTS_FOLDER}/"
        if folder.is_symlink() or path.is_symlink():
            raise UnplayableError("is a symbolic link", f"Put the file itself into {where}")
        if not path.is_file():
            remedy = f"Put it into {where}, or use a builtin: prompt"
            raise UnplayableError("does not exist", remedy)
        return self._checked(name, path, folder)

    def _checked(self, name: str, path: Path, folder: Path) -> Prompt:
        try:
            check_prompt(path)
        except PromptError as error:
            problem = f"cannot be played: {str(error).rstrip('.')}"
            instead = mended(path).name
            if instead in problem:  # the command that makes it
                raise UnplayableError(problem, "", instead) from None
            raise UnplayableError(problem, "Choose another prompt") from None
        text = self.said(folder).get(str(path.relative_to(folder)), "")
        return Prompt(name=name, wav=str(path), text=text)

    def said(self, folder: Path) -> dict[str, str]:
        """File → what is said in it, of a folder of prompts."""
        if folder not in self._texts:
            self._texts[folder] = _read_texts(folder / _MANIFEST)
        return self._texts[folder]


class SpareShelf(PromptShelf):
    """The prompts of a folder, and of one client's last good form where the folder has none.

    Args:
        shelf: of the folder.
        spare: returns the kept prompt of a name; None when there is none.
    """

    def __init__(self, shelf: PromptShelf, spare: Callable[[str], Path | None]) -> None:
        super().__init__(shelf.folder)
        self._shelf = shelf
        self._spare = spare

    def find(self, name: str) -> Prompt:
        """As `PromptShelf.find`; a prompt that cannot be played is taken from the kept ones."""
        try:
            return self._shelf.find(name)
        except UnplayableError:
            path = None if name.startswith(_BUILTIN) else self._spare(name)
            if path is None:
                raise
            text = self._shelf.said(self.folder / PROMPTS_FOLDER).get(name, "")
            return Prompt(name=name, wav=str(path), text=text)


def builtin_names() -> list[str]:
    """Every builtin prompt as a dialplan writes it, from the files that ship."""
    paths = sorted(BUILTIN_PROMPTS.glob("??/*.wav"))
    return [f"{_BUILTIN}{path.parent.name}/{path.stem}" for path in paths]


def _read_texts(manifest: Path) -> dict[str, str]:
    """File → what is said; a manifest is a convenience for readers, no call depends on it."""
    try:
        entries = tomli.loads(manifest.read_text(encoding="utf-8")).get("file", [])
    except (OSError, ValueError):
        return {}
    return {
        str(entry.get("file", "")): str(entry.get("text", ""))
        for entry in entries
        if isinstance(entry, dict)
    }
