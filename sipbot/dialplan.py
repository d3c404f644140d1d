"""Which client is called, and what that client wants said: one TOML file per client.

Data path: sip -> [dialplan] -> script -> calls -> spool -> speech -> memo -> outbox -> mqtt

First form: numbers, greeting, ring time, limits of the recording, language.  A number that no file
claims is refused, never answered with another client's greeting; a number that two files claim
stops both.  The choice is pure; only `load_all` and `load_file` touch the disk.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sipbot.dialplan_form import SHAPE, DialplanForm
from sipbot.errors import DialplanError, Mistake, PromptError
from sipbot.numbers import canonical, is_e164
from sipbot.records import CallOffer, Party
from sipbot.script import PromptName, Rules
from sipbot.toml_file import TomlFile, explain, read
from sipbot.wav import check_prompt, mended

BUILTIN_PROMPTS = Path(__file__).parent / "prompts"
PROMPTS_FOLDER = "prompts"
"""Sub-folder of the dialplans' folder that holds the clients' own prompts."""

_BUILTIN = "builtin:"
_SHORT_CODE_DIGITS = 8
"""Longest literal of digits only; a longer one is a mistyped telephone number."""
_LITERAL_CHARS = 64


class Dialplan(DialplanForm):
    """A client's file, checked and ready: numbers canonical, prompts found."""

    path: Path
    """The file; absolute."""
    sha256: str
    """Of the file's bytes, in hex: which form of the file a call was answered by."""
    greeting: Path
    """Absolute; a WAV that a telephone line can play."""
    thanks: Path
    """Absolute; likewise."""
    beep: Path
    """Absolute; likewise."""
    sorry: Path
    """Absolute; what is said when no message can be taken, in the client's language."""

    def prompt(self, name: PromptName) -> Path:
        """Return the file of a prompt."""
        own = {"greeting": self.greeting, "thanks": self.thanks}
        return (own | {"beep": self.beep, "sorry": self.sorry})[name]

    def rules(self, *, refuse: bool) -> Rules:
        """Return what the script of a call must know; `refuse`: no message can be taken now."""
        return Rules(
            after_s=self.answer.after_s,
            beep=self.record.beep,
            max_s=self.record.max_s,
            finish_key=self.record.finish_key,
            refuse=refuse,
        )


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
        self._by_number = {number: plan for plan in dialplans for number in plan.numbers}

    def find(self, number: str) -> Dialplan | None:
        """The dialplan that claims this number, in whatever spelling."""
        return self._by_number.get(canonical(number, self.region))

    def choose(self, offer: CallOffer) -> Choice:
        """Choose by what was dialled, then by where the call was diverted from.

        The Request-URI is what the trunk asks for now, To what the caller dialled.  Diversion lists
        the most recent hop first (RFC 5806 section 4), History-Info the oldest (RFC 7044 section
        5), so the one is read forwards and the other backwards.
        """
        places = _places(offer)
        for rule, user in places:
            number = canonical(user, self.region)
            if number in self._by_number:
                return Choice(dialplan=self._by_number[number], rule=rule, number=number)
        dialled = next((user for _, user in places if user), "")
        return Choice(dialplan=None, rule="unmapped", number=canonical(dialled, self.region))


def load_all(folder: Path, region: str) -> Dialplans:
    """Read every ``*.toml`` of the folder.

    Raises:
        DialplanError: with every mistake of every file; also when there is no file.
    """
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    paths = [path for path in paths if not path.name.startswith(".")]
    if not paths:
        problem = "holds no dialplan (*.toml)" if folder.is_dir() else "is not a folder"
        remedy = "Make one file per client, named <client>.toml; see dialplans/yamato.toml"
        empty = Mistake(file=folder, key="(folder)", problem=problem, remedy=remedy)
        raise DialplanError([empty])
    files: list[TomlFile] = []
    plans: list[Dialplan] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            file = read(path, DialplanError, links=False)
            plans.append(_checked(file, region))
            files.append(file)
        except DialplanError as error:
            mistakes += error.mistakes
    mistakes += _claimed_twice(plans, files)
    if mistakes:
        raise DialplanError(mistakes)
    return Dialplans(tuple(plans), region)


def load_file(path: Path, region: str) -> Dialplan:
    """Read one file; numbers of other files are not looked at.

    Raises:
        DialplanError: with every mistake of the file.
    """
    return _checked(read(path, DialplanError, links=False), region)


def _places(offer: CallOffer) -> list[tuple[str, str]]:
    """Where the dialled number may stand: (rule, user part), the most telling first."""
    history = list(enumerate(offer.history))
    return [
        ("request-uri", Party(uri=offer.request_uri).user),
        ("to", offer.to.user),
        *((f"diversion[{index}]", hop.party.user) for index, hop in enumerate(offer.diversions)),
        *((f"history-info[{index}]", hop.party.user) for index, hop in reversed(history)),
    ]


def _checked(file: TomlFile, region: str) -> Dialplan:
    try:
        form = DialplanForm.model_validate(file.values)
    except ValidationError as error:
        raise DialplanError(explain(error, SHAPE, file)) from None
    mistakes: list[Mistake] = []
    if form.client != file.path.stem:
        remedy = f'Write client = "{file.path.stem}", or rename the file to {form.client}.toml'
        mistakes.append(file.mistake(("client",), "is not the file's name", remedy))
    numbers = _canonical_numbers(form, file, region, mistakes)
    prompts = {
        "greeting": _prompt(form.answer.greeting, file, ("answer", "greeting"), mistakes),
        "thanks": _prompt(form.answer.thanks, file, ("answer", "thanks"), mistakes),
        "beep": BUILTIN_PROMPTS / "beep.wav",
        "sorry": BUILTIN_PROMPTS / form.language / "sorry.wav",
    }
    if mistakes:
        raise DialplanError(mistakes)
    values = {name: getattr(form, name) for name in DialplanForm.model_fields}
    values |= {"numbers": numbers, "path": file.path.absolute(), "sha256": file.sha256, **prompts}
    return Dialplan(**values)


def _canonical_numbers(
    form: DialplanForm, file: TomlFile, region: str, mistakes: list[Mistake]
) -> tuple[str, ...]:
    numbers: list[str] = []
    for index, written in enumerate(form.numbers):
        number = canonical(written, region)
        where = ("numbers", index)
        if not _can_be_dialled(number):
            problem = f"is neither a telephone number of {region}, an extension nor a name"
            remedy = 'Write it as "+81312345678", as dialled at home, or a name without spaces'
            mistakes.append(file.mistake(where, problem, remedy))
        elif number in numbers:
            first = form.numbers[numbers.index(number)]
            problem = f'is the same number as "{first}" in this file'
            mistakes.append(file.mistake(where, problem, "Remove one of the two"))
        numbers.append(number)
    return tuple(numbers)


def _can_be_dialled(number: str) -> bool:
    if is_e164(number):
        return True
    if number.isdecimal():
        return len(number) <= _SHORT_CODE_DIGITS
    legal = number.isascii() and all(char.isalnum() or char in "._*#-" for char in number)
    return legal and any(char.isalnum() for char in number) and len(number) <= _LITERAL_CHARS


def _prompt(name: str, file: TomlFile, key: tuple[str, ...], mistakes: list[Mistake]) -> Path:
    if name.startswith(_BUILTIN):
        path = BUILTIN_PROMPTS / f"{name.removeprefix(_BUILTIN)}.wav"
    else:
        folder = file.path.absolute().parent / PROMPTS_FOLDER
        path = folder / name
        if folder.is_symlink() or path.is_symlink():
            remedy = f"Put the file itself into {folder.parent.name}/{PROMPTS_FOLDER}/"
            mistakes.append(file.mistake(key, "is a symbolic link", remedy))
            return path
        if not path.is_file():
            remedy = f"Put it into {folder.parent.name}/{PROMPTS_FOLDER}/, or use a builtin: prompt"
            mistakes.append(file.mistake(key, "does not exist", remedy))
            return path
    try:
        check_prompt(path)
    except PromptError as error:
        problem = f"cannot be played: {str(error).rstrip('.')}"
        remedy = "Choose another prompt"
        if mended(path).name in problem:  # the command that makes it
            remedy = f'Then write {key[-1]} = "{mended(path).name}"'
        mistakes.append(file.mistake(key, problem, remedy))
    return path


def _claimed_twice(plans: list[Dialplan], files: list[TomlFile]) -> list[Mistake]:
    first: dict[str, tuple[Path, int]] = {}
    mistakes = []
    for plan, file in zip(plans, files, strict=True):
        for index, number in enumerate(plan.numbers):
            if number in first:
                other, line = first[number]
                problem = f"is claimed by {other}:{line} as well"
                remedy = "A number belongs to one client: remove it from one of the two files"
                mistakes.append(file.mistake(("numbers", index), problem, remedy))
            else:
                place = file.places.find(("numbers", index)) if file.places else None
                first[number] = (file.path, place.line if place else 0)
    return mistakes
