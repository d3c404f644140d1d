"""What ``sipbot doctor`` says of other sites on the same broker: have they the same dialplans?

Nodes that share the calls must answer alike; sipbot copies no files, so somebody has to look.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from sipbot.doctor_finding import Finding
from sipbot.errors import DeafError, FeedError
from sipbot.link import Broker, Link, explained, open_link, tls_context
from sipbot.topics import INFO_OF_ALL, InfoPayload, site_of

QUIET_S = 0.5
"""Retained messages come one after the other; after so long without one there are no more."""

NAMED = 5
"""Clients named in one finding."""

_info = msgspec.json.Decoder(InfoPayload)


async def examine(broker: Broker, site: str, *, running: bool) -> list[Finding]:
    """Compare what our site says of its clients with what others say.

    Args:
        broker: of the settings.
        site: ours.
        running: whether our sipbot runs, and has said which files are in force.
    """
    try:
        told = await _told(broker)
    except DeafError as error:
        return [_unread(str(error))]
    except FeedError:  # the finding about the broker says what is wrong with it
        return []
    ours = told.pop(site, None)
    if ours is None:
        return [_unread("not even our own site's")] if running else []
    found = [compared(ours, theirs, name) for name, theirs in sorted(told.items())]
    return [finding for finding in found if finding is not None]


def _unread(problem: str) -> Finding:
    return Finding(
        part="other sites",
        state="warning",
        found=f"their files cannot be compared, for the broker shows us none: {problem}",
        remedy=f"Let our user read {INFO_OF_ALL} in the broker's ACL",
    )


def compared(ours: Mapping[str, str], theirs: Mapping[str, str], site: str) -> Finding | None:
    """Return what differs; None for a site that has no client of ours.

    Args:
        ours: client to SHA-256 of the file in force.
        theirs: the same of the other site.
        site: the other's name.
    """
    part = f"site {site}"
    both = ours.keys() & theirs.keys()
    if not both:
        return None
    differences = {
        "other files for": [client for client in both if ours[client] != theirs[client]],
        "lacks": list(ours.keys() - theirs.keys()),
        "alone has": list(theirs.keys() - ours.keys()),
    }
    if not any(differences.values()):
        found = f"has the same files for all {len(both)} clients"
        return Finding(part=part, state="ok", found=found)
    words = [f"{what} {_names(clients)}" for what, clients in differences.items() if clients]
    return Finding(
        part=part,
        state="warning",
        found=f"shares calls with us, but {'; '.join(words)}",
        remedy="Is it down? Else bring the same files to both: docs/operations.md, Two machines",
    )


def _names(clients: list[str]) -> str:
    shown, more = sorted(clients)[:NAMED], len(clients) - NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


async def _told(broker: Broker) -> dict[str, Mapping[str, str]]:
    """Return the clients of each site, as the broker has kept them."""
    found: dict[str, Mapping[str, str]] = {}
    with explained(broker):
        async with open_link(broker, tls_context(broker)) as link:
            await link.subscribe(INFO_OF_ALL, qos=0)
            with suppress(TimeoutError):
                await _collect(link, found)
    return found


async def _collect(link: Link, found: dict[str, Mapping[str, str]]) -> None:
    """Add what is retained.

    Raises:
        TimeoutError: nothing comes any more.
    """
    messages = link.messages()
    while True:
        async with asyncio.timeout(QUIET_S):
            heard = await anext(messages)
        with suppress(msgspec.DecodeError):  # of a release that says it otherwise
            found[site_of(heard.topic)] = _info.decode(heard.payload).clients
