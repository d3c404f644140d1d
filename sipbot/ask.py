"""Ask a running sipbot over the bus, as an operator's program does: find a memo, send a command."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from sipbot.command import ASK_TTL_S, SKEW_S
from sipbot.decision import Answer
from sipbot.errors import FeedError, UsageError
from sipbot.link import Broker, Link, explained, open_link, tls_context
from sipbot.topics import ID, Topics

ANSWER_S = float(ASK_TTL_S)
"""How long an answer may take: the ledger decides within milliseconds, and an outage of the broker
is not waited for here."""

QUIET_S = 1.0
"""A broker that has sent nothing for so long has sent the whole open list."""

FIND_S = 10.0
"""On a busy site there is no such silence; brokers send the open list first (our wish: a person
does not wait longer)."""


async def ask(
    broker: Broker, site: str, client: str, verb: str, by: str, req: str, payload: bytes
) -> Answer:
    """Send a command and return its answer.

    Args:
        broker, site: where sipbot is heard.
        client: whose memo it is about.
        verb, by, req, payload: the command.

    Raises:
        FeedError: the broker cannot be reached, or nobody answers in time.
    """
    topics = Topics(site)
    last = datetime.now().astimezone() + timedelta(seconds=ASK_TTL_S + SKEW_S)
    with explained(broker):
        async with open_link(broker, tls_context(broker)) as link:
            await link.subscribe(topics.answer(client, req), qos=1)
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    command = topics.command(client, verb, by)
                    await link.publish(command, payload, qos=1, retain=False)
                    async for heard in link.messages():
                        with suppress(msgspec.MsgspecError):
                            return msgspec.json.decode(heard.payload, type=Answer)
    raise FeedError(
        f"no answer within {ANSWER_S:.0f} s: is sipbot running (sipbot status), is its site "
        f"{site}, and does the broker let you write to {command} and read the answer? Until "
        f"{last:%H:%M:%S} it may still be obeyed: look at the memo before you send it again"
    )


async def find(broker: Broker, site: str, part: str, client: str | None) -> tuple[str, str]:
    """Return client and whole id of the open memo whose id begins or ends so.

    Args:
        broker, site: where sipbot is heard.
        part: the id, or its first or last characters.
        client: only this client's memos; None for all.

    Raises:
        FeedError: the broker cannot be reached.
        UsageError: no open memo has such an id, or several have.
    """
    topics = Topics(site)
    found = set[tuple[str, str]]()
    if ID.fullmatch(part):
        with explained(broker):
            async with open_link(broker, tls_context(broker)) as link:
                await link.subscribe(topics.everything_of(client)[0], qos=0)
                with suppress(TimeoutError):
                    async with asyncio.timeout(FIND_S):
                        await _collect(link, topics, part, found)
    if not found:
        raise UsageError(
            f"memo {part}: no open memo has an id that begins or ends so: sipbot memos watch shows "
            "them. For a closed memo give --client and the whole id"
        )
    if len(found) > 1:
        names = ", ".join(sorted(memo for _, memo in found))
        raise UsageError(f"memo {part}: several have such an id: {names}. Give more of it")
    return found.pop()


async def _collect(link: Link, topics: Topics, part: str, found: set[tuple[str, str]]) -> None:
    """Add what fits until nothing comes any more; what is closed meanwhile is no open memo.

    Raises:
        TimeoutError: nothing comes any more.
    """
    messages = link.messages()
    while True:
        async with asyncio.timeout(QUIET_S):
            heard = await anext(messages)
        place = topics.parse(heard.topic)
        if place is None or not _fits(place.id, part):
            continue
        if heard.payload:
            found.add((place.client, place.id))
        else:
            found.discard((place.client, place.id))


def _fits(memo: str, part: str) -> bool:
    return memo.startswith(part) or memo.endswith(part)
