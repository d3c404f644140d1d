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

from sipbot import control
from sipbot import control_wire as wire
from sipbot.errors import ControlError, HandoverError, NotRunningError
from sipbot.handover import Consent, Disclosure
from sipbot.handover_stage import staged
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
    """Store the rows that wait in ``var/handover``; answered by whether they were new."""

    id: str


class TakeBack(Base, frozen=True):
    """Take out the rows that a bundle has brought; answered by `Back`."""

    id: str


Order = NoteConsent | NoteDisclosure | TakeIn | TakeBack


def handlers(ledger: Ledger, var: Path) -> dict[type[wire.Request], control.Handler]:
    """Return what the running sipbot does for the commands.

    Args:
        ledger: its own.
        var: folder of what it writes.
    """

    # In the event loop, for a client of the control socket.
    async def obey(request: wire.HandOver) -> wire.Reply:
        try:
            order: Order = msgspec.json.decode(request.order, type=Order)
        except msgspec.DecodeError as error:
            raise HandoverError(f"an order that this release does not know: {error}") from error
        result = await _obey(ledger, var, order, running=True)
        return wire.HandedOver(msgspec.Raw(msgspec.json.encode(result)))

    return {wire.HandOver: obey}


def ask(var: Path, ledger: Path, order: Order, answer: type[Result]) -> Result:
    """Have an order done; blocks.

    Args:
        var: folder of what sipbot writes.
        ledger: the file.
        order: what is to be done.
        answer: what `Order` says of it.

    Raises:
        SipbotError: it cannot be done; nothing has changed then.
    """
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = asyncio.run(_ask(var, ledger, order))
    return msgspec.json.decode(content, type=answer)


async def _ask(var: Path, ledger: Path, order: Order) -> bytes:
    request = wire.HandOver(msgspec.Raw(msgspec.json.encode(order)))
    try:
        reply = await control.ask(control.socket_path(var), request)
    except NotRunningError:
        async with Ledger.open(ledger) as opened:
            return msgspec.json.encode(await _obey(opened, var, order, running=False))
    if not isinstance(reply, wire.HandedOver):
        raise ControlError(f"sipbot answered {type(reply).__name__}: it is of another release")
    return bytes(reply.result)


async def _obey(ledger: Ledger, var: Path, order: Order, *, running: bool) -> Any:  # noqa: ANN401
    now = datetime.now(UTC)
    match order:
        case NoteConsent(consent):
            await ledger.handovers.note_consent(consent, now)
            return True
        case NoteDisclosure(disclosure):
            await ledger.handovers.note_disclosure(disclosure, now)
            return True
        case TakeIn(identifier):
            rows = await asyncio.to_thread(staged, var, identifier)
            return await ledger.handovers.take(*rows, now)
        case TakeBack(identifier):
            back: Back = await ledger.handovers.take_back(identifier, now, running=running)
            return back
