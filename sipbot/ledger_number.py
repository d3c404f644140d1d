"""Everything that the ledger holds about one telephone number: to erase it, or to hand it over.

Data path: ledger -> [ledger_number] -> cli_privacy

A number is looked for in all the places where its owner's can stand: who called (the number that
is told, From and P-Asserted-Identity, each as a whole; what was dialled stands in the other headers
of every call); whom operators called back, where the caller had no other number; and every word of
the memos, where it is written at home or from abroad, with or without hyphens
(`sipbot.number_mentions`).
"""

import msgspec
import sqlalchemy as sa

from sipbot import ledger_schema as schema
from sipbot import numbers
from sipbot.ledger_erasures import AT_ONCE, gone_of
from sipbot.number_mentions import says
from sipbot.records import CallOffer
from sipbot.retention import BY_HAND, EVERYTHING, MENTIONS, Kind, Wanted
from sipbot.search_words import searched

CALLER = "called from this number"
CALLED_BACK = "is to be called back, or was, at this number"
"""Why a call is found; else `MENTIONS`."""

_SAID = (Kind.AUDIO, Kind.MASKED, Kind.TEXT)


def found_page(
    connection: sa.Connection, client: str, number: str, region: str, after: str
) -> tuple[list[Wanted], str]:
    """Return which of the next calls have to do with a number, and after which call to go on.

    Args:
        connection: the ledger.
        client: whose calls; those of numbers that nobody claimed are looked at, too.
        number: E.164.
        region: of the site, whose national numbers are meant.
        after: a call; empty for the first page.

    Returns:
        What of each is to go, as far as it is there; the place is empty when this was the last
        page.
    """
    calls, memos = schema.calls.c, schema.memos.c
    query = (
        sa.select(calls.call, calls.caller, calls.offer, memos.id, memos.body)
        .outerjoin(schema.memos, memos.call == calls.call)
        .where((calls.client == client) | calls.client.is_(None), calls.call > after)
        .order_by(calls.call)
        .limit(AT_ONCE)
    )
    rows = connection.execute(query).all()
    gone = gone_of(connection, [row.call for row in rows])
    called = _called_back(connection, [row.id for row in rows if row.id], number)
    found = list[Wanted]()
    for row in rows:
        why = ""
        by = _callers(row.caller, row.offer, region)
        # A number that was only heard may be misheard, and the message is its caller's.
        own = MENTIONS if by else CALLED_BACK
        if number in by:
            why = CALLER
        elif row.id in called:
            why = own
        elif row.body is not None and (memo := searched(row.body)) is not None:
            if numbers.canonical(memo.callback.number or "", region) == number:
                why = own
            elif says(memo, number, region):
                why = MENTIONS
        wanted = _SAID if why == MENTIONS else EVERYTHING
        kinds = tuple(kind for kind in wanted if kind not in gone.get(row.call, frozenset()))
        if why and kinds:
            one = Wanted(call=row.call, kinds=kinds, rule=BY_HAND, memo=row.id, why=why)
            found.append(one)
    return found, rows[-1].call if len(rows) == AT_ONCE else ""


def _callers(caller: str | None, offer: str, region: str) -> set[str]:
    """Return the numbers by which a call's caller is known."""
    told = msgspec.json.decode(offer, type=CallOffer)
    users = [party.user for party in (told.from_, *told.asserted)]
    known = {caller or "", *(numbers.canonical(user, region) for user in users)}
    return {one for one in known if one.startswith("+")}


def _called_back(connection: sa.Connection, memos: list[str], number: str) -> set[str]:
    table = schema.calls_back.c
    query = sa.select(table.memo).where(table.memo.in_(memos), table.number == number)
    return set(connection.execute(query).scalars())
