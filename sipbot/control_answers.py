"""What the running sipbot answers to commands about its outbox and how it is.

Data path: cli_outbox, cli_status -> control socket -> [control_answers] -> outbox, gauges
"""

from collections.abc import Mapping

import msgspec

from sipbot import control
from sipbot import control_wire as wire
from sipbot.gauges import Gauges
from sipbot.outbox import Outbox


def handlers(outbox: Outbox, gauges: Gauges) -> Mapping[type[wire.Request], control.Handler]:
    """Return what is done for each request.

    Args:
        outbox: what is still to be delivered.
        gauges: look at everything.
    """

    # Both in the event loop, for a client of the control socket.
    async def retry(request: wire.RetryOutbox) -> wire.Reply:
        done = await outbox.retry(request.deliveries, all_dead=request.all_dead)
        return wire.Retried(retried=done.retried, unknown=done.unknown)

    async def tell_status(_: wire.GetStatus) -> wire.Reply:
        status = await gauges.gather(recount=True)
        return wire.StatusReply(msgspec.Raw(msgspec.json.encode(status)))

    return {wire.RetryOutbox: retry, wire.GetStatus: tell_status}
