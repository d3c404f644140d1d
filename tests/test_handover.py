"""A client goes from one site to another: everything arrives, nothing can be changed on the way."""

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipbot import control, dialplan, handover, handover_desk, ledger_report, seal
from sipbot import control_wire as wire
from sipbot.caller import WITHHELD
from sipbot.errors import HandoverError
from sipbot.golden import folder_of
from sipbot.handover import Consent, Disclosure, FileFact, Manifest
from sipbot.handover_accept import Acceptance, decode, encode
from sipbot.handover_back import refuse_the_last, remove_plan
from sipbot.handover_coverage import PROBES
from sipbot.handover_give import Order, give
from sipbot.handover_open import Opened, open_bundle
from sipbot.handover_site import Site
from sipbot.handover_stage import (
    ASIDE,
    finish,
    finish_locked,
    leaving,
    locked,
    remove_recordings,
    staged,
)
from sipbot.handover_take import Arrival, judge, stage
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_check import reading
from sipbot.ledger_day import Span
from sipbot.ledger_handovers import Back, handovers
from sipbot.ledger_invariants import examine
from sipbot.ledger_kpi import facts, held
from sipbot.ledger_usage import calls_that_count
from sipbot.memo import Memo, Status
from sipbot.memo_history import next_revision
from sipbot.plan import Dialplan
from sipbot.quota import Ask
from sipbot.records import EndState
from sipbot.retention import BY_HAND, EVERYTHING, Wanted
from sipbot.routes import choose
from sipbot.spool import recording_of, spool_of
from sipbot.tight_tar import Writer, members
from tests.memo_samples import AT
from tests.sites import CLIENT, a_site, files_of, fill, keys_of

CONSENT = Consent(
    client=CLIENT,
    kind="given",
    by="Yamato Taro",
    on="2026-11-20",
    scope=("memos", "history", "audio"),
    recipient="Agency B",
    document="paper.pdf",
    sha256=None,
)
LATER = AT + timedelta(days=9999)
PLAN = f"dialplans/{CLIENT}.toml"
PATIENCE_S = 30.0
BUNDLE = "01a20574-831d-71d4-9606-b977ea4ad895"


class Trip(NamedTuple):
    giver: Site
    taker: Site
    file: Path
    manifest: Manifest
    memos: list[Memo]
    noted: list[Disclosure]


def consent(site: Site, given: Consent = CONSENT) -> None:
    handover_desk.ask(site.places, handover_desk.NoteConsent(given), bool)


def export(giver: Site, taker: Site, file: Path, noted: list[Disclosure]) -> Manifest:
    order = Order(
        client=CLIENT,
        to=keys_of(taker).recipient,
        file=file,
        by="hanako",
        id=BUNDLE,
        at=datetime(2027, 12, 31, 15, tzinfo=UTC),  # a leap year follows
    )
    return give(giver, order, noted.append)


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    """A bundle that was made once; tests leave it, and the giving site, as they are."""
    folder = tmp_path_factory.mktemp("trip")
    giver = a_site(folder / "a", "agency-a", with_client=True)
    taker = a_site(folder / "b", "agency-b")
    memos = asyncio.run(fill(giver))
    consent(giver)
    noted: list[Disclosure] = []
    manifest = export(giver, taker, folder / "yamato.sipbot", noted)
    return Trip(giver, taker, folder / "yamato.sipbot", manifest, memos, noted)


@pytest.fixture
def taker(trip: Trip, tmp_path: Path) -> Site:
    """An empty site that has the keys for the bundle."""
    site = a_site(tmp_path / "c", "agency-b")
    for name in (seal.IDENTITY, seal.SIGNING):
        content = (trip.taker.var / seal.FOLDER / name).read_bytes()
        (site.var / seal.FOLDER / name).write_bytes(content)
    return site


def opened(site: Site, file: Path, signed_by: str | None = None) -> Opened:
    place = site.var / "handover" / BUNDLE
    place.mkdir(parents=True)
    return open_bundle(file, keys_of(site), place, signed_by)


def arrive(site: Site, file: Path) -> Arrival:
    return judge(site, opened(site, file))


def take(site: Site, arrival: Arrival) -> bool:
    stage(site, arrival)
    return store(site)


def store(site: Site) -> bool:
    return handover_desk.ask(site.places, handover_desk.TakeIn(BUNDLE), bool)


async def only_rows(site: Site) -> None:
    """Store the rows, and be killed before a file is moved."""
    async with Ledger.open(site.ledger) as ledger:
        await ledger.handovers.take(*staged(site.var, BUNDLE), AT)


def back(site: Site) -> Back:
    with reading(site.ledger) as ledger:
        taken = handovers(ledger)[0].taken
    remove_plan(site, taken)
    with leaving(site.places, taken):
        gone = handover_desk.ask(site.places, handover_desk.TakeBack(taken.id), Back)
        remove_recordings(site.places, taken)
    return gone


def memos_at(site: Site) -> list[Memo]:
    with ReadOnlyLedger.open(site.ledger) as ledger:
        return sorted(ledger.memos(100), key=lambda one: one.id)


def clear_tar(trip: Trip, folder: Path) -> bytes:
    keys_of(trip.taker).open(trip.file, folder / "clear.tar")
    return (folder / "clear.tar").read_bytes()


def counted(site: Site, plan: Dialplan) -> list[int]:
    """Return how many calls quota, statement, figures and lines are made of."""
    ever = Span(since=AT - timedelta(days=9999), until=LATER)
    ask = Ask(client=CLIENT, since=ever.since, until=ever.until, counts=tuple(EndState), exclude=())
    with reading(site.ledger) as ledger:
        return [
            *calls_that_count(ledger, [ask]),
            len(ledger_report.taken(ledger, CLIENT, ever)),
            len(facts(ledger, plan, ever).calls),
            len(held(ledger, ever)),
        ]


# -- everything arrives ----------------------------------------------------------------------------


def test_client_in_an_empty_site_answers_every_hour_of_a_leap_year_alike(
    trip: Trip, taker: Site
) -> None:
    arrival = arrive(taker, trip.file)
    take(taker, arrival)
    finish(taker.places)

    there = dialplan.load_file(trip.giver.dialplans / f"{CLIENT}.toml", "JP")
    here = dialplan.load_file(taker.dialplans / f"{CLIENT}.toml", "JP")
    hours = [datetime.fromtimestamp(1830265200 + 3600 * n, UTC) for n in range(PROBES)]
    answers = [
        [
            (routed.situation, routed.route, routed.course and routed.course.start)
            for routed in (choose(plan, WITHHELD, plan.numbers[0], at, "JP") for at in hours)
        ]
        for plan in (there, here)
    ]
    assert answers[0] == answers[1]
    assert set() == {"blocks", "lost", "differs"} & {one.kind for one in arrival.report.items}
    assert 4 < len(set(map(repr, answers[0])))
    assert (0, 0) == (arrival.report.hours_lost, arrival.report.hours_gained)


def test_memos_and_recordings_arrive_unchanged(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    finish(taker.places)

    came = memos_at(taker)
    assert [one.model_copy(update={"audio": None}) for one in trip.memos] == [
        one.model_copy(update={"audio": None}) for one in came
    ]
    assert [one.audio.sha256 for one in trip.memos] == [one.audio.sha256 for one in came]
    spool = {name: sha for name, sha in files_of(trip.giver).items() if "spool" in name}
    assert spool == {name: sha for name, sha in files_of(taker).items() if "spool" in name}
    assert {f"https://agency-b.example/memos/{one.id}/audio" for one in came} == {
        one.audio.url for one in came
    }


def test_ledger_of_the_taking_site_is_sound(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    finish(taker.places)

    assert () == examine(taker.ledger, spool_of(taker.var)).problems


def test_calls_of_the_giving_site_are_neither_charged_nor_measured_by_the_taking_site(
    trip: Trip, taker: Site
) -> None:
    take(taker, arrive(taker, trip.file))

    plan = dialplan.load_file(trip.giver.dialplans / f"{CLIENT}.toml", "JP")
    assert 0 < min(counted(trip.giver, plan))
    assert {0} == set(counted(taker, plan))


def test_bundle_taken_in_twice_changes_nothing(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    finish(taker.places)
    before = files_of(taker), memos_at(taker)

    again = arrive(taker, trip.file)

    assert again.here_already
    assert not take(taker, again)
    finish(taker.places)
    assert before == (files_of(taker), memos_at(taker))


@pytest.mark.parametrize("by", ["the next start", "taking it in again"])
async def test_import_that_was_cut_off_is_completed_without_what_was_erased_since(
    tmp_path: Path, by: str
) -> None:
    giver = a_site(tmp_path / "a", "agency-a", with_client=True)
    taker = a_site(tmp_path / "b", "agency-b")
    waiting, done = await fill(giver)
    golden = folder_of(giver.dialplans, CLIENT)
    golden.mkdir(parents=True)
    for one in (waiting, done):
        (golden / f"{one.id}.txt").write_text("moshi moshi", encoding="utf-8")
    await asyncio.to_thread(consent, giver)
    await asyncio.to_thread(export, giver, taker, tmp_path / "x.sipbot", [])
    stage(taker, await asyncio.to_thread(arrive, taker, tmp_path / "x.sipbot"))
    expected = {n for n in files_of(giver) if done.id not in n and f"{done.call.id}/" not in n}
    await only_rows(taker)
    everything = Wanted(call=done.call.id, kinds=EVERYTHING, rule=BY_HAND, memo=done.id)
    async with Ledger.open(taker.ledger) as ledger:
        await ledger.erasures.store([everything], LATER, "hanako", "asked for")
        await ledger.revise_memo(done.id, lambda memo: next_revision(memo, AT, {}, what="noted"))

    if by == "the next start":
        await asyncio.to_thread(finish, taker.places)
    else:
        shutil.rmtree(taker.var / "handover" / BUNDLE)
        again = await asyncio.to_thread(arrive, taker, tmp_path / "x.sipbot")
        assert not await asyncio.to_thread(take, taker, again)

    assert expected == set(files_of(taker))


def test_plan_is_not_brought_back_over_who_has_the_number_now(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    (taker.dialplans / f"{CLIENT}.toml").unlink()
    a_rival(taker)

    assert arrive(taker, trip.file).report.blocked


def test_dry_run_changes_nothing(trip: Trip, taker: Site) -> None:
    with locked(taker.var):
        arrive(taker, trip.file)
        finish_locked(taker.places)

    assert {} == files_of(taker)
    assert not taker.ledger.exists()


def test_export_is_in_the_disclosures_before_the_file_is_there(trip: Trip) -> None:
    (noted,) = trip.noted
    assert ("export", CLIENT, "hanako") == (noted.kind, noted.client, noted.by)
    assert "Agency B" in noted.recipient
    assert "Yamato Taro" in noted.basis


# -- killed in between -----------------------------------------------------------------------------


def test_export_killed_in_between_leaves_nothing_in_the_clear(trip: Trip, tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:  # dies as by SIGKILL: no `finally` is run
        seal.lock = lambda *_: os._exit(9)
        export(trip.giver, trip.taker, tmp_path / "x.sipbot", [])
        os._exit(0)
    assert 9 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert 1 == len(list(trip.giver.var.rglob("*.tar")))

    finish(trip.giver.places)

    assert [] == list(trip.giver.var.rglob("*.tar"))


def test_import_killed_before_the_ledger_leaves_nothing(trip: Trip, taker: Site) -> None:
    stage(taker, arrive(taker, trip.file))

    finish(taker.places)  # the next start

    assert {} == files_of(taker)


def test_import_killed_after_the_ledger_is_finished_by_the_next_start(
    trip: Trip, taker: Site
) -> None:
    stage(taker, arrive(taker, trip.file))
    asyncio.run(only_rows(taker))
    assert PLAN not in files_of(taker)

    assert [BUNDLE] == finish(taker.places)

    assert PLAN in files_of(taker)
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


async def test_import_is_waited_for_however_long_sipbot_takes(
    taker: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "REPLY_S", 0.05)

    async def slow(_: wire.HandOver) -> wire.Reply:
        await asyncio.sleep(4 * control.REPLY_S)
        return wire.HandedOver(msgspec.Raw(b"true"))

    served = control.Control(control.socket_path(taker.var), {wire.HandOver: slow})
    async with asyncio.TaskGroup() as group:
        task = group.create_task(served.run())
        await served.ready.wait()
        new = await asyncio.to_thread(store, taker)
        task.cancel()

    assert new


@pytest.mark.parametrize("stopped", [False, True])
async def test_bundle_that_is_being_stored_is_thrown_away_by_nobody(
    trip: Trip, taker: Site, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    stage(taker, await asyncio.to_thread(arrive, taker, trip.file))
    order = wire.HandOver(msgspec.Raw(msgspec.json.encode(handover_desk.TakeIn(BUNDLE))))
    at_it, go_on = asyncio.Event(), asyncio.Event()
    async with Ledger.open(taker.ledger) as ledger, asyncio.timeout(PATIENCE_S):
        rows = ledger.handovers.take

        async def slowly(*what: Any) -> bool:
            at_it.set()
            await go_on.wait()
            return await rows(*what)

        monkeypatch.setattr(ledger.handovers, "take", slowly)
        obey = handover_desk.handlers(ledger, taker.places)[wire.HandOver]
        asking = asyncio.ensure_future(obey(order))
        await at_it.wait()
        if stopped:
            asking.cancel()
            await asyncio.sleep(0)

        with pytest.raises(HandoverError, match="still at work"):
            await asyncio.to_thread(finish, taker.places)

        go_on.set()
        while (taker.var / "handover" / BUNDLE).exists():
            await asyncio.sleep(0.01)

    assert PLAN in files_of(taker)
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


def test_every_recording_that_finds_another_in_its_place_is_set_aside(
    trip: Trip, taker: Site
) -> None:
    stage(taker, arrive(taker, trip.file))
    asyncio.run(only_rows(taker))
    for memo in trip.memos:
        other = recording_of(spool_of(taker.var), memo.call.id)
        other.parent.mkdir(parents=True)
        other.write_bytes(b"another")

    finish(taker.places)

    aside = taker.var / ASIDE / BUNDLE / "spool"
    kept = {one.parent.name: sha256(one.read_bytes()).hexdigest() for one in aside.rglob("*.wav")}
    assert {memo.call.id: memo.audio.sha256 for memo in trip.memos} == kept


# -- and back --------------------------------------------------------------------------------------


def test_rollback_takes_out_exactly_what_came(trip: Trip, taker: Site) -> None:
    mine = taker.dialplans / "prompts" / "mine.wav"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    before = files_of(taker)
    take(taker, arrive(taker, trip.file))
    finish(taker.places)

    gone = back(taker)

    assert ("gone", 3, 2) == (gone.state, gone.calls, gone.memos)
    assert [] == memos_at(taker)
    after = {name: sha for name, sha in files_of(taker).items() if "manifest.toml" not in name}
    assert before == after
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


STEPS = {
    "the file": "sipbot.cli_client_import.leaving",
    "the mark": "sipbot.cli_client_import.handover_desk.ask",
    "the rows": "sipbot.cli_client_import.remove_recordings",
}
"""What a roll-back has done last → the function at which it is killed."""


@pytest.mark.parametrize("done", STEPS)
def test_rollback_killed_in_between_is_finished_by_the_next(
    trip: Trip, taker: Site, tmp_path: Path, done: str
) -> None:
    before = files_of(taker)
    take(taker, arrive(taker, trip.file))
    finish(taker.places)
    config = tmp_path / "taker.toml"
    config.write_text(
        f'site = "agency-b"\nvar = "{taker.var}"\ndialplans = "{taker.dialplans}"\n',
        encoding="utf-8",
    )
    module, _, name = STEPS[done].rpartition(".")
    kill = (
        "import os, sys, functools\n"
        "from sipbot import cli, cli_client_import, handover_desk\n"
        f"setattr({module.removeprefix('sipbot.').split('.')[-1]}, {name!r},"
        " lambda *a, **k: os.kill(os.getpid(), 9))\n"
        "cli.program()(['client', 'rollback', *sys.argv[1:]])\n"
    )
    options = [CLIENT, "--config", str(config)]
    killed = subprocess.run([sys.executable, "-c", kill, *options], check=False)
    if done != "the rows":
        again = [sys.executable, "-m", "sipbot", "client", "rollback", *options]
        subprocess.run(again, check=True, capture_output=True)

    finish(taker.places)  # the next start

    assert -signal.SIGKILL == killed.returncode
    assert before == {n: sha for n, sha in files_of(taker).items() if "manifest.toml" not in n}
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


async def test_memo_that_somebody_worked_on_survives_the_rollback(trip: Trip, taker: Site) -> None:
    arrival = await asyncio.to_thread(arrive, taker, trip.file)
    await asyncio.to_thread(take, taker, arrival)
    await asyncio.to_thread(finish, taker.places)
    worked_on = next(one for one in memos_at(taker) if one.status is Status.OPEN)
    async with Ledger.open(taker.ledger) as ledger:
        await ledger.revise_memo(
            worked_on.id, lambda memo: next_revision(memo, AT, {}, what="noted", by="hanako")
        )

    gone = await asyncio.to_thread(back, taker)

    assert (worked_on.id,) == gone.kept
    assert [worked_on.id] == [one.id for one in memos_at(taker)]
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


async def test_memo_that_was_judged_here_survives_the_rollback(trip: Trip, taker: Site) -> None:
    arrival = await asyncio.to_thread(arrive, taker, trip.file)
    await asyncio.to_thread(take, taker, arrival)
    await asyncio.to_thread(finish, taker.places)
    judged = memos_at(taker)[0].id
    async with Ledger.open(taker.ledger) as ledger:
        await ledger.reviews.judge(
            judged, CLIENT, operator="hanako", reviewer="jiro", points={"name": True}, now=AT
        )

    gone = await asyncio.to_thread(back, taker)

    assert (judged,) == gone.kept
    assert () == examine(taker.ledger, spool_of(taker.var)).problems


async def test_memo_that_the_broker_may_hold_is_cleared_there_before_it_goes(
    trip: Trip, taker: Site
) -> None:
    arrival = await asyncio.to_thread(arrive, taker, trip.file)
    stage(taker, arrival)
    async with Ledger.open(taker.ledger) as ledger:
        await ledger.handovers.take(*staged(taker.var, BUNDLE), AT)
        first = await ledger.handovers.take_back(BUNDLE, AT, running=True)
        due = await ledger.due_deliveries(LATER, 10)
        await ledger.delivered([one.id for one in due], AT)
        second = await ledger.handovers.take_back(BUNDLE, AT, running=True)

    assert ("leaving", 1) == (first.state, len(first.waiting))
    assert b"" == due[-1].payload
    assert ("gone", 1) == (second.state, second.memos)
    assert [] == memos_at(taker)
    assert () == examine(taker.ledger, spool=None).problems


def test_client_file_changed_here_is_set_aside_by_the_rollback(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    finish(taker.places)
    plan = taker.dialplans / f"{CLIENT}.toml"
    plan.write_text(plan.read_text(encoding="utf-8") + "\n# ours\n", encoding="utf-8")
    with reading(taker.ledger) as ledger:
        taken = handovers(ledger)[0].taken

    files = remove_plan(taker, taken)

    (aside,) = files.aside
    assert "# ours" in Path(aside).read_text(encoding="utf-8")
    assert not plan.exists()


def test_only_client_of_a_running_site_stays(trip: Trip, taker: Site) -> None:
    take(taker, arrive(taker, trip.file))
    finish(taker.places)
    with reading(taker.ledger) as ledger:
        taken = handovers(ledger)[0].taken

    with pytest.raises(HandoverError, match=r"only client.*stop sipbot, then roll back"):
        refuse_the_last(taker, taken, running=True)

    refuse_the_last(taker, taken, running=False)
    (taker.dialplans / "other.toml").touch()
    refuse_the_last(taker, taken, running=True)


# -- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("withdrawn", [False, True])
def test_export_without_consent_in_force_is_refused(tmp_path: Path, withdrawn: bool) -> None:
    giver = a_site(tmp_path / "a", "agency-a", with_client=True)
    taker = a_site(tmp_path / "b", "agency-b")
    consent(giver, msgspec.structs.replace(CONSENT, client="another"))
    if withdrawn:
        consent(giver)
        consent(giver, msgspec.structs.replace(CONSENT, kind="withdrawn"))
    noted: list[Disclosure] = []

    with pytest.raises(HandoverError, match=r"no consent that is in force.*sipbot client consent"):
        export(giver, taker, tmp_path / "x.sipbot", noted)

    assert ([], False) == (noted, (tmp_path / "x.sipbot").exists())


async def test_export_takes_no_more_than_the_consent_names(tmp_path: Path) -> None:
    giver = a_site(tmp_path / "a", "agency-a", with_client=True)
    taker = a_site(tmp_path / "b", "agency-b")
    await fill(giver)
    only = msgspec.structs.replace(CONSENT, scope=("memos",))
    await asyncio.to_thread(consent, giver, only)

    manifest = await asyncio.to_thread(export, giver, taker, tmp_path / "x.sipbot", [])

    kinds = [one.path.partition("/")[0] for one in manifest.files]
    assert (1, 1, 0) == (kinds.count("memos"), kinds.count("vcon"), kinds.count("audio"))


async def test_golden_set_goes_without_the_words_of_memos_that_stay(tmp_path: Path) -> None:
    giver = a_site(tmp_path / "a", "agency-a", with_client=True)
    taker = a_site(tmp_path / "b", "agency-b")
    waiting, done = await fill(giver)
    golden = folder_of(giver.dialplans, CLIENT)
    golden.mkdir(parents=True)
    for name in (waiting.id, done.id, "call-1"):
        for suffix in (".txt", ".wav"):
            (golden / f"{name}{suffix}").write_text("moshi moshi", encoding="utf-8")
    (golden / "of-no-memo.txt").write_text("moshi moshi", encoding="utf-8")
    only = msgspec.structs.replace(CONSENT, scope=("memos",))
    await asyncio.to_thread(consent, giver, only)

    manifest = await asyncio.to_thread(export, giver, taker, tmp_path / "x.sipbot", [])

    gone = {Path(one.path).name for one in manifest.files if "/speech/" in one.path}
    assert {f"{waiting.id}.txt", "call-1.txt", "call-1.wav"} == gone


def test_bundle_for_somebody_else_is_refused_with_a_remedy(trip: Trip, tmp_path: Path) -> None:
    stranger = a_site(tmp_path / "d", "agency-d")

    with pytest.raises(HandoverError, match=f"--to {keys_of(stranger).recipient}"):
        opened(stranger, trip.file)

    assert {} == files_of(stranger)


def test_bundle_of_another_signer_is_refused(trip: Trip, taker: Site) -> None:
    with pytest.raises(HandoverError, match="compare the fingerprint"):
        opened(taker, trip.file, signed_by="0000-0000")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bundle_with_one_byte_changed_is_refused(
    trip: Trip, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(trip.file.read_bytes())
    # The header has what age promises least about: every second example is of it.
    last = data.draw(st.sampled_from([300, len(content) - 1]))
    place = data.draw(st.integers(0, last))
    content[place] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("changed")
    (folder / "changed.sipbot").write_bytes(content)
    (folder / "stage").mkdir()

    with pytest.raises(HandoverError):
        open_bundle(folder / "changed.sipbot", keys_of(trip.taker), folder / "stage", None)

    assert not (folder / "stage" / handover.FOLDER).exists()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_tar_with_one_byte_changed_is_refused_though_it_was_locked_anew(
    trip: Trip, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("relocked")
    content = bytearray(clear_tar(trip, folder))
    place = data.draw(
        st.one_of(
            st.integers(0, len(content) - 1),
            st.integers(0, 511),
            st.integers(len(content) - 2048, len(content) - 1),
        )
    )
    content[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(HandoverError):
        relocked(trip, folder, bytes(content))


def relocked(trip: Trip, folder: Path, tar: bytes) -> Opened:
    """Open a tar as a bundle that somebody has locked for the taking site."""
    (folder / "tar").write_bytes(tar)
    seal.lock(folder / "tar", folder / "x.sipbot", keys_of(trip.taker).recipient)
    (folder / "stage").mkdir()
    return open_bundle(folder / "x.sipbot", keys_of(trip.taker), folder / "stage", None)


def test_tar_that_is_locked_anew_unchanged_is_the_bundle(trip: Trip, tmp_path: Path) -> None:
    assert trip.manifest == relocked(trip, tmp_path, clear_tar(trip, tmp_path)).manifest


def hostile(kind: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("handover/manifest.json")
        match kind:
            case "traversal":
                info.name = "../../manifest.json"
            case "symlink":
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            case "device":
                info.type = tarfile.CHRTYPE
            case "longer than it is":
                out.write(tarfile.TarInfo("handover/manifest.json").tobuf()[:124] + b"7" * 11)
        tar.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["traversal", "symlink", "device", "longer than it is"])
def test_hostile_tar_is_refused_and_nothing_is_written(
    trip: Trip, tmp_path: Path, kind: str
) -> None:
    with pytest.raises(HandoverError):
        relocked(trip, tmp_path, hostile(kind))

    assert not (tmp_path / "stage").exists()
    assert not (tmp_path.parent / "manifest.json").exists()


def signed(trip: Trip, manifest: Manifest, files: dict[str, bytes]) -> bytes:
    """A tar that the giving site has really signed."""
    said = msgspec.json.encode(manifest)
    out = io.BytesIO()
    tar = Writer(out)
    for name, content in (
        (handover.MANIFEST, said),
        (handover.SIGNATURE, keys_of(trip.giver).sign(said)),
        (handover.SUMS, handover.sums(manifest.files)),
        *files.items(),
    ):
        tar.add(f"{handover.FOLDER}/{name}", len(content), content)
    tar.close()
    return out.getvalue()


def test_signed_manifest_that_names_a_path_outside_is_refused(trip: Trip, tmp_path: Path) -> None:
    bad = msgspec.structs.replace(trip.manifest.files[0], path="../outside")
    manifest = msgspec.structs.replace(trip.manifest, files=(bad,))

    with pytest.raises(HandoverError, match="is no path of a bundle"):
        relocked(trip, tmp_path, signed(trip, manifest, {}))


def test_bundle_that_its_recipient_has_locked_for_a_third_is_refused(
    trip: Trip, tmp_path: Path
) -> None:
    third = keys_of(a_site(tmp_path / "d", "agency-d"))
    (tmp_path / "tar").write_bytes(clear_tar(trip, tmp_path))
    seal.lock(tmp_path / "tar", tmp_path / "x.sipbot", third.recipient)
    (tmp_path / "stage").mkdir()

    with pytest.raises(HandoverError, match=f"made for {keys_of(trip.taker).recipient}"):
        open_bundle(tmp_path / "x.sipbot", third, tmp_path / "stage", None)

    assert not (tmp_path / "stage").exists()


@pytest.mark.parametrize(
    "change", [{"kind": "withdrawn"}, {"client": "sato"}, {"scope": ()}, {"recipient": "x"}, None]
)
def test_bundle_without_the_clients_consent_to_all_of_it_is_refused(
    trip: Trip, tmp_path: Path, change: dict[str, Any] | None
) -> None:
    files = {handover.KEY: keys_of(trip.giver).public_pem}
    if change is not None:
        files[handover.CONSENT] = msgspec.json.encode(msgspec.structs.replace(CONSENT, **change))
    facts = tuple(
        FileFact(name, len(content), sha256(content).hexdigest()) for name, content in files.items()
    )
    manifest = msgspec.structs.replace(trip.manifest, files=facts)

    with pytest.raises(HandoverError, match=r"consent\.json"):
        relocked(trip, tmp_path, signed(trip, manifest, files))


def a_rival(taker: Site) -> None:
    (taker.dialplans / "other.toml").write_text(
        'schema = 1\nclient = "other"\nsay_name = "Other"\nnumbers = ["wakaba-law"]\n'
        'language = "ja"\n[answer]\ngreeting = "builtin:ja/greeting"\n'
        'thanks = "builtin:ja/thanks"\n[hours]\nopen = "24/7"\n',
        encoding="utf-8",
    )


def test_number_that_somebody_has_here_blocks(trip: Trip, taker: Site) -> None:
    a_rival(taker)

    report = arrive(taker, trip.file).report

    assert report.blocked
    assert ["number wakaba-law"] == [one.about for one in report.items if one.kind == "blocks"]


def test_closure_of_the_taking_site_is_told_as_hours_lost(trip: Trip, taker: Site) -> None:
    (taker.dialplans / "_defaults.toml").write_text(
        'schema = 1\n[[closure]]\nname = "moving"\nfrom = "2028-02-14"\nto = "2028-02-16"\n',
        encoding="utf-8",
    )

    report = arrive(taker, trip.file).report

    assert {"hours"} <= {one.about for one in report.items if one.kind == "lost"}
    assert 0 < (report.hours_lost or 0) <= 3 * 24


def test_site_that_lacks_what_the_client_had_says_so(trip: Trip, taker: Site) -> None:
    poorer = replace(taker, region="KR")

    report = arrive(poorer, trip.file).report

    assert "region" in [one.about for one in report.items if one.kind == "blocks"]


# -- without sipbot --------------------------------------------------------------------------------


@pytest.mark.peer
def test_bundle_opens_with_public_tools_only(trip: Trip, tmp_path: Path) -> None:
    identity = trip.taker.var / seal.FOLDER / seal.IDENTITY
    commands = [
        ["age", "-d", "-i", str(identity), "-o", "bundle.tar", str(trip.file)],
        ["tar", "xf", "bundle.tar"],
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"],
        [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "site.pub.pem", "-rawin"),
            *("-in", "manifest.json", "-sigfile", "manifest.json.sig"),
        ],
    ]
    for command in commands:
        inside = tmp_path / handover.FOLDER
        subprocess.run(command, cwd=inside if inside.is_dir() else tmp_path, check=True)

    listed = json.loads((inside / "manifest.json").read_text(encoding="utf-8"))["files"]
    there = {str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()}
    extra = {handover.MANIFEST, handover.SIGNATURE, handover.SUMS}
    assert {one["path"] for one in listed} | extra == there


def test_acceptance_that_was_changed_is_refused(trip: Trip) -> None:
    said = Acceptance(
        bundle=BUNDLE,
        manifest_sha256="0" * 64,
        client=CLIENT,
        giver="agency-a",
        taker="agency-b",
        by="hanako",
        at="2026-11-22T00:00:00+00:00",
        hours_lost=0.0,
        hours_gained=0.0,
        differences=(),
    )
    content = encode(said, keys_of(trip.taker))

    assert said == decode(content)[0]
    with pytest.raises(HandoverError, match="it was changed"):
        decode(content.replace(b"hanako", b"hanoko"))


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,20}\Z"), st.binary(max_size=2000), max_size=5))
def test_tar_gives_back_what_was_written(files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    tar = Writer(out)
    for name, content in files.items():
        tar.add(name, len(content), content)
    tar.close()

    read = {one.name: one.content.all(10_000) for one in members(io.BytesIO(out.getvalue()))}

    assert files == read
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as plain:
        assert list(files) == plain.getnames()
