"""An agent that connects a caller with a person; the test is the parent, the peers are real."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sipbot.records import EndedBy
from sipbot.sip import caller_wire, wire
from sipbot.sip.stack import Account, StackSettings
from sipbot.wav import HEADER_BYTES
from tests import ulaw
from tests.agents import Parent, RealAgent, calling, last, left_by, person, real_agent, stack_on
from tests.bot import greeting, thanks
from tests.free_ports import free_ports
from tests.sipp import SDP, sipp

pytestmark = [pytest.mark.sip, pytest.mark.peer]

BEEP = Path(__file__).parents[1] / "sipbot" / "prompts" / "beep.wav"


EXACTLY = 0.9
"""Least share of frames that arrive sample by sample: two agents with a jitter buffer each are on
the way, and a busy machine makes them conceal a frame now and then (146 of 150 seen under load)."""


class Waiting:
    """A caller on the line of an agent, and the agent's parent."""

    def __init__(self, agent: RealAgent, parent: Parent, call: str, folder: Path) -> None:
        self.agent, self.parent, self.call = agent, parent, call
        self.recording, self.heard = folder / "audio.wav", folder / "heard.wav"
        self.ringback = folder / "ringback.wav"

    def connect(self, port: int, ring_s: float = 20.0, to: str = "") -> None:
        """Ask for a transfer to whoever is at this port."""
        self.parent.say(
            wire.Transfer(
                call=self.call,
                to=to or f"sip:person@127.0.0.1:{port}",
                ring_s=ring_s,
                ringback=str(self.ringback),
                caller="+819012345678",
                diverted_from="+81312345678",
            )
        )


@asynccontextmanager
async def waiting(
    folder: Path, *, stack: StackSettings | None = None, **plan: Any
) -> AsyncIterator[tuple[Waiting, AsyncIterator[caller_wire.Step]]]:
    """Answer one caller, who does as the plan says."""
    prompt = folder / "prompt.wav"
    ulaw.write(prompt, thanks())
    ulaw.write(folder / "ringback.wav", greeting())
    with real_agent(folder, stack) as agent:
        parent = await agent.parent()
        async with calling(agent.port, folder / "heard.wav", **plan) as story:
            call = (await parent.next(wire.Offered)).offer.call
            one = Waiting(agent, parent, call, folder)
            alone = wire.Alone(
                beep=str(prompt),
                thanks=str(prompt),
                recording=str(one.recording),
                max_s=0.5,
                finish_key="#",
            )
            parent.say(wire.Answer(call=call, alone=alone))
            await parent.next(wire.Answered)
            try:
                yield one, story
            finally:
                await parent.die()


async def test_person_and_caller_hear_each_other_and_neither_is_recorded(
    tmp_path: Path, message_wav: Path
) -> None:
    async with (
        person(tmp_path) as other,
        waiting(tmp_path, wav=str(message_wav), linger_s=0.0) as (one, story),
    ):
        one.parent.say(wire.Record(call=one.call, path=str(one.recording)))
        one.connect(other.port)
        offered = (await other.answer()).offer
        await one.parent.next(wire.Transferred)
        closed = await one.parent.next(wire.RecordingClosed)
        await other.say(other.says)
        await other.say(BEEP)  # now it is the caller's turn
        ended, theirs = await one.parent.next(wire.Ended), await other.parent.next(wire.Ended)
        await last(story)
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    there, of_there = ulaw.frames_that_arrived(said, ulaw.read(other.heard))
    back, of_back = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(one.heard))
    print(f"{there}/{of_there} frames to the person, {back}/{of_back} back")
    assert EXACTLY * of_there <= there
    assert EXACTLY * of_back <= back
    assert ("+819012345678", "sipbot") == (offered.from_.name, offered.from_.user)
    assert ["+81312345678"] == [one.party.user for one in offered.diversions]
    assert () == offered.asserted
    assert closed.audio_bytes == one.recording.stat().st_size - HEADER_BYTES
    assert (EndedBy.CALLER, True, True) == (ended.by, ended.answered, ended.transferred)
    assert EndedBy.CALLER == theirs.by


async def test_person_who_hangs_up_first_ends_the_callers_call(tmp_path: Path) -> None:
    async with person(tmp_path) as other, waiting(tmp_path, linger_s=60.0) as (one, story):
        one.connect(other.port)
        await other.answer()
        await one.parent.next(wire.Transferred)
        other.parent.say(wire.HangUp(call=other.call))
        ended = await one.parent.next(wire.Ended)
        hung_up = await last(story)
    assert (EndedBy.SIPBOT, True) == (ended.by, ended.transferred)
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by


@pytest.mark.parametrize(
    ("code", "headers"),
    [
        (486, ""),
        (302, "Contact: <sip:toll@127.0.0.1:{elsewhere}>\n"),
        (407, 'Proxy-Authenticate: Digest realm="elsewhere", nonce="1", algorithm=MD5\n'),
    ],
)
async def test_person_who_refuses_leaves_the_caller_on_the_line(
    tmp_path: Path, code: int, headers: str
) -> None:
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(sipp("person_rings"))
        refusing = await stack.enter_async_context(
            sipp("person_refuses", code=code, headers=headers.format(elsewhere=elsewhere.port))
        )
        one, _ = await stack.enter_async_context(
            waiting(tmp_path, stack=with_account(refusing.port + 1), linger_s=60.0)
        )
        one.connect(refusing.port)
        failed = await one.parent.next(wire.TransferFailed)
        await refusing.done()
        one.parent.say(wire.Play(call=one.call, wav=str(one.ringback)))
        await one.parent.next(wire.PromptEnded)
        messages = refusing.messages() + elsewhere.messages()
    assert code == failed.code
    assert 1 == messages.count("INVITE sip:")
    assert "Digest username" not in messages


def with_account(port: int) -> StackSettings:
    """A stack with an account that does not register, at this port."""
    account = Account(
        name="trunk",
        aor="sip:100@127.0.0.1",
        registrar=f"sip:127.0.0.1:{port}",
        user="100",
        password="secret",
        realm="trunk.example",
        expires_s=300,
        registers=False,
    )
    own = stack_on(free_ports())
    return StackSettings(
        user_agent=own.user_agent,
        address=own.address,
        port=own.port,
        rtp_port=own.rtp_port,
        rtp_ports=own.rtp_ports,
        accounts=(account,),
        transfer_via="trunk",
    )


async def test_number_is_called_at_the_trunk_whose_own_challenge_is_answered(
    tmp_path: Path,
) -> None:
    challenge = 'Proxy-Authenticate: Digest realm="trunk.example", nonce="1", algorithm=MD5\n'
    async with sipp("person_refuses", code=407, headers=challenge, calls=2) as trunk:
        async with waiting(tmp_path, stack=with_account(trunk.port), linger_s=60.0) as (one, _):
            one.connect(0, to="+81355501234")
            await one.parent.next(wire.TransferFailed)
        messages = await trunk.seen("Digest username")
    assert f"INVITE sip:+81355501234@127.0.0.1:{trunk.port} SIP/2.0" in messages
    assert 'From: "+819012345678" <sip:100@127.0.0.1>' in messages
    assert "P-Asserted-Identity: <sip:+81312345678@127.0.0.1>" in messages


@pytest.mark.parametrize("leaves", ["nobody", "caller", "parent"])
async def test_telephone_that_only_rings_is_cancelled(tmp_path: Path, leaves: str) -> None:
    lingers_s = 0.0 if leaves == "caller" else 60.0
    async with (
        sipp("person_rings") as ringing,
        waiting(tmp_path, linger_s=lingers_s) as (one, story),
    ):
        if leaves == "caller":  # who speaks, or leaves, when there was a beep
            one.ringback = BEEP
        one.connect(ringing.port, ring_s=1.0 if leaves == "nobody" else 20.0)
        if leaves == "nobody":
            event: object = await one.parent.next(wire.TransferFailed)
        elif leaves == "parent":
            await ringing.seen("SIP/2.0 180")
            await one.parent.die()
            await last(story)
            await one.agent.ended()
            (event,) = left_by(one.agent)
        else:
            event = await one.parent.next(wire.Ended)
        await ringing.done()
    match leaves, event:
        case "nobody", wire.TransferFailed(code=code):
            rang, of = ulaw.frames_that_arrived(ulaw.encode(greeting()), ulaw.read(one.heard))
            assert 480 == code
            assert of - 1 <= rang
        case "caller", wire.Ended(by=by, transferred=transferred):
            assert (EndedBy.CALLER, False) == (by, transferred)
        case "parent", wire.Ended(by=by, transferred=transferred):
            assert (EndedBy.SIPBOT, False) == (by, transferred)
            assert one.recording.stat().st_size > HEADER_BYTES
        case _:
            pytest.fail(f"{leaves}: {event}")


async def test_person_is_not_called_when_all_lines_are_busy(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ringing = await stack.enter_async_context(sipp("person_rings"))
        one, _ = await stack.enter_async_context(waiting(tmp_path, linger_s=60.0))
        for number in range(3):
            heard = tmp_path / f"heard-{number}.wav"
            await stack.enter_async_context(calling(one.agent.port, heard))
            await one.parent.next(wire.Offered)
        one.connect(ringing.port)
        failed = await one.parent.next(wire.TransferFailed)
        messages = ringing.messages()
    assert 486 == failed.code
    assert "INVITE" not in messages


async def test_person_cannot_send_the_caller_elsewhere(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(sipp("person_rings"))
        toll = f"sip:toll@127.0.0.1:{elsewhere.port}"
        refers = sipp("person_refers", elsewhere=toll, body=SDP)
        fraud = await stack.enter_async_context(refers)
        one, _ = await stack.enter_async_context(waiting(tmp_path, linger_s=60.0))
        one.connect(fraud.port)
        told = await one.parent.next(wire.Refer)
        ended = await one.parent.next(wire.Ended)
        await fraud.done()
        messages = elsewhere.messages()
    assert (one.call, "REFER") == (told.call, told.method)
    assert ended.transferred
    assert "INVITE" not in messages


async def test_caller_and_person_stay_connected_when_the_parent_dies(
    tmp_path: Path, message_wav: Path
) -> None:
    async with (
        person(tmp_path) as other,
        waiting(tmp_path, wav=str(message_wav), linger_s=0.0) as (one, story),
    ):
        one.connect(other.port)
        await other.answer()
        await one.parent.next(wire.Transferred)
        await one.parent.die()
        parent = await one.agent.parent()
        hello = await parent.next(wire.Hello)
        await parent.die()
        await other.say(BEEP)
        hung_up = await last(story)
        code = await one.agent.ended()
        left = left_by(one.agent)
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    there, of_there = ulaw.frames_that_arrived(said, ulaw.read(other.heard))
    assert (one.call,) == hello.calls
    assert EXACTLY * of_there <= there
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "caller" == hung_up.by
    assert 0 == code
    assert [(one.call, EndedBy.CALLER, True)] == [
        (end.call, end.by, end.transferred) for end in left if isinstance(end, wire.Ended)
    ]
    assert not one.recording.exists()
