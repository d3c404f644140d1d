"""From a safe recording to a text: which ears read a memo, and what becomes of what they say.

Data path: calls -> [reading] -> memo -> ledger -> outbox -> mqtt

The ledger is the queue here too: a memo lists the ears it waits for (``recognition.ears_pending``),
so what has to be read after a restart is a question to the ledger and not a memory.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from sipbot.ledger import Ledger
from sipbot.memo import LIVE_EAR, SECOND_EAR, Memo, Urgency, with_failure, with_transcript
from sipbot.memo_voice import with_voice
from sipbot.records import Transcript
from sipbot.speech import wire
from sipbot.speech.ears import ModelRef, choose, for_language
from sipbot.spool import Spool
from sipbot.text_thread import TextThread
from sipbot.understanding import ClientFacts, Understood, understand, without
from sipbot.vocabulary import hints


class LiveEars(Protocol):
    """The recogniser that follows recordings while they grow."""

    def follow(self, job: str, path: Path, language: str) -> None:
        """Listen to a recording from its first sample; it may not exist yet."""

    def expect(self, turn: wire.Expect) -> None:
        """It is the caller's turn."""

    def relax(self, job: str) -> None:
        """The caller's turn is over."""

    def finish(self, job: str) -> None:
        """The recording is closed."""

    def forget(self, job: str) -> None:
        """Nobody waits for this recording any more."""


class SecondEars(Protocol):
    """The recogniser that reads stretches of speech, during the call where the cores allow it."""

    def follow(self, job: str, path: Path, language: str, terms: tuple[str, ...]) -> None:
        """Read ahead in a recording that grows; it may not exist yet."""

    def finish(self, job: str) -> None:
        """The recording is closed."""

    def reread(
        self, job: str, path: Path, language: str, terms: tuple[str, ...], *, urgent: bool = False
    ) -> None:
        """Read a closed recording; urgent ones come before the others."""

    def forget(self, job: str) -> None:
        """Nobody waits for this recording any more."""


class _Job(msgspec.Struct, kw_only=True):
    """A call whose text is on its way; `memo` is None until the call has ended."""

    memo: str | None = None
    language: str = ""
    early: dict[str, wire.Final | wire.Failed] = {}
    """What the ears said that were ready before the memo was, by engine."""
    voice: tuple[float, float] | None = None
    """Where in the recording the voice is, once it is known."""
    refused: str = ""
    """How the disk refused the recording to the ear that brings it there; empty: it did not."""


class Reading:
    """Hands recordings to ears and their texts to memos.

    Args:
        ledger: where memos are.
        spool: where recordings are.
        live: the live recogniser.
        second: the second recogniser; None when it is switched off.
        models: the installed models, which decide the ears of a language.
        texts: where texts are understood.
    """

    facts: Callable[[str], ClientFacts] = staticmethod(lambda _: ClientFacts())
    """Client to what its dialplan says about reading texts, at the moment; the switchboard, which
    has the dialplans in force, sets it."""

    through: Callable[[str], None] = staticmethod(lambda _: None)
    """Is told of each call whose recording no ear needs any more; `audio_vault` sets it."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        live: LiveEars,
        second: SecondEars | None,
        models: Sequence[ModelRef],
        texts: TextThread,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._live = live
        self._second = second
        self._texts = texts
        self._one_by_one = asyncio.Lock()
        """A memo that is to be masked waits for one text, and not for all that came before it."""
        self._ears: dict[str, Mapping[str, object]] = {
            LIVE_EAR: choose(models, "live"),
            SECOND_EAR: choose(models, "second") if second is not None else {},
        }
        """Engine → language → what hears it; first as installed, then as its recogniser says."""
        self._jobs: dict[str, _Job] = {}
        self._log = structlog.get_logger()

    def ears(self, language: str, client: str | None = None) -> tuple[str, ...]:
        """Return the engines that will read a recording in this language, in the order they do.

        Args:
            language: what is spoken.
            client: whose recording it is; None: of any client.
        """
        have = tuple(engine for engine, ears in self._ears.items() if for_language(language, ears))
        if client is None or LIVE_EAR not in have or self.facts(client).second:
            return have
        return (LIVE_EAR,)

    def listen(self, call: str, language: str, client: str) -> None:
        """Begin to follow the recording of a client's call."""
        self._jobs.setdefault(call, _Job())
        self._live.follow(call, self._spool.audio(call), language)
        if self._second is not None and SECOND_EAR in self.ears(language, client):
            self._second.follow(call, self._spool.audio(call), language, self._hints(client))

    def expect(self, turn: wire.Expect) -> None:
        """From here on the caller is to say something."""
        self._live.expect(turn)

    def relax(self, call: str) -> None:
        """Whatever the caller says now is no answer."""
        self._live.relax(call)

    def recorded(self, call: str) -> None:
        """The recording is closed and safe."""
        self._live.finish(call)
        if self._second is not None:
            self._second.finish(call)

    def dismiss(self, call: str) -> None:
        """The call left no message; nobody needs its text."""
        self._jobs.pop(call, None)
        self._live.forget(call)
        if self._second is not None:
            self._second.forget(call)
        self.through(call)

    async def begin(self, memo: Memo, language: str) -> None:
        """The call's memo is in the ledger: give it the text that is ready and ask for the rest."""
        job = self._jobs.setdefault(memo.call.id, _Job())
        job.memo, job.language = memo.id, language
        if not memo.recognition.ears_pending:
            problem = f"no speech model for language {language!r} is installed"
            await self._fail(memo.id, problem, engine=None)
            self._jobs.pop(memo.call.id, None)
            self.through(memo.call.id)
            return
        early = dict(job.early)
        if SECOND_EAR not in early:
            self._reread(memo, language)
        for engine, reply in early.items():
            await self._take(memo.id, reply, engine)
        job.early.clear()  # last: a ledger that refuses is asked again, with what is ready

    async def resume(self, language_of: dict[str, str]) -> None:
        """After a start: read again what no ear has finished reading.

        Args:
            language_of: client id to language, from the dialplans.
        """
        after: str | None = ""
        while after is not None:
            page = await self._ledger.open_memos(after, pending=True)
            for memo in page.memos:
                if memo.call.id not in self._jobs:  # else it is of this run, and being read
                    await self._resume(memo, language_of.get(memo.client, ""))
            after = page.last

    async def _resume(self, memo: Memo, language: str) -> None:
        pending = memo.recognition.ears_pending
        gone = [engine for engine in pending if engine not in self.ears(language)]
        for engine in gone:
            problem = (
                f"the model of {engine} for {language!r} is not installed any more"
                if language
                else f"no dialplan of {memo.client} is in force, which would say its language"
            )
            await self._fail(memo.id, problem, engine=engine)
        if set(gone) == set(pending):
            return
        self._jobs[memo.call.id] = _Job(memo=memo.id, language=language)
        if LIVE_EAR in pending and LIVE_EAR not in gone:
            self._live.follow(memo.call.id, self._spool.audio(memo.call.id), language)
            self._live.finish(memo.call.id)
        if SECOND_EAR not in gone:
            self._reread(memo, language)

    async def now_hears(self, engine: str, ears: Mapping[str, str]) -> None:
        """A recogniser is ready: these are its languages; nobody waits for those it has lost.

        Args:
            engine: `LIVE_EAR` or `SECOND_EAR`.
            ears: language to model.
        """
        before, self._ears[engine] = self._ears[engine], dict(ears)
        for job in list(self._jobs.values()):
            had = for_language(job.language, before) is not None
            if job.memo is not None and had and for_language(job.language, ears) is None:
                problem = f"the model of {engine} for {job.language!r} cannot be used any more"
                await self._fail(job.memo, problem, engine=engine)

    async def heard(self, reply: wire.Final | wire.Failed, engine: str) -> None:
        """Take a text, or the reason why there is none.

        Args:
            reply: what the recogniser said.
            engine: `LIVE_EAR` or `SECOND_EAR`: whose recogniser said it.
        """
        job = self._jobs.get(reply.job)
        if job is None:
            return  # dismissed while it was being read
        if job.memo is None:
            job.early[engine] = reply
        else:
            await self._take(job.memo, reply, engine)

    def note(self, reply: wire.Reply) -> None:
        """Keep where in a recording the voice is, and how the disk refused it.

        The memo says where the voice is from its next revision on.
        """
        job = self._jobs.get(reply.job) if isinstance(reply, wire.Heard | wire.Failed) else None
        match reply:
            case wire.Heard(voice=voice) if job is not None:
                job.voice = voice
            case wire.Failed(code="recording", problem=problem) if job is not None:
                job.refused = problem

    def refused(self, call: str) -> str:
        """Return how the disk refused the recording of a call while it grew; empty: it did not."""
        job = self._jobs.get(call)
        return job.refused if job is not None else ""

    async def _take(self, memo_id: str, reply: wire.Final | wire.Failed, engine: str) -> None:
        match reply:
            case wire.Final(transcript=transcript):
                job = self._jobs.get(reply.job)
                await self._write(memo_id, transcript, job.voice if job is not None else None)
            case wire.Failed(problem=problem, code=code):
                self._log.error("recognition failed", call=reply.job, engine=engine, code=code)
                await self._fail(memo_id, problem, engine=engine)

    def _reread(self, memo: Memo, language: str) -> None:
        if self._second is not None and SECOND_EAR in memo.recognition.ears_pending:
            path, urgent = self._spool.audio(memo.call.id), memo.urgency is Urgency.URGENT
            self._second.reread(
                memo.call.id, path, language, self._hints(memo.client), urgent=urgent
            )

    def _hints(self, client: str) -> tuple[str, ...]:
        return hints(self.facts(client).terms)

    async def _write(
        self, memo_id: str, transcript: Transcript, voice: tuple[float, float] | None
    ) -> None:
        now = datetime.now(UTC)
        understood = await self._understand(memo_id, transcript)

        def revised(before: Memo) -> Memo | None:
            after = with_transcript(before, transcript, now, understood)
            return with_voice(after, voice) if after is not None else None

        memo = await self._ledger.revise_memo(memo_id, revised)
        self._done(memo)

    async def _understand(self, memo_id: str, transcript: Transcript) -> Understood | None:
        """Return what a text says; beside the loop and the ledger, for it takes a while.

        A text that cannot be understood says nothing but itself; no number is sure beside it.
        """
        memo = await self._ledger.memo(memo_id)
        if memo is None:
            return None  # the ledger says so itself when the memo is to be revised
        work = partial(
            understand,
            transcript,
            self.facts(memo.client),
            at=memo.call.started_at,
            asked=memo.asked,
            discarded=memo.discarded,
        )
        try:
            async with self._one_by_one:
                return await self._texts.run(work)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not cost the text
            # Neither message nor values: both may hold what the caller said.
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._log.error(
                "a text could not be understood; it is kept as it was heard",
                memo=memo_id,
                engine=transcript.engine,
                error=type(error).__name__,
                place=f"{place.name}:{place.lineno}",
            )
            return Understood(text=without(transcript, memo.discarded).text, failed=True)

    async def _fail(self, memo_id: str, problem: str, engine: str | None) -> None:
        now = datetime.now(UTC)
        memo = await self._ledger.revise_memo(
            memo_id, lambda memo: with_failure(memo, problem, now, engine=engine)
        )
        self._done(memo)

    def _done(self, memo: Memo | None) -> None:
        if memo is not None and not memo.recognition.ears_pending:
            self._jobs.pop(memo.call.id, None)
            self.through(memo.call.id)
