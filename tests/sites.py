"""Two sites for the tests of hand-overs: one that has a client with calls, one that has none."""

import hashlib
import shutil
import wave
from datetime import timedelta
from pathlib import Path

from sipbot.handover_site import Site
from sipbot.ledger import Ledger
from sipbot.memo import Memo, Status, with_transcript
from sipbot.records import EndedBy, EndState
from sipbot.seal import FOLDER, Keys
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

CLIENT = "wakaba-law"
SAMPLES = Path(__file__).parent.parent / "dialplans"
MANIFEST = SAMPLES / "prompts" / "manifest.toml"


def a_site(folder: Path, name: str, *, with_client: bool = False) -> Site:
    """A site with keys; its folders are made."""
    dialplans = folder / "dialplans"
    if with_client:
        (dialplans / "prompts").mkdir(parents=True)
        shutil.copy(SAMPLES / f"{CLIENT}.toml", dialplans)
        for prompt in [*(SAMPLES / "prompts").glob("wakaba-*.wav"), MANIFEST]:
            shutil.copy(prompt, dialplans / "prompts")
    dialplans.mkdir(parents=True, exist_ok=True)
    site = Site(
        name=name,
        region="JP",
        dialplans=dialplans,
        var=folder / "var",
        ledger=folder / "var" / "sipbot.sqlite3",
        lines=4,
        models=(),
        targets=(),
        people=None,
        version="0",
        audio_url=lambda _call, memo: f"https://{name}.example/memos/{memo}/audio",
    )
    keys_of(site).make()
    return site


def keys_of(site: Site) -> Keys:
    return Keys(site.var / FOLDER)


async def fill(site: Site) -> list[Memo]:
    """Store an open memo, one that is done, and a call without a message."""
    async with Ledger.open(site.ledger) as ledger:
        for place in range(3):
            offer = an_offer()
            await ledger.add_call(offer, CLIENT, "to", CLIENT, caller="+81355501234")
            await ledger.call_answered(offer.call, AT)
            if place == 2:
                await ledger.end_call(
                    offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None
                )
                continue
            memo = a_memo_of(offer, CLIENT)
            sha256 = record(site, offer.call, place)
            audio = memo.audio.model_copy(update={"sha256": sha256})
            memo = memo.model_copy(update={"audio": audio})
            end = AT + timedelta(seconds=20)
            await ledger.end_call(offer.call, EndState.MEMO, end, EndedBy.CALLER, 200, memo)
            await ledger.revise_memo(memo.id, heard)
            if place == 1:
                await ledger.revise_memo(memo.id, closed)
        return sorted(await ledger.memos(10), key=lambda one: one.id)


def record(site: Site, call: str, value: int) -> str:
    """Write a recording of a tenth of a second; return its SHA-256."""
    path = site.var / "spool" / call / "audio.wav"
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes([value]) * 1600)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def heard(memo: Memo) -> Memo | None:
    return with_transcript(memo, a_transcript("moshi moshi"), AT)


def closed(memo: Memo) -> Memo:
    update = {"status": Status.DONE, "rev": memo.rev + 1}
    return memo.model_copy(update=update)


def files_of(site: Site) -> dict[str, str]:
    """Every file of a site that callers, operators or the next start would see."""
    return {
        str(path.relative_to(site.dialplans.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (site.dialplans, site.var / "spool", site.var / "handover")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
