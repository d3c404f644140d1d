"""Files of a call that the disk does not give back: how long they are tried, and who is told.

Data path: switchboard -> [unreadable] -> spool, alert

A call that an earlier run has left, or whose end could not be written, needs what lies in its
folder.  A network disk may come back by itself, so a file is tried for a while; then the call ends
without it, for its row and its memo must not wait for a file that never comes.
"""

from collections import Counter
from collections.abc import Callable

from sipbot.errors import DamagedError, SpoolError
from sipbot.spool import Spool

TRIES = 60
"""So often a file is tried, ten minutes long (`sipbot.to_do.RETRY_S`): longer than a network disk
needs to come back by itself."""

RECORDING = "recording-unreadable"
"""Alert: a call has no memo, because its recording cannot be read."""

ANSWERS = "answers-unreadable"
"""Alert: a memo lacks what its caller answered, because the file of it cannot be read."""


class Unreadable:
    """Counts how often the disk has refused the files of a call; belongs to the event loop.

    Args:
        spool: where they are.
        trouble: tells what a person should look at: id, problem, remedy.
    """

    def __init__(self, spool: Spool, trouble: Callable[[str, str | None, str], None]) -> None:
        self._spool = spool
        self._trouble = trouble
        self._tries: Counter[tuple[str, str]] = Counter()

    async def recording(self, call: str) -> bool:
        """Whether the disk has not given a recording back for so long that it will not do so."""
        if not self._tried_enough(RECORDING, call):
            return False
        problem = await self._spool.unreadable(call)
        if problem:
            remedy = "The call has no memo: see whether the file can be saved, and check the disk"
            self._trouble(RECORDING, f"call {call}: {problem}", remedy)
        return bool(problem)

    def answers(self, call: str, error: SpoolError) -> bool:
        """Whether a call has to end without its answers; then a person is told.

        A file that was read and makes no sense will make none the next time.

        Args:
            call: its id.
            error: why they could not be read.
        """
        if not isinstance(error, DamagedError) and not self._tried_enough(ANSWERS, call):
            return False
        remedy = "The memo lacks what the caller answered: listen to it, and check the disk"
        self._trouble(ANSWERS, f"call {call}: {error}", remedy)
        return True

    def _tried_enough(self, file: str, call: str) -> bool:
        # Each file by itself: the recording has its ten minutes also when the answers had theirs.
        self._tries[file, call] += 1
        return self._tries[file, call] >= TRIES
