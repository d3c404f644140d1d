"""What a change of a client's file means to callers, in words.  Pure.

Two files that differ in their comments, their order of keys or the spelling of a number are equal
here; a minute of opening time is not.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

import msgspec
from pydantic import BaseModel

from sipbot import hours_diff, steps
from sipbot.client_card import ClientCard
from sipbot.dialplan_checks import targets
from sipbot.dialplan_outline import kind_of, prompt_words, quoted, route_words, shown_number
from sipbot.dialplan_people import channel_words, rota_words, step_does, step_when
from sipbot.plan import Dialplan, Route

_STEP_WORDS = {
    "limits": "limits",
    "no_input": "words when nothing comes",
    "no_match": "words when it means nothing",
    "digit": "spoken digits",
    "before": "words before the read-back",
    "confirm": "words after the read-back",
    "review": "offer to record again",
    "when_deaf": "what is done where no ear writes along",
}
_TOLD_OTHERWISE = frozenset({"name", "prompts", "keys", "words", "then", "otherwise", "ways"})
"""Fields of a step that are told as prompts and as ways out."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that will be otherwise."""

    about: str
    """client, numbers, hours, answer, callers, routes, steps, record, speech, quota, price,
    report, quality, targets, categories, escalation, on call, notify, card, tests."""
    text: str
    """A sentence without its full stop."""


def changes(old: Dialplan, new: Dialplan, region: str, start: date) -> list[Change]:
    """Compare two forms of a client's file.

    Args:
        old: what is in force.
        new: what is to come.
        region: ISO 3166-1 alpha-2, in whose manner numbers are shown.
        start: from which day the hours of twelve months are compared.
    """
    told = {
        "client": _client(old, new),
        "numbers": _listed(old.numbers, new.numbers, region, "is answered", "is not answered"),
        "hours": _hours(old, new, start),
        "answer": _answer(old, new),
        "callers": _callers(old, new, region),
        "routes": _routes(old, new, region),
        "steps": _steps(old, new),
        "record": _keys(old.record, new.record),
        "speech": _keys(old.form.speech, new.form.speech),
        "quota": _keys(old.quota, new.quota),
        "price": _keys(old.form.price, new.form.price),
        "report": _keys(old.form.report, new.form.report),
        "quality": _keys(old.form.quality, new.form.quality),
        "targets": _keys(old.form.targets, new.form.targets),
        "keep": _keys(old.form.keep, new.form.keep),
        "categories": _categories(old, new),
        "escalation": _by_key(_escalations(old), _escalations(new)),
        "on call": _by_key(_on_call(old, region), _on_call(new, region)),
        "notify": _by_key(_channels(old), _channels(new)),
        "card": _card(old.card, new.card),
        "tests": _tests(old, new),
    }
    return [Change(about=about, text=text) for about, texts in told.items() for text in texts]


def _card(old: ClientCard | None, new: ClientCard | None) -> Iterator[str]:
    """Which parts are otherwise; what they say is for operators, who read it with the next memo."""
    if old is None or new is None:
        if old is not new:
            yield "there is none any more" if new is None else "operators see one from now on"
        return
    for name in ClientCard.__struct_fields__:
        if getattr(old, name) != getattr(new, name):
            yield f"{name} is otherwise"


def _client(old: Dialplan, new: Dialplan) -> Iterator[str]:
    for name in ("client", "say_name", "language"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} is {after} instead of {before}"
    if old.hours.tz.key != new.hours.tz.key:
        yield f"the time zone is {new.hours.tz.key} instead of {old.hours.tz.key}"


def _listed(
    old: Iterable[str], new: Iterable[str], region: str, gained: str, lost: str
) -> Iterator[str]:
    old, new = list(old), list(new)
    for number in new:
        if number not in old:
            yield f"{shown_number(number, region)} {gained} from now on"
    for number in old:
        if number not in new:
            yield f"{shown_number(number, region)} {lost} any more"


def _hours(old: Dialplan, new: Dialplan, start: date) -> Iterator[str]:
    found = hours_diff.diff(old.hours, new.hours, start)
    if found.lost or found.gained:
        yield from (sentence.removesuffix(".") for sentence in found.sentences())
    before, after = _special(old), _special(new)
    for name in dict.fromkeys((*before, *after)):
        if name not in before:
            yield f"{name} is new"
        elif name not in after:
            yield f"{name} is gone"
        elif before[name] != after[name]:
            said = after[name] or "the usual words"
            yield f"in {name} callers hear {said} instead of {before[name] or 'the usual words'}"


def _special(plan: Dialplan) -> dict[str, str]:
    """Closures, seasons and days, and the greeting of each."""
    form = plan.form
    return {
        **{f"the closure {one.name}": one.greeting for one in form.closure},
        **{f"the season {one.name}": "" for one in form.season},
        **{f"the day {one.on}": one.greeting for one in form.day},
    }


def _answer(old: Dialplan, new: Dialplan) -> Iterator[str]:
    for name in ("notice", "greeting", "after_hours", "holiday", "thanks"):
        before, after = getattr(old.said, name), getattr(new.said, name)
        if _name(before) != _name(after):
            yield f"{name} is {_words(after)} instead of {_words(before)}"
    if old.answer.after_s != new.answer.after_s:
        yield f"it rings {new.answer.after_s:g} s instead of {old.answer.after_s:g} s"
    if old.answer.start != new.answer.start:
        yield f"calls begin at {new.answer.start} instead of {old.answer.start}"


def _name(prompt: steps.Prompt | None) -> str:
    return prompt.name if prompt else ""


def _words(prompt: steps.Prompt | None) -> str:
    return prompt_words(prompt) if prompt else "nothing"


def _callers(old: Dialplan, new: Dialplan, region: str) -> Iterator[str]:
    before, after = old.callers, new.callers
    yield from _listed(before.block, after.block, region, "is refused", "is not refused")
    yield from _listed(before.known, after.known, region, "is known", "is not known")
    if not before.allow and after.allow:
        yield f"only {len(after.allow)} listed callers may call; all others are refused"
    elif before.allow and not after.allow:
        yield "everybody may call, no longer only listed callers"
    else:
        yield from _listed(before.allow, after.allow, region, "may call", "may not call")
    if before.anonymous != after.anonymous:
        done = "refused" if after.anonymous == "refuse" else "taken"
        yield f"callers who do not show their number are {done}"


def _routes(old: Dialplan, new: Dialplan, region: str) -> Iterator[str]:
    before = {route.name: route for route in old.routes}
    after = {route.name: route for route in new.routes}
    for name, route in after.items():
        said = _route(route, region)
        if name not in before:
            yield f"route {name} is new: {said}"
        elif said != (earlier := _route(before[name], region)):
            yield f"route {name} is {said} instead of {earlier}"
    yield from (f"route {name} is gone" for name in before if name not in after)
    kept = [name for name in after if name in before]
    if kept != [name for name in before if name in after]:
        yield f"the routes count in another order: {', '.join(after)}"


def _route(route: Route, region: str) -> str:
    marks = [
        "urgent" if route.urgent else "",
        f"category {route.category}" if route.category else "",
        f"greeting {route.greeting.name}" if route.greeting else "",
    ]
    to = "refused" if route.refuse else f"step {route.step}" if route.step else "as usual"
    when = route_words(route, region) or "all calls"
    return ", ".join(filter(None, [f"({when}) → {to}", *marks]))


def _steps(old: Dialplan, new: Dialplan) -> Iterator[str]:
    for name, step in new.steps.items():
        before = old.steps.get(name)
        if before is None:
            said = "; ".join(_words(prompt) for prompt in step.prompts)
            yield f"step {name} is new: {kind_of(step)}{f' {said}' if said else ''}"
        elif kind_of(before) != kind_of(step):
            yield f"step {name} is a {kind_of(step)} instead of a {kind_of(before)}"
        else:
            yield from (f"step {name}: {text}" for text in _step(before, step))
    yield from (f"step {name} is gone" for name in old.steps if name not in new.steps)


def _step(old: steps.Step, new: steps.Step) -> Iterator[str]:
    before, after = [_name(one) for one in old.prompts], [_name(one) for one in new.prompts]
    if before != after:
        said = " ".join(_words(one) for one in new.prompts) or "nothing"
        yield f"says {said} instead of {' '.join(map(_words, old.prompts)) or 'nothing'}"
    ways, others = dict(_ways(old)), dict(_ways(new))
    for way, to in others.items():
        if way not in ways:
            yield f"{way} leads to {to} from now on"
        elif ways[way] != to:
            yield f"{way} leads to {to} instead of {ways[way]}"
    yield from (
        f"{way} leads nowhere any more (before: {ways[way]})" for way in ways.keys() - others
    )
    for field in new.__struct_fields__:
        was, is_ = getattr(old, field), getattr(new, field)
        if field not in _TOLD_OTHERWISE and was != is_:
            yield f"{_STEP_WORDS.get(field, field)} {_value(is_)} instead of {_value(was)}"


def _ways(step: steps.Step) -> Iterator[tuple[str, str]]:
    for key, to in targets(step):
        match key:
            case ("keys", pressed):
                yield f"key {pressed}", to
            case ("words", word):
                yield quoted(str(word)), to
            case ("items", item):
                yield f"no {item}", to
            case _:
                yield str(key[0]), to


def _keys(old: BaseModel | None, new: BaseModel | None) -> Iterator[str]:
    """Keys of one table, each by what it means."""
    if old is None or new is None:
        if old is not new:
            model = new or old
            yield "is new" if new else "is gone"
            if new and model:
                yield from (f"{key} is {_value(value)}" for key, value in model)
        return
    for key, field in type(new).model_fields.items():
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            meaning = (field.description or key).partition(".")[0]
            yield f"{key} is {_value(after)} instead of {_value(before)} ({meaning})"


def _value(value: Any) -> str:  # noqa: ANN401 -- whatever a key may be
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case Enum():
            return str(value.value)
        case steps.Prompt():
            return _words(value)
        case steps.Limits():
            return (
                f"{value.max_s:g} s at most, {value.end_silence_s:g} s of silence after speech, "
                f"{value.no_speech_s:g} s without any"
            )
        case tuple():
            return ", ".join(_value(one) for one in value) or "none"
        case Mapping():
            return ", ".join(f"{key} {_value(one)}" for key, one in value.items()) or "none"
        case "" | None:
            return "none"
        case _:
            return str(value)


def _categories(old: Dialplan, new: Dialplan) -> Iterator[str]:
    return _by_key(_words_of(old), _words_of(new))


def _by_key(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """What is new, otherwise, gone, or in another order."""
    for name, said in after.items():
        if name not in before:
            yield f"{name} is new: {said}"
        elif said != before[name]:
            yield f"{name} is {said} instead of {before[name]}"
    yield from (f"{name} is gone" for name in before if name not in after)
    kept = [name for name in after if name in before]
    if kept != [name for name in before if name in after]:
        yield f"they count in another order: {', '.join(after)}"


def _escalations(plan: Dialplan) -> dict[str, str]:
    """Who is told of a memo that nobody claims, in the order of time, and when."""
    found: dict[str, list[str]] = {}
    for step in sorted(plan.escalation.steps, key=lambda one: one.after):
        found.setdefault(step_does(step), []).append(step_when(step))
    return {does: " or ".join(whens) for does, whens in found.items()}


def _on_call(plan: Dialplan, region: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, words in rota_words(plan, region):
        found.setdefault(name, []).append(words)
    return {name: "; ".join(shifts) for name, shifts in found.items()}


def _channels(plan: Dialplan) -> dict[str, str]:
    return {one.name: channel_words(one) for one in plan.channels}


def _words_of(plan: Dialplan) -> dict[str, str]:
    """The words of each category, and whether they are urgent."""
    return {
        one.name: ", ".join([*map(quoted, one.words), *(["urgent"] if one.urgent else [])])
        for one in plan.categories
    }


def _tests(old: Dialplan, new: Dialplan) -> Iterator[str]:
    before, after = len(old.trials), len(new.trials)
    if before != after:
        yield f"the file has {after} tests instead of {before}"
