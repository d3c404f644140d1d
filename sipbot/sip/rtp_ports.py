"""Which RTP ports an agent uses in this life: never those of the life before.

A caller whose agent was killed speaks on, to the port that the call had, until its telephone finds
out.  If a new agent gave this port to another caller, the library would take the voice that is
already there for the caller's (it follows the source of the packets, for the sake of NAT), and one
caller would be recorded in the place of another.  In 21 of 2,266 recordings it was so, or the port
was one that two agents shared (``make torture``, kills).  So lives alternate between the two halves
of an agent's ports.
"""

from pathlib import Path

import msgspec

from sipbot.sip import stderr
from sipbot.sip.stack import StackSettings


def with_fresh_ports(stack: StackSettings, socket_path: Path) -> StackSettings:
    """Return an agent's endpoint with the half of its ports that the life before did not have.

    Args:
        stack: with all ports of the agent.
        socket_path: of the agent; which half it has is noted beside it.
    """
    note = socket_path.with_suffix(".rtp")
    half = 1 - _noted(note)
    try:
        note.write_text(str(half), encoding="ascii")
    except OSError as error:  # a full disk must not keep the agent from answering
        stderr.say(f"{note}: {error.strerror}; the next life may have the same RTP ports")
    return half_of(stack, half)


def half_of(stack: StackSettings, half: int) -> StackSettings:
    """Return an endpoint with one half of its RTP ports, 0 or 1; each begins with an even port."""
    size = stack.rtp_ports // 4 * 2
    return msgspec.structs.replace(stack, rtp_port=stack.rtp_port + half * size, rtp_ports=size)


def _noted(note: Path) -> int:
    try:
        return int(note.read_text(encoding="ascii") == "1")
    except (OSError, UnicodeDecodeError):  # the first life
        return 1
