"""The console as it runs, with a ledger of its own and nobody on the telephone."""

import asyncio
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from uuid6 import uuid7

from sipbot import console_wire as wire
from sipbot.accounts_file import AccountsFile
from sipbot.archive_store import Server
from sipbot.client_card import ClientCard, Contact, Faq
from sipbot.console_link import ConsoleLink
from sipbot.console_plans import clients_of
from sipbot.dialplan import Dialplans, load_file
from sipbot.dialplan_defaults import read_defaults
from sipbot.in_force import InForce
from sipbot.ledger import Ledger
from sipbot.link import Broker
from sipbot.memo import SECOND_EAR, Memo, Stage, Urgency
from sipbot.memo_answers import Callback, Evidence, MemoWord
from sipbot.memo_found import Found, Gleaned, Reasons
from sipbot.other_sites import OtherSites
from sipbot.passwords import hashed
from sipbot.records import EndedBy, EndState
from sipbot.said import Kind
from sipbot.status import Status
from sipbot.topics import Numbers
from tests.free_ports import free_ports
from tests.memo_samples import a_memo_of, an_offer

PASSWORD = "correct horse battery"

DIALPLANS = Path(__file__).parent.parent / "dialplans"


IN_FORCE = InForce(
    folder=DIALPLANS,
    plans=Dialplans(
        tuple(
            load_file(DIALPLANS / f"{client}.toml", "JP")
            for client in ("yamato", "wakaba-law", "northgate")
        ),
        "JP",
    ),
    defaults=read_defaults(DIALPLANS),
)

NO_BROKER = Broker(host="127.0.0.1", port=1)
NOBODY = OtherSites(None, NO_BROKER, lambda: None)

CLIENTS = tuple(clients_of(IN_FORCE))

CARDS = {
    "yamato": ClientCard(
        language="ja",
        about="給湯器の販売と修理。創業は昭和五十二年、社員は四十人です。",
        wording=(
            "社名は「やまと工業」。「株式会社」は付けない",
            "「故障」ではなく「ご不具合」と申し上げる",
        ),
        never_say=("故障", "クレーム"),
        never_promise=("訪問の日時", "修理の金額", "無償での交換"),
        ask=("給湯器の型番（本体の銘板）", "設置した年", "お湯が出ないのか、ぬるいのか"),
        urgent="ガスの臭いがする、水が止まらない: まず元栓を閉めていただき、当番に電話する。\n"
        "当番が出なければ工場長の佐藤様へ。",
        hours_note="昼休みも電話には出ます。",
        address="東京都大田区蒲田 1-2-3",
        url="https://www.example.jp/",
        contacts=(
            Contact(
                name="佐藤様",
                about="修理",
                number="+81355500002",
                shown="03-5550-0002",
                note="工場長",
            ),
            Contact(
                name="高橋様",
                about="見積書と請求書",
                number="+81355500003",
                shown="03-5550-0003",
                note="火曜は不在",
            ),
        ),
        faq=(
            Faq(
                question="土曜日も来てもらえますか",
                answer="土曜は午前だけ伺います。日時は担当から改めてご連絡します。",
            ),
            Faq(question="他社の給湯器も見てもらえますか", answer="はい。型番を伺ってください。"),
            Faq(
                question="見積もりは無料ですか",
                answer="お見積もりは無料です。訪問の費用は、担当からご案内します。",
            ),
        ),
    )
}


@dataclass(frozen=True)
class Rig:
    """A console that runs."""

    url: str
    ledger: Ledger
    link: ConsoleLink
    spool: Path

    async def call(self, memo: Memo, *, seconds: float = 12.0) -> Memo:
        """Let a call leave this memo."""
        return await left(self.ledger, self.spool, memo, seconds=seconds)


@asynccontextmanager
async def a_console(
    folder: Path,
    accounts: Sequence[str],
    memos: Sequence[Memo] = (),
    cards: Mapping[str, ClientCard] | None = None,
    archive: Server | None = None,
    broker: Broker = NO_BROKER,
) -> AsyncIterator[Rig]:
    """Run a console.

    Args:
        folder: for everything that it writes.
        accounts: tables of accounts.toml, without passwords: everybody has `PASSWORD`.
        memos: that are there when it starts.
        cards: of the clients, in place of `CARDS`.
        archive: of several sites, of which ours is ``tokyo``.
        broker: that other sites hear.
    """
    known = hashed(PASSWORD)
    tables = (f'[[account]]\n{one.strip()}\npassword = "{known}"\n' for one in accounts)
    (folder / "accounts.toml").write_text("\n".join(tables), encoding="utf-8")
    (folder / "accounts.toml").chmod(0o600)
    port, spool = free_ports(), folder / "spool"
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        for memo in memos:
            await left(ledger, spool, memo)
        settings = wire.ConsoleSettings(
            site="tokyo",
            region="JP",
            ledger=str(folder / "sipbot.sqlite3"),
            var=str(folder),
            spool=str(spool),
            dialplans=str(DIALPLANS),
            address="127.0.0.1",
            port=port,
            url="",
            accounts=str(folder / "accounts.toml"),
            others=archive is not None,
        )
        allowed = AccountsFile(folder / "accounts.toml").in_force
        link = ConsoleLink(
            settings,
            ledger,
            status=a_status,
            in_force=lambda: IN_FORCE,
            on_crash_loop=lambda _: None,
            accounts=allowed,
            card=(CARDS if cards is None else cards).get,
            others=OtherSites(archive, broker, allowed),
        )
        running = asyncio.create_task(link.run())
        try:
            await link.child.ready.wait()
            yield Rig(url=f"http://127.0.0.1:{port}", ledger=ledger, link=link, spool=spool)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def left(ledger: Ledger, spool: Path, memo: Memo, *, seconds: float = 12.0) -> Memo:
    """Store a call that left this memo, with a recording of so many seconds."""
    at = memo.call.started_at
    offer = msgspec.structs.replace(an_offer(memo.call.id), received_at=at)
    await ledger.add_call(offer, memo.client, "test", "+81355500000", caller=memo.caller.number)
    recorded(spool / memo.call.id / "audio.wav", seconds)
    await ledger.end_call(memo.call.id, EndState.MEMO, datetime.now(UTC), EndedBy.CALLER, 200, memo)
    return memo


def recorded(path: Path, seconds: float) -> None:
    """Write what sounds from afar like somebody who speaks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rate_hz = 8000
    chance = np.random.default_rng(seed=7)
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    words = np.clip(np.sin(2 * np.pi * 1.7 * at + 2.1 * np.sin(0.9 * at)), 0, 1) ** 0.6
    breath = (np.sin(2 * np.pi * 0.13 * at) > -0.72).astype(float)
    voice = (
        0.22 * words * breath * np.sin(2 * np.pi * 170 * at) * (1 + chance.normal(0, 0.3, at.size))
    )
    samples = np.clip(voice + chance.normal(0, 0.002, at.size), -1, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def memo_for(client: str = "yamato", *, minutes_ago: float = 3.0, **fields: Any) -> Memo:
    """Return a memo as a call leaves it, not read yet."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    memo = a_memo_of(an_offer(str(uuid7())), client)
    call = memo.call.model_copy(
        update={
            "started_at": at,
            "answered_at": at + timedelta(seconds=4),
            "ended_at": at + timedelta(seconds=35),
            "duration_s": 31.0,
        }
    )
    history = tuple(one.model_copy(update={"at": call.ended_at}) for one in memo.history)
    audio = memo.audio.model_copy(update={"duration_s": 12.0})
    update = {"call": call, "history": history, "audio": audio, **fields}
    return memo.model_copy(update=update)


def said(
    memo: Memo,
    words: Sequence[str],
    *,
    language: str = "ja",
    values: Sequence[tuple[str, Kind, str, str]] = (),
    unsure: Sequence[str] = (),
    apart: str = "",
) -> Memo:
    """Return a memo with a text of these words, one after the other in the recording.

    Args:
        memo: not read yet.
        words: of the text.
        language: of the text.
        values: stretches of the text: as written, kind, value for programs, value for people.
        unsure: words of which the ear is not sure.
        apart: what stands between two words.
    """
    text = apart.join(words)
    step_s = memo.audio.duration_s / (len(words) + 1)
    placed, at = [], 0
    for i, word in enumerate(words):
        start = text.index(word, at)
        at = start + len(word)
        placed.append(
            MemoWord(
                text=word,
                start_s=round(0.4 + i * step_s, 2),
                end_s=round(0.4 + (i + 1) * step_s - 0.05, 2),
                confidence=0.3 if word in unsure else 0.93,
                text_from=start,
                text_to=at,
            )
        )
    found = tuple(_value(text, placed, *one) for one in values)
    return memo.model_copy(
        update={
            "stage": Stage.TRANSCRIBED,
            "text": text,
            "language": language,
            "confidence": 0.9,
            "words": tuple(placed),
            "found": found,
            "recognition": memo.recognition.model_copy(
                update={
                    "engine": SECOND_EAR,
                    "model": "base",
                    "ears_pending": (),
                    "rule": "second_ear_reads_better",
                }
            ),
        }
    )


def _value(
    text: str, words: Sequence[MemoWord], written: str, kind: Kind, value: str, shown: str
) -> Found:
    start = text.index(written)
    end = start + len(written)
    inside = [one for one in words if (one.text_from or 0) < end and start < (one.text_to or 0)]
    return Found(
        kind=kind,
        value=value,
        shown=shown,
        source=SECOND_EAR,
        text_from=start,
        text_to=end,
        audio_from_s=inside[0].start_s,
        audio_to_s=inside[-1].end_s,
    )


def a_morning() -> list[Memo]:
    """Return what may lie there when an operator comes in."""
    tanaka = said(
        memo_for(
            "yamato",
            minutes_ago=42,
            urgency=Urgency.URGENT,
            category="故障",
            reasons=Reasons(category="said 故障", urgency="said 至急"),
            answers={"name": "田中 真由美", "company": "ひかり電機"},
            gleaned=(
                Gleaned(
                    item="name",
                    text="田中 真由美",
                    reading="タナカ マユミ",
                    rule="to_mousu",
                    audio_from_s=1.4,
                    audio_to_s=2.6,
                ),
            ),
            missing=("callback_window",),
            callback=Callback(
                number="+81355501234",
                shown="03-5550-1234",
                confirmed=True,
                evidence=(
                    Evidence(
                        source="speech",
                        number="+81355501234",
                        shown="03-5550-1234",
                        engine=SECOND_EAR,
                        audio_from_s=6.6,
                        audio_to_s=10.2,
                    ),
                    Evidence(source="caller_id", number="+81355501234", shown="03-5550-1234"),
                ),
            ),
            due_at=datetime.now(UTC) - timedelta(minutes=12),
        ),
        [
            "ひかり電機の",
            "田中真由美と",
            "申します。",
            "先週",
            "納めて",
            "いただいた",
            "給湯器が",
            "故障して",
            "お湯が",
            "出ません。",
            "至急",
            "折り返しを",
            "お願いします。",
            "番号は",
            "03-5550-1234",
            "です。",
        ],
        values=[("03-5550-1234", Kind.PHONE, "+81355501234", "03-5550-1234")],
        unsure=["給湯器が"],
    )
    suzuki = said(
        memo_for(
            "wakaba-law",
            minutes_ago=11,
            category="相談",
            answers={"name": "鈴木"},
            callback=Callback(
                number="+819012345678",
                shown="090-1234-5678",
                evidence=(
                    Evidence(
                        source="speech",
                        number="+819012345670",
                        shown="090-1234-5670",
                        engine=SECOND_EAR,
                        audio_from_s=4.0,
                        audio_to_s=7.5,
                    ),
                    Evidence(source="caller_id", number="+819012345678", shown="090-1234-5678"),
                ),
            ),
        ),
        ["鈴木です。", "遺産分割の", "件で", "明日の", "午後3時に", "お電話を", "いただけますか。"],
        values=[("明日の午後3時", Kind.WHEN, "2026-11-23T15:00", "明日の午後3時")],
    )
    harris = said(
        memo_for(
            "northgate",
            minutes_ago=5,
            answers={"name": "Joan Harris"},
            category="leak",
            callback=Callback(
                number="+81312345678",
                shown="03-1234-5678",
                evidence=(Evidence(source="keys", number="+81312345678", shown="03-1234-5678"),),
            ),
        ),
        [
            "Hello,",
            "this",
            "is",
            "Joan",
            "Harris.",
            "The",
            "pipe",
            "under",
            "the",
            "kitchen",
            "sink",
            "is",
            "leaking",
            "again.",
            "Please",
            "call",
            "me",
            "back",
            "before",
            "noon.",
        ],
        language="en",
        apart=" ",
        unsure=["sink"],
        values=[("before noon", Kind.TIME, "12:00", "before noon")],
    )
    return [tanaka, suzuki, harris, memo_for("yamato", minutes_ago=0.6)]


async def a_status() -> Status:
    """Return how a quiet site is."""
    at = datetime.now(UTC)
    return Status(
        site="tokyo",
        version="0",
        boot="1",
        started_at=at,
        at=at,
        state="ready",
        reasons=(),
        since=at,
        broker_connected=True,
        numbers=Numbers(lines=4, lines_in_use=0),
        counts=None,
        children=(),
    )
