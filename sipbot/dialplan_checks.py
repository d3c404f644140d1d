"""Where the steps of a client lead: every name exists, every caller gets to an end.  Pure.

The paths looked at for circles are those of a caller who says and presses nothing: whatever such a
caller meets must end by itself, or a telephone laid beside its cradle keeps a line for ever.
"""

import difflib
from collections.abc import Iterator, Mapping

from sipbot import steps
from sipbot.steps import Step
from sipbot.toml_places import Path as KeyPath

ALWAYS = (steps.RECORD, steps.END)
"""Names that every file knows."""


def targets(step: Step) -> Iterator[tuple[KeyPath, str]]:
    """Every place to which a step can lead, and the key below ``[step.NAME]`` that says so."""
    match step:
        case steps.Menu():
            yield from ((("keys", key), to) for key, to in step.keys.items())
            yield from ((("words", word), to) for word, to in step.words.items())
            yield ("otherwise",), step.otherwise
        case steps.Transfer():
            yield ("otherwise",), step.otherwise
        case steps.HangUp():
            return
        case steps.FollowUp():
            yield from ((("items", item), to) for item, to in step.ways.items())
            yield ("then",), step.then
        case _:
            yield ("then",), step.then


def unattended(step: Step) -> str:
    """Where a caller is led who says and presses nothing; empty at the end of the call."""
    match step:
        case steps.Menu() | steps.Transfer():
            return step.otherwise
        case steps.HangUp():
            return ""
        case _:
            return "" if step.then == steps.END else step.then


def unknown(name: str, made: Mapping[str, Step]) -> str:
    """The remedy for a name that is no step; empty when it is one."""
    if name in made or name in ALWAYS:
        return ""
    known = [*made, *(one for one in ALWAYS if one not in made)]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Add a table [step.{name}], or name one of {', '.join(sorted(known))}"


def circles(made: Mapping[str, Step]) -> list[tuple[str, ...]]:
    """Each circle in which a caller who does nothing would go round, as the steps in order."""
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for name in made:
        path: list[str] = []
        while name in made and name not in done and name not in path:
            path.append(name)
            name = unattended(made[name])  # noqa: PLW2901 -- walking on from where we began
        if name in path:
            found.append(tuple(path[path.index(name) :]))
        done.update(path)
    return found


def unreachable(made: Mapping[str, Step], starts: set[str]) -> list[str]:
    """Steps that no call can come to, in the order of the file."""
    reached: set[str] = set()
    ahead = [*starts, steps.RECORD]
    while ahead:
        name = ahead.pop()
        if name in made and name not in reached:
            reached.add(name)
            ahead += [to for _, to in targets(made[name])]
    return [name for name in made if name not in reached]


def urgent_in_vain(made: Mapping[str, Step]) -> list[str]:
    """Steps that ask for the star key where it marks nothing as urgent, in the order of the file.

    Only the prompt that ships is known to name that key; what a client's own says, nobody can see.
    """
    return [
        name
        for name, step in made.items()
        if any(_says_star(prompt.name) for prompt in step.prompts)
        and not (isinstance(step, steps.Record) and step.urgent_key == "*")
    ]


def _says_star(prompt: str) -> bool:
    return prompt.startswith("builtin:") and prompt.endswith("/urgent")
