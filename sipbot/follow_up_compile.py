"""The questions of a ``follow_up`` step, each made into a step of its own.

``[step.more] do = "follow_up"`` becomes the steps ``more``, ``more-number``, ``more-name`` and so
on, as far as its items go; tests and pictures call them by these names.
"""

from typing import Protocol

from sipbot import steps
from sipbot.dialplan_form import DialplanForm
from sipbot.dialplan_steps import FollowUpStep
from sipbot.errors import Mistake
from sipbot.gleaned import CALLBACK_WINDOW, NUMBER
from sipbot.toml_file import TomlFile
from sipbot.toml_places import Path as KeyPath

_ENDINGS = {CALLBACK_WINDOW: "when"}
_BUILTIN = {NUMBER: "callback"}


class Shelf(Protocol):
    """What finds prompts and takes mistakes: the compiler of the file."""

    form: DialplanForm
    file: TomlFile
    mistakes: list[Mistake]

    def builtin(self, name: str, key: KeyPath) -> steps.Prompt:
        """See `dialplan_compile.Compiler`, as with the others."""

    def prompts(self, written: tuple[str, ...], where: KeyPath) -> tuple[steps.Prompt, ...]:
        """The prompts that the file names."""

    def read_back(
        self, key: KeyPath
    ) -> tuple[dict[str, steps.Prompt], tuple[steps.Prompt, ...], tuple[steps.Prompt, ...]]:
        """What reads a number back."""


def question_step(name: str, item: str) -> str:
    """Return the name of the step that asks for an item: ``more-name``."""
    return f"{name}-{_ENDINGS.get(item, item)}"


def questions(shelf: Shelf, name: str, form: FollowUpStep) -> dict[str, steps.Step]:
    """Return the steps that ask for the items of a ``follow_up`` step, by their names."""
    made: dict[str, steps.Step] = {}
    for item in form.items:
        own = question_step(name, item)
        if own in shelf.form.step:
            problem = f"is the name of the question for {item} of [step.{name}]"
            mistake = shelf.file.mistake(("step", own), problem, "Name this step otherwise")
            shelf.mistakes.append(mistake)
            continue
        made[own] = (_number if item == NUMBER else _spoken)(shelf, name, item, form)
    return made


def _prompts(shelf: Shelf, name: str, item: str, form: FollowUpStep) -> tuple[steps.Prompt, ...]:
    before = shelf.prompts(form.prompt, ("step", name, "prompt")) if form.prompt else ()
    written = form.ask.get(item)  # type: ignore[call-overload]  # one of its own items
    if written is not None:
        return (*before, *shelf.prompts(written, ("step", name, "ask", item)))
    return (*before, shelf.builtin(_BUILTIN.get(item, item), ("step", name)))


def _spoken(shelf: Shelf, name: str, item: str, form: FollowUpStep) -> steps.Ask:
    return steps.Ask(
        name=question_step(name, item),
        prompts=_prompts(shelf, name, item, form),
        item=item,
        beep=form.beep,
        limits=steps.Limits(
            max_s=form.max_s, end_silence_s=form.end_silence_s, no_speech_s=form.no_speech_s
        ),
        tries=form.tries,
        no_input=(shelf.builtin("no_input", ("step", name)),),
        then=form.then,
    )


def _number(shelf: Shelf, name: str, item: str, form: FollowUpStep) -> steps.Digits:
    digit: dict[str, steps.Prompt] = {}
    before: tuple[steps.Prompt, ...] = ()
    confirm: tuple[steps.Prompt, ...] = ()
    if form.read_back:
        digit, before, confirm = shelf.read_back(("step", name, "read_back"))
    return steps.Digits(
        name=question_step(name, item),
        prompts=_prompts(shelf, name, item, form),
        item=item,
        ask_when="always",
        least=form.least,
        most=form.most,
        tries=form.tries,
        no_input=(shelf.builtin("no_input", ("step", name)),),
        no_match=(shelf.builtin("no_match", ("step", name)),),
        read_back=form.read_back,
        digit=digit,
        before=before,
        confirm=confirm,
        then=form.then,
    )
