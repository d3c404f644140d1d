"""Decides which form of each client's file is in force, at the start and after every change.

A file counts when it is right, its tests pass, and none of its numbers is another client's.  What
does not count leaves the last good form in force.  The defaults change for all clients or for
none: half a change would stand in no file that somebody could look at.

What is known of the disk is the folder of dialplans and the kept forms (`sipbot.last_good`).
`take` is a generator that pauses after every file, so that whoever drives it can let others work
in between.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
import structlog

from sipbot.dialplan import Dialplan, Dialplans, Loader, client_files, load_all
from sipbot.dialplan_claims import Claim, settle
from sipbot.dialplan_defaults import DEFAULTS_FILE, no_defaults
from sipbot.dialplan_tests import mistakes_of, run_tests
from sipbot.errors import DialplanError, Mistake, PromptError
from sipbot.in_force import DEFAULTS, Changes, InForce, Refusal, alert_of, own_prompts, uses
from sipbot.last_good import LastGood, Mark, text_of
from sipbot.number_lists import usable
from sipbot.terminal import printable
from sipbot.toml_file import TomlFile, read
from sipbot.wav import check_prompt

Judging = Generator[None, None, InForce]

_log = structlog.get_logger()


def begin(folder: Path, region: str, kept: LastGood, at: datetime) -> InForce:
    """Decide what is in force at a start.

    Args:
        folder: of the dialplans.
        region: whose national numbers are meant.
        kept: the forms that were last in force.
        at: now, UTC-aware.

    Raises:
        DialplanError: no client can be answered.  One whose file is wrong, and of whom there is no
            good form, does not stop the others: calls for its numbers are refused.
    """
    names = {path.stem for path in client_files(folder)}
    marks = kept.marks()
    since = {name: marks[alert_of(name)].since for name in names if alert_of(name) in marks}
    failed: list[list[Mistake]] = []
    some: InForce | None = None
    for loader in _loaders(folder, region, kept):
        if loader.defaults is None:
            failed.append([])
            continue
        nobody = InForce(
            folder=folder,
            plans=Dialplans((), region),
            defaults=loader.defaults,
            unkept={DEFAULTS: loader.defaults.text or ""},
        )
        judge = _Judge(nobody, kept, at, loader, anew=True, since=since)
        found = drive(judge.judge(names))
        if found.plans.all and judge.lacking <= since.keys():
            return _without_its_defaults(found, failed[0], marks, at) if failed else found
        if found.plans.all and not failed:
            some = found
        failed.append(_mistakes(found, names))
    if some is not None:
        return some
    if not failed[0]:
        load_all(folder, region)  # the defaults are wrong; what else is, it tells with them
    raise DialplanError(failed[0])


def take(before: InForce, changes: Changes, kept: LastGood, at: datetime) -> Judging:
    """Decide what is in force after a change; pauses after every file.

    Args:
        before: what is in force.
        changes: what has changed.
        kept: the forms that were last in force.
        at: now, UTC-aware.
    """
    gone = changes.removed - {DEFAULTS}
    now = _without(before, gone)
    names = set(changes.files) | {n for n, each in now.refused.items() if each.rivals & gone}
    if changes.prompts:
        names |= {plan.client for plan in now.plans.all if uses(plan) & changes.prompts}
        names |= now.refused.keys()
    blocked = now.refused.get(DEFAULTS)
    anew = bool({DEFAULTS} & (names | changes.removed)) or (
        blocked is not None and not names.isdisjoint(one.file.stem for one in blocked.mistakes)
    )
    names.discard(DEFAULTS)
    if anew:
        after = yield from _take_defaults(now, names, kept, at)
        if after.defaults is not now.defaults:
            return after
        now = after
    judge = _Judge(now, kept, at, Loader(now.folder, now.plans.region, now.defaults))
    return (yield from judge.judge(names))


def drive(judging: Judging) -> InForce:
    """Decide without a pause."""
    while True:
        try:
            next(judging)
        except StopIteration as done:
            decided: InForce = done.value
            return decided


class _Judge:
    """Judges files with the same defaults.

    Args:
        now: what is in force.
        kept: the forms that were last in force.
        at: now.
        loader: with the defaults.
        anew: nothing counts as being in force; what a client falls back to is the kept form.
        since: file → since when it is not in force; what is not in it, since `at`.
    """

    def __init__(
        self,
        now: InForce,
        kept: LastGood,
        at: datetime,
        loader: Loader,
        *,
        anew: bool = False,
        since: Mapping[str, datetime] | None = None,
    ) -> None:
        self.lacking: set[str] = set()
        """Files that are not in force, and of which no form is."""
        self._now = now
        self._kept = kept
        self._at = at
        self._loader = loader
        self._anew = anew
        self._since = since or {name: each.since for name, each in now.refused.items()}
        self._texts: dict[str, TomlFile] = {}
        self._old: dict[str, Dialplan | None] = {}
        kept_defaults = kept.read(DEFAULTS)
        proven = kept_defaults.sha256 if kept_defaults else ""
        self._proven = loader.defaults is not None and loader.defaults.sha256 == proven
        self._stood = frozenset(kept.names() if self._proven and anew else ())
        """Clients whose kept form was in force with the same defaults, so it passed its tests."""

    def judge(self, names: Collection[str]) -> Judging:
        """Judge these files, and those that may count now because of them."""
        done: set[str] = set()
        ahead = set(names)
        while ahead:
            taken = yield from self._once(ahead)
            done |= ahead
            freed = {name for name, each in self._now.refused.items() if each.rivals & taken}
            ahead = freed - done
        return self._now

    def _once(self, names: Collection[str]) -> Generator[None, None, set[str]]:
        wanted: dict[str, Dialplan] = {}
        refused: dict[str, tuple[Mistake, ...]] = {}
        for name in sorted(names):
            plan, mistakes = self._checked(name)
            if plan is None:
                refused[name] = mistakes
            else:
                wanted[name] = plan
            yield
        standing = self._now.plans.changed(
            {**dict.fromkeys(wanted), **{n: p for n in refused if (p := self._before(n))}}
        )
        yield
        clashes = settle(wanted, standing, self._before)
        for name, claims in clashes.items():
            refused[name] = tuple(self._clash(name, claim) for claim in claims)
        yield
        taken = {name: plan for name, plan in wanted.items() if name not in clashes}
        back = {name: plan for name in clashes if (plan := self._before(name))}
        self.lacking |= {name for name in refused if self._before(name) is None}
        rivals = {
            name: {claim.other.client for claim in claims} for name, claims in clashes.items()
        }
        plans = standing.changed(taken | back)
        self._now = replace(
            self._now,
            plans=plans,
            refused={n: each for n, each in self._now.refused.items() if n not in taken}
            | {
                n: self._refusal(n, each, rivals.get(n, set()), plans)
                for n, each in refused.items()
            },
            unkept={**self._now.unkept, **{name: self._text(name) for name in taken}},
        )
        return set(taken)

    def _checked(self, name: str) -> tuple[Dialplan | None, tuple[Mistake, ...]]:
        path = self._now.folder / f"{name}.toml"
        try:
            if self._loader.defaults is None:
                return None, self._loader.mistakes
            file = read(path, DialplanError, links=False)
            plan = self._loader.build(file)
            # The plan holds the values: 60 MB of 10 000 clients would stay until all are judged.
            self._texts[name] = replace(file, values={})
            if not (name in self._stood and self._kept.is_kept(name, file.sha256)):
                mistakes = self._failed_tests(plan, file)
                return (None, mistakes) if mistakes else (plan, ())
        except DialplanError as error:
            return None, error.mistakes
        except Exception as error:  # noqa: BLE001 - no file that somebody writes may stop calls
            _log.error("a dialplan could not be judged", file=printable(str(path)), exc_info=error)
            problem = f"cannot be judged: {type(error).__name__}: {error}"
            remedy = "This is a mistake of sipbot; report it with the file"
            return None, (Mistake(file=path, key="(file)", problem=problem, remedy=remedy),)
        return plan, ()

    def _failed_tests(self, plan: Dialplan, file: TomlFile) -> tuple[Mistake, ...]:
        return tuple(mistakes_of(plan, run_tests(plan, self._loader.region), file))

    def _before(self, name: str) -> Dialplan | None:
        """The form that a client falls back to."""
        if name not in self._old:
            plan = None if self._anew else self._now.plans.of(name)
            self._old[name] = self._kept_plan(name) if self._anew else plan
            if plan is not None and not _playable(plan):
                kept = self._kept_plan(name)
                self._old[name] = kept if kept and kept.sha256 == plan.sha256 else plan
        return self._old[name]

    def _kept_plan(self, name: str) -> Dialplan | None:
        file = self._kept.read(name)
        if file is None or self._loader.defaults is None:
            return None
        try:
            plan = self._loader.build(file, partial(self._kept.prompts.find, name))
            # What was in force with the same defaults has passed its tests.
            return plan if self._proven or not self._failed_tests(plan, file) else None
        except DialplanError as error:
            _log.warning("a kept dialplan cannot be used", file=str(file.path), problem=str(error))
        except Exception as error:  # noqa: BLE001 - as for the file itself
            _log.error("a kept dialplan could not be judged", file=str(file.path), exc_info=error)
        return None

    def _refusal(
        self, name: str, mistakes: tuple[Mistake, ...], rivals: set[str], plans: Dialplans
    ) -> Refusal:
        path = self._now.folder / f"{name}.toml"
        return Refusal(
            path=path,
            numbers=() if plans.of(name) else _unanswered(path, plans),
            mistakes=mistakes,
            since=self._since.get(name, self._at),
            rivals=frozenset(rivals),
        )

    def _clash(self, name: str, claim: Claim) -> Mistake:
        """Name both places."""
        other, file = claim.other, self._texts[name]
        of_other = self._texts.get(other.client)
        if of_other is None or of_other.sha256 != other.sha256:
            of_other = text_of(other, self._kept)
        where = str(other.path)
        places = of_other.places if of_other else None
        place = places and places.find(("numbers", other.numbers.index(claim.number)))
        if of_other and place:
            where = f"{of_other.path}:{place.line}"
        problem = f"is claimed by {where} as well ({claim.number})"
        remedy = "A number belongs to one client: remove it from one of the two files"
        mistake = file.mistake(("numbers", claim.place), problem, remedy)
        return msgspec.structs.replace(mistake, rival=other.client)

    def _text(self, name: str) -> str:
        return self._texts[name].text or ""


def _playable(plan: Dialplan) -> bool:
    """Whether everything that a client's calls play can be played."""
    try:
        for path in own_prompts(plan).values():
            check_prompt(path)
    except PromptError:
        return False
    return True


def _unanswered(path: Path, plans: Dialplans) -> tuple[str, ...]:
    """The numbers that a wrong file names and nobody has; none when it cannot even be parsed."""
    try:
        written = read(path, DialplanError, links=False).values.get("numbers")
    except DialplanError:
        return ()
    return tuple(
        number
        for number in usable(written, plans.region)
        if number and next(iter(plans.sharing(number)), None) is None
    )


def _take_defaults(now: InForce, names: set[str], kept: LastGood, at: datetime) -> Judging:
    """Take the folder's defaults for all clients; for none when one of them would be lost."""
    loader = Loader(now.folder, now.plans.region)
    if loader.defaults is None:
        return _defaults_refused(now, loader.mistakes, at)
    if loader.defaults.sha256 == now.defaults.sha256:
        refused = {name: each for name, each in now.refused.items() if name != DEFAULTS}
        return replace(now, refused=refused)
    refused = {name: each for name, each in now.refused.items() if name != DEFAULTS}
    nobody = replace(
        now,
        plans=Dialplans((), now.plans.region),
        defaults=loader.defaults,
        refused=refused,
        unkept={**now.unkept, DEFAULTS: loader.defaults.text or ""},
    )
    everybody = names | refused.keys() | {plan.client for plan in now.plans.all}
    judge = _Judge(nobody, kept, at, loader, anew=True)
    after = yield from judge.judge(everybody)
    lost = {name for name in judge.lacking if now.plans.of(name)}
    if lost:
        return _defaults_refused(now, tuple(_mistakes(after, lost)), at)
    return after


def _defaults_refused(now: InForce, mistakes: tuple[Mistake, ...], at: datetime) -> InForce:
    before = now.refused.get(DEFAULTS)
    refusal = Refusal(
        path=now.folder / DEFAULTS_FILE, mistakes=mistakes, since=before.since if before else at
    )
    return replace(now, refused={**now.refused, DEFAULTS: refusal})


def _without(before: InForce, gone: frozenset[str]) -> InForce:
    """What is in force without some clients."""
    return replace(
        before,
        plans=before.plans.changed(dict.fromkeys(gone)),
        refused={name: each for name, each in before.refused.items() if name not in gone},
        unkept={name: text for name, text in before.unkept.items() if name not in gone},
    )


def _loaders(folder: Path, region: str, kept: LastGood) -> Iterator[Loader]:
    """With the defaults of the folder; then with those that were last in force, if others."""
    loader = Loader(folder, region)
    yield loader
    before = kept.read(DEFAULTS) or (no_defaults(folder) if kept.names() else None)
    if before is not None and (not loader.defaults or before.sha256 != loader.defaults.sha256):
        yield Loader(folder, region, before)


def _without_its_defaults(
    found: InForce, mistakes: list[Mistake], marks: Mapping[str, Mark], at: datetime
) -> InForce:
    """Say that the folder's defaults are not in force, and why."""
    mark = marks.get(alert_of(DEFAULTS))
    told = tuple(mistakes) or Loader(found.folder, found.plans.region).mistakes
    return _defaults_refused(found, told, mark.since if mark else at)


def _mistakes(found: InForce, names: Collection[str]) -> list[Mistake]:
    return [
        mistake
        for name in sorted(found.refused.keys() & names)
        for mistake in found.refused[name].mistakes
    ]
