"""What the console's pages work with."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fastapi import Request

from sipbot.accounts_file import AccountsFile
from sipbot.audio_keys import AudioKeys
from sipbot.console.boards import Boards
from sipbot.console.doors import Doors
from sipbot.console.finder import Finder
from sipbot.console.hub import Hub
from sipbot.console.limits import Buckets
from sipbot.console.main_line import MainLine
from sipbot.console.plans import Plans
from sipbot.console.sessions import Sessions
from sipbot.console.store import Store
from sipbot.console.veil import Veil
from sipbot.console_wire import ConsoleSettings
from sipbot.reckoning import Reckoner
from sipbot.recordings import Recordings

REFUSALS_A_MINUTE, REFUSALS_AT_ONCE = 1, 10
"""Of one account that are written down: a curious hand, not a program that tries every address."""

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Parts:
    """Everything that a request may need; made once."""

    settings: ConsoleSettings
    accounts: AccountsFile
    store: Store
    finder: Finder
    veil: Veil
    main: MainLine
    hub: Hub
    sessions: Sessions
    doors: Doors
    refusals: Buckets = field(
        default_factory=lambda: Buckets(REFUSALS_A_MINUTE / 60, REFUSALS_AT_ONCE)
    )
    """How often it is written down that an account was refused something."""

    @cached_property
    def recordings(self) -> Recordings:
        """The door to what callers said."""
        return recordings_of(self.settings)

    @cached_property
    def plans(self) -> Plans:
        """The dialplans in force; made when somebody looks at one."""
        settings = self.settings
        return Plans(
            Path(settings.dialplans),
            Path(settings.var),
            Path(settings.ledger),
            settings.region,
            lambda: self.hub.clients,
        )

    @cached_property
    def boards(self) -> Boards:
        """The figures of clients; made when somebody looks at them."""
        ledger = Path(self.settings.ledger)
        return Boards(ledger, Reckoner(ledger).boards, lambda: self.hub.clients)


def recordings_of(settings: ConsoleSettings) -> Recordings:
    """Return the door to what callers said."""
    file, variable = settings.audio_key_file, settings.audio_key_env
    keys = AudioKeys(Path(file) if file else None, variable) if file or variable else None
    return Recordings(Path(settings.spool), keys)


def parts_of(request: Request) -> Parts:
    """Return the parts that serve this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts
