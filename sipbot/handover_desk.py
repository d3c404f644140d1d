"""Changes what the ledger has of clients who come and go: by the running sipbot, else by ourselves.

Data path: cli_client -> control socket -> [handover_desk] -> ledger

The main process is the only writer of the ledger, so commands ask it; where none runs, they open
the ledger themselves.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sipbot import control, handover
from sipbot import control_wire as wire
from sipbot.errors import ControlError, HandoverError, NotRunningError
from sipbot.handover import Consent, Disclosure
from sipbot.handover_stage import FOLDER, Places, at_work, settle, staged
from sipbot.ledger import Ledger
from sipbot.ledger_handovers import Back

Result = TypeVar("Result")


class Base(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """An order; ``type`` on the wire is the class name in lower case."""


class NoteConsent(Base, frozen=True):
    """Store a consent; answered by true."""

    consent: Consent


class NoteDisclosure(Base, frozen=True):
    """Store that something leaves; answered by true."""

    disclosure: Disclosure


class TakeIn(Base, frozen=True):
    """Store the rows that wait in ``var/handover``, and move the files that wait there.

    Answered by whether the rows were new.
    """

    id: str


class TakeBack(Base, frozen=True):
    """Take out the rows that a bundle has brought; answered by `Back`."""

    id: str


Order = NoteConsent | NoteDisclosure | TakeIn | TakeBack


def handlers(ledger: Ledger, places: Places) -> dict[type[wire.Request], control.Handler]:
    """Return what the running sipbot does for the commands.

    Args:
        ledger: its own.
        places: of this site.
    """

    # In the event loop, for a client of the control socket.
    async def obey(request: wire.HandOver) -> wire.Reply:
        try:
            order: Order = msgspec.json.decode(request.order, type=Order)
        except msgspec.DecodeError as error:
            raise HandoverError(f"an order that this release does not know: {error}") from error
        result = await _obey(ledger, places, order, running=True)
        return wire.HandedOver(msgspec.Raw(msgspec.json.encode(result)))

    return {wire.HandOver: obey}


def ask(places: Places, order: Order, answer: type[Result]) -> Result:
    """Have an order done; blocks until it is, however many rows it has.

    Args:
        places: of this site.
        order: what is to be done.
        answer: what `Order` says of it.

    Raises:
        SipbotError: it cannot be done; nothing has changed then.
    """
    places.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = asyncio.run(_ask(places, order))
    return msgspec.json.decode(content, type=answer)


async def _ask(places: Places, order: Order) -> bytes:
    request = wire.HandOver(msgspec.Raw(msgspec.json.encode(order)))
    try:
        # Patient: one who stops waiting would take for undone what is still being done.
        reply = await control.ask(control.socket_path(places.var), request, patient=True)
    except NotRunningError:
        async with Ledger.open(places.ledger) as opened:
            return msgspec.json.encode(await _obey(opened, places, order, running=False))
    if not isinstance(reply, wire.HandedOver):
        raise ControlError(f"sipbot answered {type(reply).__name__}: it is of another release")
    return bytes(reply.result)


async def _obey(ledger: Ledger, places: Places, order: Order, *, running: bool) -> Any:  # noqa: ANN401
    now = datetime.now(UTC)
    match order:
        case NoteConsent(consent):
            await ledger.handovers.note_consent(consent, now)
            return True
        case NoteDisclosure(disclosure):
            await ledger.handovers.note_disclosure(disclosure, now)
            return True
        # Shielded: who is stopped in between would let go of the folder while the ledger's thread
        # still writes.
        case TakeIn(identifier):
            return await asyncio.shield(_take_in(ledger, places, identifier, now))
        case TakeBack(identifier):
            return await asyncio.shield(
                _take_back(ledger, places, identifier, now, running=running)
            )


async def _take_in(ledger: Ledger, places: Places, identifier: str, now: datetime) -> bool:
    folder = _folder(places, identifier)
    with at_work(folder):
        rows = await asyncio.to_thread(staged, places.var, identifier)
        new = await ledger.handovers.take(*rows, now)
        await asyncio.to_thread(settle, places, folder)
    return new


async def _take_back(
    ledger: Ledger, places: Places, identifier: str, now: datetime, *, running: bool
) -> Back:
    with at_work(_folder(places, identifier)):
        return await ledger.handovers.take_back(identifier, now, running=running)


def _folder(places: Places, identifier: str) -> Path:
    handover.check_path(identifier)
    return places.var.absolute() / FOLDER / identifier
