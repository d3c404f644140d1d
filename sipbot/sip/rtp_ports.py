"""Which RTP ports an agent uses in this life: never those of the life before.

A caller whose agent was killed speaks on, to the port that the call had, until its telephone finds
out.  If a new agent gave this port to another caller, the library would take the voice that is
already there for the caller's (it follows the source of the packets, for the sake of NAT), and one
caller would be recorded in the place of another.  In 21 of 2,266 recordings it was so, or the port
was one that two agents shared (``make torture``, kills).  So lives with
calls alternate between the two halves of an agent's ports.
"""

import contextlib
import select
import socket
from pathlib import Path

import msgspec

from sipbot.sip import stderr
from sipbot.sip.stack import StackSettings

LISTEN_S = 0.1
"""Five packets of 20 ms: who speaks on is heard by then."""


class FreshPorts:
    """The half of an agent's ports that the last life with a call did not have.

    A life without a call leaves no voice behind: if it counted, the next one would come back to the
    ports of the life before it, and to a caller who still speaks there (seen once in 2,455
    recordings, after main was killed three seconds after an agent).

    Args:
        stack: with all ports of the agent.
        socket_path: of the agent; which half was used last is noted beside it.
    """

    def __init__(self, stack: StackSettings, socket_path: Path) -> None:
        self._note = socket_path.with_suffix(".rtp")
        last = _noted(self._note)
        # Two lives with calls may end within one message: then somebody speaks on in either half.
        halves = (1 - (last or 0), last or 0) if last is not None else (0,)
        quiet = (half for half in halves if last is None or is_quiet(half_of(stack, half)))
        self._half = next(quiet, halves[0])
        self._is_noted = False
        self.stack = half_of(stack, self._half)

    def used(self) -> None:
        """Remember that a call has come."""
        if self._is_noted:
            return
        self._is_noted = True
        draft = self._note.with_name(f".{self._note.name}.part")
        try:
            draft.write_text(str(self._half), encoding="ascii")
            draft.replace(self._note)
        except OSError as error:  # a full disk must not keep the agent from answering
            stderr.say(f"{self._note}: {error.strerror}; the next life may have the same RTP ports")


def half_of(stack: StackSettings, half: int) -> StackSettings:
    """Return an endpoint with one half of its RTP ports, 0 or 1; each begins with an even port."""
    size = stack.rtp_ports // 4 * 2
    return msgspec.structs.replace(stack, rtp_port=stack.rtp_port + half * size, rtp_ports=size)


def is_quiet(stack: StackSettings) -> bool:
    """Return whether nobody sends audio to an endpoint's RTP ports, which are not open yet."""
    ports = range(stack.rtp_port, stack.rtp_port + stack.rtp_ports, 2)
    with contextlib.ExitStack() as opened:
        doors = []
        for port in ports:
            door = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                door.bind((stack.media_address or stack.address, port))
            except OSError:  # somebody has it: whether they may, the library will see
                continue
            doors.append(door)
        return not select.select(doors, (), (), LISTEN_S)[0]


def _noted(note: Path) -> int | None:
    """Return the half of the last life with a call; None: there was none."""
    try:
        return int(note.read_text(encoding="ascii") == "1")
    except (OSError, UnicodeDecodeError):
        return None
