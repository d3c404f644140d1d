"""Refuses messages while the disk has no room for another, and says so; takes them again after."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from sipbot.disk import look, too_full

LOOK_EVERY_S = 1.0
"""How often the room on the disk is looked at: 32 lines record 0.5 MB in a second."""


class DiskGuard:
    """Looks at the disk that holds ``var``; everything runs in the event loop.

    Args:
        var: the folder.
        lines: how many calls can be up at the same time.
        longest_s: the longest message of any client, in seconds.
        refuse: takes why no message can be taken now; empty when all is well.
        trouble: raises an alert: id, problem (None when it is over), remedy.
    """

    def __init__(
        self,
        var: Path,
        *,
        lines: Callable[[], int],
        longest_s: Callable[[], float],
        refuse: Callable[[str], None],
        trouble: Callable[[str, str | None, str], None],
    ) -> None:
        self._var = var
        self._lines = lines
        self._longest_s = longest_s
        self._refuse = refuse
        self._trouble = trouble
        self._why = ""
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look now."""
        try:
            room = await asyncio.to_thread(look, self._var)
        except OSError as error:
            why = f"cannot be looked at: {error.strerror}"
        else:
            why = too_full(
                room,
                lines=self._lines(),
                longest_s=self._longest_s(),
                refusing=bool(self._why),
            )
        before, self._why = self._why, why
        self._refuse(why)
        if bool(why) != bool(before):
            self._log.error("disk is too full for messages" if why else "disk has room", why=why)
            problem = f"no message is taken: {why}" if why else None
            self._trouble("disk", problem, "Make room in var")
