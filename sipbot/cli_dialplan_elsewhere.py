"""What ``dialplan check`` holds against config.toml and accounts.toml, and what it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sipbot import config
from sipbot.accounts_file import read_accounts
from sipbot.dialplan_defaults import read_defaults
from sipbot.dialplan_elsewhere import of_file, of_plan
from sipbot.errors import AccountsError, Mistake
from sipbot.plan import Dialplan


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What other files have."""

    targets: frozenset[str] | None = None
    """Of config.toml; None: it was not read."""
    folders: frozenset[str] = frozenset()
    """Those of the targets that are folders."""
    people: frozenset[str] | None = None
    """Who has an account; None: there is no accounts.toml, or it is wrong."""
    accounts_problem: str = ""

    def notes(self, plans: Sequence[Dialplan]) -> list[str]:
        """What of these clients' files was not checked, and how it is; each a sentence."""
        found = []
        if self.targets is None and any(plan.channels for plan in plans):
            found.append(
                "whether config.toml has the targets of [[notify]]: a path was given without "
                "--config. Add --config config.toml"
            )
        if self.accounts_problem and any(plan.escalation.rota for plan in plans):
            found.append(f"whether those of [[rota]] have accounts: {self.accounts_problem}")
        return found


def elsewhere(path: Path | None, config_path: Path | None) -> Elsewhere:
    """Read what other files have; nothing where a path was given and no settings.

    Raises:
        ConfigError: config.toml is wrong.
    """
    if path is not None and config_path is None:
        return Elsewhere()
    settings = config.load(config_path)
    targets = frozenset(one.name for one in settings.notify.target)
    folders = frozenset(one.name for one in settings.notify.target if one.folder is not None)
    found = Elsewhere(targets=targets, folders=folders)
    accounts = settings.console.accounts
    if not accounts.exists():
        return found
    try:
        people = frozenset(one.name for one in read_accounts(accounts))
    except AccountsError as error:
        return replace(found, accounts_problem=str(error).splitlines()[0])
    return replace(found, people=people)


def named_in_vain(plans: Sequence[Dialplan], others: Elsewhere) -> list[Mistake]:
    """What the clients' files and their defaults name and other files do not have.

    Raises:
        DialplanError: a file cannot be read any more.
    """
    there = others.targets, others.people, others.folders
    found = [one for plan in plans for one in of_plan(plan, *there)]
    for folder in dict.fromkeys(plan.path.parent for plan in plans):
        found += of_file(read_defaults(folder), *there)
    return found
