"""What operators ask to be done with a memo: how it is written, and read from the bus.  Pure.

Data path: bus -> [command] -> decision -> ledger -> outbox -> bus

Its JSON form is a contract with other programs: ``docs/command.schema.json`` is generated from this
file and a test keeps them in step.  A command that cannot be used is answered with the field, its
value and a remedy; one that does not even say under which ``req`` cannot be answered.
"""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sipbot.memo_history import SYSTEM, Outcome
from sipbot.topics import ID

LONGEST_BYTES = 32_768
"""Of a command: the longest note, every character of it escaped, takes 24 kB."""

NOTE_CHARS = 2000
"""Of a note: a page of text."""

TTL_S, TTL_MAX_S = 120, 3600
"""How long a command is worth obeying.  A person who has waited two minutes for an answer has
looked elsewhere meanwhile; an hour is the most that a queue may hold one back (our wish)."""

TARGET_CHARS = 200
"""Of a telephone's number or SIP URI."""

SKEW_S = 60
"""How far the sender's clock may be from ours.  What keeps time over the network is right within a
second; a minute lets in those that are set by hand."""

ASK_TTL_S = 10
"""So long a command of somebody who waits for the answer is worth obeying: whoever was told that
nobody answers acts anew."""

LEASE_S, LEASE_MIN_S, LEASE_MAX_S = 900, 60, 14_400
"""How long a claim lasts.  A quarter of an hour is when an unclaimed memo is worth telling a lead
(the escalation that agencies write down); at most half a shift."""

_SHOWN = 60
"""Characters of a wrong value in an answer."""

Id = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$", max_length=63)]
Time = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=NOTE_CHARS)]

Verb = Literal["claim", "release", "note", "snooze", "call", "callback", "done", "reopen"]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every command says."""

    schema: Literal[1] = 1
    req: Annotated[Id, Meta(description="The sender's name for this request; never used again.")]
    by: Annotated[Id, Meta(description="The operator.")]
    memo: Annotated[Id, Meta(description="The memo's whole id.")]
    ts: Annotated[Time, Meta(description="When it was sent, with offset.")]
    ttl_s: Annotated[
        int, Meta(ge=1, le=TTL_MAX_S, description="After so many seconds it is not obeyed.")
    ] = TTL_S
    expected_rev: (
        Annotated[int, Meta(ge=1, le=2**31, description="Only if the memo has this revision.")]
        | None
    ) = None

    def is_late(self, now: datetime) -> bool:
        """Tell whether it is too old to be obeyed, our clocks' difference allowed for."""
        # Not the other way round: what is sent at the end of the year 9999 has no later time.
        return self.ts < now - timedelta(seconds=self.ttl_s + SKEW_S)


class Claim(Command, frozen=True, kw_only=True):
    """Take the memo, or prolong one's own claim."""

    lease_s: Annotated[
        int, Meta(ge=LEASE_MIN_S, le=LEASE_MAX_S, description="For so long, from now.")
    ] = LEASE_S


class Release(Command, frozen=True, kw_only=True):
    """Give one's claim back."""


class Note(Command, frozen=True, kw_only=True):
    """Write something down."""

    text: Text


class _Noted(Command, frozen=True, kw_only=True):
    text: Annotated[Text, Meta(description="A note along with it.")] | None = None


class Snooze(_Noted, frozen=True, kw_only=True):
    """Put the memo off; a claim ends by it."""

    until: Annotated[Time, Meta(description="Until then, with offset.")]


Target = Annotated[str, Meta(min_length=1, max_length=TARGET_CHARS)]


class Call(_Noted, frozen=True, kw_only=True):
    """Have sipbot call the operator's telephone, then the caller; claims the memo.

    docs/decisions/0015-call-back.md says whom it may be asked to call.
    """

    number: (
        Annotated[Target, Meta(description="Which of the memo's numbers; needed unless confirmed.")]
        | None
    ) = None
    extension: (
        Annotated[
            Target, Meta(description="The operator's telephone, if not that of the settings.")
        ]
        | None
    ) = None


class Callback(_Noted, frozen=True, kw_only=True):
    """Say what came of calling back."""

    outcome: Outcome


class Done(_Noted, frozen=True, kw_only=True):
    """Close the memo."""


class Reopen(_Noted, frozen=True, kw_only=True):
    """Bring a closed memo back."""


VERBS: dict[str, type[Command]] = {
    "claim": Claim,
    "release": Release,
    "note": Note,
    "snooze": Snooze,
    "call": Call,
    "callback": Callback,
    "done": Done,
    "reopen": Reopen,
}

_REMEDIES = {
    "schema": "Write 1, or leave it out",
    "req": "Use 1 to 63 of a-z, 0-9 and -, a new one for each request: a UUID",
    "by": "Use the operator's name: 1 to 63 of a-z, 0-9 and -, not sipbot",
    "memo": "Use the memo's whole id, as its topic has it",
    "ts": "Write the time with its offset: 2026-11-20T12:04:05+09:00",
    "ttl_s": f"Use whole seconds from 1 to {TTL_MAX_S}",
    "expected_rev": "Use the memo's rev, or leave it out",
    "lease_s": f"Use whole seconds from {LEASE_MIN_S} to {LEASE_MAX_S}",
    "text": f"Use 1 to {NOTE_CHARS} characters, of control characters only line feed and tab",
    "until": "Write the time with its offset: 2026-11-20T15:00:00+09:00",
    "number": "Use one of the memo's numbers, as callback.evidence has it",
    "extension": "Use one that call_back.extensions in config.toml allows, or leave it out",
    "outcome": f"Use one of {', '.join(Outcome)}",
}

_FIELD = re.compile(r"at `\$\.(\w+)|field `([^`]*)`")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What moves the cursor or turns the writing round in the consoles that show a note: C0, C1, line
and paragraph separators, and Unicode's bidirectional embeddings, overrides and isolates."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A command that can be decided on."""

    client: str
    verb: str
    command: Command
    digest: str
    """The same for the same wish, whenever it is sent again."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A command that says under which ``req`` it waits for an answer, and is otherwise wrong."""

    client: str
    verb: str
    req: str
    by: str | None = None
    """None when it is not said in a form that can be used, like the next one."""
    memo: str | None = None
    code: str = "bad_field"
    problem: str
    digest: str


def read(client: str, verb: str, payload: bytes) -> Request | Refused | None:
    """Read a command from its topic and payload; None when it cannot even be refused.

    Args:
        client, verb: of the topic.
        payload: as received.
    """
    fields = _fields(payload)
    req = None if fields is None else fields.get("req")
    if fields is None or not isinstance(req, str) or ID.fullmatch(req) is None:
        return None
    known = VERBS.get(verb)
    problem = f"{_shown(verb)} is no verb. Use one of {', '.join(VERBS)}"
    if known is not None:
        try:
            command = msgspec.convert(fields, known)
        except msgspec.ValidationError as error:
            problem = _problem(str(error), fields)
        else:
            wrong = _wrong(command)
            if wrong is None:
                return Request(
                    client=client, verb=verb, command=command, digest=_digest(verb, command)
                )
            problem = told(wrong, getattr(command, wrong))
    digest = sha256(f"{verb}\n".encode() + payload).hexdigest()
    return Refused(client=client, verb=verb, req=req, problem=problem, digest=digest)


def told(field: str, value: object, why: str = "") -> str:
    """Return what is wrong with a field: its name, its value, and a remedy."""
    middle = f"{why}. " if why else ""
    return f"{field} = {_shown(value)}: {middle}{_REMEDIES[field]}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of all commands; ``$defs`` has that of each verb."""
    _, parts = msgspec.json.schema_components(VERBS.values(), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What operators send to cmd/<verb>",
        "anyOf": [{"$ref": f"#/$defs/{one.__name__}"} for one in VERBS.values()],
        "$defs": parts,
    }


def _fields(payload: bytes) -> dict[str, Any] | None:
    if len(payload) > LONGEST_BYTES:
        return None
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _wrong(command: Command) -> str | None:
    """Name a field whose pattern cannot say what is wrong with it."""
    # A pattern's $ lets a line feed at the end through.
    for name in ("by", "memo"):
        if ID.fullmatch(getattr(command, name)) is None:
            return name
    if command.by == SYSTEM:
        return "by"
    return "text" if _CONTROL.search(getattr(command, "text", None) or "") else None


def _problem(words: str, fields: dict[str, Any]) -> str:
    """Turn msgspec's words into ours."""
    found = _FIELD.search(words)
    field = next(filter(None, found.groups()), "") if found else ""
    if field not in _REMEDIES:
        return f"{_shown(field)} is no field of this command. Leave it out"
    if field not in fields:
        return f"{field} is missing. {_REMEDIES[field]}"
    if "unknown field" in words:
        return f"{field} = {_shown(fields[field])}: not for this verb. Leave it out"
    return told(field, fields[field])


def _shown(value: object) -> str:
    written = msgspec.json.encode(value).decode()
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"


def _digest(verb: str, command: Command) -> str:
    """When it was sent, and for how long it counts, make no other wish of it."""
    wish = msgspec.structs.asdict(command)
    del wish["ts"], wish["ttl_s"]
    return sha256(msgspec.json.encode((verb, sorted(wish.items())))).hexdigest()
