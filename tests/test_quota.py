"""What counts against a client's quota, in which month, and what the ledger makes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot import ledger_schema, ledger_usage
from sipbot.dialplan import Dialplan
from sipbot.dialplan_form import Quota
from sipbot.ledger import Ledger
from sipbot.quota import (
    Ask,
    Figures,
    Month,
    Use,
    ask,
    counts,
    figures,
    level,
    month_of,
    problem,
    use,
)
from sipbot.records import EndedBy, EndState
from tests import quotas
from tests.memo_samples import a_memo_of, an_offer

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = ["Asia/Tokyo", "America/New_York", "America/St_Johns", "America/Asuncion", "Pacific/Apia"]
"""Among them one that set its clocks back over midnight, and one that left a day out."""

NOVEMBER = Month(2026, 11)

moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
states = st.sampled_from(EndState)
categories = st.none() | st.sampled_from(["sales", "wrong_number", "emergency"])


@pytest.fixture(scope="module")
def sato(tmp_path_factory: pytest.TempPathFactory) -> Dialplan:
    folder = tmp_path_factory.mktemp("dialplans")
    quota = 'calls_per_month = 10\nexclude = ["sales"]'
    return quotas.plans(folder, sato=quota).all[0]


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Dialplan:
    return quotas.plans(tmp_path_factory.mktemp("dialplans"), free="").all[0]


# -- months --------------------------------------------------------------------------


@given(at=moments, zone=st.sampled_from(ZONES))
def test_every_moment_lies_in_its_month_and_in_no_other(at: datetime, zone: str) -> None:
    tz = ZoneInfo(zone)
    month = month_of(at, tz)
    assert month.begins(tz) <= at < month.following.begins(tz)


@given(first=moments, second=moments, zone=st.sampled_from(ZONES))
def test_months_never_go_back(first: datetime, second: datetime, zone: str) -> None:
    tz = ZoneInfo(zone)
    earlier, later = sorted((first, second))
    assert month_of(earlier, tz) <= month_of(later, tz)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-10-31T14:59:59+00:00", "Asia/Tokyo", "2026-10"),
        ("2026-10-31T15:00:00+00:00", "Asia/Tokyo", "2026-11"),
        ("2026-11-01T03:59:59+00:00", "America/New_York", "2026-10"),
        ("2026-12-31T15:00:00+00:00", "Asia/Tokyo", "2027-01"),
        # 00:01 became 23:01 of October: November had begun a minute before, and goes on.
        ("2009-11-01T02:45:00+00:00", "America/St_Johns", "2009-11"),
    ],
)
def test_month_is_that_of_the_clocks_of_the_client(at: str, zone: str, expected: str) -> None:
    assert expected == str(month_of(datetime.fromisoformat(at), ZoneInfo(zone)))


@given(year=st.integers(2, 9998), number=st.integers(1, 12))
def test_written_month_is_read_as_the_same(year: int, number: int) -> None:
    month = Month(year, number)
    assert month == Month.parse(str(month))


@pytest.mark.parametrize("text", ["", "2026-13", "2026-00", "26-11", "2026-11-01", "0000-01", "９"])
def test_what_is_no_month_is_read_as_none(text: str) -> None:
    assert None is Month.parse(text)


# -- levels --------------------------------------------------------------------------


@given(
    limit=st.integers(1, 1_000_000),
    percent=st.integers(10, 100),
    used=st.integers(0, 2_000_000),
)
def test_level_follows_the_share_exactly(limit: int, percent: int, used: int) -> None:
    quota = Quota(calls_per_month=limit, warn_at=percent / 100)
    expected = "below" if used * 100 < percent * limit else "warned"
    assert ("used_up" if used >= limit else expected) == level(used, quota)


@given(limit=st.integers(1, 1000), used=st.integers(0, 2000), more=st.integers(0, 100))
def test_level_never_falls_while_calls_are_added(limit: int, used: int, more: int) -> None:
    order = ["below", "warned", "used_up"]
    quota = Quota(calls_per_month=limit)
    assert order.index(level(used, quota)) <= order.index(level(used + more, quota))


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (7, None),
        (8, "sato has used 8 of its 10 calls of 2026-11 (80 %)"),
        (10, "sato has used 10 of its 10 calls of 2026-11: none is left"),
        (13, "sato has used 13 of its 10 calls of 2026-11: none is left"),
    ],
)
def test_alert_says_how_many_calls_of_which_month(
    sato: Dialplan, used: int, expected: str | None
) -> None:
    assert expected == problem(use(sato, NOVEMBER, used))


def test_client_without_quota_is_counted_and_never_warned(without: Dialplan) -> None:
    expected = Use(
        client="free", month="2026-11", used=9000, limit=None, percent=None, level="below"
    )
    assert expected == use(without, NOVEMBER, 9000)


def test_figures_name_the_most_used_first_and_leave_out_who_has_no_quota(
    sato: Dialplan, without: Dialplan
) -> None:
    uses = [use(sato, NOVEMBER, used) for used in (3, 12, 9, 10)]
    found = figures([*uses, use(without, NOVEMBER, 99)])
    expected = Figures(clients=4, warned=1, used_up=2, most=(uses[1], uses[3], uses[2], uses[0]))
    assert expected == found


# -- the ledger ----------------------------------------------------------------------

Row = tuple[str, datetime, EndState, str | None]


async def fill(ledger: Ledger, rows: Sequence[Row]) -> None:
    """Store calls: client, when, end state, category of the memo."""
    for client, at, state, category in rows:
        offer = msgspec.structs.replace(an_offer(), received_at=at)
        await ledger.add_call(offer, client, "request-uri", client)
        memo = None
        if state is EndState.MEMO:
            memo = a_memo_of(offer, client).model_copy(update={"category": category})
        await ledger.end_call(offer.call, state, at, EndedBy.CALLER, 200, memo)


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["sato", "sakura"]),
            st.datetimes(
                datetime(2026, 10, 31),  # noqa: DTZ001
                datetime(2026, 12, 1),  # noqa: DTZ001
                timezones=st.just(UTC),
            ),
            states,
            categories,
        ),
        max_size=12,
    ),
    counted=st.sets(states, min_size=1),
    exclude=st.sets(st.sampled_from(["sales", "wrong_number"])),
)
async def test_ledger_counts_what_the_rule_counts(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    counted: set[EndState],
    exclude: set[str],
) -> None:
    asked = Ask(
        client="sato",
        since=NOVEMBER.begins(TOKYO),
        until=NOVEMBER.following.begins(TOKYO),
        counts=tuple(counted),
        exclude=tuple(exclude),
    )
    async with Ledger.open(tmp_path_factory.mktemp("ledger") / "l.sqlite3") as ledger:
        await fill(ledger, rows)
        found = await ledger.calls_that_count([asked])
    expected = sum(
        counts(asked, client, at, state, category if state is EndState.MEMO else None)
        for client, at, state, category in rows
    )
    assert [expected] == found


async def test_call_that_lasts_does_not_count_yet(tmp_path: Path, sato: Dialplan) -> None:
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        await ledger.add_call(an_offer(), "sato", "request-uri", "sato")
        assert [0] == await ledger.calls_that_count([ask(sato, NOVEMBER)])


async def test_memo_that_becomes_a_sales_call_counts_no_more(
    tmp_path: Path, sato: Dialplan
) -> None:
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        at = NOVEMBER.begins(TOKYO) + timedelta(days=3)
        await fill(ledger, [("sato", at, EndState.MEMO, None)])
        (memo,) = await ledger.memos(10)
        told: list[str] = []
        ledger.on_counted = told.append

        await ledger.revise_memo(
            memo.id, lambda old: old.model_copy(update={"rev": old.rev + 1, "category": "sales"})
        )

        assert ["sato"] == told
        assert [0] == await ledger.calls_that_count([ask(sato, NOVEMBER)])


async def test_end_of_every_call_of_a_client_is_told_once(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        told: list[str] = []
        ledger.on_counted = told.append
        offer = an_offer()
        await ledger.add_call(offer, "sato", "request-uri", "sato")
        for _ in range(2):
            await ledger.end_call(
                offer.call, EndState.NO_MESSAGE, offer.received_at, EndedBy.CALLER, 200, None
            )
        await ledger.refuse_call(an_offer(), EndState.REFUSED_BLOCKED, 603, client="sakura")
        await ledger.refuse_call(an_offer(), EndState.REFUSED_UNMAPPED, 404)

        assert ["sato", "sakura"] == told


@pytest.mark.parametrize("exclude", [(), ("sales",)])
async def test_count_reads_one_client_s_part_of_an_index(
    tmp_path: Path, sato: Dialplan, exclude: tuple[str, ...]
) -> None:
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path):
        pass
    asked = msgspec.structs.replace(ask(sato, NOVEMBER), exclude=exclude)
    query = ledger_usage.counting(asked)
    engine = ledger_schema.reader(path)
    text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        plan = [row.detail for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    engine.dispose()
    index = "INDEX calls_of_month (client=? AND received_at>? AND received_at<?)"
    whole = [step for step in plan if step.startswith(("SCAN calls", "SCAN memos"))]
    assert (True, []) == (index in plan[0], whole)


async def test_alerts_of_an_earlier_run_are_known_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    async with Ledger.open(path) as ledger:
        for client in ("sato", "sakura", "sato"):
            await ledger.keep_quota_alert(client, raised=True)
        await ledger.keep_quota_alert("sakura", raised=False)
    async with Ledger.open(path) as ledger:
        assert frozenset({"sato"}) == await ledger.quota_alerts()
