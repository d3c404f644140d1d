"""A memo that nobody claims, and the person on call who takes it by telephone: a whole sipbot."""

from pathlib import Path

import pytest

from sipbot.memo import Memo, Status
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker
from tests.own_caller import own_call
from tests.sipp import SDP, fragment, sipp

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

CALLER = "0355501234"

AT_ONCE = """
[[escalate]]
after_min = 0
to = "lead"

[[escalate]]
after_min = 0
phone = "rota"

[[rota]]
name = "mori"
number = "sip:mori@127.0.0.1:{busy}"

[[rota]]
name = "sato"
number = "sip:sato@127.0.0.1:{taking}"
last_resort = true
"""


async def test_the_second_person_on_call_takes_the_message_by_the_key(
    mosquitto: RunningBroker, vosk_models: Path, tmp_path: Path, message_wav: Path
) -> None:
    presses = fragment("person_presses", key="1")
    bot = Bot(tmp_path, mosquitto.port, vosk_models)
    async with (
        sipp("person_refuses", code=486, headers="") as mori,
        sipp("person_answers", body=SDP, end=presses) as sato,
    ):
        with (tmp_path / "dialplans" / "desk.toml").open("a", encoding="utf-8") as file:
            file.write(AT_ONCE.format(busy=mori.port, taking=sato.port))
        async with running(bot):
            said = {"wav": str(message_wav), "keys": "#"}
            await own_call(bot, CALLER, "desk", heard=tmp_path / "heard.wav", **said)
            await bot.memo(CALLER)
            await sato.done()
            memo = await until(lambda: taken(bot))
        await mori.done()
    told = [one.escalated for one in memo.history if one.escalated is not None]
    assert [
        ("lead", None, None),
        ("rota", None, None),
        ("rota", "mori", "busy"),
        ("rota", "sato", "taken"),
    ] == [(one.target, one.person, one.end) for one in told]
    assert (Status.CLAIMED, "sato") == (memo.status, memo.holder)


def taken(bot: Bot) -> Memo | None:
    """The memo, once somebody holds it."""
    (memo,) = bot.memos()
    return memo if memo.holder is not None else None
