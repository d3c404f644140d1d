"""Writes what people agree on with clients, how they judge memos, and who has read a client's file.

Data path: cli_report_review, cli_client_ack -> control -> [reviews_desk] -> ledger_review
"""

from datetime import UTC, datetime

from sipbot import control_wire as wire
from sipbot.control import Handler
from sipbot.errors import UsageError
from sipbot.ledger import Ledger


def handlers(ledger: Ledger) -> dict[type[wire.Request], Handler]:
    """Return what answers each request; the handlers run in the event loop."""

    async def agree(request: wire.Agree) -> wire.Reply:
        number = await ledger.reviews.add_action(
            request.client, request.text, request.who, request.due, datetime.now(UTC)
        )
        return wire.Agreed(number)

    async def done(request: wire.ActionDone) -> wire.Reply:
        if await ledger.reviews.action_done(request.number, datetime.now(UTC)) is None:
            raise UsageError(
                f"{request.number}: nothing open has this number: sipbot report action list shows "
                "what has"
            )
        return wire.Noted()

    async def judge(request: wire.Judge) -> wire.Reply:
        await ledger.reviews.judge(
            request.memo,
            request.client,
            operator=request.operator,
            reviewer=request.reviewer,
            points=request.points,
            now=datetime.now(UTC),
        )
        return wire.Noted()

    async def acknowledge(request: wire.Acknowledge) -> wire.Reply:
        await ledger.reviews.acknowledge(
            request.client, request.operator, request.sha256, datetime.now(UTC)
        )
        return wire.Noted()

    return {
        wire.Agree: agree,
        wire.ActionDone: done,
        wire.Judge: judge,
        wire.Acknowledge: acknowledge,
    }
