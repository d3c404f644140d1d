"""A caller whose media move to another address in the middle of a prompt (SIPp)."""

from pathlib import Path

import numpy as np
import pytest

from sipbot.sip import wire
from tests import sipp, ulaw
from tests.agents import real_agent
from tests.free_ports import free_ports

pytestmark = [pytest.mark.sip, pytest.mark.peer]

PROMPT_S = 4
MOVED_AFTER_MS = 3500
"""Nearly all of the prompt has been sent to the old address."""
STAYS_MS = 2500
"""Long enough for the rest, and not for the prompt once more."""


async def test_prompt_during_which_the_media_move_is_over_when_it_was_heard(
    tmp_path: Path, silence: Path
) -> None:
    """As PBXs with direct media and session border controllers do; the message comes next."""
    prompt, recording = tmp_path / "prompt.wav", tmp_path / "audio.wav"
    ulaw.write(prompt, ulaw.noisy(np.zeros(PROMPT_S * ulaw.RATE_HZ, np.int16), seed=1))
    alone = wire.Alone(
        beep=str(prompt), thanks=str(prompt), recording=str(recording), max_s=9.0, finish_key="#"
    )
    events: list[wire.Base] = []
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        moved = sipp.fragment("reinvite", moved_to=free_ports())
        async with sipp.sipp(
            "message",
            *["-s", "desk", f"127.0.0.1:{agent.port}"],
            name="Caller",
            caller="mover",
            headers="",
            audio=silence,
            before_ms=MOVED_AFTER_MS,
            speak_ms=0,
            middle=moved + sipp.pause(STAYS_MS),
            end=sipp.fragment("hang_up"),
        ) as caller:
            call = (await parent.next(wire.Offered)).offer.call
            then = wire.Sequel(prompts=(str(prompt),), recording=str(recording))
            parent.say(wire.Answer(call=call, alone=alone, then=then))
            while not isinstance(event := await parent.next(wire.Base), wire.Ended):
                events.append(event)
            await caller.done()
        await parent.die()
        await agent.ended()
    (ended,) = [event for event in events if isinstance(event, wire.PromptEnded)]
    assert ended.begun is not None
    assert str(recording) == ended.begun.path
