"""What callers meet at one moment: which form of each client's file is in force.  Pure.

A file counts when it is right, its tests pass, and none of its numbers is another client's; what
does not count leaves the form in force that was (`sipbot.dialplan_judge` decides).
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sipbot.dialplan import Dialplans
from sipbot.dialplan_defaults import DEFAULTS_FILE
from sipbot.errors import Mistake
from sipbot.form_parts import PROMPT_PATTERN
from sipbot.plan import Dialplan
from sipbot.steps import Prompt
from sipbot.terminal import printable
from sipbot.toml_file import TomlFile
from sipbot.topics import ID

DEFAULTS = DEFAULTS_FILE.removesuffix(".toml")
"""What stands for the defaults among the names of files."""

_ID_CHARS = 63
"""Of an id in a topic (`sipbot.topics.ID`)."""

_DIGEST_CHARS = 8
_SHOWN = 3
"""Mistakes, and numbers, that an alert spells out: with three a person knows what has happened."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A file that is not in force."""

    path: Path
    mistakes: tuple[Mistake, ...]
    """Never empty."""
    since: datetime
    """Since when what stands in the file does not count; UTC-aware."""
    rivals: frozenset[str] = frozenset()
    """Clients whose numbers it claims, when that is what is wrong with it."""
    numbers: tuple[str, ...] = ()
    """Canonical, of a client without any form in force: calls for them are refused.  Empty as well
    when the file is not even TOML, so that nobody knows its numbers."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What has changed in the folder; names of files without ``.toml``."""

    files: frozenset[str] = frozenset()
    """Changed, or new."""
    removed: frozenset[str] = frozenset()
    prompts: frozenset[str] = frozenset()
    """Names of the clients' own prompts that changed, came or went: ``sato-open.wav``."""

    def then(self, later: "Changes") -> "Changes":
        """These and later ones together; a file that came back is not removed."""
        return Changes(
            files=(self.files - later.removed) | later.files,
            removed=(self.removed - later.files) | later.removed,
            prompts=self.prompts | later.prompts,
        )


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What callers meet."""

    folder: Path
    plans: Dialplans
    defaults: TomlFile
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """By the name of the file, `DEFAULTS` included."""
    unkept: Mapping[str, str] = field(default_factory=dict)
    """Forms that came into force and are not kept on disk yet: name → text."""

    def form(self, name: str) -> str:
        """SHA-256 of the form in force; empty when there is none."""
        if name == DEFAULTS:
            return self.defaults.sha256
        plan = self.plans.of(name)
        return plan.sha256 if plan else ""


def rather_than_nobody(before: InForce, after: InForce) -> InForce | None:
    """Everything as it was, when a change would leave no client in force; None when it would not.

    What is wrong with the files that were to take the others' place is told all the same.
    """
    if after.plans.all or not before.plans.all:
        return None
    return replace(before, refused={**before.refused, **after.refused})


def alert_of(name: str) -> str:
    """The id of the alert about a file: legal in a topic, whatever the file is called."""
    if name == DEFAULTS:
        return "dialplans-defaults"
    alert = f"dialplan-{name}"
    if len(alert) <= _ID_CHARS and ID.fullmatch(alert):
        return alert
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_DIGEST_CHARS]
    legal = re.sub(r"[^a-z0-9]", "-", name.lower())
    return f"dialplan-{legal[: _ID_CHARS - len('dialplan--') - _DIGEST_CHARS]}-{digest}"


def told(refusal: Refusal, sha256: str) -> tuple[str, str]:
    """The problem and the remedy of the alert about a file.

    Args:
        refusal: why it is not in force.
        sha256: of the form in force; empty when there is none.
    """
    first = refusal.mistakes[0]
    words = "; ".join(_place(mistake) for mistake in refusal.mistakes[:_SHOWN])
    others = len(refusal.mistakes) - _SHOWN
    if others > 0:
        words += f"; and {others} more"
    problem = printable(f"{words}. {consequence(refusal, sha256)}")
    # `check` runs no tests: it would find nothing wrong with a file whose test has failed.
    command = "test" if first.key.startswith("test") else "check"
    return problem, printable(f"{first.remedy}; sipbot dialplan {command}")


def consequence(refusal: Refusal, sha256: str) -> str:
    """What it means to callers that a file is not in force."""
    since = f"since {refusal.since:%Y-%m-%d %H:%M:%S} UTC"
    if refusal.path.name == DEFAULTS_FILE:
        return f"The defaults of before ({sha256[:8] or 'none'}) stay in force {since}"
    if sha256:
        return f"The last good form ({sha256[:8]}) stays in force {since}"
    numbers = ", ".join(refusal.numbers[:_SHOWN])
    if len(refusal.numbers) > _SHOWN:
        numbers += f" and {len(refusal.numbers) - _SHOWN} more numbers"
    return f"Not in force, calls for {numbers or 'its numbers'} are refused {since}"


def uses(plan: Dialplan) -> set[str]:
    """The names of every prompt that a client's calls may play."""
    return {prompt.name for prompt in _prompts(plan)}


def own_prompts(plan: Dialplan) -> dict[str, Path]:
    """The client's own among them: name → file."""
    return {
        prompt.name: Path(prompt.wav)
        for prompt in _prompts(plan)
        if re.fullmatch(PROMPT_PATTERN, prompt.name) and not prompt.name.startswith("builtin:")
    }


def _prompts(plan: Dialplan) -> list[Prompt]:
    said = plan.said
    prompts = [said.greeting, said.thanks, said.notice, said.after_hours, said.holiday]
    prompts += [*plan.hours_prompts.values(), *(route.greeting for route in plan.routes)]
    for step in plan.steps.values():
        for value in (getattr(step, name) for name in step.__struct_fields__):
            each = value.values() if isinstance(value, dict) else value
            if isinstance(each, Collection) and not isinstance(each, str):
                prompts += [one for one in each if isinstance(one, Prompt)]
    return [prompt for prompt in prompts if prompt is not None]


def _place(mistake: Mistake) -> str:
    place = f"{mistake.file.name}:{mistake.line}:{mistake.column}"
    where = place if mistake.line else mistake.file.name
    shown = f"{mistake.key} = {mistake.value}" if mistake.value else mistake.key
    return f"{where}: {shown} {mistake.problem}"
