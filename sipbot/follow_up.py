"""Which one question is worth asking before the caller hangs up.  Pure.

A `steps.FollowUp` asks for the most valuable item (`gist.MOST_VALUABLE_FIRST`) that is not known:
neither sent by the network, nor keyed, nor answered, nor found in what a live ear has written down.
What an earlier step asked for is not asked again: whoever did not say it then does not want to.
Nobody is asked who has said nothing at all.
"""

from sipbot import steps
from sipbot.gist import gist, missing_items, most_valuable
from sipbot.gleaned import NUMBER
from sipbot.said import Kind
from sipbot.said_numbers import find_numbers
from sipbot.script_state import Script


def most_wanted(script: Script, step: steps.FollowUp) -> str | None:
    """Return the item to ask for; None to ask nothing."""
    texts = tuple(filter(None, (script.understood, script.turn_text)))
    if not (script.spoke or script.heard or texts):
        return None
    if not texts and step.when_deaf == "skip":
        return None
    known = {*script.asked, *(one.item for one in script.answers)}
    if script.caller_known or script.number_left:
        known.add(NUMBER)
    for text in texts:
        known |= _said(text, script.course)
    return most_valuable(missing_items(step.ways, known))


def is_planned(script: Script) -> bool:
    """Tell whether the call may come to a follow-up: it needs the words of the caller's turns."""
    return any(isinstance(step, steps.FollowUp) for step in script.course.steps.values())


def _said(text: str, course: steps.Course) -> set[str]:
    numbers = find_numbers(text, course.language, course.region)
    said = {one.item for one in gist(text, numbers, course.language).found}
    if any(one.kind is Kind.PHONE and one.valid and not one.rejected for one in numbers):
        said.add(NUMBER)
    return said
