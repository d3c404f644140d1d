"""The project's own test caller (`sipbot call`) against a bot of the tests."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from sipbot.place import place
from sipbot.sip import caller_wire as wire
from tests.bot import Bot


async def steps(
    bot: Bot, caller: str, number: str = "desk", *, heard: Path, **plan: Any
) -> AsyncGenerator[wire.Step, None]:
    """Call a bot and yield the story; `plan` is the rest of the `CallPlan`."""
    bot.invites += 1
    what = wire.CallPlan(
        uri=f"sip:{number}@127.0.0.1:{bot.port}",
        identity=f"sip:{caller}@127.0.0.1",
        heard_wav=str(heard),
        **({"speak_after_s": 0.4} | plan),
    )
    async for step in place(what, address="127.0.0.1"):
        yield step


async def own_call(
    bot: Bot, caller: str, number: str = "desk", *, heard: Path, **plan: Any
) -> list[wire.Step]:
    """Call a bot and return the whole story."""
    return [step async for step in steps(bot, caller, number, heard=heard, **plan)]
