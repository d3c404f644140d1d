"""An agent that is no longer configured: its callers are led to their end, and its word is heard.

Fewer lines, or another edge, and a number has no agent any more.  One of an earlier run may still
have callers then, and has left word of others; no agent of that number will ever read it.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from sipbot.errors import ChildStartError
from sipbot.lines import encode
from sipbot.sip import wire
from sipbot.sip.asked import left_behind
from sipbot.sip.client import AgentClient
from sipbot.sip.stack import StackSettings, asked_file, untold_file

_FILE = re.compile(r"agent-(\d{1,4})\.(sock|untold|asked)")

USER_AGENT = "out of service"
"""Of the settings that no agent has: it is asked to run out, as one of other settings is."""


def retired_in(run_folder: Path, in_service: int) -> list[int]:
    """Return the numbers of agents that have left something and are configured no longer.

    Args:
        run_folder: where agents' sockets live; may be missing.
        in_service: how many are configured, from 0 on.
    """
    names = [path.name for path in run_folder.iterdir()] if run_folder.is_dir() else []
    found = {int(match[1]) for name in names if (match := _FILE.fullmatch(name))}
    return sorted(number for number in found if number >= in_service)


class RetiredAgent(AgentClient):
    """The parent's side of an agent that is not started again.

    Args:
        number: names its socket.
        stack: of any agent in service.
        allow: networks whose INVITEs are accepted.
        run_folder: where sockets live.
        on_event: called in the event loop with every event.
        on_gone: called in the event loop when the agent has ended.
    """

    def __init__(
        self,
        number: int,
        *,
        stack: StackSettings,
        allow: tuple[str, ...],
        run_folder: Path,
        on_event: Callable[[wire.Event], None],
        on_gone: Callable[[str], None],
    ) -> None:
        super().__init__(
            number,
            stack=msgspec.structs.replace(stack, user_agent=USER_AGENT),
            allow=allow,
            run_folder=run_folder,
            on_event=on_event,
            on_gone=on_gone,
        )
        self._was_there = False

    async def run(self) -> None:
        """Listen until its last caller has hung up, and hear what it has left."""
        while True:
            self._was_there = False
            reason = await self._live()
            if not self._was_there:
                return
            self._log.info("agent that is out of service has ended", reason=reason)
            self._on_gone(reason)

    async def _connect_or_start(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            connection = await self._connect()
        except (FileNotFoundError, ConnectionRefusedError):
            pass  # nobody is there: the usual case
        except OSError as error:  # it may be there, and must not lose its socket
            self.found.set()
            self._log.error("an agent out of service cannot be reached", problem=str(error))
            raise ChildStartError(f"agent {self.number} cannot be reached: {error}") from error
        else:
            self._was_there = True
            self._log.info("found an agent that is out of service")
            return connection
        self._take_asked()
        self._hear_untold()
        self.found.set()
        self._socket_path.unlink(missing_ok=True)
        raise ChildStartError(f"agent {self.number} is out of service and has ended")

    def _take_asked(self) -> None:
        """Put what it has noted to what it has left: a caller nobody answered was refused.

        Unlike the next agent of the same port (`sipbot.sip.asked`) nobody waits here for copies of
        these INVITEs: only agents without an edge note any, and nobody listens at that port now.
        Where ``sip.port`` has moved within these seconds, such a copy is a call besides.
        """
        file = asked_file(self._socket_path)
        refused = left_behind(file)
        if not refused:
            return
        try:
            with untold_file(self._socket_path).open("ab") as untold:
                untold.write(b"\n")  # it may have been cut off within a line
                untold.writelines(map(encode, refused))
            file.unlink()
        except OSError as error:  # the next start tries it again
            self._log.error(
                "what an agent has noted cannot be taken", file=str(file), problem=error.strerror
            )
