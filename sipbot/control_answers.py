"""What the running sipbot answers to commands about its outbox, its stores and how it is.

Data path: cli_outbox, cli_status -> control socket -> [control_answers] -> outbox, gauges
"""

from collections.abc import Callable, Mapping

import msgspec

from sipbot import control
from sipbot import control_wire as wire
from sipbot.gauges import Gauges
from sipbot.outbox import Outbox


def handlers(
    outbox: Outbox, gauges: Gauges, compare_audio: Callable[[], None]
) -> Mapping[type[wire.Request], control.Handler]:
    """Return what is done for each request.

    Args:
        outbox: what is still to be delivered.
        gauges: look at everything.
        compare_audio: begins to compare the recordings with their store; returns at once.
    """

    # All in the event loop, for a client of the control socket.
    async def retry(request: wire.RetryOutbox) -> wire.Reply:
        done = await outbox.retry(request.deliveries, all_dead=request.all_dead)
        return wire.Retried(retried=done.retried, unknown=done.unknown)

    async def tell_status(_: wire.GetStatus) -> wire.Reply:
        status = await gauges.gather(recount=True)
        return wire.StatusReply(msgspec.Raw(msgspec.json.encode(status)))

    async def compare(_: wire.CompareAudio) -> wire.Reply:
        compare_audio()
        return wire.Noted()

    return {wire.RetryOutbox: retry, wire.GetStatus: tell_status, wire.CompareAudio: compare}
