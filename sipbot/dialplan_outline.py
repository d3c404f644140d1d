"""A dialplan as people look at it: where calls begin, what each step does, where it leads.  Pure.

The terminal's tree, the Mermaid text and the diagram are drawn from this one description, so that
they never tell different stories.  Words are English; what callers hear is in their language.
"""

import re
from collections.abc import Iterator

import msgspec

from sipbot import steps
from sipbot.dialplan_checks import targets
from sipbot.hours import PRECEDENCE
from sipbot.numbers import display, is_e164
from sipbot.osm_hours import WEEKDAYS
from sipbot.patterns import WILDCARDS, is_pattern
from sipbot.plan import Dialplan, Route

HOURS_PRECEDENCE = " > ".join("weekly hours" if one == "weekly" else one for one in PRECEDENCE)
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and kanji; Korean has the quotation marks of English."""


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One way out of a step."""

    label: str
    """``1``, ``「予約」``, ``then``, ``after 3 tries``."""
    to: str


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One step."""

    name: str
    kind: str
    """As ``do`` in the file; ``end`` for the end of the call."""
    heard: tuple[steps.Prompt, ...] = ()
    """What is said when the step begins."""
    facts: tuple[str, ...] = ()
    """What else is worth knowing: limits, keys, whom it rings."""
    exits: tuple[Exit, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One rule by which a call finds its first step; the first that fits counts."""

    name: str
    """Of the route; ``otherwise`` for the calls that no route takes."""
    when: str
    """Its conditions in words; empty for all calls."""
    to: str
    """Empty: the call is refused."""
    marks: tuple[str, ...] = ()
    """``urgent``, ``category emergency``, ``greeting sato-night.wav``."""


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """The way of every call of a client."""

    entries: tuple[Entry, ...]
    nodes: tuple[Node, ...]
    """Every step that a call reaches, nearest first, and the end where one leads there."""

    def node(self, name: str) -> Node:
        """The step of this name.

        Raises:
            KeyError: no call reaches such a step.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


def outline(plan: Dialplan, region: str) -> Outline:
    """Describe a client's calls.

    Args:
        plan: the client's.
        region: ISO 3166-1 alpha-2, in whose manner numbers are shown.
    """
    entries = tuple(_entries(plan, region))
    nodes: dict[str, Node] = {}
    ahead = [entry.to for entry in entries if entry.to]
    while ahead:
        name = ahead.pop(0)
        if name not in nodes:
            nodes[name] = _node(plan, name, region)
            ahead += [one.to for one in nodes[name].exits]
    return Outline(entries=entries, nodes=tuple(nodes.values()))


def shown_number(number: str, region: str) -> str:
    """A canonical number or pattern as people of the region write it."""
    if not is_pattern(number):
        return display(number, region)
    # a pattern is written as the numbers that it stands for, its wildcards in their places
    shown, wild = list(display(_example(number), region)), reversed(number)
    for place in reversed(range(len(shown))):
        if shown[place].isdigit():
            sign = next(wild, "")
            shown[place] = sign if sign in WILDCARDS else shown[place]
    return "".join(shown)


def _example(pattern: str) -> str:
    """A number that the pattern stands for; a valid one where there is one."""
    filled = [
        "".join(fill if char in WILDCARDS else char for char in pattern) for fill in "2345678"
    ]
    return next((one for one in filled if is_e164(one)), filled[0])


def in_words(hours: str) -> str:
    """Weekly hours as people read them: ``Mon-Fri 09:00-18:00; Sat 09:00-12:00``."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    for short, name in zip(WEEKDAYS, names, strict=True):
        hours = hours.replace(short, name)
    return hours.replace("24/7", "always")


def prompt_words(prompt: steps.Prompt) -> str:
    """``「お電話ありがとうございます。」``, or its name where nobody wrote down the text."""
    return quoted(prompt.text) if prompt.text else prompt.name


def quoted(text: str) -> str:
    """What is said, in the quotation marks of its script: ``「予約」``, ``“order”``."""
    return f"「{text}」" if _JAPANESE.search(text) else f"“{text}”"


def route_words(route: Route, region: str) -> str:
    """The conditions of a route in words; empty when it takes every call."""
    callers = [
        one if one in ("known", "anonymous") else shown_number(one, region) for one in route.caller
    ]
    dialled = [shown_number(one, region) for one in route.number]
    parts = [
        " or ".join(route.hours),
        f"caller {' or '.join(callers)}" if callers else "",
        f"dialled {' or '.join(dialled)}" if dialled else "",
    ]
    return ", ".join(filter(None, parts))


def _entries(plan: Dialplan, region: str) -> Iterator[Entry]:
    callers = plan.callers
    for name, numbers in (("callers.block", callers.block), ("callers.allow", callers.allow)):
        if numbers:
            shown = ", ".join(shown_number(number, region) for number in numbers[:3])
            more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
            others = "not " if name.endswith("allow") else ""
            yield Entry(name=name, when=f"caller {others}{shown}{more}", to="")
    if callers.anonymous == "refuse":
        yield Entry(name="callers.anonymous", when="caller anonymous", to="")
    for route in plan.routes:
        to = "" if route.refuse else route.step or plan.answer.start
        yield Entry(name=route.name, when=route_words(route, region), to=to, marks=_marks(route))
    yield Entry(name="otherwise", when="", to=plan.answer.start)


def _marks(route: Route) -> tuple[str, ...]:
    found = [
        "urgent" if route.urgent else "",
        f"category {route.category}" if route.category else "",
        f"greeting {route.greeting.name}" if route.greeting else "",
    ]
    return tuple(filter(None, found))


def _node(plan: Dialplan, name: str, region: str) -> Node:
    if name == steps.END:
        return Node(
            name=name, kind="end", heard=(plan.said.thanks,), facts=("thanks and hangs up",)
        )
    step = plan.steps[name]
    exits = tuple(Exit(label=_label(step, key), to=to) for key, to in targets(step))
    return Node(
        name=name,
        kind=kind_of(step),
        heard=step.prompts,
        facts=tuple(filter(None, _facts(step, region))),
        exits=exits,
    )


def kind_of(step: steps.Step) -> str:
    """The step's kind as ``do`` in the file writes it."""
    match step:
        case steps.HangUp():
            return "hang_up"
        case steps.FollowUp():
            return "follow_up"
        case _:
            return type(step).__name__.lower()


def _label(step: steps.Step, key: tuple[str | int, ...]) -> str:
    match step, key:
        case steps.Menu(), ("keys", pressed):
            return str(pressed)
        case steps.Menu(), ("words", word):
            return quoted(str(word))
        case steps.Menu(tries=tries), _:
            return "after 1 try" if tries == 1 else f"after {tries} tries"
        case steps.Transfer(), _:
            return "nobody answers"
        case steps.FollowUp(), ("items", item):
            return f"no {item} said"
        case steps.FollowUp(), _:
            return "else"
        case _:
            return "then"


def _facts(step: steps.Step, region: str) -> Iterator[str]:
    match step:
        case steps.Menu():
            yield f"waits {step.timeout_s:g} s"
        case steps.Ask():
            yield f"item {step.item}, at most {step.limits.max_s:g} s"
        case steps.Digits():
            fewest = "" if step.least == step.most else f"{step.least} to "
            wanted = f"{fewest}{step.most} digit{'' if step.most == 1 else 's'}"
            asked = " of callers who show no number" if step.ask_when == "missing" else ""
            yield f"item {step.item}, {wanted}{asked}"
            yield "read back" if step.read_back else ""
        case steps.Record():
            ends = f", {step.finish_key} ends it" if step.finish_key else ""
            yield f"at most {step.limits.max_s:g} s{ends}"
            yield f"{step.urgent_key} marks it as urgent" if step.urgent_key else ""
            yield "can be recorded again" if step.review else ""
        case steps.Transfer():
            yield f"rings {shown_number(step.to, region)} for {step.ring_s:g} s"
        case steps.FollowUp():
            yield "the first of these that nobody said"
            yield "also without text" if step.when_deaf == "ask" else ""
        case steps.Survey():
            yield "1 to 5" if step.kind == "csat" else "0 to 9"
        case _:
            return
