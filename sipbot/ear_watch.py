"""Watches the speech models: a damaged or missing one leaves an ear deaf, and somebody must know.

Data path: folder of models, recognisers -> [ear_watch] -> alert, recognisers

The other ear hears on, so callers and memos notice nothing but poorer text; that is why it is
told: as the alert ``speech-models``, and a damaged model as a reason of the site's state.  When a
model is back, its recogniser is started again with it as soon as it has nothing to read.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

import structlog

from sipbot.models import MARKER, PROOF, installed
from sipbot.plan import Dialplan
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ENGINE_OF, ModelRef, for_language

ALERT = "speech-models"

LOOK_EVERY_S = 5.0
"""How often the folder is looked at: a stat of some dozens of files."""

_log = structlog.get_logger()


class Trouble(Protocol):
    """Raises an alert, or clears it (None)."""

    def __call__(self, alert: str, problem: str | None, remedy: str = "") -> None:
        """Tell it once."""


class Switches(Protocol):
    """Which ears are on; as in the configuration."""

    @property
    def live(self) -> bool:
        """Whether there is to be a live ear."""

    @property
    def second(self) -> bool:
        """Whether there is to be a second one."""


def models_of(folder: Path, on: Switches) -> tuple[ModelRef, ...]:
    """Return the installed models whose ear is switched on."""
    wanted = {"vosk": on.live, "faster-whisper": on.second}
    return tuple(
        ModelRef(name=m.name, engine=m.engine, languages=m.languages, path=str(m.path.absolute()))
        for m in installed(folder)
        if wanted[m.engine]
    )


def reads_again(folder: Path, on: Switches) -> bool:
    """Return whether there is to be a second ear: it is on, and has or had a model."""
    markers = folder.glob(f"*/{MARKER}") if on.second else ()
    return any(_is_of(marker, ENGINE_OF["second"]) for marker in markers)


class EarWatch:
    """Compares the models that are there with those in use; runs in the event loop.

    Args:
        folder: where models are.
        on: which ears are switched on.
        ears: the recognisers, the live one first.
        plans: the dialplans in force.
        trouble: tells an alert.
    """

    def __init__(
        self,
        folder: Path,
        on: Switches,
        ears: Collection[SpeechClient],
        plans: Callable[[], Collection[Dialplan]],
        trouble: Trouble,
    ) -> None:
        self._folder = folder
        self._on = on
        self._ears = ears
        self._plans = plans
        self._trouble = trouble
        self._seen: dict[str, tuple[int, int]] | None = None
        self._models: tuple[ModelRef, ...] = ()
        self._due: list[SpeechClient] = []
        """Recognisers that are to be started again."""
        self._told: dict[str, str] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once: start recognisers with what is new, tell what is wrong."""
        seen = await asyncio.to_thread(_sizes, self._folder)
        if seen != self._seen:
            self._models = await asyncio.to_thread(models_of, self._folder, self._on)
            if self._seen is not None:
                _log.info("speech models have changed", models=[m.name for m in self._models])
                self._due = [ear for ear in self._ears if self._is_better_off(ear)]
            self._seen = seen
        self._due = [ear for ear in self._due if not ear.use(self._models)]
        problems = dict(self._problems())
        if problems != self._told:
            self._told = problems
            what = " ".join(dict.fromkeys(problems.values()))
            remedy = f"sipbot models install {what}; the other ear hears until then"
            self._trouble(ALERT, "; ".join(problems) or None, remedy)

    def _problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong, damaged models first, then clients that lack an ear; and what is to
        be installed: a model, or the models of a language."""
        yield from damaged(self._ears)
        usable = {model.name for model in self._models}
        for marker in sorted(self._folder.glob(f"*/{MARKER}")):
            if marker.parent.name not in usable and any(
                _is_of(marker, ENGINE_OF[ear.role]) for ear in self._ears
            ):
                model = marker.parent.name
                yield f"model {model} is damaged: a file is missing or cut off", model
        for ear in self._ears:
            for language in sorted({plan.language for plan in self._plans()}):
                if ear.ready.is_set() and self._is_half_deaf(ear, language):
                    yield f"no {ENGINE_OF[ear.role]} model hears {language}", language

    def _is_better_off(self, ear: SpeechClient) -> bool:
        """A new start would give it a model; one that was taken away is still in its memory."""
        mine = {model for model in self._models if model.engine == ENGINE_OF[ear.role]}
        return bool(ear.problems) or not mine <= set(ear.models)

    def _is_half_deaf(self, ear: SpeechClient, language: str) -> bool:
        """One ear is missing; without any the site's state says so (`status.judge`)."""
        return for_language(language, ear.ears) is None and any(
            for_language(language, other.ears) is not None for other in self._ears
        )


def damaged(ears: Collection[SpeechClient]) -> Iterator[tuple[str, str]]:
    """Yield what the recognisers said of the models that they cannot use, and their names."""
    for ear in ears:
        for model, problem in sorted(ear.problems.items()):
            yield f"model {model} is damaged: {problem}", model


def _sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file of the models, but of the proofs of them."""
    found = {}
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith(PROOF):
            at = path.stat()
            found[str(path)] = at.st_size, at.st_mtime_ns
    return found


def _is_of(marker: Path, engine: str) -> bool:
    """Return whether a model is this engine's, as far as a damaged marker still says so."""
    try:
        return f'"{engine}"' in marker.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
