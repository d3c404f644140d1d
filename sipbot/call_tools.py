"""What every call needs of the rest of the program."""

import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Protocol

import msgspec

from sipbot import ahead
from sipbot.errors import ChildGoneError
from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.ringback import ringback
from sipbot.script_state import Phase, Script
from sipbot.sip import wire
from sipbot.spool import Note, Spool
from sipbot.steps import RECORD, Course, Prompt, Record
from sipbot.topics import LivePayload

Work = Callable[[], Coroutine[None, None, object]]
"""Something to be done about a call; done again later when the disk or the ledger refuses."""


_NOTHING = Prompt(name="", wav="")
OVER = Course(steps={}, beep=_NOTHING, thanks=_NOTHING, sorry=_NOTHING)
"""Of a call that is over already."""


class Agent(Protocol):
    """The agent that has the call."""

    def send(self, command: wire.Command) -> None:
        """Send a command; raises ChildGoneError when the agent is not there."""


class Gone(msgspec.Struct, frozen=True):
    """The agent died with this call on the line."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What every call needs."""

    ledger: Ledger
    spool: Spool
    reading: Reading
    tell: Callable[[str, str, LivePayload], None]
    """Tell the live feed: client, call, payload.  Never blocks, may drop."""
    trouble: Callable[[str, str | None, str], None]
    """Tell what a person should look at: id, problem (None when it is over), remedy."""
    audio_url: Callable[[str, str], str]
    """Ids of call and memo → where an operator can listen."""


def alone(course: Course, recording: Path) -> wire.Alone:
    """Return what the agent does with the call when its parent dies."""
    step = course.steps.get(RECORD)
    message = step if isinstance(step, Record) else Record(name=RECORD)
    return wire.Alone(
        notice=course.notice.wav if course.notice else "",
        beep=course.beep.wav,
        thanks=course.thanks.wav,
        recording="" if course.refuse else str(recording),
        max_s=message.limits.max_s,
        finish_key=message.finish_key,
    )


def answer(call: str, script: Script, recording: Path) -> wire.Answer:
    """Return the order to answer a call, and what comes after that by itself."""
    return wire.Answer(
        call=call,
        alone=alone(script.course, recording),
        then=ahead.after_answer(script, str(recording)),
    )


def play(call: str, script: Script, prompt: Prompt, recording: Path) -> wire.Play:
    """Return the order to play a prompt, and what comes after that by itself."""
    then = ahead.after_prompt(script, prompt, str(recording))
    return wire.Play(call=call, wav=prompt.wav, then=then)


def transfer(note: Note, region: str, to: str, ring_s: float) -> wire.Transfer:
    """Return how a call is connected with a person; only numbers that may be shown are told."""
    return wire.Transfer(
        call=note.offer.call,
        to=to,
        ring_s=ring_s,
        ringback=str(ringback(region)),
        caller=note.caller or "",
        diverted_from=note.number,
    )


def left_in(*, answered: bool, transferred: bool) -> Phase:
    """Return the phase in which an earlier run left a call, as far as can be told."""
    if transferred:
        return Phase.CONNECTED
    return Phase.RECORDING if answered else Phase.OFFERED


def refuse(agent: Agent, call: str, code: int) -> None:
    """Answer an offered call with a final response."""
    with contextlib.suppress(ChildGoneError):  # then nobody is waiting for the answer
        agent.send(wire.Refuse(call=call, code=code, retry_after_s=30 if code == 503 else 0))


def tell_written(agent: Agent, call: str) -> None:
    """Let the agent forget a call whose end is in the ledger."""
    with contextlib.suppress(ChildGoneError):  # it has nothing to remember any more
        agent.send(wire.Written(call=call))


def hang_up(agent: Agent, call: str) -> None:
    """End a call that cannot be led any further."""
    with contextlib.suppress(ChildGoneError):  # then the call is over anyway
        agent.send(wire.HangUp(call=call, code=500))
