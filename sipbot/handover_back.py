"""Takes out the files of a client who was taken in, and only what is still as it came.

Data path: ledger -> [handover_back] -> dialplans, spool

What somebody has changed here meanwhile is moved aside, never deleted: the client is not answered
any more, and nobody's work is lost.
"""

import hashlib
import shutil
from pathlib import Path

import msgspec

from sipbot import prompt_manifest
from sipbot.disk import sync_folder
from sipbot.errors import HandoverError, PromptError
from sipbot.handover import Taken
from sipbot.handover_site import Site
from sipbot.handover_stage import ASIDE
from sipbot.prompt_folder import named_in
from sipbot.prompt_shelf import PROMPTS_FOLDER


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a client's files."""

    gone: tuple[str, ...]
    aside: tuple[str, ...]
    """Changed here meanwhile: where they are now."""
    kept: tuple[str, ...]
    """Other clients' files name them."""


def refuse_the_last(site: Site, taken: Taken, *, running: bool) -> None:
    """See to it that a running sipbot does not go on answering for a client who is taken out.

    Args:
        site: this one.
        taken: what the bundle had brought.
        running: whether sipbot is.

    Raises:
        HandoverError: it is the only client, and the last form of it would stay in force.
    """
    own = f"{taken.client}.toml"
    others = (one.name for one in site.dialplans.glob("*.toml") if not one.name.startswith("_"))
    if running and not any(name != own for name in others):
        raise HandoverError(
            f"{taken.client}: is the only client in {site.dialplans}, and a running sipbot answers "
            "for its last client until it is stopped: stop sipbot, then roll back"
        )


def remove_plan(site: Site, taken: Taken) -> Files:
    """Take the client's files out of the folder of dialplans, its own file first.

    Raises:
        HandoverError: the disk refuses.
    """
    own = f"{taken.client}.toml"
    gone, aside, kept = list[str](), list[str](), list[str]()
    try:
        if own in taken.files:
            _remove(site, taken, own, gone, aside)
        others = _named_by_others(site.dialplans)
        for target in sorted(taken.files):
            if target == own:
                continue
            if target in others:
                kept.append(target)
                continue
            _remove(site, taken, target, gone, aside)
            if target.startswith(f"{PROMPTS_FOLDER}/"):
                prompt_manifest.drop(site.dialplans / PROMPTS_FOLDER, Path(target).name)
        for folder in {(site.dialplans / one).parent for one in gone}:
            if folder not in (site.dialplans, site.dialplans / PROMPTS_FOLDER) and _empty(folder):
                folder.rmdir()
    except OSError as error:
        raise HandoverError(f"{site.dialplans}: cannot be written: {error}") from error
    return Files(gone=tuple(gone), aside=tuple(aside), kept=tuple(kept))


def _remove(site: Site, taken: Taken, target: str, gone: list[str], aside: list[str]) -> None:
    path = site.dialplans / target
    if not path.is_file():
        return
    if hashlib.sha256(path.read_bytes()).hexdigest() == taken.files[target]:
        path.unlink()
        gone.append(target)
    else:
        place = site.var.absolute() / ASIDE / taken.id / target
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(path, place)
        aside.append(str(place))
    sync_folder(path.parent)


def _named_by_others(dialplans: Path) -> set[str]:
    named: set[str] = set()
    for path in sorted(dialplans.glob("*.toml")):
        try:
            named |= {f"{PROMPTS_FOLDER}/{name}" for name in named_in(path)}
        except PromptError:
            continue  # no TOML: nobody's calls are led by it
    return named


def _empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
