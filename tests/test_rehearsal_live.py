"""What a rehearsal says of a call is what a real call does: any script, any keys, by telephone.

Scripts and keys come from a seed.  The caller is SIPp: it presses a key (SIP INFO) when it is told
to, and it is told to when the bot's log says that it is the caller's turn: a slow machine only has
to press within the eight seconds that a script waits.
"""

import asyncio
import contextlib
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from sipbot import routes
from sipbot.caller import CallerId
from sipbot.dialplan import load_file
from sipbot.rehearsal import Rehearsal, StepTaken, rehearse
from tests.bot import Bot, running, until
from tests.free_ports import free_ports
from tests.sipp import Sipp, call, fragment

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

SCRIPTS = int(os.environ.get("SCRIPTS_BY_SIPP", "8"))
SEED = 2026
KEYS = 6
AT_ONCE = 3
"""One line less than an agent has: a line is free a moment after its call has ended."""
INFO_TAKEN = re.compile(r"SIP/2\.0 200 OK\r?\n(?:[^\r\n]+\r?\n)*?CSeq: \d+ INFO")
STEPS = ("a", "b", "c")
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
no_speech_s = 2
end_silence_s = 1
"""


def a_step(chance: random.Random, name: str) -> str:
    """One table of any kind; every prompt takes a fifth of a second."""
    # who does nothing must come to an end, so only keys lead back
    then = chance.choice([*STEPS[STEPS.index(name) + 1 :], "record", "end"])
    other = chance.choice([*STEPS, "record", "end"])
    kind = chance.choice(["menu", "menu", "ask", "digits", "record", "survey", "transfer"])
    keys = {
        "menu": f'keys = {{ 1 = "{then}", 2 = "{other}" }}\ntimeout_s = 8\ntries = 2\n'
        'no_input = "greeting.wav"\nno_match = "greeting.wav"',
        "ask": f'item = "name"\nno_speech_s = 2\ntries = 2\nno_input = "greeting.wav"\n'
        f'then = "{then}"',
        "digits": f'least = 2\nmost = 3\ntimeout_s = 8\ntries = 2\nthen = "{then}"\n'
        'ask_when = "always"\nread_back = false\n'
        'no_input = "greeting.wav"\nno_match = "greeting.wav"',
        "record": f'beep = false\nno_speech_s = 4\nthen = "{then}"',
        "survey": f'kind = "csat"\ntimeout_s = 8\nthen = "{then}"',
        "transfer": f'to = "sip:desk@192.0.2.1"\nring_s = 5\notherwise = "{then}"',
    }
    return f'[step.{name}]\ndo = "{kind}"\nprompt = "greeting.wav"\n{keys[kind]}\n'


def scripts(folder: Path) -> Iterator[tuple[str, str]]:
    """Write so many scripts and yield each client's name and the keys of its caller."""
    for number in range(SCRIPTS):
        chance = random.Random(f"{SEED}-{number}")
        name = f"script-{number}"
        text = HEAD.format(name=name, start=chance.choice(STEPS))
        text += "".join(a_step(chance, step) for step in STEPS)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
        yield name, "".join(chance.choices("1123#-", k=KEYS))


def rehearsed(bot: Bot, name: str, keys: str, caller: str) -> Rehearsal:
    plan = load_file(bot.folder / "dialplans" / f"{name}.toml", "JP")
    who = CallerId(number=caller, name="", source="from")
    routed = routes.choose(plan, who, name, datetime.now(UTC), "JP")
    assert routed.course is not None
    return rehearse(routed.course, True, keys)


def phases(steps: tuple[StepTaken, ...]) -> list[str]:
    return [step.text for step in steps if step.what == "waits"]


async def press(
    bot: Bot,
    peer: Sipp,
    writer: asyncio.StreamWriter,
    sip_call: str,
    call_id: str,
    facts: Rehearsal,
) -> None:
    """Do what the caller does in the rehearsal, each at its turn."""
    turns, keys = count(1), count(1)
    for step in facts.steps:
        if step.what == "waits":
            await until(partial(has_come, bot, call_id, next(turns)))
        elif step.what == "pressed":
            await tell(writer, sip_call, step.text)
            # SIPp hears no command while it waits for the answer to the last one
            await until(partial(is_taken, bot, peer, call_id, next(keys)))


def is_taken(bot: Bot, peer: Sipp, call_id: str, keys: int) -> bool:
    over = bool(told(bot, call_id, "call ended"))
    return over or len(INFO_TAKEN.findall(peer.messages())) >= keys


def told(bot: Bot, call_id: str, event: str) -> list[dict[str, str]]:
    return [line for line in bot.says() if line["event"] == event and line.get("call") == call_id]


def has_come(bot: Bot, call_id: str, turns: int) -> bool:
    over = bool(told(bot, call_id, "call ended"))
    return over or len(told(bot, call_id, "turn")) >= turns


async def tell(writer: asyncio.StreamWriter, sip_call: str, key: str) -> None:
    """Send SIPp a command; the byte 27 ends one (SIPp's manual, 3PCC).

    A SIPp whose call is over takes none; the comparison says what went otherwise.
    """
    writer.write(f"Call-ID: {sip_call}\r\nKey: {key}\r\n\r\n\x1b".encode())
    with contextlib.suppress(ConnectionError):
        await writer.drain()


async def placed(bot: Bot, name: str, caller: str, facts: Rehearsal) -> tuple[list[str], list[str]]:
    """Place the rehearsed call and return the steps and the turns it really had."""
    port, sip_call = free_ports(), f"{caller}@rehearsed"
    # No loop and no retransmission: a SIPp that has sent one key twice answers every answer to it.
    keys = "".join(fragment("key_by_command", cseq=2 + n) for n in range(KEYS))
    commands, end = f"127.0.0.1:{port}", fragment("hung_up_on")
    async with call(bot, "keys", caller, name, twin=commands, middle=keys, end=end) as peer:
        writer = await twin(port)
        await tell(writer, sip_call, "0")
        row = await bot.row(caller)
        await press(bot, peer, writer, sip_call, row.offer.call, facts)
        await bot.ended(caller)
        writer.close()
        with contextlib.suppress(ConnectionError):  # SIPp has ended with the call
            await writer.wait_closed()
    live = [line["step"] for line in told(bot, row.offer.call, "step")]
    return live, [line["phase"] for line in told(bot, row.offer.call, "turn")]


@pytest.mark.timeout(120 * SCRIPTS)
async def test_real_calls_go_through_the_same_steps_and_turns_as_their_rehearsals(
    make_bot: Callable[[], Bot],
) -> None:
    bot, lines = make_bot(), asyncio.Semaphore(AT_ONCE)

    async def compared(name: str, keys: str, caller: str) -> None:
        facts = rehearsed(bot, name, keys, caller)
        async with lines:
            live = await placed(bot, name, caller, facts)
        story = json.dumps([[step.what, step.text] for step in facts.steps])
        assert (list(facts.visited), phases(facts.steps)) == live, f"{name}, {keys}: {story}"

    planned = list(scripts(bot.folder / "dialplans"))
    async with running(bot), asyncio.TaskGroup() as group:
        for number, (name, keys) in enumerate(planned):
            group.create_task(compared(name, keys, f"031234{number:04d}"))


async def twin(port: int) -> asyncio.StreamWriter:
    """Connect to SIPp, which listens a moment after it was started."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            return writer
    raise AssertionError("SIPp does not listen for commands")
