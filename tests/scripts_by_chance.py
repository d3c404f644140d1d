"""Clients' scripts and what their callers do: by chance, or fixed.

Every prompt takes a fifth of a second and every wait is as short as a slow machine bears, so that
many such calls can be placed by telephone.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sipbot.dialplan import load_file
from sipbot.dialplan_form import Expect
from sipbot.dialplan_tests import Called, place_call
from sipbot.plan import Trial

SEED = 2026
KEYS = 6
STEPS = ("a", "b", "c")
PERSONS = ("answers", "hangs_up", "refuses", "away", "no_account")
"""Whom a transfer may find: one who talks until the caller hangs up, one who hangs up first, one
who does not want the call, a telephone that is switched off, one that no account can call."""

HEAD = """schema = 1
client = "{name}"
say_name = "{name}"
numbers = ["{name}"]
language = "ko"
[answer]
greeting = "greeting.wav"
thanks = "thanks.wav"
start = "{start}"
[record]
beep = false
no_speech_s = 3
end_silence_s = 1
urgent_key = "*"
{review}
"""

ROUTE = """[[route]]
name = "all"
urgent = {urgent}
category = "estimate"
"""


@dataclass(frozen=True, kw_only=True)
class Does:
    """What a caller does, and the person whom a transfer finds."""

    keys: str = ""
    says: tuple[str, ...] = ()
    hang_up_after: int | None = None
    person: str = "refuses"
    """One of `PERSONS`."""
    telephone: str = "info"
    """How keys are sent: ``info`` (SIP), ``events`` (RFC 4733), ``withheld``: as ``info``, and the
    caller's number is not shown."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A client and one call to it."""

    name: str
    text: str
    """The client's file."""
    caller: str
    does: Does = Does()


def planned(number: int, persons: dict[str, str]) -> Planned:
    """Return one script and its call.

    Args:
        number: which one.
        persons: where each of `PERSONS` is called.
    """
    chance = random.Random(f"{SEED}-{number}")
    name, person = f"script-{number}", chance.choice(PERSONS)
    text = HEAD.format(
        name=name,
        start=chance.choice(STEPS),
        review=chance.choice(["", "", "", "review = true"]),
    )
    if chance.random() < 0.4:
        text += ROUTE.format(urgent=chance.choice(["true", "false"]))
    text += "".join(_step(chance, step, persons[person]) for step in STEPS)
    return Planned(
        name=name,
        text=text,
        caller=f"031234{number:04d}",
        does=Does(
            keys="".join(chance.choices("11112223#*-", k=KEYS)),
            hang_up_after=chance.choice([None, None, chance.randrange(KEYS)]),
            person=person,
            telephone=chance.choice(["events", "events", "info", "info", "withheld"]),
        ),
    )


SAID = "변화 부탁 드립니다"
"""What the ear hears in the words that callers say here, in most calls."""

HEARD = ("변화", "부탁", "부타", "드립니다")
"""At least one of these it hears in all."""

_FIXED = {
    "said-menu": """
[step.a]
do = "menu"
prompt = "greeting.wav"
words = { "예약" = "end", "변화" = "b", "부탁" = "b", "부타" = "b", "드립니다" = "b" }
timeout_s = 8
[step.b]
do = "ask"
item = "name"
prompt = "greeting.wav"
no_speech_s = 8
end_silence_s = 1
""",
    "said-late": """
[step.a]
do = "ask"
item = "wish"
prompt = "greeting.wav"
no_input = "greeting.wav"
no_speech_s = 3
end_silence_s = 1
""",
    "keyed": """
[step.a]
do = "digits"
prompt = "greeting.wav"
ask_when = "always"
least = 2
most = 3
timeout_s = 8
""",
    "said-more": """
[step.a]
do = "record"
prompt = "greeting.wav"
no_speech_s = 8
end_silence_s = 1
then = "more"
[step.more]
do = "follow_up"
items = ["name"]
ask = { name = "greeting.wav" }
when_deaf = "ask"  # an ear of a slow machine may come too late with its words
no_speech_s = 8
end_silence_s = 1
""",
    "said-other": """
[step.a]
do = "menu"
prompt = "greeting.wav"
words = { "예약" = "end" }
timeout_s = 8
tries = 1
""",
}


def fixed() -> list[Planned]:
    """Return calls that chance is not left to.

    A spoken choice and answers, silence first, words that mean nothing here, a caller who hangs up
    without having finished the number, and one who answers the question for what a message lacks.
    """
    does = {
        "said-menu": Does(says=(SAID, SAID, SAID)),
        "said-late": Does(says=("", SAID), hang_up_after=2),
        "said-more": Does(says=(SAID, SAID)),
        "said-other": Does(says=(SAID, SAID)),
        "keyed": Does(keys="31", hang_up_after=2),
    }
    return [
        Planned(
            name=name,
            text=HEAD.format(name=name, start="a", review="").replace("_s = 3", "_s = 8") + text,
            caller=f"031235{number:04d}",
            does=does[name],
        )
        for number, (name, text) in enumerate(_FIXED.items())
    ]


def _step(chance: random.Random, name: str, to: str) -> str:
    """One table of any kind."""
    # who does nothing must come to an end, so only keys lead back
    then = chance.choice([*STEPS[STEPS.index(name) + 1 :], "record", "end"])
    other = chance.choice([*STEPS, "record", "end"])
    read_back = chance.choice(["true", "false"])
    ask_when = chance.choice(["always", "missing"])
    again = 'tries = 2\nno_input = "greeting.wav"\n'
    kinds = {
        "say": f'then = "{then}"',
        "menu": f'keys = {{ 1 = "{then}", 2 = "{other}" }}\ntimeout_s = 8\n{again}'
        'no_match = "greeting.wav"',
        "ask": f'item = "name"\nno_speech_s = 3\n{again}then = "{then}"',
        "digits": f'least = 2\nmost = 3\ntimeout_s = 8\n{again}no_match = "greeting.wav"\n'
        f'ask_when = "{ask_when}"\nread_back = {read_back}\nthen = "{then}"',
        "record": f'beep = false\nno_speech_s = 4\nthen = "{then}"',
        "survey": f'kind = "{chance.choice(["csat", "nps"])}"\ntimeout_s = 8\nthen = "{then}"',
        "transfer": f'to = "{to}"\nring_s = 5\notherwise = "{then}"',
        "hang_up": "",
    }
    kind = chance.choices(list(kinds), [1, 3, 2, 5, 2, 2, 3, 1])[0]
    return f'[step.{name}]\ndo = "{kind}"\nprompt = "greeting.wav"\n{kinds[kind]}\n'


def rehearsed(folder: Path, one: Planned) -> Called:
    """Place the call as ``sipbot dialplan simulate`` does, by the file in this folder."""
    plan = load_file(folder / f"{one.name}.toml", "JP")
    does = one.does
    trial = Trial(
        at=datetime.now(UTC),
        caller=None if does.telephone == "withheld" else one.caller,
        number=one.name,
        keys=does.keys,
        says=does.says,
        expect=Expect(),
    )
    return place_call(
        plan,
        trial,
        "JP",
        hang_up_after=does.hang_up_after,
        person_answers=does.person in ("answers", "hangs_up"),
    )
