"""What the console is told of the dialplans: whose are in force, and which files are not.  Pure.

Data path: reload -> [console_plans] -> console_link -> console/hub

Ten thousand clients do not fit one line of the wire, so both lists are told in parts; the form of a
dialplan itself is not sent: the console compiles the kept one, which it knows by its hash.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from sipbot import console_wire as wire
from sipbot.errors import Mistake
from sipbot.in_force import InForce, consequence
from sipbot.terminal import printable

PART_BYTES = 256 * 1024
"""Of one part of a list; a line may have four times as many (`sipbot.lines.LIMIT_BYTES`)."""

BEHIND_MAX = 1000
"""Files out of force that are told with their mistakes: more are one mistake made in all files."""

MISTAKES_MAX, MISTAKE_CHARS = 20, 600
"""Of one file; ``sipbot dialplan check`` prints all of them."""

NUMBERS_MAX = 2000
"""Numbers of one client that can be found in the console, 40 kB; a number and its patterns are few,
and who has more has them in rows."""

ELSEWHERE = "is claimed by another client's file as well"

Item = TypeVar("Item", bound=msgspec.Struct)


def clients_of(in_force: InForce) -> Iterator[wire.Client]:
    """Return what the console knows of the clients whose dialplans are in force."""
    return (
        wire.Client(
            client=plan.client,
            name=plan.say_name,
            language=plan.language,
            tz=plan.hours.tz.key,
            sha256=plan.sha256,
            defaults=in_force.defaults.sha256,
            numbers=plan.numbers[:NUMBERS_MAX],
        )
        for plan in in_force.plans.all
    )


def files_of(in_force: InForce) -> Iterator[wire.File]:
    """Return the files that are not in force, by name, at most `BEHIND_MAX`."""
    return (
        wire.File(
            name=printable(name),
            since=each.since,
            sha256=in_force.form(name),
            words=printable(consequence(each, in_force.form(name))),
            mistakes=tuple(_told(one) for one in each.mistakes[:MISTAKES_MAX]),
            others=max(0, len(each.mistakes) - MISTAKES_MAX),
        )
        for name, each in sorted(in_force.refused.items())[:BEHIND_MAX]
    )


def clients_told(clients: Iterable[wire.Client]) -> Iterator[wire.Clients]:
    """Return the list of clients in parts."""
    for first, last, some in _parts(clients):
        yield wire.Clients(first=first, last=last, clients=some)


def files_told(in_force: InForce) -> Iterator[wire.Behind]:
    """Return the list of files that are not in force in parts."""
    untold = max(0, len(in_force.refused) - BEHIND_MAX)
    for first, last, some in _parts(files_of(in_force)):
        yield wire.Behind(first=first, last=last, files=some, untold=untold)


def _parts(items: Iterable[Item]) -> Iterator[tuple[bool, bool, tuple[Item, ...]]]:
    """Cut a list where a part would become too long: whether it is the first, the last, and it."""
    encode: Callable[[Item], bytes] = msgspec.json.encode
    part, size, first = list[Item](), 0, True
    for item in items:
        length = len(encode(item))
        if part and size + length > PART_BYTES:
            yield first, False, tuple(part)
            part, size, first = [], 0, False
        part.append(item)
        size += length
    yield first, True, tuple(part)


def _told(mistake: Mistake) -> wire.FileMistake:
    """A mistake, and how it is told to those who may not read of the other client."""
    if not mistake.rival:
        return wire.FileMistake(words=_words(mistake))
    # The other file may be the form that is kept elsewhere.
    problem = re.sub(r"^is claimed by .*/", "is claimed by ", mistake.problem)
    full = msgspec.structs.replace(mistake, problem=problem)
    apart = msgspec.structs.replace(mistake, problem=ELSEWHERE)
    return wire.FileMistake(words=_words(full), rival=mistake.rival, apart=_words(apart))


def _words(mistake: Mistake) -> str:
    """A mistake as ``check`` prints it; without folders, which are nobody's business."""
    text, folder = printable(str(mistake)), printable(str(mistake.file.parent))
    if folder != ".":
        text = text.replace(f"{folder}/", "")
    return text if len(text) <= MISTAKE_CHARS else f"{text[: MISTAKE_CHARS - 1]}…"
