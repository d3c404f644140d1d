"""Makes the bundle in which a client goes to another site.

Data path: dialplan, prompts, ledger, recordings -> [handover_give] -> tight_tar -> seal -> FILE

Nothing leaves without a consent that is in force, and no more than it names; that it leaves is in
the ledger before the file has its name.
"""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import tomlkit

from sipbot import dialplan, handover, seal
from sipbot.caller import caller_number
from sipbot.dialplan_defaults import DEFAULTS_FILE, filled, read_defaults
from sipbot.disk import sync_folder
from sipbot.errors import DialplanError, HandoverError
from sipbot.golden import folder_of
from sipbot.handover import Consent, Disclosure, FileFact, Manifest
from sipbot.handover_coverage import Baseline, Record
from sipbot.handover_readme import TEXT
from sipbot.handover_site import Site, coverage, defaults_text, prompt_folder, prompts_of
from sipbot.handover_stage import locked
from sipbot.ledger_check import reading
from sipbot.ledger_consents import calls_of, consent_of, memos_of
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo, Status
from sipbot.plan import Dialplan
from sipbot.prompt_manifest import read as read_entries
from sipbot.records import CallOffer, Party
from sipbot.seal import Keys
from sipbot.tight_tar import Writer
from sipbot.toml_file import read
from sipbot.vcon import vcon_of

_CHUNK_BYTES = 1 << 20
_NOBODY = Party(uri="sip:anonymous@anonymous.invalid")

Source = Callable[[], BinaryIO]
"""Opens a recording, which may be encrypted on this site's disk; in the bundle it is plain."""
Entry = tuple[str, bytes | Path | Source]
Note = Callable[[Disclosure], None]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be exported."""

    client: str
    to: str
    """``age1...``"""
    file: Path
    """Where to; must not exist."""
    by: str
    """Who exports."""
    id: str
    at: datetime
    """UTC-aware."""


@dataclass(frozen=True, kw_only=True)
class _Goods:
    """What goes, as the consent has it."""

    plan: Dialplan
    consent: Consent
    calls: Sequence[CallEntry]
    memos: Sequence[Memo]
    audio: dict[str, Source]
    """Call → recording."""
    missing: tuple[str, ...]
    known: frozenset[str]
    """Ids of all of the client's memos, those that stay here, too."""


def give(site: Site, order: Order, note: Note) -> Manifest:
    """Make the bundle.

    Args:
        site: this one.
        order: what is to be exported.
        note: writes down that it leaves.

    Raises:
        HandoverError: there is no consent, no key, no such recipient, or a file is in the way.
        SipbotError: the client's file is wrong, or the ledger cannot be read.
    """
    if order.file.exists():
        raise HandoverError(f"{order.file}: is there already. Choose another name")
    keys = Keys(site.var / seal.FOLDER)
    goods = _goods(site, order.client)
    entries = [*_entries(site, goods, keys, order)]
    for path, _ in entries:
        handover.check_path(path)
    manifest = Manifest(
        schema=handover.SCHEMA,
        id=order.id,
        client=order.client,
        say_name=goods.plan.say_name,
        site=site.name,
        region=site.region,
        made_at=order.at.isoformat(),
        sipbot=site.version,
        scope=goods.consent.scope,
        recipient=goods.consent.recipient,
        to=order.to,
        missing=goods.missing,
        files=tuple(FileFact(path, *_facts(content)) for path, content in entries),
    )
    _write(site.var, keys, manifest, entries, order, note, goods.consent)
    return manifest


def _goods(site: Site, client: str) -> _Goods:
    path = site.dialplans / f"{client}.toml"
    plan = dialplan.load_file(path, site.region)
    with reading(site.ledger) as ledger:
        found = consent_of(ledger, client)
        if found is None:
            raise HandoverError(
                f"{client}: has given no consent that is in force, so nothing leaves. With the "
                f"signed paper in hand: sipbot client consent {client} --by NAME --on DATE "
                "--recipient AGENCY --document FILE"
            )
        consent = found[1]
        calls, memos = calls_of(ledger, client), memos_of(ledger, client)
        known = frozenset(one.id for one in memos)
    if "history" not in consent.scope:
        memos = [one for one in memos if one.status is not Status.DONE]
        memos = memos if "memos" in consent.scope else []
        kept = {one.call.id for one in memos}
        calls = [one for one in calls if one.offer.call in kept]
    audio, missing = _recordings(site, memos) if "audio" in consent.scope else ({}, [])
    return _Goods(
        plan=plan,
        consent=consent,
        calls=[_nameless(one, site.region) for one in calls],
        memos=memos,
        audio=audio,
        missing=tuple(missing),
        known=known,
    )


def _recordings(site: Site, memos: Sequence[Memo]) -> tuple[dict[str, Source], list[str]]:
    """Return what opens each recording, and the memos that have none.

    Raises:
        LockedError: a recording is encrypted, and its key is not here: it is not missing.
    """
    found, missing = dict[str, Source](), list[str]()
    recordings = site.recordings
    for memo in memos:
        if memo.erased:
            continue  # nobody misses it
        call = memo.call.id
        if recordings.is_there(call) and recordings.sha256(call) == memo.audio.sha256:
            found[call] = partial(recordings.open, call)
        else:
            missing.append(memo.id)
    return found, missing


def _entries(site: Site, goods: _Goods, keys: Keys, order: Order) -> Iterator[Entry]:
    plan = goods.plan
    yield handover.README, TEXT.encode()
    yield handover.KEY, keys.public_pem
    yield handover.CONSENT, _json(goods.consent)
    covered = Record(site=site.abilities, client=coverage(site, plan, order.at))
    yield handover.COVERAGE, _json(covered)
    yield handover.BASELINE, _json(baseline(goods.calls))
    yield from _plan_files(site, plan)
    for file in _golden(folder_of(site.dialplans, plan.client), goods):
        yield f"{handover.PLANS}/speech/{plan.client}/{file.name}", file
    yield handover.VOCABULARY, _json([one.model_dump(mode="json") for one in plan.form.term])
    yield handover.CARD, _json(plan.card)
    yield (
        handover.ROTA,
        _json([one.model_dump(mode="json", by_alias=True) for one in plan.form.rota]),
    )
    lines = [msgspec.json.encode(one) + b"\n" for one in goods.calls]
    yield handover.CALLS, b"".join(lines)
    memos = {one.call.id: one for one in goods.memos}
    for memo in goods.memos:
        yield f"memos/{memo.id}.json", memo.model_dump_json(indent=1).encode()
    for call in goods.calls:
        identifier = call.offer.call
        recording = goods.audio.get(identifier)
        named = (f"audio/{identifier}.wav", _digest(recording, "sha512")) if recording else None
        content = vcon_of(
            call,
            memos.get(identifier),
            say_name=plan.say_name,
            made_at=order.at,
            recording=named,
        )
        yield f"vcon/{identifier}.json", _json(content)
    for identifier, path in goods.audio.items():
        yield f"audio/{identifier}.wav", path


def _plan_files(site: Site, plan: Dialplan) -> Iterator[Entry]:
    folder = handover.PLANS
    yield f"{folder}/{plan.client}.toml", plan.path.read_bytes()
    if defaults := defaults_text(site.dialplans):
        yield f"{folder}/{DEFAULTS_FILE}", defaults
    yield handover.RESOLVED, _resolved(site, plan)
    entries = read_entries(prompt_folder(site.dialplans))
    texts: list[dict[str, Any]] = []
    for name, path in prompts_of(plan, site.dialplans).items():
        own = not name.startswith("builtin:")
        place = f"prompts/{name}" if own else f"builtin/{name.removeprefix('builtin:')}.wav"
        yield f"{folder}/{place}", path
        entry = entries.get(name) if own else None
        texts.append({"name": name, "entry": entry})
    yield handover.PROMPT_TEXTS, _json(texts)


def _golden(folder: Path, goods: _Goods) -> Iterator[Path]:
    """Yield what goes of a golden set: what is named after a memo only if that memo goes, too."""
    words = {one.id for one in goods.memos}
    sound = {one.id for one in goods.memos if one.call.id in goods.audio}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in (".txt", ".wav", ".json") or path.is_symlink() or not path.is_file():
            continue
        name = path.name.partition(".")[0]
        alone = path.suffix == ".txt" and not path.with_suffix(".wav").is_file()
        if (name in goods.known or alone) and name not in (
            sound if path.suffix == ".wav" else words
        ):
            continue
        yield path


def _resolved(site: Site, plan: Dialplan) -> bytes:
    """The client's file with what the site's defaults add; as written where they add nothing."""
    file = read(plan.path, DialplanError, links=False)
    defaults = read_defaults(site.dialplans)
    if not defaults.values:
        return plan.path.read_bytes()
    return tomlkit.dumps(filled(file.values, defaults.values)).encode()


def baseline(calls: Sequence[CallEntry]) -> Baseline:
    """Return calls by month (UTC) and end state, and how many were on the line at once at most."""
    by_month: dict[str, Counter[str]] = {}
    edges: list[tuple[datetime, int]] = []
    for one in calls:
        began, ended = one.offer.received_at, one.ended_at
        month = by_month.setdefault(f"{began.astimezone(UTC):%Y-%m}", Counter())
        month[one.state.value if one.state else "unfinished"] += 1
        if ended is not None and one.answered_at is not None:
            edges += [(began, 1), (ended, -1)]
    busiest = now = 0
    for _, step in sorted(edges):
        now += step
        busiest = max(busiest, now)
    months = {month: dict(sorted(counts.items())) for month, counts in sorted(by_month.items())}
    return Baseline(calls=months, busiest=busiest if edges else None)


def _nameless(call: CallEntry, region: str) -> CallEntry:
    """A call as another site may see it: what a caller has withheld is not in it."""
    if caller_number(call.offer, region).source != "withheld":
        return call
    offer: CallOffer = msgspec.structs.replace(call.offer, asserted=(), from_=_NOBODY)
    return msgspec.structs.replace(call, offer=offer, caller=None)


def _write(
    var: Path,
    keys: Keys,
    manifest: Manifest,
    entries: Sequence[Entry],
    order: Order,
    note: Note,
    consent: Consent,
) -> None:
    sealed = order.file.with_name(f".{order.file.name}.partial")
    try:
        sealed.unlink(missing_ok=True)
        _seal(var, keys, manifest, entries, order, sealed)
        note(
            Disclosure(
                kind="export",
                client=order.client,
                by=order.by,
                recipient=f"{consent.recipient} ({order.to})",
                basis=f"consent of {consent.by}, {consent.on}",
                what=f"bundle {order.id}: file, {' '.join(consent.scope) or 'no calls'}",
                sha256=_digest(sealed, "sha256"),
            )
        )
        os.link(sealed, order.file)  # fails when something has come there meanwhile
        sync_folder(order.file.absolute().parent)
    except OSError as error:
        raise HandoverError(f"{order.file}: cannot be written: {error.strerror}") from error
    finally:
        sealed.unlink(missing_ok=True)


def _seal(
    var: Path,
    keys: Keys,
    manifest: Manifest,
    entries: Sequence[Entry],
    order: Order,
    sealed: Path,
) -> None:
    """Write the bundle in the clear, where `finish` throws it away if we are killed; lock it."""
    with locked(var) as folder:
        place = folder / f"give-{order.id}"
        place.mkdir(mode=0o700)
        try:
            _tar(place / "bundle.tar", keys, manifest, entries)
            seal.lock(place / "bundle.tar", sealed, order.to)
        finally:
            shutil.rmtree(place)


def _tar(clear: Path, keys: Keys, manifest: Manifest, entries: Sequence[Entry]) -> None:
    said = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    first: list[tuple[str, bytes]] = [
        (handover.MANIFEST, said),
        (handover.SIGNATURE, keys.sign(said)),
        (handover.SUMS, handover.sums(manifest.files)),
    ]
    with os.fdopen(os.open(clear, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        tar = Writer(out)
        for name, content in first:
            tar.add(f"{handover.FOLDER}/{name}", len(content), content)
        for fact, (name, source) in zip(manifest.files, entries, strict=True):
            with ExitStack() as open_ones:
                sound = open_ones.enter_context(source()) if callable(source) else source
                tar.add(f"{handover.FOLDER}/{name}", fact.bytes, sound)
        tar.close()


def _facts(content: bytes | Path | Source) -> tuple[int, str]:
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    if isinstance(content, Path):
        return content.stat().st_size, _digest(content, "sha256")
    with content() as file:
        size = file.seek(0, os.SEEK_END)
    return size, _digest(content, "sha256")


def _digest(content: Path | Source, method: str) -> str:
    digest = hashlib.new(method)
    with content.open("rb") if isinstance(content, Path) else content() as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _json(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can say
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
