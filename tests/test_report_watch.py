"""Clients get their reports by themselves: at the time of their file, each once, nobody else."""

import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from sipbot import report_watch
from sipbot.alerts import Alerts
from sipbot.archive_store import Server
from sipbot.dialplan import Dialplan, load_all
from sipbot.errors import DialplanError
from sipbot.ledger import Ledger
from sipbot.ledger_consents import disclosed
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.notice import Attachment
from sipbot.notice_watch import NoticeSettings
from sipbot.outbox import MAX_REFUSALS, Outbox
from sipbot.reckoning import Reckoner
from sipbot.records import EndedBy, EndState
from sipbot.report.made import made
from sipbot.report_order import ReportAsk
from sipbot.report_watch import ReportSettings, ReportWatch
from tests.hooks import Hook, web_hook
from tests.mail_servers import MailServer, mail_server
from tests.memo_samples import an_offer
from tests.test_notice_watch import Bus

SUNDAY = datetime(2026, 11, 15, 3, tzinfo=UTC)
"""In Tokyo it is noon; the week's pack is due on the next morning."""
MONDAY = datetime(2026, 11, 15, 23, 0, 5, tzinfo=UTC)
"""Five seconds after it is due."""

PLAN = """
schema = 1
client = "{client}"
say_name = "佐藤事務所"
numbers = ["{client}"]
language = "ja"
[answer]
greeting = "builtin:ja/greeting"
thanks = "builtin:ja/thanks"
[hours]
tz = "Asia/Tokyo"
open = "24/7"
"""
WEEKLY = '[report]\nweekly = "Mo 08:00"\n'
CHANNEL = """
[[notify]]
name = "reports"
target = "there"
on = ["weekly"]
what = "full"
"""
BOTH = (
    WEEKLY
    + 'monthly = "1 08:00"\nfiles = ["html", "csv"]\n'
    + CHANNEL.replace('["weekly"]', '["weekly", "monthly"]')
)


class Here(Reckoner):
    """Makes reports in this process: another's start takes longer than all of a test."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(ledger)
        self._ledger = ledger
        self.made = 0

    async def report(self, ask: ReportAsk) -> list[Attachment]:
        self.made += 1
        with ReadOnlyLedger.open(self._ledger) as reader:
            return made(reader, ask)


class Site:
    """What `sipbot.app` puts together, with a clock that is set."""

    def __init__(self, ledger: Ledger, folder: Path, targets: NoticeSettings) -> None:
        self.ledger, self.folder = ledger, folder
        self.now = SUNDAY
        self.raised: dict[str, str] = {}
        self.plans: tuple[Dialplan, ...] = ()
        self.reckoner: Reckoner = Here(ledger.path)
        self.settings = ReportSettings(
            notices=targets,
            wanted="site",
            dialplans=folder / "dialplans",
            region="JP",
            var=folder,
        )
        (folder / "dialplans").mkdir(exist_ok=True)

    def write(self, tables: str, client: str = "sato") -> None:
        file = self.folder / "dialplans" / f"{client}.toml"
        file.write_text(PLAN.format(client=client) + tables, encoding="utf-8")
        self.plans = load_all(file.parent, "JP").all

    async def start(self) -> None:
        """Begin anew, as after a crash."""
        alerts = Alerts(Bus())
        alerts.tell = self._tell  # type: ignore[method-assign] # to see what is raised
        self.watch = ReportWatch(
            self.ledger.notices,
            self.settings,
            self.reckoner,
            alerts,
            lambda: self.plans,
            clock=lambda: self.now,
        )
        self.outbox = Outbox(
            self.ledger, self.watch.publishers, now=lambda: self.now, die=lambda: 0.0
        )
        await self.watch.begin()
        await self.watch.look()

    async def go_on(self, now: datetime) -> None:
        self.now = now
        await self.watch.look()
        await self.outbox.run_once()

    def _tell(self, alert: str, problem: str | None, remedy: str = "") -> None:
        self.raised.pop(alert, None)
        if problem is not None:
            self.raised[alert] = problem

    def undelivered(self, *, dead: bool = False) -> list[str | None]:
        with ReadOnlyLedger.open(self.ledger.path) as reader:
            return [one.req for one in reader.undelivered(dead_only=dead)]

    async def log(self) -> list[str]:
        found = await self.ledger._run(lambda c: disclosed(c, "sato"))
        return [f"{one.kind} {one.what} → {one.recipient}" for _, one in found]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def site(ledger: Ledger, tmp_path: Path, shelf: Path) -> Site:
    """With a folder for a target."""
    return Site(ledger, tmp_path, NoticeSettings(folders={"there": shelf}))


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Hook]:
    with web_hook() as made:
        yield made


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


async def test_pack_of_a_week_without_a_call_goes_out_by_mail_once(
    ledger: Ledger, tmp_path: Path, mail: MailServer
) -> None:
    """The report is made by a process of its own, and taken by a real mail server."""
    site = Site(ledger, tmp_path, NoticeSettings(targets={"there": mail.url}))
    site.reckoner = Reckoner(ledger.path)
    site.write(BOTH)
    await site.start()
    for later in range(3):
        await site.go_on(MONDAY + timedelta(hours=later))
    (message,) = mail.taken
    page, table = list(message.iter_attachments())
    assert "佐藤事務所: 週次報告書 2026-W46" == message["Subject"]
    assert ["sato-2026-W46.html", "sato-2026-W46.csv"] == [
        page.get_filename(),
        table.get_filename(),
    ]
    assert "2026-W46" in page.get_content()
    assert [
        "report weekly 2026-W46 (html csv): sato-2026-W46.csv → there",
        "report weekly 2026-W46 (html csv): sato-2026-W46.html → there",
    ] == await site.log()


async def test_statement_of_the_month_goes_out_with_its_calls(site: Site, shelf: Path) -> None:
    site.write(BOTH)
    await site.start()
    offer = msgspec.structs.replace(an_offer(), received_at=SUNDAY)
    await site.ledger.add_call(offer, "sato", "request-uri", "sato")
    ended = EndState.NO_MESSAGE, SUNDAY, EndedBy.CALLER, 200, None
    await site.ledger.end_call(offer.call, *ended)
    await site.go_on(datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    assert ["sato-2026-11.csv", "sato-2026-11.html"] == [
        one for one in names(shelf) if "W" not in one
    ]
    assert "no_message" in (shelf / "sato-2026-11.csv").read_text(encoding="utf-8")


async def test_report_in_a_folder_is_for_its_owner_alone(site: Site, shelf: Path) -> None:
    site.write(WEEKLY + CHANNEL)
    await site.start()
    await site.go_on(MONDAY)
    (name,) = names(shelf)
    assert ("sato-2026-W46.html", 0o600) == (name, mode(shelf / name))


async def test_time_that_was_just_written_down_sends_nothing_before_it_comes(
    site: Site, shelf: Path
) -> None:
    site.now = MONDAY
    site.write(WEEKLY + CHANNEL)
    await site.start()
    await site.go_on(MONDAY + timedelta(days=6))
    before = names(shelf)
    await site.go_on(MONDAY + timedelta(days=7))
    assert ([], ["sato-2026-W47.html"]) == (before, names(shelf))


async def test_site_that_was_off_for_months_sends_the_latest_of_each_kind(
    site: Site, shelf: Path
) -> None:
    site.write(BOTH)
    await site.start()
    site.now = datetime(2027, 2, 3, tzinfo=UTC)
    await site.start()
    await site.outbox.run_once()
    assert ["sato-2027-01.html", "sato-2027-W04.html"] == [
        one for one in names(shelf) if one.endswith("html")
    ]


async def test_crash_after_the_order_was_stored_sends_the_report_once(
    site: Site, shelf: Path
) -> None:
    site.write(WEEKLY + CHANNEL)
    await site.start()
    site.now = MONDAY
    await site.watch.look()
    await site.start()
    ordered = site.undelivered()
    await site.outbox.run_once()
    assert (["report:weekly:2026-W46"], 1) == (ordered, len(await site.log()))


async def test_crash_after_the_report_was_sent_sends_it_not_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write(WEEKLY + CHANNEL)
    await site.start()
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "delivered", _dies)
        with pytest.raises(ExceptionGroup):
            await site.go_on(MONDAY)
    before = site.undelivered()
    await site.start()
    await site.outbox.run_once()
    assert isinstance(site.reckoner, Here)
    assert (["report:weekly:2026-W46"], [], 1) == (before, site.undelivered(), site.reckoner.made)


async def _dies(*_: object) -> int:
    raise MemoryError


async def test_report_that_is_refused_is_a_dead_letter_and_goes_out_when_tried_again(
    ledger: Ledger, tmp_path: Path, mail: MailServer
) -> None:
    site = Site(ledger, tmp_path, NoticeSettings(targets={"there": mail.url}))
    site.write(WEEKLY + CHANNEL)
    await site.start()
    mail.answer = "550 not here"
    await site.go_on(MONDAY)
    for minute in range(MAX_REFUSALS):
        await site.go_on(MONDAY + timedelta(minutes=minute + 1))
    dead = site.undelivered(dead=True)
    raised = dict(site.raised)
    mail.answer = "250 OK"
    await site.outbox.retry([], all_dead=True)
    await site.outbox.run_once()
    assert ["report:weekly:2026-W46"] == dead
    assert {"report-there": "there: the mail server answered SMTP 550"} == raised
    assert ([], {}, 1) == (site.undelivered(), site.raised, len(mail.taken))


async def test_web_hook_gets_the_report_as_soon_as_it_is_back(
    ledger: Ledger, tmp_path: Path, hook: Hook
) -> None:
    site = Site(ledger, tmp_path, NoticeSettings(targets={"there": hook.url}))
    site.write(WEEKLY + CHANNEL)
    await site.start()
    hook.codes = [503, 200]
    await site.go_on(MONDAY)
    before = len(hook.said)
    await site.go_on(MONDAY + timedelta(minutes=1))
    (said,) = hook.said
    assert (0, "sato-2026-W46.html") == (before, said["attachments"][0]["filename"])


async def test_service_that_takes_no_files_refuses_for_good(ledger: Ledger, tmp_path: Path) -> None:
    line = "line://accesstoken/Uxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    site = Site(ledger, tmp_path, NoticeSettings(targets={"there": line}))
    site.write(WEEKLY + CHANNEL)
    await site.start()
    for minute in range(MAX_REFUSALS):
        await site.go_on(MONDAY + timedelta(minutes=minute))
    assert ["report:weekly:2026-W46"] == site.undelivered(dead=True)
    assert "takes no files" in site.raised["report-there"]


async def test_client_that_is_gone_gets_not_even_the_report_that_waits(
    site: Site, shelf: Path
) -> None:
    site.write(WEEKLY + CHANNEL)
    site.write("", "other")
    await site.start()
    site.now = MONDAY
    await site.watch.look()
    site.plans = tuple(one for one in site.plans if one.client == "other")
    await site.go_on(MONDAY)
    assert ([], []) == (site.undelivered(), names(shelf))


async def test_report_that_is_due_when_its_channel_is_taken_away_is_not_sent(
    site: Site, shelf: Path
) -> None:
    site.write(WEEKLY + CHANNEL)
    await site.start()
    site.now = MONDAY
    await site.watch.look()
    site.write("")
    await site.outbox.run_once()
    assert (["report:weekly:2026-W46"], []) == (site.undelivered(), names(shelf))


async def test_clock_that_was_ahead_keeps_no_report_back(site: Site, shelf: Path) -> None:
    site.write(WEEKLY + CHANNEL)
    await site.start()
    await site.go_on(MONDAY + timedelta(days=3650))
    late = names(shelf)
    site.now = SUNDAY
    await site.start()
    await site.go_on(MONDAY)
    assert {"sato-2026-W46.html"} == set(names(shelf)) - set(late)


async def test_site_with_an_archive_sends_nothing_until_somebody_says_who_does(
    site: Site, shelf: Path
) -> None:
    server = Server(url="postgresql://db.example/x", password="", site="main")
    site.settings = msgspec.structs.replace(site.settings, wanted="undecided", archive=server)
    site.write(WEEKLY + CHANNEL)
    await site.start()
    await site.go_on(MONDAY)
    assert ([report_watch.UNDECIDED], []) == (list(site.raised), names(shelf))


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            '[report]\nweekly = "mon 08:00"\n' + CHANNEL,
            'weekly = "mon 08:00": is not a time',
        ),
        ('[report]\nweekly = "Mo 8:00"\n' + CHANNEL, 'Write a day and a time, such as "Mo 08:00"'),
        ('[report]\nmonthly = "32 08:00"\n' + CHANNEL, "is not a time of the month"),
        (WEEKLY, 'is sent to nobody. Add on = ["weekly"]'),
        (CHANNEL, 'is a report that has no time. Add weekly = "Mo 08:00" below [report]'),
        (
            WEEKLY + CHANNEL.replace('what = "full"', ""),
            'name callers, to a channel that must not show them. Write what = "full"',
        ),
        (
            WEEKLY + CHANNEL.replace('"weekly"]', '"weekly", "daily"]'),
            '.on[1] = "daily": is not one',
        ),
        (
            WEEKLY + CHANNEL.replace('"weekly"]', '"weekly", "service"]'),
            "nothing was promised. Add [targets]",
        ),
        (
            WEEKLY + CHANNEL + 'when = "urgent"\n',
            'is about messages. Add "memo" to on, or remove it',
        ),
    ],
)
def test_wrong_word_is_refused_with_its_remedy(tmp_path: Path, tables: str, expected: str) -> None:
    (tmp_path / "sato.toml").write_text(PLAN.format(client="sato") + tables, encoding="utf-8")
    with pytest.raises(DialplanError) as caught:
        load_all(tmp_path, "JP")
    assert expected in str(caught.value)
