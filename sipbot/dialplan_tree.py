"""A dialplan as a tree in the terminal: numbers, hours, greetings, and the way of every call."""

from collections.abc import Iterator

from rich.text import Text
from rich.tree import Tree

from sipbot import steps
from sipbot.card_page import facts_of_card
from sipbot.dialplan_outline import (
    HOURS_PRECEDENCE,
    Entry,
    Exit,
    Node,
    Outline,
    in_words,
    outline,
    prompt_words,
    quoted,
    shown_number,
)
from sipbot.dialplan_people import channel_words, rota_words, step_does, step_when
from sipbot.plan import Dialplan
from sipbot.terminal import printable

_KIND_STYLE = "cyan"
_HEARD_STYLE = "green"
_QUIET = "dim"
_STEP = "bold"


def terminal_tree(plan: Dialplan, region: str) -> Tree:
    """Draw a client's dialplan.

    Args:
        plan: the client's.
        region: ISO 3166-1 alpha-2, in whose manner numbers are shown.
    """
    until = f", to be reviewed by {plan.form.review_by}" if plan.form.review_by else ""
    head = Text.assemble(
        (printable(plan.say_name), "bold"), (f"  {plan.client}, {plan.language}{until}", _QUIET)
    )
    tree = Tree(head, guide_style=_QUIET)
    numbers = ", ".join(shown_number(number, region) for number in plan.numbers)
    tree.add(Text.assemble(("Numbers  ", _STEP), printable(numbers)))
    _add_hours(tree, plan)
    _add_said(tree, plan)
    found = outline(plan, region)
    calls = tree.add(Text.assemble(("Calls", _STEP), ("  the first line that fits counts", _QUIET)))
    seen: set[str] = set()
    for place, entry in enumerate(found.entries, 1):
        branch = calls.add(_entry(place, entry))
        if entry.to:
            _add_way(branch, found, entry.to, seen)
    _add_categories(tree, plan)
    _add_escalation(tree, plan, region)
    _add_channels(tree, plan)
    _add_terms(tree, plan)
    _add_card(tree, plan)
    return tree


def hours_lines(plan: Dialplan) -> Iterator[tuple[str, str]]:
    """The hours of a client in words: what they are about, and what they are."""
    form = plan.form
    yield "weekly hours", in_words(form.hours.open) if form.hours else "always open"
    for season in form.season:
        yield f"season {season.name}", f"{season.from_} to {season.to}: {in_words(season.open)}"
    if plan.hours.country and form.hours:
        shown = form.hours.holiday_open or "closed"
        yield f"public holidays of {plan.hours.country}", shown
    for closure in form.closure:
        dates = closure.from_ if closure.last == closure.from_ else f"{closure.from_} to"
        until = "" if closure.last == closure.from_ else f" {closure.last}"
        yield f"closure {closure.name}", f"{dates}{until}{_greeted(closure.greeting)}"
    for day in form.day:
        yield f"day {day.on}", f"{day.open or 'closed'}{_greeted(day.greeting)}"


def _greeted(greeting: str) -> str:
    return f", greeting {greeting}" if greeting else ""


def _add_hours(tree: Tree, plan: Dialplan) -> None:
    branch = tree.add(Text.assemble(("Hours  ", _STEP), (plan.hours.tz.key, _QUIET)))
    for about, said in hours_lines(plan):
        branch.add(Text.assemble((f"{about}  ", _KIND_STYLE), printable(said)))
    if plan.form.hours:
        branch.add(Text(f"What counts: {HOURS_PRECEDENCE}", style=_QUIET))


def _add_said(tree: Tree, plan: Dialplan) -> None:
    said = plan.said
    rings = f"  after {plan.answer.after_s:g} s" if plan.answer.after_s else ""
    branch = tree.add(Text.assemble(("Answer", _STEP), (rings, _QUIET)))
    for name, prompt in (
        ("notice", said.notice),
        ("greeting", said.greeting),
        ("after hours", said.after_hours),
        ("holiday", said.holiday),
    ):
        if prompt:
            branch.add(_heard(prompt, f"{name}  "))


def _add_categories(tree: Tree, plan: Dialplan) -> None:
    if not plan.categories:
        return
    about = "  by the caller's words; the first that fits counts, a route's is stronger"
    branch = tree.add(Text.assemble(("Categories", _STEP), (about, _QUIET)))
    for one in plan.categories:
        shown = Text.assemble((f"{one.name}  ", _KIND_STYLE))
        shown.append(printable(" ".join(quoted(word) for word in one.words)))
        branch.add(shown.append("  urgent", style="yellow") if one.urgent else shown)


def _add_escalation(tree: Tree, plan: Dialplan, region: str) -> None:
    if not (plan.escalation.steps or plan.escalation.rota):
        return
    branch = tree.add(Text.assemble(("Nobody claims", _STEP), ("  each is told once", _QUIET)))
    channels = {one.name: one.target for one in plan.channels}
    for step in sorted(plan.escalation.steps, key=lambda one: one.after):
        shown = Text.assemble((f"{step_when(step)}  ", _KIND_STYLE), f"→ {step_does(step)}")
        if step.kind == "notify":
            shown.append(f"  {channels[step.target]}", style=_QUIET)
        branch.add(shown)
    if plan.escalation.rota:
        rota = branch.add(Text.assemble(("On call", _STEP), ("  called in this order", _QUIET)))
        for name, words in rota_words(plan, region):
            rota.add(Text.assemble((f"{name}  ", _KIND_STYLE), printable(words)))


def _add_channels(tree: Tree, plan: Dialplan) -> None:
    if not plan.channels:
        return
    about = "  by mail and chat, each message once"
    branch = tree.add(Text.assemble(("Notifications", _STEP), (about, _QUIET)))
    for one in plan.channels:
        branch.add(Text.assemble((f"{one.name}  ", _KIND_STYLE), printable(channel_words(one))))


def _add_terms(tree: Tree, plan: Dialplan) -> None:
    if not plan.form.term:
        return
    about = "  what the ears' text is mended by"
    branch = tree.add(Text.assemble(("Terms", _STEP), (about, _QUIET)))
    for one in plan.form.term:
        read = f"  {one.read}" if one.read else ""
        branch.add(Text.assemble(printable(one.write), (printable(read), _QUIET)))


def _add_card(tree: Tree, plan: Dialplan) -> None:
    """Say whether there is a card; operators read it in the console."""
    if plan.card is None:
        tree.add(Text.assemble(("Card", _STEP), ("  none: whoever calls back sees none", _QUIET)))
        return
    branch = tree.add(Text.assemble(("Card  ", _STEP), (facts_of_card(plan.card), _QUIET)))
    if plan.card.about:
        branch.add(printable(plan.card.about.splitlines()[0]))


def _entry(place: int, entry: Entry) -> Text:
    shown = Text.assemble(f"{place} ", (entry.name, _STEP))
    if entry.when:
        shown.append(f"  {printable(entry.when)}")
    shown.append(f" → {entry.to}" if entry.to else " → refused", style="" if entry.to else "red")
    if entry.marks:
        shown.append(f"  {', '.join(entry.marks)}", style="yellow")
    return shown


def _add_way(parent: Tree, found: Outline, name: str, seen: set[str]) -> None:
    """Add a step and what follows it; a row of steps without a choice stays on one level."""
    while name not in seen:
        node = found.node(name)
        if node.kind != "end":
            seen.add(name)
        branch = parent.add(_title(node))
        for prompt in node.heard:
            branch.add(_heard(prompt))
        if len(node.exits) != 1:
            for one in node.exits:
                _add_exit(branch, found, one, seen)
            return
        name = node.exits[0].to
    parent.add(Text(f"{name}, see above", style=_QUIET))


def _add_exit(branch: Tree, found: Outline, one: Exit, seen: set[str]) -> None:
    way = branch.add(Text.assemble((printable(one.label), "yellow"), f" → {one.to}"))
    if one.to in seen:
        way.label = Text.assemble(
            (printable(one.label), "yellow"), f" → {one.to}", (", see above", _QUIET)
        )
    else:
        _add_way(way, found, one.to, seen)


def _title(node: Node) -> Text:
    facts = f"  {', '.join(node.facts)}" if node.facts else ""
    kind = "" if node.kind in (node.name, "end") else f"  {node.kind}"
    return Text.assemble((node.name, _STEP), (kind, _KIND_STYLE), (printable(facts), _QUIET))


def _heard(prompt: steps.Prompt, about: str = "") -> Text:
    name = f"  {prompt.name}" if prompt.text else ""
    return Text.assemble(
        (about, _KIND_STYLE), (printable(prompt_words(prompt)), _HEARD_STYLE), (name, _QUIET)
    )
