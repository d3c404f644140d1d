"""Calls that end otherwise than in a memo: each is answered as it should be and has its row."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot.ledger_queries import CallEntry
from sipbot.records import EndedBy, EndState
from tests import brokers, sipp, ulaw
from tests.bot import Bot, running, thanks, until
from tests.own_caller import own_call

pytestmark = [
    pytest.mark.sip,
    pytest.mark.asr,
    pytest.mark.broker,
    pytest.mark.peer,
    pytest.mark.asyncio(loop_scope="module"),
]

G729 = """v=0
o=caller 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 18
a=rtpmap:18 G729/8000"""

MULTIPART = f"""--x
Content-Type: application/sdp

{sipp.SDP}
--x--"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory, vosk_models: Path) -> AsyncIterator[Bot]:
    """One sipbot for all tests of this file: refused calls must leave nothing behind."""
    async with brokers.running("mosquitto") as broker:
        fresh = Bot(tmp_path_factory.mktemp("bot"), broker.port, vosk_models)
        async with running(fresh):
            yield fresh


@pytest.mark.parametrize(
    ("caller", "number", "code", "state", "form", "body"),
    [
        ("unmapped", "nobody", 404, EndState.REFUSED_UNMAPPED, "application/sdp", sipp.SDP),
        ("g729", "desk", 488, EndState.FAILED_MEDIA, "application/sdp", G729),
        ("parts", "desk", 415, EndState.FAILED_MEDIA, "multipart/mixed;boundary=x", MULTIPART),
    ],
)
async def test_invite_that_cannot_be_served_is_refused_and_has_its_row(
    bot: Bot, caller: str, number: str, code: int, state: EndState, form: str, body: str
) -> None:
    async with sipp.call(bot, "refused", caller, number, code=code, type=form, body=body) as peer:
        await peer.done()
    row = await bot.ended(caller)
    assert (state, code, None) == (row.state, row.sip_code, row.answered_at)


async def test_invite_from_an_address_that_is_not_allowed_gets_403(bot: Bot) -> None:
    async with sipp.call(bot, "refused", "stranger", source="127.0.0.2", code=403) as peer:
        await peer.done()
    row = await bot.ended("stranger")
    assert (EndState.REFUSED_SOURCE, 403) == (row.state, row.sip_code)


async def test_call_beyond_the_four_lines_gets_486_and_the_four_go_on(
    bot: Bot, silence: Path
) -> None:
    async with sipp.call(
        bot, "message", "four", calls=4, at_once=4, audio=silence, speak_ms=4000
    ) as four:
        await until(lambda: 4 == sum(bool(row.answered_at) for row in of(bot, "four")))
        async with sipp.call(bot, "refused", "fifth", code=486) as fifth:
            await fifth.done()
        await four.done()
    row = await bot.ended("fifth")
    assert (EndState.REFUSED_CAPACITY, 486) == (row.state, row.sip_code)
    await until(lambda: all(row.state for row in of(bot, "four")))
    assert [EndState.NO_MESSAGE] * 4 == [row.state for row in of(bot, "four")]


async def test_refer_is_declined_and_nobody_else_is_called(bot: Bot, silence: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.setblocking(False)
        refer = sipp.fragment("refer", elsewhere=elsewhere.getsockname()[1])
        async with sipp.call(bot, "message", "refer", audio=silence, middle=refer) as peer:
            await peer.done()
        await bot.ended("refer")
        with pytest.raises(BlockingIOError):
            elsewhere.recv(4096)


async def test_invite_with_replaces_is_declined_and_the_first_call_is_untouched(
    bot: Bot, message: Path
) -> None:
    async with sipp.call(bot, "message", "first", audio=message, speak_ms=3300) as first:
        messages = await first.seen("ACK sip:")
        call_id = header(messages, r"^Call-ID: (\S+)")
        theirs = header(messages, r"^To: .*;tag=(\S+)")
        own = header(messages, r"^From: .*;tag=(\S+)")
        replaces = f"Replaces: {call_id};to-tag={theirs};from-tag={own}\nRequire: replaces\n"
        async with sipp.call(bot, "refused", "taker", code=603, headers=replaces) as taker:
            await taker.done()
        await first.done()
    taken, kept = await bot.ended("taker"), await bot.ended("first")
    heard = ulaw.read(bot.spool / kept.offer.call / "audio.wav")
    assert (EndState.REFUSED_BLOCKED, 603) == (taken.state, taken.sip_code)
    assert (EndState.MEMO, EndedBy.CALLER) == (kept.state, kept.ended_by)
    assert len(heard) >= 3 * ulaw.RATE_HZ


def of(bot: Bot, caller: str) -> list[CallEntry]:
    return [row for row in bot.rows() if row.offer.from_.user == caller]


def header(messages: str, pattern: str) -> str:
    """Return what the last of SIPp's messages has there."""
    return str(re.findall(pattern, messages, re.MULTILINE)[-1]).strip()


async def test_cancel_while_it_rings_is_abandoned_ringing(bot: Bot) -> None:
    async with sipp.call(bot, "cancel", "impatient", "ringing") as peer:
        await peer.done()
    row = await bot.ended("impatient")
    assert (EndState.ABANDONED_RINGING, EndedBy.CALLER) == (row.state, row.ended_by)


async def test_hang_up_during_the_greeting_is_abandoned_greeting(bot: Bot, silence: Path) -> None:
    async with sipp.call(bot, "message", "hurried", "talkative", audio=silence) as peer:
        await peer.done()
    row = await bot.ended("hurried")
    assert (EndState.ABANDONED_GREETING, EndedBy.CALLER) == (row.state, row.ended_by)


async def test_silent_caller_leaves_no_memo_and_is_not_thanked(bot: Bot, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    await own_call(bot, "silent", "hasty", heard=heard)
    row = await bot.ended("silent")
    thanked, _ = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    assert (EndState.NO_MESSAGE, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert 0 == thanked


async def test_key_by_info_ends_the_message(bot: Bot, message: Path) -> None:
    key, end = sipp.fragment("info_key"), sipp.fragment("hung_up_on")
    async with sipp.call(
        bot, "message", "presser", audio=message, speak_ms=3300, middle=key, end=end
    ) as peer:
        await peer.done()
    row = await bot.ended("presser")
    assert (EndState.MEMO, EndedBy.SIPBOT) == (row.state, row.ended_by)


async def test_key_during_the_greeting_goes_straight_to_the_recording(
    bot: Bot, message: Path
) -> None:
    async with sipp.call(
        bot,
        "message",
        "knowing",
        "talkative",
        audio=message,
        before_ms=0,
        speak_ms=600,
        middle=sipp.fragment("info_key") + sipp.pause(2400),
    ) as peer:
        path = await bot.recording("knowing", at_least_s=0.25)
        await peer.done()
    row = await bot.ended("knowing")
    assert EndState.MEMO == row.state
    assert len(ulaw.read(path)) <= 3 * ulaw.RATE_HZ  # the greeting alone takes ten seconds


async def test_every_invite_of_this_file_has_exactly_one_end_state(bot: Bot) -> None:
    await until(lambda: all(row.state for row in bot.rows()))
    assert bot.invites == sum(bot.counts().values()) == len(bot.rows())
