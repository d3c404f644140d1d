"""Where agents listen, how many calls each takes, and which ports its audio has.  Pure.

Agents are processes beside each other (docs/decisions/0001), so nothing but this arithmetic keeps
two of them from the same port.
"""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
"""Where agents listen behind an edge: nobody but this machine can send them SIP."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One agent's share of lines and ports."""

    number: int
    """From 0."""
    address: str
    """IPv4 address of its SIP port."""
    port: int
    """UDP port of SIP."""
    media_address: str
    """IPv4 address of its audio, which never passes the edge."""
    rtp_port: int
    """First of its UDP ports of audio; even."""
    rtp_ports: int
    """How many it has; see `rtp_ports_of`."""
    calls: int
    """How many calls it takes at the same time."""


def rtp_ports_of(calls: int) -> int:
    """Return how many RTP ports an agent needs, of which each life has one half in turn.

    RTP and RTCP for each call (RFC 3550 section 11), and as many for calls that have just ended,
    twice: see `sipbot.sip.rtp_ports`.  pjmedia closes the sockets of a call on a tick of its clock,
    when its line has been given to the next caller already: with one spare pair, 23 of 320 callers
    who came in the moment in which four others left were refused with 500; with these, none of 320
    (measured).
    """
    return 2 * 2 * 2 * calls


def shares(lines: int, calls_per_agent: int) -> list[int]:
    """Return how many calls each agent takes: as few agents as possible, filled evenly.

    An agent that dies ends its calls, so that none has more than it must.

    Args:
        lines: calls at the same time, of all agents; at least 1.
        calls_per_agent: the most that one agent can take; at least 1.
    """
    agents = -(-lines // calls_per_agent)
    least, more = divmod(lines, agents)
    return [least + (number < more) for number in range(agents)]


def places(
    *, lines: int, calls_per_agent: int, listen: tuple[str, int], media_address: str, rtp_port: int
) -> tuple[Place, ...]:
    """Spread agents over addresses and ports, so that no two of them share a port.

    Args:
        lines: calls at the same time, of all agents.
        calls_per_agent: the most that one agent can take.
        listen: address of all agents' SIP ports, and port of the first.
        media_address: of all agents' audio.
        rtp_port: first port of audio; even.
    """
    address, port = listen
    each = rtp_ports_of(calls_per_agent)
    return tuple(
        Place(
            number=number,
            address=address,
            port=port + number,
            media_address=media_address,
            rtp_port=rtp_port + number * each,
            rtp_ports=each,
            calls=calls,
        )
        for number, calls in enumerate(shares(lines, calls_per_agent))
    )
