"""This site, as a hand-over sees it: its folders and what it has for clients.

Data path: config -> cli_client -> [handover_site] -> handover_give, handover_take
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sipbot import kana
from sipbot.audio_keys import AudioKeys
from sipbot.dialplan_defaults import DEFAULTS_FILE
from sipbot.golden import last_verdict
from sipbot.handover_coverage import Abilities, Coverage, cover
from sipbot.handover_stage import Places
from sipbot.in_force import uses
from sipbot.ledger import ReadOnlyLedger
from sipbot.plan import Dialplan
from sipbot.prompt_manifest import sha256
from sipbot.prompt_shelf import PROMPTS_FOLDER, PromptShelf
from sipbot.quota import Month, ask, month_of
from sipbot.recordings import Recordings
from sipbot.speech.ears import ModelRef
from sipbot.spool import spool_of

MONTHS = 3
"""Past months that are counted for the quota: an agency asks for them before it names a price."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Folders and abilities."""

    name: str
    region: str
    dialplans: Path
    var: Path
    ledger: Path
    lines: int
    models: tuple[ModelRef, ...]
    targets: tuple[str, ...]
    people: tuple[str, ...] | None
    version: str
    audio_url: Callable[[str, str], str]
    """Of the ids of a call and its memo."""
    audio_keys: AudioKeys | None = None
    """Of encrypted recordings."""

    @property
    def recordings(self) -> Recordings:
        """The door to its recordings."""
        return Recordings(spool_of(self.var), self.audio_keys)

    @property
    def places(self) -> Places:
        """Where it has its things."""
        return Places(var=self.var, dialplans=self.dialplans, ledger=self.ledger)

    @property
    def abilities(self) -> Abilities:
        """What this site has for its clients."""
        ears: dict[str, set[str]] = {}
        for model in self.models:
            ears.setdefault(model.engine, set()).update(model.languages)
        return Abilities(
            site=self.name,
            region=self.region,
            sipbot=self.version,
            lines=self.lines,
            ears={engine: tuple(sorted(spoken)) for engine, spoken in sorted(ears.items())},
            readings=kana.reading_is_there(),
            targets=self.targets,
            people=self.people,
        )


def prompts_of(plan: Dialplan, dialplans: Path) -> dict[str, Path]:
    """Return every prompt that a call of the client may hear, builtin ones too: name → file.

    Raises:
        PromptError: one is not there.
    """
    shelf = PromptShelf(dialplans.absolute())
    return {name: Path(shelf.find(name).wav) for name in sorted(uses(plan))}


def hashes(prompts: dict[str, Path]) -> dict[str, str]:
    """Return name → SHA-256 of prompts."""
    return {name: sha256(path) for name, path in prompts.items()}


def coverage(site: Site, plan: Dialplan, at: datetime) -> Coverage:
    """Return what a client has at this site.

    Raises:
        SipbotError: a prompt is missing, or the ledger cannot be read.
    """
    verdict = last_verdict(site.dialplans, plan.client)
    return cover(
        plan,
        at,
        region=site.region,
        prompts=hashes(prompts_of(plan, site.dialplans)),
        used=_used(site.ledger, plan, at),
        heard=verdict.found if verdict else {},
    )


def defaults_text(dialplans: Path) -> bytes:
    """Return the defaults of all clients as written; empty where there are none."""
    path = dialplans / DEFAULTS_FILE
    return path.read_bytes() if path.is_file() else b""


def prompt_folder(dialplans: Path) -> Path:
    """Return where the clients' own prompts are."""
    return dialplans / PROMPTS_FOLDER


def _used(ledger: Path, plan: Dialplan, at: datetime) -> dict[str, int]:
    if not ledger.is_file():
        return {}
    month = month_of(at, plan.hours.tz)
    months = [_before(month, back) for back in range(MONTHS, -1, -1)]
    with ReadOnlyLedger.open(ledger) as reader:
        counted = reader.calls_that_count([ask(plan, one) for one in months])
    return {str(one): count for one, count in zip(months, counted, strict=True) if count}


def _before(month: Month, back: int) -> Month:
    whole = month.year * 12 + month.number - 1 - back
    return Month(whole // 12, whole % 12 + 1)
