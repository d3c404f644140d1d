"""The steps of a client's file as calls walk them: prompts found, defaults filled in.

What a step leaves out is filled in here: a ``record`` step from ``[record]``, the words of no input
and no match from the prompts that ship, the question of an ``ask`` from the prompt of its item.
"""

from typing import Any

from sipbot import steps
from sipbot.dialplan_form import DialplanForm
from sipbot.dialplan_steps import (
    REVIEW_KEYS,
    TAKEN_BY_REVIEW,
    AskStep,
    DigitsStep,
    FollowUpStep,
    HangUpStep,
    MenuStep,
    RecordStep,
    SayStep,
    StepForm,
    SurveyStep,
    TransferStep,
)
from sipbot.errors import Mistake
from sipbot.follow_up_compile import question_step, questions
from sipbot.gist import MOST_VALUABLE_FIRST
from sipbot.numbers import canonical
from sipbot.patterns import is_pattern
from sipbot.prompt_shelf import PromptShelf, UnplayableError
from sipbot.toml_file import TomlFile
from sipbot.toml_places import Path as KeyPath
from sipbot.transfer_target import NOT_A_TARGET, flaw, is_uri

_AS_IN_RECORD = RecordStep(do="record")
"""The step that a file without a `record` step has."""


class Compiler:
    """Makes one file's steps, and notes what is wrong with them.

    Args:
        form: the file.
        file: where its keys are.
        shelf: the prompts there are.
        region: whose national numbers are meant.
    """

    def __init__(self, form: DialplanForm, file: TomlFile, shelf: PromptShelf, region: str) -> None:
        self.form = form
        self.file = file
        self.shelf = shelf
        self.region = region
        self.mistakes: list[Mistake] = []
        self._lacking: set[KeyPath] = set()

    def prompt(self, name: str, key: KeyPath) -> steps.Prompt:
        """The prompt that the file names at this key; a mistake when it cannot be played."""
        try:
            return self.shelf.find(name)
        except UnplayableError as problem:
            written = next(part for part in reversed(key) if isinstance(part, str))
            remedy = problem.remedy
            if problem.instead:
                remedy = f'Then write {written} = "{problem.instead}"'
            self.mistakes.append(self.file.mistake(key, problem.problem, remedy))
            return steps.Prompt(name=name, wav="")

    def made(self) -> dict[str, steps.Step]:
        """Every step of the file by its name, and ``record``, which exists always."""
        made = {name: self._step(name, form) for name, form in self.form.step.items()}
        for name, form in self.form.step.items():
            if isinstance(form, FollowUpStep):
                made |= questions(self, name, form)
        if steps.RECORD not in made:
            made[steps.RECORD] = self._record(steps.RECORD, _AS_IN_RECORD)
        return made

    def builtin(self, name: str, key: KeyPath) -> steps.Prompt:
        """The prompt that ships in the client's language; `key` is what asks for it."""
        full = f"builtin:{self.form.language}/{name}"
        try:
            return self.shelf.find(full)
        except UnplayableError as error:
            if key not in self._lacking:
                self._lacking.add(key)
                problem = f"needs {full}, which {error.problem}"
                remedy = "It ships with sipbot: install sipbot again, or name a prompt of your own"
                self.mistakes.append(self.file.mistake(key, problem, remedy))
            return steps.Prompt(name=full, wav="")

    def _step(self, name: str, form: StepForm) -> steps.Step:
        match form:
            case SayStep():
                prompts = self._prompts(name, "prompt", form.prompt)
                return steps.Say(name=name, prompts=prompts, then=form.then)
            case MenuStep():
                return self._menu(name, form)
            case AskStep():
                return self._ask(name, form)
            case DigitsStep():
                return self._digits(name, form)
            case RecordStep():
                return self._record(name, form)
            case TransferStep():
                return self._transfer(name, form)
            case SurveyStep():
                prompts = self._prompts(name, "prompt", form.prompt, form.kind)
                return steps.Survey(
                    name=name,
                    prompts=prompts,
                    kind=form.kind,
                    timeout_s=form.timeout_s,
                    then=form.then,
                )
            case FollowUpStep():
                wanted = (item for item in MOST_VALUABLE_FIRST if item in form.items)
                ways: dict[str, str] = {item: question_step(name, item) for item in wanted}
                return steps.FollowUp(
                    name=name, ways=ways, when_deaf=form.when_deaf, then=form.then
                )
            case HangUpStep():
                return steps.HangUp(name=name, prompts=self._prompts(name, "prompt", form.prompt))

    def _menu(self, name: str, form: MenuStep) -> steps.Menu:
        return steps.Menu(
            name=name,
            prompts=self._prompts(name, "prompt", form.prompt),
            keys=dict(form.keys),
            words=dict(form.words),
            timeout_s=form.timeout_s,
            tries=form.tries,
            no_input=self._prompts(name, "no_input", form.no_input, "no_input"),
            no_match=self._prompts(name, "no_match", form.no_match, "no_match"),
            otherwise=form.otherwise,
        )

    def _ask(self, name: str, form: AskStep) -> steps.Ask:
        prompts = self._prompts(name, "prompt", form.prompt)
        if form.prompt is None:
            default = f"builtin:{self.form.language}/{form.item}"
            if self.shelf.has(default):
                prompts = (self.shelf.find(default),)
            else:
                problem = f"is missing, and no prompt that ships asks for {form.item}"
                remedy = f'Add prompt = "{self.form.client}-{name}.wav" below [step.{name}]'
                key = ("step", name, "prompt")
                self.mistakes.append(self.file.mistake(key, problem, remedy, value=False))
        return steps.Ask(
            name=name,
            prompts=prompts,
            item=form.item,
            beep=form.beep,
            limits=steps.Limits(
                max_s=form.max_s, end_silence_s=form.end_silence_s, no_speech_s=form.no_speech_s
            ),
            tries=form.tries,
            no_input=self._prompts(name, "no_input", form.no_input, "no_input"),
            then=form.then,
        )

    def _digits(self, name: str, form: DigitsStep) -> steps.Digits:
        spoken: dict[str, steps.Prompt] = {}
        before: tuple[steps.Prompt, ...] = ()
        confirm: tuple[steps.Prompt, ...] = ()
        if form.read_back:
            spoken, before, confirm = self.read_back(("step", name, "read_back"))
        return steps.Digits(
            name=name,
            prompts=self._prompts(name, "prompt", form.prompt, "callback"),
            item=form.item,
            ask_when=form.ask_when,
            least=form.least,
            most=form.most,
            finish_key=form.finish_key,
            timeout_s=form.timeout_s,
            tries=form.tries,
            no_input=self._prompts(name, "no_input", form.no_input, "no_input"),
            no_match=self._prompts(name, "no_match", form.no_match, "no_match"),
            read_back=form.read_back,
            before=before,
            digit=spoken,
            confirm=confirm,
            then=form.then,
        )

    def read_back(
        self, key: KeyPath
    ) -> tuple[dict[str, steps.Prompt], tuple[steps.Prompt, ...], tuple[steps.Prompt, ...]]:
        """What reads a number back: digits, what comes before them, and what asks if it is right.

        Args:
            key: what asks for it.
        """
        spoken = {digit: self.builtin(f"d{digit}", key) for digit in "0123456789"}
        return spoken, (self.builtin("read_back", key),), (self.builtin("confirm", key),)

    def _record(self, name: str, form: RecordStep) -> steps.Record:
        usual = self.form.record
        limits = steps.Limits(
            max_s=_or(form.max_s, usual.max_s),
            end_silence_s=_or(form.end_silence_s, usual.end_silence_s),
            no_speech_s=_or(form.no_speech_s, usual.no_speech_s),
        )
        for key in ("end_silence_s", "no_speech_s"):
            if getattr(limits, key) >= limits.max_s:
                problem = f"is not shorter than max_s = {limits.max_s:g}"
                where = ("step", name, key)
                remedy = "Lower it, or raise max_s"
                self.mistakes.append(self.file.mistake(where, problem, remedy))
        finish_key = usual.finish_key if form.finish_key is None else form.finish_key
        urgent_key = usual.urgent_key if form.urgent_key is None else form.urgent_key
        if urgent_key and urgent_key == finish_key:
            remedy = "Choose another key, or finish_key"
            where = ("step", name, "urgent_key")
            self.mistakes.append(self.file.mistake(where, "ends the message already", remedy))
        review = usual.review if form.review is None else form.review
        if review and urgent_key in REVIEW_KEYS:
            key, problem, remedy = "urgent_key", *TAKEN_BY_REVIEW
            if form.urgent_key is None:
                key, problem = "review", f'takes 1 and 2, and urgent_key is "{urgent_key}"'
                remedy = "Choose another urgent_key, or none"
            self.mistakes.append(self.file.mistake(("step", name, key), problem, remedy))
        asks_review = ("step", name, "review") if form.review else ("record", "review")
        return steps.Record(
            name=name,
            prompts=self._prompts(name, "prompt", form.prompt),
            beep=usual.beep if form.beep is None else form.beep,
            limits=limits,
            finish_key=finish_key,
            review=(self.builtin("review", asks_review),) if review else (),
            tries=form.tries,
            urgent_key=urgent_key,
            then=form.then,
        )

    def _transfer(self, name: str, form: TransferStep) -> steps.Transfer:
        to = form.to if is_uri(form.to) else canonical(form.to, self.region)
        problem = NOT_A_TARGET if is_pattern(to) else flaw(to)
        if problem:
            remedy = 'Write it as "+81312345678", as dialled at home, or as "sip:100@10.0.0.5"'
            self.mistakes.append(self.file.mistake(("step", name, "to"), problem, remedy))
        return steps.Transfer(
            name=name,
            prompts=self._prompts(name, "prompt", form.prompt, "transfer"),
            to=to,
            ring_s=form.ring_s,
            otherwise=form.otherwise,
        )

    def _prompts(
        self, name: str, key: str, written: tuple[str, ...] | None, default: str = ""
    ) -> tuple[steps.Prompt, ...]:
        if written is not None:
            return self.prompts(written, ("step", name, key))
        return (self.builtin(default, ("step", name)),) if default else ()

    def prompts(self, written: tuple[str, ...], where: KeyPath) -> tuple[steps.Prompt, ...]:
        """The prompts that the file names at this key, as one or as a list."""
        table: Any = self.file.values
        for part in where:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        return tuple(
            self.prompt(one, (*where, place) if isinstance(table, list) else where)
            for place, one in enumerate(written)
        )


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
