"""A whole sipbot with two agents behind its own Kamailio."""

from pathlib import Path

import pytest

from sipbot.records import EndState
from tests.agents import calling
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker
from tests.edges import peer

pytestmark = [pytest.mark.sip, pytest.mark.peer, pytest.mark.broker, pytest.mark.asr]


async def test_site_with_an_edge_answers_and_accounts_for_strangers_too(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker
) -> None:
    bot = Bot(tmp_path, mosquitto.port, vosk_models, agents=2, edge="auto")
    async with running(bot):
        with peer(bot.port, "127.0.0.2") as stranger:
            stranger.send("1")
            said = await stranger.answer()
            source = stranger.here
        async with calling(
            bot.port, tmp_path / "heard.wav", speak_after_s=0.0, linger_s=0.0
        ) as story:
            steps = [type(step).__name__ async for step in story]
        await until(lambda: 2 == len(ended(bot)))
    assert said.startswith("SIP/2.0 403")
    assert "Answered" in steps
    assert (EndState.REFUSED_SOURCE, source) == ended(bot)[0]
    assert EndState.REFUSED_SOURCE != ended(bot)[1][0]


def ended(bot: Bot) -> list[tuple[EndState, str]]:
    """End states and sources of the calls that have ended, in their order."""
    rows = sorted(bot.rows(), key=lambda one: one.offer.received_at)
    return [(one.state, one.offer.source) for one in rows if one.state is not None]
