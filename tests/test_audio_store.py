"""The store of recordings has every encrypted one, and none that was erased."""

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.audio_store import PREFIX, TARGET, Kept, files_in, gone_names, object_key, todo
from sipbot.audio_store_target import AudioStoreTarget
from sipbot.audio_store_view import take_away_erased
from sipbot.audio_storing import AudioStoring
from sipbot.audio_vault import AudioVault
from sipbot.cli import program
from sipbot.config import from_values, load
from sipbot.doctor_audio_store import examine
from sipbot.erase import Eraser
from sipbot.errors import AudioStoreError, AudioStoreRefusedError, ConfigError
from sipbot.from_settings import bucket_of
from sipbot.ledger import Ledger, Undelivered
from sipbot.ledger_audio_store import stored_audio
from sipbot.ledger_audio_store_view import erased_elsewhere
from sipbot.ledger_deliveries import undelivered
from sipbot.ledger_schema import calls, deliveries, memos
from sipbot.memo import Memo
from sipbot.outbox import MAX_REFUSALS, Outbox
from sipbot.recordings import AUDIO, BOTH, MASKED
from sipbot.retention import BY_HAND, Kind, Wanted
from sipbot.s3 import S3
from sipbot.spool import Spool
from tests.brokers import PATIENCE_S
from tests.memo_samples import AT
from tests.s3_server import SECRET, S3Server, running
from tests.test_audio_vault import a_call, left, read
from tests.test_reconcile import Troubles
from tests.test_s3 import BUCKET

peer = pytest.mark.peer

names = st.sampled_from(BOTH)
tags = st.dictionaries(names, st.sampled_from(["", "one", "other"]))


# -- what is to be done: pure --------------------------------------------------------------------


@given(tags, tags, st.frozensets(names))
def test_once_it_is_done_nothing_is_left_to_do(
    here: dict[str, str], there: dict[str, str], gone: frozenset[str]
) -> None:
    do = todo(here, Kept(tags=there, gone=gone))
    after = {name: tag for name, tag in there.items() if name not in do.delete}
    after |= {name: here[name] for name in do.put}
    again = todo(here, Kept(tags=after, gone=gone))
    assert ((), ()) == (again.put, again.delete)


@given(tags, tags, st.frozensets(names))
def test_what_was_erased_is_deleted_there_and_nothing_else_and_not_stored_again(
    here: dict[str, str], there: dict[str, str], gone: frozenset[str]
) -> None:
    do = todo(here, Kept(tags=there, gone=gone))
    assert there.keys() & gone == set(do.delete)
    assert not gone.intersection(do.put)


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ([], set()),
        ([Kind.TEXT], set()),
        ([Kind.AUDIO], {AUDIO}),
        ([Kind.MASKED, Kind.TEXT], {MASKED}),
        ([Kind.CALLS], {AUDIO, MASKED}),
    ],
)
def test_tombstone_of_the_whole_call_counts_for_both_files(
    kinds: list[Kind], wanted: set[str]
) -> None:
    assert wanted == gone_names(kinds)


def test_objects_of_others_are_not_taken_for_recordings() -> None:
    ours = object_key("main", "c1", AUDIO)
    others = ["main/doctor", "main/c1/notes.txt", "main/c1/audio.wav", "main2/c1/audio.wav.age"]
    assert [("c1", AUDIO)] == list(files_in("main", [ours, *others, f"x/{ours}"]))


# -- settings ------------------------------------------------------------------------------------

STORE = {
    "url": "https://s3.example",
    "bucket": "recordings",
    "access_key": "sipbot",
    "secret_key": SECRET,
}
KEYED = {"audio_key_file": "audio.agekey"}


@pytest.mark.parametrize(
    ("values", "key", "says"),
    [
        ({"audio_store": STORE}, "audio_store.url", "leave this machine only encrypted"),
        (
            {"audio_store": {**STORE, "bucket": ""}, "privacy": KEYED},
            "audio_store.bucket",
            "Set audio_store.bucket",
        ),
        (
            {"audio_store": {"access_key": "sipbot"}},
            "audio_store.access_key",
            "has no meaning without audio_store.url",
        ),
        (
            {"audio_store": {**STORE, "url": "https://me@s3.example"}, "privacy": KEYED},
            "audio_store.url",
            "addresses are shown in logs",
        ),
        (
            {"audio_store": {**STORE, "url": "https://s3_1.example"}, "privacy": KEYED},
            "audio_store.url",
            "a host that boto3 does not take: s3_1.example",
        ),
        (
            {"audio_store": {**STORE, "url": "https://[zz"}, "privacy": KEYED},
            "audio_store.url",
            "a host that boto3 does not take",
        ),
    ],
)
def test_setting_that_would_not_work_names_key_and_remedy(
    tmp_path: Path, values: dict[str, object], key: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        from_values(values, tmp_path)
    assert key in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["http://[::1]:9000", "https://s3-1.example:9000/", "http://s3"])
def test_address_that_boto3_takes_is_taken(tmp_path: Path, url: str) -> None:
    values = {"audio_store": {**STORE, "url": url}, "privacy": KEYED}
    bucket = bucket_of(from_values(values, tmp_path))
    assert bucket is not None
    S3(bucket)  # refuses what boto3 does not take


# -- with a real server --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


@dataclass
class Site:
    """A site with one key, whose outbox is emptied by hand."""

    folder: Path
    server: S3Server
    ledger: Ledger
    spool: Spool
    target: AudioStoreTarget
    storing: AudioStoring
    outbox: Outbox
    troubles: Troubles
    site: str
    memos: list[Memo] = field(default_factory=list)

    async def memo(self) -> Memo:
        """A call whose recording is encrypted, and told."""
        memo = await left(self.ledger, self.spool, await a_call(self.ledger, self.spool))
        await read(self.ledger, memo)
        vault = AudioVault(self.ledger, self.spool.recordings, self.troubles, self.storing.sealed)
        await vault.put_away(memo.call.id)
        self.memos.append(memo)
        return memo

    async def stored(self) -> None:
        """Look at everything, and make what is due."""
        await self.storing.look()
        await self.outbox.run_once()

    async def tombstone(self, memo: Memo, *kinds: Kind) -> None:
        """Erased, but that its files are still here."""
        wanted = Wanted(call=memo.call.id, kinds=kinds, rule=BY_HAND, memo=memo.id)
        await self.ledger.erasures.store([wanted], AT, "admin", "")

    async def forget_stored(self) -> None:
        """A ledger of before anything was stored was put back."""
        await self.ledger._run(lambda c: c.execute(sa.delete(stored_audio)))

    async def erase(self, memo: Memo, *kinds: Kind) -> None:
        var = self.folder / "var"
        eraser = Eraser(self.ledger.erasures, var / "spool", var / "search", self.folder)
        wanted = Wanted(call=memo.call.id, kinds=kinds, rule=BY_HAND, memo=memo.id)
        await eraser.erase([wanted], "admin", "")

    async def waiting(self) -> list[Undelivered]:
        found = await self.ledger._run(lambda c: undelivered(c, dead_only=False))
        return [one for one in found if one.target == TARGET]

    @property
    def place(self) -> str:
        return self.server.bucket(self.site).place

    def key(self, memo: Memo, name: str = AUDIO) -> str:
        return object_key(self.site, memo.call.id, name)

    def objects(self) -> list[str]:
        return [one for one in self.server.objects() if one.startswith(f"{self.site}/")]

    def config(self) -> Path:
        """The same site for a command."""
        path = self.folder / "config.toml"
        path.write_text(
            f'site = "{self.site}"\n[privacy]\naudio_key_file = "audio.agekey"\n'
            f'[audio_store]\nurl = "http://127.0.0.1:{self.server.port}"\n'
            f'bucket = "recordings"\naccess_key = "sipbot"\nsecret_key = "{SECRET}"\n',
            encoding="utf-8",
        )
        return path

    def command(self, *words: str) -> tuple[int, str]:
        argv = ["audio-store", *words, "--config", str(self.config())]
        done = CliRunner().invoke(program("audio-store"), argv)
        return done.exit_code, done.output


@asynccontextmanager
async def a_site(folder: Path, server: S3Server, site: str) -> AsyncIterator[Site]:
    var, key = folder / "var", folder / "audio.agekey"
    var.mkdir()
    write_keys(key, [Identity.new()], datetime(2026, 11, 20, tzinfo=UTC))
    spool, troubles = Spool(var / "spool", AudioKeys(key)), Troubles()
    async with Ledger.open(var / "sipbot.sqlite3") as ledger:
        bucket = server.bucket(site)
        await ledger.audio_store.follow(bucket.place)
        rows = ledger.audio_store
        target = AudioStoreTarget(bucket, rows, spool.recordings, troubles)
        storing = AudioStoring(bucket, rows, spool.recordings, troubles)
        outbox = Outbox(ledger, {TARGET: target})
        yield Site(folder, server, ledger, spool, target, storing, outbox, troubles, site)


@pytest.fixture
async def there(tmp_path: Path, shared: S3Server) -> AsyncIterator[Site]:
    async with a_site(tmp_path, shared, f"s{tmp_path.name}".replace("_", "-").lower()) as site:
        yield site


@peer
async def test_encrypted_recording_is_stored_as_it_is_and_once(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await there.stored()

    sealed = there.spool.recordings.open_sealed(memo.call.id)
    assert sealed is not None
    with sealed:
        assert sealed.read() == there.server.read(there.key(memo))
    assert ([there.key(memo)], []) == (there.objects(), await there.waiting())


@peer
async def test_recording_that_is_still_plain_stays_here(there: Site) -> None:
    await left(there.ledger, there.spool, await a_call(there.ledger, there.spool))
    await there.stored()
    assert [] == there.objects()


@peer
async def test_recording_is_stored_as_soon_as_it_is_encrypted(there: Site) -> None:
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        running_parts = [
            group.create_task(there.storing.run()),
            group.create_task(there.outbox.run()),
        ]
        there.storing.nudge = there.outbox.nudge
        memo = await there.memo()
        while there.key(memo) not in there.objects():
            await asyncio.sleep(0.05)
        for part in running_parts:
            part.cancel()


@peer
@pytest.mark.parametrize("kinds", [(Kind.AUDIO,), (Kind.CALLS,)])
async def test_erased_recording_is_deleted_there_and_no_other(
    there: Site, kinds: tuple[Kind, ...]
) -> None:
    gone, stays = await there.memo(), await there.memo()
    await there.stored()

    await there.erase(gone, *kinds)
    await there.outbox.run_once()

    assert [there.key(stays)] == there.objects()


@peer
async def test_erased_words_leave_the_recording_there(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await there.erase(memo, Kind.TEXT)
    await there.outbox.run_once()
    assert [there.key(memo)] == there.objects()


@peer
async def test_recording_erased_while_no_store_was_named_is_deleted_once_one_is(
    there: Site,
) -> None:
    memo = await there.memo()
    await there.stored()
    await there.ledger.audio_store.follow(None)
    await there.erase(memo, Kind.AUDIO)
    await there.ledger.audio_store.follow(there.place)
    await there.outbox.run_once()
    assert [] == there.objects()


@peer
async def test_recording_erased_while_another_store_was_named_is_deleted_once_its_own_is(
    there: Site,
) -> None:
    memo = await there.memo()
    await there.stored()
    elsewhere = msgspec.structs.replace(there.server.bucket(there.site), bucket="another")
    await there.ledger.audio_store.follow(elsewhere.place)
    target = AudioStoreTarget(
        elsewhere, there.ledger.audio_store, there.spool.recordings, there.troubles
    )
    await there.erase(memo, Kind.AUDIO)
    await Outbox(there.ledger, {TARGET: target}).run_once()
    path = there.folder / "var" / "sipbot.sqlite3"
    waits = await asyncio.to_thread(erased_elsewhere, path, elsewhere.place)

    await there.ledger.audio_store.follow(there.place)
    await there.outbox.run_once()

    assert ({there.place: 1}, []) == (waits, there.objects())


@peer
async def test_another_store_gets_every_recording(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    site = f"{there.site}-new"
    new = there.server.bucket(site)
    await there.ledger.audio_store.follow(new.place)
    ours = new, there.ledger.audio_store, there.spool.recordings, there.troubles
    await AudioStoring(*ours).look()
    await Outbox(there.ledger, {TARGET: AudioStoreTarget(*ours)}).run_once()
    assert object_key(site, memo.call.id, AUDIO) in there.server.objects()


@peer
async def test_erased_recording_is_deleted_there_though_the_disk_here_refuses(
    there: Site,
) -> None:
    memo = await there.memo()
    await there.stored()
    sealed = there.spool.recordings.folder(memo.call.id) / f"{AUDIO}.age"
    sealed.unlink()
    sealed.mkdir()
    await there.tombstone(memo, Kind.AUDIO)
    await there.outbox.run_once()
    assert [] == there.objects()


@peer
async def test_recording_that_an_older_ledger_does_not_know_there_is_fetched(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await there.forget_stored()
    shutil.rmtree(there.spool.recordings.folder(memo.call.id))

    code, output = await asyncio.to_thread(there.command, "fetch")

    assert (0, "files brought back: 1\n") == (code, output)


@peer
async def test_recording_that_an_older_ledger_does_not_know_there_is_deleted_once_it_is_erased(
    there: Site,
) -> None:
    erased, kept = await there.memo(), await there.memo()
    await there.stored()
    await there.forget_stored()
    await there.erase(erased, Kind.AUDIO)
    await there.storing.compare()
    await there.outbox.run_once()
    assert [there.key(kept)] == there.objects()


@peer
async def test_recording_of_a_call_without_a_trace_stays_there_and_is_named(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    stray = object_key(there.site, "01nobodys", AUDIO)
    store = S3(there.server.bucket())
    await asyncio.to_thread(store.put, stray, io.BytesIO(b"some"), 4)

    await there.storing.compare()
    await there.outbox.run_once()
    _, told = await asyncio.to_thread(there.command, "status", "--json")

    assert sorted([there.key(memo), stray]) == there.objects()
    assert [["01nobodys", AUDIO]] == json.loads(told)["strays"]


@peer
async def test_recording_that_the_store_always_fails_holds_nobody_up_for_ever(
    there: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, put = await there.memo(), S3.put

    def put_but_one(store: S3, key: str, *args: object) -> None:
        if bad.call.id in key:
            raise AudioStoreError("AccessDenied (403)")
        put(store, key, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(S3, "put", put_but_one)
    other = await there.memo()
    await there.storing.look()
    for _ in range(MAX_REFUSALS):
        await there.ledger._run(lambda c: c.execute(sa.update(deliveries).values(due_at=AT)))
        await there.outbox.run_once()
    (left_over,) = await there.waiting()
    assert f"{PREFIX}{bad.call.id}" == left_over.req
    assert left_over.dead_at is not None
    assert there.key(other) in there.objects()


@peer
async def test_erasure_that_the_store_refused_too_often_is_tried_again_and_leaves_no_dead_letter(
    there: Site,
) -> None:
    memo = await there.memo()
    await there.stored()
    await there.tombstone(memo, Kind.AUDIO)
    (first,) = await there.waiting()
    await there.ledger.died(first.id, "AccessDenied", AT)
    await there.tombstone(memo, Kind.MASKED)
    await there.outbox.run_once()
    assert ([], []) == (there.objects(), await there.waiting())


@peer
async def test_start_tries_an_erasure_again_that_the_store_refused_too_often(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await there.tombstone(memo, Kind.AUDIO)
    (only,) = await there.waiting()
    await there.ledger.died(only.id, "AccessDenied", AT)
    await there.ledger.audio_store.follow(there.place)
    await there.outbox.run_once()
    assert ([], []) == (there.objects(), await there.waiting())


@peer
async def test_recording_that_is_erased_while_it_is_fetched_does_not_stay(there: Site) -> None:
    memo, other = await there.memo(), await there.memo()
    await there.tombstone(memo, Kind.AUDIO)
    path = there.folder / "var" / "sipbot.sqlite3"
    files = [(memo.call.id, AUDIO), (other.call.id, AUDIO)]
    taken = await asyncio.to_thread(take_away_erased, path, there.spool.recordings, files)
    assert [(memo.call.id, AUDIO)] == taken
    assert [False, True] == [there.spool.recordings.is_there(one) for one, _ in files]


@peer
async def test_recording_erased_while_it_is_being_stored_is_deleted_afterwards(
    there: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    memo = await there.memo()
    await there.storing.look()
    loop, put = asyncio.get_running_loop(), S3.put

    def put_after_an_erasure(store: S3, *args: object) -> None:
        asyncio.run_coroutine_threadsafe(there.erase(memo, Kind.AUDIO), loop).result(PATIENCE_S)
        put(store, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(S3, "put", put_after_an_erasure)
    await there.outbox.run_once()
    assert ([], []) == (there.objects(), await there.waiting())


@peer
async def test_missing_recording_that_nobody_erased_stays_there_and_is_fetched(
    there: Site,
) -> None:
    memo = await there.memo()
    await there.stored()
    shutil.rmtree(there.spool.recordings.folder(memo.call.id))
    await there.stored()

    code, output = await asyncio.to_thread(there.command, "fetch")

    assert (0, "files brought back: 1\n") == (code, output)
    assert memo.audio.sha256 == there.spool.recordings.sha256(memo.call.id)


@peer
async def test_object_of_another_call_is_not_fetched(there: Site) -> None:
    memo, other = await there.memo(), await there.memo()
    await there.stored()
    shutil.rmtree(there.spool.recordings.folder(memo.call.id))
    root = there.server.folder / "recordings"
    shutil.copy(root / there.key(other), root / there.key(memo))

    code, output = await asyncio.to_thread(there.command, "fetch")

    assert 1 == code
    assert "cannot be decrypted" in output
    assert not there.spool.recordings.is_there(memo.call.id)


@peer
async def test_recording_of_another_key_is_stored_again(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    before = there.server.read(there.key(memo))
    key = there.folder / "audio.agekey"
    write_keys(key, [Identity.new(), *AudioKeys(key).identities()], datetime.now(UTC))
    there.spool.recordings.rewrap(memo.call.id)

    await there.stored()

    after = there.server.read(there.key(memo))
    assert before != after
    assert before[-1000:] == after[-1000:]  # the sound is not encrypted anew


@peer
async def test_what_the_store_has_lost_is_told_and_refilled(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await asyncio.to_thread(S3(there.server.bucket()).delete, there.key(memo))

    _, told = await asyncio.to_thread(there.command, "status", "--json")
    found = await asyncio.to_thread(lambda: asyncio.run(examine(load(there.config()))))
    code, output = await asyncio.to_thread(there.command, "refill")
    await there.stored()

    assert [[memo.call.id, AUDIO]] == json.loads(told)["lost"]
    assert "sipbot audio-store refill" in [one.remedy for one in found]
    assert 0 == code
    assert "files that the store has lost: 1; sipbot does not run" in output
    assert [there.key(memo)] == there.objects()


@peer
async def test_what_neither_the_store_nor_this_machine_has_any_more_is_named(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await asyncio.to_thread(S3(there.server.bucket()).delete, there.key(memo))
    shutil.rmtree(there.spool.recordings.folder(memo.call.id))
    await there.storing.compare()
    _, told = await asyncio.to_thread(there.command, "status", "--json")
    assert ([[memo.call.id, AUDIO]], []) == (json.loads(told)["nowhere"], json.loads(told)["lost"])


@peer
async def test_store_of_an_earlier_release_is_the_one_that_is_named(there: Site) -> None:
    memo = await there.memo()
    await there.stored()
    await there.ledger._run(lambda c: c.execute(sa.update(stored_audio).values(place="")))
    await there.ledger.audio_store.follow(there.place)
    kept = await there.ledger.audio_store.kept(there.place, memo.call.id)
    assert {AUDIO} == kept.tags.keys()


@peer
async def test_doctor_says_how_much_is_where(there: Site) -> None:
    await there.memo()
    await there.stored()
    found = await asyncio.to_thread(lambda: asyncio.run(examine(load(there.config()))))
    assert ["warning", "ok"] == [one.state for one in found]  # no TLS; all there
    assert f"files of site {there.site}: 1 there, 1 encrypted here; 0 calls wait" in found[-1].found


@peer
async def test_wrong_secret_is_told_with_its_remedy_and_nothing_of_it(there: Site) -> None:
    bucket = there.server.bucket(there.site, secret="another")
    with pytest.raises(
        AudioStoreError, match=r"Check audio_store\.bucket, region, access_key"
    ) as raised:
        await asyncio.to_thread(S3(bucket).try_out)
    assert not isinstance(raised.value, AudioStoreRefusedError)
    assert "another" not in str(raised.value)


@peer
async def test_bucket_that_does_not_exist_is_waited_for(there: Site) -> None:
    bucket = msgspec.structs.replace(there.server.bucket(), bucket="nobodys")
    with pytest.raises(AudioStoreError, match="NoSuchBucket") as raised:
        await asyncio.to_thread(S3(bucket).try_out)
    assert not isinstance(raised.value, AudioStoreRefusedError)


@peer
async def test_recordings_of_while_the_store_was_dead_are_there_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.away.AGAIN_S", 0.1)
    monkeypatch.setattr("sipbot.away.AGAIN_MOST_S", 0.1)
    monkeypatch.setattr("sipbot.away.AWAY_S", 0.0)
    with running(tmp_path / "server") as server:
        async with a_site(tmp_path, server, "main") as there:
            server.kill()
            memos = [await there.memo() for _ in range(3)]
            for _ in range(2 * MAX_REFUSALS):
                there.target.connected.set()
                await there.ledger.make_due(AT, TARGET, suspect=MAX_REFUSALS)
                await there.stored()
            there.target.look()
            dead = [one for one in await there.waiting() if one.dead_at or one.refusals]
            told = str(there.troubles[TARGET])
            await asyncio.to_thread(server.start)
            await there.ledger.make_due(AT, TARGET, suspect=1)
            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
                work = group.create_task(there.outbox.run())
                while await there.waiting():
                    await asyncio.sleep(0.05)
                work.cancel()
            assert ([], sorted(map(there.key, memos))) == (dead, there.objects())
    assert "Is the store up" in told
    assert there.troubles[TARGET] is None


async def test_erasure_by_a_command_beside_sipbot_is_still_to_be_told(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    async with Ledger.open(path) as ledger:
        await ledger.audio_store.follow(BUCKET.place)
    async with Ledger.open(path) as beside:
        spool = Spool(tmp_path / "spool")
        memo = await left(beside, spool, await a_call(beside, spool))
        assert await beside.audio_store.under_way(BUCKET.place, memo.call.id, AUDIO, AT)
        wanted = Wanted(call=memo.call.id, kinds=(Kind.AUDIO,), rule=BY_HAND, memo=memo.id)
        await beside.erasures.store([wanted], AT, "admin", "")
        found = await beside._run(lambda c: undelivered(c, dead_only=False))
    assert [f"{PREFIX}{memo.call.id}"] == [one.req for one in found if one.target == TARGET]


@peer
async def test_recording_that_cannot_be_read_keeps_no_other_from_being_stored(
    there: Site,
) -> None:
    broken, sound = await there.memo(), await there.memo()
    sealed = there.spool.recordings.folder(broken.call.id) / f"{AUDIO}.age"
    sealed.unlink()
    sealed.mkdir()
    await there.stored()
    assert [there.key(sound)] == there.objects()


@peer
async def test_recording_whose_rows_go_first_is_deleted_there(there: Site) -> None:
    memo = await there.memo()
    await there.stored()

    def forget(connection: sa.Connection) -> None:
        connection.execute(sa.delete(deliveries).where(deliveries.c.memo == memo.id))
        connection.execute(sa.delete(memos).where(memos.c.id == memo.id))
        connection.execute(sa.delete(calls).where(calls.c.call == memo.call.id))

    await there.ledger._run(forget)
    await there.stored()
    assert there.spool.recordings.is_there(memo.call.id)
    assert ([], []) == (there.objects(), await there.waiting())
