"""Place a test call: start the caller program, pass its story on, keep what it heard.

Behind ``sipbot call``, ``sipbot demo``, the tests and the benchmarks.
"""

import asyncio
import sys
from collections.abc import AsyncIterator

import sipbot
from sipbot.errors import CallError
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.sip import caller_wire as wire
from sipbot.sip.stack import StackSettings

RTP_PORT = 42000
"""First audio port of callers; apart from the agents' default (config.toml, `sip.rtp_port`)."""

RTP_PORTS = 400
"""A hundred callers at the same time, each with RTP and RTCP and a spare pair."""


async def place(plan: wire.CallPlan, *, address: str, port: int = 0) -> AsyncIterator[wire.Step]:
    """Make the call and yield its story, step by step, until it is over.

    Args:
        plan: what the caller shall do.
        address: own IPv4 address to call from.
        port: own SIP port; 0 lets the system choose.

    Raises:
        CallError: the caller program died, or the call could not be placed.
    """
    stack = StackSettings(
        user_agent=f"sipbot-call/{sipbot.__version__}",
        identity=plan.identity,
        address=address,
        port=port,
        rtp_port=RTP_PORT,
        rtp_ports=RTP_PORTS,
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot.sip.caller"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LIMIT_BYTES,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(encode(wire.CallerTask(stack=stack, plan=plan)))
        await process.stdin.drain()
        async for line in process.stdout:
            step = wire.steps.decode(line)
            if isinstance(step, wire.Failed):
                raise CallError(f"the call to {plan.uri} failed: {step.problem}")
            yield step
            if isinstance(step, wire.HungUp):
                return
        code = await process.wait()
        raise CallError(
            f"the caller program ended with code {code} before the call to {plan.uri} was over; "
            f"is {address} an address of this machine, and {plan.uri} a SIP URI?"
        )
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
