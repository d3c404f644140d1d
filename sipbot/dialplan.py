"""Which client is called, and what that client wants: one TOML file per client.

Data path: sip -> [dialplan] -> routes -> script -> calls -> spool -> speech -> memo

A number that no file claims is refused, never answered with another client's greeting; a number
that two files claim stops both.  The choice is pure; only loading and looking for places
touch the disk.  What a file may say is in `sipbot.dialplan_form`; what becomes of it, in
`sipbot.plan`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import ValidationError

from sipbot import dialplan_defaults as defaults_of_all
from sipbot.dialplan_build import build
from sipbot.dialplan_form import SHAPE, DialplanForm
from sipbot.dialplan_second import without_wrong_keys
from sipbot.errors import DialplanError, Mistake
from sipbot.golden import gated
from sipbot.number_lists import usable
from sipbot.numbers import canonical
from sipbot.patterns import NumberIndex, fixed_digits
from sipbot.plan import Dialplan
from sipbot.prompt_shelf import BUILTIN_PROMPTS, PROMPTS_FOLDER, PromptShelf, SpareShelf
from sipbot.records import CallOffer, Party
from sipbot.toml_file import TomlFile, explain, read
from sipbot.toml_places import Path as KeyPath

__all__ = [
    "BUILTIN_PROMPTS",
    "PROMPTS_FOLDER",
    "Choice",
    "Dialplan",
    "Dialplans",
    "Loader",
    "claimed_twice",
    "client_files",
    "due_for_review",
    "load_all",
    "load_file",
    "load_right",
    "place_of",
]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the dialplans say to an offered call."""

    dialplan: Dialplan | None
    """None: nobody claims the call, refuse it."""
    rule: str
    """The header that decided: ``request-uri``, ``to``, ``diversion[0]``, ``history-info[1]`` or
    ``unmapped``."""
    number: str
    """The canonical number that was found there; when unmapped, what was dialled."""


class Dialplans:
    """All clients' dialplans, each number belonging to one.

    Args:
        dialplans: already checked against each other by `load_all`.
        region: whose national numbers are meant.
    """

    def __init__(self, dialplans: tuple[Dialplan, ...], region: str) -> None:
        self.all = dialplans
        self.region = region
        self._plans = {plan.client: plan for plan in dialplans}
        self._owners: NumberIndex[Dialplan] = NumberIndex()
        for plan in dialplans:
            for number in plan.numbers:
                self._owners.add(number, plan)

    def changed(self, changes: Mapping[str, Dialplan | None]) -> "Dialplans":
        """These dialplans with some clients' replaced, added, or taken out (None).

        The numbers of the others are not looked at one by one: milliseconds among 10 000 clients.
        """
        plans, owners = dict(self._plans), self._owners.copy()
        for client in changes.keys() & plans.keys():
            for number in plans.pop(client).numbers:
                owners.remove(number)
        for client, plan in changes.items():
            if plan is not None:
                plans[client] = plan
                for number in plan.numbers:
                    owners.add(number, plan)
        other = Dialplans((), self.region)
        other.all = tuple(plans[client] for client in sorted(plans))
        other._plans, other._owners = plans, owners
        return other

    def of(self, client: str) -> Dialplan | None:
        """The client's dialplan; None when there is no such client."""
        return self._plans.get(client)

    def sharing(self, number: str) -> Iterator[tuple[str, Dialplan]]:
        """Who has this canonical number or pattern, or one that overlaps it: (number, dialplan)."""
        return self._owners.sharing(number)

    def find(self, number: str) -> Dialplan | None:
        """The dialplan that claims this number, in whatever spelling."""
        return self._owners.find(canonical(number, self.region))

    def choose(self, offer: CallOffer) -> Choice:
        """Choose by what was dialled, then by where the call was diverted from.

        The Request-URI is what the trunk asks for now, To what the caller dialled.  Diversion lists
        the most recent hop first (RFC 5806 section 4), History-Info the oldest (RFC 7044 section
        5), so the one is read forwards and the other backwards.
        """
        places = _places(offer)
        for rule, user in places:
            number = canonical(user, self.region)
            plan = self._owners.find(number)
            if plan is not None:
                return Choice(dialplan=plan, rule=rule, number=number)
        dialled = next((user for _, user in places if user), "")
        return Choice(dialplan=None, rule="unmapped", number=canonical(dialled, self.region))


class Loader:
    """Reads the files of one folder, one by one or all; the defaults and prompts once.

    Args:
        folder: of the dialplans.
        region: whose national numbers are meant.
        defaults: of all clients, in place of those in the folder.

    Attributes:
        mistakes: of the defaults; empty when they are right or there are none.
        defaults: what the clients' files are filled in with; None when it has mistakes.
    """

    def __init__(self, folder: Path, region: str, defaults: TomlFile | None = None) -> None:
        self.region = region
        self.defaults: TomlFile | None = None
        self._home = folder.absolute()
        self._shelf = PromptShelf(self._home)
        self._values: dict[str, object] = {}
        self.mistakes: tuple[Mistake, ...] = ()
        try:
            defaults = defaults or defaults_of_all.read_defaults(folder)
            if defaults.values:
                self._check_defaults(defaults)
            self._values = defaults.values
            self.defaults = defaults
        except DialplanError as error:
            self.mistakes = error.mistakes
            self._values = defaults_of_all.instead_of_broken()

    def load(self, path: Path) -> Dialplan:
        """Read one file; numbers of other files are not looked at.

        Raises:
            DialplanError: with every mistake of the file.
        """
        return self.build(read(path, DialplanError, links=False))

    def build(self, file: TomlFile, spare: Callable[[str], Path | None] | None = None) -> Dialplan:
        """Make a plan of a file that was read; numbers of other files are not looked at.

        Args:
            file: the client's.
            spare: returns the client's kept prompt in place of one that cannot be played.

        Raises:
            DialplanError: with every mistake of the file.
        """
        path = file.path
        if self._values:
            values = defaults_of_all.filled(file.values, self._values)
            file = TomlFile(path=path, sha256=file.sha256, values=values, text=file.text)
        form, mistakes = _form(file)
        if form.client != path.stem:
            remedy = f'Write client = "{path.stem}", or rename the file to {form.client}.toml'
            mistakes.append(file.mistake(("client",), "is not the file's name", remedy))
        shelf = SpareShelf(self._shelf, spare) if spare else self._shelf
        return gated(build(form, file, shelf, self.region, mistakes), self._home)

    def _check_defaults(self, defaults: TomlFile) -> None:
        mistakes = defaults_of_all.misplaced(defaults)
        try:
            file = defaults_of_all.of_anybody(defaults)
            form, wrong = _form(file)
            build(form, file, self._shelf, self.region, wrong)
        except DialplanError as error:
            mistakes += error.mistakes
        if mistakes:
            raise DialplanError(sorted(mistakes, key=lambda one: (one.line, one.column)))


def load_all(folder: Path, region: str) -> Dialplans:
    """Read every ``*.toml`` of the folder.

    Raises:
        DialplanError: with every mistake of every file; also when there is no file.
    """
    plans, mistakes = load_right(folder, region)
    if mistakes:
        raise DialplanError(mistakes)
    return Dialplans(tuple(plans), region)


def load_right(folder: Path, region: str) -> tuple[list[Dialplan], list[Mistake]]:
    """Read every ``*.toml`` of the folder: the clients whose files are right, and the mistakes.

    While the defaults of all clients are wrong, no client is right.

    Raises:
        DialplanError: there is no file.
    """
    paths = client_files(folder)
    loader = Loader(folder, region)
    plans: list[Dialplan] = []
    claimants: list[Claimant] = []
    mistakes = list(loader.mistakes)
    for path in paths:
        try:
            plans.append(loader.load(path))
            claimants.append(plans[-1])
        except DialplanError as error:
            mistakes += error.mistakes
            claimants.append(_Wrong(path, _numbers(path, region)))
    mistakes += claimed_twice(claimants)
    return ([] if loader.mistakes else plans), mistakes


def client_files(folder: Path) -> list[Path]:
    """Every client's file of the folder, by name.

    Raises:
        DialplanError: there is none.
    """
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    paths = [path for path in paths if not path.name.startswith((".", "_"))]
    if not paths:
        problem = "holds no dialplan (*.toml)" if folder.is_dir() else "is not a folder"
        remedy = "Make one file per client, named <client>.toml; see dialplans/yamato.toml"
        empty = Mistake(file=folder, key="(folder)", problem=problem, remedy=remedy)
        raise DialplanError([empty])
    return paths


def load_file(path: Path, region: str) -> Dialplan:
    """Read one file; numbers of other files are not looked at.

    Raises:
        DialplanError: with every mistake of the file, and of the defaults beside it.
    """
    loader = Loader(path.parent, region)
    if not loader.mistakes:
        return loader.load(path)
    try:
        loader.load(path)
    except DialplanError as error:
        raise DialplanError([*loader.mistakes, *error.mistakes]) from None
    raise DialplanError(loader.mistakes)


class Claimant(Protocol):
    """A client's file, right or wrong, that claims numbers."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Canonical, in the places where they stand; empty where one is wrong."""


class _Wrong(NamedTuple):
    path: Path
    numbers: tuple[str, ...]


def _numbers(path: Path, region: str) -> tuple[str, ...]:
    """The numbers of a file that is wrong in something."""
    try:
        return usable(read(path, DialplanError, links=False).values.get("numbers"), region)
    except DialplanError:
        return ()


def claimed_twice(plans: Sequence[Claimant]) -> list[Mistake]:
    """The numbers that two clients claim, wildcards included; each mistake names both places."""
    claims = [
        (number, index, plan)
        for plan in plans
        for index, number in enumerate(plan.numbers)
        if number
    ]
    claims.sort(key=lambda claim: fixed_digits(claim[0]))  # as NumberIndex.clashes wants it
    owners: NumberIndex[tuple[int, Claimant]] = NumberIndex()
    mistakes = []
    for number, index, plan in claims:
        clash = next((each for each in owners.clashes(number) if each[1][1] is not plan), None)
        if clash is None:
            owners.add(number, (index, plan))
            continue
        claimed, (place, other) = clash
        line, _ = place_of(other, ("numbers", place))
        problem = f"is claimed by {other.path}:{line} as well"
        if claimed != number:
            problem += f" ({claimed})"
        remedy = "A number belongs to one client: remove it from one of the two files"
        file = read(plan.path, DialplanError, links=False)
        mistakes.append(file.mistake(("numbers", index), problem, remedy))
    return sorted(mistakes, key=lambda one: (str(one.file), one.line, one.column))


def due_for_review(plan: Dialplan, today: date) -> Mistake | None:
    """The warning that somebody should look at a client's file again; None before `review_by`.

    Args:
        plan: the client's.
        today: in the client's time zone.
    """
    until = plan.form.review_by
    if until is None or today <= until:
        return None
    file = read(plan.path, DialplanError, links=False)
    remedy = "Look at it with the client, then write a later date"
    return file.mistake(("review_by",), "has passed", remedy)


def place_of(plan: Claimant, key: KeyPath) -> tuple[int, int]:
    """Line and column at which a key of a client's file stands, 1-based; (0, 0) when nowhere.

    Raises:
        DialplanError: the file cannot be read any more.
    """
    places = read(plan.path, DialplanError, links=False).places
    place = places.find(key) if places else None
    return (place.line, place.column) if place else (0, 0)


def _places(offer: CallOffer) -> list[tuple[str, str]]:
    """Where the dialled number may stand: (rule, user part), the most telling first."""
    history = list(enumerate(offer.history))
    return [
        ("request-uri", Party(uri=offer.request_uri).user),
        ("to", offer.to.user),
        *((f"diversion[{index}]", hop.party.user) for index, hop in enumerate(offer.diversions)),
        *((f"history-info[{index}]", hop.party.user) for index, hop in reversed(history)),
    ]


def _form(file: TomlFile) -> tuple[DialplanForm, list[Mistake]]:
    """The form, or that of the rest of a file with wrong keys, and what is wrong with them.

    Raises:
        DialplanError: there is no rest that could be looked at.
    """
    try:
        return DialplanForm.model_validate(file.values), []
    except ValidationError as error:
        mistakes = explain(error, SHAPE, file)
        rest = without_wrong_keys(file.values, error)
        if rest is None:
            raise DialplanError(mistakes) from None
        return rest, mistakes
