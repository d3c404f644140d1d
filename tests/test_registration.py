"""Registering at a registrar that checks the digest, and at one that fishes for it."""

from pathlib import Path

import pytest

from sipbot.records import EndState
from tests import sipp
from tests.bot import Bot, running
from tests.brokers import RunningBroker

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

ACCOUNT = """
name = "trunk"
aor = "sip:desk@127.0.0.1"
registrar = "sip:127.0.0.1:{port}"
user = "100"
password = "secret"
realm = "trunk.example"
"""


async def test_account_registers_with_its_digest_and_calls_to_its_contact_are_answered(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker, message: Path
) -> None:
    async with sipp.sipp("registrar", realm="trunk.example") as registrar:
        account = ACCOUNT.format(port=registrar.port)
        bot = Bot(tmp_path, mosquitto.port, vosk_models, account=account)
        async with running(bot):
            await bot.logged("registered", account="trunk", code=200)
            await registrar.done()
            contact = registrar.logs().split("contact ", 1)[1].split(" ", 1)[0]
            user, _, where = contact.partition("@")
            async with sipp.call(
                bot, "message", "viaregistrar", user, audio=message, speak_ms=3300
            ) as peer:
                await peer.done()
            row = await bot.ended("viaregistrar")
    assert "desk" == user
    assert f"127.0.0.1:{bot.port}" == where.split(";", 1)[0]
    assert (EndState.MEMO, "desk") == (row.state, row.client)


async def test_challenge_of_another_realm_gets_no_digest(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker
) -> None:
    async with sipp.sipp("registrar", realm="elsewhere.example") as registrar:
        account = ACCOUNT.format(port=registrar.port)
        async with running(Bot(tmp_path, mosquitto.port, vosk_models, account=account)) as bot:
            said = await bot.logged("not registered", account="trunk")
            messages = await registrar.seen("SIP/2.0 401")
    assert 401 == said["code"]
    assert "REGISTER sip:" in messages
    assert "Authorization:" not in messages.replace("WWW-Authenticate:", "")
