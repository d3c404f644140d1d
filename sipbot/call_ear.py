"""What one call records, hears and keeps: the doing of a script's actions about the caller's voice.

Data path: sip -> dialplan -> script -> calls -> [call_ear] -> spool -> speech -> memo
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog

from sipbot import script_events as script
from sipbot.errors import SpoolError
from sipbot.memo import LIVE_EAR
from sipbot.reading import Reading
from sipbot.script_state import Script
from sipbot.sip import wire
from sipbot.spans import Spans
from sipbot.speech import wire as speech
from sipbot.spool import Kept, Note, Spool
from sipbot.wav import longest_s

JUDGE_LIMIT_S = 5.0
"""How long the end of a call waits to hear whether the caller spoke: the detector needs 3 ms for
each second of audio and an ear 0.6 s after the last word (measured), so 5 s means that the
recogniser is down.  Then the recording counts as a message: one too many costs an operator a
minute, one too few a client a customer."""

CRASH_S = 1.0
"""What a crash takes of a recording: 100 ms that the recorder had not written, up to 120 ms in the
jitter buffer, and the while until main hears of it.  An agent that lacks more has hung before it
died."""

UNJUDGED = "recording was not judged in time and counts as a message"
"""Log line of a call whose caller may have said nothing; see `JUDGE_LIMIT_S`."""

_log = structlog.get_logger()


class CallEar:
    """The recording of a call, the ear that follows it, and the answers that are in it.

    Args:
        call: the call's id.
        client: whose call it is.
        language: the client's.
        spool: where recordings are.
        reading: hands recordings to ears.
        send: sends a command to the agent.
    """

    def __init__(
        self,
        call: str,
        client: str,
        language: str,
        spool: Spool,
        reading: Reading,
        send: Callable[[wire.Command], None],
    ) -> None:
        self._call = call
        self._client = client
        self._language = language
        self._spool = spool
        self._reading = reading
        self._send = send
        self._spans = Spans()
        self._turn = 0
        """Number of the caller's last turn to speak."""
        self._listening = False
        self._brief = False
        """The caller's voice was so short that only words make a message of it."""
        self._voice: tuple[float, float] | None = None
        self.kept = Kept()
        """What the caller has answered so far."""

    async def resume(self, *, with_answers: bool = True) -> None:
        """Take over a recording that an earlier run of sipbot left, and the answers in it.

        Args:
            with_answers: False where the answers cannot be read, and the call ends without them.

        Raises:
            SpoolError: the answers cannot be read.
        """
        self._reading.listen(self._call, self._language, self._client)
        if with_answers:
            self.kept = await asyncio.to_thread(self._spool.kept, self._call)
        self._voice = self.kept.voice

    def do(self, action: script.Action, begun: wire.Begun | None = None) -> None:
        """Do what the script wants about recording and hearing.

        Args:
            action: what it wants.
            begun: what the agent has begun by itself when this happened; where that is the
                recording, the caller's turn has begun with it.
        """
        path = str(self._spool.audio(self._call))
        recorded = begun is not None and begun.path == path
        now_s = begun.at_s if begun is not None and recorded else time.monotonic()
        match action:
            case script.OpenRecording():
                if not recorded:
                    self._send(wire.Record(call=self._call, path=path))
                self._spans.open(now_s)
                self._reading.listen(self._call, self._language, self._client)
            case script.CloseRecording():
                self._send(wire.StopRecording(call=self._call))
            case script.Listen():
                self._listen(action, self._spans.position_s(now_s))
            case script.StopListening():
                self._listening = False
                self._reading.relax(self._call)
            case script.BeginSpan(n=n):
                self._spans.begin(n, now_s)
            case script.EndSpan(n=n):
                self._spans.end(n, now_s)
            case script.Discard(n=n):
                self._spans.discard(n)

    def understand(
        self, reply: speech.Reply, call: Script, *, cut_off: bool
    ) -> script.Event | None:
        """Return what an ear says in the script's words; what it says of earlier turns is late.

        Args:
            reply: what the live recogniser said.
            call: where the call is.
            cut_off: whether part of what the caller said is missing.
        """
        # Every voice is a message where its end is missing, and where the caller calls it urgent.
        min_s = 0.0 if cut_off or call.urgent else call.course.min_s
        match reply:
            case speech.SpeechStarted(n=n) if self._is_turn(n):
                return script.SpeechStarted()
            case speech.SpeechEnded(n=n, text=text, choice=choice) if self._is_turn(n):
                return script.SpeechEnded(text=text, choice=choice)
            case speech.Silent(n=n) if self._is_turn(n):
                return script.Silent()
            # Not by a partial text: of a cough it is often a syllable that the ear then drops.
            case speech.Heard():
                return self._judge(reply, min_s)
            case speech.Final(transcript=transcript) if self._brief:
                return script.Judged(spoke=bool(transcript.text.strip()))
            case speech.Failed() if self._brief:
                return script.Judged(spoke=True)  # nobody can say that there were no words
            case _:
                return None

    def _judge(self, heard: speech.Heard, min_s: float) -> script.Event | None:
        """Judge by the voice alone, unless it is short and an ear may have heard words in it."""
        self._voice = heard.voice
        listens = LIVE_EAR in self._reading.ears(self._language)
        self._brief = 0 < heard.voice_s < min_s and listens
        return None if self._brief else script.Judged(spoke=heard.voice_s > 0)

    def heed(self, event: script.Event, call: Script) -> None:
        """Log that a recording becomes a message because nobody has listened to it in time."""
        if isinstance(event, script.Judged) and event.late and call.spoke is None:
            _log.warning(UNJUDGED, call=self._call)

    def cut_off(self, call: Script, *, whole: bool) -> Script:
        """Return the script of a call whose agent has died.

        An agent that had hung before has not recorded what was said to it meanwhile: that may have
        been the message, and nobody can hear any more that it was not.

        Args:
            call: where the call is.
            whole: whether its recording was closed and is safe.
        """
        recorded_s = longest_s(self._spool.audio(self._call))
        missing_s = self._spans.position_s(time.monotonic()) - recorded_s
        hung = not whole and missing_s > CRASH_S
        return msgspec.structs.replace(call, spoke=True) if hung else call

    async def seal(self, *, cut_off: bool) -> None:
        """Make the closed recording safe.

        The live ear brings the growing file to the disk, and Linux tells an error of the disk once:
        an fsync here succeeds after one there has failed, though the bytes are not on the disk.

        Args:
            cut_off: whether part of what the caller said is missing.

        Raises:
            SpoolError: it cannot be made safe, or the disk has refused some of it before.
        """
        await self._spool.seal(self._call, cut_off=cut_off)
        if problem := self._reading.refused(self._call):
            raise SpoolError(problem)

    async def keep(self, call: Script) -> None:
        """Write down every new answer: whoever finishes the call after a crash must know it.

        Raises:
            SpoolError: there is no room, or the folder cannot be written.
        """
        kept = msgspec.structs.replace(self._spans.kept(call), voice=self._voice)
        if kept != self.kept:
            self.kept = kept
            await asyncio.to_thread(self._spool.keep, self._call, kept)

    def _is_turn(self, n: int) -> bool:
        return self._listening and n == self._turn

    def _listen(self, wanted: script.Listen, from_s: float) -> None:
        self._turn, self._listening = self._turn + 1, True
        self._reading.expect(
            speech.Expect(
                job=self._call,
                n=self._turn,
                from_s=from_s,
                end_silence_s=wanted.limits.end_silence_s,
                no_speech_s=wanted.limits.no_speech_s,
                words=wanted.words,
                phrases=wanted.phrases,
            )
        )


def routed(note: Note, spool: Spool) -> Note:
    """Return a note with what the route said of the call when it came: it is beside the recording.

    Args:
        note: of a call of an earlier run, as the ledger has it.
        spool: where the recording is.
    """
    try:
        kept = spool.note(note.offer.call)
    except SpoolError as error:
        _log.warning(
            "the call's route is not known any more", call=note.offer.call, problem=str(error)
        )
        return note
    return msgspec.structs.replace(note, urgent=kept.urgent, category=kept.category)
