"""What clients' files name and other files must have: targets of config.toml, people of accounts.

A dialplan alone cannot be judged by it, and a target that is missing keeps no caller waiting: these
are warnings of ``dialplan check``, and the alert ``notice-targets`` of a running sipbot.
"""

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from sipbot.dialplan_defaults import read_defaults
from sipbot.errors import DialplanError, Mistake
from sipbot.plan import Dialplan
from sipbot.toml_file import TomlFile, read

CONFIG_FILE, ACCOUNTS_FILE = "config.toml", "accounts.toml"

_NEAR = 0.75
"""How like another name a role must be to be taken for its misspelling (`difflib`): a client's
file may name any role, "lead" say, so that only what is nearly somebody's name is told."""


def lost_targets(file: TomlFile, targets: Collection[str]) -> Iterator[Mistake]:
    """What is to be sent to targets that config.toml does not have.

    Args:
        file: a client's, or the defaults of all clients; as written.
        targets: names of the ``[[notify.target]]`` there are.
    """
    for place, table in _tables(file, "notify"):
        target = table.get("target")
        if isinstance(target, str) and target not in targets:
            remedy = f'Add [[notify.target]] with name = "{target}" to {CONFIG_FILE}'
            problem = f"is no [[notify.target]] of {CONFIG_FILE}, so nobody is told"
            yield file.mistake(
                ("notify", place, "target"), problem, _nearest(target, targets) or remedy
            )


def for_folders(file: TomlFile, folders: Collection[str]) -> Iterator[Mistake]:
    """What is to be sent to folders, which take reports only.

    Args:
        file: a client's, or the defaults of all clients; as written.
        folders: names of the ``[[notify.target]]`` that are.
    """
    for place, table in _tables(file, "notify"):
        on = table.get("on", ["memo"])
        others = {"memo", "service"} & {one for one in on if isinstance(one, str)}
        if table.get("target") in folders and others:
            problem = f"is a folder, which takes reports only, not {' and '.join(sorted(others))}"
            remedy = "Name a target that is mail or chat, or take that out of on"
            yield file.mistake(("notify", place, "target"), problem, remedy)


def strangers(file: TomlFile, people: Collection[str] | None) -> Iterator[Mistake]:
    """Who is to be told or called, and is nobody here.

    Args:
        file: a client's, or the defaults of all clients; as written.
        people: names of the accounts; None where there are no accounts.
    """
    named: set[str] = set(people or ())
    for place, table in _tables(file, "rota"):
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if people is not None and name not in people:
            remedy = f"Add it: sipbot accounts add {name}"
            problem = f"has no account in {ACCOUNTS_FILE}: cannot close what is taken by telephone"
            yield file.mistake(("rota", place, "name"), problem, _nearest(name, people) or remedy)
        named.add(name)
    for place, table in _tables(file, "escalate"):
        to = table.get("to")
        if isinstance(to, str) and to not in named and (near := _nearest(to, named, _NEAR)):
            problem = "is nobody's name here"
            yield file.mistake(("escalate", place, "to"), problem, near)


def of_plan(
    plan: Dialplan,
    targets: Collection[str] | None,
    people: Collection[str] | None,
    folders: Collection[str] = (),
) -> list[Mistake]:
    """What a client's own file names and other files do not have; reads the file again.

    Args:
        plan: the client's.
        targets: None: they are not known.
        people: as `strangers` has it.
        folders: as `for_folders` has it.
    """
    if not (plan.channels or plan.escalation.steps or plan.escalation.rota):
        return []
    return of_file(read(plan.path, DialplanError, links=False), targets, people, folders)


def of_file(
    file: TomlFile,
    targets: Collection[str] | None,
    people: Collection[str] | None,
    folders: Collection[str] = (),
) -> list[Mistake]:
    """What one file names and other files do not have; arguments as in `of_plan`."""
    found = [] if targets is None else list(lost_targets(file, targets))
    return [*found, *for_folders(file, folders), *strangers(file, people)]


def where_lost(plan: Dialplan, targets: Collection[str]) -> Mistake | None:
    """The first target that a client's form in force names in vain, with its place.

    Blocks: reads the client's file and the defaults.  None: neither is there any more as it was.
    """
    try:
        file = read(plan.path, DialplanError, links=False)
        own = lost_targets(file, targets) if file.sha256 == plan.sha256 else iter(())
        return next(own, None) or next(lost_targets(read_defaults(plan.path.parent), targets), None)
    except DialplanError:
        return None  # the file is being mended; whoever does it is told of that


def _nearest(name: str, known: Collection[str], cutoff: float = 0.6) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return f"Did you mean {near[0]}?" if near else ""


def _tables(file: TomlFile, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    tables = file.values.get(key)
    for place, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict):
            yield place, table
