"""The call as a pure state machine: events in, actions out; no clock, no I/O, no pjsua2.

Data path: sip -> dialplan -> [script] -> calls -> spool -> speech -> memo -> outbox -> mqtt

The same machine runs live calls, rehearsals and property tests.  `advance` never raises for an
event that comes at an odd time: callers press keys, hang up and fall silent whenever they like, so
an event that means nothing in the present phase changes nothing.

::

    OFFERED ─ RINGING ─ ANSWERING ─ GREETING ─ steps ─ CLOSING ─ THANKING ─ LEAVING
       └────────┴──────────┴───── hung up ───────┴────────┴─────────┴─────────┴─► JUDGING ─ ENDED

What each step does is in `script_steps`; here is what all calls have in common.
"""

from sipbot import steps
from sipbot.records import EndedBy, EndState
from sipbot.script_events import (
    Action,
    Answer,
    Answered,
    End,
    Enter,
    Event,
    HangUp,
    HungUp,
    Judge,
    Judged,
    KeyPressed,
    MediaFailed,
    Offered,
    Play,
    PromptEnded,
    RecordingSafe,
    RecordingUnsafe,
    Ring,
    RingingOver,
    Silent,
    SpeechEnded,
    SpeechStarted,
    StopPlaying,
    TimeUp,
    TransferFailed,
    Transferred,
    Understood,
)
from sipbot.script_state import Phase, Script, Turn, before, changed, leave, quiet, say, wait
from sipbot.script_steps import (
    CHOICE_MAX_S,
    again,
    answer,
    arrive,
    begin,
    destination,
    digit,
    discard,
    goto,
    keep_number,
    menu_heard,
    menu_key,
    message_over,
    number_over,
    part,
    purpose,
    rate,
    record_key,
    transferred,
)

_BEFORE_ANSWER = frozenset({Phase.OFFERED, Phase.RINGING})
_AFTER_THE_STEPS = frozenset({Phase.LEAVING, Phase.JUDGING, Phase.CONNECTED})
_RECORDED = frozenset(
    {Phase.SAYING, Phase.RECORDING, Phase.ASKING, Phase.CHOOSING, Phase.KEYING, Phase.CONFIRMING}
    | {Phase.BEEPING, Phase.REVIEWING, Phase.RATING}
)
_SAYING = frozenset(
    {
        Phase.GREETING,
        Phase.SAYING,
        Phase.BEEPING,
        Phase.THANKING,
        Phase.PARTING,
        Phase.APOLOGISING,
    }
)


def advance(script: Script, event: Event) -> Turn:
    """Return the script after `event` and what is to be done now."""
    if script.phase is Phase.ENDED:
        return script, ()
    match event:
        case HungUp(by=by):
            return _hung_up(script, by)
        case Judged(spoke=spoke):
            return _judged(script, spoke=spoke)
        case RecordingUnsafe():
            # What is missing may have been the message; nobody can hear any more that it was not.
            return _went_on(changed(script, spoke=True), event)
        case MediaFailed():
            return _broke(script)
        case _ if script.phase in _AFTER_THE_STEPS:
            return script, ()
        case PromptEnded(prompt=name):
            return _said(script, name)
        case KeyPressed(key=key):
            return _key_pressed(script, key)
        case TimeUp(n=n):
            current = script.waiting and n == script.timer
            return _time_up(changed(script, waiting=False)) if current else (script, ())
        case SpeechStarted() | SpeechEnded() | Silent() | Understood():
            return _voice(script, event)
        case Transferred() | TransferFailed():
            return _transferred(script, event)
        case _:
            return _went_on(script, event)


# -- before the first step ---------------------------------------------------------------------


def _went_on(script: Script, event: Event) -> Turn:
    """The beginning and the end of an undisturbed call."""
    course = script.course
    match script.phase, event:
        case Phase.OFFERED, Offered() if course.after_s > 0:
            return changed(script, phase=Phase.RINGING), (Ring(for_s=course.after_s),)
        case (Phase.OFFERED, Offered()) | (Phase.RINGING, RingingOver()):
            return changed(script, phase=Phase.ANSWERING), (Answer(),)
        case Phase.ANSWERING, Answered() if course.refuse:
            return _apologise(script)
        case Phase.ANSWERING, Answered():
            return _greet(script)
        case Phase.CLOSING, RecordingUnsafe():
            return _apologise(script)
        case phase, RecordingUnsafe() if script.recorded and phase in _RECORDED:
            # It could not even be begun: whatever else the caller says is not kept either.
            calm, actions = quiet(script)
            sorry, more = _apologise(calm)
            return sorry, (*actions, *more)
        case Phase.TRANSFERRING, RecordingUnsafe():
            # Somebody's telephone rings; if nobody answers there, a message is recorded anew.
            return changed(script, recording=False, recorded=False), ()
        case Phase.CLOSING, RecordingSafe() if _must_judge(script):
            return changed(script, judging=True), (Judge(),)
        case Phase.CLOSING, RecordingSafe():
            return _recorded(script)
        case _:
            return script, ()


def _greet(script: Script) -> Turn:
    course = script.course
    prompts = tuple(one for one in (course.notice, course.greeting) if one is not None)
    if not prompts:
        return goto(script, course.start)
    return say(script, prompts, phase=Phase.GREETING, then=Phase.GOING_ON)


def _said(script: Script, name: str) -> Turn:
    """Go on to the next prompt, or to what follows the last."""
    if script.phase not in _SAYING or not script.saying or name != script.saying[0].name:
        return script, ()
    rest = script.saying[1:]
    if rest:
        return changed(script, saying=rest), (Play(prompt=rest[0]),)
    silent = changed(script, saying=())
    match script.phase:
        case Phase.GREETING:
            return goto(silent, script.course.start)
        case Phase.THANKING | Phase.PARTING | Phase.APOLOGISING:
            return leave(silent)
        case _:
            return arrive(silent, script.then)


# -- what the caller does ----------------------------------------------------------------------


def _key_pressed(script: Script, key: str) -> Turn:
    if script.phase is Phase.GREETING:
        return _key_while_greeted(script, key)
    match script.step:
        case steps.Menu() as step if script.phase in {Phase.SAYING, Phase.CHOOSING}:
            return menu_key(script, step, key)
        case steps.Digits() as step if script.phase in {
            Phase.SAYING,
            Phase.KEYING,
            Phase.CONFIRMING,
        }:
            return digit(script, step, key)
        case steps.Record() as step if script.phase in {
            Phase.SAYING,
            Phase.BEEPING,
            Phase.RECORDING,
            Phase.REVIEWING,
        }:
            return record_key(script, step, key)
        case steps.Survey() as step if script.phase in {Phase.SAYING, Phase.RATING}:
            return rate(script, step, key)
        case _:
            return script, ()


def _key_while_greeted(script: Script, key: str) -> Turn:
    """A caller who knows the greeting goes on; nobody gets past the notice of recording."""
    name = destination(script, script.course.start)
    step = script.course.steps.get(name)
    if script.saying[:1] == (script.course.notice,) or not _knows(script, step, key):
        return script, ()
    silent = changed(script, saying=())
    there = begin(silent, name)
    done: tuple[Action, ...] = (StopPlaying(), Enter(step=name))
    match step:
        case steps.Record():
            then = Phase.BEEPING if step.beep else Phase.RECORDING
            return before(done, arrive(there, then))
        case _:
            asking = changed(there, phase=Phase.SAYING, then=purpose(there))
            return before(done, _key_pressed(asking, key))


def _knows(script: Script, step: steps.Step | None, key: str) -> bool:
    match step:
        case steps.Menu():
            return key in step.keys
        case steps.Record():
            return bool(key) and key == step.finish_key
        case steps.Digits():
            wanted = step.ask_when == "always" or not script.caller_known
            return wanted and key.isdecimal() and key != step.finish_key
        case _:
            return False


def _voice(script: Script, event: Event) -> Turn:
    """Take what the live ear says of the caller's voice and words."""
    match event, script.step:
        case Understood(text=text), _ if script.recorded:  # nothing else is listened to
            return changed(script, understood=text), ()
        case SpeechStarted(), _ if script.course.min_s > 0:
            # It may be a cough: whether it is a message is found out when the recording is over,
            # and before anybody is thanked for it.
            return _began_to_speak(script)
        case SpeechStarted(), _:
            return _began_to_speak(changed(script, spoke=True))
        case SpeechEnded(text=text), steps.Ask() as step if script.phase is Phase.ASKING:
            return goto(answer(changed(script, turn_text=text), step.item), step.then)
        case SpeechEnded(text=text), steps.Record() as step if script.phase is Phase.RECORDING:
            return message_over(changed(script, turn_text=text), step)
        case SpeechEnded(text=text, choice=choice), steps.Menu() as step if _by_words(script):
            return menu_heard(script, step, text, choice)
        case Silent(), steps.Ask() as step if script.phase is Phase.ASKING:
            return again(script, step.tries, step.no_input, step.then)
        case Silent(), steps.Record() as step if script.phase is Phase.RECORDING:
            return message_over(script, step, silent=True)
        case Silent(), steps.Menu() as step if _by_words(script):
            return again(script, step.tries, step.no_input, step.otherwise)
        case _:
            return script, ()


def _by_words(script: Script) -> bool:
    return script.phase is Phase.CHOOSING and script.listening


def _began_to_speak(script: Script) -> Turn:
    if not script.listening or script.heard:
        return script, ()
    hearing = changed(script, heard=True)
    match script.phase, script.step:
        case Phase.ASKING, steps.Ask() as step:
            return answer(hearing, step.item), ()
        case Phase.CHOOSING, _:
            return wait(hearing, CHOICE_MAX_S)
        case Phase.RECORDING, _:
            return discard(hearing)
        case _:
            return hearing, ()


def _transferred(script: Script, event: Transferred | TransferFailed) -> Turn:
    match script.step:
        case steps.Transfer() as step if script.phase is Phase.TRANSFERRING:
            return transferred(script, step, event)
        case _:
            return script, ()


def _time_up(script: Script) -> Turn:
    match script.phase, script.step:
        case Phase.CHOOSING, steps.Menu() as step:
            why = step.no_match if script.heard else step.no_input
            return again(script, step.tries, why, step.otherwise)
        # Only the ear says that nobody spoke; where it is deaf, there may be an answer.
        case Phase.ASKING, steps.Ask() as step:
            return goto(answer(script, step.item), step.then)
        case Phase.RECORDING, steps.Record() as step:
            return message_over(script, step)
        case Phase.KEYING, steps.Digits() as step:
            return number_over(script, step)
        case (
            (Phase.CONFIRMING, steps.Digits() as step)
            | (Phase.REVIEWING, steps.Record() as step)
            | (Phase.RATING, steps.Survey() as step)
        ):
            return goto(script, step.then)
        case Phase.TRANSFERRING, steps.Transfer() as step:
            return transferred(script, step, TransferFailed())
        case _:
            return script, ()


# -- the end -----------------------------------------------------------------------------------


def _apologise(script: Script) -> Turn:
    return say(script, (script.course.sorry,), phase=Phase.APOLOGISING, then=Phase.LEAVING)


def _broke(script: Script) -> Turn:
    if script.phase in {Phase.LEAVING, Phase.JUDGING}:
        return script, ()
    calm, _ = quiet(script)
    return changed(calm, phase=Phase.LEAVING, broken=True), (HangUp(code=488),)


def _must_judge(script: Script) -> bool:
    """Whether a caller is thanked depends on whether anything was said."""
    unknown = script.spoke is None and not script.number_left and not script.judging
    return unknown and script.then is Phase.THANKING


def _recorded(script: Script) -> Turn:
    """Thank for a message; where nothing was said there is none to thank for."""
    if script.then is Phase.PARTING:
        return part(script)
    if script.spoke or script.number_left:
        thanks = (script.course.thanks,)
        return say(script, thanks, phase=Phase.THANKING, then=Phase.LEAVING)
    return (script, ()) if script.judging else leave(script)


def _hung_up(script: Script, by: EndedBy) -> Turn:
    if script.phase is Phase.JUDGING:
        return script, ()
    kept = _with_keyed(script)
    if kept.recorded and kept.spoke is None and not _decided(kept):
        judging = changed(kept, phase=Phase.JUDGING, saying=())
        return judging, (() if script.judging else (Judge(),))
    return changed(kept, phase=Phase.ENDED), (End(state=_end_state(kept, by)),)


def _with_keyed(script: Script) -> Script:
    """A number that was long enough when the caller hung up is an answer."""
    step = script.step
    if script.phase is Phase.KEYING and isinstance(step, steps.Digits):
        return keep_number(script, step) if len(script.keyed) >= step.least else script
    return script


def _decided(script: Script) -> bool:
    broken = script.broken and not script.recorded
    return broken or script.phase is Phase.CONNECTED or script.number_left


def _end_state(script: Script, by: EndedBy) -> EndState:
    if script.broken and not script.recorded:
        return EndState.FAILED_MEDIA
    if script.phase is Phase.CONNECTED:
        return EndState.TRANSFERRED
    if script.recorded:
        said = script.spoke or script.number_left
        return EndState.MEMO if said else EndState.NO_MESSAGE
    if script.spoke:  # and nothing of it reached the disk
        return EndState.FAILED_INTERNAL
    if script.course.refuse and script.phase not in _BEFORE_ANSWER:
        return EndState.REFUSED_CAPACITY
    if script.left or script.phase is Phase.PARTING:
        return EndState.NO_MESSAGE
    if by is EndedBy.CALLER:
        ringing = script.phase in _BEFORE_ANSWER
        return EndState.ABANDONED_RINGING if ringing else EndState.ABANDONED_GREETING
    return EndState.FAILED_INTERNAL


def _judged(script: Script, *, spoke: bool) -> Turn:
    if script.spoke is not None and script.phase not in {Phase.CLOSING, Phase.JUDGING}:
        return script, ()  # a second verdict, such as the time limit's after the detector's
    # Speech that was heard while it was spoken is not taken back by a later verdict.
    judged = changed(script, spoke=spoke or bool(script.spoke), judging=False)
    if script.phase is Phase.CLOSING and script.judging:
        return _recorded(judged)
    if script.phase is not Phase.JUDGING:
        return judged, ()
    state = EndState.MEMO if judged.spoke else EndState.NO_MESSAGE
    return changed(judged, phase=Phase.ENDED), (End(state=state),)
