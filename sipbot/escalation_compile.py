"""From the tables ``[[escalate]]`` and ``[[rota]]`` to what is in force, every mistake noted."""

from collections.abc import Collection
from datetime import date, timedelta

from sipbot.dialplan_form import DialplanForm
from sipbot.errors import DialplanError, Mistake
from sipbot.escalation import ROTA, Escalation, Kind, Step, holds, in_vain
from sipbot.escalation_form import EscalateForm, RotaForm
from sipbot.number_lists import known_word
from sipbot.numbers import canonical
from sipbot.osm_hours import week_hours
from sipbot.patterns import is_pattern
from sipbot.plan import Dialplan
from sipbot.rota import Shift, first_gap
from sipbot.toml_file import TomlFile, read
from sipbot.toml_places import Path as KeyPath
from sipbot.transfer_target import NOT_A_TARGET, flaw, is_uri


def escalation_of(
    form: DialplanForm,
    file: TomlFile,
    region: str,
    mistakes: list[Mistake],
    warnings: list[Mistake],
) -> Escalation:
    """Make what a client's file says of memos that nobody claims.

    Args:
        form: the file.
        file: where mistakes are.
        region: whose national numbers are meant.
        mistakes, warnings: are added to.
    """
    steps = tuple(_step(one) for one in form.escalate)
    rota = tuple(_shift(place, one, file, region, mistakes) for place, one in enumerate(form.rota))
    key: KeyPath
    for place, step in enumerate(steps):
        if step.kind == "phone" and not rota:
            remedy = 'Add a [[rota]] with name = "sato" and number = "+819012345678"'
            key = ("escalate", place, "phone")
            mistakes.append(file.mistake(key, "calls nobody: there is no [[rota]]", remedy))
        channels = [one.name for one in form.notify]
        if step.kind == "notify" and step.target not in channels:
            remedy = known_word(step.target, channels) if channels else "Add a [[notify]] of it"
            key = ("escalate", place, "notify")
            mistakes.append(file.mistake(key, "is not the name of a [[notify]]", remedy))
        by_words = {*(one.name for one in form.category), *_of_routes(form)}
        for at, name in enumerate(step.categories):
            if name not in by_words:
                key = ("escalate", place, "categories", at)
                problem = "is a category of no route and of no [[category]]"
                remedy = known_word(name, sorted(by_words)) if by_words else "Add one, or remove it"
                mistakes.append(file.mistake(key, problem, remedy))
    for place in in_vain(steps):
        remedy = "Remove it: each is told once of a memo, and an earlier [[escalate]] does"
        key = ("escalate", place)
        warnings.append(file.mistake(key, "never counts", remedy))
    if rota and not any(step.kind == "phone" for step in steps):
        remedy = 'Add [[escalate]] with after_min = 30 and phone = "rota"'
        warnings.append(file.mistake(("rota", 0), "is called by no [[escalate]]", remedy))
    return Escalation(steps=steps, rota=rota)


def uncovered(plan: Dialplan, today: date) -> Mistake | None:
    """The warning that nobody is on call at some time of the next year; None when somebody is.

    Args:
        plan: the client's.
        today: in the client's time zone.
    """
    calling = [one for one in plan.escalation.steps if one.kind == "phone"]
    if not calling:
        return None
    gap = first_gap(
        plan.escalation.rota,
        plan.hours,
        today,
        lambda situation: any(holds(step, situation) for step in calling),
    )
    if gap is None:
        return None
    file = read(plan.path, DialplanError, links=False)
    length = timedelta(minutes=gap.minutes)
    hours = f"{length.total_seconds() / 3600:g} h"
    problem = f"leaves {hours} of the next year without anybody on call, from {gap.begins:%F %H:%M}"
    remedy = "Add a [[rota]] with last_resort = true, or fill the gap"
    place = next(at for at, one in enumerate(plan.escalation.steps) if one.kind == "phone")
    return file.mistake(("escalate", place, "phone"), problem, remedy)


def _of_routes(form: DialplanForm) -> Collection[str]:
    return [one.category for one in form.route if one.category]


def _step(form: EscalateForm) -> Step:
    kind: Kind = "to" if form.to else "notify" if form.notify else "phone"
    return Step(
        after=timedelta(minutes=form.after_min),
        kind=kind,
        target=form.to or form.notify or ROTA,
        urgent=form.urgent,
        categories=form.categories,
        hours=form.hours,
    )


def _shift(
    place: int, form: RotaForm, file: TomlFile, region: str, mistakes: list[Mistake]
) -> Shift:
    number = form.number if is_uri(form.number) else canonical(form.number, region)
    problem = NOT_A_TARGET if is_pattern(number) else flaw(number)
    if problem:
        remedy = 'Write it as "+819012345678", as dialled at home, or as "sip:100@10.0.0.5"'
        mistakes.append(file.mistake(("rota", place, "number"), problem, remedy))
    return Shift(
        name=form.name,
        number=number,
        week=week_hours(form.hours),
        holidays=form.holidays,
        first=date.fromisoformat(form.from_) if form.from_ else None,
        last=date.fromisoformat(form.to) if form.to else None,
        last_resort=form.last_resort,
    )
