"""People are told of each memo once: from the ledger to a mail server and a web hook."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sipbot import ledger_notices, notice_target, notice_watch
from sipbot.alerts import Alerts
from sipbot.dialplan import Dialplan, load_all
from sipbot.erase import Eraser
from sipbot.errors import FeedError
from sipbot.ledger import MQTT, Ledger
from sipbot.memo import Memo, with_transcript
from sipbot.notice import Notice
from sipbot.notice_sender import Sent, judged, send
from sipbot.notice_target import NoticeTarget
from sipbot.notice_text import notice_of
from sipbot.notice_watch import NoticeSettings, NoticeWatch
from sipbot.outbox import MAX_REFUSALS, Outbox
from sipbot.records import EndedBy, EndState
from sipbot.retention import BY_HAND, EVERYTHING, Wanted
from sipbot.text_thread import TextThread
from sipbot.topics import AlertPayload
from sipbot.understanding import ClientFacts
from tests.free_ports import free_ports
from tests.hooks import Hook, web_hook
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer

PLAN = """
schema = 1
client = "yamato"
say_name = "Yamato"
numbers = ["yamato"]
language = "en"
[answer]
greeting = "builtin:en/greeting"
thanks = "builtin:en/thanks"
"""
EACH = '[[notify]]\nname = "hook"\ntarget = "hook"\nwhat = "full"\n'
DIGEST = '[[notify]]\nname = "hook"\ntarget = "hook"\nwhen = "digest"\nat = ["15:00"]\n'
SAID = Notice(ts=AT, subject="件名", body="one\ntwo")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with web_hook() as made:
        yield made


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


class Bus:
    """Takes alerts."""

    async def alert(self, alert: str, payload: AlertPayload | None) -> None:
        """Take one."""


class Facts:
    """Knows that every client has a dialplan."""

    def facts(self, client: str, /) -> ClientFacts:
        return ClientFacts(region="JP")


class Clock:
    """A clock that moves when told to, and a little at each reading, as real ones do."""

    def __init__(self) -> None:
        self.at = AT + timedelta(seconds=30)
        self._readings = 0

    def __call__(self) -> datetime:
        self._readings += 1
        return self.at + self._readings * timedelta(microseconds=1)


class Site:
    """A watch and its outbox, as `sipbot.app` puts them together."""

    def __init__(self, ledger: Ledger, plans: tuple[Dialplan, ...], url: str) -> None:
        self.clock = Clock()
        self.raised: dict[str, str] = {}
        self.texts = TextThread()
        alerts = Alerts(Bus())
        told = alerts.tell

        def tell(alert: str, problem: str | None, remedy: str = "") -> None:
            told(alert, problem, remedy)
            self.raised.pop(alert, None)
            if problem is not None:
                self.raised[alert] = problem

        alerts.tell = tell  # type: ignore[method-assign] # to see what is raised
        self.watch = NoticeWatch(
            ledger.notices,
            NoticeSettings(targets={"hook": url} if url else {}, link="https://c.example/memos/"),
            Facts(),
            self.texts,
            alerts,
            lambda: plans,
            clock=self.clock,
        )
        self.outbox = Outbox(ledger, self.watch.publishers, now=self.clock, die=lambda: 0.0)

    async def tell(self) -> None:
        await self.watch.look()
        await self.outbox.run_once()


def plans_of(folder: Path, channels: str) -> tuple[Dialplan, ...]:
    (folder / "yamato.toml").write_text(PLAN + channels, encoding="utf-8")
    return load_all(folder, "JP").all


@contextmanager
def a_site(ledger: Ledger, folder: Path, channels: str, url: str) -> Iterator[Site]:
    site = Site(ledger, plans_of(folder, channels), url)
    yield site
    site.texts.close()


async def end_with_memo(ledger: Ledger) -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer)
    await ledger.add_call(offer, memo.client, "request-uri", memo.client)
    assert await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def read(ledger: Ledger, memo: Memo, text: str) -> None:
    await ledger.revise_memo(memo.id, lambda old: with_transcript(old, a_transcript(text), AT))


async def test_people_are_told_once_when_the_text_is_there(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        memo = await end_with_memo(ledger)
        await site.tell()
        before = len(hook.said)
        await read(ledger, memo, "please call me")
        await site.tell()
        await ledger.revise_memo(memo.id, lambda old: old.model_copy(update={"rev": old.rev + 1}))
        await site.tell()
    assert (0, ["please call me" in one["message"] for one in hook.said]) == (before, [True])


async def test_memo_that_nobody_reads_is_told_after_a_bounded_wait(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        await end_with_memo(ledger)
        site.clock.at = AT + timedelta(minutes=3)
        await site.tell()
    assert ["(not read yet)" in one["message"] for one in hook.said] == [True]


async def test_memos_of_a_digest_are_one_masked_message(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, DIGEST, hook.url) as site:
        await site.watch.begin()
        for _ in range(2):
            await read(ledger, await end_with_memo(ledger), "my name is Miller")
        await site.tell()
        before = len(hook.said)
        site.clock.at = AT + timedelta(hours=3)  # 15:04 in Tokyo
        await site.tell()
        await site.tell()
    assert (0, ["Yamato: 2 messages"]) == (before, [one["title"] for one in hook.said])
    assert "+81355501234" not in hook.said[0]["message"]


async def test_digest_that_waits_is_told_again_without_the_memo_that_was_erased(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, DIGEST, hook.url) as site:
        eraser = Eraser(
            ledger.erasures, tmp_path / "spool", tmp_path / "search", tmp_path, site.clock
        )
        await site.watch.begin()
        memos = [await end_with_memo(ledger) for _ in range(3)]
        for memo in memos:
            await read(ledger, memo, "my name is Miller")
        await site.watch.look()
        site.clock.at = AT + timedelta(hours=3)  # 15:04 in Tokyo
        await site.watch.look()  # stored, and not sent yet

        gone = Wanted(call=memos[1].call.id, kinds=EVERYTHING, rule=BY_HAND, memo=memos[1].id)
        await eraser.erase([gone], "root", "request 17")
        site.clock.at = AT + timedelta(days=1, hours=3)
        await site.tell()

    (said,) = hook.said
    assert "Yamato: 2 messages" == said["title"]
    assert [True, False, True] == [memo.id in said["message"] for memo in memos]


async def test_target_that_was_away_is_told_later_and_the_alert_ends(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    hook.codes = [503, 503, 503, 200]
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        await read(ledger, await end_with_memo(ledger), "hello")
        raised = []
        for _ in range(4):
            await site.tell()
            raised.append("notify-hook" in site.raised)
            site.clock.at += timedelta(minutes=1)
    assert ([False, False, True, False], 1) == (raised, len(hook.said))


async def test_target_that_refuses_for_good_leaves_a_dead_letter(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    hook.codes = [401]
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        await read(ledger, await end_with_memo(ledger), "hello")
        for _ in range(MAX_REFUSALS):
            await site.tell()
            site.clock.at += timedelta(minutes=1)
    assert 1 == await ledger.dead_letters()


async def test_target_that_is_away_does_not_hold_up_the_bus(ledger: Ledger, tmp_path: Path) -> None:
    nowhere = f"json://127.0.0.1:{free_ports()}/"
    with a_site(ledger, tmp_path, EACH, nowhere) as site:
        await site.watch.begin()
        memo = await end_with_memo(ledger)
        await read(ledger, memo, "hello")
        await site.tell()
        due = await ledger.due_deliveries(site.clock(), 10, MQTT)
    assert [1, 2] == [one.rev for one in due]


async def test_crash_after_sending_repeats_the_message_and_no_other(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        await read(ledger, await end_with_memo(ledger), "hello")
        await site.watch.look()
        (due,) = await ledger.due_deliveries(site.clock(), 10, "notify:hook")
        target = site.watch.publishers["notify:hook"]
        assert due.req is not None
        await target.publish_answer(due.client, due.req, due.payload)  # and dies before storing it
    with a_site(ledger, tmp_path, EACH, hook.url) as again:
        await again.watch.begin()
        await again.tell()
        await again.tell()
    assert 2 == len(hook.said)


async def test_same_words_are_told_once_however_often_they_are_given(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        for _ in range(2):
            assert await site.watch.tell("yamato", "hook", "late", "15 min", once="memo/1")
        unknown = await site.watch.tell("yamato", "pager", "late", "15 min")
        await site.outbox.run_once()
    assert (False, ["late"]) == (unknown, [one["title"] for one in hook.said])


async def test_escalation_tells_of_a_memo_as_its_channel_may_see_it(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    asked = EACH.replace('"full"', '"masked"\nwhen = "asked"')
    with a_site(ledger, tmp_path, asked, hook.url) as site:
        await site.watch.begin()
        memo = await end_with_memo(ledger)
        await site.watch.tell_of("hook", memo, "unclaimed for 15 min", once=memo.id)
        await site.outbox.run_once()
    (said,) = hook.said
    assert (True, False) == (memo.id in said["message"], "+81355501234" in said["message"])


async def test_memos_from_before_the_first_target_are_told_to_nobody(
    ledger: Ledger, hook: Hook, tmp_path: Path
) -> None:
    with a_site(ledger, tmp_path, EACH, "") as off:
        await off.watch.begin()
        await read(ledger, await end_with_memo(ledger), "hello")
        await off.tell()
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        await site.tell()
    assert (["notice-targets"], []) == (list(off.raised), hook.said)


class Mail:
    """A mail server's mind: refuses what begins with "no", puts off what begins with "later"."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        refusals = {"no": "550 no such user", "later": "451 come again"}
        name = address.split("@", 1)[0]
        if name not in refusals:
            envelope.rcpt_tos.append(address)
        return refusals.get(name, "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 OK"


async def test_mail_server_takes_refuses_and_puts_off() -> None:
    mind, port = Mail(), free_ports()
    server = Controller(mind, hostname="127.0.0.1", port=port)
    server.start()
    try:
        url = f"mailto://127.0.0.1:{port}/?from=bot@a.example&mode=insecure&to="
        results = [
            await asyncio.to_thread(send, f"{url}{name}@b.example", SAID)
            for name in ("taro", "no", "later")
        ]
    finally:
        server.stop()
    assert [(True, False), (False, True), (False, False)] == [
        (one.done, one.for_good) for one in results
    ]
    assert [True] == [b"two" in one for one in mind.taken]


def test_url_that_no_service_understands_is_refused_for_good() -> None:
    assert (False, True) == ((sent := send("nonsense://x", SAID)).done, sent.for_good)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Failed to send: Unauthorized., error=401.", True),
        ("Failed to send: error=429.", False),
        ("Failed to send: Servers are overloaded., error=503.", False),
        ("Socket Exception: {'a@b.example': (550, b'no such user')}", True),
        ("A Connection error occurred sending to 127.0.0.1.", False),
    ],
)
def test_refusal_is_told_from_a_service_that_is_away(line: str, expected: bool) -> None:
    assert expected == judged([line]).for_good


async def test_a_mistake_about_one_channel_does_not_keep_another_from_being_told(
    ledger: Ledger, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = EACH.replace('name = "hook"', 'name = "other"')
    with a_site(ledger, tmp_path, EACH + second, hook.url) as site:
        await site.watch.begin()
        await read(ledger, await end_with_memo(ledger), "hello")
        monkeypatch.setattr(notice_watch, "notice_of", fails_once(notice_of))
        await site.tell()
        before = len(hook.said)
        site.clock.at += notice_watch.AGAIN
        await site.tell()
    assert (1, 2) == (before, len(hook.said))


def fails_once(sound: Callable[..., Notice]) -> Callable[..., Notice]:
    """Stand for a mistake of ours in the words of a notification."""
    calls: list[None] = []

    def clumsy(*args: object) -> Notice:
        calls.append(None)
        if len(calls) == 1:
            raise KeyError("please call me")
        return sound(*args)

    return clumsy


async def test_memos_whose_texts_are_not_there_yet_hide_no_other(
    ledger: Ledger, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_watch, "AT_ONCE", 2)
    monkeypatch.setattr(ledger_notices, "AT_ONCE", 2)
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        for _ in range(3):
            await end_with_memo(ledger)
        await read(ledger, await end_with_memo(ledger), "hello")
        for _ in range(2):
            await site.tell()
    assert ["hello" in one["message"] for one in hook.said] == [True]


async def test_memo_that_has_just_come_waits_for_no_round_through_those_without_texts(
    ledger: Ledger, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_watch, "AT_ONCE", 2)
    monkeypatch.setattr(ledger_notices, "AT_ONCE", 2)
    with a_site(ledger, tmp_path, EACH, hook.url) as site:
        await site.watch.begin()
        for _ in range(9):
            await end_with_memo(ledger)
        await read(ledger, await end_with_memo(ledger), "hello")
        await site.tell()
    assert ["hello" in one["message"] for one in hook.said] == [True]


class Hanging:
    """A service that takes what it is told when it is let to, and not before."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.taken: list[str] = []

    def send(self, notice: Notice) -> Sent:
        self.free.wait(30)
        self.taken.append(notice.subject)
        return Sent(done=True)


async def test_service_that_hangs_is_told_once_of_each_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Hanging()
    target = NoticeTarget("hook", service.send, lambda *_: None)
    first, second = (Notice(ts=AT, subject=name, body="").encode() for name in ("one", "two"))
    monkeypatch.setattr(notice_target, "LONGEST_S", 0.01)
    for req, payload in (("r1", first), ("r1", first), ("r2", second)):
        with pytest.raises(FeedError, match="did not answer"):
            await target.publish_answer("yamato", req, payload)
    monkeypatch.setattr(notice_target, "LONGEST_S", 60.0)
    service.free.set()
    await target.publish_answer("yamato", "r2", second)
    await target.publish_answer("yamato", "r1", first)
    assert ["one", "two"] == service.taken


async def test_service_that_never_answers_about_one_message_takes_the_others_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(notice: Notice) -> Sent:
        if notice.subject == "one":
            let_go.wait(30)
        return Sent(done=True)

    let_go = threading.Event()
    target = NoticeTarget("hook", send, lambda *_: None)
    first, second = (Notice(ts=AT, subject=name, body="").encode() for name in ("one", "two"))
    monkeypatch.setattr(notice_target, "LONGEST_S", 0.01)
    for req, payload in (("r1", first), ("r2", second)):
        with pytest.raises(FeedError, match="did not answer"):
            await target.publish_answer("yamato", req, payload)
    monkeypatch.setattr(notice_target, "LONGEST_S", 20.0)
    monkeypatch.setattr(notice_target, "LET_GO_S", 0.0)
    await target.publish_answer("yamato", "r2", second)
    let_go.set()
