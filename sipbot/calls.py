"""One call from INVITE to end state: the flow that ties the agent to script, spool and ledger.

Data path: sip -> dialplan -> script -> [calls] -> spool -> speech -> memo -> outbox -> mqtt

`LiveCall` is one task a call.  Everything that happens to the call goes through its queue in the
order it happened; the script decides, the flow does.  A call that a crash has cut off, and one that
an earlier run of sipbot has left behind, end by the very same code.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import structlog
import uuid6

from sipbot import script
from sipbot.call_times import CallTimes
from sipbot.caller import CallerId
from sipbot.dialplan import Dialplan
from sipbot.disk import AUDIO_BYTES_PER_S
from sipbot.errors import ChildGoneError, LedgerError, SipbotError, SpoolError
from sipbot.ledger import Ledger
from sipbot.memo import Caller, Memo, call_facts, first_memo
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState
from sipbot.sip import wire
from sipbot.speech import wire as speech
from sipbot.spool import Note, Spool
from sipbot.topics import LivePayload, LiveType
from sipbot.wav import longest_s

JUDGE_LIMIT_S = 5.0
"""How long the end of a call waits to hear whether the caller spoke: the detector needs 3 ms for
each second of audio (measured), so 5 s means that the recogniser is down.  Then the recording
counts as a message: a memo too many costs an operator a minute, one too few a client a customer."""


class Agent(Protocol):
    """The agent that has the call."""

    def send(self, command: wire.Command) -> None:
        """Send a command; raises ChildGoneError when the agent is not there."""


class Gone(msgspec.Struct, frozen=True):
    """The agent died with this call on the line."""


Happening = wire.Event | speech.Reply | script.Event | Gone


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What every call needs."""

    ledger: Ledger
    spool: Spool
    reading: Reading
    tell: Callable[[str, str, LivePayload], None]
    """Tell the live feed: client, call, payload.  Never blocks, may drop."""
    trouble: Callable[[str, str | None, str], None]
    """Tell what a person should look at: id, problem (None when it is over), remedy."""
    audio_url: Callable[[str], str]
    """Call id → where an operator can listen."""


class LiveCall:
    """A call and the task that leads it.

    Args:
        note: the INVITE and whose call it is.
        plan: the client's dialplan at the moment of the INVITE; None for a call of an earlier run
            whose client has no dialplan any more.
        caller: who calls, as operators may see it.
        agent: who has the call; None for a call of an earlier run.
        tools: what every call needs.
        refuse: whether messages are refused now.
    """

    def __init__(
        self,
        *,
        note: Note,
        plan: Dialplan | None,
        caller: CallerId,
        agent: Agent | None,
        tools: Tools,
        refuse: bool = False,
    ) -> None:
        self.note = note
        self.offer = note.offer
        self.client = note.client
        self.caller = caller
        self.agent = agent
        self.partial = ""
        self.memo: Memo | None = None
        """What the call has left, once it has ended."""
        self.ending: EndState | None = None
        """Its end state, once that is known; the ledger may have refused to take it."""
        self.on_the_line = agent is not None
        """Whether the call holds a line; its end state may still be on its way after that."""
        self.script = script.Script(rules=plan.rules(refuse=refuse) if plan else script.Rules())
        self._plan = plan
        self._tools = tools
        self._queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._timers: list[asyncio.TimerHandle] = []
        self._playing: script.PromptName | None = None
        self._ended_by = EndedBy.SIPBOT
        self._code: int | None = None
        self._cut_off = False
        self._times = CallTimes(note.offer.received_at)
        self._log = structlog.get_logger().bind(call=self.call, client=self.client)

    @property
    def call(self) -> str:
        """The call's id."""
        return self.offer.call

    @property
    def answered_at(self) -> datetime | None:
        """When the call was answered, UTC; None before."""
        return self._times.answered_at

    @property
    def language(self) -> str:
        """The client's language; empty when its dialplan is gone."""
        return self._plan.language if self._plan is not None else ""

    def happen(self, happening: Happening) -> None:
        """Queue something that happened to the call; called in the event loop."""
        self._queue.put_nowait(happening)

    def resume(self, answered_at: datetime | None, *, by: EndedBy) -> None:
        """Take over a call that an earlier run of sipbot left without an end state.

        Args:
            answered_at: from the ledger.
            by: how it ended: CRASH, or what the agent said that finished it alone.
        """
        recorded = self._tools.spool.has_audio(self.call)
        self._times.resume(answered_at)
        was_answered = recorded or answered_at is not None
        self.script = script.Script(
            rules=self.script.rules,
            phase=script.Phase.RECORDING if was_answered else script.Phase.OFFERED,
            recorded=recorded,
        )
        if recorded:
            audio_s = longest_s(self._tools.spool.audio(self.call))
            self._times.leave(self._tools.spool.last_written(self.call), audio_s)
            self._tools.reading.listen(self.call, self.language, 30.0, 60.0)
        ended = wire.Ended(call=self.call, by=by, code=200, reason="", answered=was_answered)
        self.happen(Gone() if by is EndedBy.CRASH else ended)

    def take_no_message(self, why: SipbotError) -> None:
        """Apologise instead of recording: what the caller says could not be kept."""
        self._unsafe(str(why))
        self.script = self.script.refusing()

    async def run(self) -> None:
        """Lead the call to its end state."""
        self._log.info("call", uri=self.offer.request_uri, phase=self.script.phase)
        try:
            while self.script.phase is not script.Phase.ENDED:
                event = await self._understand(await self._queue.get())
                if event is None:
                    continue
                self.script, actions = script.advance(self.script, event)
                for action in actions:
                    await self._do(action)
        finally:
            self._cancel_timers()

    # -- what happened, in the script's words ---------------------------------------------------

    async def _understand(self, happening: Happening) -> script.Event | None:
        match happening:
            case script.Event():
                return happening
            case Gone():
                return await self._cut_off_by_crash()
            case wire.Ended(by=by, code=code):
                return await self._hung_up(by, code)
            case wire.Answered():
                return await self._answered()
            case wire.RecordingClosed():
                return await self._recording_closed(happening)
            case wire.PromptEnded() if self._playing is not None:
                return script.PromptEnded(prompt=self._playing)
            case wire.Key(key=key):
                return script.KeyPressed(key=key)
            case wire.MediaFailed(problem=problem):
                self._log.error("call has no audio", problem=problem)
                return script.MediaFailed()
            case _:
                return self._understand_speech(happening)

    def _understand_speech(self, happening: Happening) -> script.Event | None:
        match happening:
            case speech.SpeechStarted():
                return script.SpeechStarted()
            case speech.SpeechEnded():
                return script.SpeechEnded()
            case speech.Silent():
                return script.Silent()
            case speech.Heard(speech_s=speech_s):
                return script.Judged(spoke=speech_s > 0)
            case speech.Partial(text=text):
                self.partial = text
                self._tell("partial", text)
        return None

    async def _answered(self) -> script.Event:
        answered_at = self._times.answer()
        try:
            await self._tools.ledger.call_answered(self.call, answered_at)
        except LedgerError as error:
            self.take_no_message(error)
        self._tell("answered")
        return script.Answered()

    async def _recording_closed(self, closed: wire.RecordingClosed) -> script.Event:
        """Make the recording safe before anything that the caller hears says that it is."""
        missing_s = closed.recorded_s - closed.audio_bytes / AUDIO_BYTES_PER_S
        self._cut_off = missing_s > wire.MISSING_S
        try:
            await self._tools.spool.seal(self.call, cut_off=self._cut_off)
        except SpoolError as error:
            self._unsafe(str(error))
            return script.RecordingUnsafe()
        self._tools.reading.recorded(self.call)
        if self._cut_off:
            self._unsafe(f"{missing_s:.1f} s of {closed.recorded_s:.1f} s are not on disk")
            return script.RecordingUnsafe()
        for alert in ("recording-unsafe", "recording-stalled"):
            self._tools.trouble(alert, None, "")
        return script.RecordingSafe()

    def _unsafe(self, problem: str) -> None:
        self._log.error("recording is not safe", problem=problem)
        problem = f"the recording of call {self.call} is not safe: {problem}"
        self._tools.trouble("recording-unsafe", problem, "Is the disk full, or too slow?")

    async def _hung_up(self, by: EndedBy, code: int) -> script.Event:
        self._ended_by, self._code = by, code
        self._tell("hung_up")
        self.on_the_line = False
        self._forget_empty_recording()
        if self.agent is None and self.script.recorded:  # finished alone: nobody has sealed it yet
            self._tools.reading.recorded(self.call)
        return script.HungUp(by=by)

    async def _cut_off_by_crash(self) -> script.Event:
        self._ended_by, self._cut_off = EndedBy.CRASH, True
        self._tell("hung_up")
        self.on_the_line = False
        self._forget_empty_recording()
        if self.script.recorded:
            await self._tools.spool.seal(self.call, cut_off=True)
            self._tools.reading.recorded(self.call)
        return script.HungUp(by=EndedBy.CRASH)

    def _forget_empty_recording(self) -> None:
        """A recorder that has not written its first 256 ms leaves nothing to listen to."""
        if self.script.recorded and not self._tools.spool.has_audio(self.call):
            self.script = msgspec.structs.replace(self.script, recorded=False)
            self._tools.reading.dismiss(self.call)

    # -- what the script wants ------------------------------------------------------------------

    async def _do(self, action: script.Action) -> None:
        match action:
            case script.Ring(for_s=for_s):
                self._send(wire.Ring(call=self.call))
                self._tell("ringing")
                self._after(for_s, script.RingingOver())
            case script.Answer():
                await self._prepare()
                self._send(wire.Answer(call=self.call, alone=self._alone()))
            case script.Play(prompt=prompt):
                self._playing = prompt
                self._send(wire.Play(call=self.call, wav=self._wav(prompt)))
            case script.StopPlaying():
                self._playing = None
                self._send(wire.StopPlaying(call=self.call))
            case script.Record(max_s=max_s):
                self._record(max_s)
            case script.StopRecording():
                self._send(wire.StopRecording(call=self.call))
            case script.HangUp(code=code):
                self._send(wire.HangUp(call=self.call, code=code))
            case script.Judge():
                self._after(JUDGE_LIMIT_S, script.Judged(spoke=True))
            case script.End(state=state):
                await self.end(state)

    async def _prepare(self) -> None:
        if self.script.rules.refuse:
            return  # there may be no room even for a note
        try:
            await asyncio.to_thread(self._tools.spool.prepare, self.note)
        except SpoolError as error:
            self.take_no_message(error)

    def _record(self, max_s: float) -> None:
        assert self._plan is not None  # only a call with a plan is ever answered
        path = self._tools.spool.audio(self.call)
        rules = self._plan.record
        self._send(wire.Record(call=self.call, path=str(path)))
        self._tools.reading.listen(
            self.call, self._plan.language, rules.end_silence_s, rules.no_speech_s
        )
        self._after(max_s, script.TimeUp())

    async def end(self, state: EndState) -> None:
        """Write the end state down; may be asked for again after ledger or disk refused it."""
        now = self._times.end()
        self.ending = state
        memo = await self._memo(now) if state is EndState.MEMO else None
        if memo is None and self.script.recorded:
            self._tools.reading.dismiss(self.call)
        ended = await self._tools.ledger.end_call(
            self.call, state, now, self._ended_by, self._code, memo
        )
        if not ended:
            self._log.warning("call had its end state already", state=state)
            return
        self.memo = memo
        self._log.info("call ended", state=state, by=self._ended_by, code=self._code)

    async def _memo(self, ended_at: datetime) -> Memo:
        number = self.caller.number
        before = await self._tools.ledger.calls_before(number, self.client) if number else None
        recording = await self._tools.spool.seal(self.call, cut_off=self._cut_off)
        return first_memo(
            memo_id=str(uuid6.uuid7()),
            client=self.client,
            call=call_facts(
                self.offer,
                self.caller,
                answered_at=self.answered_at,
                ended_at=ended_at,
                ended_by=self._ended_by,
                cut_off=self._cut_off,
            ),
            caller=Caller(
                number=number,
                name=self.caller.name or None,
                anonymous=self.caller.source == "withheld",
                calls_before=before.count if before else None,
                last_result=before.last_result if before else None,
            ),
            recording=recording,
            audio_url=self._tools.audio_url(self.call),
            at=datetime.now(UTC),
            ears=self._tools.reading.ears(self.language),
        )

    # -- small helpers --------------------------------------------------------------------------

    def _wav(self, prompt: script.PromptName) -> str:
        assert self._plan is not None  # only a call with a plan is ever answered
        return str(self._plan.prompt(prompt))

    def _alone(self) -> wire.Alone:
        assert self._plan is not None  # only a call with a plan is ever answered
        rules = self._plan.record
        return wire.Alone(
            beep=self._wav("beep"),
            thanks=self._wav("thanks"),
            recording="" if self.script.rules.refuse else str(self._tools.spool.audio(self.call)),
            max_s=rules.max_s,
            finish_key=rules.finish_key,
        )

    def _send(self, command: wire.Command) -> None:
        try:
            if self.agent is not None:
                self.agent.send(command)
        except ChildGoneError:
            # `Gone` is on its way and ends the call; what was recorded becomes a memo.
            self._log.info("command to an agent that has just died", command=type(command).__name__)

    def _tell(self, kind: LiveType, text: str | None = None) -> None:
        caller = self.caller.number if kind in ("ringing", "answered") else None
        payload = LivePayload(type=kind, ts=datetime.now(UTC), text=text, caller=caller)
        self._tools.tell(self.client, self.call, payload)

    def _after(self, delay_s: float, event: script.Event) -> None:
        loop = asyncio.get_running_loop()
        # Runs in the event loop.
        self._timers.append(loop.call_later(delay_s, self.happen, event))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
