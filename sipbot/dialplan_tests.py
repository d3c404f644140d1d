"""The calls that a client's file proves itself by: does what is expected come of each?  Pure.

``sipbot dialplan test`` runs them for people, and a changed file has to pass them before it is in
force.  They run on the functions that decide and lead live calls (`sipbot.routes`,
`sipbot.rehearsal`), so that there is no second opinion of what a file means.

Only `mistakes_of` reads the file, for the places of what failed.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from sipbot.caller import WITHHELD, CallerId
from sipbot.categories import Sorted, sort_out
from sipbot.errors import DialplanError, Mistake
from sipbot.hours import Situation
from sipbot.plan import Dialplan, Trial
from sipbot.records import EndState
from sipbot.rehearsal import Rehearsal, rehearse
from sipbot.routes import Routed, choose
from sipbot.toml_file import TomlFile, read

_REMEDY = "Mend what leads the call there, or what the test expects"


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as a test expects it."""

    key: str
    """Below ``[test.expect]``: state, route, greeting, steps, outcome, urgent, category."""
    expected: str
    """As people read it, like `found`."""
    found: str


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one ``[[test]]``."""

    __test__ = False  # pytest would take the class for a test

    index: int
    """Which of the file's tests; 0 is the first."""
    misses: tuple[Miss, ...]

    @property
    def ok(self) -> bool:
        """Whether everything came as expected."""
        return not self.misses


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """One call from the decision to its end."""

    routed: Routed
    rehearsal: Rehearsal
    about: Sorted
    """What the memo would be about, and why; of the words as the caller said them."""


def run_tests(plan: Dialplan, region: str) -> list[TestResult]:
    """Place every test call of the file.

    Args:
        plan: the client's.
        region: ISO 3166-1 alpha-2, the one that the plan was loaded with.

    Returns:
        One result a test, in the order of the file; empty when the file has none.
    """
    return [
        TestResult(index=place, misses=misses(place_call(plan, trial, region), trial))
        for place, trial in enumerate(plan.trials)
    ]


def mistakes_of(
    plan: Dialplan, results: Iterable[TestResult], file: TomlFile | None = None
) -> list[Mistake]:
    """The tests that failed as mistakes with their places in the file, in its order.

    Args:
        plan: the client's.
        results: of its tests.
        file: what the plan was made of; None to read it again.

    Raises:
        DialplanError: the file cannot be read any more.
    """
    failed = [result for result in results if not result.ok]
    if not failed:
        return []
    file = file or read(plan.path, DialplanError, links=False)
    return [
        file.mistake(
            ("test", result.index, "expect", miss.key),
            f"is expected of the test call, but found is {miss.found}",
            _REMEDY,
        )
        for result in failed
        for miss in result.misses
    ]


def place_call(
    plan: Dialplan,
    trial: Trial,
    region: str,
    *,
    hang_up_after: int | None = None,
    person_answers: bool = False,
) -> Called:
    """Decide about a call as for a live one, and lead it to its end.

    Args:
        plan: the client's.
        trial: who calls when, and what the caller does; what it expects is not looked at.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.
        hang_up_after: see `rehearse`.
        person_answers: likewise.
    """
    caller = WITHHELD
    if trial.caller is not None:
        caller = CallerId(number=trial.caller, name="", source="from")
    routed = choose(plan, caller, trial.number, trial.at, region)
    if routed.course is None:
        return Called(routed=routed, rehearsal=_REFUSED, about=Sorted())
    rehearsal = rehearse(
        routed.course,
        caller.number is not None,
        trial.keys,
        trial.says,
        hang_up_after=hang_up_after,
        person_answers=person_answers,
    )
    about = sort_out(
        "\n".join(rehearsal.said),
        plan.categories,
        plan.language,
        category=routed.course.category,
        urgent=rehearsal.urgent,
    )
    return Called(routed=routed, rehearsal=rehearsal, about=about)


def misses(called: Called, trial: Trial) -> tuple[Miss, ...]:
    """What is not as the test expects it, in a fixed order."""
    routed, rehearsal, expect = called.routed, called.rehearsal, trial.expect
    found: list[Miss] = []

    def compare(key: str, expected: Any, actual: Any) -> None:  # noqa: ANN401 -- of any kind
        if expected is not None and expected != actual:
            found.append(Miss(key=key, expected=_shown(expected), found=_shown(actual)))

    if expect.state is not None and expect.state not in states(routed.situation):
        told = situation_words(routed.situation)
        found.append(Miss(key="state", expected=_shown(expect.state), found=told))
    compare("route", expect.route, routed.route)
    if expect.greeting is not None and expect.greeting not in _greetings(routed):
        told = _greeting_words(routed)
        found.append(Miss(key="greeting", expected=_shown(expect.greeting), found=told))
    compare("steps", expect.steps, rehearsal.visited)
    compare("outcome", expect.outcome, rehearsal.state)
    compare("urgent", expect.urgent, called.about.urgent)
    compare("category", expect.category, called.about.category or "")
    return tuple(found)


def states(situation: Situation) -> frozenset[str]:
    """Every word that a route or a test may use for this situation."""
    now = "open" if situation.open else "closed"
    return frozenset({now, situation.because, situation.name}) - {""}


def situation_words(situation: Situation) -> str:
    """``open (weekly hours)``, ``closed (holiday 敬老の日)``."""
    now = "open" if situation.open else "closed"
    because = "weekly hours" if situation.because == "weekly" else situation.because
    return f"{now} ({' '.join(filter(None, (because, situation.name)))})"


def prompt_stem(name: str) -> str:
    """``after_hours`` of ``builtin:ja/after_hours``, ``sato-open`` of ``sato-open.wav``."""
    return name.rpartition("/")[2].removesuffix(".wav")


def _greetings(routed: Routed) -> frozenset[str]:
    """Every name by which a test may call the greeting that was said."""
    greeting = routed.course.greeting if routed.course else None
    if greeting is None:
        return frozenset()
    return frozenset({routed.greeting_because, greeting.name, prompt_stem(greeting.name)})


def _greeting_words(routed: Routed) -> str:
    greeting = routed.course.greeting if routed.course else None
    if greeting is None:
        return "none: the call is refused"
    return f"{_shown(prompt_stem(greeting.name))} (because of {routed.greeting_because})"


def _shown(value: object) -> str:
    if isinstance(value, EndState):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(one) for one in value)}]"
    return f'"{value}"'


_REFUSED = Rehearsal(
    steps=(),
    visited=(),
    answers={},
    asked=(),
    said=(),
    urgent=False,
    state=EndState.REFUSED_BLOCKED,
)
