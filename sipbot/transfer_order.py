"""Which transfers come too late: after answers that nobody will read.  Pure.

A call that is connected ends without a memo, whatever the caller said before.
"""

from collections.abc import Mapping

from sipbot import steps
from sipbot.dialplan_checks import targets
from sipbot.steps import Step


def after_answers(made: Mapping[str, Step]) -> list[str]:
    """Transfers that a caller can come to who has answered something, in the order of the file."""
    answered = (steps.Ask, steps.Digits, steps.Record)
    ahead = [to for step in made.values() if isinstance(step, answered) for _, to in targets(step)]
    reached: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name in made and name not in reached:
            reached.add(name)
            ahead += [to for _, to in targets(made[name])]
    return [name for name in made if name in reached and isinstance(made[name], steps.Transfer)]
