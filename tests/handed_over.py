"""A client with many memos goes from one site to another: how long, in how much memory, unchanged?

``python -m tests.handed_over FOLDER fill 10000`` makes the giving site, ``… export`` the bundle,
and ``… import`` takes it in and compares; each is a process of its own that tells its time and the
most memory it had.  ``… tamper 2000`` changes one byte at a time, at random but for the bundle's
first 300 and last 100, which are all tried, and tells how many of them were not refused.
"""

import asyncio
import random
import resource
import shutil
import sys
import time
from pathlib import Path

from sipbot import ledger_schema as schema
from sipbot import ledger_writes as writes
from sipbot.errors import HandoverError
from sipbot.handover_open import open_bundle
from sipbot.handover_site import Site
from sipbot.handover_stage import finish, staged
from sipbot.handover_take import judge, stage
from sipbot.ledger import MQTT, Ledger
from sipbot.ledger_invariants import examine
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.memo import with_transcript
from sipbot.records import EndedBy, EndState
from sipbot.spool import spool_of
from tests.calls_meanwhile import calls_meanwhile
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer
from tests.sites import CLIENT, a_site, closed, files_of, keys_of, record
from tests.test_handover import BUNDLE, consent, export

HEAD_BYTES, TAIL_BYTES = 300, 100
AT_ONCE = 500


def giver_of(folder: Path) -> Site:
    return a_site(folder / "a", "agency-a", with_client=not (folder / "a").exists())


def fill(folder: Path, count: int) -> None:
    """Make the giving site, half of its memos open."""
    site = giver_of(folder)

    async def tables() -> None:
        async with Ledger.open(site.ledger):
            pass

    asyncio.run(tables())
    engine = schema.writer(site.ledger)
    for start in range(0, count, AT_ONCE):
        with engine.begin() as connection:
            for place in range(start, min(count, start + AT_ONCE)):
                offer = an_offer()
                writes.insert_call(connection, offer, CLIENT, "to", CLIENT, "+81355501234")
                memo = a_memo_of(offer, CLIENT)
                sha256 = record(site, offer.call, place % 256)
                audio = memo.audio.model_copy(update={"sha256": sha256})
                first = memo.model_copy(update={"audio": audio})
                writes.end_call(connection, offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, AT)
                writes.store(connection, None, first, AT, (MQTT,))
                second = with_transcript(first, a_transcript("moshi moshi"), AT)
                assert second is not None
                writes.store(connection, first, second, AT, (MQTT,))
                if place % 2:
                    writes.store(connection, second, closed(second), AT, (MQTT,))
    engine.dispose()
    consent(site)


def give(folder: Path) -> None:
    manifest = export(giver_of(folder), a_site(folder / "b", "agency-b"), folder / "x.sipbot", [])
    print(f"{len(manifest.files)} files, {(folder / 'x.sipbot').stat().st_size / 1e6:.1f} MB")


def take(folder: Path) -> None:
    """Take it in beside calls that come every tenth of a second, and compare."""
    there, here = giver_of(folder), a_site(folder / "b", "agency-b")
    place = here.var / "handover" / BUNDLE
    place.mkdir(parents=True)
    began = time.monotonic()
    arrival = judge(here, open_bundle(folder / "x.sipbot", keys_of(here), place, None))
    print(f"opened and judged: {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    stage(here, arrival)
    print(f"put beside: {time.monotonic() - began:.1f} s")
    waits = asyncio.run(_store(here))
    print(f"calls that came meanwhile: {len(waits)}, the longest waited {max(waits):.2f} s")
    began = time.monotonic()
    finish(here.places)
    print(f"moved to its place: {time.monotonic() - began:.1f} s")
    with ReadOnlyLedger.open(there.ledger) as ledger:
        before = {one.id: (one.rev, one.text, one.audio.sha256) for one in ledger.memos(1 << 20)}
    with ReadOnlyLedger.open(here.ledger) as ledger:
        after = {one.id: (one.rev, one.text, one.audio.sha256) for one in ledger.memos(1 << 20)}
    sounds = [
        {name: sha for name, sha in files_of(site).items() if "spool" in name}
        for site in (there, here)
    ]
    problems = examine(here.ledger, spool_of(here.var)).problems
    print(f"{len(after)} memos equal: {before == after}; recordings: {sounds[0] == sounds[1]}")
    print(f"problems of the ledger: {len(problems)}")


async def _store(site: Site) -> list[float]:
    async with Ledger.open(site.ledger) as ledger, calls_meanwhile(ledger) as waits:
        began = time.monotonic()
        rows = await asyncio.to_thread(staged, site.var, BUNDLE)
        print(f"read again: {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        await ledger.handovers.take(*rows, AT)
        print(f"stored: {time.monotonic() - began:.1f} s")
        await asyncio.sleep(0.2)
    return waits


def tamper(folder: Path, count: int) -> None:
    """Change one byte at a time; tell what was not refused."""
    here, content = a_site(folder / "b", "agency-b"), (folder / "x.sipbot").read_bytes()
    chance = random.Random(8)
    size = len(content)
    ends = {*range(HEAD_BYTES), *range(size - TAIL_BYTES, size)}
    places = sorted(ends | set(chance.sample(range(size), min(size, count))))
    changed, place = folder / "changed.sipbot", folder / "stage"
    taken = []
    for at in places:
        flipped = content[at] ^ chance.randint(1, 255)
        changed.write_bytes(content[:at] + bytes([flipped]) + content[at + 1 :])
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            open_bundle(changed, keys_of(here), place, None)
            taken.append(at)
        except HandoverError:
            pass
    print(f"{len(places)} of {size} bytes changed, one at a time; not refused: {taken}")


def main() -> None:
    """Do one step."""
    folder, step = Path(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    began = time.monotonic()
    steps = {"export": give, "import": take}
    if step in steps:
        steps[step](folder)
    else:
        {"fill": fill, "tamper": tamper}[step](folder, count)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{step}: {time.monotonic() - began:.1f} s, at most {most:.0f} MB")


if __name__ == "__main__":
    main()
