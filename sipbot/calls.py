"""One call from INVITE to end state: the flow that ties the agent to script, spool and ledger.

Data path: sip -> dialplan -> script -> [calls] -> spool -> speech -> memo -> outbox -> mqtt

`LiveCall` is one task a call.  Everything that happens to the call goes through its queue in the
order it happened; the script decides, the flow does.  A call that a crash has cut off, and one that
an earlier run of sipbot has left behind, end by the very same code.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import msgspec
import structlog

from sipbot import script_events as script
from sipbot.call_ear import JUDGE_LIMIT_S, CallEar, routed
from sipbot.call_times import CallTimes
from sipbot.call_tools import OVER, Agent, Gone, Tools, Work, answer, left_in, play, transfer
from sipbot.caller import CallerId
from sipbot.caller_history import caller_with_history
from sipbot.disk import AUDIO_BYTES_PER_S
from sipbot.errors import ChildGoneError, SipbotError, SpoolError
from sipbot.memo import Memo, call_facts, first_memo
from sipbot.memo_id import memo_id
from sipbot.memo_voice import with_voice
from sipbot.notice_log import NoticeLog
from sipbot.records import EndedBy, EndState
from sipbot.script import advance
from sipbot.script_state import Phase, Script
from sipbot.sip import wire
from sipbot.spans import left_of
from sipbot.speech import wire as speech
from sipbot.spool import Note
from sipbot.steps import Course, Prompt
from sipbot.timers import Timers
from sipbot.topics import LivePayload, LiveType
from sipbot.wav import longest_s

Happening = wire.Event | speech.Reply | script.Event | Gone


class LiveCall:
    """A call and the task that leads it.

    Args:
        note: the INVITE and whose call it is.
        course: what was decided about the call when its INVITE came; None for a call of an earlier
            run, which is only brought to its end.
        language: the client's; empty when its dialplan is gone.
        region: ISO 3166-1 alpha-2, whose national numbers callers key.
        caller: who calls, as operators may see it.
        agent: who has the call; None for a call of an earlier run.
        tools: what every call needs.
        beside: does work that the call need not wait for, and tries again until it is done.
    """

    def __init__(
        self,
        *,
        note: Note,
        course: Course | None,
        language: str,
        region: str,
        caller: CallerId,
        agent: Agent | None,
        tools: Tools,
        beside: Callable[[Work], None],
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
        self.language = language
        self.script = Script(course=course or OVER, caller_known=caller.number is not None)
        self._region = region
        self._tools = tools
        self._audio = tools.spool.audio(self.call)
        self._beside = beside
        self._queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._timers = Timers(self.happen)
        self._playing: Prompt | None = None
        self._begun: wire.Begun | None = None  # by the agent alone, with what happened last
        self._ear = CallEar(
            self.call, note.client, language, tools.spool, tools.reading, self._send
        )
        self._ended_by = EndedBy.SIPBOT
        self._code: int | None = None
        self.told: wire.Ended | None = None  # by its agent, once it is over
        self._cut_off = False
        self._whole = False  # all that was recorded is on disk
        self._times = CallTimes(note.offer.received_at)
        self._notice = NoticeLog(note.offer.call, tools.ledger.call_notices, beside)
        self._log = structlog.get_logger().bind(call=self.call, client=self.client)

    @property
    def call(self) -> str:
        """The call's id."""
        return self.offer.call

    @property
    def answered_at(self) -> datetime | None:
        """When the call was answered, UTC; None before."""
        return self._times.answered_at

    def happen(self, happening: Happening) -> None:
        """Queue something that happened to the call; called in the event loop."""
        self._queue.put_nowait(happening)

    async def resume(
        self, answered_at: datetime | None, told: wire.Ended | None, *, with_answers: bool = True
    ) -> None:
        """Take over a call that an earlier run of sipbot left without an end state.

        Args:
            answered_at: from the ledger.
            told: what the agent said that finished it alone; None when it was a crash.
            with_answers: False where what the caller answered cannot be read.

        Raises:
            SpoolError: what the caller answered was written down and cannot be read.
        """
        recorded = self._tools.spool.has_audio(self.call)
        self._times.resume(answered_at)
        was_answered = recorded or answered_at is not None or (told is not None and told.answered)
        transferred = told is not None and told.transferred
        if told is not None and told.transferred:
            self._times.leave(told.at or datetime.now(UTC), 0.0)
        elif recorded:
            audio_s = longest_s(self._audio)
            self._times.leave(self._tools.spool.last_written(self.call), audio_s)
            await self._ear.resume(with_answers=with_answers)
            self.note = routed(self.note, self._tools.spool)
        self.script = msgspec.structs.replace(
            self.script,
            phase=left_in(answered=was_answered, transferred=transferred),
            recorded=recorded,
            number_left=any(one.source == "keys" for one in self._ear.kept.answers),
        )
        self.happen(Gone() if told is None else msgspec.structs.replace(told, code=200))

    def take_no_message(self, why: SipbotError) -> None:
        """Apologise instead of recording: what the caller says could not be kept."""
        self._unsafe(str(why))
        self.script = self.script.refusing()

    async def run(self) -> None:
        """Lead the call to its end state."""
        self._log.info("call", uri=self.offer.request_uri, phase=self.script.phase)
        try:
            while self.script.phase is not Phase.ENDED:
                happening = await self._queue.get()
                self._begun = getattr(happening, "begun", None)
                event = await self._understand(happening)
                self._notice.heed(happening, self.script.course, self.answered_at)
                if event is None:
                    continue
                self.script, actions = advance(self.script, event)
                for action in actions:
                    await self._do(action)
                await self._keep()
        finally:
            self._timers.cancel()

    # -- what happened, in the script's words ---------------------------------------------------

    async def _understand(self, happening: Happening) -> script.Event | None:
        match happening:
            case script.Event():
                self._ear.heed(happening, self.script)
                return happening
            case Gone() if self.agent is None or self.on_the_line:
                return await self._cut_off_by_crash()
            case wire.Ended():
                return await self._hung_up(happening)
            case wire.Answered():
                return self._answered()
            case wire.RecordingClosed():
                return await self._recording_closed(happening)
            case wire.PromptEnded(wav=wav) if self._playing and wav == self._playing.wav:
                return script.PromptEnded(prompt=self._playing.name)
            case wire.Key(key=key):
                return script.KeyPressed(key=key)
            case wire.Transferred():
                self._log.info("a person has answered")
                self._tell("connected")
                return script.Transferred()
            case wire.TransferFailed(code=code, reason=reason):
                self._log.warning("not transferred", code=code, reason=reason)
                return script.TransferFailed()
            case wire.MediaFailed(problem=problem):
                self._log.error("call has no audio", problem=problem)
                return script.MediaFailed()
            case _:
                return self._understand_speech(happening)

    def _understand_speech(self, happening: Happening) -> script.Event | None:
        match happening:
            case speech.Partial(text=text):
                self.partial = text
                if self.on_the_line:  # the rest is read after the hang-up, the last live event
                    self._tell("partial", text)
                return script.Understood(text=text)
            case speech.Base():
                return self._ear.understand(happening, self.script, cut_off=self._cut_off)
        return None

    def _answered(self) -> script.Event:
        # Beside the call: a commit takes 4 ms to seconds, and the caller may be speaking by then.
        at = self._times.answer(self._begun.at_s if self._begun is not None else None)
        self._beside(partial(self._tools.ledger.call_answered, self.call, at))
        self._tell("answered")
        return script.Answered()

    async def _recording_closed(self, closed: wire.RecordingClosed) -> script.Event:
        """Make the recording safe before anything that the caller hears says that it is."""
        missing_s = closed.recorded_s - closed.audio_bytes / AUDIO_BYTES_PER_S
        self._cut_off = missing_s > wire.MISSING_S or not closed.whole
        try:
            await self._ear.seal(cut_off=self._cut_off)
        except SpoolError as error:
            self._unsafe(str(error))
            return script.RecordingUnsafe()
        self._tools.reading.recorded(self.call)
        if self._cut_off:
            lacks = f"{missing_s:.1f} s of {closed.recorded_s:.1f} s"
            self._unsafe(f"{lacks} are not on disk, or it refused a write")
            return script.RecordingUnsafe()
        for alert in ("recording-unsafe", "recording-stalled"):
            self._tools.trouble(alert, None, "")
        self._whole = True
        return script.RecordingSafe()

    def _unsafe(self, problem: str) -> None:
        self._log.error("recording is not safe", problem=problem)
        problem = f"the recording of call {self.call} is not safe: {problem}"
        self._tools.trouble("recording-unsafe", problem, "Is the disk full, or too slow?")

    async def _hung_up(self, ended: wire.Ended) -> script.Event:
        self._ended_by, self._code, self.told = ended.by, ended.code, ended
        if ended.transferred:  # while we slept, perhaps: then the script went on by itself
            self.script = msgspec.structs.replace(self.script, phase=Phase.CONNECTED)
        self._free_line()
        if self.agent is None and self.script.recorded:  # finished alone: nobody has sealed it yet
            self._tools.reading.recorded(self.call)
        return script.HungUp(by=ended.by)

    async def _cut_off_by_crash(self) -> script.Event:
        self._ended_by, self._cut_off = EndedBy.CRASH, not self._whole
        self.script = self._ear.cut_off(self.script, whole=self._whole)
        self._free_line()
        if self.script.recorded:
            await self._tools.spool.seal(self.call, cut_off=self._cut_off)
            self._tools.reading.recorded(self.call)
        return script.HungUp(by=EndedBy.CRASH)

    def _free_line(self) -> None:
        """The caller is gone; a recorder that has not written its first frames leaves nothing."""
        self._tell("hung_up")
        self.on_the_line = False
        if self.script.recorded and self._has_nothing():
            self.script = msgspec.structs.replace(self.script, recorded=False)
            self._tools.reading.dismiss(self.call)

    def _has_nothing(self) -> bool:
        try:
            return not self._tools.spool.has_audio(self.call)
        except SpoolError:
            return False  # whoever makes the recording safe says what the disk has

    # -- what the script wants ------------------------------------------------------------------

    async def _do(self, action: script.Action) -> None:
        match action:
            case script.Ring(for_s=for_s):
                self._send(wire.Ring(call=self.call))
                self._tell("ringing")
                self._timers.after(for_s, script.RingingOver())
            case script.Answer():
                await self._prepare()
                self._send(answer(self.call, self.script, self._audio))
            case script.Play(prompt=prompt):
                self._playing = prompt
                if self._begun is None or self._begun.path != prompt.wav:
                    self._send(play(self.call, self.script, prompt, self._audio))
            case script.StopPlaying():
                self._playing = None
                self._send(wire.StopPlaying(call=self.call))
            case script.HangUp(code=code):
                self._send(wire.HangUp(call=self.call, code=code))
            case script.Judge():
                self._timers.after(JUDGE_LIMIT_S, script.Judged(spoke=True, late=True))
            case script.End(state=state):
                await self.end(state)
            case _:
                self._do_in_step(action)

    async def _prepare(self) -> None:
        if self.script.course.refuse:
            return  # there may be no room even for a note
        try:
            await asyncio.to_thread(self._tools.spool.prepare, self.note)
        except SpoolError as error:
            self.take_no_message(error)

    def _do_in_step(self, action: script.Action) -> None:
        match action:
            case script.Enter(step=step):
                kind = type(self.script.course.steps.get(step)).__name__
                self._log.info("step", step=step, kind=kind)
            case script.Transfer(to=to, ring_s=ring_s):
                self._tell("transferring")
                self._send(transfer(self.note, self._region, to, ring_s))
            case script.Wait(n=n, for_s=for_s):
                self._log.info("turn", phase=self.script.phase)
                self._timers.wait(n, for_s)
            case script.StopWaiting():
                self._timers.stop_waiting()
            case _:
                self._ear.do(action, self._begun)

    async def _keep(self) -> None:
        if self.agent is None or self.script.course.refuse:
            return
        try:
            await self._ear.keep(self.script)
        except SpoolError as error:
            self._unsafe(str(error))

    async def end(self, state: EndState) -> None:
        """Write the end state down; may be asked for again after ledger or disk refused it."""
        now = self._times.end()
        self.ending = state
        await self._keep()  # a number that the caller was keying when it hung up
        memo = await self._memo(now) if state is EndState.MEMO else None
        if memo is None and self.script.recorded:
            self._tools.reading.dismiss(self.call)
        ended = await self._tools.ledger.end_call(
            self.call, state, now, self._ended_by, self._code, memo, answered_at=self.answered_at
        )
        if not ended:
            self._log.warning("call had its end state already", state=state)
            return
        self.memo = memo
        self._log.info("call ended", state=state, by=self._ended_by, code=self._code)

    async def _memo(self, ended_at: datetime) -> Memo:
        recording = await self._tools.spool.seal(self.call, cut_off=self._cut_off)
        memo = first_memo(
            memo_id=memo_id(self.offer),
            client=self.client,
            call=call_facts(
                self.offer,
                self.caller,
                answered_at=self.answered_at,
                ended_at=ended_at,
                ended_by=self._ended_by,
                cut_off=self._cut_off,
            ),
            caller=await caller_with_history(self.caller, self.client, self._tools.ledger),
            recording=recording,
            left=left_of(
                self._ear.kept,
                until_s=recording.duration_s,
                urgent=self.note.urgent,
                category=self.note.category,
                region=self._region,
            ),
            audio_url=self._tools.audio_url(self.call, memo_id(self.offer)),
            at=datetime.now(UTC),
            ears=self._tools.reading.ears(self.language, self.client),
            region=self._region,
        )
        return with_voice(memo, self._ear.kept.voice)

    # -- small helpers --------------------------------------------------------------------------

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
