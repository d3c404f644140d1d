"""Callers who never stop calling and write down what they live through.

Three kinds: SIPp's many (they hang up when they have spoken), our own few (they press ``#`` and
listen for the closing prompt), and one who knocks after each kill, ten times a second, so that the
time until calls are answered again is not blurred by RFC 3261's timers.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from sipbot.errors import CallError
from sipbot.place import place
from sipbot.sip import caller_wire as wire
from tests import ulaw
from tests.bot import thanks
from tests.free_ports import free_ports
from tests.sipp import PEERS
from tests.torture.journal import Event, Journal, What

NUMBER = "desk"
"""The client that everybody calls; its greeting lasts 0.2 s and there is no beep."""

SPEECH_S = (3.0, 12.0)
"""Shortest and longest message; the research's last 8 to 14 s."""

BEFORE_S = 1.2
"""From 200 OK to the first word: the greeting, and an agent that has just lost its parent beeps."""

LONGEST_S = BEFORE_S + SPEECH_S[1] + 10.0
"""No call is up longer: the message, the closing prompt, and a patient caller."""

REDIAL_MS = 1500
"""A refused caller's pause: a person who dials again at once, and yet not a flood."""

LINES_HEARD = 5
"""Frames of the closing prompt in a row that mean that it was heard: 100 ms."""

DEAD_LINE_S = 2.0
"""How long our own caller listens to a line on which nothing happens any more."""

LOOK_S = 0.02
"""Between two looks at SIPp's logs."""

DIALLED = 500
"""Lines of SIPp's table of who says what; it begins again at the end."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something to say, as mu-law for SIPp and as a WAV for our own caller."""

    name: str
    codes: bytes
    raw: Path
    wav: Path

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return len(self.codes) / ulaw.RATE_HZ


def messages(folder: Path, sample: Path, number: int, rng: random.Random) -> list[Message]:
    """Prepare messages of random lengths, with every 20 ms of all of them different."""
    speech = ulaw.read(sample)
    made = []
    for name in (f"m{n}" for n in range(number)):
        frames = round(rng.uniform(*SPEECH_S) * 50)
        said = np.resize(speech, frames * ulaw.FRAME)
        codes = ulaw.encode(ulaw.noisy(said, seed=rng.randrange(1 << 32)))
        raw, wav = folder / f"{name}.ul", folder / f"{name}.wav"
        # One packet more than is counted: SIPp 3.6.1 does not send the last one of a file.
        raw.write_bytes(codes + ulaw.encode(np.zeros(ulaw.FRAME, np.int16)))
        ulaw.write(wav, ulaw.decode(codes))
        made.append(Message(name=name, codes=codes, raw=raw, wav=wav))
    return made


# -- SIPp's many -----------------------------------------------------------------------------------


class Crowd:
    """One SIPp that keeps calling one port.

    Args:
        process: SIPp.
        log: what its scenario writes.
        port: whom it calls.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, port: int) -> None:
        self._process, self._log, self._port = process, log, port
        self._read_to = 0

    def read_into(self, journal: Journal) -> None:
        """Write down what has happened since the last look."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read_to)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.decode("ascii").splitlines():
            journal.write(event_of(line, self._port))

    async def stop(self, limit_s: float) -> None:
        """Let the callers who are on the line finish, and place no new calls."""
        assert self._process.returncode is None, f"SIPp ended with {self._process.returncode}"
        self._process.send_signal(signal.SIGUSR1)
        with contextlib.suppress(TimeoutError):  # one whose BYE nobody answers; not ours to judge
            async with asyncio.timeout(limit_s):
                await self._process.wait()


def event_of(line: str, port: int) -> Event:
    """Return the event of one line that a scenario has logged.

    The line is ``what``, SIPp's ``[timestamp]`` (date, time, Unix time), the call and, for some,
    a response code or a message.
    """
    what, _, _, at, call, *more = line.split()
    event = Event(at=float(at), what=_what(what), call=call, port=port)
    if what == "response":
        return Event(at=event.at, what="response", call=call, port=port, code=int(more[0]))
    if what == "speaking":
        return Event(at=event.at, what="speaking", call=call, port=port, said=more[0])
    return event


def _what(word: str) -> What:
    known: tuple[What, ...] = ("invite", "response", "answered", "speaking", "bye", "over")
    return known[known.index(word)]


@contextlib.asynccontextmanager
async def crowd(
    folder: Path, caller: str, port: int, said: Sequence[Message], at_once: int, rng: random.Random
) -> AsyncIterator[Crowd]:
    """Run one SIPp with so many callers and end it with the block."""
    (folder / "scenario.xml").write_text(_scenario(caller, said), encoding="utf-8")
    table = "".join(f"{rng.randrange(len(said))};\n" for _ in range(DIALLED))
    (folder / "who.csv").write_text(f"SEQUENTIAL\n{table}", encoding="ascii")
    process = await asyncio.create_subprocess_exec(
        *["sipp", "-sf", "scenario.xml", "-inf", "who.csv", "-i", "127.0.0.1", "-mi", "127.0.0.1"],
        *["-p", str(free_ports()), "-l", str(at_once), "-r", "10", "-m", "1000000", "-nostdin"],
        *["-trace_logs", "-log_file", "journal.log", "-trace_err", "-error_file", "errors.log"],
        *["-s", NUMBER, f"127.0.0.1:{port}"],
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Crowd(process, folder / "journal.log", port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _scenario(caller: str, said: Sequence[Message]) -> str:
    """Fill the scenario in: a branch a message, for SIPp takes no file's name from its table."""
    choices, jumps, spoken = [], [], []
    for n, message in enumerate(said):
        choices.append(
            f'<test assign_to="is{n}" variable="which" compare="equal" value="{n}"/>',
        )
        jumps.append(f'<nop next="{n + 1}" test="is{n}"/>')
        spoken.append(
            f'<label id="{n + 1}"/><nop><action>'
            f'<log message="speaking [timestamp] @CALLER@-[call_number] {message.name}"/>'
            f'<exec rtp_stream="{message.raw},1,0"/></action></nop>'
            f'<pause milliseconds="{round(message.length_s * 1000) + 200}"/><nop next="90"/>'
        )
    text = (PEERS / "crowded.xml").read_text(encoding="utf-8")
    filled_in = {
        "CHOICES": "\n".join(choices),
        "JUMPS": "\n".join(jumps),
        "MESSAGES": "\n".join(spoken),
        "BEFORE_MS": str(round(BEFORE_S * 1000)),
        "REDIAL_MS": str(REDIAL_MS),
        "CALLER": caller,
    }
    for key, value in filled_in.items():
        text = text.replace(f"@{key}@", value)
    return text


async def follow(crowds: Sequence[Crowd], journal: Journal) -> None:
    """Write down what SIPp's callers live through, until cancelled."""
    while True:
        for one in crowds:
            one.read_into(journal)
        await asyncio.sleep(LOOK_S)


# -- our own few -----------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Listener:
    """Our own callers: they press ``#`` and hear whether they are thanked."""

    folder: Path
    said: Sequence[Message]
    journal: Journal
    rng: random.Random
    calls: int = 0
    stopping: bool = False

    async def call_again_and_again(self, port: int) -> None:
        """Call one port, one call after the other, until `stopping`."""
        while not self.stopping:
            if not await self.call(self.rng.choice(self.said), port):
                await asyncio.sleep(REDIAL_MS / 1000)

    async def call(self, message: Message, port: int) -> bool:
        """Place one call and write it down; return whether it was answered."""
        self.calls += 1
        caller = f"own-{self.calls}"
        heard = self.folder / f"{caller}.wav"
        plan = wire.CallPlan(
            uri=f"sip:{NUMBER}@127.0.0.1:{port}",
            identity=f"sip:{caller}@127.0.0.1",
            heard_wav=str(heard),
            wav=str(message.wav),
            speak_after_s=BEFORE_S,
            keys="#",
            limit_s=BEFORE_S + message.length_s + 8.0,
        )
        self._write("invite", time.time(), caller, port)
        with contextlib.suppress(CallError):  # the journal says how far the story came
            await self._follow(plan, caller, port, message)
        if heard.exists():
            if hears_thanks(ulaw.read(heard)):
                self._write("thanked", time.time(), caller, port)
            heard.unlink()
        return self.journal.calls[caller].answered_at is not None

    async def _follow(self, plan: wire.CallPlan, caller: str, port: int, said: Message) -> None:
        """Write the story down; a caller whose line is dead hangs up soon."""
        began = time.time()
        placed = cast("AsyncGenerator[wire.Step, None]", place(plan, address="127.0.0.1"))
        async with contextlib.aclosing(placed) as story:
            while True:
                step = asyncio.ensure_future(anext(story, None))
                while not (await asyncio.wait((step,), timeout=LOOK_S))[0]:
                    killed_at = self.journal.calls[caller].killed_at
                    if killed_at is not None and time.time() - killed_at > DEAD_LINE_S:
                        step.cancel()
                        await asyncio.wait((step,))
                        self._write("bye", time.time(), caller, port)
                        return
                if (told := step.result()) is None:
                    return
                if isinstance(told, wire.Calling):
                    began = time.time()
                else:
                    self._step(told, began + told.after_s, caller, port, said)

    def _step(self, step: wire.Step, at: float, caller: str, port: int, said: Message) -> None:
        match step:
            case wire.Progress(code=code):
                self._write("response", at, caller, port, code=code)
            case wire.Answered():
                self._write("answered", at, caller, port)
            case wire.Speaking():
                self._write("speaking", at, caller, port, said=said.name)
            case wire.Pressed():
                self._write("key", at, caller, port)
            case wire.HungUp(by=by, code=code):
                was_answered = self.journal.calls[caller].answered_at is not None
                if not was_answered and code not in {408, 487}:  # those two are its own verdicts
                    self._write("response", at, caller, port, code=code)
                left = was_answered and by == "caller"
                self._write("bye" if left else "over", at, caller, port)

    def _write(
        self, what: What, at: float, call: str, port: int, *, code: int = 0, said: str = ""
    ) -> None:
        self.journal.write(Event(at=at, what=what, call=call, port=port, code=code, said=said))


def hears_thanks(heard: ulaw.Samples) -> bool:
    """Whether the closing prompt has begun in what a caller heard."""
    start = ulaw.encode(thanks())[: (LINES_HEARD + 1) * ulaw.FRAME]
    # Our own jitter buffer may have replaced the first one.
    found, _ = ulaw.frames_that_arrived(start, heard)
    return found >= LINES_HEARD - 1
