"""Calls people on call: what is said to them, which agent calls, and what came of it.

Data path: escalation_watch -> [on_call] -> sip/on_call -> [on_call] -> escalation_watch

The id of a call is made of the memo and the person: an agent does not begin one twice, and what it
tells a later main process is understood there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from sipbot.call_backs import LOST_S, Agent
from sipbot.call_tools import hang_up, tell_written
from sipbot.errors import ChildGoneError, PromptError, SpoolError
from sipbot.memo import Memo
from sipbot.on_call_voice import speak
from sipbot.prompt_shelf import BUILTIN_PROMPTS
from sipbot.recordings import Recordings
from sipbot.rota import Shift
from sipbot.sip import wire
from sipbot.sip.on_call_wire import PREFIX, CallOnCall, OnCallEnd, OnCallEnded, is_on_call

RING_S = 30.0
"""How long a person's telephone rings before the next is called: ten rings in Japan, and less than
most voice mails wait (our wish)."""

_UUID_CHARS = 36

_LENT = "-message"
"""In the name of what a caller said, which lies plain in the folder while a person hears it."""

_BEEP = BUILTIN_PROMPTS / "beep.wav"


class OnCallPhones:
    """The calls that are going on; everything here runs in the event loop.

    Args:
        agents: all there are; asked when one is needed.
        recordings: the door to what callers said.
        folder: where announcements are kept while they are said; created when missing.
        ended: takes memo, person, end, and what is to be done once that is written down.
        trouble: raises an alert (id, problem, remedy) or clears it (None).
    """

    def __init__(
        self,
        *,
        agents: Callable[[], Sequence[Agent]],
        recordings: Recordings,
        folder: Path,
        ended: Callable[[str, str, OnCallEnd, Callable[[], None]], None],
        trouble: Callable[[str, str | None, str], None],
    ) -> None:
        self._agents = agents
        self._recordings = recordings
        self._folder = folder
        self._ended = ended
        self._trouble = trouble
        self._led: dict[str, Agent] = {}
        """Call → its agent."""
        self._adrift: dict[str, float] = {}
        """Calls whose agent's connection has ended, and when, on the event loop's clock: it may be
        alive all the same, and ring or play."""
        self._log = structlog.get_logger()

    def going(self, memo: str) -> bool:
        """Tell whether somebody is being called about this memo."""
        return any(parts_of(call)[0] == memo for call in self._led)

    def memos(self) -> frozenset[str]:
        """Return about which memos somebody is being called, by an agent that can be told."""
        return frozenset(parts_of(call)[0] for call in self._led if call not in self._adrift)

    def lines(self) -> int:
        """Return how many lines these calls take."""
        return len(self._led)

    def ringing(self, person: str) -> bool:
        """Tell whether this person is being called, about whatever memo: they have one ear."""
        return any(parts_of(call)[1] == person for call in self._led)

    async def call(
        self,
        memo: Memo,
        person: Shift,
        language: str,
        words: str,
        still: Callable[[], Awaitable[bool]],
    ) -> bool:
        """Call somebody; what comes of it is told to `ended`.

        Args:
            memo: that nobody has claimed.
            person: whom.
            language: of the words.
            words: said before the message.
            still: tells whether they are to be called; asked once the words are spoken, which may
                take a minute.

        Returns:
            False when there is no agent for it now, each has one such call at most; or they are not
            to be called any more.
        """
        call = call_of(memo.id, person.name)
        if self._idle() is None:
            return False
        said = await self._said(call, language, words)
        # The message once: a voice mail that hears it thrice keeps the next person waiting.
        prompts = [*said, *await self._lent(call, memo), *said, *said]
        wanted = await still()
        # From here on without a pause: nothing may come between the answer and the order.
        agent = self._idle()
        if agent is None or not wanted or self.going(memo.id) or self.ringing(person.name):
            if call not in self._led:
                self._drop(call)
            return False
        command = CallOnCall(
            call=call,
            number=person.number,
            prompts=tuple(str(one) for one in prompts if self._is_there(one)),
            ring_s=RING_S,
        )
        try:
            agent.send(command)
        except ChildGoneError:
            self._drop(call)
            return False
        self._led[call] = agent
        self._log.info("on call: calling", memo=memo.id, person=person.name)
        return True

    def leave(self, memo: str) -> None:
        """End the call about a memo: somebody has it, or it is closed."""
        for call, agent in tuple(self._led.items()):
            if parts_of(call)[0] == memo:
                hang_up(agent, call)

    # Event loop, from an agent.
    def hear(self, agent: Agent, event: wire.Event) -> None:
        """Take an event of an agent; those of other calls are somebody else's."""
        match event:
            case wire.Hello(calls_back=calls):
                self._meet(agent, [call for call in calls if is_on_call(call)])
            case OnCallEnded(call=call, end=end, reason=reason):
                self._log.info("on call: ended", call=call, end=end, reason=reason)
                self._end(call, end, lambda: tell_written(agent, call))

    # Event loop, from an agent's client.
    def agent_gone(self, agent: Agent) -> None:
        """An agent died, and its calls with it; or it only let go of us, and says so at once.

        So they are lost when the next `Hello` does not name them, or none comes.
        """
        loop = asyncio.get_running_loop()
        at = loop.time()
        self._adrift |= {call: at for call, owner in self._led.items() if owner is agent}
        # Runs in the event loop.
        loop.call_later(LOST_S, self._give_up, agent, at)

    def _meet(self, agent: Agent, calls: Sequence[str]) -> None:
        """Take over what an agent says that it has; what it has no more is lost."""
        self._led |= dict.fromkeys(calls, agent)
        for call in calls:
            self._adrift.pop(call, None)
        self._give_up(agent)

    def _give_up(self, agent: Agent, gone_at: float | None = None) -> None:
        """Tell the end of what an agent had when its connection ended; None: whenever that was."""
        for call, at in tuple(self._adrift.items()):
            if self._led[call] is agent and gone_at in (None, at):
                self._end(call, "no_line", lambda: None)

    def _end(self, call: str, end: OnCallEnd, written: Callable[[], None]) -> None:
        self._led.pop(call, None)
        self._adrift.pop(call, None)
        self._drop(call)
        memo, person = parts_of(call)
        self._ended(memo, person, end, written)

    def tidy(self) -> None:
        """Remove announcements that a crash has left: names are said in them.

        Called in the event loop, once it is known which calls go on.
        """
        try:
            calls = {one.stem.removesuffix(_LENT) for one in self._folder.glob("*.wav")}
        except OSError as error:
            self._log.error("on call: the folder cannot be read", problem=str(error))
            return
        for call in calls - self._led.keys():
            self._drop(call)

    async def _said(self, call: str, language: str, words: str) -> list[Path]:
        """The announcement; without a voice a tone, and an alert that says what is missing."""
        path = self._announcement(call)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            await speak(words, language, path)
        except (PromptError, OSError) as error:
            self._log.error("on call: the message is played without words", problem=str(error))
            remedy = (
                "Install a voice or mend it; until then people on call hear a tone and the message"
            )
            self._trouble("on-call-voice", str(error), remedy)
            return [_BEEP]
        self._trouble("on-call-voice", None, "")
        return [path]

    async def _lent(self, call: str, memo: Memo) -> list[Path]:
        """The caller's message as a file that an agent can play."""
        path = self._folder / f"{call}{_LENT}.wav"
        try:
            return [await asyncio.to_thread(self._recordings.playable, memo.call.id, path)]
        except SpoolError as error:
            self._log.error("on call: the message cannot be played", problem=str(error))
            return []

    def _drop(self, call: str) -> None:
        try:
            self._announcement(call).unlink(missing_ok=True)
            (self._folder / f"{call}{_LENT}.wav").unlink(missing_ok=True)
        except OSError as error:  # the end of the call counts all the same
            self._log.error("on call: an announcement cannot be removed", problem=str(error))

    def _is_there(self, wav: Path) -> bool:
        try:
            return wav.is_file()
        except OSError as error:
            self._log.error("on call: a file cannot be read, it is not played", problem=str(error))
            return False

    def _announcement(self, call: str) -> Path:
        return self._folder / f"{call}.wav"

    def _idle(self) -> Agent | None:
        """An agent without such a call that has most lines free; of equal ones the last.

        A night of many memos must not take the lines of those who call.
        """

        def load(agent: Agent) -> int:
            return agent.pong.calls if agent.pong is not None else 0

        led = list(self._led.values())
        idle = [agent for agent in self._agents() if agent.serving and agent not in led]
        return min(reversed(idle), key=load, default=None)


def call_of(memo: str, person: str) -> str:
    """Return the id of the call to somebody about a memo."""
    return f"{PREFIX}.{memo}.{person}"


def parts_of(call: str) -> tuple[str, str]:
    """Return memo and person of such an id."""
    memo = call[len(PREFIX) + 1 :][:_UUID_CHARS]
    return memo, call[len(PREFIX) + _UUID_CHARS + 2 :]
