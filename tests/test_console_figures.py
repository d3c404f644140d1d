"""The page of figures: whose it shows, in which words, and when it is reckoned anew."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import kpi
from sipbot.board import (
    PERIODS,
    Board,
    BoardAsk,
    Period,
    Work,
    before_of,
    span_of,
    together,
    work_of,
)
from sipbot.call_counts import by_end, by_hour
from sipbot.console.boards import OLD, SHARE, YOUNG, Boards
from sipbot.kpi import CallFact, Facts, Terms
from sipbot.ledger_board import work_on
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.records import EndState
from tests.console_app import Desk, a_desk
from tests.consoles import CLIENTS, memo_for

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
"""Half past noon in Tokyo."""
TOKYO = ZoneInfo("Asia/Tokyo")
TERMS = Terms(limits={"answer_rate": 90.0})

ACCOUNTS = (
    'name = "boss"\nrole = "admin"\nclients = ["*"]',
    'name = "hanako"\nrole = "operator"\nclients = ["yamato"]',
    'name = "nobody"\nrole = "viewer"\nclients = ["gone"]',
)


def a_call(minutes_ago: float, *, answered: bool = True) -> CallFact:
    at = NOW - timedelta(minutes=minutes_ago)
    return CallFact(
        call=f"{minutes_ago}-{answered}",
        received_at=at,
        caller=None,
        answered_at=at + timedelta(seconds=5) if answered else None,
        ended_at=at + timedelta(seconds=30),
        state=EndState.MEMO if answered else EndState.ABANDONED_RINGING,
    )


def figures(calls: Sequence[CallFact]) -> kpi.Figures:
    span = span_of("today", TOKYO, NOW)
    facts = Facts(
        client="c",
        tz="Asia/Tokyo",
        since=span.since,
        until=span.until,
        calls=calls,
        later=[],
        quota=[],
        terms=TERMS,
    )
    return kpi.figures(facts, NOW)


def a_board(client: str, calls: Sequence[CallFact]) -> Board:
    return Board(
        client=client,
        figures=figures(calls),
        before=figures([]),
        heat=by_hour((call.received_at for call in calls), TOKYO),
        ends=by_end(call.state for call in calls),
        work=(Work(operator="hanako", claimed=1, claim_s=60.0),),
    )


@pytest.mark.parametrize(
    ("period", "since"),
    [
        ("today", "2026-11-19T15:00:00+00:00"),
        ("days7", "2026-11-13T15:00:00+00:00"),
        ("days30", "2026-10-21T15:00:00+00:00"),
        ("month", "2026-10-31T15:00:00+00:00"),
    ],
)
def test_period_begins_at_a_midnight_of_the_clients_zone_and_ends_now(
    period: Period, since: str
) -> None:
    span = span_of(period, TOKYO, NOW)
    assert (since, NOW) == (span.since.isoformat(), span.until)


@given(st.sampled_from(PERIODS), st.integers(978_307_200, 2_051_222_400))
def test_period_before_ends_where_the_period_begins_or_sooner(period: Period, at_s: int) -> None:
    now, tz = datetime.fromtimestamp(at_s, UTC), ZoneInfo("America/New_York")
    before = before_of(period, tz, now)
    assert before.since < before.until + timedelta(hours=1)
    assert before.until <= span_of(period, tz, now).since


@given(st.lists(st.booleans(), max_size=8), st.lists(st.booleans(), max_size=8))
def test_figures_of_two_clients_together_are_those_of_all_their_calls(
    one: list[bool], other: list[bool]
) -> None:
    sides = [
        [a_call(place + 20 * side, answered=each) for place, each in enumerate(found)]
        for side, found in enumerate((one, other))
    ]
    both = figures([*sides[0], *sides[1]])
    several = [figures(side) for side in sides]
    for key in ("offered", "answered", "answer_rate", "missed", "service_level", "answer_time"):
        assert both[key].value == pytest.approx(together(key, several).value, nan_ok=True)


def test_share_of_nothing_is_not_measured_for_several_clients_either() -> None:
    assert together("answer_rate", [figures([]), figures([])]).value is None


def test_work_is_that_of_who_claimed_first_called_back_first_and_closed_last() -> None:
    at = NOW
    entries = [
        ("claimed", "hanako", 10),
        ("claimed", "taro", 20),
        ("called_back", "taro", 30),
        ("done", "hanako", 40),
        ("reopened", "boss", 50),
        ("done", "boss", 60),
    ]
    history = [
        {"at": at + timedelta(seconds=after_s), "what": what, "by": by}
        for what, by, after_s in entries
    ]
    body = msgspec.json.encode({"history": history}).decode()
    expected = (
        Work(operator="boss", closed=1),
        Work(operator="hanako", claimed=1, claim_s=10.0),
        Work(operator="taro", called_back=1, back_s=30.0),
    )
    assert expected == work_of(work_on(body, at))


def test_memo_that_cannot_be_read_is_nobodys_work() -> None:
    assert [] == list(work_on("{", NOW))


# -- when they are reckoned ------------------------------------------------------------------------


class Rig:
    """Boards whose reckoning is counted."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / "sipbot.sqlite3"
        self.ledger.write_bytes(b"1")
        self.asked, self.clock_s = 0, 0.0
        self.clients = MappingProxyType({one.client: one for one in CLIENTS})
        self.boards = Boards(
            self.ledger, self.reckon, lambda: self.clients, clock=lambda: self.clock_s
        )

    async def reckon(self, asks: Sequence[BoardAsk]) -> list[Board]:
        self.asked += 1
        self.clock_s += 2.0
        return [a_board(ask.subject.client, []) for ask in asks]

    async def look(self, later: timedelta, *, fresh: bool = True) -> int:
        await self.boards.of("today", NOW + later, fresh=fresh)
        return self.asked


async def test_boards_of_a_ledger_that_has_not_changed_are_kept_until_they_are_old(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    found = [await rig.look(at) for at in (timedelta(), OLD - YOUNG, OLD)]
    assert [1, 1, 2] == found


async def test_boards_of_a_ledger_that_changes_always_take_a_twentieth_of_a_processor(
    tmp_path: Path,
) -> None:
    rig, found = Rig(tmp_path), []
    for seconds in (0, 39, 2 * SHARE):
        rig.ledger.write_bytes(b"2" * (seconds + 2))
        found.append(await rig.look(timedelta(seconds=seconds)))
    assert [1, 1, 2] == found


async def test_first_page_does_not_wait_for_new_boards_when_it_has_others(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    await rig.look(timedelta())
    assert 1 == await rig.look(OLD, fresh=False)


async def test_client_that_is_new_has_its_board_at_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    await rig.look(timedelta())
    rig.clients = MappingProxyType({})
    assert {} == (await rig.boards.of("today", NOW, fresh=True)).boards


# -- the page --------------------------------------------------------------------------------------


async def with_boards(desk: Desk) -> None:
    """Reckon in this process: another's start takes longer than all of a test."""

    async def reckon(asks: Sequence[BoardAsk]) -> list[Board]:
        with ReadOnlyLedger.open(Path(desk.parts.settings.ledger)) as ledger:
            return [ledger.board(ask) for ask in asks]

    ledger, clients = Path(desk.parts.settings.ledger), desk.parts.hub.clients
    desk.parts.__dict__["boards"] = Boards(ledger, reckon, lambda: clients)


async def test_account_sees_figures_of_its_clients_and_operators_are_for_admins_alone(
    tmp_path: Path,
) -> None:
    memos = [memo_for("yamato"), memo_for("wakaba-law")]
    async with a_desk(tmp_path, ACCOUNTS, memos) as desk:
        await with_boards(desk)
        texts = {}
        for name in ("boss", "hanako", "nobody"):
            async with desk.browser(name) as browser:
                texts[name] = (await browser.get("/figures?period=days7")).text
            async with desk.browser("hanako") as browser:
                foreign = (await browser.get("/figures?client=wakaba-law")).text
    assert '<dd id="unclaimed">2</dd>' in texts["boss"]
    assert "operators-title" in texts["boss"]
    assert '<dd id="unclaimed">1</dd>' in texts["hanako"]
    assert "client=wakaba-law" in texts["boss"]
    for text in (texts["hanako"], foreign):
        assert "wakaba" not in text.replace('name="next" value="/figures?client=wakaba-law"', "")
        assert "operators-title" not in text
    assert "No dialplan of a client that you work for" in texts["nobody"]


async def test_page_in_japanese_says_that_a_figure_was_not_measured(tmp_path: Path) -> None:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        await with_boards(desk)
        async with desk.browser("boss", "ja") as browser:
            text = (await browser.get("/figures?client=yamato")).text
    assert "計測なし" in text
    assert "0.0 %" not in text


async def test_browser_that_has_the_newest_figures_is_sent_none(tmp_path: Path) -> None:
    async with a_desk(tmp_path, ACCOUNTS) as desk:
        await with_boards(desk)
        async with desk.browser("boss") as browser:
            page = (await browser.get("/figures")).text
            again = page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
            same = await browser.get(again, **{"HX-Request": "true"})
            await desk.leave(memo_for("yamato"))
            other = await browser.get(again, **{"HX-Request": "true"})
    assert (204, 200) == (same.status_code, other.status_code)
