"""Messages between the main process and the web console (``python -m sipbot.console``).

The console reads the ledger by itself and writes nothing: what an operator does goes to main, which
is the ledger's only writer.  Main tells the console what has changed.
"""

from datetime import datetime

import msgspec

from sipbot.archive import OpenMemo
from sipbot.audit import AuditEntry
from sipbot.client_card import ClientCard
from sipbot.decision import Answer
from sipbot.lines import Decoder
from sipbot.topics import LivePayload


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the console has to know of the settings; no secrets, for it is an argument."""

    site: str
    region: str
    ledger: str
    """Path of the ledger; it is opened for reading only."""
    var: str
    """Folder of recordings and logs; the console's own files are in ``console/`` below it."""
    spool: str
    """Folder of the recordings."""
    audio_key_file: str = ""
    """Path of the file with the keys of encrypted recordings; empty: there is none."""
    audio_key_env: str = ""
    """Name of the variable that has them instead, which the console has from main."""
    dialplans: str
    """Folder of the clients' files."""
    address: str
    port: int
    url: str
    """Under which browsers reach the console, without a slash at its end."""
    accounts: str
    """Path of accounts.toml."""
    proxy_user_header: str = ""
    """In which a proxy names who has logged in there; empty: people log in here."""
    others: bool = False
    """Whether there is an archive, which knows of other sites' memos."""
    proxy_from: tuple[str, ...] = ()
    """Networks of proxies that may speak of others' addresses and names."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One client whose dialplan is in force."""

    client: str
    name: str
    """As people say it."""
    language: str
    tz: str
    """Its zone, as the tz database names it."""
    sha256: str
    """Of the file in force."""
    defaults: str = ""
    """SHA-256 of the defaults of all clients by which it was filled in; empty: there are none."""
    numbers: tuple[str, ...] = ()
    """Canonical numbers and patterns; the first ones."""


class FileMistake(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake of a file that is not in force."""

    words: str
    """As ``sipbot dialplan check`` prints it, without folders."""
    rival: str = ""
    """Client that the words name as well; empty: none."""
    apart: str = ""
    """The words for those who may not read of the rival."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A client's file, or the defaults', that is not in force."""

    name: str
    """Without ``.toml``: a client's id, or ``_defaults``."""
    since: datetime
    sha256: str
    """Of the form that is in force instead; empty: there is none."""
    words: str
    """What it means to callers."""
    mistakes: tuple[FileMistake, ...]
    """The first ones."""
    others: int
    """How many more there are."""


# -- main → console -------------------------------------------------------------------------------


class Ping(Base, frozen=True, kw_only=True):
    """Ask for a sign of life."""

    n: int


class Answered(Base, frozen=True, kw_only=True, omit_defaults=True):
    """What became of the question or order number `n`."""

    n: int
    answer: Answer | None = None
    """Of `Obey`, when there is no problem."""
    card: ClientCard | None = None
    """Of `AskCard`; None when the client has none.  At most 520 kB (`sipbot.card_form`)."""
    others: tuple[OpenMemo, ...] = ()
    """Of `AskOthers`, oldest first."""
    more: bool = False
    """Of `AskOthers`: there are more than these."""
    memo: msgspec.Raw = msgspec.Raw(b"null")
    """Of `AskOther`: docs/memo.schema.json; null when that site has no such memo."""
    problem: str = ""
    """Why it could not be done; empty when it was."""


class Changed(Base, frozen=True, kw_only=True):
    """A memo has a new revision."""

    client: str
    memo: str
    rev: int
    status: str


class Live(Base, frozen=True, kw_only=True):
    """Something happens in a call."""

    client: str
    call: str
    payload: LivePayload


class Site(Base, frozen=True, kw_only=True):
    """How the site is."""

    status: msgspec.Raw
    """JSON of `sipbot.status.Status`; raw, so that this border knows nothing of its fields."""


class Clients(Base, frozen=True, kw_only=True):
    """Whose dialplans are in force: a part of the list, for a line has its limit."""

    first: bool
    """Whether the list begins here; what was known before is forgotten with its last part."""
    last: bool
    clients: tuple[Client, ...]


class Behind(Base, frozen=True, kw_only=True):
    """Which files are not in force: a part of the list, as `Clients`."""

    first: bool
    last: bool
    files: tuple[File, ...]
    untold: int
    """How many more there are, which are not in the list."""


# -- console → main -------------------------------------------------------------------------------


class Ready(Base, frozen=True, kw_only=True):
    """Browsers can connect."""

    pid: int
    port: int
    """The port that was chosen when 0 was asked for."""


class Pong(Base, frozen=True, kw_only=True):
    """The answer to `Ping`."""

    n: int


class Obey(Base, frozen=True, kw_only=True):
    """An operator's command, as the bus would carry it; answered by `Answered`."""

    n: int
    client: str
    verb: str
    payload: msgspec.Raw
    """JSON of docs/command.schema.json."""
    site: str = ""
    """That owns the memo; empty: ours."""


class Record(Base, frozen=True, kw_only=True):
    """A row of the audit log; answered by `Answered` when it is stored."""

    n: int
    entry: AuditEntry


class Acknowledge(Base, frozen=True, kw_only=True):
    """An operator has read a client's file; answered by `Answered` when it is stored."""

    n: int
    client: str
    operator: str
    sha256: str
    """Of the form that was read; refused when another one is in force by now."""


class AskCard(Base, frozen=True, kw_only=True):
    """Ask for the knowledge card of a client, as it is in force; answered by `Answered`."""

    n: int
    client: str


class AskOthers(Base, frozen=True, kw_only=True):
    """Ask what other sites have to do; answered by `Answered`."""

    n: int
    clients: tuple[str, ...] | None
    """For whom; None: for all."""


class AskOther(Base, frozen=True, kw_only=True):
    """Ask for another site's memo; answered by `Answered`."""

    n: int
    site: str
    memo: str


Asking = Obey | Record | Acknowledge | AskCard | AskOthers | AskOther
"""Answered by `Answered`."""
FromMain = Ping | Answered | Changed | Live | Site | Clients | Behind
FromConsole = Ready | Pong | Asking

to_console = Decoder(FromMain)
to_main = Decoder(FromConsole)
