"""The live table: what to do next is at the top, and it is as things stand."""

import io
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sipbot.labels import LABELS
from sipbot.memo import Memo, Urgency
from sipbot.memo_state import put_off
from sipbot.topics import Place
from sipbot.watch_board import Board, age
from sipbot.watch_lines import Lines
from sipbot.watched import Watched
from tests.memo_samples import AT, a_memo, a_memo_of, an_offer
from tests.test_watch_lines import after, end, live, of, told

NOW = AT.astimezone()
EN = LABELS["en"]


def a_board() -> tuple[Board, Lines]:
    lines = Lines(EN, lambda: NOW)
    return Board(lines, EN), lines


def page(board: Board, now: datetime = NOW, width: int = 120, height: int = 24) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(board.page(now, height), markup=False)
    return out.getvalue()


def another(number: int, minutes_ago: int, **fields: object) -> Memo:
    memo = a_memo_of(an_offer(f"c{number}"))
    at = AT - timedelta(minutes=minutes_ago)
    call = memo.call.model_copy(update={"started_at": at})
    return memo.model_copy(update={"id": f"memo-{number:03d}", "call": call, **fields})


times = st.none() | st.integers(-90, 90).map(lambda m: AT + timedelta(minutes=m))


@given(
    st.lists(st.tuples(st.booleans(), times, times, st.integers(0, 500)), min_size=2, max_size=12)
)
def test_urgent_memos_come_first_and_what_is_put_off_last(
    facts: list[tuple[bool, datetime | None, datetime | None, int]],
) -> None:
    board, _ = a_board()
    for n, (urgent, due_at, snoozed, ago) in enumerate(facts):
        urgency = Urgency.URGENT if urgent else Urgency.NORMAL
        memo = another(n, ago, urgency=urgency, due_at=due_at, snoozed_until=snoozed)
        board.take(of(memo))

    order = [(put_off(one, NOW), one.urgency is Urgency.NORMAL) for one in board.memos(NOW)]

    assert sorted(order) == order
    assert len(facts) == len(order)


def test_memo_that_is_due_earlier_stands_above_an_older_one() -> None:
    board, _ = a_board()
    board.take(of(another(1, 300)))
    board.take(of(another(2, 5, due_at=AT - timedelta(hours=6))))

    assert ["memo-002", "memo-001"] == [one.id for one in board.memos(NOW)]


def test_page_shows_urgency_client_number_holder_and_message() -> None:
    board, _ = a_board()
    memo = a_memo().model_copy(update={"urgency": Urgency.URGENT, "text": "water everywhere"})
    board.take(of(after(memo, "claim")))

    shown = page(board, NOW + timedelta(minutes=3))

    until = f"{NOW + timedelta(minutes=15):%H:%M}"
    for words in (
        "URGENT: 1",
        "yamato",
        "+81 3-5550-1234 ?",
        f"hanako → {until}",
        "water everywhere",
    ):
        assert words in shown
    assert "3 min" in shown


def test_page_fits_the_terminal_and_says_how_many_it_leaves_out() -> None:
    board, _ = a_board()
    for n in range(100):
        board.take(of(another(n, n)))

    lines = page(board, height=24).splitlines()

    assert len(lines) <= 24
    assert any("and 87 more" in line for line in lines)


def test_memo_that_is_closed_leaves_the_table_and_its_end_is_an_event() -> None:
    board, _ = a_board()
    memo = a_memo()
    for message in (of(memo), end(after(memo, "done")), told(after(memo, "done"), "done")):
        board.take(message)

    assert [] == board.memos(NOW)
    assert "hanako closed it" in page(board)


def test_memo_that_no_broker_shows_again_after_an_outage_leaves_the_table() -> None:
    """It was closed while nobody listened."""
    board, lines = a_board()
    first, second = another(1, 1), another(2, 2)
    for memo in (first, second):
        board.take(of(memo))
    lines.away()
    board.take(of(second))

    assert ["memo-002"] == [one.id for one in board.memos(NOW)]


def test_call_that_is_up_stands_below_the_memos() -> None:
    board, _ = a_board()
    board.take(live("ringing", caller="+81355501234"))

    assert "yamato  +81355501234  ringing" in page(board)


def test_open_memos_at_the_start_are_no_events() -> None:
    board, _ = a_board()
    memo = a_memo()
    payload = memo.model_dump_json().encode()
    place = Place(client="yamato", kind="memo", id=memo.id)
    board.take(Watched(place=place, payload=payload, retained=True))

    assert 1 == page(board).count(memo.id[-8:])


def test_age_is_told_in_the_largest_unit() -> None:
    spans = (timedelta(seconds=-5), timedelta(minutes=59), timedelta(hours=23), timedelta(days=9))

    assert ["0 min", "59 min", "23 h", "9 d"] == [age(span, EN) for span in spans]
