"""What a client would notice if this site took it over: the parity report.  Pure.

Data path: bundle, plan here -> handover_coverage, handover_price -> [handover_parity] -> terminal,
JSON, HTML
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from sipbot import handover_price
from sipbot.errors import Mistake
from sipbot.handover_coverage import Abilities, Coverage, DayCover

Kind = Literal["blocks", "lost", "gained", "differs", "unknown", "same"]
ORDER: tuple[Kind, ...] = ("blocks", "lost", "differs", "unknown", "gained", "same")
"""The worst first.  What blocks must be mended; the others can be accepted."""

_SHOWN = 5
"""Days, prompts and the like that one line names; the rest are counted."""

_EARS = {"vosk": "the live ear", "faster-whisper": "the second ear"}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was compared."""

    kind: Kind
    about: str
    there: str
    """At the giving site."""
    here: str
    remedy: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was compared, the worst first."""

    client: str
    say_name: str
    giver: str
    """Site."""
    taker: str
    bundle: str
    """Id."""
    hours_lost: float | None
    """In the next twelve months; None: could not be worked out."""
    hours_gained: float | None
    items: tuple[Item, ...]

    @property
    def blocked(self) -> bool:
        """Whether something must be mended before the client can be taken over."""
        return any(one.kind == "blocks" for one in self.items)

    @property
    def equal(self) -> bool:
        """Whether the client would notice nothing."""
        return all(one.kind in ("same", "gained") for one in self.items)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the taking site found before it compares."""

    mistakes: tuple[Mistake, ...] = ()
    """Of the client's file, as this site reads it."""
    rivals: Mapping[str, str] = {}
    """Number → client who has it here."""
    taken_names: tuple[str, ...] = ()
    """Prompts of the bundle whose names mean something else here."""
    client_is_here: bool = False
    foreign_memos: int = 0
    """Of the bundle's, whose ids this site has from elsewhere."""
    missing: int = 0
    """Recordings that the bundle could not bring."""
    busiest: int | None = None
    """Most calls of this client at one time; None: nothing was counted."""


def compare(
    *,
    client: str,
    say_name: str,
    bundle: str,
    there: Coverage,
    giver: Abilities,
    here: Coverage | None,
    taker: Abilities,
    facts: Facts,
) -> Report:
    """Return what differs.

    Args:
        client, say_name, bundle: whom and what it is about.
        there: what the client has at the giving site.
        giver: what that site has.
        here: what it would have at this one; None when its file is wrong here.
        taker: what this site has.
        facts: what was found besides.
    """
    lost = gained = None
    items = [*_blocks(there, giver, taker, facts)]
    if here is not None:
        lost, gained = minutes(there.days, here.days)
        items += [*_hours(there, here, lost, gained), *_answers(there, here)]
        items += [*_prompts(there, here), *_terms(there, here, giver, taker)]
    items += [*_ears(there, giver, taker), *_means(there, giver, taker, facts)]
    items += [_quota(there, here), *_price(there, here)]
    items.sort(key=lambda one: ORDER.index(one.kind))
    return Report(
        client=client,
        say_name=say_name,
        giver=giver.site,
        taker=taker.site,
        bundle=bundle,
        hours_lost=None if lost is None else round(lost / 60, 2),
        hours_gained=None if gained is None else round(gained / 60, 2),
        items=tuple(items),
    )


def minutes(there: Sequence[DayCover], here: Sequence[DayCover]) -> tuple[int, int]:
    """Return how many open minutes are lost and gained, day by day."""
    was, now = {one.on: one for one in there}, {one.on: one for one in here}
    lost = gained = 0
    for on in was.keys() & now.keys():
        before, after = _open(was[on]), _open(now[on])
        lost, gained = lost + len(before - after), gained + len(after - before)
    return lost, gained


def _open(day: DayCover) -> set[int]:
    return {minute for start, end in day.bands for minute in range(start, end)}


def _blocks(there: Coverage, giver: Abilities, taker: Abilities, facts: Facts) -> Iterator[Item]:
    for one in facts.mistakes:
        problem = f"{one.key}: {one.problem}"
        yield Item(kind="blocks", about="file", there="right", here=problem, remedy=one.remedy)
    for number, rival in facts.rivals.items():
        remedy = f"Take it out of {rival}.toml, or ask the giving site to take it out of theirs"
        yield _blocked(f"number {number}", there.language, f"belongs to {rival}", remedy)
    for name in facts.taken_names:
        remedy = "Rename it here or there; another client's calls play it"
        yield _blocked(f"prompt {name}", "the client's", "another sound of this name", remedy)
    if facts.client_is_here:
        remedy = "Take the client out first, or ask for a bundle with another id"
        yield _blocked("client", "to be taken over", "a client of this id is, or was, here", remedy)
    if facts.foreign_memos:
        remedy = "Somebody has copied a ledger; take in the bundle at another site"
        number = f"{facts.foreign_memos} of them are here already"
        yield _blocked("memos", "to be taken over", number, remedy)
    if giver.region != taker.region:
        remedy = "Write numbers with + and the country's code, time zone and holidays into the file"
        yield _blocked("region", giver.region, taker.region, f"{remedy}, and export it again")


def _blocked(about: str, there: str, here: str, remedy: str) -> Item:
    return Item(kind="blocks", about=about, there=there, here=here, remedy=remedy)


def _hours(there: Coverage, here: Coverage, lost: int, gained: int) -> Iterator[Item]:
    was, now = {one.on: one for one in there.days}, {one.on: one for one in here.days}
    for kind, count in (("lost", lost), ("gained", gained)):
        if not count:
            continue
        found = []
        for on in sorted(was.keys() & now.keys()):
            less, more = (was, now) if kind == "lost" else (now, was)
            if _open(less[on]) - _open(more[on]):
                found.append(on)
        yield Item(
            kind="lost" if kind == "lost" else "gained",
            about="hours",
            there=_bands(was[found[0]]),
            here=f"{_bands(now[found[0]])}: {count / 60:.1f} h a year {kind}, {_few(found)}",
            remedy="Write closures and holidays into the client's file" if kind == "lost" else "",
        )
    if not lost and not gained:
        total = sum(len(_open(one)) for one in there.days) / 60
        said = f"{total:.0f} h in the next twelve months"
        yield Item(kind="same", about="hours", there=said, here=said)


def _bands(day: DayCover) -> str:
    if not day.bands:
        return f"closed ({day.name or day.because})"
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in day.bands)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _answers(there: Coverage, here: Coverage) -> Iterator[Item]:
    pairs = Counter(
        (there.answers[was], here.answers[now])
        for was, now in zip(there.probes, here.probes, strict=False)
    )
    differing = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    total = min(len(there.probes), len(here.probes))
    if not differing:
        said = f"{total} hours, one call each"
        yield Item(kind="same", about="what calls meet", there=said, here="the same answers")
    for (was, now), count in sorted(differing.items(), key=lambda one: -one[1])[:_SHOWN]:
        about = f"what calls meet in {count} of {total} hours"
        yield Item(kind="differs", about=about, there=was, here=now)


def _prompts(there: Coverage, here: Coverage) -> Iterator[Item]:
    other = [name for name, sha in there.prompts.items() if here.prompts.get(name) != sha]
    if other:
        said = f"{len(other)} sound otherwise: {_few(other)}"
        remedy = "Builtin prompts are of the release; record the client's own for the same sound"
        yield Item(kind="differs", about="prompts", there="", here=said, remedy=remedy)
    else:
        said = f"{len(there.prompts)} prompts"
        yield Item(kind="same", about="prompts", there=said, here="the same sounds")


def _terms(there: Coverage, here: Coverage, giver: Abilities, taker: Abilities) -> Iterator[Item]:
    if not there.terms and not here.terms:
        return
    was, now = f"{there.terms} terms in use", f"{here.terms} terms in use"
    kind: Kind = "lost" if here.terms < there.terms else "same"
    if giver.readings and not taker.readings and there.language == "ja":
        kind, now = "lost", f"{now}, compared as written only"
    remedy = "Install it: .venv/bin/pip install -e '.[readings]'" if kind == "lost" else ""
    yield Item(kind=kind, about="the client's words", there=was, here=now, remedy=remedy)
    if there.heard:
        heard = "; ".join(f"{_EARS.get(ear, ear)}: {_trial(v)}" for ear, v in there.heard.items())
        yield Item(
            kind="unknown",
            about="recognition of the client's words",
            there=heard,
            here="not measured",
            remedy="After the import: sipbot speech test CLIENT",
        )


def _trial(values: Sequence[float]) -> str:
    before, after, found_before, found_after, said = [*values, 0, 0, 0, 0, 0][:5]
    return (
        f"{before:.1%} → {after:.1%} wrong characters, "
        f"{found_before:g} → {found_after:g} of {said:g} words found"
    )


def _ears(there: Coverage, giver: Abilities, taker: Abilities) -> Iterator[Item]:
    for engine, name in _EARS.items():
        had = _hears(giver, engine, there.language)
        has = _hears(taker, engine, there.language)
        was, now = (f"hears {there.language}" if one else "none" for one in (had, has))
        if had and not has:
            remedy = f"sipbot models list --language {there.language}"
            yield Item(kind="lost", about=name, there=was, here=now, remedy=remedy)
        else:
            kind: Kind = "gained" if has and not had else "same"
            yield Item(kind=kind, about=name, there=was, here=now)


def _hears(site: Abilities, engine: str, language: str) -> bool:
    return any(one.split("-")[0] == language for one in site.ears.get(engine, ()))


def _means(there: Coverage, giver: Abilities, taker: Abilities, facts: Facts) -> Iterator[Item]:
    was, now = f"{giver.lines} for all clients", f"{taker.lines} for all clients"
    if facts.busiest is not None:
        was = f"{was}; this client had {facts.busiest} at a time at most"
    fewer = taker.lines < giver.lines and (facts.busiest is None or taker.lines <= facts.busiest)
    kind: Kind = "lost" if fewer else "same"
    yield Item(kind=kind, about="lines", there=was, here=now, remedy="sip.lines" if fewer else "")
    for target in there.channels:
        if target not in taker.targets:
            remedy = f'Add [[notify.target]] with name = "{target}" to config.toml'
            yield Item(
                kind="lost",
                about=f"notifications to {target}",
                there="sent",
                here="no such target",
                remedy=remedy,
            )
    for name in there.rota:
        if taker.people is not None and name not in taker.people:
            remedy = f"sipbot accounts add {name}, or change [[rota]] in the client's file"
            yield Item(
                kind="lost",
                about=f"{name} on call",
                there="has an account",
                here="has none",
                remedy=remedy,
            )
    if facts.missing:
        here = f"{facts.missing} recordings are not in the bundle"
        yield Item(kind="lost", about="recordings", there="missing or damaged", here=here)


def _quota(there: Coverage, here: Coverage | None) -> Item:
    was = handover_price.promise(there)
    now = handover_price.NO_FILE if here is None else handover_price.promise(here)
    months = ", ".join(f"{month}: {count}" for month, count in there.used.items())
    used = f"; used {months}" if months else "; nothing was counted"
    limit = here.calls_per_month if here else None
    kind: Kind = "unknown" if here is None or not months else "same"
    remedy = "Agree on calls a month with the client" if kind == "unknown" else ""
    if here is not None and here.calls_per_month != there.calls_per_month:
        kind, remedy = "differs", "Write [quota] into the client's file"
    if limit is not None and max(there.used.values(), default=0) > limit:
        kind, now = "differs", f"{now}: too few for the busiest month"
        remedy = "Agree on more calls a month with the client"
    return Item(kind=kind, about="quota", there=f"{was}{used}", here=now, remedy=remedy)


def _price(there: Coverage, here: Coverage | None) -> Iterator[Item]:
    was = handover_price.terms(there)
    now = handover_price.NO_FILE if here is None else handover_price.terms(here)
    known = there.price is not None and here is not None and here.price is not None
    kind: Kind = "unknown" if not known else "same" if was == now else "differs"
    remedy = (
        "" if kind == "same" else "Agree on the price, and write [price] into the client's file"
    )
    yield Item(kind=kind, about="price", there=was, here=now, remedy=remedy)
    if there.price is None and (here is None or here.price is None):
        return
    for bill in handover_price.bills(there, here):
        kind = "unknown" if not bill.measured else "same" if bill.equal else "differs"
        about = f"what {bill.month} costs, by the calls that counted there"
        yield Item(kind=kind, about=about, there=bill.there, here=bill.here)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
