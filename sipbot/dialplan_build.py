"""From a client's form to its plan: every name looked up, every mistake noted.

pydantic has judged each table by itself; here is what needs the rest of the file: numbers in one
spelling, prompts that exist, steps that lead somewhere, hours that do not contradict each other.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sipbot import card_form, category_form, notice_form, report_form
from sipbot.dialplan_checks import (
    circles,
    targets,
    unattended,
    unknown,
    unreachable,
    urgent_in_vain,
)
from sipbot.dialplan_compile import Compiler
from sipbot.dialplan_form import DialplanForm, RouteForm, TestForm
from sipbot.errors import DialplanError, HoursError, Mistake
from sipbot.escalation import Escalation
from sipbot.escalation_compile import escalation_of
from sipbot.hours import Hours, compile_hours
from sipbot.longest import longest_s
from sipbot.number_lists import callers_of, known_word, listed
from sipbot.numbers import canonical, is_anonymous, is_e164
from sipbot.patterns import almost_a_number, matches, sample
from sipbot.plan import Callers, Dialplan, Route, Said, Trial
from sipbot.prompt_shelf import BUILTIN_PROMPTS, PromptShelf
from sipbot.steps import Prompt, Step, Transfer
from sipbot.term_form import flaws, terms_of
from sipbot.toml_file import TomlFile
from sipbot.toml_places import Path as KeyPath
from sipbot.transfer_order import after_answers
from sipbot.transfer_target import address

KINDS = ("open", "closed", "holiday", "closure", "day", "season")
"""What `hours` of a route and `state` of a test can be, besides names of closures and seasons."""

_BEEP = Prompt(name="beep", wav=str(BUILTIN_PROMPTS / "beep.wav"))


def build(
    form: DialplanForm, file: TomlFile, shelf: PromptShelf, region: str, mistakes: list[Mistake]
) -> Dialplan:
    """Make a client's plan.

    Args:
        form: what the file says.
        file: where it says so.
        shelf: the prompts there are.
        region: whose national numbers are meant, and whose time zone and holidays by default.
        mistakes: what is known to be wrong already.

    Raises:
        DialplanError: with every mistake, in the order of the file.
    """
    return _Builder(form, file, shelf, region, mistakes).plan()


class _Builder:
    def __init__(
        self,
        form: DialplanForm,
        file: TomlFile,
        shelf: PromptShelf,
        region: str,
        mistakes: list[Mistake],
    ) -> None:
        self._form = form
        self._file = file
        self._region = region
        self._compiler = Compiler(form, file, shelf, region)
        self._compiler.mistakes += mistakes
        self._warnings: list[Mistake] = []

    def plan(self) -> Dialplan:
        form = self._form
        numbers = self._numbers(form.numbers, ("numbers",))
        hours = self._hours()
        said, hours_prompts = self._said(), self._hours_prompts()
        made = self._compiler.made()
        callers = callers_of(form.callers, self._file, self._region, self._compiler.mistakes)
        routes = self._routes(made, numbers)
        self._check_steps(made)
        self._check_transfers(made, numbers)
        for key, problem, remedy in flaws(form.term, form.language):
            self._wrong(key, problem, remedy)
        for key, problem, remedy in category_form.flaws(form.category, form.language):
            self._wrong(key, problem, remedy)
        for key, problem, remedy in card_form.flaws(form.contact, form.faq, self._region):
            self._wrong(key, problem, remedy)
        escalation = self._escalation()
        self._check_channels()
        trials = tuple(
            self._trial(place, test, numbers, hours, made) for place, test in enumerate(form.test)
        )
        self._warn(numbers, callers, routes, made)
        if self._compiler.mistakes:
            mistakes = self._compiler.mistakes
            raise DialplanError(sorted(mistakes, key=_place))
        assert hours is not None  # without hours there was a mistake
        return Dialplan(
            form=form,
            client=form.client,
            say_name=form.say_name,
            numbers=numbers,
            language=form.language,
            answer=form.answer,
            record=form.record,
            hours=hours,
            callers=callers,
            routes=routes,
            steps=made,
            longest_s=longest_s(made),
            said=said,
            hours_prompts=hours_prompts,
            quota=form.quota,
            terms=terms_of(form.term),
            categories=category_form.categories_of(form.category),
            escalation=escalation,
            channels=form.notify,
            card=card_form.card_of(
                form.card, form.contact, form.faq, language=form.language, region=self._region
            ),
            trials=trials,
            path=self._file.path.absolute(),
            sha256=self._file.sha256,
            warnings=tuple(sorted(self._warnings, key=_place)),
        )

    def _wrong(self, key: KeyPath, problem: str, remedy: str) -> None:
        self._compiler.mistakes.append(self._file.mistake(key, problem, remedy))

    def _numbers(self, written: tuple[str, ...], key: KeyPath) -> tuple[str, ...]:
        return listed(written, key, self._file, self._region, self._compiler.mistakes)

    def _hours(self) -> Hours | None:
        form = self._form
        try:
            return compile_hours(
                form.hours, form.closure, form.day, form.season, region=self._region
            )
        except HoursError as error:
            for problem in error.problems:
                self._wrong(problem.key, problem.problem, problem.remedy)
            return None

    def _escalation(self) -> Escalation:
        for place, form in enumerate(self._form.escalate):
            self._check_words(form.hours, ("escalate", place, "hours"))
        compiler = self._compiler
        return escalation_of(
            self._form, self._file, self._region, compiler.mistakes, self._warnings
        )

    def _check_channels(self) -> None:
        form = self._form
        promised = form.targets is not None and bool(form.targets.limits())
        for key, problem, remedy in (
            *notice_form.flaws(form.notify, promised=promised),
            *report_form.flaws(form.report, form.notify),
        ):
            self._wrong(key, problem, remedy)
        for place, one in enumerate(form.notify):
            self._check_words(one.hours, ("notify", place, "hours"))

    def _said(self) -> Said:
        answer, find = self._form.answer, self._compiler.prompt

        def maybe(name: str | None, key: str) -> Prompt | None:
            return find(name, ("answer", key)) if name is not None else None

        return Said(
            greeting=find(answer.greeting, ("answer", "greeting")),
            thanks=find(answer.thanks, ("answer", "thanks")),
            beep=_BEEP,
            sorry=self._compiler.builtin("sorry", ("language",)),
            notice=maybe(answer.notice, "notice"),
            after_hours=maybe(answer.after_hours, "after_hours"),
            holiday=maybe(answer.holiday, "holiday"),
        )

    def _hours_prompts(self) -> dict[str, Prompt]:
        named: list[tuple[str, KeyPath]] = [
            *((one.greeting, ("closure", at)) for at, one in enumerate(self._form.closure)),
            *((one.greeting, ("day", at)) for at, one in enumerate(self._form.day)),
        ]
        return {
            name: self._compiler.prompt(name, (*key, "greeting")) for name, key in named if name
        }

    def _routes(self, made: dict[str, Step], numbers: tuple[str, ...]) -> tuple[Route, ...]:
        names: set[str] = set()
        routes = []
        for place, form in enumerate(self._form.route):
            key = ("route", place)
            if form.name in names:
                self._wrong((*key, "name"), "is used twice", "Give each route its own name")
            names.add(form.name)
            self._check_words(form.hours, (*key, "hours"))
            if form.step is not None:
                self._check_step(form.step, (*key, "step"), made)
            routes.append(self._route(form, key, numbers))
        return tuple(routes)

    def _route(self, form: RouteForm, key: KeyPath, numbers: tuple[str, ...]) -> Route:
        words = ("known", "anonymous")
        caller = listed(
            form.caller,
            (*key, "caller"),
            self._file,
            self._region,
            self._compiler.mistakes,
            words=words,
        )
        dialled = self._numbers(form.number, (*key, "number"))
        for place, number in enumerate(dialled):
            if not any(matches(own, sample(number)) for own in numbers):
                remedy = "Add it to numbers, or remove it here"
                self._wrong((*key, "number", place), "is none of the client's numbers", remedy)
        greeting = None
        if form.greeting is not None:
            greeting = self._compiler.prompt(form.greeting, (*key, "greeting"))
        return Route(
            name=form.name,
            hours=form.hours,
            caller=caller,
            number=dialled,
            step=form.step or "",
            refuse=form.refuse,
            greeting=greeting,
            urgent=form.urgent,
            category=form.category,
        )

    def _check_words(self, words: tuple[str, ...], key: KeyPath) -> None:
        closures = (one.name for one in self._form.closure)
        known = (*KINDS, *closures, *(one.name for one in self._form.season))
        for place, word in enumerate(words):
            remedy = "" if word in known else known_word(word, known)
            if remedy:
                where = (*key, place) if key[-1] == "hours" else key
                self._wrong(where, "is neither a kind of day nor a closure or season", remedy)

    def _check_step(self, name: str, key: KeyPath, made: dict[str, Step]) -> None:
        remedy = unknown(name, made)
        if remedy:
            self._wrong(key, "is not a step of this file", remedy)

    def _check_steps(self, made: dict[str, Step]) -> None:
        self._check_step(self._form.answer.start, ("answer", "start"), made)
        for name, step in made.items():
            if name not in self._form.step:
                continue  # made by us, and led on as the step that it belongs to
            for key, to in targets(step):
                self._check_step(to, ("step", name, *key), made)
        for circle in circles(made):
            first = circle[0]
            where = next(
                (key for key, to in targets(made[first]) if to == unattended(made[first])), ()
            )
            way = " → ".join((*circle, first))
            problem = f"leads a caller who does nothing round in a circle: {way}"
            remedy = "Let one of these steps go on to record, hang up or end"
            self._wrong(("step", first, *where[:1]), problem, remedy)

    def _check_transfers(self, made: dict[str, Step], numbers: tuple[str, ...]) -> None:
        """No transfer leads back here: every round would take two more lines, and the trunk money.

        The same short number may be somebody else's at another host, hence only a warning.
        """
        for name, step in made.items():
            if not isinstance(step, Transfer):
                continue
            uri = address(step.to)
            number = canonical(uri.user, self._region) if uri else step.to
            if not any(matches(own, number) for own in numbers):
                continue
            tell = self._hint if uri and not is_e164(number) else self._wrong
            remedy = "Name the person's own number"
            tell(("step", name, "to"), "is one of this client's numbers: sipbot answers it", remedy)

    def _trial(
        self,
        place: int,
        form: TestForm,
        numbers: tuple[str, ...],
        hours: Hours | None,
        made: dict[str, Step],
    ) -> Trial:
        key = ("test", place)
        number = canonical(form.number, self._region) if form.number else sample(numbers[0])
        if not any(matches(own, number) for own in numbers):
            remedy = "Write one of numbers, or leave it out"
            self._wrong((*key, "number"), "is none of the client's numbers", remedy)
        expect = form.expect
        for at, name in enumerate(expect.steps or ()):
            self._check_step(name, (*key, "expect", "steps", at), made)
        if expect.state is not None:
            self._check_words((expect.state,), (*key, "expect", "state"))
        if expect.category:
            self._check_category(expect.category, (*key, "expect", "category"))
        if expect.route and expect.route not in {route.name for route in self._form.route}:
            remedy = known_word(expect.route, [route.name for route in self._form.route])
            self._wrong((*key, "expect", "route"), "is not a route of this file", remedy)
        anonymous = not form.from_ or is_anonymous(form.from_)
        return Trial(
            at=_aware(form.at, hours.tz if hours else ZoneInfo("UTC")),
            caller=None if anonymous else canonical(form.from_, self._region),
            number=number,
            keys=form.keys,
            says=form.says,
            expect=expect,
        )

    def _check_category(self, name: str, key: KeyPath) -> None:
        by_words = (one.name for one in self._form.category)
        known = {*by_words, *(one.category for one in self._form.route if one.category)}
        if name not in known:
            problem = "is a category of no route and of no [[category]]"
            remedy = known_word(name, sorted(known)) if known else "Add one, or remove this"
            self._wrong(key, problem, remedy)

    def _warn(
        self,
        numbers: tuple[str, ...],
        callers: Callers,
        routes: tuple[Route, ...],
        made: dict[str, Step],
    ) -> None:
        for place, number in enumerate(numbers):
            if almost_a_number(number):
                problem = "has a letter among its digits, so it is a name and no telephone number"
                remedy = "Write digits (0, not O), and X, Z or N for any of them, unless it is one"
                self._hint(("numbers", place), problem, remedy)
        starts = {self._form.answer.start, *(route.step for route in routes if route.step)}
        for name in unreachable(made, starts):
            remedy = "Name it in a step, a route or start of [answer], or remove it"
            self._hint(("step", name), "is reached by no call", remedy)
        for name in urgent_in_vain(made):
            problem = "tells callers to press the star key, which marks nothing as urgent here"
            remedy = 'Say it in the prompt of a step with do = "record" and urgent_key = "*"'
            self._hint(("step", name, "prompt"), problem, remedy)
        for name in after_answers(made):
            problem = "comes after something was asked or recorded, which is no memo once they talk"
            remedy = "Let the transfer come first, and the questions after its otherwise"
            self._hint(("step", name), problem, remedy)
        for key, problem, remedy in category_form.in_vain(self._form.category, self._form.language):
            self._hint(key, problem, remedy)
        for place, route in enumerate(routes[:-1]):
            if not (route.hours or route.caller or route.number):
                remedy = "Add hours, caller or number, or move it to the end"
                problem = "fits every call, so the routes after it never count"
                self._hint(("route", place), problem, remedy)
        for place, route in enumerate(routes):
            if "known" in route.caller and not callers.known:
                remedy = "Add known = [ … ] below [callers]"
                self._hint(
                    ("route", place, "caller"), "names known callers; there are none", remedy
                )

    def _hint(self, key: KeyPath, problem: str, remedy: str) -> None:
        self._warnings.append(self._file.mistake(key, problem, remedy))


def _aware(at: datetime, zone: ZoneInfo) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _place(one: Mistake) -> tuple[int, int]:
    return one.line, one.column
