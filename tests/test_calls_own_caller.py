"""Calls by `sipbot call`: it waits for the beep, speaks, presses a key, and hears thanks."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from sipbot.records import EndedBy, EndState
from sipbot.sip import caller_wire as wire
from tests import brokers, ulaw
from tests.bot import Bot, running, thanks
from tests.own_caller import own_call

pytestmark = [
    pytest.mark.sip,
    pytest.mark.asr,
    pytest.mark.broker,
    pytest.mark.peer,
    pytest.mark.asyncio(loop_scope="module"),
]

DATA = Path(__file__).parent / "data"

TRIES = 5
"""A busy machine may keep the ear from its word for 5 s; what it has not judged is a message."""

STRICT = """
schema = 1
client = "strict"
say_name = "strict"
numbers = ["strict"]
language = "ko"

[answer]
greeting = "greeting.wav"
thanks = "thanks.wav"

[record]
beep = false
min_s = 1.0
"""
"""A client who wants no memo of a cough."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory, vosk_models: Path) -> AsyncIterator[Bot]:
    async with brokers.running("mosquitto") as broker:
        fresh = Bot(tmp_path_factory.mktemp("bot"), broker.port, vosk_models)
        (fresh.folder / "dialplans" / "strict.toml").write_text(STRICT, encoding="utf-8")
        async with running(fresh):
            yield fresh


@pytest.fixture
def blip_wav(tmp_path: Path) -> Path:
    """A quarter of a second of somebody's voice, in which there is no word."""
    said = ulaw.read(DATA / "ko_01_8k.wav")[2 * ulaw.RATE_HZ :][: ulaw.RATE_HZ // 4]
    pause = np.zeros(ulaw.RATE_HZ // 2, np.int16)
    ulaw.write(tmp_path / "blip.wav", np.concatenate([pause, said, pause]))
    return tmp_path / "blip.wav"


async def test_message_after_the_beep_ended_by_a_telephone_event_is_thanked_for(
    bot: Bot, tmp_path: Path, message_wav: Path
) -> None:
    heard = tmp_path / "heard.wav"
    story = await own_call(
        bot,
        "polite",
        "beeping",
        heard=heard,
        wav=str(message_wav),
        speak_after_s=None,
        keys="#",
    )
    row, memo = await bot.ended("polite"), await bot.memo("polite", "transcribed")
    thanked, of = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    arrived, sent = ulaw.frames_that_arrived(
        said, ulaw.read(bot.spool / row.offer.call / "audio.wav")
    )
    told = [type(step) for step in story]
    assert [wire.Beep, wire.Speaking, wire.Spoke, wire.Pressed, wire.HungUp] == told[-5:]
    assert (EndState.MEMO, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert memo.text
    assert sent == arrived
    assert of - 1 <= thanked  # the caller's recorder begins and ends within a packet


@pytest.mark.parametrize(
    ("client", "plan", "told"),
    [
        ("ringing", {"cancel_after_s": 0.5}, ("ringing", "+81355501234")),
        ("desk", {"linger_s": 0.0}, ("answered", "+81355501234")),
        ("desk", {"linger_s": 0.0, "headers": {"Privacy": "id"}}, ("answered", None)),
    ],
    ids=["ringing", "answered", "withheld"],
)
async def test_live_feed_tells_who_calls_unless_the_number_is_withheld(
    bot: Bot, tmp_path: Path, client: str, plan: dict[str, Any], told: tuple[str, str | None]
) -> None:
    topics = ("sipbot/1/test/state", f"sipbot/1/test/client/{client}/live/+")
    async with brokers.subscribed(bot.mqtt_port, *topics) as bus:
        await bus.until("state")  # retained: what is told from here on is heard
        await own_call(bot, "0355501234", client, heard=tmp_path / "heard.wav", **plan)
        heard = [message for message in await bus.until('"hung_up"') if "/live/" in message.topic]
    callers = [(message.json["type"], message.json["caller"]) for message in heard]
    assert [told, ("hung_up", None)] == [callers[0], callers[-1]]


async def test_headers_of_the_trunk_reach_the_ledger(bot: Bot, tmp_path: Path) -> None:
    await own_call(
        bot,
        "trunk",
        heard=tmp_path / "heard.wav",
        linger_s=0.0,
        headers={
            "P-Asserted-Identity": '"Sato" <sip:+81312345678@trunk.example>',
            "Privacy": "id",
            "Diversion": "<sip:0355550000@trunk.example>;reason=no-answer",
            "History-Info": "<sip:0366660000@trunk.example>;index=1",
        },
    )
    offer = (await bot.ended("trunk")).offer
    assert [("+81312345678", "Sato")] == [(one.user, one.name) for one in offer.asserted]
    assert (True, "privacy:id") == (offer.anonymous, offer.anonymous_reason)
    assert [("0355550000", "no-answer")] == [(d.party.user, d.reason) for d in offer.diversions]
    assert [("0366660000", "1")] == [(h.party.user, h.index) for h in offer.history]


async def test_call_diverted_from_a_client_is_answered_for_that_client(
    bot: Bot, tmp_path: Path
) -> None:
    await own_call(
        bot,
        "overflow",
        "shared-trunk",
        heard=tmp_path / "heard.wav",
        linger_s=0.0,
        headers={"Diversion": "<sip:desk@trunk.example>;reason=no-answer"},
    )
    row = await bot.ended("overflow")
    assert ("desk", "diversion[0]") == (row.client, row.rule)


async def test_anonymous_caller_has_no_number(bot: Bot, tmp_path: Path) -> None:
    await own_call(bot, "anonymous", heard=tmp_path / "heard.wav", linger_s=0.0)
    row = await bot.ended("anonymous")
    assert (True, None) == (row.offer.anonymous, row.caller)


async def test_voice_without_a_word_is_no_message_and_not_thanked_for(
    bot: Bot, tmp_path: Path, blip_wav: Path
) -> None:
    heard = tmp_path / "heard.wav"
    for number in range(TRIES):
        await own_call(bot, f"cough-{number}", "strict", heard=heard, wav=str(blip_wav), keys="#")
        row = await bot.ended(f"cough-{number}")
        if row.state is EndState.NO_MESSAGE:
            break
    thanked, _ = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    assert (EndState.NO_MESSAGE, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert (0, True) == (thanked, (bot.spool / row.offer.call / "audio.wav").exists())


async def test_words_are_a_message_and_thanked_for_where_coughs_are_none(
    bot: Bot, tmp_path: Path, message_wav: Path
) -> None:
    heard = tmp_path / "heard.wav"
    await own_call(bot, "speaking", "strict", heard=heard, wav=str(message_wav), keys="#")
    row = await bot.ended("speaking")
    thanked, of = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    assert (EndState.MEMO, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert of - 1 <= thanked
