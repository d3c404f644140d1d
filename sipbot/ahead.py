"""What comes next in a call in which nothing happens, as far as its agent may do it alone.  Pure.

Data path: sip -> dialplan -> script -> [ahead] -> calls -> spool

The script is asked in advance what it would do if one prompt after the other came to its end and
the caller did nothing.  Where that leads to the recording, the agent is told so with the order that
begins it (`wire.Sequel`): callers speak when the greeting is over, and whatever this process is
doing then, they must be recorded (docs/decisions/0013).
"""

from sipbot.script import advance
from sipbot.script_events import Answered, Enter, Event, OpenRecording, Play, PromptEnded
from sipbot.script_state import Script
from sipbot.sip import wire
from sipbot.steps import Prompt


def after_answer(script: Script, recording: str) -> wire.Sequel | None:
    """Return what comes once a call is answered; None where that is not for the agent alone.

    Args:
        script: the call, which is just being answered.
        recording: path of its recording.
    """
    return _sequel(script, Answered(), recording)


def after_prompt(script: Script, prompt: Prompt, recording: str) -> wire.Sequel | None:
    """Return what comes after a prompt; None where that is not for the agent alone.

    Args:
        script: the call, in which the prompt is just being played.
        prompt: the prompt.
        recording: path of its recording.
    """
    return _sequel(script, PromptEnded(prompt=prompt.name), recording)


def _sequel(script: Script, event: Event, recording: str) -> wire.Sequel | None:
    """Return the prompts until the recording; the script bounds how many steps there can be."""
    prompts: tuple[str, ...] = ()
    while True:
        script, actions = advance(script, event)
        if any(isinstance(action, OpenRecording) for action in actions):
            return wire.Sequel(prompts=prompts, recording=recording)
        match [action for action in actions if not isinstance(action, Enter)]:
            case [Play(prompt=prompt)]:
                prompts = (*prompts, prompt.wav)
                event = PromptEnded(prompt=prompt.name)
            case _:
                return None
