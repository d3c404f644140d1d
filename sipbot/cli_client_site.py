"""What the commands of ``sipbot client`` know of this site from its settings."""

from typing import Annotated

import typer

import sipbot
from sipbot.accounts_file import read_accounts
from sipbot.config import Settings
from sipbot.ear_watch import models_of
from sipbot.from_settings import audio_keys_of, audio_url_of, ledger_path
from sipbot.handover_site import Site

ByOption = Annotated[
    str, typer.Option("--by", help="Who does it here; without it, the login name.")
]


def site_of(settings: Settings) -> Site:
    """Return this site, as a hand-over sees it."""
    return Site(
        name=settings.site,
        region=settings.region,
        dialplans=settings.dialplans.absolute(),
        var=settings.var.absolute(),
        ledger=ledger_path(settings).absolute(),
        lines=settings.sip.lines,
        models=models_of(settings.models, settings.speech),
        targets=tuple(one.name for one in settings.notify.target),
        people=_people(settings),
        version=sipbot.__version__,
        audio_url=audio_url_of(settings),
        audio_keys=audio_keys_of(settings),
    )


def _people(settings: Settings) -> tuple[str, ...] | None:
    path = settings.console.accounts
    if not path.is_file():
        return None
    return tuple(sorted(one.name for one in read_accounts(path)))
