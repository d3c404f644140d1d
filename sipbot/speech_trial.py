"""A client's terms tried on recordings: the real ears read them, without the terms and with them.

Data path: golden set or kept recordings -> [speech_trial] -> verdict

The ears run in the same workers, at the same low priority, as those of a running sipbot, which may
take calls meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sipbot.child import Limits
from sipbot.error_rate import Score, score
from sipbot.errors import SipbotError
from sipbot.records import Transcript
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ENGINE_OF, ModelRef, Role, choose, for_language
from sipbot.term_fit import Reading
from sipbot.vocabulary import Term, correct, hints

PATIENCE_S = 600.0
"""For loading a model and for one recording: calls on the same machine come first, and nobody waits
on the telephone for a trial."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One recording to try."""

    name: str
    text: str
    audio: Path


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What one ear made of one recording."""

    name: str
    ear: str
    before: str
    """Without the terms."""
    after: str
    """With them."""
    bare: Score
    """Of `before`."""
    helped: Score
    """Of `after`."""


async def hear(
    said: Sequence[Said], models: Sequence[ModelRef], language: str, terms: Sequence[Term]
) -> dict[tuple[str, str, bool], Transcript]:
    """Let every ear of a language read recordings; the second ear with and without the terms.

    Returns:
        (recording, ear, whether it was told the terms) → text.

    Raises:
        SipbotError: no ear hears the language, or one failed.
    """
    roles: tuple[Role, ...] = ("live", "second")
    able = [role for role in roles if for_language(language, choose(models, role))]
    if not able:
        raise SipbotError(f"no speech model for {language!r} is installed. See: sipbot models list")
    found: dict[tuple[str, str, bool], Transcript] = {}
    words = hints(terms)
    for role in able:
        told = (False, True) if role == "second" and words else (False,)
        async with _Ears(role, models, language).running() as ears:
            for one in said:
                for hinted in told:
                    text = await ears.read(one, words if hinted else ())
                    found[one.name, ENGINE_OF[role], hinted] = text
    return found


def judge(
    said: Sequence[Said],
    texts: dict[tuple[str, str, bool], Transcript],
    terms: Sequence[Term],
    language: str,
    reading: Reading | None,
) -> list[Heard]:
    """Compare what was heard, without the terms and with them, with what was said.  Pure."""
    found = []
    spoken = {one.name: one.text for one in said}
    for (name, ear, hinted), transcript in texts.items():
        if hinted:
            continue
        told = texts.get((name, ear, True), transcript)
        after, _ = correct(told, terms, language, reading)
        found.append(
            Heard(
                name=name,
                ear=ear,
                before=transcript.text,
                after=after.text,
                bare=score(spoken[name], transcript.text, terms, language),
                helped=score(spoken[name], after.text, terms, language),
            )
        )
    return found


def summed(heard: Sequence[Heard]) -> dict[str, tuple[Score, Score]]:
    """Each ear's scores over all recordings: without the terms, with them."""
    found: dict[str, tuple[Score, Score]] = {}
    for one in heard:
        bare, helped = found.get(one.ear, (Score(), Score()))
        found[one.ear] = (bare + one.bare, helped + one.helped)
    return found


def is_worse(heard: Sequence[Heard]) -> bool:
    """Whether the terms make anything worse, for any ear."""
    return any(helped.worse_than(bare) for bare, helped in summed(heard).values())


class _Ears:
    """One recogniser that reads one recording after the other."""

    def __init__(self, role: Role, models: Sequence[ModelRef], language: str) -> None:
        self._role = role
        self._language = language
        self._client = SpeechClient(
            role,
            models,
            self._take,
            on_crash_loop=self._dies,
            limits=Limits(ready_s=PATIENCE_S),
            least_limit_s=PATIENCE_S,
        )
        self._waiting: asyncio.Future[Transcript] | None = None
        self._failed: SipbotError | None = None
        """Why nothing is to be expected of the recogniser any more."""
        self._jobs = 0
        self._reads: Path | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["_Ears"]:
        """Start the recogniser, and end it.

        Raises:
            SipbotError: it cannot be started, or what was done with it failed.
        """
        failed: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self._client.run())
                yield self
                task.cancel()
        except* SipbotError as errors:
            failed = errors
        while isinstance(failed, BaseExceptionGroup):
            failed = failed.exceptions[0]
        if failed is not None:
            raise failed  # outside of the group, which would hide it from whoever catches it

    async def read(self, said: Said, words: tuple[str, ...]) -> Transcript:
        """Return what the ear makes of a recording.

        Raises:
            SipbotError: it failed, or its model cannot be used.
        """
        if self._failed is not None:
            raise self._failed
        self._jobs += 1
        self._reads = said.audio
        job = f"trial-{self._jobs}"
        self._waiting = asyncio.get_running_loop().create_future()
        if self._role == "live":
            self._client.follow(job, said.audio, self._language)
            self._client.finish(job)
        else:
            self._client.reread(job, said.audio, self._language, words)
        return await self._waiting

    # Event loop.
    def _take(self, reply: wire.Reply) -> None:
        match reply:
            case wire.Ready() if for_language(self._language, self._client.ears) is None:
                self._give_up(f"no {ENGINE_OF[self._role]} model hears {self._language!r}")
            case wire.Final(transcript=transcript):
                if self._waiting is not None and not self._waiting.done():
                    self._waiting.set_result(transcript)
            case wire.Failed(problem=problem):
                self._give_up(f"{self._reads}: the ear failed: {problem}")

    # Event loop.
    def _dies(self, short_lives: int) -> None:
        if short_lives:
            self._give_up(f"the recogniser of {ENGINE_OF[self._role]} keeps dying when it starts")

    def _give_up(self, problem: str) -> None:
        damaged = [f"model {name} is damaged: {why}" for name, why in self._client.problems.items()]
        remedy = ". See: sipbot models verify" if damaged else ""
        self._failed = SipbotError("; ".join([problem, *sorted(damaged)]) + remedy)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self._failed)
