"""Says what this site would make of a client that comes, and puts everything beside its place.

Data path: bundle -> handover_open -> [handover_take] -> handover_stage -> ledger, spool, dialplans

Nothing here changes what callers or operators meet.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import pydantic

from sipbot import dialplan, handover
from sipbot.dialplan_defaults import DEFAULTS_FILE
from sipbot.errors import DialplanError, HandoverError
from sipbot.golden import SPEECH_FOLDER
from sipbot.handover import Taken
from sipbot.handover_coverage import Baseline, Coverage, Record, again
from sipbot.handover_open import Opened
from sipbot.handover_parity import Facts, Report, compare
from sipbot.handover_site import Site, defaults_text, hashes, prompts_of
from sipbot.handover_stage import CALLS, MEMOS, PLACE, TAKEN, erased, write
from sipbot.ledger_check import reading
from sipbot.ledger_handovers import had_calls, handovers, known, known_calls
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo, Status
from sipbot.memo_history import next_revision
from sipbot.patterns import matches
from sipbot.plan import Dialplan
from sipbot.prompt_shelf import PROMPTS_FOLDER
from sipbot.spool import recording_of

LET_GO = "let_go"
"""In the history of a memo whose holder works at the giving site."""

Form = TypeVar("Form")


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """What a bundle has brought and is not there any more, though nobody has erased it."""

    files: frozenset[str] = frozenset()
    """Below the folder of dialplans."""
    calls: frozenset[str] = frozenset()
    """Whose recording is missing."""

    @property
    def count(self) -> int:
        """How many files."""
        return len(self.files) + len(self.calls)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A bundle that was opened, and what this site would make of it."""

    opened: Opened
    report: Report
    calls: Sequence[CallEntry]
    memos: Sequence[Memo]
    """As they would stand here."""
    lacking: Lacking | None
    """Set when this very bundle was taken in before."""

    @property
    def here_already(self) -> bool:
        """This very bundle was taken in before."""
        return self.lacking is not None


def judge(site: Site, opened: Opened) -> Arrival:
    """Say what the client would notice here, without changing anything.

    Raises:
        HandoverError: the bundle holds what no bundle of sipbot does.
    """
    manifest = opened.manifest
    calls, memos = _rows(site, opened)
    record = _decoded(opened, handover.COVERAGE, Record)
    lacking = _lacking(site, opened)
    here_already = lacking is not None
    strangers: set[str] = set()
    a_former = False
    if not here_already and site.ledger.is_file():
        with reading(site.ledger) as ledger:
            strangers = known(ledger, [one.id for one in memos])
            a_former = had_calls(ledger, manifest.client)
    plan, here, facts = _compiled(site, opened, record.client)
    its_file_comes = lacking is None or f"{manifest.client}.toml" in lacking.files
    baseline = _decoded(opened, handover.BASELINE, Baseline)
    facts = msgspec.structs.replace(
        facts,
        rivals=rivals(site, plan) if plan is not None and its_file_comes else {},
        client_is_here=not here_already
        and (a_former or (site.dialplans / f"{manifest.client}.toml").exists()),
        foreign_memos=len(strangers),
        missing=len(manifest.missing),
        busiest=baseline.busiest,
    )
    report = compare(
        client=manifest.client,
        say_name=manifest.say_name,
        bundle=manifest.id,
        there=record.client,
        giver=record.site,
        here=here,
        taker=site.abilities,
        facts=facts,
    )
    return Arrival(opened=opened, report=report, calls=calls, memos=memos, lacking=lacking)


def rivals(site: Site, plan: Dialplan) -> dict[str, str]:
    """Return the client's numbers that somebody else has here: number → client."""
    try:
        plans, _ = dialplan.load_right(site.dialplans, site.region)
    except DialplanError:
        return {}  # an empty folder
    pairs = ((one, other) for one in plan.numbers for other in plans if other.client != plan.client)
    return {
        one: other.client
        for one, other in pairs
        if any(matches(one, number) or matches(number, one) for number in other.numbers)
    }


def stage(site: Site, arrival: Arrival) -> Taken:
    """Put everything beside its place, on disk, and return what the ledger is to know.

    Of a bundle that is here already, what is lacking.

    Raises:
        HandoverError: the disk refuses.
    """
    opened, manifest = arrival.opened, arrival.opened.manifest
    place = opened.folder.parent / PLACE
    files = {target: source for source, target in placed(opened)}
    taken = Taken(
        id=manifest.id,
        client=manifest.client,
        site=manifest.site,
        sha256=opened.sha256,
        calls=tuple(one.offer.call for one in arrival.calls),
        memos={one.id: one.rev for one in arrival.memos},
        files={
            target: next(one.sha256 for one in manifest.files if one.path == source)
            for target, source in files.items()
            if _comes(site, arrival.lacking, target)
        },
    )
    try:
        for target in taken.files:
            path = place / "dialplans" / target
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (opened.folder / files[target]).replace(path)
        ours = {f"audio/{one}.wav": one for one in taken.calls}
        for source in opened.below("audio"):
            if (call := ours.get(source)) is None:
                raise HandoverError(f"{source}: is of no call of this bundle; nothing was taken in")
            if arrival.lacking is not None and call not in arrival.lacking.calls:
                continue
            path = recording_of(place / "spool", call)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (opened.folder / source).replace(path)
        write(place / handover.PROMPT_TEXTS, _texts(opened, taken))
        shutil.rmtree(opened.folder)
        calls = b"".join(msgspec.json.encode(one) + b"\n" for one in arrival.calls)
        memos = b"".join(one.model_dump_json().encode() + b"\n" for one in arrival.memos)
        for name, content in (
            (CALLS, calls),
            (MEMOS, memos),
            (TAKEN, msgspec.json.encode(taken)),
        ):
            write(place.parent / name, content)
        os.sync()
    except OSError as error:
        raise HandoverError(f"{place}: cannot be written: {error.strerror}") from error
    return taken


def _comes(site: Site, lacking: Lacking | None, target: str) -> bool:
    return not (site.dialplans / target).exists() if lacking is None else target in lacking.files


def _texts(opened: Opened, taken: Taken) -> bytes:
    """What is said in the prompts that come: of the others, this site may say it otherwise."""
    texts = msgspec.json.decode(opened.read(handover.PROMPT_TEXTS))
    coming = [one for one in texts if f"{PROMPTS_FOLDER}/{one['name']}" in taken.files]
    return msgspec.json.encode(coming)


def _lacking(site: Site, opened: Opened) -> Lacking | None:
    """Of a bundle that is here: what a disk, or an import that was cut off, has lost of it."""
    if not site.ledger.is_file():
        return None
    client = opened.manifest.client
    with reading(site.ledger) as ledger:
        found = [one for one in handovers(ledger, client) if one.taken.id == opened.manifest.id]
        came = found[0] if found else None
        if came is None or came.state == "gone":
            return None
        if came.state == "leaving":
            return Lacking()
        staying = known_calls(ledger, came.taken.calls)
    gone = erased(site.ledger, client)
    return Lacking(
        files=frozenset(
            target
            for target in came.taken.files
            if not (site.dialplans / target).exists() and not gone.silences(target)
        ),
        calls=frozenset(
            call
            for call in (Path(one).stem for one in opened.below("audio"))
            if call in staying - gone.unheard and not site.recordings.is_there(call)
        ),
    )


def placed(opened: Opened) -> Iterator[tuple[str, str]]:
    """Yield which files go below the folder of dialplans: path in the bundle, path there."""
    client = opened.manifest.client
    has_defaults = f"{handover.PLANS}/{DEFAULTS_FILE}" in opened.below(handover.PLANS)
    own = handover.RESOLVED if has_defaults else f"{handover.PLANS}/{client}.toml"
    yield own, f"{client}.toml"
    for kind in (PROMPTS_FOLDER, f"{SPEECH_FOLDER}/{client}"):
        for path in opened.below(f"{handover.PLANS}/{kind}"):
            yield path, path.removeprefix(f"{handover.PLANS}/")


def _rows(site: Site, opened: Opened) -> tuple[list[CallEntry], list[Memo]]:
    client = opened.manifest.client
    try:
        lines = opened.read(handover.CALLS).splitlines()
        calls = [msgspec.json.decode(line, type=CallEntry) for line in lines]
        memos = [Memo.model_validate_json(opened.read(path)) for path in opened.below("memos")]
    except (msgspec.DecodeError, UnicodeDecodeError, pydantic.ValidationError) as error:
        # Not its words: they may be a caller's.
        raise HandoverError(
            f"a call or memo of the bundle is none of this release ({type(error).__name__}): use "
            "the release that made the bundle"
        ) from None
    ids = {one.offer.call for one in calls}
    wrong = [one for one in memos if one.client != client or one.call.id not in ids]
    if wrong or any(one.client != client for one in calls):
        raise HandoverError(f"the bundle holds calls that are not {client}'s: nothing is taken in")
    for identifier in ids:
        handover.check_path(identifier)
    return calls, [_as_here(site, one) for one in memos]


def _as_here(site: Site, memo: Memo) -> Memo:
    """A memo as this site has it: its recording is here, and nobody holds it."""
    url = site.audio_url(memo.call.id, memo.id)
    moved = memo.model_copy(update={"audio": memo.audio.model_copy(update={"url": url})})
    if memo.status is not Status.CLAIMED:
        return moved
    free = {"status": Status.OPEN, "holder": None, "held_until": None}
    return next_revision(moved, memo.history[-1].at, free, what=LET_GO)


def _compiled(
    site: Site, opened: Opened, there: Coverage
) -> tuple[Dialplan | None, Coverage | None, Facts]:
    """The client's plan as this site reads it, in a folder like the one it would come to."""
    trial = opened.folder.parent / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    clashes = []
    for source, target in placed(opened):
        path, mine = trial / target, site.dialplans / target
        content = (opened.folder / source).read_bytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        in_use = target.startswith(f"{PROMPTS_FOLDER}/") and mine.exists()
        if in_use and mine.read_bytes() != content:
            clashes.append(Path(target).name)
    if defaults := defaults_text(site.dialplans):
        (trial / DEFAULTS_FILE).write_bytes(defaults)
    try:
        plan = dialplan.load_file(trial / f"{opened.manifest.client}.toml", site.region)
        here = again(plan, there, site.region, hashes(prompts_of(plan, trial)))
    except DialplanError as error:
        return None, None, Facts(mistakes=error.mistakes, taken_names=tuple(clashes))
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return plan, here, Facts(taken_names=tuple(clashes))


def _decoded(opened: Opened, path: str, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(opened.read(path), type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HandoverError(f"{path}: is none of this release: {error}") from error
