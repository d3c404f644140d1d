"""An agent that calls a person on call; the test is the parent, and the person at the telephone."""

from pathlib import Path

import pytest

from sipbot.sip import wire
from sipbot.sip.on_call import end_of
from sipbot.sip.on_call_wire import CallOnCall, OnCallEnd, OnCallEnded
from tests import ulaw
from tests.agents import person, real_agent
from tests.bot import greeting
from tests.sipp import SDP, fragment, sipp

pytestmark = [pytest.mark.sip, pytest.mark.peer]


def order(port: int, *prompts: Path, **more: object) -> CallOnCall:
    """An order to call the person at this port."""
    return CallOnCall(
        call="oc",
        number=f"sip:sato@127.0.0.1:{port}",
        prompts=tuple(map(str, prompts)),
        ring_s=20.0,
        **more,  # type: ignore[arg-type]  # a test's short hand
    )


async def test_person_on_call_takes_it_by_the_key_and_is_called_once(tmp_path: Path) -> None:
    about = tmp_path / "about.wav"
    ulaw.write(about, greeting())
    presses = fragment("person_presses", key="1")
    with real_agent(tmp_path) as agent:
        async with sipp("person_answers", body=SDP, end=presses) as sato:
            parent = await agent.parent()
            await parent.next(wire.Hello)
            wanted = order(sato.port, about)
            parent.say(wanted, wanted)  # again, as a parent does that was started anew
            ended = await parent.next(OnCallEnded)
            await sato.done()
            messages = sato.messages()
            await parent.die()
    assert ("oc", "taken") == (ended.call, ended.end)
    assert 1 == messages.count("BYE sip:")


async def test_person_on_call_hears_what_it_is_about(tmp_path: Path, message_wav: Path) -> None:
    async with person(tmp_path) as sato:
        with real_agent(tmp_path) as agent:
            parent = await agent.parent()
            await parent.next(wire.Hello)
            parent.say(order(sato.port, message_wav, wait_s=0.5))
            await sato.answer()
            ended = await parent.next(OnCallEnded)
            await sato.parent.next(wire.Ended)
            await parent.die()
    said = ulaw.encode(ulaw.read(message_wav))
    there, of_there = ulaw.frames_that_arrived(said, ulaw.read(sato.heard))
    assert "declined" == ended.end
    assert 0.9 * of_there <= there


async def test_person_on_call_who_hangs_up_has_not_taken_it(tmp_path: Path) -> None:
    async with person(tmp_path) as sato:
        with real_agent(tmp_path) as agent:
            parent = await agent.parent()
            await parent.next(wire.Hello)
            parent.say(order(sato.port, sato.says))
            await sato.answer()
            sato.parent.say(wire.HangUp(call=sato.call))
            ended = await parent.next(OnCallEnded)
            await parent.die()
    assert "declined" == ended.end


async def test_person_on_call_is_hung_up_on_when_somebody_else_has_it(tmp_path: Path) -> None:
    async with person(tmp_path) as sato:
        with real_agent(tmp_path) as agent:
            parent = await agent.parent()
            await parent.next(wire.Hello)
            parent.say(order(sato.port, sato.says))
            await sato.answer()
            parent.say(wire.HangUp(call="oc"))
            ended = await parent.next(OnCallEnded)
            await sato.parent.next(wire.Ended)
            await parent.die()
    assert "too_late" == ended.end


@pytest.mark.parametrize(
    ("code", "rang", "end"),
    [
        (486, False, "busy"),
        (603, True, "busy"),
        (480, False, "no_answer"),
        (408, True, "no_answer"),
        (408, False, "unreachable"),
        (503, False, "unreachable"),
        (404, False, "failed"),
    ],
)
def test_response_says_whether_the_person_or_the_network_was_away(
    code: int, rang: bool, end: OnCallEnd
) -> None:
    assert end == end_of(code, rang=rang)
