"""A site full of old memos is swept, and every byte that is left is searched for what callers said.

``python -m tests.aged 10000 FOLDER`` does it at full size, with a real broker that writes what it
retains to disk, a real PostgreSQL as archive, and some recordings encrypted; ``test_aged`` does it
with a few.  One caller is erased by number before.  It tells how many memos went in which time, and
how long a call had to wait for the ledger meanwhile.
"""

import asyncio
import json
import logging
import os
import pwd
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa
import structlog

from sipbot import ledger_schema as schema
from sipbot import ledger_writes as writes
from sipbot.archive_store import Server
from sipbot.erase import Eraser
from sipbot.keep_form import KeepForm
from sipbot.ledger import MQTT, Ledger
from sipbot.ledger_backup import back_up
from sipbot.ledger_invariants import examine
from sipbot.ledger_lists import MemoLists
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.memo import Status, with_transcript
from sipbot.memo_history import next_revision
from sipbot.purge import purge
from sipbot.records import EndedBy, EndState, Party
from sipbot.retention import Rules
from sipbot.search_file import SearchFile
from sipbot.search_forget import search_path
from sipbot.spool import Kept, Note, Spool, spool_of
from sipbot.steps import Answer
from sipbot.sweep import Sweep
from tests import aged_elsewhere as elsewhere
from tests import postgres
from tests.archives import a_server
from tests.brokers import PATIENCE_S, RunningBroker, publish, running
from tests.calls_meanwhile import calls_meanwhile
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

LATER = AT + timedelta(days=31)
WORDS = ("磯部", "水漏れ", "奥様")
DIGITS = "908765"
"""Of every caller's number; the last four are the memo's own."""
TOPIC, RETAINED = "sipbot/1/test/client/yamato/memo/1", "磯部 水漏れ 09087650000"
"""As an open memo lies at the broker."""
AT_ONCE = 200
"""Memos of one transaction while the site is made."""
SEALED_MOST = 20
"""Calls whose recordings are encrypted: each is forced to disk, which takes minutes for all."""
BEYOND = LATER + timedelta(days=1)
"""When the archive is told."""
SOUND = bytes((7 * place + place // 251) % 256 for place in range(4096))
"""A run that stands nowhere else."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    memos: int
    erased: int
    """By number."""
    swept: int
    sweep_s: float
    longest_wait_s: float
    """Of a call that came every tenth of a second while it was swept."""
    calls_meanwhile: int
    before: dict[str, int]
    """Kind of file → how many had something of a caller's."""
    after: list[str]
    """Files that still have."""
    with_key: list[str]
    """Files that have the key of encrypted recordings, at any time."""
    rows: tuple[int, int]
    """Of the archive, that had something of a caller's before, and that still have."""
    tables: tuple[int, int]
    """Likewise its files on disk, in the end after VACUUM FULL."""
    reports: tuple[int, int]
    """Likewise files of reports, that were made before and made again."""
    problems: int
    """That the check of the ledger finds."""


def forms(secret: str) -> set[bytes]:
    """Every form in which some file may hold a text."""
    return {secret.encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le")}


def holds(content: bytes, more: Sequence[bytes] = ()) -> bool:
    """Whether it has something of a caller's."""
    return any(form in content for form in (*WANTED, *more))


def holding(folder: Path, more: Sequence[bytes] = ()) -> Iterator[Path]:
    """Yield every file below a folder that holds something of a caller's."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if holds(path.read_bytes(), more):
            yield path


def count_of(contents: Iterable[bytes]) -> int:
    """Return how many hold something of a caller's."""
    return sum(holds(one) for one in contents)


WANTED = {form for secret in (*WORDS, DIGITS, "90-8765-") for form in forms(secret)} | {SOUND[:64]}


def fill(var: Path, count: int) -> None:
    """Store memos of calls that are long over, with recordings and notes; all done."""
    spool = Spool(spool_of(var))
    engine = schema.writer(var / "sipbot.sqlite3")
    for start in range(0, count, AT_ONCE):
        with engine.begin() as connection:
            for place in range(start, min(count, start + AT_ONCE)):
                _add(connection, spool, place)
    engine.dispose()


def _add(connection: sa.Connection, spool: Spool, place: int) -> None:
    number = f"+81{DIGITS}{place:04}"
    national = f"0{number[3:]}"
    offer = msgspec.structs.replace(an_offer(), from_=Party(uri=f"sip:{national}@192.0.2.1"))
    writes.insert_call(connection, offer, "yamato", "to", "+81312345678", number)
    folder = spool.audio(offer.call).parent
    folder.mkdir(mode=0o700)
    note = Note(offer=offer, client="yamato", rule="to", number="+81312345678", caller=number)
    kept = Kept(asked=("number",), answers=(Answer(item="number", source="keys", value=national),))
    # Written plainly: the spool's own way forces each to disk, which takes minutes for thousands.
    (folder / "call.json").write_bytes(msgspec.json.encode(note))
    (folder / "answers.json").write_bytes(msgspec.json.encode(kept))
    for name in ("audio.wav", "audio-masked.wav"):
        (folder / name).write_bytes(bytes(44) + SOUND)
    base = a_memo_of(offer)
    call = base.call.model_copy(update={"from_": offer.from_.uri})
    first = base.model_copy(
        update={"call": call, "caller": base.caller.model_copy(update={"number": number})}
    )
    writes.end_call(connection, offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, AT)
    writes.store(connection, None, first, AT, (MQTT,))
    text = f"磯部と申します 配管の水漏れで困っています {national} です"
    second = with_transcript(first, a_transcript(text), AT)
    assert second is not None
    writes.store(connection, first, second, AT, (MQTT,))
    done = {"status": Status.DONE}
    third = next_revision(second, AT, done, what="done", by="hanako", text="奥様が在宅")
    writes.store(connection, second, third, AT, (MQTT,))


def index(var: Path) -> None:
    """Let the console's search take all of it up."""
    lists = MemoLists(var / "sipbot.sqlite3")
    search = SearchFile(search_path(var), lists, "JP")
    while search.take_up_new() or search.take_up_old():
        pass
    search.close()
    lists.close()


def eraser_of(var: Path, ledger: Ledger) -> Eraser:
    """Return what deletes at this site."""
    return Eraser(ledger.erasures, spool_of(var), search_path(var), var)


async def erase(var: Path, ledger: Ledger) -> int:
    """Erase the first caller by number; return how many calls went."""
    with PrivacyLedger.open(var / "sipbot.sqlite3") as reader:
        found = list(reader.of_number("yamato", f"+81{DIGITS}0000", "JP"))
    return len(await eraser_of(var, ledger).erase(found, "hanako", "request 17"))


async def sweep(var: Path, ledger: Ledger) -> tuple[int, float, list[float]]:
    """Sweep; return how many went, in which time, and how long each call waited meanwhile."""
    rules = Rules(of={"yamato": KeepForm(calls_days=30)}, otherwise=KeepForm())
    eraser = eraser_of(var, ledger)
    path = var / "sipbot.sqlite3"
    sweeping = Sweep(ledger, path, eraser, lambda: rules, lambda *_: None, clock=lambda: LATER)
    async with calls_meanwhile(ledger) as waits:
        began = time.monotonic()
        swept = await sweeping.sweep()
        await sweeping.tidy()
    return swept, time.monotonic() - began, waits


async def written(broker: RunningBroker, folder: Path, *, there: bool) -> None:
    """Have the broker write down what it retains, and wait until that has the memo, or has not."""
    store = folder / "broker" / "mosquitto.db"
    assert broker.process is not None
    async with asyncio.timeout(PATIENCE_S):
        while there != (store.is_file() and RETAINED.encode() in store.read_bytes()):
            broker.process.send_signal(signal.SIGUSR1)  # mosquitto(8): write the store now
            await asyncio.sleep(0.1)


async def try_out(
    folder: Path, count: int, broker: RunningBroker, archive: postgres.Postgres
) -> Result:
    """Make a site of so many memos, back it up, erase, sweep, purge the backup, and search all."""
    var, copy = folder / "var", folder / "backup.sqlite3"
    var.mkdir(parents=True)
    server = await asyncio.to_thread(a_server, archive)
    async with Ledger.open(var / "sipbot.sqlite3") as ledger:
        await ledger.archive.follow(wanted=True)
    await asyncio.to_thread(fill, var, count)
    await asyncio.to_thread(index, var)
    identity, sealed = await asyncio.to_thread(elsewhere.seal, var, min(SEALED_MOST, count - 1))
    await asyncio.to_thread(back_up, var / "sipbot.sqlite3", copy)
    async with Ledger.open(var / "sipbot.sqlite3") as ledger:
        await elsewhere.archive(ledger, server, BEYOND)
    await publish(broker.port, TOPIC, RETAINED, "-r")
    await written(broker, folder, there=True)
    before = Counter(path.name for path in holding(folder, sealed))
    with_key = elsewhere.with_key(folder, identity)
    archived = await _archived(archive, server, vacuum=False)
    told = await asyncio.to_thread(elsewhere.reports, var, BEYOND, server)

    async with Ledger.open(var / "sipbot.sqlite3") as ledger:
        erased = await erase(var, ledger)
        swept, sweep_s, waits = await sweep(var, ledger)
        await elsewhere.archive(ledger, server, BEYOND)
    await publish(broker.port, TOPIC, "", "-r")
    await written(broker, folder, there=False)
    with PrivacyLedger.open(var / "sipbot.sqlite3") as reader:
        gone = reader.tombstones(None, -1)
    await purge(copy, None, gone)
    await broker.kill()
    left = await _archived(archive, server, vacuum=True)
    again = await asyncio.to_thread(elsewhere.reports, var, BEYOND, server)
    return Result(
        memos=count,
        erased=erased,
        swept=swept,
        sweep_s=round(sweep_s, 1),
        longest_wait_s=round(max(waits), 3),
        calls_meanwhile=len(waits),
        before=dict(before),
        after=[str(path.relative_to(folder)) for path in holding(folder, sealed)],
        with_key=with_key + elsewhere.with_key(folder, identity),
        rows=(archived[0], left[0]),
        tables=(archived[1], left[1]),
        reports=(count_of(told), count_of(again)),
        problems=len(examine(var / "sipbot.sqlite3", spool_of(var)).problems),
    )


async def _archived(archive: postgres.Postgres, server: Server, *, vacuum: bool) -> tuple[int, int]:
    """Return how many rows, and how many files of tables, have something of a caller's."""
    rows = count_of(await elsewhere.rows(server))
    files = await elsewhere.on_disk(archive, server, vacuum=vacuum)
    return rows, count_of(one.read_bytes() for one in files)


def store_of(folder: Path) -> Path:
    """Return the settings of a Mosquitto that writes what it retains to disk."""
    store = folder / "broker"
    store.mkdir(parents=True)
    config = store / "mosquitto.conf"
    config.write_text(
        f"persistence true\npersistence_location {store}/\nallow_anonymous true\n"
        f"user {pwd.getpwuid(os.getuid()).pw_name}\n",
        encoding="utf-8",
    )
    return config


async def main(count: int, folder: Path) -> None:
    """Do it at full size, with a log."""
    config = store_of(folder)
    log = (folder / "sipbot.log").open("w", encoding="utf-8")
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=log))
    logging.basicConfig(stream=log, level=logging.INFO)
    with postgres.running() as archive:
        async with running("mosquitto", "-c", str(config)) as broker:
            result = await try_out(folder, count, broker, archive)
    print(msgspec.json.format(msgspec.json.encode(result), indent=1).decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
