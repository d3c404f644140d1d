"""Whether a running sipbot would accept the clients' files: they are right, and their tests pass.

What commands say of a file must be what happens to it: an admin who is told "right" by one command
and finds the old form in force has been misled (seen in a trial by a newcomer).
"""

from collections.abc import Iterable
from pathlib import Path

from sipbot.dialplan import Dialplans, load_right
from sipbot.dialplan_tests import mistakes_of, run_tests
from sipbot.errors import DialplanError, Mistake
from sipbot.plan import Dialplan


def load_tried(folder: Path, region: str) -> Dialplans:
    """Load every client's file and place the test calls: what a running sipbot would accept.

    Raises:
        DialplanError: a file is wrong, or a test fails; with every mistake.
    """
    plans, mistakes = load_right(folder, region)
    mistakes += _failures(plans, region)  # of the right ones also when others are wrong
    if mistakes:
        raise DialplanError(mistakes)
    return Dialplans(tuple(plans), region)


def refuse_failures(plans: Iterable[Dialplan], region: str) -> None:
    """Place the test calls of these clients.

    Raises:
        DialplanError: a test fails; with every one that does.
    """
    failures = _failures(plans, region)
    if failures:
        raise DialplanError(failures)


def _failures(plans: Iterable[Dialplan], region: str) -> list[Mistake]:
    return [one for plan in plans for one in mistakes_of(plan, run_tests(plan, region))]
