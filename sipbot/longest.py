"""How long the recording of one call can become, for the room that is kept for it.  Pure.

One recording holds all that a caller is asked and says (`sipbot.steps`): answers, keyed numbers,
every take of a message.  Prompts are not counted: they are seconds, for which the reserve of
`sipbot.disk` has room.
"""

from collections.abc import Mapping

from sipbot import steps
from sipbot.dialplan_checks import targets
from sipbot.steps import Step


def longest_s(made: Mapping[str, Step]) -> float:
    """The longest recording that these steps allow on one way through them, in seconds.

    Every step may be the first, as routes choose.  A caller whom a menu leads back to a step can
    record for longer; nobody is kept room for who goes round.
    """
    found: dict[str, float] = {}
    for name in made:
        _walk(name, made, found)
    return max(found.values(), default=0.0)


def _walk(name: str, made: Mapping[str, Step], found: dict[str, float]) -> float:
    """Seconds from this step to the end of the call; what is being looked at counts as nothing."""
    if name in found or name not in made:
        return found.get(name, 0.0)
    found[name] = 0.0
    after_s = max((_walk(to, made, found) for _, to in targets(made[name])), default=0.0)
    found[name] = _step_s(made[name]) + after_s
    return found[name]


def _step_s(step: Step) -> float:
    match step:
        case steps.Record() if step.review:
            return step.tries * (step.limits.max_s + step.review_timeout_s)
        case steps.Record():
            return step.limits.max_s
        case steps.Ask():
            return step.tries * step.limits.max_s
        case steps.Digits():
            waits = step.most + 1 + step.read_back  # before each key, after the last, to confirm
            return step.tries * waits * step.timeout_s
        case steps.Menu():
            return step.tries * step.timeout_s
        case steps.Survey():
            return step.timeout_s
        case _:
            return 0.0
