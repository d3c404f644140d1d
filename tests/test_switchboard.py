"""Calls that an earlier run has left behind get their end, whatever became of their recording."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sipbot.call_ear import UNJUDGED, CallEar
from sipbot.call_tools import Tools
from sipbot.dialplan import Dialplans
from sipbot.errors import SpoolError
from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState, Recording
from sipbot.sip import wire
from sipbot.speech import wire as speech
from sipbot.speech.client import SpeechClient
from sipbot.spool import Spool
from sipbot.switchboard import Switchboard
from sipbot.text_thread import TextThread
from tests.conftest import DATA
from tests.memo_samples import AT, an_offer


class Agent:
    """Hears what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[wire.Command] = asyncio.Queue()

    def send(self, command: wire.Command) -> None:
        self.told.put_nowait(command)


class Site:
    """A switchboard without dialplans.

    Args:
        folder: empty.
        ledger: its ledger.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.alerts: list[str] = []
        self.spool = Spool(folder / "spool")
        live = SpeechClient("live", (), lambda _: None)
        self.reading = Reading(
            ledger=ledger, spool=self.spool, live=live, second=None, models=(), texts=TextThread()
        )
        self.switchboard = Switchboard(
            dialplans=Dialplans((), region="JP"),
            tools=Tools(
                ledger=ledger,
                spool=self.spool,
                reading=self.reading,
                tell=lambda *_: None,
                trouble=lambda alert, problem, _: self.alerts.append(alert) if problem else None,
                audio_url=lambda call, _: call,
            ),
            look_at_disk=self._nothing,
            retry_s=0.001,
        )

    async def _nothing(self) -> None:
        pass


@contextlib.asynccontextmanager
async def running(site: Site) -> AsyncIterator[None]:
    task = asyncio.create_task(site.switchboard.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_call_whose_recording_cannot_be_read_ends_all_the_same_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.unreadable.TRIES", 2)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, offer = Site(tmp_path, ledger), an_offer()
        unreadable = site.spool.audio(offer.call)
        for name in "abcdef":  # a folder is no file, and larger than a header
            (unreadable / name).mkdir(parents=True)
        await ledger.add_call(offer, "yamato", "request-uri", "yamato")
        await ledger.call_answered(offer.call, AT)

        async with running(site):
            await site.switchboard.recover()
            while (entry := await ledger.call(offer.call)) and entry.state is None:
                await asyncio.sleep(0.01)

    assert entry is not None
    assert EndState.FAILED_INTERNAL == entry.state
    assert {"call-failed", "recording-unreadable"} == set(site.alerts)


@pytest.mark.parametrize("content", [b"", b'{"asked": ["name"]', b"\xff\xfe", None])
async def test_call_whose_answers_cannot_be_read_has_its_memo_without_them_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr("sipbot.unreadable.TRIES", 2)
    monkeypatch.setattr("sipbot.calls.JUDGE_LIMIT_S", 0.0)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, offer = Site(tmp_path, ledger), an_offer()
        audio = site.spool.audio(offer.call)
        audio.parent.mkdir()
        shutil.copy(DATA / "ko_03_8k.wav", audio)
        answers = audio.with_name("answers.json")
        if content is None:
            answers.mkdir()  # the disk has an error for whoever reads it
        else:
            answers.write_bytes(content)
        await ledger.add_call(offer, "yamato", "request-uri", "yamato")
        await ledger.call_answered(offer.call, AT)

        async with running(site):
            await site.switchboard.recover()
            while (entry := await ledger.call(offer.call)) and entry.state is None:
                await asyncio.sleep(0.01)
        memos = (await ledger.open_memos("")).memos

    assert entry is not None
    assert (EndState.MEMO, [offer.call]) == (entry.state, [memo.call.id for memo in memos])
    assert "answers-unreadable" in site.alerts


async def test_recording_that_nobody_judges_in_time_is_a_message_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.calls.JUDGE_LIMIT_S", 0.0)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, offer = Site(tmp_path, ledger), an_offer()
        audio = site.spool.audio(offer.call)
        audio.parent.mkdir()
        shutil.copy(DATA / "silence_noise_3s_8k.wav", audio)
        await ledger.add_call(offer, "yamato", "request-uri", "yamato")
        await ledger.call_answered(offer.call, AT)

        with capture_logs() as logs:
            async with running(site):
                await site.switchboard.recover()
                while (entry := await ledger.call(offer.call)) and entry.state is None:
                    await asyncio.sleep(0.01)

    assert entry is not None
    assert EndState.MEMO == entry.state
    late = [line["call"] for line in logs if line["event"] == UNJUDGED]
    assert [offer.call] == late


async def test_refusal_for_a_reason_that_nobody_knows_has_its_row(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, offer, agent = Site(tmp_path, ledger), an_offer(), Agent()

        async with running(site):
            site.switchboard.hear(agent, wire.Refused(offer=offer, why="new", code=500))
            written = await agent.told.get()
            entry = await ledger.call(offer.call)

    assert wire.Written(call=offer.call) == written
    assert entry is not None
    assert EndState.FAILED_INTERNAL == entry.state


async def test_recording_that_the_disk_refused_while_it_grew_is_not_safe(tmp_path: Path) -> None:
    """An fsync that succeeds after one that failed elsewhere proves nothing."""
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, call = Site(tmp_path, ledger), an_offer().call
        ear = CallEar(call, "yamato", "ja", site.spool, site.reading, lambda _: None)
        audio = site.spool.audio(call)
        audio.parent.mkdir()
        shutil.copy(DATA / "silence_noise_3s_8k.wav", audio)
        site.reading.listen(call, "ja", "yamato")
        await ear.seal(cut_off=False)

        refused = speech.Failed(job=call, code="recording", problem="an EIO", retryable=False)
        site.switchboard.heard_live(refused)
        with pytest.raises(SpoolError, match="an EIO"):
            await ear.seal(cut_off=False)


async def test_call_whose_recording_is_made_safe_late_ends_as_its_agent_has_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was the caller who hung up, and not a crash that cut the message off."""
    monkeypatch.setattr("sipbot.calls.JUDGE_LIMIT_S", 0.0)
    refusals = [SpoolError("the disk is away")]
    seal = Spool.seal

    async def refused_once(spool: Spool, call: str, *, cut_off: bool) -> Recording:
        if refusals:
            raise refusals.pop()
        return await seal(spool, call, cut_off=cut_off)

    monkeypatch.setattr(Spool, "seal", refused_once)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        site, offer = Site(tmp_path, ledger), an_offer()
        audio = site.spool.audio(offer.call)
        audio.parent.mkdir()
        shutil.copy(DATA / "ko_03_8k.wav", audio)
        await ledger.add_call(offer, "yamato", "request-uri", "yamato")
        await ledger.call_answered(offer.call, AT)
        hung_up = wire.Ended(
            call=offer.call, by=EndedBy.CALLER, code=200, reason="", answered=True, at=AT
        )

        async with running(site):
            site.switchboard.hear(Agent(), hung_up)
            while (entry := await ledger.call(offer.call)) and entry.state is None:
                await asyncio.sleep(0.01)
        (memo,) = (await ledger.open_memos("")).memos

    assert entry is not None
    assert (EndState.MEMO, EndedBy.CALLER) == (entry.state, entry.ended_by)
    assert not memo.call.cut_off
    assert ["call-failed"] == site.alerts
