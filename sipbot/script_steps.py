"""What each kind of step does when the caller comes to it and when something happens in it.  Pure.

Data path: sip -> dialplan -> [script_steps] -> script -> calls -> spool -> speech -> memo

`goto` brings a call to a step, `arrive` to what follows its prompts; the rest answers events.  A
caller may go in circles, but not for ever: after `MAX_STEPS` steps the message is taken, and then
the call ends.
"""

from sipbot import follow_up, steps
from sipbot.menu_words import decided
from sipbot.script_events import (
    Action,
    CloseRecording,
    Discard,
    Enter,
    Transfer,
    TransferFailed,
    Transferred,
)
from sipbot.script_state import (
    Phase,
    Script,
    Turn,
    before,
    changed,
    leave,
    listen,
    quiet,
    record,
    say,
    wait,
)
from sipbot.steps import END, RECORD, Limits, Prompt

MAX_STEPS = 60
"""Steps a call may take.  The longest script that people bear has about ten; six rounds of it."""

CHOICE_END_SILENCE_S = 1.0
"""Silence after which a spoken choice is over: the upper end of what VoiceXML 2.0 recommends for
``completetimeout`` (section 6.3.2: 0.3 to 1.0 s), because telephone lines add noise."""

CHOICE_MAX_S = 10.0
"""Longest time in which one word may be chosen; a caller who tells a story has not chosen."""

TRANSFER_MARGIN_S = 10.0
"""Longer than an agent needs to say what became of a transfer; then it is taken for failed."""

_RATINGS = {"csat": "12345", "nps": "0123456789"}


# -- coming to a step --------------------------------------------------------------------------


def goto(script: Script, name: str) -> Turn:
    """Leave the present step and come to another one, or to the end."""
    calm, actions = quiet(script)
    return before(actions, _come_to(calm, name))


def begin(script: Script, name: str) -> Script:
    """Return the script at the beginning of a step, before anything is said."""
    return changed(
        script,
        visited=(*script.visited, name),
        failures=0,
        keyed="",
        taken_back=(),
        phase=Phase.GOING_ON,
    )


def _come_to(script: Script, name: str) -> Turn:
    name = destination(script, name)
    if name == END:
        return close(script, then=Phase.THANKING)
    begun = begin(script, name)
    step = begun.step
    entering: tuple[Action, ...] = (Enter(step=name),)
    if isinstance(step, steps.Digits) and step.ask_when == "missing" and script.caller_known:
        return before(entering, _come_to(begun, step.then))
    if isinstance(step, steps.FollowUp):
        item = follow_up.most_wanted(begun, step)
        way = step.then if item is None else step.ways[item]
        return before(entering, _come_to(begun, way))
    if isinstance(step, steps.HangUp):
        return before(entering, close(begun, then=Phase.PARTING))
    return before(entering, _prompt(begun, step.prompts if step else ()))


def destination(script: Script, name: str) -> str:
    """Return where a call that should come to this step really comes to."""
    seen = len(script.visited)
    if seen >= MAX_STEPS:
        name = RECORD if seen == MAX_STEPS and name != END else END
    if name != END and name not in script.course.steps:
        name = RECORD if RECORD in script.course.steps and seen < MAX_STEPS else END
    return name


def close(script: Script, *, then: Phase) -> Turn:
    """Close the recording if there is one, and then thank the caller or say the last word."""
    if script.recording:
        closing = changed(script, phase=Phase.CLOSING, recording=False, then=then)
        return closing, (CloseRecording(),)
    return part(script) if then is Phase.PARTING else leave(script)


def part(script: Script) -> Turn:
    """Say what a `steps.HangUp` has to say, and hang up."""
    prompts = script.step.prompts if script.step else ()
    if not prompts:
        return leave(script)
    return say(script, prompts, phase=Phase.PARTING, then=Phase.LEAVING)


def _prompt(script: Script, prompts: tuple[Prompt, ...]) -> Turn:
    """Say a step's prompts and go on to what it wants of the caller."""
    then = purpose(script)
    if not prompts:
        return arrive(script, then)
    return say(script, prompts, phase=Phase.SAYING, then=then)


def purpose(script: Script) -> Phase:
    """Return what a step wants of the caller once its prompts are over."""
    match script.step:
        case steps.Menu():
            return Phase.CHOOSING
        case steps.Ask(beep=True) | steps.Record(beep=True):
            return Phase.BEEPING
        case steps.Ask():
            return Phase.ASKING
        case steps.Digits():
            return Phase.KEYING
        case steps.Record():
            return Phase.RECORDING
        case steps.Transfer():
            return Phase.TRANSFERRING
        case steps.Survey():
            return Phase.RATING
        case _:
            return Phase.GOING_ON


def arrive(script: Script, phase: Phase) -> Turn:
    """The prompts are over: begin what comes after them."""
    there = changed(script, phase=phase, saying=())
    step = script.step
    match phase, step:
        case Phase.BEEPING, steps.Ask() | steps.Record():
            then = Phase.ASKING if isinstance(step, steps.Ask) else Phase.RECORDING
            return say(there, (script.course.beep,), phase=Phase.BEEPING, then=then)
        case Phase.CHOOSING, steps.Menu():
            return _choose(there, step)
        case Phase.ASKING, steps.Ask():
            words = follow_up.is_planned(there)
            return listen(_asked(there, step.item), step.item, step.limits, words=words)
        case Phase.RECORDING, steps.Record():
            return listen(there, "", step.limits, words=follow_up.is_planned(there))
        case Phase.KEYING, steps.Digits():
            return _key_in(_asked(there, step.item), step)
        case Phase.CONFIRMING, steps.Digits():
            return wait(there, step.timeout_s)
        case Phase.REVIEWING, steps.Record():
            return wait(there, step.review_timeout_s)
        case Phase.RATING, steps.Survey():
            return wait(_asked(there, step.kind), step.timeout_s)
        case Phase.TRANSFERRING, steps.Transfer():
            ringing = Transfer(to=step.to, ring_s=step.ring_s)
            return before((ringing,), wait(there, step.ring_s + TRANSFER_MARGIN_S))
        case _:
            return goto(there, getattr(step, "then", END))


def _asked(script: Script, item: str) -> Script:
    return script if item in script.asked else changed(script, asked=(*script.asked, item))


def again(script: Script, tries: int, why: tuple[Prompt, ...], otherwise: str) -> Turn:
    """Ask once more, or go elsewhere when the caller has had all tries."""
    calm, actions = quiet(changed(script, failures=script.failures + 1, keyed=""))
    if calm.failures >= tries or calm.step is None:
        return before(actions, _come_to(calm, otherwise))
    return before(actions, _prompt(calm, (*why, *calm.step.prompts)))


# -- menu --------------------------------------------------------------------------------------


def _choose(script: Script, step: steps.Menu) -> Turn:
    if not step.words:
        return wait(script, step.timeout_s)
    limits = Limits(
        max_s=step.timeout_s + CHOICE_END_SILENCE_S,
        end_silence_s=CHOICE_END_SILENCE_S,
        no_speech_s=step.timeout_s,
    )
    return listen(script, "", limits, words=True, phrases=tuple(step.words))


def menu_key(script: Script, step: steps.Menu, key: str) -> Turn:
    """Take a key at a menu, during its prompts or after them."""
    if key in step.keys:
        return goto(script, step.keys[key])
    if script.phase is Phase.CHOOSING:
        return again(script, step.tries, step.no_match, step.otherwise)
    return script, ()


def menu_heard(script: Script, step: steps.Menu, text: str, choice: str | None = None) -> Turn:
    """Take what was said at a menu: the ear's choice, else a word of the menu in the text."""
    word = decided(step.words, text, script.course.language, choice)
    if word is None:
        return again(script, step.tries, step.no_match, step.otherwise)
    return goto(script, step.words[word])


# -- ask ---------------------------------------------------------------------------------------


def answer(script: Script, item: str) -> Script:
    """Return the script with an answer in the present span, once."""
    given = steps.Answer(item=item, source="speech", span=script.span)
    if given in script.answers:
        return script
    return changed(script, answers=(*script.answers, given))


# -- digits ------------------------------------------------------------------------------------


def _key_in(script: Script, step: steps.Digits) -> Turn:
    """Wait for the next digit; the recording is open from the first one waited for."""
    recording, opening = record(script)
    return before(opening, wait(recording, step.timeout_s))


def digit(script: Script, step: steps.Digits, key: str) -> Turn:
    """Take a key while the caller keys a number, during the prompts or after them."""
    if script.phase is Phase.CONFIRMING or (script.then is Phase.CONFIRMING and script.saying):
        return _confirmed(script, step, key)
    if script.phase is Phase.SAYING and script.then is not Phase.KEYING:
        return script, ()  # the number is being read back, and there is nothing to confirm
    if key == step.finish_key:
        return number_over(script, step) if script.phase is Phase.KEYING else (script, ())
    if not key.isdecimal():
        return script, ()
    actions: tuple[Action, ...] = ()
    if script.phase is not Phase.KEYING:
        script, actions = quiet(script)
        script = _asked(changed(script, phase=Phase.KEYING), step.item)
    more = changed(script, keyed=script.keyed + key)
    if len(more.keyed) >= step.most:
        return before(actions, number_over(more, step))
    return before(actions, _key_in(more, step))


def number_over(script: Script, step: steps.Digits) -> Turn:
    """No more digits come: read the number back, or ask again for one of a possible length."""
    if len(script.keyed) < step.least:
        why = step.no_match if script.keyed else step.no_input
        return again(script, step.tries, why, step.then)
    calm, actions = quiet(keep_number(script, step))
    if not step.read_back:
        return before(actions, _come_to(calm, step.then))
    said = tuple(step.digit[key] for key in calm.keyed if key in step.digit)
    prompts = (*step.before, *said, *step.confirm)
    then = Phase.CONFIRMING if step.confirm else Phase.GOING_ON
    if not prompts:
        return before(actions, arrive(calm, then))
    return before(actions, say(calm, prompts, phase=Phase.SAYING, then=then))


def keep_number(script: Script, step: steps.Digits) -> Script:
    """Return the script with the keyed number as an answer, not confirmed yet."""
    number = steps.Answer(item=step.item, source="keys", value=script.keyed)
    return changed(script, answers=(*script.answers, number), number_left=True)


def _confirmed(script: Script, step: steps.Digits, key: str) -> Turn:
    """``1`` is yes, ``2`` is no; while the digits are still being said, keys may be late digits."""
    if len(script.saying) > len(step.confirm):
        return script, ()
    if key == "1":
        *earlier, number = script.answers
        right = changed(number, confirmed=True)
        return goto(changed(script, answers=(*earlier, right)), step.then)
    if key == "2":
        without = changed(script, answers=script.answers[:-1])
        left = any(one.source == "keys" and one.item == step.item for one in without.answers)
        return again(changed(without, number_left=left), step.tries, (), step.then)
    return script, ()


# -- record ------------------------------------------------------------------------------------


def record_key(script: Script, step: steps.Record, key: str) -> Turn:
    """Take a key at the message: before it, while it is spoken, and when it is reviewed."""
    if key and key == step.urgent_key:
        return changed(script, urgent=True), ()
    match script.phase:
        case Phase.SAYING if script.then is not Phase.REVIEWING and _finishes(step, key):
            calm, actions = quiet(script)
            return before(actions, arrive(calm, script.then))
        case Phase.RECORDING if _finishes(step, key):
            return message_over(script, step)
        case Phase.REVIEWING | Phase.SAYING if script.then is Phase.REVIEWING:
            return _reviewed(script, step, key)
        case _:
            return script, ()


def _finishes(step: steps.Record, key: str) -> bool:
    return bool(key) and key == step.finish_key


def message_over(script: Script, step: steps.Record, *, silent: bool = False) -> Turn:
    """The message is over; whoever said something may hear that it can be recorded again."""
    calm, actions = quiet(changed(script, failures=script.failures + 1))
    if silent or not step.review or calm.failures >= step.tries:
        return before(actions, _come_to(calm, step.then))
    return before(actions, say(calm, step.review, phase=Phase.SAYING, then=Phase.REVIEWING))


def _reviewed(script: Script, step: steps.Record, key: str) -> Turn:
    if key == "1":
        return goto(script, step.then)
    if key == "2":
        calm, actions = quiet(changed(script, taken_back=(*script.taken_back, script.span)))
        return before(actions, arrive(calm, Phase.BEEPING if step.beep else Phase.RECORDING))
    return script, ()


def discard(script: Script) -> Turn:
    """Drop the takes before the one in which a voice is heard now; silence replaces nothing."""
    dropped = tuple(Discard(n=n) for n in script.taken_back)
    return changed(script, taken_back=()), dropped


# -- survey and transfer -----------------------------------------------------------------------


def rate(script: Script, step: steps.Survey, key: str) -> Turn:
    """Take a rating; any other key is no answer, and nobody is asked twice for a favour."""
    if key in _RATINGS[step.kind]:
        rated = steps.Answer(item=step.kind, source="keys", value=key)
        return goto(changed(script, answers=(*script.answers, rated)), step.then)
    return goto(script, step.then) if script.phase is Phase.RATING else (script, ())


def transferred(script: Script, step: steps.Transfer, event: Transferred | TransferFailed) -> Turn:
    """Somebody answered: what they say is not for us to record.  Nobody did: go on."""
    calm, actions = quiet(script)
    if isinstance(event, TransferFailed):
        return before(actions, _come_to(calm, step.otherwise))
    closing: tuple[Action, ...] = (CloseRecording(),) if calm.recording else ()
    return changed(calm, phase=Phase.CONNECTED, recording=False), (*actions, *closing)
